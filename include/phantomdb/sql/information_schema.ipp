#include <phantomdb/sql/system_rows.hpp>

namespace phantomdb::sql {

namespace {

void fill_schemata(system_rows& rows) {
    for (auto const& [id, schema] : rows.catalog.schemas()) {
        if (rows.is_here(id)) rows.add(rows.session.options.database, schema->name, "postgres");
    }
}

void fill_tables(system_rows& rows) {
    std::string const& database = rows.session.options.database;
    rows.each_table([&](schema::table_descriptor const& table) {
        bool system = table.id < schema::first_user_id;
        rows.add(database, table.schema_name, table.name, "BASE TABLE", system ? "NO" : "YES", "NO", nullptr);
    });
    rows.each_view([&](schema::view_descriptor const& view) {
        rows.add(database, view.schema_name, view.name, "VIEW", "NO", "NO", nullptr);
    });
}

void add_column(system_rows& rows, std::string const& schema, std::string const& relation, std::size_t ordinal,
                schema::column_descriptor const& column, bool updatable) {
    type_facts const& type = facts(column.type.id);
    nullable_datum length, octets, precision, radix, scale, time_precision;
    auto number = [](std::int64_t value) { return nullable_datum{datum{value}}; };
    constexpr std::int64_t longest = 1073741824;
    type_id id = column.type.id;
    if (id == type_id::varchar || id == type_id::bpchar || id == type_id::text) {
        if (column.type.modifier >= 0) length = number(column.type.modifier);
        octets = number(column.type.modifier >= 0 ? column.type.modifier * std::int64_t{4} : longest);
    }
    if (is_integer(id)) precision = number(type.size * 8), radix = number(2), scale = number(0);
    if (id == type_id::float4 || id == type_id::float8)
        precision = number(id == type_id::float4 ? 24 : 53), radix = number(2);
    if (id == type_id::numeric) {
        radix = number(10);
        if (column.type.modifier >= 0) {
            precision = number(numeric_precision(column.type));
            scale = number(numeric_scale(column.type));
        }
    }
    if (id == type_id::date) time_precision = number(0);
    if (id == type_id::time || id == type_id::timestamp || id == type_id::timestamptz || id == type_id::interval) {
        time_precision = number(column.type.modifier >= 0 ? column.type.modifier : 6);
    }
    bool identity = column.generated == schema::generation::always_as_identity ||
                    column.generated == schema::generation::by_default_as_identity;
    bool stored = column.generated == schema::generation::always_stored;
    std::string text = default_text(rows.catalog, column, rows.visibility());
    nullable_datum default_value, generated, identity_way;
    if (!text.empty() && !identity && !stored) default_value = nullable_datum{datum{std::string_view{text}}};
    if (stored) generated = nullable_datum{datum{std::string_view{text}}};
    if (identity) {
        bool always = column.generated == schema::generation::always_as_identity;
        identity_way = nullable_datum{datum{always ? std::string_view("ALWAYS") : std::string_view("BY DEFAULT")}};
    }
    rows.add(rows.session.options.database, schema, relation, column.name, ordinal + 1, default_value,
             column.not_null ? "NO" : "YES", type.name, length, octets, precision, radix, scale, time_precision,
             rows.session.options.database, "pg_catalog", type.pg_name, identity ? "YES" : "NO", identity_way,
             stored ? "ALWAYS" : "NEVER", generated, updatable ? "YES" : "NO");
}

void fill_columns(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (!table.columns[i].dropped) {
                add_column(rows, table.schema_name, table.name, i, table.columns[i], table.id >= schema::first_user_id);
            }
        }
    });
    rows.each_view([&](schema::view_descriptor const& view) {
        for (std::size_t i = 0; i < view.columns.size(); ++i)
            add_column(rows, view.schema_name, view.name, i, view.columns[i], false);
    });
}

void fill_table_constraints(system_rows& rows) {
    std::string const& database = rows.session.options.database;
    rows.each_table([&](schema::table_descriptor const& table) {
        auto add = [&](std::string const& name, std::string_view type, bool deferrable, bool deferred) {
            rows.add(database, table.schema_name, name, database, table.schema_name, table.name, type,
                     deferrable ? "YES" : "NO", deferred ? "YES" : "NO", "YES");
        };
        for (auto const& index : table.indexes) {
            if (index.constraint) add(index.name, index.primary ? "PRIMARY KEY" : "UNIQUE", false, false);
        }
        for (auto const& key : table.foreign_keys) add(key.name, "FOREIGN KEY", key.deferrable, key.initially_deferred);
        for (auto const& check : table.checks) add(check.name, "CHECK", false, false);
        if (table.id < schema::first_user_id) return;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (!table.columns[i].not_null || table.columns[i].dropped) continue;
            add(std::to_string(table.schema) + "_" + std::to_string(table.id) + "_" + std::to_string(i + 1) +
                    "_not_null",
                "CHECK", false, false);
        }
    });
}

