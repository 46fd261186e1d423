#include <phantomdb/sql/compiled_query.hpp>
#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

void send_text_rows(result_sink& sink, std::vector<std::string> const& names,
                    std::vector<std::vector<std::string>> const& rows) {
    std::vector<result_column> columns;
    for (auto const& name : names) columns.push_back({name, {type_id::text, -1}, 0, 0});
    sink.begin_rows(columns);
    std::vector<std::vector<datum>> cells(names.size());
    std::vector<std::uint8_t> no_nulls(rows.size(), 0);
    row_block block;
    block.rows = rows.size();
    for (std::size_t c = 0; c < names.size(); ++c) {
        for (auto const& row : rows) cells[c].emplace_back(std::string_view{row[c]});
        block.columns.push_back(cells[c].data());
        block.nulls.push_back(no_nulls.data());
    }
    if (!rows.empty()) sink.rows(block);
}

std::shared_ptr<prepared_statement const> inner_statement(prepared_statement const& outer, ast node) {
    auto made = std::make_shared<prepared_statement>();
    made->script = outer.script;
    made->parsed = statement{node, outer.parsed->begin, outer.parsed->end};
    return made;
}

namespace {

// ---- SET, SHOW, RESET ----

std::string setting_text(ast argument, std::string_view text) {
    if (argument.is("A_Const")) {
        if (argument.has("sval")) return std::string(argument["sval"].text("sval"));
        if (argument.has("fval")) return std::string(argument["fval"].text("fval"));
        if (argument.has("boolval")) return argument["boolval"].flag("boolval") ? "true" : "false";
        return std::to_string(integer_constant(argument, text));
    }
    if (argument.is("TypeCast")) return setting_text(argument["arg"], text);  // SET TIME ZONE INTERVAL '1' HOUR
    if (argument.is("ColumnRef")) return std::string(argument.names("fields").back());
    return std::string(argument.text("sval"));
}

/// The values of SET, several of them as a list.
std::string setting_list(ast node, std::string_view name, std::string_view text) {
    std::string value;
    for (ast argument : node.list("args")) {
        std::string one = setting_text(argument, text);
        if (name == "search_path") one = quote_name(one);
        value += (value.empty() ? "" : ", ") + one;
    }
    return value;
}

std::string run_set(session_core& session, ast node, std::string_view text) {
    std::string_view kind = node.text("kind");
    std::string name(node.text("name"));
    bool local = node.flag("is_local");
    bool in_block = session.block == block_state::block;
    if (local && !in_block) {
        session.note(severity::warning, errc::no_active_sql_transaction,
                     "SET LOCAL can only be used in transaction blocks");
    }
    auto scope = local ? session_settings::scope::transaction : session_settings::scope::session;
    if (kind == "VAR_RESET_ALL") {
        session.settings.reset_all();
        return "RESET";
    }
    if (kind == "VAR_SET_MULTI") {
        if (name == "SESSION CHARACTERISTICS") {
            for (ast option : node.list("args")) {
                std::string_view what = option.text("defname");
                session.settings.set("default_" + std::string(what), what == "transaction_isolation"
                                                                         ? setting_text(option["arg"], text)
                                                                     : integer_constant(option["arg"], text) ? "on"
                                                                                                             : "off");
            }
            return "SET";
        }
        if (name == "TRANSACTION SNAPSHOT")
            throw error(errc::feature_not_supported, "SET TRANSACTION SNAPSHOT is not supported");
        if (!in_block) {
            session.note(severity::warning, errc::no_active_sql_transaction,
                         "SET TRANSACTION can only be used in transaction blocks");
        }
        for (ast option : node.list("args")) {
            if (option.text("defname") == "transaction_isolation")
                set_isolation(session, setting_text(option["arg"], text));
            if (option.text("defname") == "transaction_read_only") {
                set_read_only(session, integer_constant(option["arg"], text) != 0);
            }
        }
        return "SET";
    }
    if (name == "transaction_isolation" && kind == "VAR_SET_VALUE") {
        set_isolation(session, setting_text(node.list("args").front(), text));
        return "SET";
    }
    if (name == "transaction_read_only" && kind == "VAR_SET_VALUE") {
        set_read_only(session, boolean_word(setting_text(node.list("args").front(), text)) == 1);
        return "SET";
    }
    if (name == "session_authorization" || name == "role") {
        std::string role =
            kind == "VAR_SET_VALUE" ? setting_text(node.list("args").front(), text) : session.options.user;
        if (role != session.options.user && role != "none") {
            throw error(errc::feature_not_supported, "changing the role of a session is not supported");
        }
        return kind == "VAR_RESET" ? "RESET" : "SET";
    }
    if (kind == "VAR_RESET" || kind == "VAR_SET_DEFAULT") {
        session.settings.reset(name);
        return kind == "VAR_RESET" ? "RESET" : "SET";
    }
    if (kind == "VAR_SET_CURRENT") return "SET";
    session.settings.set(name, setting_list(node, name, text), scope);
    return "SET";
}

}  // namespace

