#include <phantomdb/exec/executable.hpp>
#include <phantomdb/plan/planner.hpp>
#include <phantomdb/sql/compiled_query.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/system_tables.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

namespace {

plan::table_facts facts_of(schema::table_layout const& layout, exec::sql_view const* view) {
    plan::table_facts made;
    for (std::size_t i = 0; i < layout.indexes.size(); ++i) {
        auto const& index = layout.indexes[i];
        plan::index_facts one;
        one.unique = index.unique;
        one.primary = index.primary;
        one.hashed = index.hashed;
        for (auto const& part : index.parts) {
            one.columns.push_back(part.column);
            one.descending.push_back(part.order.descending);
            one.nulls_first.push_back(part.order.nulls_first);
        }
        made.indexes.push_back(std::move(one));
    }
    if (view && layout.table->id >= schema::first_user_id) {
        std::string from, to;
        schema::append_id(from, layout.table->id);
        schema::append_id(to, layout.table->id + 1);
        made.rows = static_cast<double>(std::max<std::uint64_t>(view->estimate(from, to), 1));
    } else if (layout.table->id < schema::first_user_id) {
        made.rows = 100;
    }
    return made;
}

// What a plan's choice between scan and index rests on may be off by this much before the statement is planned again.
constexpr double stale_factor = 8;

bool is_stale(compiled_query const& query, exec::sql_view const& view) {
    for (std::size_t i = 0; i < query.tables.size(); ++i) {
        if (query.bound.tables[i]->id < schema::first_user_id) continue;
        double now = facts_of(*query.tables[i].layout, &view).rows, then = query.facts[i].rows;
        if (now > then * stale_factor + 100 || then > now * stale_factor + 100) return true;
    }
    return false;
}

}  // namespace

void row_forwarder::begin() {
    if (!begun_) sink_.begin_rows(columns_);
    begun_ = true;
}

bool row_forwarder::take(exec::chunk const& unit) {
    begin();
    rows_ += unit.count;
    block_.rows = unit.count;
    std::size_t width = columns_.size();
    block_.columns.resize(width);
    block_.nulls.resize(width);
    for (std::size_t c = 0; c < width; ++c) {
        exec::kernel_input const& in = unit.columns[c];
        if (!unit.selection && in.stride == 1) {
            block_.columns[c] = in.values;
            if (!in.nulls && no_nulls_.size() < unit.count) no_nulls_.resize(chunk_capacity, 0);
            block_.nulls[c] = in.nulls ? in.nulls : no_nulls_.data();
            continue;
        }
        if (values_.size() < width) values_.resize(width), nulls_.resize(width);
        values_[c].resize(chunk_capacity);
        nulls_[c].resize(chunk_capacity);
        for (std::size_t i = 0; i < unit.count; ++i) {
            std::size_t row = in.stride ? unit.row(i) : 0;
            values_[c][i] = in.values[row];
            nulls_[c][i] = in.nulls ? in.nulls[row] : 0;
        }
        block_.columns[c] = values_[c].data();
        block_.nulls[c] = nulls_[c].data();
    }
    return sink_.rows(block_);
}

void kept_rows::append(row_block const& block, std::vector<result_column> const& columns) {
    for (std::size_t c = 0; c < columns_; ++c) {
        column& into = cells_[c];
        bool textual = physical_of(columns[c].type.id) == physical::text;
        for (std::size_t i = 0; i < block.rows; ++i) {
            bool null = block.nulls[c][i] != 0;
            datum value = null ? datum{} : block.columns[c][i];
            if (textual && !null) value = datum{text_.copy(value.t)};
            into.values.push_back(value);
            into.nulls.push_back(null);
        }
    }
    rows_ += block.rows;
}

