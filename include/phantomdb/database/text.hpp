/// @file Defines `to_text` for the C++ types of columns: values as SQL prints them.
#pragma once

#include <phantomdb/schema/column_type.hpp>

#include <concepts>
#include <string>

namespace phantomdb {

namespace detail {

/// A value as SQL prints it under the settings of a new session.
std::string column_text(sql_type type, datum value);

}  // namespace detail

/// A date, time or uuid in PostgreSQL's ISO spelling; instants in UTC.
template <class T>
    requires std::same_as<T, date> || std::same_as<T, time_of_day> || std::same_as<T, timestamp> ||
             std::same_as<T, timestamptz> || std::same_as<T, uuid>
std::string to_text(T value) {
    return detail::column_text(sql_type_of<T>, column_type<T>::to_datum(value, nullptr));
}

}  // namespace phantomdb
