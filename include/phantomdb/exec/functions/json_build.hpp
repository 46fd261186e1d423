/// @file Defines how SQL values become JSON: to_json, the build functions, and what the aggregates share with them.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/document_builder.hpp>
#include <phantomdb/value/json.hpp>
#include <phantomdb/value/text_io.hpp>

#include <string>

namespace phantomdb::exec::functions {

namespace detail {

/// Date and time as JSON wants them: with a T in between, and the offset with minutes.
inline void append_iso_text(std::string& out, call_context& context, sql_type type, datum value) {
    std::size_t begin = out.size();
    append_text(out, type, value, context.settings);
    bool has_time = type.id == type_id::timestamp || type.id == type_id::timestamptz;
    if (!has_time || !is_finite_timestamp(value.i)) return;
    auto blank = out.find(' ', begin);
    if (blank != out.npos) out[blank] = 'T';
    if (type.id != type_id::timestamptz) return;
    auto sign = out.find_first_of("+-", blank);
    auto end = out.find(' ', blank);  // in front of BC
    if (end == out.npos) end = out.size();
    if (sign != out.npos && end - sign == 3) out.insert(end, ":00");
}

/// Appends a value as JSON text.
inline void append_json(std::string& out, call_context& context, sql_type type, nullable_datum const& from) {
    if (from.null) {
        out += "null";
        return;
    }
    datum value = from.value;
    bool is_float = type.id == type_id::float4 || type.id == type_id::float8;
    if (type.id == type_id::boolean) {
        out += value.i ? "true" : "false";
    } else if (type.id == type_id::json) {
        out += value.t;
    } else if (type.id == type_id::jsonb) {
        append_text(out, document_view(value.t));
    } else if ((is_number(type.id) && !is_float && (type.id != type_id::numeric || value.n.is_finite())) ||
               (is_float && std::isfinite(value.d))) {
        append_text(out, type, value, context.settings);
    } else {
        std::string text;
        append_iso_text(text, context, type, value);
        append_json_string(out, text);
    }
}

/// Adds a value to a document.
inline void build_json(document_builder& out, call_context& context, sql_type type, nullable_datum const& from) {
    if (from.null) return out.null();
    switch (type.id) {
        case type_id::boolean: return out.boolean(from.value.i != 0);
        case type_id::int2:
        case type_id::int4:
        case type_id::int8: return out.number(from.value.i);
        case type_id::jsonb: return out.value(document_view(from.value.t));
        case type_id::json: return out.value(document_view(parse_document(from.value.t)));
        case type_id::numeric:
            if (from.value.n.is_finite()) return out.number(from.value.n);
            break;
        case type_id::float4:
        case type_id::float8:
            if (std::isfinite(from.value.d)) {
                std::string digits;
                append_text(digits, type, from.value, context.settings);
                return out.number(std::string_view(digits));
            }
            break;
        default: break;
    }
    std::string text;
    append_iso_text(text, context, type, from.value);
    out.string(text);
}

/// The text of an object's key. Throws 22023 for NULL and for values that are no scalars.
inline std::string key_text(call_context& context, sql_type type, nullable_datum const& key) {
    if (type.id == type_id::json || type.id == type_id::jsonb) {
        throw error(errc::invalid_parameter_value, "key value must be scalar, not array, composite, or json");
    }
    std::string text;
    if (type.id == type_id::boolean) text = key.value.i ? "true" : "false";
    else append_iso_text(text, context, type, key.value);
    return text;
}

inline void check_pairs(call_arguments const& in, char const* function) {
    if (in.size() % 2 == 0) return;
    throw error(errc::invalid_parameter_value, "argument list must have even number of elements")
        .with_hint(std::string("The arguments of ") + function + "() must consist of alternating keys and values.");
}

}  // namespace detail

inline std::string_view to_json(call_context& context, call_arguments const& in) {
    std::string out;
    detail::append_json(out, context, in.type(0), in[0]);
    return context.memory.copy(out);
}
inline std::string_view to_jsonb(call_context& context, call_arguments const& in) {
    document_builder builder;
    detail::build_json(builder, context, in.type(0), in[0]);
    return context.memory.copy(builder.take());
}

inline std::string_view json_build_array(call_context& context, call_arguments const& in) {
    std::string out = "[";
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (i > 0) out += ", ";
        detail::append_json(out, context, in.type(i), in[i]);
    }
    return context.memory.copy(out + "]");
}
inline std::string_view jsonb_build_array(call_context& context, call_arguments const& in) {
    document_builder builder;
    builder.begin_array();
    for (std::size_t i = 0; i < in.size(); ++i) detail::build_json(builder, context, in.type(i), in[i]);
    builder.end_array();
    return context.memory.copy(builder.take());
}
inline std::string_view json_build_object(call_context& context, call_arguments const& in) {
    detail::check_pairs(in, "json_build_object");
    std::string out = "{";
    for (std::size_t i = 0; i < in.size(); i += 2) {
        if (in[i].null) {
            throw error(errc::invalid_parameter_value, "argument " + std::to_string(i + 1) + " cannot be null")
                .with_hint("Object keys should be text.");
        }
        if (i > 0) out += ", ";
        append_json_string(out, detail::key_text(context, in.type(i), in[i]));
        out += " : ";
        detail::append_json(out, context, in.type(i + 1), in[i + 1]);
    }
    return context.memory.copy(out + "}");
}
inline std::string_view jsonb_build_object(call_context& context, call_arguments const& in) {
    detail::check_pairs(in, "jsonb_build_object");
    document_builder builder;
    builder.begin_object();
    for (std::size_t i = 0; i < in.size(); i += 2) {
        if (in[i].null) {
            throw error(errc::invalid_parameter_value, "argument " + std::to_string(i + 1) + ": key must not be null");
        }
        builder.key(detail::key_text(context, in.type(i), in[i]));
        detail::build_json(builder, context, in.type(i + 1), in[i + 1]);
    }
    builder.end_object();
    return context.memory.copy(builder.take());
}
inline constexpr auto json_build_empty_array = &json_build_array, jsonb_build_empty_array = &jsonb_build_array;
inline constexpr auto json_build_empty_object = &json_build_object, jsonb_build_empty_object = &jsonb_build_object;

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_JSON_BUILD_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
