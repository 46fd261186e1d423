#include <phantomdb/mvcc/store_services.hpp>
#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/maintenance_work.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/settings.hpp>
#include <phantomdb/sql/source_text.hpp>

#include <algorithm>

namespace phantomdb::sql {

namespace {

/// What VACUUM and ANALYZE can be told. What steers PostgreSQL's pages and workers is checked and has no effect.
struct vacuum_options {
    bool vacuum = false, analyze = false, full = false, verbose = false, parallel = false, skip_locked = false;
    bool page_skipping = true;
};

error wrong_value(std::string_view option, std::string_view what) {
    return error(errc::syntax_error, std::string(option) + " requires " + std::string(what));
}

bool flag_of(ast option) {
    ast argument = option["arg"];
    if (!argument) return true;
    if (argument.is("Integer")) {
        std::int64_t value = argument.number("ival");
        if (value == 0 || value == 1) return value == 1;
    } else if (argument.is("Boolean")) {
        return argument.flag("boolval");
    } else {
        std::string_view word = argument.is("TypeName") ? argument.names("names").back() : argument.text("sval");
        std::string lower(word);
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        if (lower == "true" || lower == "on") return true;
        if (lower == "false" || lower == "off") return false;
    }
    throw wrong_value(option.text("defname"), "a Boolean value");
}

void check_parallel(ast option, std::string_view text) {
    ast argument = option["arg"];
    auto place = [&](error wrong) { return std::move(wrong).at(character_position(text, option.location())); };
    if (!argument) throw place(wrong_value("parallel option", "a value between 0 and 1024"));
    if (!argument.is("Integer")) throw wrong_value("parallel", "an integer value");
    std::int64_t workers = integer_constant(option, text);
    if (workers < 0 || workers > 1024) {
        throw place(error(errc::syntax_error, "parallel workers for vacuum must be between 0 and 1024"));
    }
}

vacuum_options options_of(ast node, std::string_view text) {
    vacuum_options made;
    made.vacuum = node.flag("is_vacuumcmd");
    made.analyze = !made.vacuum;
    std::int64_t workers = 0;
    for (ast option : node.list("options")) {
        std::string_view name = option.text("defname");
        if (name == "verbose") made.verbose = flag_of(option);
        else if (name == "skip_locked") made.skip_locked = flag_of(option);
        else if (!made.vacuum) {
            throw error(errc::syntax_error, "unrecognized ANALYZE option \"" + std::string(name) + "\"")
                .at(character_position(text, option.location()));
        } else if (name == "analyze") made.analyze = flag_of(option);
        else if (name == "freeze" || name == "process_toast" || name == "truncate") flag_of(option);
        else if (name == "full") made.full = flag_of(option);
        else if (name == "disable_page_skipping") made.page_skipping = !flag_of(option);
        else if (name == "index_cleanup") {
            if (option["arg"].text("sval") != "auto") flag_of(option);
        } else if (name == "parallel") {
            check_parallel(option, text);
            workers = integer_constant(option, text);
        } else {
            throw error(errc::syntax_error, "unrecognized VACUUM option \"" + std::string(name) + "\"")
                .at(character_position(text, option.location()));
        }
    }
    if (made.full && workers > 0) {
        throw error(errc::feature_not_supported, "VACUUM FULL cannot be performed in parallel");
    }
    if (made.full && !made.page_skipping) {
        throw error(errc::feature_not_supported, "VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL");
    }
    return made;
}

void check_columns(schema::table_descriptor const& table, ast_list columns) {
    std::vector<std::int16_t> seen;
    for (ast column : columns) {
        std::int16_t ordinal = ddl::column_named(table, column.text("sval"));
        if (std::find(seen.begin(), seen.end(), ordinal) != seen.end()) {
            throw error(errc::duplicate_column, "column \"" + std::string(column.text("sval")) + "\" of relation \"" +
                                                    table.name + "\" appears more than once");
        }
        seen.push_back(ordinal);
    }
}

std::uint64_t rows_of(session_core& session, schema::object_id table) {
    std::string from, to;
    schema::append_id(from, table);
    schema::append_id(to, table + 1);
    return session.shared.shard->view().estimate(from, to);
}

/// What VACUUM finds: as the store is now, not as this transaction sees it.
struct vacuum_state {
    std::uint64_t old_versions = 0;
    storage::store_statistics store;

