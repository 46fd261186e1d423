/// @file Defines the look-up of kernels by id, over the families' tables.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {
namespace detail {

/// A family's place in the order of ids.
template <class Kernel>
struct family {
    Kernel const* kernels;
    std::size_t count;
};

template <class Kernel, std::size_t N>
Kernel const& kernel_at(family<Kernel> const (&families)[N], std::size_t index) {
    family<Kernel> const* at = families;
    while (index >= at->count) index -= at++->count;
    return at->kernels[index];
}

}  // namespace detail

#define X(...) +1

kernel kernel_of(function_id id) {
    PHANTOMDB_HOT_ASSERT(static_cast<std::size_t>(id) < function_table.size());
    if (signature_of(id).is_set_returning()) return nullptr;
    static constexpr detail::family<kernel> families[] = {
        {tables::comparison, 0 PHANTOMDB_COMPARISON_FUNCTIONS(X)},
        {tables::arithmetic, 0 PHANTOMDB_ARITHMETIC_FUNCTIONS(X)},
        {tables::math, 0 PHANTOMDB_MATH_FUNCTIONS(X)},
        {tables::numeric_math, 0 PHANTOMDB_NUMERIC_MATH_FUNCTIONS(X)},
        {tables::text, 0 PHANTOMDB_TEXT_FUNCTIONS(X)},
        {tables::pattern, 0 PHANTOMDB_PATTERN_FUNCTIONS(X)},
        {tables::regex, 0 PHANTOMDB_REGEX_FUNCTIONS(X)},
        {tables::temporal, 0 PHANTOMDB_TEMPORAL_FUNCTIONS(X)},
        {tables::json, 0 PHANTOMDB_JSON_FUNCTIONS(X)},
        {tables::json_build, 0 PHANTOMDB_JSON_BUILD_FUNCTIONS(X)},
        {tables::session, 0 PHANTOMDB_SESSION_FUNCTIONS(X)},
        {tables::bytes, 0 PHANTOMDB_BYTES_FUNCTIONS(X)},
        {tables::format, 0 PHANTOMDB_FORMAT_FUNCTIONS(X)},
        {tables::system, 0 PHANTOMDB_SYSTEM_FUNCTIONS(X)},
    };
    return detail::kernel_at(families, static_cast<std::size_t>(id));
}

aggregate_kernel const& aggregate_kernel_of(aggregate_id id) {
    PHANTOMDB_HOT_ASSERT(static_cast<std::size_t>(id) < aggregate_table.size());
    static constexpr detail::family<aggregate_kernel> families[] = {
        {tables::numeric_aggregates, 0 PHANTOMDB_NUMERIC_AGGREGATES(X)},
        {tables::extreme_aggregates, 0 PHANTOMDB_EXTREME_AGGREGATES(X)},
        {tables::collecting_aggregates, 0 PHANTOMDB_COLLECTING_AGGREGATES(X)},
    };
    return detail::kernel_at(families, static_cast<std::size_t>(id));
}

#undef X

}  // namespace phantomdb::exec
