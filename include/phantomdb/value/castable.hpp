/// @file Defines which type can be cast to which, and when SQL does it without being asked (PostgreSQL's `pg_cast`).
#pragma once

#include <phantomdb/value/type.hpp>

#include <array>
#include <cstdint>

namespace phantomdb {

/// When a cast happens: never, only when written, when a column is assigned, or wherever types don't match.
enum class cast_context : std::uint8_t { none, explicit_only, assignment, implicit };

namespace detail {

struct cast_rule {
    type_id from;
    cast_context context;
    std::array<type_id, 8> to{};  // `unknown` ends the list
};

inline constexpr cast_rule cast_rules[] = {
    {type_id::boolean, cast_context::explicit_only, {type_id::int4}},
    {type_id::int2,
     cast_context::implicit,
     {type_id::int4, type_id::int8, type_id::numeric, type_id::float4, type_id::float8, type_id::oid}},
    {type_id::int4,
     cast_context::implicit,
     {type_id::int8, type_id::numeric, type_id::float4, type_id::float8, type_id::oid}},
    {type_id::int4, cast_context::assignment, {type_id::int2}},
    {type_id::int4, cast_context::explicit_only, {type_id::boolean}},
    {type_id::int8, cast_context::implicit, {type_id::numeric, type_id::float4, type_id::float8, type_id::oid}},
    {type_id::int8, cast_context::assignment, {type_id::int2, type_id::int4}},
    {type_id::numeric, cast_context::implicit, {type_id::float4, type_id::float8}},
    {type_id::numeric, cast_context::assignment, {type_id::int2, type_id::int4, type_id::int8}},
    {type_id::float4, cast_context::implicit, {type_id::float8}},
    {type_id::float4, cast_context::assignment, {type_id::int2, type_id::int4, type_id::int8, type_id::numeric}},
    {type_id::float8,
     cast_context::assignment,
     {type_id::int2, type_id::int4, type_id::int8, type_id::numeric, type_id::float4}},
    {type_id::oid, cast_context::assignment, {type_id::int4, type_id::int8}},
    {type_id::text, cast_context::implicit, {type_id::varchar, type_id::bpchar, type_id::name}},
    {type_id::varchar, cast_context::implicit, {type_id::text, type_id::bpchar, type_id::name}},
    {type_id::bpchar, cast_context::implicit, {type_id::text, type_id::varchar, type_id::name}},
    {type_id::name, cast_context::implicit, {type_id::text}},
    {type_id::name, cast_context::assignment, {type_id::varchar, type_id::bpchar}},
    {type_id::date, cast_context::implicit, {type_id::timestamp, type_id::timestamptz}},
    {type_id::time, cast_context::implicit, {type_id::interval}},
    {type_id::timestamp, cast_context::implicit, {type_id::timestamptz}},
    {type_id::timestamp, cast_context::assignment, {type_id::date, type_id::time}},
    {type_id::timestamptz, cast_context::assignment, {type_id::date, type_id::time, type_id::timestamp}},
    {type_id::interval, cast_context::assignment, {type_id::time}},
    {type_id::json, cast_context::assignment, {type_id::jsonb}},
    {type_id::jsonb, cast_context::assignment, {type_id::json}},
    {type_id::jsonb,
     cast_context::explicit_only,
     {type_id::boolean, type_id::int2, type_id::int4, type_id::int8, type_id::numeric, type_id::float4,
      type_id::float8}},
};

inline constexpr auto cast_table = [] {
    std::array<std::array<cast_context, type_count>, type_count> table{};
    auto at = [&](type_id from, type_id to) -> cast_context& {
        return table[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
    };
    for (int i = 0; i < type_count; ++i) {
        auto type = static_cast<type_id>(i);
        at(type, type) = cast_context::implicit;
        if (type == type_id::void_) continue;
        for (type_id text : {type_id::text, type_id::varchar, type_id::bpchar, type_id::name}) {
            // Every type is printed into a column of text, and read from text when asked.
            if (type != text) at(type, text) = cast_context::assignment;
            if (!is_string(type)) at(text, type) = cast_context::explicit_only;
        }
        at(type_id::unknown, type) = cast_context::implicit;
    }
    for (auto const& rule : cast_rules) {
        for (type_id to : rule.to) {
            if (to != type_id::unknown) at(rule.from, to) = rule.context;
        }
    }
    return table;
}();

}  // namespace detail

/// The widest context in which `from` becomes `to`. A type casts to itself implicitly; an unknown literal to any type.
constexpr cast_context castable(type_id from, type_id to) {
    return detail::cast_table[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

/// The type that wins ambiguities within its category (`pg_type.typispreferred`).
constexpr bool is_preferred(type_id type) {
    return type == type_id::boolean || type == type_id::text || type == type_id::oid || type == type_id::float8 ||
           type == type_id::timestamptz || type == type_id::interval;
}

/// Whether the cast changes nothing in the datum: int4 to int8, varchar to text, and each type to itself.
/// (A modifier of the target still has to be applied.)
constexpr bool is_binary_coercible(type_id from, type_id to) {
    auto is_text = [](type_id type) { return type == type_id::text || type == type_id::varchar; };
    auto is_whole = [](type_id type) { return is_integer(type); };
    if (from == to) return true;
    if (is_text(from)) return is_text(to) || to == type_id::bpchar;
    if (from == type_id::name) return is_text(to);
    if (from == type_id::float4) return to == type_id::float8;
    return is_whole(from) && is_whole(to) && from < to;
}

}  // namespace phantomdb
