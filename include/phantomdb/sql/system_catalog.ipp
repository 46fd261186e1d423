#include <phantomdb/query/function.hpp>
#include <phantomdb/sql/access_methods.hpp>
#include <phantomdb/sql/system_rows.hpp>

namespace phantomdb::sql {

namespace {

constexpr schema::object_id pg_class_id = 1259, pg_namespace_id = 2615, pg_database_id = 1262, pg_constraint_id = 2606;

std::string int_list(std::vector<std::int16_t> const& columns, char between, bool braces) {
    std::string text;
    for (std::int16_t column : columns)
        text += (text.empty() ? "" : std::string(1, between)) + std::to_string(column + 1);
    return braces ? "{" + text + "}" : text;
}

// ---- names ----

void fill_namespace(system_rows& rows) {
    for (auto const& [id, schema] : rows.catalog.schemas()) {
        if (rows.is_here(id)) rows.add(id, schema->name, postgres_role, nullptr);
    }
}

void fill_class(system_rows& rows) {
    auto add = [&](schema::object_id id, std::string const& name, schema::object_id schema, schema::object_id method,
                   double tuples, bool has_index, std::string_view kind, std::size_t columns, std::size_t checks,
                   bool triggers) {
        rows.add(id, name, schema, 0, 0, postgres_role, method, id, 0, 0, tuples, 0, 0, has_index, false, "p", kind,
                 columns, checks, kind == "v", triggers, false, false, false, true, kind == "r" ? "d" : "n", false, 0,
                 0, 0, nullptr, nullptr, nullptr);
    };
    rows.each_table([&](schema::table_descriptor const& table) {
        double tuples = -1;
        if (table.id >= schema::first_user_id && rows.session.transaction) {
            std::string from, to;
            schema::append_id(from, table.id);
            schema::append_id(to, table.id + 1);
            tuples = static_cast<double>(rows.session.transaction->view().estimate(from, to));
        }
        bool triggers = !table.foreign_keys.empty() || !table.referenced_by.empty();
        add(table.id, table.name, table.schema, method_of_table(table.method).id, tuples, !table.indexes.empty(), "r",
            table.columns.size(), table.checks.size(), triggers);
        for (auto const& index : table.indexes) {
            add(index.id, index.name, table.schema, method_of_index(table, index).id, tuples, false, "i",
                index.keys.size(), 0, false);
        }
    });
    rows.each_view([&](schema::view_descriptor const& view) {
        add(view.id, view.name, view.schema, 0, -1, false, "v", view.columns.size(), 0, false);
    });
    rows.each_sequence([&](schema::sequence_descriptor const& sequence) {
        add(sequence.id, sequence.name, sequence.schema, 0, 1, false, "S", 3, 0, false);
    });
}

void fill_attribute(system_rows& rows) {
    auto add = [&](schema::object_id relation, std::size_t ordinal, schema::column_descriptor const& column,
                   bool has_default) {
        type_facts const& type = facts(column.type.id);
        bool adds_header = column.type.id == type_id::varchar || column.type.id == type_id::bpchar ||
                           column.type.id == type_id::numeric;
        std::int32_t modifier = column.type.modifier < 0 ? -1 : column.type.modifier + (adds_header ? 4 : 0);
        char const* identity = column.generated == schema::generation::always_as_identity       ? "a"
                               : column.generated == schema::generation::by_default_as_identity ? "d"
                                                                                                : "";
        rows.add(relation, column.name, column.dropped ? 0u : type.oid, -1, type.size, ordinal + 1, 0, -1, modifier,
                 type.size > 0 && type.size <= 8, "i", type.size < 0 ? "x" : "p", "", column.not_null, has_default,
                 column.missing.has_value(), identity, column.generated == schema::generation::always_stored ? "s" : "",
                 column.dropped, true, 0, type.category == 'S' ? 100 : 0, nullptr, nullptr, nullptr, nullptr);
    };
    rows.each_table([&](schema::table_descriptor const& table) {
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            auto const& column = table.columns[i];
            bool identity = column.generated == schema::generation::always_as_identity ||
                            column.generated == schema::generation::by_default_as_identity;
            add(table.id, i, column, !column.default_expression.empty() && !identity);
        }
        for (auto const& index : table.indexes) {
            for (std::size_t i = 0; i < index.keys.size(); ++i) {
                schema::column_descriptor column;
                column.name = table.columns[static_cast<std::size_t>(index.keys[i].column)].name;
                column.type = table.columns[static_cast<std::size_t>(index.keys[i].column)].type;
                add(index.id, i, column, false);
            }
        }
    });
    rows.each_view([&](schema::view_descriptor const& view) {
        for (std::size_t i = 0; i < view.columns.size(); ++i) add(view.id, i, view.columns[i], false);
    });
}

void fill_type(system_rows& rows) {
    for (int i = 0; i < type_count; ++i) {
        type_facts const& type = type_table[i];
        bool pseudo = type.category == 'P' || type.category == 'X';
        bool preferred = type.pg_name == "bool" || type.pg_name == "text" || type.pg_name == "float8" ||
                         type.pg_name == "timestamptz" || type.pg_name == "interval" || type.pg_name == "oid";
        auto add = [&](std::uint32_t oid, std::string const& name, int size, char category, std::uint32_t element,
                       std::uint32_t array) {
            rows.add(oid, name, schema::pg_catalog_id, postgres_role, size, size > 0 && size <= 8, pseudo ? "p" : "b",
                     std::string(1, category), preferred && element == 0, true, ",", 0, element, array, name + "in",
                     name + "out", false, 0, -1, 0, category == 'S' ? 100 : 0, nullptr, nullptr);
        };
        add(type.oid, std::string(type.pg_name), type.size, type.category, 0, type.array_oid);
        if (type.array_oid != 0) add(type.array_oid, "_" + std::string(type.pg_name), -1, 'A', type.oid, 0);
    }
}

// ---- keys and constraints ----

void fill_index(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        for (auto const& index : table.indexes) {
            std::string options, zeros;
            for (auto const& key : index.keys) {
                options +=
                    (options.empty() ? "" : " ") + std::to_string((key.descending ? 1 : 0) | (key.nulls_first ? 2 : 0));
                zeros += zeros.empty() ? "0" : " 0";
            }
            rows.add(index.id, table.id, index.keys.size(), index.keys.size(), index.unique, false, index.primary,
                     false, true, false, true, false, true, true, false, int_list(columns_of(index), ' ', false), zeros,
                     zeros, options, nullptr, nullptr);
        }
    });
}

