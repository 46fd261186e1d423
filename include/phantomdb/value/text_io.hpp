/// @file Defines how values of every type are printed as text and read from it, with PostgreSQL's words for what is wrong.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/value/bytea_text.hpp>
#include <phantomdb/value/float_text.hpp>
#include <phantomdb/value/format_settings.hpp>
#include <phantomdb/value/interval_text.hpp>
#include <phantomdb/value/json.hpp>
#include <phantomdb/value/modifier.hpp>
#include <phantomdb/value/numeric_text.hpp>
#include <phantomdb/value/temporal_text.hpp>
#include <phantomdb/value/utf8.hpp>
#include <phantomdb/value/uuid.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb {

namespace detail {

inline error invalid_input(std::string_view type, std::string_view text) {
    return error(errc::invalid_text_representation,
                 "invalid input syntax for type " + std::string(type) + ": \"" + std::string(text) + "\"");
}

inline std::int64_t parse_integer(type_id type, std::string_view text) {
    auto digits = trim_spaces(text);
    if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
    std::int64_t value = 0;
    auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (fault == std::errc::invalid_argument || end != digits.data() + digits.size()) {
        throw invalid_input(facts(type).name, text);
    }
    bool fits = fault == std::errc{};
    switch (type) {
        case type_id::int2: fits = fits && value == static_cast<std::int16_t>(value); break;
        case type_id::int4: fits = fits && value == static_cast<std::int32_t>(value); break;
        case type_id::oid:
            fits = fits && value >= -(std::int64_t{1} << 31) && value < std::int64_t{1} << 32;
            value = static_cast<std::uint32_t>(value);
            break;
        default: break;
    }
    if (!fits) {
        throw error(errc::numeric_value_out_of_range,
                    "value \"" + std::string(text) + "\" is out of range for type " + std::string(facts(type).name));
    }
    return value;
}

inline bool parse_boolean(std::string_view text) {
    auto word = trim_spaces(text);
    auto begins = [&](std::string_view whole, std::size_t least) {
        return word.size() >= least && word.size() <= whole.size() && is_word(word, whole.substr(0, word.size()));
    };
    if (begins("true", 1) || begins("yes", 1) || begins("on", 2) || word == "1") return true;
    if (begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0") return false;
    throw invalid_input("boolean", text);
}

}  // namespace detail

/// Appends the value as PostgreSQL prints it on the wire. Costs no allocation beyond the buffer's growth.
inline void append_text(std::string& out, sql_type type, datum value, format_settings const& settings) {
    switch (type.id) {
        case type_id::boolean: out += value.i != 0 ? 't' : 'f'; return;
        case type_id::int2:
        case type_id::int4:
        case type_id::int8:
        case type_id::oid: {
            char digits[24];
            out.append(digits, std::to_chars(digits, digits + sizeof digits, value.i).ptr);
            return;
        }
        case type_id::numeric: return append_text(out, value.n);
        case type_id::float4: return append_float4_text(out, value.d, settings.extra_float_digits);
        case type_id::float8: return append_float8_text(out, value.d, settings.extra_float_digits);
        case type_id::unknown:
        case type_id::text:
        case type_id::varchar:
        case type_id::bpchar:
        case type_id::name:
        case type_id::json: out += value.t; return;
        case type_id::bytea: return append_bytea_text(out, value.t, settings.bytea_output);
        case type_id::date: return append_date_text(out, value.i);
        case type_id::time: return append_time_text(out, value.i);
        case type_id::timestamp: return append_timestamp_text(out, value.i);
        case type_id::timestamptz: return append_timestamptz_text(out, value.i, *settings.zone);
        case type_id::interval: return append_text(out, value.v);
        case type_id::uuid: return append_text(out, value.u);
        case type_id::jsonb: return append_text(out, document_view(value.t));
        case type_id::void_: return;
    }
}

inline std::string to_text(sql_type type, datum value, format_settings const& settings = {}) {
    std::string out;
    append_text(out, type, value, settings);
    return out;
}

/// Reads a value of the type, its modifier applied (as for a column: text that is too long is refused).
/// Text-like results borrow from `text` itself where nothing had to change, else from `memory`.
/// Throws 22P02, 22003, 22007, 22008, 22001, 22021 and so on, as PostgreSQL's input functions do.
inline datum parse_text(sql_type type, std::string_view text, arena& memory, format_settings const& settings) {
    int digits = type.modifier;
    switch (type.id) {
        case type_id::boolean: return std::int64_t{detail::parse_boolean(text)};
        case type_id::int2:
        case type_id::int4:
        case type_id::int8:
        case type_id::oid: return detail::parse_integer(type.id, text);
        case type_id::numeric: return apply_modifier(parse_numeric(text), type);
        case type_id::float4: return parse_float4(text);
        case type_id::float8: return parse_float8(text);
        case type_id::unknown:
        case type_id::text:
        case type_id::varchar:
        case type_id::bpchar: check_utf8(text); return apply_modifier(text, type, memory);
        case type_id::name: check_utf8(text); return fit_name(text);
        case type_id::bytea: return parse_bytea(text, memory);
        case type_id::date: return parse_date(text, settings);
        case type_id::time: return parse_time(text, digits, settings);
        case type_id::timestamp: return parse_timestamp(text, digits, settings);
        case type_id::timestamptz: return parse_timestamptz(text, digits, settings);
        case type_id::interval: return parse_interval(text, digits);
        case type_id::uuid: return parse_uuid(text);
        case type_id::json:
            check_utf8(text);
            check_json(text);
            return text;
        case type_id::jsonb: check_utf8(text); return memory.copy(parse_document(text));
        case type_id::void_: return std::string_view{};
    }
    return {};
}

}  // namespace phantomdb
