/// @file Defines the scalar functions and aggregates of the typed DSL.
///
/// Every function and operator of SQL can be called by its SQL name, `call<"split_part">(col<&user::name>, " ", 1)`; those
/// in daily use have a name here. Which overload is meant is found from the arguments' types, by PostgreSQL's rules. Those that
/// exec/functions/compiled.hpp does not list need their header: regular expressions exec/functions/regex.hpp, which needs RE2.
#pragma once

#include <phantomdb/query/expression.hpp>

namespace phantomdb {

/// The function that SQL calls `Name`.
template <fixed_string Name, query::dsl_value... Values>
constexpr auto call(Values const&... values) {
    return query::make_expression(query::term_of(query::term_kind::call, Name.view()), values...);
}
/// The operator that SQL writes `Symbol`: `infix<"||">(a, b)`, `infix<"%">(total, 100)`.
template <fixed_string Symbol, query::dsl_value Left, query::dsl_value Right>
constexpr auto infix(Left const& left, Right const& right) {
    return query::make_expression(query::term_of(query::term_kind::call, Symbol.view(), true), left, right);
}
/// The aggregate that SQL calls `Name`.
template <fixed_string Name, query::dsl_value... Values>
constexpr auto aggregate(Values const&... values) {
    return query::make_expression(query::term_of(query::term_kind::aggregate, Name.view()), values...);
}

#define PHANTOMDB_DSL_FUNCTION(name) \
    template <class... Values> \
        requires(query::dsl_value<Values> && ...) && (query::dsl_expression<Values> || ...) \
    constexpr auto name(Values const&... values) { \
        return query::make_expression(query::term_of(query::term_kind::call, #name), values...); \
    }
PHANTOMDB_DSL_FUNCTION(lower)
PHANTOMDB_DSL_FUNCTION(upper)
PHANTOMDB_DSL_FUNCTION(length)
PHANTOMDB_DSL_FUNCTION(trim)
PHANTOMDB_DSL_FUNCTION(substr)
PHANTOMDB_DSL_FUNCTION(replace)
PHANTOMDB_DSL_FUNCTION(concat)
PHANTOMDB_DSL_FUNCTION(abs)
PHANTOMDB_DSL_FUNCTION(round)
PHANTOMDB_DSL_FUNCTION(floor)
PHANTOMDB_DSL_FUNCTION(ceil)
PHANTOMDB_DSL_FUNCTION(sqrt)
PHANTOMDB_DSL_FUNCTION(power)
PHANTOMDB_DSL_FUNCTION(date_trunc)
#undef PHANTOMDB_DSL_FUNCTION

/// A field of a date or time: `extract<"year">(col<&order::placed_at>)`.
template <fixed_string Field, query::dsl_expression E>
constexpr auto extract(E const& e) {
    return query::make_expression(query::term_of(query::term_kind::call, "extract"), Field.view(), e);
}

template <query::dsl_expression E, query::dsl_value Pattern>
constexpr auto like(E const& e, Pattern const& pattern) {
    return infix<"~~">(e, pattern);
}
template <query::dsl_expression E, query::dsl_value Pattern>
constexpr auto not_like(E const& e, Pattern const& pattern) {
    return infix<"!~~">(e, pattern);
}
/// `like` without regard to case.
template <query::dsl_expression E, query::dsl_value Pattern>
constexpr auto ilike(E const& e, Pattern const& pattern) {
    return infix<"~~*">(e, pattern);
}

/// The number of rows in a group.
constexpr auto count() { return query::make_expression(query::term_of(query::term_kind::aggregate, "count")); }
/// The number of values that are not null.
template <query::dsl_expression E>
constexpr auto count(E const& e) {
    return aggregate<"count">(e);
}
template <query::dsl_expression E>
constexpr auto count_distinct(E const& e) {
    return query::make_expression(query::term_of(query::term_kind::aggregate, "count", true), e);
}

#define PHANTOMDB_DSL_AGGREGATE(name) \
    template <query::dsl_expression E> \
    constexpr auto name(E const& e) { \
        return query::make_expression(query::term_of(query::term_kind::aggregate, #name), e); \
    }
PHANTOMDB_DSL_AGGREGATE(sum)
PHANTOMDB_DSL_AGGREGATE(avg)
PHANTOMDB_DSL_AGGREGATE(min)
PHANTOMDB_DSL_AGGREGATE(max)
PHANTOMDB_DSL_AGGREGATE(bool_and)
PHANTOMDB_DSL_AGGREGATE(bool_or)
PHANTOMDB_DSL_AGGREGATE(stddev)
PHANTOMDB_DSL_AGGREGATE(variance)
#undef PHANTOMDB_DSL_AGGREGATE

/// The texts of a group, one after the other.
template <query::dsl_expression E, query::dsl_value Separator>
constexpr auto string_agg(E const& e, Separator const& separator) {
    return aggregate<"string_agg">(e, separator);
}

}  // namespace phantomdb
