/// @file Defines what a type's modifier does to a value, and a type's name with its modifier.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/value/numeric.hpp>
#include <phantomdb/value/temporal.hpp>
#include <phantomdb/value/type.hpp>
#include <phantomdb/value/utf8.hpp>

#include <cstring>
#include <string>
#include <string_view>

namespace phantomdb {

/// The type as `name_of` prints it: `numeric(12,2)`, `character varying(20)`, `timestamp(3) without time zone`.
inline std::string name_of(sql_type type) {
    std::string name(facts(type.id).name);
    if (type.modifier < 0) return name;
    switch (type.id) {
        case type_id::numeric:
            return name + "(" + std::to_string(numeric_precision(type)) + "," + std::to_string(numeric_scale(type)) +
                   ")";
        case type_id::varchar:
        case type_id::bpchar:
        case type_id::interval: return name + "(" + std::to_string(type.modifier) + ")";
        case type_id::time:
        case type_id::timestamp:
        case type_id::timestamptz:
            return name.insert(name.find(' ') == std::string::npos ? name.size() : name.find(' '),
                               "(" + std::to_string(type.modifier) + ")");
        default: return name;
    }
}

/// How text that is too long for its type is met.
enum class overlong : bool { refuse, cut };

namespace detail {

inline std::string_view fit_length(std::string_view text, sql_type type, arena& memory, overlong policy) {
    auto limit = static_cast<std::size_t>(type.modifier);
    if (text.size() > limit) {  // in bytes; perhaps not in characters
        std::size_t end = character_offset(text, limit);
        if (policy == overlong::refuse && text.find_first_not_of(' ', end) != std::string_view::npos) {
            throw error(errc::string_data_right_truncation, "value too long for type " + name_of(type));
        }
        text = text.substr(0, end);
    }
    std::size_t count = type.id == type_id::bpchar ? character_count(text) : limit;
    if (count >= limit) return text;
    std::size_t blanks = limit - count;
    char* padded = memory.allocate(text.size() + blanks);
    if (!text.empty()) std::memcpy(padded, text.data(), text.size());
    std::memset(padded + text.size(), ' ', blanks);
    return {padded, text.size() + blanks};
}

}  // namespace detail

/// The value as the type's modifier wants it: rounded, cut or padded. Text may be cut only of blanks unless told.
/// Throws 22001 and 22003. Results borrow from `value` or `memory`.
inline datum apply_modifier(datum value, sql_type type, arena& memory, overlong policy = overlong::refuse) {
    if (type.modifier < 0) return value;
    switch (type.id) {
        case type_id::numeric: return apply_modifier(value.n, type);
        case type_id::varchar:
        case type_id::bpchar: return detail::fit_length(value.t, type, memory, policy);
        case type_id::time:
        case type_id::timestamp:
        case type_id::timestamptz: return round_fraction(value.i, type.modifier);
        case type_id::interval:
            value.v.microseconds = round_fraction(value.v.microseconds, type.modifier);
            return value;
        default: return value;
    }
}

/// An identifier cut to the 63 bytes a `name` holds, at a character's edge.
constexpr std::string_view fit_name(std::string_view text) {
    constexpr std::size_t limit = 63;
    if (text.size() <= limit) return text;
    std::size_t end = limit;
    while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}

}  // namespace phantomdb
