/// @file Defines min and max of all types.
#pragma once

#include <phantomdb/exec/functions/aggregate.hpp>
#include <phantomdb/exec/functions/comparison.hpp>

#include <cstring>
#include <memory>

namespace phantomdb::exec {
namespace detail {

/// Keeps the value that `Before` puts before all others.
template <class Value, auto Before>
struct extreme {
    struct state {
        Value value{};
        bool some = false;
    };
    static void add(state& s, Value value) {
        if (s.some && !Before(value, s.value)) return;
        s.value = value;
        s.some = true;
    }
    static void merge(state& into, state const& from) {
        if (from.some) add(into, from.value);
    }
    static std::optional<Value> finish(state const& s) { return s.some ? std::optional{s.value} : std::nullopt; }
};

/// The same for text, which the state must own.
template <auto Before>
struct extreme<std::string_view, Before> {
    struct state {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0, room = 0;
        bool some = false;
        std::string_view view() const { return {bytes.get(), size}; }
    };
    static void add(state& s, std::string_view value) {
        if (s.some && !Before(value, s.view())) return;
        if (value.size() > s.room) {
            s.room = value.size() * 2;
            s.bytes.reset(new char[s.room]);
        }
        if (!value.empty()) std::memcpy(s.bytes.get(), value.data(), value.size());
        s.size = value.size();
        s.some = true;
    }
    static void merge(state& into, state const& from) {
        if (from.some) add(into, from.view());
    }
    static std::optional<std::string_view> finish(call_context& context, state const& s) {
        return s.some ? std::optional{context.memory.copy(s.view())} : std::nullopt;
    }
};

}  // namespace detail

#define PHANTOMDB_EXTREME(type, physical_type) \
    template <> \
    struct aggregate<aggregate_id::min_##type> : detail::extreme<physical_type, functions::type##_lt> {}; \
    template <> \
    struct aggregate<aggregate_id::max_##type> : detail::extreme<physical_type, functions::type##_gt> {};

PHANTOMDB_EXTREME(int2, std::int64_t)
PHANTOMDB_EXTREME(int4, std::int64_t)
PHANTOMDB_EXTREME(int8, std::int64_t)
PHANTOMDB_EXTREME(numeric, numeric)
PHANTOMDB_EXTREME(float4, double)
PHANTOMDB_EXTREME(float8, double)
PHANTOMDB_EXTREME(text, std::string_view)
PHANTOMDB_EXTREME(bpchar, std::string_view)
PHANTOMDB_EXTREME(date, std::int64_t)
PHANTOMDB_EXTREME(time, std::int64_t)
PHANTOMDB_EXTREME(timestamp, std::int64_t)
PHANTOMDB_EXTREME(timestamptz, std::int64_t)
PHANTOMDB_EXTREME(interval, interval)
PHANTOMDB_EXTREME(oid, std::int64_t)

#undef PHANTOMDB_EXTREME

}  // namespace phantomdb::exec