bool kept_rows::hand_over(std::size_t from, std::size_t count, result_sink& sink) const {
    row_block block;
    block.columns.resize(columns_);
    block.nulls.resize(columns_);
    for (std::size_t end = std::min(rows_, from + count); from < end;) {
        block.rows = std::min(end - from, chunk_capacity);
        for (std::size_t c = 0; c < columns_; ++c) {
            block.columns[c] = cells_[c].values.data() + from;
            block.nulls[c] = cells_[c].nulls.data() + from;
        }
        if (!sink.rows(block)) return false;
        from += block.rows;
    }
    return true;
}

std::shared_ptr<compiled_query const> compile(session_core& session, prepared_statement const& prepared) {
    if (auto const& known = prepared.compiled) {
        bool current = known->bound.catalog_version == session.catalog().version() &&
                       known->settings_version == session.settings.binding_version() && known->bound.cacheable;
        constexpr std::uint64_t uses_between_looks = 32;
        bool look = current && session.transaction && ++known->uses % uses_between_looks == 0;
        if (current && !(look && is_stale(*known, session.transaction->view()))) return known;
        if (prepared.literals_apart) return nullptr;
    }
    auto made = std::make_shared<compiled_query>();
    bind_context context = session.binding();
    context.parameters = prepared.given_types;
    context.infer_parameters = prepared.infer_parameters;
    made->settings_version = session.settings.binding_version();
    made->bound = sql::bind(prepared.node(), prepared.text(), context);
    made->bound.catalog_version = session.catalog().version();
    if (prepared.literals_apart && made->bound.cacheable)
        made->literals = take_literals(made->bound, session.running_text);
    std::optional<exec::sql_view> view;
    if (session.transaction) view = session.transaction->view();
    else view = session.shared.shard->view();
    for (auto const& table : made->bound.tables) {
        exec::table_binding binding;
        binding.layout = session.layouts.of(table);
        if (table->id < schema::first_user_id) binding.produce = producer_of(session, *table);
        made->facts.push_back(facts_of(*binding.layout, &*view));
        made->tables.push_back(std::move(binding));
    }
    auto bound_view = made->bound.query.view();
    made->plan = plan::make_plan(bound_view, made->facts);
    for (auto const& relation : bound_view.relations) {
        using enum query::relation_kind;
        if (relation.kind == insert || relation.kind == update || relation.kind == erase) {
            made->changed_tables.push_back(made->bound.tables[static_cast<std::size_t>(relation.table)]->id);
        }
        made->locks_rows |= relation.kind == lock_rows;
    }
    made->executable.emplace(bound_view, made->plan.view(), made->tables);
    prepared.compiled = made;
    return made;
}

namespace {

struct keeping_sink final : result_sink {
    kept_rows rows_kept;
    std::vector<result_column> const& columns;
    explicit keeping_sink(std::vector<result_column> const& of) : rows_kept(of.size()), columns(of) {}
    void begin_rows(std::vector<result_column> const&) override {}
    bool rows(row_block const& block) override { return rows_kept.append(block, columns), true; }
};

std::uint64_t run_once(session_core& session, compiled_query const& query, std::span<nullable_datum const> parameters,
                       row_forwarder& rows, std::vector<exec::operator_counters>* counters) {
    arena memory;
    exec::table_writer writer(session.writing());
    exec::statement_state state{*session.transaction, session.transaction->view(), writer, parameters, {}, {}, {}};
    state.counters = counters;
    state.usage = &session.usage;
    auto sink = [&](exec::chunk& unit) {
        session.cancel.check();
        return unit.count == 0 || rows.take(unit) ? exec::flow_signal::more : exec::flow_signal::stop;
    };
    std::uint64_t changed = query.executable->run(state, session.call(memory), exec::chunk_sink(sink));
    writer.finish();
    return changed;
}

}  // namespace

