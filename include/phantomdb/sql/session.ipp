#include <phantomdb/sql/compiled_query.hpp>
#include <phantomdb/sql/session_core.hpp>

#include <algorithm>
#include <new>

namespace phantomdb::sql {

struct session::state : session_core {
    using session_core::session_core;
};

namespace {

/// Puts the sink in place for the length of a call, and turns whatever goes wrong into an `error`.
template <class Work>
auto guarded(session_core& session, result_sink* sink, Work work) {
    struct in_place {
        session_core& of;
        result_sink* before;
        ~in_place() { of.sink = before; }
    } const restore{session, session.sink};
    session.sink = sink;
    try {
        return work();
    } catch (error& wrong) {
        session.fail();
        throw;
    } catch (mvcc::statement_restart const&) {
        session.fail();
        throw error(errc::serialization_failure, "could not serialize access due to concurrent update");
    } catch (std::bad_alloc const&) {
        session.fail();
        throw error(errc::out_of_memory, "out of memory");
    } catch (std::exception const& wrong) {
        session.fail();
        throw error(errc::internal_error, std::string("internal error: ") + wrong.what());
    }
}

/// Calls `work`, which binds names; once more on a node of a group that may not have heard yet of what they stand for.
template <class Work>
auto with_newest_catalog(session_core& session, Work const& work) {
    auto const look = [&] {
        if (!session.transaction) session.current_catalog = session.shared.catalog.current();
    };
    look();
    if (!session.shared.replica || session.transaction) return work();
    try {
        return work();
    } catch (error const&) {
        session.await_group();
        look();
        return work();
    }
}

bool ends_transaction(ast node) {
    if (!node.is("TransactionStmt")) return false;
    std::string_view kind = node.text("kind");
    return kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK" || kind == "TRANS_STMT_ROLLBACK_TO";
}

/// Queries, and what begins and ends transactions; the latter by their whole text (two-phase transactions have names).
bool may_be_cached(ast node, literal_scan const& scan) {
    return is_query(node) || (node.is("TransactionStmt") && scan.tokens().empty());
}

/// The statements of a simple query; a single one is kept, or found where it was kept.
std::vector<std::shared_ptr<prepared_statement const>> statements_of(session_core& core, std::string_view script) {
    bool const cached = core.settings.active().caches_statements && script.size() <= statement_cache::longest_text;
    bool const understood = cached && core.running_text.read(script);
    if (cached) {
        if (auto known = core.statements.find(core.running_text)) {
            core.cache_hits.fetch_add(1, std::memory_order_relaxed);
            return {std::move(known)};
        }
    }
    core.cache_misses.fetch_add(1, std::memory_order_relaxed);
    std::vector<std::shared_ptr<prepared_statement const>> statements;
    parsed_script parsed = parse(script);
    bool const alone = parsed.statements().size() == 1;
    for (statement const& one : parsed.statements()) {
        auto made = std::make_shared<prepared_statement>();
        made->script = parsed;
        made->parsed = one;
        made->literals_apart = alone && understood && !core.running_text.tokens().empty() && is_query(one.node);
        statements.push_back(std::move(made));
    }
    if (cached && alone && may_be_cached(statements.front()->node(), core.running_text)) {
        core.statements.add(core.running_text, statements.front());
    }
    return statements;
}

}  // namespace

std::string run_statement(session_core& session, prepared_statement const& prepared,
                          std::span<nullable_datum const> parameters, result_sink& sink) {
    ast node = prepared.node();
    if (node.is("TransactionStmt")) return run_transaction_statement(session, node, prepared.text());
    session.refuse_failed();
    session.start_statement();
    std::optional<statement_timer::alarm> alarm;
    if (auto limit = session.settings.active().statement_timeout_ms; limit > 0) {
        alarm.emplace(session.shared.timer.set(std::chrono::milliseconds(limit), [&session] {
            session.interrupt(mvcc::interrupt_reason::statement_timeout);
        }));
    }
    struct merging {
        session_core& of;
        ~merging() { of.merge_usage(); }
    } const at_the_end{session};
    try {
        session.cancel.check();
        if (is_query(node)) return run_query(session, prepared, parameters, sink);
        std::string tag = run_utility(session, prepared, sink);
        session.finish_edit();
        return tag;
    } catch (error const& wrong) {
        // Kernels only know that they are to stop; the session knows why.
        if (wrong.code == errc::query_canceled && session.cancel.is_raised()) session.cancel.stop();
        throw;
    }
}

session::session(instance& where, session_options options)
    : state_(std::make_unique<state>(where, std::move(options))) {}
session::~session() = default;

void session::run(std::string_view script, result_sink& sink) {
    session_core& core = *state_;
    core.clear_interrupt();
    guarded(core, &sink, [&] {
        core.set_activity("active", script);
        auto const statements = statements_of(core, script);
        if (statements.empty()) sink.complete({});
        for (std::size_t i = 0; i < statements.size(); ++i) {
            bool last = i + 1 == statements.size();
            if (core.block == block_state::idle) core.begin(block_state::implicit);
            std::string tag = run_statement(core, *statements[i], {}, sink);
            if (last && core.block == block_state::implicit) core.commit();
            sink.complete(tag);
        }
        if (core.block == block_state::implicit) core.commit();
    });
    core.set_activity(core.block == block_state::idle ? "idle" : "idle in transaction", {});
}

std::shared_ptr<prepared_statement const> session::prepare(std::string_view text,
                                                           std::span<sql_type const> parameter_types) {
    session_core& core = *state_;
    return guarded(core, nullptr, [&] {
        auto made = std::make_shared<prepared_statement>();
        made->script = parse(text);
        auto const& statements = made->script.statements();
        if (statements.size() > 1) {
            throw error(errc::syntax_error, "cannot insert multiple commands into a prepared statement");
        }
        if (!statements.empty()) made->parsed = statements.front();
        made->given_types.assign(parameter_types.begin(), parameter_types.end());
        made->infer_parameters = true;
        if (made->parsed && !ends_transaction(made->node())) core.refuse_failed();
        if (made->parsed && is_query(made->node())) {
            with_newest_catalog(core, [&] { return compile(core, *made); });
        }
        return std::shared_ptr<prepared_statement const>(std::move(made));
    });
}

statement_description session::describe(prepared_statement const& statement) {
    session_core& core = *state_;
    return guarded(core, nullptr, [&] {
        statement_description made;
        if (!statement.parsed) return made;
        with_newest_catalog(core, [&] {
            if (is_query(statement.node())) {
                auto query = compile(core, statement);
                made.parameters = query->bound.parameters;
                made.columns = query->bound.columns;
            } else {
                made.columns = utility_columns(core, statement);
            }
            return nullptr;
        });
        return made;
    });
}

void session::keep(std::string_view name, std::shared_ptr<prepared_statement const> statement) {
    if (!state_->prepared.try_emplace(std::string(name), std::move(statement)).second) {
        throw error(errc::duplicate_prepared_statement,
                    "prepared statement \"" + std::string(name) + "\" already exists");
    }
}

std::shared_ptr<prepared_statement const> const& session::find_kept(std::string_view name) const {
    auto found = state_->prepared.find(name);
    if (found != state_->prepared.end()) return found->second;
    throw error(errc::invalid_sql_statement_name, "prepared statement \"" + std::string(name) + "\" does not exist");
}

void session::forget(std::string_view name) {
    if (auto found = state_->prepared.find(name); found != state_->prepared.end()) state_->prepared.erase(found);
}

std::shared_ptr<portal> session::bind(std::shared_ptr<prepared_statement const> statement,
                                      std::vector<value> parameters) {
    session_core& core = *state_;
    return guarded(core, nullptr, [&] {
        if (statement->parsed && !ends_transaction(statement->node())) core.refuse_failed();
        auto made = std::make_shared<portal>();
        made->statement = std::move(statement);
        made->parameters = std::move(parameters);
        if (!made->statement->parsed) return made;
        if (is_query(made->statement->node())) {
            if (!core.transaction) core.current_catalog = core.shared.catalog.current();
            auto query = compile(core, *made->statement);
            if (query->bound.parameters.size() != made->parameters.size()) {
                throw error(errc::protocol_violation, "bind message supplies " +
                                                          std::to_string(made->parameters.size()) +
                                                          " parameters, but prepared statement requires " +
                                                          std::to_string(query->bound.parameters.size()));
            }
            made->columns = query->bound.columns;
        } else {
            made->columns = utility_columns(core, *made->statement);
        }
        return made;
    });
}

std::vector<result_column> const& session::columns(portal const& bound) { return bound.columns; }

namespace {

/// Keeps the rows of a portal that is asked for some of them only.
struct portal_sink final : result_sink {
    portal& of;
    result_sink& real;
    portal_sink(portal& kept, result_sink& outer) : of(kept), real(outer) {}
    void begin_rows(std::vector<result_column> const& columns) override {
        of.columns = columns;
        of.rows = std::make_shared<kept_rows>(columns.size());
    }
    bool rows(row_block const& block) override { return of.rows->append(block, of.columns), true; }
    void on_notice(notice const& said) override { real.on_notice(said); }
    void parameter_changed(std::string_view name, std::string_view now) override { real.parameter_changed(name, now); }
    void begin_copy_out(copy_request const& request) override { real.begin_copy_out(request); }
    void copy_out(std::string_view bytes) override { real.copy_out(bytes); }
    void begin_copy_in(copy_request const& request) override { real.begin_copy_in(request); }
    bool copy_in(std::string& piece) override { return real.copy_in(piece); }
};

}  // namespace

session::outcome session::execute(portal& bound, std::size_t max_rows, result_sink& sink) {
    session_core& core = *state_;
    if (core.block == block_state::idle || core.block == block_state::implicit) core.clear_interrupt();
    return guarded(core, &sink, [&] {
        prepared_statement const& prepared = *bound.statement;
        if (!prepared.parsed) {
            sink.complete({});
            return outcome::empty;
        }
        if (bound.done && !bound.rows) {
            throw error(errc::object_not_in_prerequisite_state, "portal cannot be run again");
        }
        if (core.block == block_state::idle) core.begin(block_state::implicit);
        if (!bound.done) {
            core.set_activity("active", prepared.text());
            std::vector<nullable_datum> parameters;
            for (value const& one : bound.parameters) parameters.push_back(one.get());
            if (max_rows == 0) {
                std::string tag = run_statement(core, prepared, parameters, sink);
                bound.done = true;
                sink.complete(tag);
                return outcome::complete;
            }
            portal_sink keeping(bound, sink);
            bound.tag = run_statement(core, prepared, parameters, keeping);
            bound.done = true;
        } else {
            core.refuse_failed();
        }
        if (!bound.rows) {
            sink.complete(bound.tag);
            return outcome::complete;
        }
        std::size_t left = bound.rows->rows() - bound.next_row;
        std::size_t now = max_rows == 0 ? left : std::min(max_rows, left);
        sink.begin_rows(bound.columns);
        bound.rows->hand_over(bound.next_row, now, sink);
        bound.next_row += now;
        // As PostgreSQL: a portal that gave exactly as many rows as were asked for is suspended, not complete.
        if (max_rows != 0 && now == max_rows) return outcome::suspended;
        bool is_select = bound.tag.starts_with("SELECT ");
        sink.complete(is_select ? "SELECT " + std::to_string(now) : bound.tag);
        return outcome::complete;
    });
}

void session::sync(result_sink& sink) {
    session_core& core = *state_;
    if (core.block == block_state::implicit) {
        guarded(core, &sink, [&] { return core.commit(); });
    }
    core.set_activity(core.block == block_state::idle ? "idle" : "idle in transaction", {});
}

void session::fail() { state_->fail(); }

transaction_status session::status() const {
    switch (state_->block) {
        case block_state::block: return transaction_status::active;
        case block_state::failed: return transaction_status::failed;
        default: return transaction_status::idle;
    }
}

void session::cancel() { state_->interrupt(mvcc::interrupt_reason::user_request); }
void session::terminate() { state_->interrupt(mvcc::interrupt_reason::shutdown); }

std::string session::setting(std::string_view name) const { return state_->settings.show(name); }

std::vector<std::pair<std::string, std::string>> session::reported_settings() const {
    std::vector<std::pair<std::string, std::string>> made;
    for (auto const& definition : setting_definitions()) {
        if (definition.reported) made.emplace_back(definition.name, state_->settings.show(definition.name));
    }
    return made;
}

format_settings const& session::formats() const { return state_->settings.active().formats; }
std::int32_t session::id() const { return state_->number; }

std::vector<std::string> session::complete(std::string_view text) {
    static constexpr std::string_view keywords[] = {
        "ALTER",    "ANALYZE", "AND",     "AS",         "ASC",       "BEGIN",    "BETWEEN",  "BY",        "CASE",
        "CAST",     "COLUMN",  "COMMIT",  "COPY",       "CREATE",    "DATABASE", "DEFAULT",  "DELETE",    "DESC",
        "DISTINCT", "DROP",    "ELSE",    "END",        "EXISTS",    "EXPLAIN",  "FALSE",    "FROM",      "FULL",
        "GROUP",    "HAVING",  "IN",      "INDEX",      "INNER",     "INSERT",   "INTO",     "IS",        "JOIN",
        "KEY",      "LEFT",    "LIKE",    "LIMIT",      "NOT",       "NULL",     "OFFSET",   "ON",        "OR",
        "ORDER",    "OUTER",   "PRIMARY", "REFERENCES", "RETURNING", "RIGHT",    "ROLLBACK", "SAVEPOINT", "SCHEMA",
        "SELECT",   "SET",     "SHOW",    "TABLE",      "THEN",      "TRUE",     "TRUNCATE", "UNION",     "UNIQUE",
        "UPDATE",   "USING",   "VALUES",  "VIEW",       "WHEN",      "WHERE",    "WITH"};
    std::size_t begin = text.find_last_of(" \t\n(,.;=<>+-*/") + 1;
    std::string_view typed = text.substr(begin);
    bool qualified = begin > 0 && text[begin - 1] == '.';
    std::string lower(typed), upper(typed);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    std::vector<std::string> words;
    auto add = [&](std::string const& word) {
        if (word.starts_with(lower)) words.push_back(word);
    };
    if (!qualified && !typed.empty()) {
        bool shouts = typed == upper;
        for (std::string_view word : keywords) {
            if (!word.starts_with(upper)) continue;
            std::string made(word);
            if (!shouts)
                for (char& c : made) c = static_cast<char>(c + 32);
            words.push_back(std::move(made));
        }
    }
    session_core& core = *state_;
    auto catalog = core.transaction ? core.current_catalog : core.shared.catalog.current();
    name_space names = core.names();
    auto visible = [&](schema::object_id id) {
        return id >= schema::first_user_id ||
               std::find(names.search_path.begin(), names.search_path.end(), id) != names.search_path.end();
    };
    for (auto const& [id, table] : catalog->tables()) {
        auto home = catalog->schema(table->schema);
        if (!home || home->database != core.database || !visible(table->schema)) continue;
        add(table->name);
        for (auto const& column : table->columns) {
            if (!column.dropped) add(column.name);
        }
    }
    for (auto const& [id, view] : catalog->views()) {
        auto home = catalog->schema(view->schema);
        if (home && home->database == core.database && visible(view->schema)) add(view->name);
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

}  // namespace phantomdb::sql