    vacuum_state(session_core& session, schema::object_id table) : store(session.shared.shard->store_statistics()) {
        auto const& shard = *session.shared.shard;
        relation_statistics const counted = session.shared.usage.relation(table);
        if (auto const buried = shard.view().base().buried(table)) old_versions = *buried;
        else if (counted.checkpoints == shard.checkpoints()) old_versions = counted.replaced;
    }
};

/// In the form of PostgreSQL's report. Files are those of the whole store: engines don't keep tables apart.
std::string vacuum_report(vacuum_state const& before, vacuum_state const& after, std::uint64_t rows) {
    std::uint64_t const removed = before.old_versions - std::min(before.old_versions, after.old_versions);
    auto const text = [](std::uint64_t n) { return std::to_string(n); };
    return "tuples: " + text(removed) + " removed, " + text(rows) + " remain, " + text(after.old_versions) +
           " are dead but not yet removed\nfiles of the store: " + text(before.store.file_bytes) + " bytes before, " +
           text(after.store.file_bytes) + " now, " + text(after.store.free_bytes) + " of them free; " +
           text(after.store.written_bytes - before.store.written_bytes) + " bytes written";
}

void vacuum_table(session_core& session, schema::table_descriptor const& table, vacuum_options const& how) {
    auto say = [&](std::string const& what) {
        if (how.verbose) session.note(severity::info, sqlstate{"00000"}, what);
    };
    std::string const name = table.schema_name + "." + table.name;
    if (how.vacuum) {
        std::string const shown = how.full ? name : session.options.database + "." + name;
        say("vacuuming \"" + shown + "\"");
        using kind = maintenance_work::kind;
        work_report report(session, how.full ? kind::vacuum_full : kind::vacuum, table.id);
        auto& shard = *session.shared.shard;
        vacuum_state const before(session, table.id);
        mvcc::try_reclaim(shard, table.id, how.full, report.progress());
        for (auto const& index : table.indexes) {
            if (index.primary) continue;
            report.next_index(index.id);
            mvcc::try_reclaim(shard, index.id, how.full, report.progress());
        }
        session.shared.usage.vacuumed(table.id, session.clock());
        if (how.verbose) {
            say("finished vacuuming \"" + shown + "\":\n" +
                vacuum_report(before, vacuum_state(session, table.id), rows_of(session, table.id)));
        }
    }
    if (how.analyze) {
        std::string const rows = std::to_string(rows_of(session, table.id));
        say("analyzing \"" + name + "\"");
        say("\"" + table.name + "\": the store counts " + rows + " live rows; the planner asks it for every plan");
        session.shared.usage.analyzed(table.id, session.clock());
    }
}

}  // namespace

std::string run_vacuum(session_core& session, ast node, std::string_view text) {
    vacuum_options const how = options_of(node, text);
    for (ast named : node.list("rels")) {
        if (!named.list("va_cols").empty() && !how.analyze) {
            throw error(errc::feature_not_supported, "ANALYZE option must be specified when a column list is provided");
        }
    }
    if (how.vacuum && session.block == block_state::block) {
        throw error(errc::active_sql_transaction, "VACUUM cannot run inside a transaction block");
    }
    std::vector<std::shared_ptr<schema::table_descriptor const>> tables;
    for (ast named : node.list("rels")) {
        auto name = ddl::name_of(named["relation"]);
        auto found = ddl::find(session, name);
        if (found && found->type != schema::relation_type::table) {
            session.note(severity::warning, errc::warning,
                         "skipping \"" + name.name + "\" --- cannot " + (how.vacuum ? "vacuum" : "analyze") +
                             " non-tables or special system tables");
            continue;
        }
        if (!found) throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist");
        auto table = session.catalog().table(found->id);
        check_columns(*table, named.list("va_cols"));
        tables.push_back(std::move(table));
    }
    if (node.list("rels").empty()) {
        for (auto const& [id, table] : session.catalog().tables()) {
            auto home = session.catalog().schema(table->schema);
            if (home && home->database == session.database) tables.push_back(table);
        }
    }
    for (auto const& table : tables) {
        session.cancel.check();
        if (table->id >= schema::first_user_id) vacuum_table(session, *table, how);
    }
    // What the log and old checkpoints hold goes with a new checkpoint.
    if (how.full) session.shared.shard->checkpoint();
    return how.vacuum ? "VACUUM" : "ANALYZE";
}

}  // namespace phantomdb::sql