std::string_view action_letter(schema::referential_action action) {
    switch (action) {
        case schema::referential_action::restrict_: return "r";
        case schema::referential_action::cascade: return "c";
        case schema::referential_action::set_null: return "n";
        case schema::referential_action::set_default: return "d";
        case schema::referential_action::no_action: break;
    }
    return "a";
}

void fill_constraint(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        for (auto const& index : table.indexes) {
            if (!index.constraint) continue;
            rows.add(derived_id(table.id, index.name), index.name, table.schema, index.primary ? "p" : "u", false,
                     false, true, table.id, 0, index.id, 0, 0, " ", " ", " ", true, 0, true,
                     int_list(columns_of(index), ',', true), nullptr, nullptr);
        }
        for (auto const& check : table.checks) {
            rows.add(derived_id(table.id, check.name), check.name, table.schema, "c", false, false, true, table.id, 0,
                     0, 0, 0, " ", " ", " ", true, 0, false, nullptr, nullptr, check.expression);
        }
        for (auto const& key : table.foreign_keys) {
            rows.add(derived_id(table.id, key.name), key.name, table.schema, "f", key.deferrable,
                     key.initially_deferred, true, table.id, 0, 0, 0, key.referenced_table,
                     action_letter(key.on_update), action_letter(key.on_delete), "s", true, 0, true,
                     int_list(key.columns, ',', true), int_list(key.referenced_columns, ',', true), nullptr);
        }
    });
}

void fill_attrdef(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            auto const& column = table.columns[i];
            bool identity = column.generated == schema::generation::always_as_identity ||
                            column.generated == schema::generation::by_default_as_identity;
            if (column.default_expression.empty() || identity) continue;
            rows.add(derived_id(table.id, column.name), table.id, i + 1,
                     default_text(rows.catalog, column, rows.visibility()));
        }
    });
}

