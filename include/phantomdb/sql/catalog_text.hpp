/// @file Defines how objects of the catalog are written as SQL: what pg_get_indexdef and its like give.
#pragma once

#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/sql/types.hpp>

#include <functional>
#include <string>

namespace phantomdb::sql {

/// Object ids of constraints and defaults, which have no id of their own: made from the table's and the name.
inline schema::object_id derived_id(schema::object_id table, std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325u ^ table;
    for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return static_cast<schema::object_id>(0x40000000u | ((hash ^ (hash >> 32)) & 0x3fffffffu));
}

inline std::string column_list(schema::table_descriptor const& table, std::vector<std::int16_t> const& columns) {
    std::string list;
    for (std::int16_t column : columns) {
        list += (list.empty() ? "" : ", ") + quote_name(table.columns[static_cast<std::size_t>(column)].name);
    }
    return list;
}

inline std::vector<std::int16_t> columns_of(schema::index_descriptor const& index) {
    std::vector<std::int16_t> columns;
    for (auto const& key : index.keys) columns.push_back(key.column);
    return columns;
}

/// A column of an index as CREATE INDEX has it.
inline std::string index_column(schema::table_descriptor const& table, schema::index_key const& key) {
    std::string text = quote_name(table.columns[static_cast<std::size_t>(key.column)].name);
    if (key.descending) text += " DESC";
    if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    return text;
}

inline std::string index_definition(schema::table_descriptor const& table, schema::index_descriptor const& index) {
    std::string columns;
    for (auto const& key : index.keys) columns += (columns.empty() ? "" : ", ") + index_column(table, key);
    return std::string("CREATE ") + (index.unique ? "UNIQUE " : "") + "INDEX " + quote_name(index.name) + " ON " +
           quote_name(table.schema_name) + "." + quote_name(table.name) + " USING " +
           std::string(codec::engine_name(index.primary ? table.method : index.method)) + " (" + columns + ")";
}

inline std::string index_constraint_definition(schema::table_descriptor const& table,
                                               schema::index_descriptor const& index) {
    return (index.primary ? "PRIMARY KEY (" : "UNIQUE (") + column_list(table, columns_of(index)) + ")";
}

inline std::string check_definition(schema::check_descriptor const& check) {
    return "CHECK ((" + check.expression + "))";
}

inline std::string_view action_text(schema::referential_action action) {
    switch (action) {
        case schema::referential_action::restrict_: return "RESTRICT";
        case schema::referential_action::cascade: return "CASCADE";
        case schema::referential_action::set_null: return "SET NULL";
        case schema::referential_action::set_default: return "SET DEFAULT";
        case schema::referential_action::no_action: break;
    }
    return "NO ACTION";
}

inline std::string foreign_key_definition(schema::catalog const& catalog, schema::table_descriptor const& table,
                                          schema::foreign_key_descriptor const& key,
                                          std::function<bool(schema::object_id schema)> const& is_visible) {
    auto target = catalog.table(key.referenced_table);
    std::string name =
        (is_visible(target->schema) ? "" : quote_name(target->schema_name) + ".") + quote_name(target->name);
    std::string text = "FOREIGN KEY (" + column_list(table, key.columns) + ") REFERENCES " + name + "(" +
                       column_list(*target, key.referenced_columns) + ")";
    if (key.on_update != schema::referential_action::no_action)
        text += " ON UPDATE " + std::string(action_text(key.on_update));
    if (key.on_delete != schema::referential_action::no_action)
        text += " ON DELETE " + std::string(action_text(key.on_delete));
    if (key.deferrable) text += " DEFERRABLE";
    if (key.initially_deferred) text += " INITIALLY DEFERRED";
    return text;
}

/// A column's default as shown: a serial column's names its sequence.
inline std::string default_text(schema::catalog const& catalog, schema::column_descriptor const& column,
                                std::function<bool(schema::object_id schema)> const& is_visible) {
    if (column.sequence == 0) return column.default_expression;
    auto sequence = catalog.sequence(column.sequence);
    if (!sequence) return column.default_expression;
    std::string name =
        (is_visible(sequence->schema) ? "" : quote_name(sequence->schema_name) + ".") + quote_name(sequence->name);
    return "nextval(" + quote_text(name) + "::regclass)";
}

}  // namespace phantomdb::sql
