/// @file Defines `typed_call` and `typed_aggregate_of`: what typed queries call for a SQL function.
///
/// Comparisons, arithmetic and the aggregates of numbers are inlined. What takes longer than a call anyway (text, dates, JSON,
/// logarithms, casts to and from text) is compiled once, so that a program with queries need not compile it: one signature
/// for all, arguments and result as `nullable_datum`. Families in neither list (regular expressions, bytes, format) are
/// inlined once their header is included.
#pragma once

#include <phantomdb/exec/functions/aggregate.hpp>
#include <phantomdb/exec/functions/arithmetic.hpp>
#include <phantomdb/exec/functions/comparison.hpp>
#include <phantomdb/exec/functions/extreme_aggregates.hpp>
#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/exec/functions/numeric_aggregates.hpp>
#include <phantomdb/value/castable.hpp>

#include <memory>
#include <type_traits>

namespace phantomdb::exec {

/// The families that are compiled.
#define PHANTOMDB_COMPILED_FUNCTIONS(X) \
    PHANTOMDB_MATH_FUNCTIONS(X) \
    PHANTOMDB_NUMERIC_MATH_FUNCTIONS(X) \
    PHANTOMDB_TEXT_FUNCTIONS(X) \
    PHANTOMDB_PATTERN_FUNCTIONS(X) \
    PHANTOMDB_TEMPORAL_FUNCTIONS(X) \
    PHANTOMDB_JSON_FUNCTIONS(X) \
    PHANTOMDB_JSON_BUILD_FUNCTIONS(X)

constexpr bool is_compiled(function_id id) {
    switch (id) {
#define X(enumerator, ...) case function_id::enumerator:
        PHANTOMDB_COMPILED_FUNCTIONS(X)
#undef X
        return true;
        default: return false;
    }
}
constexpr bool is_compiled(aggregate_id id) {
    switch (id) {
#define X(enumerator, ...) case aggregate_id::enumerator:
        PHANTOMDB_COLLECTING_AGGREGATES(X)
#undef X
        return true;
        default: return false;
    }
}

/// One call of a compiled function. Defined for the families above.
template <function_id Id>
nullable_datum call_compiled(call_context& context, call_arguments const& arguments);

/// A compiled aggregate. Its state is made by the first row.
template <aggregate_id Id>
struct compiled_aggregate {
    using state = std::shared_ptr<void>;
    static void add(call_context& context, state& into, call_arguments const& arguments);
    static nullable_datum finish(call_context& context, state const& from);
};

/// `cast` of value/cast.hpp.
datum cast_compiled(datum value, sql_type from, sql_type to, arena& memory, format_settings const& settings,
                    cast_context context);

namespace detail {

template <function_id Id>
constexpr auto function_of() {
    if constexpr (is_compiled(Id)) return &call_compiled<Id>;
    else return scalar<Id>::call;
}

template <aggregate_id Id, bool Compiled>
struct aggregate_definition {
    using type = compiled_aggregate<Id>;
};
template <aggregate_id Id>
struct aggregate_definition<Id, false> {
    using type = aggregate<Id>;
};

}  // namespace detail

/// The C++ function that a typed query calls.
template <function_id Id>
inline constexpr auto typed_call = detail::function_of<Id>();

template <aggregate_id Id>
using typed_aggregate_of = typename detail::aggregate_definition<Id, is_compiled(Id)>::type;

}  // namespace phantomdb::exec