void fill_description(system_rows& rows) {
    auto add = [&](schema::object_id id, schema::object_id of, std::size_t part, std::string const& comment) {
        if (!comment.empty()) rows.add(id, of, part, comment);
    };
    rows.each_table([&](schema::table_descriptor const& table) {
        add(table.id, pg_class_id, 0, table.comment);
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            add(table.id, pg_class_id, i + 1, table.columns[i].comment);
        for (auto const& index : table.indexes) {
            add(index.constraint ? derived_id(table.id, index.name) : index.id,
                index.constraint ? pg_constraint_id : pg_class_id, 0, index.comment);
        }
    });
    rows.each_view([&](schema::view_descriptor const& view) {
        add(view.id, pg_class_id, 0, view.comment);
        for (std::size_t i = 0; i < view.columns.size(); ++i) add(view.id, pg_class_id, i + 1, view.columns[i].comment);
    });
    rows.each_sequence([&](schema::sequence_descriptor const& one) { add(one.id, pg_class_id, 0, one.comment); });
    for (auto const& [id, schema] : rows.catalog.schemas()) {
        if (rows.is_here(id)) add(id, pg_namespace_id, 0, schema->comment);
    }
}

void fill_shdescription(system_rows& rows) {
    for (auto const& [id, database] : rows.catalog.databases()) {
        if (!database->comment.empty()) rows.add(id, pg_database_id, database->comment);
    }
}

void fill_sequence(system_rows& rows) {
    rows.each_sequence([&](schema::sequence_descriptor const& one) {
        rows.add(one.id, facts(one.type).oid, one.start, one.increment, one.maximum, one.minimum, 1, one.cycle);
    });
}

void fill_sequences(system_rows& rows) {
    rows.each_sequence([&](schema::sequence_descriptor const& one) {
        auto state = rows.session.shared.sequences.now(one);
        nullable_datum last;
        if (state.is_called) last = nullable_datum{datum{state.last_value}};
        rows.add(one.schema_name, one.name, "postgres", facts(one.type).name, one.start, one.minimum, one.maximum,
                 one.increment, one.cycle, 1, last);
    });
}

// ---- databases, roles, sessions ----

void fill_database(system_rows& rows) {
    for (auto const& [id, one] : rows.catalog.databases()) {
        rows.add(id, one->name, postgres_role, 6, "c", one->name == "template1", true, -1, 1663, "C", "C", nullptr,
                 nullptr, nullptr);
    }
}

void fill_roles(system_rows& rows) {
    for (auto const& [id, role] : rows.catalog.roles()) {
        rows.add(role->name, role->superuser, true, role->superuser, role->superuser, role->can_login, role->superuser,
                 -1, "********", nullptr, role->superuser, nullptr, id);
    }
}

void fill_user(system_rows& rows) {
    for (auto const& [id, role] : rows.catalog.roles()) {
        if (role->can_login)
            rows.add(role->name, id, role->superuser, role->superuser, role->superuser, role->superuser, "********");
    }
}

void fill_settings(system_rows& rows) {
    static constexpr char const* kinds[] = {"bool", "integer", "real", "string", "enum"};
    static constexpr char const* contexts[] = {"internal", "postmaster", "sighup", "superuser", "user"};
    static constexpr char const* sources[] = {"default", "configuration file", "command line",
                                              "client",  "override",           "session"};
    auto some = [](std::string_view text) { return text.empty() ? nullable_datum{} : nullable_datum{datum{text}}; };
    for (auto const& one : setting_definitions()) {
        auto const held = rows.session.settings.describe(one.name);
        std::string least, most, choices;
        if (one.kind == setting_kind::integer || one.kind == setting_kind::real) {
            bool real = one.kind == setting_kind::real;
            least = std::to_string(one.minimum);
            most = one.is_bounded() ? std::to_string(one.maximum) : real ? "1.79769e+308" : std::to_string(INT32_MAX);
        }
        if (one.kind == setting_kind::choice) choices = "{" + std::string(one.choices) + "}";
        nullable_datum line;
        if (held.line > 0) line = datum{std::int64_t{held.line}};
        rows.add(one.name, held.now, some(one.unit), one.category, one.description, nullptr,
                 contexts[static_cast<int>(one.context)], kinds[static_cast<int>(one.kind)],
                 sources[static_cast<int>(held.source)], some(least), some(most), some(choices), one.initial,
                 held.reset, some(held.file), line, held.pending_restart);
    }
}

