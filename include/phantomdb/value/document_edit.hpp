/// @file Defines what SQL makes of two jsonb values: `||` and `-`.
#pragma once

#include <phantomdb/value/document_builder.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb {
namespace detail {

inline void add_elements(document_builder& builder, document_view from) {
    if (!from.is_array()) return builder.value(from);
    for (std::size_t i = 0, count = from.size(); i < count; ++i) builder.value(from.element(i));
}

inline void add_members(document_builder& builder, document_view from) {
    for (std::size_t i = 0, count = from.size(); i < count; ++i) {
        builder.key(from.key(i));
        builder.value(from.member(i));
    }
}

}  // namespace detail

/// `||`: members of both objects (the right one wins), or the elements of both, where what isn't an array is one.
inline std::string concatenate(document_view left, document_view right) {
    document_builder builder;
    if (left.is_object() && right.is_object()) {
        builder.begin_object();
        detail::add_members(builder, left);
        detail::add_members(builder, right);
        builder.end_object();
    } else {
        builder.begin_array();
        detail::add_elements(builder, left);
        detail::add_elements(builder, right);
        builder.end_array();
    }
    return builder.take();
}

/// `-` with a key: an object without that member, or an array without that string. Throws 22023 for scalars.
inline std::string without_key(document_view document, std::string_view key) {
    if (document.is_scalar()) throw error(errc::invalid_parameter_value, "cannot delete from scalar");
    document_builder builder;
    document.is_object() ? builder.begin_object() : builder.begin_array();
    for (std::size_t i = 0, count = document.size(); i < count; ++i) {
        if (document.is_object()) {
            if (document.key(i) == key) continue;
            builder.key(document.key(i));
            builder.value(document.member(i));
        } else {
            auto element = document.element(i);
            if (!element.is_string() || element.as_string() != key) builder.value(element);
        }
    }
    document.is_object() ? builder.end_object() : builder.end_array();
    return builder.take();
}

/// `-` with a number: an array without that element, counted from its end where negative. Throws 22023 for the rest.
inline std::string without_element(document_view document, std::int64_t index) {
    if (document.is_scalar()) throw error(errc::invalid_parameter_value, "cannot delete from scalar");
    if (document.is_object()) {
        throw error(errc::invalid_parameter_value, "cannot delete from object using integer index");
    }
    auto count = static_cast<std::int64_t>(document.size());
    if (index < 0) index += count;
    document_builder builder;
    builder.begin_array();
    for (std::int64_t i = 0; i < count; ++i) {
        if (i != index) builder.value(document.element(static_cast<std::size_t>(i)));
    }
    builder.end_array();
    return builder.take();
}

}  // namespace phantomdb
