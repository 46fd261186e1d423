/// @file Defines `show`: rows of typed queries as CSV, the way phantomsql prints the same rows of SQL.
#pragma once

#include <phantomdb/phantomdb.hpp>
#include <phantomdb/value/text_io.hpp>

#include <boost/hana/accessors.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/second.hpp>

#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

/// Whether `format_type` calls the SQL type of `T` by this name.
template <class T>
bool constexpr is_called(std::string_view name) {
    constexpr phantomdb::sql_type type = phantomdb::sql_type_of<T>;
    std::string_view const base = phantomdb::facts(type.id).name;
    return name.substr(0, base.size()) == base && (type.modifier >= 0) == (name.size() > base.size());
}

template <class T>
std::string cell(T const& value) {
    if constexpr (phantomdb::is_optional<T>) {
        return value ? cell(*value) : std::string();
    } else {
        std::string scratch, text, quoted = "\"";
        phantomdb::append_text(text, phantomdb::sql_type_of<T>, phantomdb::column_type<T>::to_datum(value, &scratch),
                               phantomdb::format_settings{});
        if (text.find_first_of(",\"\n") == text.npos) return text;
        for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
        return quoted + "\"";
    }
}

template <class... Cells>
void show_row(std::tuple<Cells...> const& row) {
    std::string line;
    std::apply([&](auto const&... cells) { ((line += cell(cells) + ","), ...); }, row);
    line.back() = '\n';
    std::cout << line;
}
template <class Record>
void show_row(Record const& row) {
    std::string line;
    boost::hana::for_each(boost::hana::accessors<Record>(),
                          [&](auto const& member) { line += cell(boost::hana::second(member)(row)) + ","; });
    line.back() = '\n';
    std::cout << line;
}

template <class Row>
void show(phantomdb::result<Row> const& rows) {
    for (auto const& row : rows) show_row(row);
}
template <class Record>
void show(std::optional<Record> const& found) {
    if (found) show_row(*found);
}