void fill_file_settings(system_rows& rows) {
    std::int64_t number = 0;
    auto some = [](std::string_view text) { return text.empty() ? nullable_datum{} : nullable_datum{datum{text}}; };
    auto const held = rows.session.shared.configuration.now();
    for (auto const& line : held->lines) {
        rows.add(line.file, line.line, ++number, some(line.name), some(line.value), line.applied, some(line.problem));
    }
}

void fill_activity(system_rows& rows) {
    std::lock_guard hold(rows.session.shared.sessions_mutex);
    for (auto& [number, one] : rows.session.shared.sessions) {
        std::lock_guard hold_one(one.mutex);
        auto const* database = rows.catalog.find_database(one.database);
        auto const* role = rows.catalog.find_role(one.user);
        rows.add(database ? database->id : 0u, one.database, number, role ? role->id : 0u, one.user,
                 one.application_name, one.client_address, one.started, one.statement_started, one.state, one.query,
                 "client backend");
    }
}

/// Simple queries by session: how many found their statement compiled, and how many did not.
void fill_statement_cache(system_rows& rows) {
    std::lock_guard hold(rows.session.shared.sessions_mutex);
    for (auto const& [number, one] : rows.session.shared.sessions) {
        rows.add(number, static_cast<std::int64_t>(one.core->cache_hits.load(std::memory_order_relaxed)),
                 static_cast<std::int64_t>(one.core->cache_misses.load(std::memory_order_relaxed)));
    }
}

template <class Show>
void each_work(system_rows& rows, std::initializer_list<maintenance_work::kind> kinds, Show const& show) {
    std::lock_guard hold(rows.session.shared.sessions_mutex);
    for (auto const& [number, one] : rows.session.shared.work) {
        if (std::find(kinds.begin(), kinds.end(), one.what) == kinds.end()) continue;
        auto const* database = rows.catalog.find_database(one.database);
        show(number, database ? database->id : 0u, one);
    }
}

/// A move to another engine is what PostgreSQL does with CLUSTER: a table written anew.
void fill_progress_cluster(system_rows& rows) {
    using kind = maintenance_work::kind;
    each_work(rows, {kind::move, kind::vacuum_full},
              [&](std::int32_t number, auto database, maintenance_work const& one) {
                  bool const moves = one.what == kind::move, index = one.index != 0;
                  rows.add(number, database, one.database, one.table,
                           !moves  ? "VACUUM FULL"
                           : index ? "ALTER INDEX SET ACCESS METHOD"
                                   : "ALTER TABLE SET ACCESS METHOD",
                           index ? "rebuilding index" : "writing new heap", one.index, one.done, one.done, one.total,
                           one.done, one.indexes_done);
              });
}

/// Counts keys where PostgreSQL counts blocks. Old versions go one by one as they are met, so there is no list of dead ones.
void fill_progress_vacuum(system_rows& rows) {
    each_work(
        rows, {maintenance_work::kind::vacuum}, [&](std::int32_t number, auto database, maintenance_work const& one) {
            rows.add(number, database, one.database, one.table, one.index != 0 ? "vacuuming indexes" : "vacuuming heap",
                     one.total, one.done, one.done, one.indexes_done, 0, 0);
        });
}

void fill_progress_create_index(system_rows& rows) {
    each_work(rows, {maintenance_work::kind::create_index},
              [&](std::int32_t number, auto database, maintenance_work const& one) {
                  rows.add(number, database, one.database, one.table, one.index, "CREATE INDEX", "building index", 0, 0,
                           0, 0, 0, one.total, one.done, 0, 0);
              });
}

// ---- what shows the same in another order ----

