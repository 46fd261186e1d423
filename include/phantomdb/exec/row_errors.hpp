/// @file Defines the errors of rows that break a rule of their table, in PostgreSQL's words.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/schema/table_layout.hpp>
#include <phantomdb/value/text_io.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::exec {

/// A value as it stands in a message: cut to 64 bytes where `cut` is set.
inline std::string shown_value(sql_type type, nullable_datum cell, format_settings const& settings, bool cut) {
    if (cell.null) return "null";
    std::string text;
    append_text(text, type, cell.value, settings);
    constexpr std::size_t longest = 64;
    if (cut && text.size() > longest) {
        std::size_t end = longest;
        while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
        text = text.substr(0, end) + "...";
    }
    return text;
}

/// "Failing row contains (1, null)."
inline std::string failing_row(schema::table_descriptor const& table, schema::row_reference row,
                               format_settings const& settings) {
    std::string text = "Failing row contains (";
    bool first = true;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i].dropped) continue;
        if (!first) text += ", ";
        first = false;
        text += shown_value(table.columns[i].type, row.at(i), settings, true);
    }
    return text + ").";
}

/// "Key (a, b)=(1, 2)"
inline std::string key_text(schema::table_descriptor const& table, std::vector<std::int16_t> const& columns,
                            std::vector<nullable_datum> const& values, std::vector<sql_type> const& types,
                            format_settings const& settings) {
    std::string names, shown;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        names += (i ? ", " : "") + table.columns[static_cast<std::size_t>(columns[i])].name;
        shown += (i ? ", " : "") + shown_value(types[i], values[i], settings, false);
    }
    return "Key (" + names + ")=(" + shown + ")";
}

inline std::string key_text(schema::table_descriptor const& table, std::vector<std::int16_t> const& columns,
                            schema::row_reference row, format_settings const& settings) {
    std::vector<nullable_datum> values;
    std::vector<sql_type> types;
    for (std::int16_t column : columns) {
        values.push_back(row.at(static_cast<std::size_t>(column)));
        types.push_back(table.columns[static_cast<std::size_t>(column)].type);
    }
    return key_text(table, columns, values, types, settings);
}

[[noreturn]] inline void throw_null_in(schema::table_descriptor const& table, std::size_t column,
                                       schema::row_reference row, format_settings const& settings) {
    throw error(errc::not_null_violation, "null value in column \"" + table.columns[column].name + "\" of relation \"" +
                                              table.name + "\" violates not-null constraint")
        .with_detail(failing_row(table, row, settings))
        .on_table(table.schema_name, table.name)
        .on_column(table.columns[column].name);
}

[[noreturn]] inline void throw_check_violation(schema::table_descriptor const& table, std::size_t check,
                                               schema::row_reference row, format_settings const& settings) {
    throw error(errc::check_violation, "new row for relation \"" + table.name + "\" violates check constraint \"" +
                                           table.checks[check].name + "\"")
        .with_detail(failing_row(table, row, settings))
        .on_table(table.schema_name, table.name)
        .on_constraint(table.checks[check].name);
}

[[noreturn]] inline void throw_duplicate(schema::table_descriptor const& table, std::size_t index,
                                         schema::row_reference row, format_settings const& settings) {
    schema::index_descriptor const& broken = table.indexes[index];
    std::vector<std::int16_t> columns;
    for (auto const& key : broken.keys) columns.push_back(key.column);
    throw error(errc::unique_violation, "duplicate key value violates unique constraint \"" + broken.name + "\"")
        .with_detail(key_text(table, columns, row, settings) + " already exists.")
        .on_table(table.schema_name, table.name)
        .on_constraint(broken.name);
}

}  // namespace phantomdb::exec