namespace {

/// How it is made sure of that a statement on a node of a group sees everything that was acknowledged before.
enum class assurance {
    given,  ///< or not asked for
    by_commit,  ///< a node that leads has all of it. That it still led will show when what is written commits, or has to be asked
};

bool reads_group(compiled_query const& query) {
    auto const& tables = query.bound.tables;
    return std::any_of(tables.begin(), tables.end(),
                       [](auto const& table) { return table != nullptr && table->schema != schema::phantom_id; });
}

/// `compile`, with the catalog and the snapshot that the session may see.
std::shared_ptr<compiled_query const> compile_for_group(session_core& session, prepared_statement const& prepared,
                                                        assurance& how) {
    how = assurance::given;
    if (!session.shared.replica || session.settings.active().reads_locally) return compile(session, prepared);
    std::shared_ptr<compiled_query const> query;
    try {
        query = compile(session, prepared);
    } catch (error const&) {  // this node may not have heard yet of what is named
        session.see_group();
        query = compile(session, prepared);
    }
    if (!query || !reads_group(*query)) return query;
    if (session.transaction->epoch() != 0 && (!query->bound.read_only || session.transaction->has_writes())) {
        how = assurance::by_commit;
        return query;
    }
    std::uint64_t const version = session.catalog().version();
    session.see_group();
    return session.catalog().version() == version ? query : compile(session, prepared);
}

std::string run_compiled(session_core& session, prepared_statement const& prepared,
                         std::span<nullable_datum const> parameters, result_sink& sink,
                         std::vector<exec::operator_counters>* counters, std::shared_ptr<compiled_query const> query);

}  // namespace

std::string run_query(session_core& session, prepared_statement const& prepared,
                      std::span<nullable_datum const> parameters, result_sink& sink,
                      std::vector<exec::operator_counters>* counters) {
    assurance how = assurance::given;
    auto query = compile_for_group(session, prepared, how);
    session.statement_ran = true;
    if (how == assurance::given) return run_compiled(session, prepared, parameters, sink, counters, std::move(query));
    std::string tag;
    try {
        tag = run_compiled(session, prepared, parameters, sink, counters, std::move(query));
    } catch (error const& wrong) {
        // What was refused may have been refused for what is no more so.
        if (wrong.code.view().starts_with("23")) session.await_group();
        throw;
    }
    if (!session.transaction->has_writes()) session.await_group();
    return tag;
}

namespace {

std::string run_compiled(session_core& session, prepared_statement const& prepared,
                         std::span<nullable_datum const> parameters, result_sink& sink,
                         std::vector<exec::operator_counters>* counters, std::shared_ptr<compiled_query const> query) {
    std::vector<nullable_datum> constants;
    if (prepared.literals_apart) {
        if (!query) return run_query(session, *session.parse_again(prepared, true), {}, sink, counters);
        auto const& formats = session.settings.active().formats;
        session.literal_memory.reset();
        if (!query->literals.fill(session.running_text, session.literal_memory, formats, constants)) {
            return run_query(session, *session.parse_again(prepared, false), {}, sink, counters);
        }
        parameters = constants;
    }
    if (session.read_only && !query->bound.read_only) {
        throw session.refuse_writing(
            "cannot execute " +
            (query->locks_rows && query->changed_tables.empty() ? "SELECT FOR UPDATE" : query->bound.tag) +
            " in a read-only transaction");
    }
    bool has_rows = !query->bound.columns.empty() || query->bound.tag == "SELECT";
    if (query->bound.read_only) {
        row_forwarder rows(sink, query->bound.columns);
        run_once(session, *query, parameters, rows, counters);
        rows.begin();
        return "SELECT " + std::to_string(rows.count());
    }
    for (;;) {
        // Tables first: a definition that others commit while we wait makes this statement begin again.
        std::uint64_t version = session.catalog().version();
        for (schema::object_id table : query->changed_tables) session.lock_for_writing(table);
        if (session.level == mvcc::isolation::read_committed || !session.catalog_changed) {
            bool moved = !session.catalog_changed && session.shared.catalog.version() != version;
            if (moved && session.level != mvcc::isolation::read_committed) {
                session.require_same_tables(query->bound.tables);
            } else if (moved) {
                session.start_statement();
                query = compile(session, prepared);
                if (!query) return run_query(session, *session.parse_again(prepared, true), {}, sink, counters);
                if (session.catalog().version() != version) continue;
            }
        }
        auto mark = session.transaction->savepoint();
        // Rows are kept until nothing can make the statement run again.
        keeping_sink kept(query->bound.columns);
        row_forwarder rows(kept, query->bound.columns);
        std::uint64_t changed = 0;
        try {
            changed = run_once(session, *query, parameters, rows, counters);
        } catch (mvcc::statement_restart const&) {
            session.transaction->rollback_to(mark);
            session.transaction->release(mark);
            session.start_statement();
            query = compile(session, prepared);
            if (!query) return run_query(session, *session.parse_again(prepared, true), {}, sink, counters);
            continue;
        }
        session.transaction->release(mark);
        if (has_rows) {
            sink.begin_rows(query->bound.columns);
            kept.rows_kept.hand_over(0, kept.rows_kept.rows(), sink);
        }
        if (query->bound.tag == "SELECT") return "SELECT " + std::to_string(rows.count());
        if (query->bound.tag == "INSERT") return "INSERT 0 " + std::to_string(changed);
        return query->bound.tag + " " + std::to_string(changed);
    }
}

}  // namespace

