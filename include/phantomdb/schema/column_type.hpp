/// @file Defines `column_type`, which SQL type stands for a C++ type, and how values cross between the two.
///
///     C++                         SQL
///     bool                        boolean
///     std::int16_t, 32, 64        smallint, integer, bigint       (and enumerations, as their underlying type)
///     float, double               real, double precision
///     std::string                 text
///     decimal<P, S>, numeric      numeric(P, S), numeric
///     date, time_of_day,          date, time, timestamp, timestamptz
///       timestamp, timestamptz
///     interval, uuid              interval, uuid
///     std::vector<std::byte>      bytea
///     std::optional<T>            the same, nullable; every other member is NOT NULL
///
/// `document<T>` (schema/document.hpp) joins by specialisation, and so can types of your own: specialise `column_type` with `sql`, `to_datum` and `from_datum`.
#pragma once

#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/decimal.hpp>
#include <phantomdb/value/temporal.hpp>
#include <phantomdb/value/type.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace phantomdb {

/// How a C++ type is stored. The primary template stands for types that no SQL type stands for.
///
/// A specialisation has `sql`, the type; `to_datum(value, memory)`, which may keep bytes in `*memory` (a std::string that
/// must outlive the datum) or borrow them from `value`; and `from_datum(datum)`, which owns what it returns.
template <class T, class = void>
struct column_type {
    static constexpr bool storable = false;
};

namespace detail {

template <class T, type_id Id>
struct integer_column {
    static constexpr bool storable = true;
    static constexpr sql_type sql{Id, -1};
    static constexpr datum to_datum(T value, std::string*) { return datum{static_cast<std::int64_t>(value)}; }
    static constexpr T from_datum(datum raw) { return static_cast<T>(raw.i); }
};

template <class T, type_id Id, auto Member>
struct wrapped_integer_column {
    static constexpr bool storable = true;
    static constexpr sql_type sql{Id, -1};
    static constexpr datum to_datum(T value, std::string*) { return datum{static_cast<std::int64_t>(value.*Member)}; }
    static constexpr T from_datum(datum raw) {
        T value;
        value.*Member = static_cast<std::remove_reference_t<decltype(value.*Member)>>(raw.i);
        return value;
    }
};

template <class T, type_id Id>
struct floating_column {
    static constexpr bool storable = true;
    static constexpr sql_type sql{Id, -1};
    static constexpr datum to_datum(T value, std::string*) { return datum{static_cast<double>(value)}; }
    static constexpr T from_datum(datum raw) { return static_cast<T>(raw.d); }
};

constexpr type_id integer_of_size(std::size_t bytes) {
    return bytes <= 2 ? type_id::int2 : bytes == 4 ? type_id::int4 : type_id::int8;
}

template <class T>
struct optional_of {
    using type = T;
    static constexpr bool value = false;
};
template <class T>
struct optional_of<std::optional<T>> {
    using type = T;
    static constexpr bool value = true;
};

}  // namespace detail

template <>
struct column_type<bool> : detail::integer_column<bool, type_id::boolean> {};

template <class T>
struct column_type<T, std::enable_if_t<(std::is_integral_v<T> && std::is_signed_v<T> && !std::is_same_v<T, char> &&
                                        !std::is_same_v<T, wchar_t> && sizeof(T) >= 2 && sizeof(T) <= 8) ||
                                       std::is_enum_v<T>>>
    : detail::integer_column<T, detail::integer_of_size(sizeof(T))> {};

template <>
struct column_type<float> : detail::floating_column<float, type_id::float4> {};
template <>
struct column_type<double> : detail::floating_column<double, type_id::float8> {};

template <>
struct column_type<date> : detail::wrapped_integer_column<date, type_id::date, &date::days> {};
template <>
struct column_type<time_of_day>
    : detail::wrapped_integer_column<time_of_day, type_id::time, &time_of_day::microseconds> {};
template <>
struct column_type<timestamp>
    : detail::wrapped_integer_column<timestamp, type_id::timestamp, &timestamp::microseconds> {};
template <>
struct column_type<timestamptz>
    : detail::wrapped_integer_column<timestamptz, type_id::timestamptz, &timestamptz::microseconds> {};

template <>
struct column_type<std::string> {
    static constexpr bool storable = true;
    static constexpr sql_type sql{type_id::text, -1};
    static constexpr datum to_datum(std::string_view value, std::string*) { return datum{value}; }
    static std::string from_datum(datum raw) { return std::string(raw.t); }
};

