/// @file Defines the comparison operators of all types but jsonb.
///
/// Text compares by bytes (collation "C"), char(n) without its trailing blanks, NaN equals NaN and is above all else.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/interval.hpp>
#include <phantomdb/value/numeric.hpp>

#include <cmath>
#include <compare>

namespace phantomdb::exec::functions {

namespace detail {

constexpr std::strong_ordering order(std::int64_t a, std::int64_t b) { return a <=> b; }
constexpr std::strong_ordering order(std::string_view a, std::string_view b) { return a.compare(b) <=> 0; }
constexpr std::strong_ordering order(numeric a, numeric b) { return compare(a, b); }
constexpr std::strong_ordering order(interval a, interval b) { return compare(a, b); }
constexpr std::strong_ordering order(uuid const& a, uuid const& b) { return a <=> b; }
inline std::strong_ordering order(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
    return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

constexpr std::string_view without_padding(std::string_view text) {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

}  // namespace detail

#define PHANTOMDB_COMPARE(prefix, type, order_of) \
    inline bool prefix##_eq(type a, type b) { return order_of(a, b) == 0; } \
    inline bool prefix##_ne(type a, type b) { return order_of(a, b) != 0; } \
    inline bool prefix##_lt(type a, type b) { return order_of(a, b) < 0; } \
    inline bool prefix##_le(type a, type b) { return order_of(a, b) <= 0; } \
    inline bool prefix##_gt(type a, type b) { return order_of(a, b) > 0; } \
    inline bool prefix##_ge(type a, type b) { return order_of(a, b) >= 0; }

namespace detail {
PHANTOMDB_COMPARE(integer, std::int64_t, order)
PHANTOMDB_COMPARE(floating, double, order)
PHANTOMDB_COMPARE(bytes, std::string_view, order)
PHANTOMDB_COMPARE(padded, std::string_view,
                  [](auto l, auto r) { return order(without_padding(l), without_padding(r)); })
}  // namespace detail
PHANTOMDB_COMPARE(numeric, numeric, detail::order)
PHANTOMDB_COMPARE(interval, interval, detail::order)
PHANTOMDB_COMPARE(uuid, uuid const&, detail::order)

#undef PHANTOMDB_COMPARE

/// The types that compare alike share their functions.
#define PHANTOMDB_COMPARE_AS(prefix, same) \
    inline constexpr auto prefix##_eq = &detail::same##_eq; \
    inline constexpr auto prefix##_ne = &detail::same##_ne; \
    inline constexpr auto prefix##_lt = &detail::same##_lt; \
    inline constexpr auto prefix##_le = &detail::same##_le; \
    inline constexpr auto prefix##_gt = &detail::same##_gt; \
    inline constexpr auto prefix##_ge = &detail::same##_ge;

PHANTOMDB_COMPARE_AS(boolean, integer)
PHANTOMDB_COMPARE_AS(int2, integer)
PHANTOMDB_COMPARE_AS(int4, integer)
PHANTOMDB_COMPARE_AS(int8, integer)
PHANTOMDB_COMPARE_AS(int2_int4, integer)
PHANTOMDB_COMPARE_AS(int4_int2, integer)
PHANTOMDB_COMPARE_AS(int2_int8, integer)
PHANTOMDB_COMPARE_AS(int8_int2, integer)
PHANTOMDB_COMPARE_AS(int4_int8, integer)
PHANTOMDB_COMPARE_AS(int8_int4, integer)
PHANTOMDB_COMPARE_AS(oid, integer)
PHANTOMDB_COMPARE_AS(date, integer)
PHANTOMDB_COMPARE_AS(time, integer)
PHANTOMDB_COMPARE_AS(timestamp, integer)
PHANTOMDB_COMPARE_AS(timestamptz, integer)
PHANTOMDB_COMPARE_AS(float4, floating)
PHANTOMDB_COMPARE_AS(float8, floating)
PHANTOMDB_COMPARE_AS(float4_float8, floating)
PHANTOMDB_COMPARE_AS(float8_float4, floating)
PHANTOMDB_COMPARE_AS(text, bytes)
PHANTOMDB_COMPARE_AS(name, bytes)
PHANTOMDB_COMPARE_AS(bytea, bytes)
PHANTOMDB_COMPARE_AS(bpchar, padded)

#undef PHANTOMDB_COMPARE_AS

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_COMPARISON_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
