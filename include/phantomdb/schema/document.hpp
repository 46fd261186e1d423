/// @file Defines `document`, a struct that is stored as one jsonb value.
///
///     struct address { std::string city, zip; };
///     struct profile { std::string bio; std::vector<std::string> tags; address home; };
///     struct user    { std::int64_t id; phantomdb::document<profile> about; };
///
/// The struct's adapted members are the members of a JSON object. A member that a stored document lacks (it is older than
/// the member) or has as null keeps what the struct initialises it with. Members that the struct doesn't know survive: a
/// document remembers the bytes it was read from, and writing it again keeps them, at every depth but inside arrays.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/schema/record.hpp>
#include <phantomdb/value/document.hpp>
#include <phantomdb/value/document_builder.hpp>

#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace phantomdb {

namespace detail {

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = !std::is_same_v<T, std::byte>;
template <class T>
inline constexpr bool is_text_map = false;
template <class T>
inline constexpr bool is_text_map<std::map<std::string, T>> = true;

/// Values that JSON has no parts of.
template <class T>
inline constexpr bool is_document_leaf =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> || std::is_same_v<T, numeric>;

template <class T>
void write_part(document_builder& builder, T const& value, std::optional<document_view> before) {
    if constexpr (is_optional<T>) {
        value ? write_part(builder, *value, before) : builder.null();
    } else if constexpr (std::is_same_v<T, bool>) {
        builder.boolean(value);
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
        builder.number(static_cast<std::int64_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(value)) return builder.null();
        char text[40];
        builder.number(std::string_view(text, std::to_chars(text, text + sizeof text, value).ptr));
    } else if constexpr (std::is_same_v<T, numeric>) {
        builder.number(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        builder.string(value);
    } else if constexpr (is_vector<T>) {
        builder.begin_array();
        for (auto const& element : value) write_part(builder, element, std::nullopt);
        builder.end_array();
    } else if constexpr (is_text_map<T>) {
        builder.begin_object();
        for (auto const& [key, element] : value) {
            builder.key(key);
            write_part(builder, element, before ? before->find(key) : std::nullopt);
        }
        builder.end_object();
    } else {
        static_assert(adapted<T>,
                      "phantomdb: a document holds numbers, text, bool, vectors, maps from text, and adapted structs");
        builder.begin_object();
        auto const& known = record_of<T>;
        for (std::size_t i = 0; before && before->is_object() && i < before->size(); ++i) {
            if (known.find(before->key(i)) >= 0) continue;
            builder.key(before->key(i));
            builder.value(before->member(i));
        }
        each_member<T>([&](auto ordinal, auto member) {
            std::string_view name = known.members[ordinal].name;
            builder.key(name);
            write_part(builder, value.*member, before ? before->find(name) : std::nullopt);
        });
        builder.end_object();
    }
}

[[noreturn]] inline void wrong_part(document_view found, std::string_view wanted) {
    throw error(errc::datatype_mismatch, "a stored document has " + std::string(name_of(found.kind())) +
                                             " where the program expects " + std::string(wanted));
}

/// Reads a part of a document. Null leaves the value as it was.
template <class T>
void read_part(T& value, document_view from) {
    if (from.is_null()) return;
    if constexpr (is_optional<T>) {
        read_part(value.emplace(), from);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (!from.is_boolean()) wrong_part(from, "a boolean");
        value = from.as_boolean();
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, numeric>) {
        if (!from.is_number()) wrong_part(from, "a number");
        if constexpr (std::is_same_v<T, numeric>) {
            value = from.as_numeric();
        } else {
            std::string text;
            from.append_number(text);
            std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t> read{};
            auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), read);
            if (fault != std::errc{} || end != text.data() + text.size()) {
                throw error(errc::numeric_value_out_of_range, "number " + text + " of a stored document does not fit");
            }
            value = static_cast<T>(read);
            if constexpr (std::is_integral_v<T>) {
                if (value != read) {
                    throw error(errc::numeric_value_out_of_range,
                                "number " + text + " of a stored document does not fit");
                }
            }
        }
    } else if constexpr (std::is_same_v<T, std::string>) {
        if (!from.is_string()) wrong_part(from, "a string");
        value = from.as_string();
    } else if constexpr (is_vector<T>) {
        if (!from.is_array()) wrong_part(from, "an array");
        value.clear();
        for (std::size_t i = 0; i < from.size(); ++i) read_part(value.emplace_back(), from.element(i));
    } else if constexpr (is_text_map<T>) {
        if (!from.is_object()) wrong_part(from, "an object");
        for (std::size_t i = 0; i < from.size(); ++i) read_part(value[std::string(from.key(i))], from.member(i));
    } else {
        if (!from.is_object()) wrong_part(from, "an object");
        each_member<T>([&](auto ordinal, auto member) {
            if (auto part = from.find(record_of<T>.members[ordinal].name)) read_part(value.*member, *part);
        });
    }
}

}  // namespace detail

/// A `T` stored as jsonb. Behaves as an owning pointer to it: `user.about->home.city`. A value: copies are independent.
template <class T>
class document {
public:
    using document_content = T;
    /// What a step into this document leads to: a value, or a document again.
    template <class Member>
    using part = std::conditional_t<detail::is_document_leaf<Member>, Member, document<Member>>;

    document() = default;
    document(T content) : content_(std::move(content)) {}  // NOLINT: a document is what it holds

    T& operator*() { return content_; }
    T const& operator*() const { return content_; }
    T* operator->() { return &content_; }
    T const* operator->() const { return &content_; }

    /// The jsonb bytes, with members kept that `T` doesn't know.
    std::string encode() const {
        document_builder builder;
        std::optional<document_view> before;
        if (!stored_.empty()) before = document_view(stored_);
        detail::write_part(builder, content_, before);
        return builder.take();
    }
    /// Reads valid jsonb bytes. Throws 42804 where the document has another kind of value than `T`, 22003 for numbers that
    /// don't fit.
    static document decode(std::string_view bytes) {
        document made;
        detail::read_part(made.content_, document_view(bytes));
        made.stored_ = bytes;
        return made;
    }

    friend bool operator==(document const& a, document const& b)
        requires std::equality_comparable<T>
    {
        return a.content_ == b.content_;
    }

private:
    T content_{};
    std::string stored_;  // as read, for the members that T doesn't know
};

template <class T>
struct column_type<document<T>> {
    static constexpr bool storable = true;
    static constexpr sql_type sql{type_id::jsonb, -1};
    static datum to_datum(document<T> const& value, std::string* memory) {
        *memory = value.encode();
        return datum{std::string_view(*memory)};
    }
    static document<T> from_datum(datum raw) { return document<T>::decode(raw.t); }
};

}  // namespace phantomdb
