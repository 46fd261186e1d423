/// @file Defines the aggregates that collect their input: string_agg and those that build JSON.
#pragma once

#include <phantomdb/exec/functions/aggregate.hpp>
#include <phantomdb/exec/functions/json_build.hpp>

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

[[noreturn]] inline void null_field_name() {
    throw error(errc::invalid_parameter_value, "field name must not be null");
}

/// The parts of a JSON value: texts of json, or bytes of jsonb. Pairs are a key and a value each.
struct json_parts {
    struct state {
        std::vector<std::string> parts;
    };
    static void merge(state& into, state const& from) {
        into.parts.insert(into.parts.end(), from.parts.begin(), from.parts.end());
    }
};
template <bool Binary>
std::string json_part(call_context& context, sql_type type, nullable_datum const& value) {
    if constexpr (Binary) {
        document_builder builder;
        functions::detail::build_json(builder, context, type, value);
        return builder.take();
    } else {
        std::string text;
        functions::detail::append_json(text, context, type, value);
        return text;
    }
}

template <bool Binary>
struct json_array : json_parts {
    static void add(call_context& context, state& s, call_arguments const& in) {
        s.parts.push_back(json_part<Binary>(context, in.type(0), in[0]));
    }
    static std::optional<std::string_view> finish(call_context& context, state const& s) {
        if (s.parts.empty()) return std::nullopt;
        if constexpr (Binary) {
            document_builder builder;
            builder.begin_array();
            for (auto const& part : s.parts) builder.value(document_view(part));
            builder.end_array();
            return context.memory.copy(builder.take());
        } else {
            std::string out;
            for (auto const& part : s.parts) out.append(out.empty() ? "[" : ", ").append(part);
            return context.memory.copy(out + "]");
        }
    }
};

template <bool Binary>
struct json_object : json_parts {
    static void add(call_context& context, state& s, call_arguments const& in) {
        if (in[0].null) null_field_name();
        s.parts.push_back(functions::detail::key_text(context, in.type(0), in[0]));
        s.parts.push_back(json_part<Binary>(context, in.type(1), in[1]));
    }
    static std::optional<std::string_view> finish(call_context& context, state const& s) {
        if (s.parts.empty()) return std::nullopt;
        document_builder builder;
        if (Binary) builder.begin_object();
        std::string out;
        for (std::size_t i = 0; i < s.parts.size(); i += 2) {
            if constexpr (Binary) {
                builder.key(s.parts[i]);
                builder.value(document_view(s.parts[i + 1]));
            } else {
                out += out.empty() ? "{ " : ", ";
                append_json_string(out, s.parts[i]);
                out.append(" : ").append(s.parts[i + 1]);
            }
        }
        if (Binary) builder.end_object();
        return context.memory.copy(Binary ? builder.take() : out + " }");
    }
};

}  // namespace detail

template <>
struct aggregate<aggregate_id::json_agg> : detail::json_array<false> {};
template <>
struct aggregate<aggregate_id::jsonb_agg> : detail::json_array<true> {};
template <>
struct aggregate<aggregate_id::json_object_agg> : detail::json_object<false> {};
template <>
struct aggregate<aggregate_id::jsonb_object_agg> : detail::json_object<true> {};

template <>
struct aggregate<aggregate_id::string_agg_text> : detail::joining {};
template <>
struct aggregate<aggregate_id::string_agg_bytea> : detail::joining {};

}  // namespace phantomdb::exec