std::string run_alter_system(session_core& session, ast node, std::string_view text) {
    if (session.block == block_state::block) {
        throw error(errc::active_sql_transaction, "ALTER SYSTEM cannot run inside a transaction block");
    }
    ast said = node["setstmt"];
    std::string_view kind = said.text("kind");
    std::string name(said.text("name"));
    auto& configuration = session.shared.configuration;
    if (kind == "VAR_RESET_ALL") {
        configuration.alter_system_reset_all();
    } else if (kind == "VAR_SET_VALUE") {
        configuration.alter_system(name, setting_list(said, name, text));
    } else {
        configuration.alter_system(name, std::nullopt);
    }
    return "ALTER SYSTEM";
}

namespace {

std::string show_text(session_core& session, std::string_view name) {
    if (name == "transaction_isolation") return isolation_name(session.level);
    if (name == "transaction_read_only") return session.read_only ? "on" : "off";
    return session.settings.show(name);
}

std::string run_show(session_core& session, ast node, result_sink& sink) {
    std::string name(node.text("name"));
    if (name == "all") {
        std::vector<std::vector<std::string>> rows;
        for (auto const& definition : setting_definitions()) {
            rows.push_back({std::string(definition.name), show_text(session, definition.name),
                            std::string(definition.description)});
        }
        send_text_rows(sink, {"name", "setting", "description"}, rows);
        return "SHOW";
    }
    std::string shown = name;
    for (auto const& definition : setting_definitions()) {
        std::string lower(definition.name);
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        if (lower == name) shown = definition.name;
    }
    send_text_rows(sink, {shown}, {{show_text(session, name)}});
    return "SHOW";
}

// ---- PREPARE, EXECUTE ----

prepared_statement const& prepared_named(session_core& session, std::string_view name) {
    auto found = session.prepared.find(name);
    if (found == session.prepared.end()) {
        throw error(errc::invalid_sql_statement_name,
                    "prepared statement \"" + std::string(name) + "\" does not exist");
    }
    return *found->second;
}

std::string run_prepare(session_core& session, prepared_statement const& outer) {
    ast node = outer.node();
    std::string name(node.text("name"));
    if (session.prepared.contains(name)) {
        throw error(errc::duplicate_prepared_statement, "prepared statement \"" + name + "\" already exists");
    }
    auto made = std::make_shared<prepared_statement>(*inner_statement(outer, node["query"]));
    for (ast type : node.list("argtypes")) made->given_types.push_back(type_of(type, outer.text()));
    made->infer_parameters = true;
    if (!is_query(made->node())) throw error(errc::syntax_error, "only queries can be prepared");
    compile(session, *made);
    session.prepared.emplace(name, std::move(made));
    return "PREPARE";
}

/// The values of EXECUTE's arguments, each computed as a query of its own and cast to the parameter's type.
std::vector<value> execute_arguments(session_core& session, prepared_statement const& outer,
                                     prepared_statement const& wanted) {
    ast node = outer.node();
    auto query = compile(session, wanted);
    auto const& types = query->bound.parameters;
    std::size_t given = node.list("params").size();
    if (given != types.size()) {
        throw error(errc::syntax_error,
                    "wrong number of parameters for prepared statement \"" + std::string(node.text("name")) + "\"")
            .with_detail("Expected " + std::to_string(types.size()) + " parameters but got " + std::to_string(given) +
                         ".");
    }
    std::vector<value> values;
    if (given == 0) return values;
    std::string_view text = outer.text();
    std::string_view inside = parenthesized(text, after_word(text, outer.parsed->begin, "execute"));
    std::size_t at = static_cast<std::size_t>(inside.data() - text.data());
    for (sql_type type : types) {
        std::string_view one = clause(text, at);
        at = static_cast<std::size_t>(one.data() - text.data()) + one.size() + 1;
        value made(type);
        session.query("SELECT CAST((" + std::string(one) + ") AS " + format_type(type) + ")",
                      [&](std::span<nullable_datum const> row) {
                          if (!row[0].null) made = value(type, row[0].value);
                      });
        values.push_back(std::move(made));
    }
    return values;
}

std::string run_execute(session_core& session, prepared_statement const& outer, result_sink& sink) {
    auto wanted = session.prepared.find(outer.node().text("name"));
    prepared_named(session, outer.node().text("name"));
    auto keep = wanted->second;
    std::vector<value> values = execute_arguments(session, outer, *keep);
    std::vector<nullable_datum> parameters;
    for (value const& one : values) parameters.push_back(one.get());
    return run_query(session, *keep, parameters, sink);
}

// ---- cursors ----

cursor& cursor_named(session_core& session, std::string_view name) {
    auto found = session.cursors.find(name);
    if (found == session.cursors.end()) {
        throw error(errc::invalid_cursor_name, "cursor \"" + std::string(name) + "\" does not exist");
    }
    return found->second;
}

struct cursor_filler final : result_sink {
    portal& into;
    explicit cursor_filler(portal& of) : into(of) {}
    void begin_rows(std::vector<result_column> const& columns) override {
        into.columns = columns;
        into.rows = std::make_shared<kept_rows>(columns.size());
    }
    bool rows(row_block const& block) override { return into.rows->append(block, into.columns), true; }
};

std::string run_declare(session_core& session, prepared_statement const& outer) {
    ast node = outer.node();
    std::string name(node.text("portalname"));
    constexpr std::int64_t no_scroll = 4, hold = 32;
    std::int64_t options = node.number("options");
    if (session.block != block_state::block && !(options & hold)) {
        throw error(errc::no_active_sql_transaction, "DECLARE CURSOR can only be used in transaction blocks");
    }
    if (session.cursors.contains(name)) throw error(errc::duplicate_cursor, "cursor \"" + name + "\" already exists");
    cursor made;
    made.source = std::make_shared<portal>();
    made.source->statement = inner_statement(outer, node["query"]);
    made.scrollable = !(options & no_scroll);
    made.hold = options & hold;
    made.depth = session.savepoints.size();
    made.statement_text = std::string(outer.script.text(*outer.parsed));
    cursor_filler filler(*made.source);
    run_query(session, *made.source->statement, {}, filler);
    session.cursors.emplace(std::move(name), std::move(made));
    return "DECLARE CURSOR";
}

std::string run_fetch(session_core& session, ast node, result_sink& sink) {
    cursor& from = cursor_named(session, node.text("portalname"));
    bool move = node.flag("ismove");
    std::string_view direction = node.text("direction");
    std::int64_t wanted = node.number("howMany");
    kept_rows const& rows = *from.source->rows;
    auto size = static_cast<std::int64_t>(rows.rows());
    std::int64_t& at = from.position;
    if (direction == "FETCH_BACKWARD") direction = "FETCH_FORWARD", wanted = wanted == INT64_MAX ? INT64_MIN : -wanted;
    if (!from.scrollable && (wanted < 0 || direction != "FETCH_FORWARD")) {
        throw error(errc::object_not_in_prerequisite_state, "cursor can only scan forward")
            .with_hint("Declare it with SCROLL option to enable backward scan.");
    }
    std::vector<std::size_t> picked;  // rows, from 0
    auto take = [&](std::int64_t row) {
        if (row >= 1 && row <= size) picked.push_back(static_cast<std::size_t>(row - 1));
    };
    if (direction == "FETCH_ABSOLUTE" || direction == "FETCH_RELATIVE") {
        std::int64_t to = direction == "FETCH_RELATIVE" ? at + wanted : wanted >= 0 ? wanted : size + 1 + wanted;
        at = std::clamp<std::int64_t>(to, 0, size + 1);
        take(at);
    } else if (wanted == 0) {
        take(at);
    } else if (wanted > 0) {
        std::int64_t last = wanted > size - at ? size : at + wanted;
        for (std::int64_t row = at + 1; row <= last; ++row) take(row);
        at = wanted > size - at ? size + 1 : at + wanted;
    } else {
        std::int64_t first = wanted == INT64_MIN || -wanted >= at ? 1 : at + wanted;
        for (std::int64_t row = std::min(at - 1, size); row >= first; --row) take(row);
        at = wanted == INT64_MIN || -wanted >= at ? 0 : at + wanted;
    }
    std::string count = std::to_string(picked.size());
    if (move) return "MOVE " + count;
    sink.begin_rows(from.source->columns);
    for (std::size_t i = 0; i < picked.size();) {
        std::size_t run = 1;  // rows that lie one after the other go in one piece
        while (i + run < picked.size() && picked[i + run] == picked[i] + run) ++run;
        if (!rows.hand_over(picked[i], run, sink)) break;
        i += run;
    }
    return "FETCH " + count;
}

std::string run_close(session_core& session, ast node) {
    std::string name(node.text("portalname"));
    if (name.empty()) {
        session.cursors.clear();
        return "CLOSE CURSOR ALL";
    }
    cursor_named(session, name);
    session.cursors.erase(session.cursors.find(name));
    return "CLOSE CURSOR";
}

// ---- the rest ----

std::string run_discard(session_core& session, ast node) {
    std::string_view target = node.text("target");
    if (target == "DISCARD_PLANS") {
        session.statements.clear();
        return "DISCARD PLANS";
    }
    if (target == "DISCARD_SEQUENCES") {
        session.sequence_values.clear();
        session.last_sequence = 0;
        return "DISCARD SEQUENCES";
    }
    if (target == "DISCARD_TEMP") return "DISCARD TEMP";
    if (session.block == block_state::block) {
        throw error(errc::active_sql_transaction, "DISCARD ALL cannot run inside a transaction block");
    }
    session.cursors.clear();
    session.settings.reset_all();
    session.prepared.clear();
    session.statements.clear();
    session.release_advisory();
    session.sequence_values.clear();
    session.last_sequence = 0;
    return "DISCARD ALL";
}

std::string run_lock(session_core& session, ast node, std::string_view text) {
    if (session.block != block_state::block) {
        throw error(errc::no_active_sql_transaction, "LOCK TABLE can only be used in transaction blocks");
    }
    constexpr std::int64_t row_exclusive = 3;
    for (ast relation : node.list("relations")) {
        auto table = ddl::table_named(session, ddl::name_of(relation), text);
        if (node.number("mode") > row_exclusive) session.lock_for_definition(table->id);
        else session.lock_for_writing(table->id);
    }
    return "LOCK TABLE";
}

std::string run_constraints_set(session_core& session, ast node) {
    bool deferred = node.flag("deferred");
    if (node.list("constraints").empty()) {
        session.checks->set_all(deferred);
    }
    for (ast named : node.list("constraints")) {
        bool found = false;
        std::string name(named.text("relname"));
        for (auto const& [id, table] : session.catalog().tables()) {
            auto home = session.catalog().schema(table->schema);
            if (!home || home->database != session.database) continue;
            for (auto const& key : table->foreign_keys) {
                if (key.name != name) continue;
                found = true;
                if (!key.deferrable)
                    throw error(errc::wrong_object_type, "constraint \"" + name + "\" is not deferrable");
                session.checks->set(id, name, deferred);
            }
        }
        if (!found) throw error(errc::undefined_object, "constraint \"" + name + "\" does not exist");
    }
    if (!deferred) {
        exec::table_writer writer(session.writing());
        writer.run_deferred();
    }
    return "SET CONSTRAINTS";
}

std::string run_deallocate(session_core& session, ast node) {
    std::string name(node.text("name"));
    if (name.empty()) {
        session.prepared.clear();
        return "DEALLOCATE ALL";
    }
    prepared_named(session, name);
    session.prepared.erase(session.prepared.find(name));
    return "DEALLOCATE";
}

}  // namespace