void fill_tables(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        rows.add(table.schema_name, table.name, "postgres", nullptr, !table.indexes.empty(), false,
                 !table.foreign_keys.empty() || !table.referenced_by.empty(), false);
    });
}

void fill_indexes(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        for (auto const& index : table.indexes) {
            rows.add(table.schema_name, table.name, index.name, nullptr, index_definition(table, index));
        }
    });
}

void fill_views(system_rows& rows) {
    rows.each_view([&](schema::view_descriptor const& view) {
        rows.add(view.schema_name, view.name, "postgres", view.query + ";");
    });
}

void fill_am(system_rows& rows) {
    for (access_method const& one : access_methods) {
        rows.add(one.id, one.name, one.handler, one.of_tables ? "t" : "i");
    }
}

void fill_proc(system_rows& rows) {
    for (std::size_t i = 0; i < function_table.size(); ++i) {
        function_signature const& f = function_table[i];
        if (f.is_operator()) continue;
        std::string arguments;
        for (std::size_t a = 0; a < f.argument_count; ++a) {
            std::uint32_t oid = is_polymorphic(f.arguments[a]) ? 2283 : facts(f.arguments[a]).oid;
            arguments += (a ? " " : "") + std::to_string(oid);
        }
        static constexpr char const* volatilities[] = {"i", "s", "v"};
        std::string_view name = f.name;
        bool const own = name.starts_with("phantom.");
        if (own) name.remove_prefix(std::string_view("phantom.").size());
        rows.add(first_function_id + i, name, own ? schema::phantom_id : schema::pg_catalog_id, postgres_role, "f",
                 f.is_strict(), f.is_set_returning(), volatilities[static_cast<int>(f.changes())], f.argument_count,
                 is_polymorphic(f.result) ? 2283u : facts(f.result).oid, arguments, name);
    }
}

void fill_tablespace(system_rows& rows) {
    rows.add(1663, "pg_default", postgres_role, nullptr, nullptr);
    rows.add(1664, "pg_global", postgres_role, nullptr, nullptr);
}

void fill_collation(system_rows& rows) {
    rows.add(100, "default", schema::pg_catalog_id, postgres_role, "d", true, -1, nullptr, nullptr);
    rows.add(950, "C", schema::pg_catalog_id, postgres_role, "c", true, -1, "C", "C");
}

}  // namespace