/// Borrowed text, for results that are read before the next row comes.
template <>
struct column_type<std::string_view> {
    static constexpr bool storable = true;
    static constexpr sql_type sql{type_id::text, -1};
    static constexpr datum to_datum(std::string_view value, std::string*) { return datum{value}; }
    static constexpr std::string_view from_datum(datum raw) { return raw.t; }
};

template <>
struct column_type<std::vector<std::byte>> {
    static constexpr bool storable = true;
    static constexpr sql_type sql{type_id::bytea, -1};
    static datum to_datum(std::vector<std::byte> const& value, std::string*) {
        return datum{std::string_view{reinterpret_cast<char const*>(value.data()), value.size()}};
    }
    static std::vector<std::byte> from_datum(datum raw) {
        std::vector<std::byte> value(raw.t.size());
        if (!value.empty()) std::memcpy(value.data(), raw.t.data(), value.size());
        return value;
    }
};

template <>
struct column_type<numeric> {
    static constexpr bool storable = true;
    static constexpr sql_type sql{type_id::numeric, -1};
    static constexpr datum to_datum(numeric value, std::string*) { return datum{value}; }
    static constexpr numeric from_datum(datum raw) { return raw.n; }
};
template <int P, int S>
struct column_type<decimal<P, S>> {
    static constexpr bool storable = true;
    static constexpr sql_type sql = numeric_type(P, S);
    static constexpr datum to_datum(decimal<P, S> value, std::string*) { return datum{static_cast<numeric>(value)}; }
    static constexpr decimal<P, S> from_datum(datum raw) { return decimal<P, S>(raw.n); }
};
template <>
struct column_type<interval> {
    static constexpr bool storable = true;
    static constexpr sql_type sql{type_id::interval, -1};
    static constexpr datum to_datum(interval value, std::string*) { return datum{value}; }
    static constexpr interval from_datum(datum raw) { return raw.v; }
};
template <>
struct column_type<uuid> {
    static constexpr bool storable = true;
    static constexpr sql_type sql{type_id::uuid, -1};
    static constexpr datum to_datum(uuid value, std::string*) { return datum{value}; }
    static constexpr uuid from_datum(datum raw) { return raw.u; }
};

/// A member's type without `std::optional`.
template <class T>
using plain_type = typename detail::optional_of<T>::type;
template <class T>
inline constexpr bool is_optional = detail::optional_of<T>::value;

/// Whether `T` or `std::optional<T>` can be a column.
template <class T>
inline constexpr bool is_storable = column_type<plain_type<std::remove_cvref_t<T>>>::storable;

template <class T>
inline constexpr sql_type sql_type_of = column_type<plain_type<std::remove_cvref_t<T>>>::sql;

/// A member as a datum. Text is borrowed from `value` or kept in `memory`.
template <class T>
constexpr nullable_datum to_nullable(T const& value, std::string* memory) {
    if constexpr (is_optional<T>) {
        return value ? nullable_datum{column_type<plain_type<T>>::to_datum(*value, memory)} : nullable_datum{};
    } else {
        return column_type<T>::to_datum(value, memory);
    }
}

/// A datum as a member. A null where the member is not optional gives a value-initialised one.
template <class T>
constexpr T from_nullable(nullable_datum cell) {
    if (cell.null) return T{};
    return column_type<plain_type<T>>::from_datum(cell.value);
}

/// The C++ type a result column has when nothing better is known than its SQL type.
template <type_id Id>
auto default_cpp_type() {
    using enum type_id;
    if constexpr (Id == boolean) return bool{};
    else if constexpr (Id == int2) return std::int16_t{};
    else if constexpr (Id == int4) return std::int32_t{};
    else if constexpr (Id == int8 || Id == oid) return std::int64_t{};
    else if constexpr (Id == type_id::numeric) return phantomdb::numeric{};
    else if constexpr (Id == float4) return float{};
    else if constexpr (Id == float8) return double{};
    else if constexpr (Id == bytea) return std::vector<std::byte>{};
    else if constexpr (Id == type_id::date) return phantomdb::date{};
    else if constexpr (Id == time) return time_of_day{};
    else if constexpr (Id == type_id::timestamp) return phantomdb::timestamp{};
    else if constexpr (Id == type_id::timestamptz) return phantomdb::timestamptz{};
    else if constexpr (Id == type_id::interval) return phantomdb::interval{};
    else if constexpr (Id == type_id::uuid) return phantomdb::uuid{};
    else return std::string{};
}
template <type_id Id>
using cpp_type = decltype(default_cpp_type<Id>());

}  // namespace phantomdb