std::shared_ptr<prepared_statement const> session_core::parse_again(prepared_statement const& outdated, bool keep) {
    auto made = std::make_shared<prepared_statement>();
    made->script = parse(running_text.text());
    made->parsed = made->script.statements().front();
    if (keep) {
        made->literals_apart = true;
        statements.forget(running_text, outdated);
        statements.add(running_text, made);
    }
    cache_misses.fetch_add(1, std::memory_order_relaxed);
    return made;
}

void session_core::require_same_tables(std::vector<std::shared_ptr<schema::table_descriptor const>> const& used) const {
    auto newest = shared.catalog.current();
    for (auto const& table : used) {
        if (table->id < schema::first_user_id || newest->table(table->id) == table) continue;
        throw error(errc::serialization_failure, "could not serialize access due to concurrent changes of definitions")
            .with_detail("Table \"" + table->name + "\" was changed after this transaction took its snapshot.")
            .with_hint("Run the transaction again.");
    }
}

void session_core::query(std::string const& text, std::function<void(std::span<nullable_datum const>)> const& row) {
    struct visiting_sink final : result_sink {
        std::function<void(std::span<nullable_datum const>)> const& visit;
        explicit visiting_sink(std::function<void(std::span<nullable_datum const>)> const& how) : visit(how) {}
        void begin_rows(std::vector<result_column> const&) override {}
        bool rows(row_block const& given) override {
            std::vector<nullable_datum> cells(given.columns.size());
            for (std::size_t i = 0; i < given.rows; ++i) {
                for (std::size_t c = 0; c < cells.size(); ++c) {
                    cells[c].null = given.nulls[c][i] != 0;
                    cells[c].value = given.columns[c][i];
                }
                visit(cells);
            }
            return true;
        }
    } visiting(row);
    prepared_statement own;
    own.script = parse(text);
    own.parsed = own.script.statements().front();
    auto compiled = compile(*this, own);
    row_forwarder rows(visiting, compiled->bound.columns);
    run_once(*this, *compiled, {}, rows, nullptr);
}

value session_core::default_of(schema::table_descriptor const& table, std::size_t column) {
    schema::column_descriptor const& described = table.columns[column];
    value made(described.type);
    if (described.default_expression.empty()) return made;
    query("SELECT CAST((" + described.default_expression + ") AS " + format_type(described.type) + ")",
          [&](std::span<nullable_datum const> row) {
              if (!row[0].null) made = value(described.type, row[0].value);
          });
    return made;
}

}  // namespace phantomdb::sql
