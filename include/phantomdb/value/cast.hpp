/// @file Defines what a cast does to a value. Which casts there are, `castable.hpp` says.
#pragma once

#include <phantomdb/value/castable.hpp>
#include <phantomdb/value/compare.hpp>
#include <phantomdb/value/text_io.hpp>

#include <cmath>
#include <cstdint>
#include <string>

namespace phantomdb {

namespace detail {

[[noreturn]] inline void throw_integer_out_of_range(type_id type) {
    throw error(errc::numeric_value_out_of_range,
                type == type_id::oid ? "OID out of range" : std::string(facts(type).name) + " out of range");
}

inline std::int64_t narrow(std::int64_t value, type_id to) {
    bool fits = to == type_id::int2   ? value == static_cast<std::int16_t>(value)
                : to == type_id::int4 ? value == static_cast<std::int32_t>(value)
                : to == type_id::oid  ? value == static_cast<std::uint32_t>(value)
                                      : true;
    if (!fits) throw_integer_out_of_range(to);
    return value;
}

/// Half goes to the even neighbour.
inline std::int64_t round_to_integer(double value, type_id to) {
    double whole = std::rint(value);
    if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)) throw_integer_out_of_range(to);
    return narrow(static_cast<std::int64_t>(whole), to);
}

inline double narrow_to_float4(double value) {
    auto narrowed = static_cast<float>(value);
    if (std::isinf(narrowed) && !std::isinf(value)) {
        throw error(errc::numeric_value_out_of_range, "value out of range: overflow");
    }
    if (narrowed == 0 && value != 0) throw error(errc::numeric_value_out_of_range, "value out of range: underflow");
    return static_cast<double>(narrowed);
}

inline datum cast_number(datum value, type_id from, type_id to) {
    switch (to) {
        case type_id::int2:
        case type_id::int4:
        case type_id::int8:
        case type_id::oid:
            if (from == type_id::numeric) return to_integer(value.n, to);
            if (physical_of(from) == physical::floating) return round_to_integer(value.d, to);
            // oid and int4 share their bits.
            if (from == type_id::oid && to == type_id::int4) return std::int64_t{static_cast<std::int32_t>(value.i)};
            if (to == type_id::oid && from != type_id::int8) return std::int64_t{static_cast<std::uint32_t>(value.i)};
            return narrow(value.i, to);
        case type_id::numeric:
            if (physical_of(from) == physical::floating) return to_numeric(value.d, from == type_id::float4);
            return to_numeric(value.i);
        case type_id::float4:
            if (from == type_id::float8) return narrow_to_float4(value.d);
            if (from == type_id::numeric)
                return value.n.is_finite() ? parse_float4(to_text(value.n)) : to_double(value.n);
            return static_cast<double>(static_cast<float>(value.i));
        default:
            if (from == type_id::numeric) return to_double(value.n);
            return from == type_id::float4 ? value.d : static_cast<double>(value.i);
    }
}

inline datum cast_document(document_view document, type_id to, arena& memory) {
    if (to == type_id::json) return memory.copy(to_text(document));
    bool wanted = to == type_id::boolean ? document.is_boolean() : document.is_number();
    if (!wanted) {
        auto kind = document.is_number() ? std::string_view("numeric") : name_of(document.kind());
        throw error(errc::invalid_parameter_value,
                    "cannot cast jsonb " + std::string(kind) + " to type " + std::string(facts(to).name));
    }
    if (to == type_id::boolean) return std::int64_t{document.as_boolean()};
    if (to == type_id::numeric) return document.as_numeric();
    if (document.kind() == document_kind::long_number) {
        auto digits = document.as_string();
        if (to == type_id::float4) return parse_float4(digits);
        if (to == type_id::float8) return parse_float8(digits);
        if (digits.substr(0, digits.find('.')).size() > 20) throw_integer_out_of_range(to);
    }
    return cast_number(document.as_numeric(), type_id::numeric, to);
}

inline datum cast_temporal(datum value, type_id from, type_id to, format_settings const& settings) {
    std::int64_t moment = value.i;
    switch (from) {
        case type_id::date:
            moment = timestamp_from_date(moment);
            return to == type_id::timestamptz ? instant_from_local(moment, *settings.zone) : moment;
        case type_id::time: return interval{moment, 0, 0};
        case type_id::interval:
            moment = value.v.microseconds;
            return moment - floor_divide(moment, microseconds_per_day) * microseconds_per_day;
        case type_id::timestamptz: moment = local_from_instant(moment, *settings.zone); break;
        default: break;
    }
    if (to == type_id::timestamptz) return instant_from_local(moment, *settings.zone);
    if (to == type_id::timestamp) return moment;
    if (to == type_id::date) return date_from_timestamp(moment);
    if (!is_finite_timestamp(moment)) throw_timestamp_out_of_range();
    return moment - floor_divide(moment, microseconds_per_day) * microseconds_per_day;
}

}  // namespace detail

/// The value as another type, its modifier applied. `context` tells a written cast, which cuts text that is too long,
/// from an assignment, which refuses it (22001). Text-like results borrow from `value` or `memory`.
/// Throws what PostgreSQL throws: 22003, 22P02, 22007, 22008, 22023; 42846 where there is no such cast.
/// An infinite timestamp cast to time raises 22008, where PostgreSQL answers NULL.
inline datum cast(datum value, sql_type from, sql_type to, arena& memory, format_settings const& settings,
                  cast_context context = cast_context::explicit_only) {
    auto modified = [&](datum made) {
        return apply_modifier(made, to, memory,
                              context == cast_context::explicit_only ? overlong::cut : overlong::refuse);
    };
    bool from_text = is_string(from.id) || from.id == type_id::unknown;
    if (is_binary_coercible(from.id, to.id)) return modified(value);
    if (castable(from.id, to.id) == cast_context::none) {
        throw error(errc::cannot_coerce,
                    "cannot cast type " + std::string(facts(from.id).name) + " to " + std::string(facts(to.id).name));
    }
    if (is_string(to.id)) {
        std::string_view text;
        if (from_text) {
            text = from.id == type_id::bpchar ? without_trailing_blanks(value.t) : value.t;
        } else if (from.id == type_id::boolean && to.id != type_id::name) {
            text = value.i != 0 ? "true" : "false";
        } else {
            text = memory.copy(to_text(from, value, settings));
        }
        return modified(to.id == type_id::name ? fit_name(text) : text);
    }
    if (from_text) {
        return modified(parse_text({to.id, -1}, value.t, memory, settings));
    }
    if (facts(from.id).category == 'N' && facts(to.id).category == 'N') {
        return modified(detail::cast_number(value, from.id, to.id));
    }
    if (from.id == type_id::boolean) return value;
    if (to.id == type_id::boolean && from.id == type_id::int4) return std::int64_t{value.i != 0};
    if (from.id == type_id::json) return memory.copy(parse_document(value.t));
    if (from.id == type_id::jsonb) return modified(detail::cast_document(document_view(value.t), to.id, memory));
    return modified(detail::cast_temporal(value, from.id, to.id, settings));
}

}  // namespace phantomdb