std::string run_utility(session_core& session, prepared_statement const& prepared, result_sink& sink) {
    ast node = prepared.node();
    std::string_view text = prepared.text(), kind = node.kind();
    if (kind == "VariableSetStmt") return run_set(session, node, text);
    if (kind == "AlterSystemStmt") return run_alter_system(session, node, text);
    if (kind == "VariableShowStmt") return run_show(session, node, sink);
    if (kind == "DeallocateStmt") return run_deallocate(session, node);
    if (kind == "FetchStmt") return run_fetch(session, node, sink);
    if (kind == "ClosePortalStmt") return run_close(session, node);
    if (kind == "DiscardStmt") return run_discard(session, node);
    if (kind == "ConstraintsSetStmt") return run_constraints_set(session, node);
    if (kind == "CheckPointStmt") {
        session.shared.shard->checkpoint();
        return "CHECKPOINT";
    }
    session.see_group();
    if (kind == "ExplainStmt") return run_explain(session, prepared, {}, sink);
    if (kind == "CopyStmt") return run_copy(session, prepared, sink);
    if (kind == "PrepareStmt") return run_prepare(session, prepared);
    if (kind == "ExecuteStmt") return run_execute(session, prepared, sink);
    if (kind == "DeclareCursorStmt") return run_declare(session, prepared);
    if (kind == "LockStmt") return run_lock(session, node, text);
    if (kind == "VacuumStmt") return run_vacuum(session, node, text);
    if (kind == "ReindexStmt") return "REINDEX";
    if (kind == "ListenStmt" || kind == "NotifyStmt")
        throw error(errc::feature_not_supported, "LISTEN and NOTIFY are not supported");
    if (kind == "UnlistenStmt") return "UNLISTEN";
    if (kind == "DoStmt" || kind == "CallStmt") {
        throw error(errc::feature_not_supported, "procedural languages are not supported");
    }
    if (auto tag = ddl::run(session, prepared)) return *tag;
    throw error(errc::feature_not_supported, "this statement is not supported")
        .with_detail("Its kind is " + std::string(kind) + ".");
}

std::vector<result_column> utility_columns(session_core& session, prepared_statement const& prepared) {
    ast node = prepared.node();
    auto text_column = [](std::string name) { return result_column{std::move(name), {type_id::text, -1}, 0, 0}; };
    if (node.is("VariableShowStmt")) {
        if (node.text("name") == "all")
            return {text_column("name"), text_column("setting"), text_column("description")};
        return {text_column(std::string(node.text("name")))};
    }
    if (node.is("ExplainStmt")) return {text_column("QUERY PLAN")};
    if (node.is("FetchStmt") && !node.flag("ismove"))
        return cursor_named(session, node.text("portalname")).source->columns;
    if (node.is("ExecuteStmt")) return compile(session, prepared_named(session, node.text("name")))->bound.columns;
    return {};
}

}  // namespace phantomdb::sql