void fill_key_column_usage(system_rows& rows) {
    std::string const& database = rows.session.options.database;
    rows.each_table([&](schema::table_descriptor const& table) {
        auto add = [&](std::string const& name, std::int16_t column, std::size_t position, nullable_datum in_unique) {
            rows.add(database, table.schema_name, name, database, table.schema_name, table.name,
                     table.columns[static_cast<std::size_t>(column)].name, position + 1, in_unique);
        };
        for (auto const& index : table.indexes) {
            if (!index.constraint) continue;
            for (std::size_t i = 0; i < index.keys.size(); ++i) add(index.name, index.keys[i].column, i, {});
        }
        for (auto const& key : table.foreign_keys) {
            for (std::size_t i = 0; i < key.columns.size(); ++i) {
                add(key.name, key.columns[i], i, nullable_datum{datum{static_cast<std::int64_t>(i + 1)}});
            }
        }
    });
}

/// The unique constraint a foreign key refers to.
std::string target_constraint(schema::table_descriptor const& target, schema::foreign_key_descriptor const& key) {
    for (auto const& index : target.indexes) {
        auto columns = columns_of(index);
        auto wanted = key.referenced_columns;
        std::sort(columns.begin(), columns.end());
        std::sort(wanted.begin(), wanted.end());
        if (index.unique && columns == wanted) return index.name;
    }
    return {};
}

void fill_constraint_column_usage(system_rows& rows) {
    std::string const& database = rows.session.options.database;
    rows.each_table([&](schema::table_descriptor const& table) {
        auto add = [&](schema::table_descriptor const& of, std::int16_t column, std::string const& name) {
            rows.add(database, of.schema_name, of.name, of.columns[static_cast<std::size_t>(column)].name, database,
                     table.schema_name, name);
        };
        for (auto const& index : table.indexes) {
            if (!index.constraint) continue;
            for (auto const& part : index.keys) add(table, part.column, index.name);
        }
        for (auto const& key : table.foreign_keys) {
            auto target = rows.catalog.table(key.referenced_table);
            for (std::int16_t column : key.referenced_columns) add(*target, column, key.name);
        }
    });
}

void fill_referential_constraints(system_rows& rows) {
    std::string const& database = rows.session.options.database;
    rows.each_table([&](schema::table_descriptor const& table) {
        for (auto const& key : table.foreign_keys) {
            auto target = rows.catalog.table(key.referenced_table);
            rows.add(database, table.schema_name, key.name, database, target->schema_name,
                     target_constraint(*target, key), "NONE", action_text(key.on_update), action_text(key.on_delete));
        }
    });
}

void fill_views(system_rows& rows) {
    rows.each_view([&](schema::view_descriptor const& view) {
        rows.add(rows.session.options.database, view.schema_name, view.name, view.query + ";", "NONE", "NO", "NO");
    });
}

void fill_sequences(system_rows& rows) {
    rows.each_sequence([&](schema::sequence_descriptor const& one) {
        rows.add(rows.session.options.database, one.schema_name, one.name, facts(one.type).name,
                 facts(one.type).size * 8, 2, 0, std::to_string(one.start), std::to_string(one.minimum),
                 std::to_string(one.maximum), std::to_string(one.increment), one.cycle ? "YES" : "NO");
    });
}

void fill_check_constraints(system_rows& rows) {
    std::string const& database = rows.session.options.database;
    rows.each_table([&](schema::table_descriptor const& table) {
        for (auto const& check : table.checks)
            rows.add(database, table.schema_name, check.name, "((" + check.expression + "))");
    });
}

}  // namespace

// clang-format off
std::vector<system_table> const& information_schema_tables() {
    constexpr auto here = schema::information_schema_id;
    static std::vector<system_table> const tables = {
        {13101, here, "schemata", "catalog_name name, schema_name name, schema_owner name", fill_schemata},
        {13102, here, "tables", "table_catalog name, table_schema name, table_name name, table_type text, is_insertable_into text, is_typed text, commit_action text", fill_tables},
        {13103, here, "columns", "table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, column_default text, is_nullable text, data_type text, character_maximum_length int4, character_octet_length int4, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, datetime_precision int4, udt_catalog name, udt_schema name, udt_name name, is_identity text, identity_generation text, is_generated text, generation_expression text, is_updatable text", fill_columns},
        {13104, here, "table_constraints", "constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name, table_name name, constraint_type text, is_deferrable text, initially_deferred text, enforced text", fill_table_constraints},
        {13105, here, "key_column_usage", "constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, position_in_unique_constraint int4", fill_key_column_usage},
        {13106, here, "constraint_column_usage", "table_catalog name, table_schema name, table_name name, column_name name, constraint_catalog name, constraint_schema name, constraint_name name", fill_constraint_column_usage},
        {13107, here, "referential_constraints", "constraint_catalog name, constraint_schema name, constraint_name name, unique_constraint_catalog name, unique_constraint_schema name, unique_constraint_name name, match_option text, update_rule text, delete_rule text", fill_referential_constraints},
        {13108, here, "views", "table_catalog name, table_schema name, table_name name, view_definition text, check_option text, is_updatable text, is_insertable_into text", fill_views},
        {13109, here, "sequences", "sequence_catalog name, sequence_schema name, sequence_name name, data_type text, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, start_value text, minimum_value text, maximum_value text, increment text, cycle_option text", fill_sequences},
        {13110, here, "check_constraints", "constraint_catalog name, constraint_schema name, constraint_name name, check_clause text", fill_check_constraints},
        {13111, here, "routines", "specific_name name, routine_schema name, routine_name name, routine_type text, data_type text"},
        {13112, here, "triggers", "trigger_schema name, trigger_name name, event_manipulation text, event_object_table name"},
    };
    return tables;
}
// clang-format on

}  // namespace phantomdb::sql
