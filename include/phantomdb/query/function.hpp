/// @file Defines `function_id` and `aggregate_id`: every scalar function, operator and aggregate, with its signature.
///
/// An operator is an entry under its SQL symbol ("+", "~~"), one entry for each combination of types, as in PostgreSQL's
/// catalog. Which entry a call means is decided by `query/function_resolution.hpp`.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/query/function_aggregate_list.hpp>
#include <phantomdb/query/function_list.hpp>
#include <phantomdb/value/type.hpp>

#include <cstdint>
#include <string_view>

namespace phantomdb {

enum class function_id : std::uint16_t {
#define X(enumerator, ...) enumerator,
    PHANTOMDB_FUNCTIONS(X)
#undef X
};

enum class aggregate_id : std::uint16_t {
#define X(enumerator, ...) enumerator,
    PHANTOMDB_AGGREGATES(X)
#undef X
};

/// Polymorphic argument types: they appear in signatures only, and take every type as it comes (`unknown` as text).
inline constexpr type_id any_type{64};
inline constexpr bool is_polymorphic(type_id type) { return type == any_type; }

inline constexpr int max_function_arguments = 8;

/// How much a result may be reused: for ever, within one statement, never.
enum class volatility : std::uint8_t { immutable, stable, volatile_ };

/// Name, types and behaviour of one function, operator or aggregate.
struct function_signature {
    /// Bits of `flags`. Without any: a strict, immutable function of a fixed number of arguments.
    static constexpr std::uint8_t op = 1, stable = 2, volatile_ = 4, nonstrict = 8, variadic = 16, returns_set = 32;

    std::string_view name;                        ///< the SQL name or the operator's symbol
    type_id arguments[max_function_arguments]{};  ///< the last one repeats (at least once) when variadic
    std::uint8_t argument_count = 0;
    type_id result = type_id::unknown;
    std::uint8_t flags = 0;

    constexpr bool is_operator() const { return flags & op; }
    constexpr bool is_set_returning() const { return flags & returns_set; }
    constexpr bool is_variadic() const { return flags & variadic; }
    /// A strict function is NULL as soon as one argument is; a strict aggregate skips rows with a NULL argument.
    constexpr bool is_strict() const { return !(flags & nonstrict); }
    constexpr volatility changes() const {
        return flags & volatile_ ? volatility::volatile_ : flags & stable ? volatility::stable : volatility::immutable;
    }
    /// Whether a call with `count` arguments can mean this function.
    constexpr bool takes(std::size_t count) const {
        return is_variadic() ? count >= argument_count : count == argument_count;
    }
    /// Declared type of argument `index`, which may lie in the variadic tail.
    constexpr type_id argument(std::size_t index) const {
        return arguments[index < argument_count ? index : argument_count - 1u];
    }
};

namespace query::detail {

template <class... Types>
consteval function_signature signature(std::string_view name, type_id result, unsigned flags, Types... types) {
    return {name, {types...}, sizeof...(Types), result, static_cast<std::uint8_t>(flags)};
}

#define PHANTOMDB_UNPACK(...) __VA_OPT__(, ) __VA_ARGS__
#define X(enumerator, sql_name, types, result, flags) signature(sql_name, result, flags PHANTOMDB_UNPACK types),

/// The names that the lists use. Arrays here, rather than in a function that returns one, are built in one step.
namespace rows {
using enum type_id;
inline constexpr auto any = any_type, anynonarray = any_type;
inline constexpr auto op = function_signature::op, stable = function_signature::stable,
                      volatile_ = function_signature::volatile_, nonstrict = function_signature::nonstrict,
                      variadic = function_signature::variadic, returns_set = function_signature::returns_set;
inline constexpr function_signature functions[] = {PHANTOMDB_FUNCTIONS(X)};
inline constexpr function_signature aggregates[] = {PHANTOMDB_AGGREGATES(X)};
}  // namespace rows

#undef X
#undef PHANTOMDB_UNPACK

}  // namespace query::detail

/// Signatures in the order of `function_id` and `aggregate_id`.
inline constexpr array_view<function_signature> function_table = query::detail::rows::functions;
inline constexpr array_view<function_signature> aggregate_table = query::detail::rows::aggregates;

constexpr function_signature const& signature_of(function_id id) {
    return function_table[static_cast<std::size_t>(id)];
}
constexpr function_signature const& signature_of(aggregate_id id) {
    return aggregate_table[static_cast<std::size_t>(id)];
}

}  // namespace phantomdb