// clang-format off
std::vector<system_table> const& pg_catalog_tables() {
    constexpr auto here = schema::pg_catalog_id;
    static std::vector<system_table> const tables = {
        {pg_namespace_id, here, "pg_namespace", "oid oid, nspname name, nspowner oid, nspacl text", fill_namespace},
        {pg_class_id, here, "pg_class", "oid oid, relname name, relnamespace oid, reltype oid, reloftype oid, relowner oid, relam oid, relfilenode oid, reltablespace oid, relpages int4, reltuples float4, relallvisible int4, reltoastrelid oid, relhasindex bool, relisshared bool, relpersistence text, relkind text, relnatts int2, relchecks int2, relhasrules bool, relhastriggers bool, relhassubclass bool, relrowsecurity bool, relforcerowsecurity bool, relispopulated bool, relreplident text, relispartition bool, relrewrite oid, relfrozenxid int4, relminmxid int4, relacl text, reloptions text, relpartbound text", fill_class},
        {1249, here, "pg_attribute", "attrelid oid, attname name, atttypid oid, attstattarget int4, attlen int2, attnum int2, attndims int4, attcacheoff int4, atttypmod int4, attbyval bool, attalign text, attstorage text, attcompression text, attnotnull bool, atthasdef bool, atthasmissing bool, attidentity text, attgenerated text, attisdropped bool, attislocal bool, attinhcount int4, attcollation oid, attacl text, attoptions text, attfdwoptions text, attmissingval text", fill_attribute},
        {1247, here, "pg_type", "oid oid, typname name, typnamespace oid, typowner oid, typlen int2, typbyval bool, typtype text, typcategory text, typispreferred bool, typisdefined bool, typdelim text, typrelid oid, typelem oid, typarray oid, typinput text, typoutput text, typnotnull bool, typbasetype oid, typtypmod int4, typndims int4, typcollation oid, typdefault text, typacl text", fill_type},
        {2610, here, "pg_index", "indexrelid oid, indrelid oid, indnatts int2, indnkeyatts int2, indisunique bool, indnullsnotdistinct bool, indisprimary bool, indisexclusion bool, indimmediate bool, indisclustered bool, indisvalid bool, indcheckxmin bool, indisready bool, indislive bool, indisreplident bool, indkey text, indcollation text, indclass text, indoption text, indexprs text, indpred text", fill_index},
        {pg_constraint_id, here, "pg_constraint", "oid oid, conname name, connamespace oid, contype text, condeferrable bool, condeferred bool, convalidated bool, conrelid oid, contypid oid, conindid oid, conparentid oid, confrelid oid, confupdtype text, confdeltype text, confmatchtype text, conislocal bool, coninhcount int4, connoinherit bool, conkey text, confkey text, conbin text", fill_constraint},
        {2604, here, "pg_attrdef", "oid oid, adrelid oid, adnum int2, adbin text", fill_attrdef},
        {2609, here, "pg_description", "objoid oid, classoid oid, objsubid int4, description text", fill_description},
        {2396, here, "pg_shdescription", "objoid oid, classoid oid, description text", fill_shdescription},
        {2224, here, "pg_sequence", "seqrelid oid, seqtypid oid, seqstart int8, seqincrement int8, seqmax int8, seqmin int8, seqcache int8, seqcycle bool", fill_sequence},
        {12001, here, "pg_sequences", "schemaname name, sequencename name, sequenceowner name, data_type text, start_value int8, min_value int8, max_value int8, increment_by int8, cycle bool, cache_size int8, last_value int8", fill_sequences},
        {pg_database_id, here, "pg_database", "oid oid, datname name, datdba oid, encoding int4, datlocprovider text, datistemplate bool, datallowconn bool, datconnlimit int4, dattablespace oid, datcollate text, datctype text, daticulocale text, datcollversion text, datacl text", fill_database},
        {12002, here, "pg_roles", "rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, rolreplication bool, rolconnlimit int4, rolpassword text, rolvaliduntil timestamptz, rolbypassrls bool, rolconfig text, oid oid", fill_roles},
        {1260, here, "pg_authid", "rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, rolreplication bool, rolconnlimit int4, rolpassword text, rolvaliduntil timestamptz, rolbypassrls bool, rolconfig text, oid oid", fill_roles},
        {12003, here, "pg_user", "usename name, usesysid oid, usecreatedb bool, usesuper bool, userepl bool, usebypassrls bool, passwd text", fill_user},
        {12004, here, "pg_settings", "name text, setting text, unit text, category text, short_desc text, extra_desc text, context text, vartype text, source text, min_val text, max_val text, enumvals text, boot_val text, reset_val text, sourcefile text, sourceline int4, pending_restart bool", fill_settings},
        {12012, here, "pg_file_settings", "sourcefile text, sourceline int4, seqno int4, name text, setting text, applied bool, error text", fill_file_settings},
        {12005, here, "pg_stat_activity", "datid oid, datname name, pid int4, usesysid oid, usename name, application_name text, client_addr text, backend_start timestamptz, query_start timestamptz, state text, query text, backend_type text", fill_activity},
        {12019, here, "phantomdb_stat_statement_cache", "pid int4, hits int8, misses int8", fill_statement_cache},
        {12011, here, "pg_stat_progress_cluster", "pid int4, datid oid, datname name, relid oid, command text, phase text, cluster_index_relid oid, heap_tuples_scanned int8, heap_tuples_written int8, heap_blks_total int8, heap_blks_scanned int8, index_rebuild_count int8", fill_progress_cluster},
        {12035, here, "pg_stat_progress_vacuum", "pid int4, datid oid, datname name, relid oid, phase text, heap_blks_total int8, heap_blks_scanned int8, heap_blks_vacuumed int8, index_vacuum_count int8, max_dead_tuples int8, num_dead_tuples int8", fill_progress_vacuum},
        {12036, here, "pg_stat_progress_create_index", "pid int4, datid oid, datname name, relid oid, index_relid oid, command text, phase text, lockers_total int8, lockers_done int8, current_locker_pid int8, blocks_total int8, blocks_done int8, tuples_total int8, tuples_done int8, partitions_total int8, partitions_done int8", fill_progress_create_index},
        {12006, here, "pg_tables", "schemaname name, tablename name, tableowner name, tablespace name, hasindexes bool, hasrules bool, hastriggers bool, rowsecurity bool", fill_tables},
        {12007, here, "pg_indexes", "schemaname name, tablename name, indexname name, tablespace name, indexdef text", fill_indexes},
        {12008, here, "pg_views", "schemaname name, viewname name, viewowner name, definition text", fill_views},
        {2601, here, "pg_am", "oid oid, amname name, amhandler text, amtype text", fill_am},
        {1255, here, "pg_proc", "oid oid, proname name, pronamespace oid, proowner oid, prokind text, proisstrict bool, proretset bool, provolatile text, pronargs int2, prorettype oid, proargtypes text, prosrc text", fill_proc},
        {1213, here, "pg_tablespace", "oid oid, spcname name, spcowner oid, spcacl text, spcoptions text", fill_tablespace},
        {3456, here, "pg_collation", "oid oid, collname name, collnamespace oid, collowner oid, collprovider text, collisdeterministic bool, collencoding int4, collcollate text, collctype text", fill_collation},
        {2611, here, "pg_inherits", "inhrelid oid, inhparent oid, inhseqno int4, inhdetachpending bool"},
        {3256, here, "pg_policy", "oid oid, polname name, polrelid oid, polcmd text, polpermissive bool, polroles text, polqual text, polwithcheck text"},
        {3381, here, "pg_statistic_ext", "oid oid, stxrelid oid, stxname name, stxnamespace oid, stxowner oid, stxstattarget int4, stxkeys text, stxkind text"},
        {6104, here, "pg_publication", "oid oid, pubname name, pubowner oid, puballtables bool"},
        {6106, here, "pg_publication_rel", "oid oid, prpubid oid, prrelid oid, prqual text, prattrs text"},
        {6237, here, "pg_publication_namespace", "oid oid, pnpubid oid, pnnspid oid"},
        {2620, here, "pg_trigger", "oid oid, tgrelid oid, tgparentid oid, tgname name, tgfoid oid, tgtype int2, tgenabled text, tgisinternal bool, tgconstrrelid oid, tgconstrindid oid, tgconstraint oid, tgdeferrable bool, tginitdeferred bool"},
        {3501, here, "pg_enum", "oid oid, enumtypid oid, enumsortorder float4, enumlabel name"},
        {3541, here, "pg_range", "rngtypid oid, rngsubtype oid, rngmultitypid oid, rngcollation oid, rngsubopc oid"},
        {3079, here, "pg_extension", "oid oid, extname name, extowner oid, extnamespace oid, extrelocatable bool, extversion text"},
        {1261, here, "pg_auth_members", "roleid oid, member oid, grantor oid, admin_option bool"},
        {2618, here, "pg_rewrite", "oid oid, rulename name, ev_class oid, ev_type text, ev_enabled text, is_instead bool"},
        {2608, here, "pg_depend", "classid oid, objid oid, objsubid int4, refclassid oid, refobjid oid, refobjsubid int4, deptype text"},
        {3118, here, "pg_foreign_table", "ftrelid oid, ftserver oid, ftoptions text"},
        {1417, here, "pg_foreign_server", "oid oid, srvname name, srvowner oid, srvfdw oid"},
        {3350, here, "pg_partitioned_table", "partrelid oid, partstrat text, partnatts int2, partdefid oid"},
        {2616, here, "pg_opclass", "oid oid, opcmethod oid, opcname name, opcnamespace oid, opcdefault bool"},
        {12009, here, "pg_matviews", "schemaname name, matviewname name, matviewowner name, tablespace name, hasindexes bool, ispopulated bool, definition text"},
        {12010, here, "pg_locks", "locktype text, database oid, relation oid, pid int4, mode text, granted bool"},
    };
    return tables;
}
// clang-format on

}  // namespace phantomdb::sql
