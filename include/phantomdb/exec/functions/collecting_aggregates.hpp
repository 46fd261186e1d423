/// @file Defines the aggregates that collect their input: string_agg.
#pragma once

#include <phantomdb/exec/functions/aggregate.hpp>

#include <vector>

namespace phantomdb::exec {
namespace detail {

/// Values with delimiters between them; NULLs are left out, and the first delimiter isn't used.
struct joining {
    struct state {
        std::vector<char> bytes;
        std::size_t first_delimiter = 0;  ///< its length: `merge` needs it between the halves
        bool some = false;
    };
    static void add(state& s, nullable_datum const& value, nullable_datum const& delimiter) {
        if (value.null) return;
        auto append = [&](std::string_view text) { s.bytes.insert(s.bytes.end(), text.begin(), text.end()); };
        if (!delimiter.null) append(delimiter.value.t);
        if (!s.some && !delimiter.null) s.first_delimiter = delimiter.value.t.size();
        append(value.value.t);
        s.some = true;
    }
    static void merge(state& into, state const& from) {
        if (!from.some) return;
        if (!into.some) into.first_delimiter = from.first_delimiter;
        into.bytes.insert(into.bytes.end(), from.bytes.begin(), from.bytes.end());
        into.some = true;
    }
    static std::optional<std::string_view> finish(call_context& context, state const& s) {
        if (!s.some) return std::nullopt;
        std::string_view all(s.bytes.data(), s.bytes.size());
        return context.memory.copy(all.substr(s.first_delimiter));
    }
};

}  // namespace detail

template <>
struct aggregate<aggregate_id::string_agg_text> : detail::joining {};
template <>
struct aggregate<aggregate_id::string_agg_bytea> : detail::joining {};

}  // namespace phantomdb::exec
