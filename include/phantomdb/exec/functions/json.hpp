/// @file Defines the operators and functions that read and change json and jsonb.
///
/// Paths, which PostgreSQL takes as text[], are given here as the text of such an array: '{a,0,b}'.
#pragma once

#include <phantomdb/exec/functions/json_slice.hpp>
#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/document.hpp>
#include <phantomdb/value/document_edit.hpp>

namespace phantomdb::exec::functions {

namespace detail {

using maybe_text = std::optional<std::string_view>;

/// A value as `->>` shows it: strings without quotes, the JSON null as NULL.
inline maybe_text as_text(call_context& context, json_slice value) {
    if (value.is_null()) return std::nullopt;
    return value.is_string() ? context.memory.copy(value.decoded()) : value.text();
}
inline maybe_text as_text(call_context& context, document_view value) {
    if (value.is_null()) return std::nullopt;
    return value.is_string() ? value.as_string() : context.memory.copy(to_text(value));
}
inline std::string_view raw(json_slice value) { return value.text(); }
inline std::string_view raw(document_view value) { return value.bytes(); }

template <class View>
maybe_text raw(std::optional<View> const& value) {
    return value ? maybe_text{raw(*value)} : std::nullopt;
}
template <class View>
maybe_text as_text(call_context& context, std::optional<View> const& value) {
    return value ? as_text(context, *value) : std::nullopt;
}

template <class View, class Path>
std::optional<View> follow(std::string_view from, Path const& path) {
    std::optional<View> value(from);
    for (auto const& name : path) {
        value = value->step(name);
        if (!value) break;
    }
    return value;
}

template <class View>
struct reader {
    static maybe_text member(std::string_view from, std::string_view name) { return raw(View(from).find(name)); }
    static maybe_text element(std::string_view from, std::int64_t index) { return raw(at(from, index)); }
    static maybe_text path(std::string_view from, std::string_view path) {
        return raw(follow<View>(from, parse_path(path)));
    }
    static maybe_text member_text(call_context& context, std::string_view from, std::string_view name) {
        return as_text(context, View(from).find(name));
    }
    static maybe_text element_text(call_context& context, std::string_view from, std::int64_t index) {
        return as_text(context, at(from, index));
    }
    static maybe_text path_text(call_context& context, std::string_view from, std::string_view path) {
        return as_text(context, follow<View>(from, parse_path(path)));
    }
    static maybe_text extract(call_context&, call_arguments const& in) {
        return raw(follow<View>(in[0].value.t, names(in)));
    }
    static maybe_text extract_text(call_context& context, call_arguments const& in) {
        return as_text(context, follow<View>(in[0].value.t, names(in)));
    }
    /// A scalar jsonb counts as an array of itself here, as in PostgreSQL.
    static std::optional<View> at(std::string_view from, std::int64_t index) {
        View value(from);
        if constexpr (std::is_same_v<View, document_view>) {
            if (value.is_scalar() && (index == 0 || index == -1)) return value;
        }
        return value.at(index);
    }
    static std::vector<std::string_view> names(call_arguments const& in) {
        std::vector<std::string_view> result;
        for (std::size_t i = 1; i < in.size(); ++i) result.push_back(in[i].value.t);
        return result;
    }
};

[[noreturn]] inline void invalid_document_use(std::string message) {
    throw error(errc::invalid_parameter_value, std::move(message));
}

}  // namespace detail

#define PHANTOMDB_JSON_READERS(type, view) \
    inline constexpr auto type##_member = &detail::reader<view>::member; \
    inline constexpr auto type##_element = &detail::reader<view>::element; \
    inline constexpr auto type##_member_text = &detail::reader<view>::member_text; \
    inline constexpr auto type##_element_text = &detail::reader<view>::element_text; \
    inline constexpr auto type##_path = &detail::reader<view>::path; \
    inline constexpr auto type##_path_text = &detail::reader<view>::path_text; \
    inline constexpr auto type##_extract_path = &detail::reader<view>::extract; \
    inline constexpr auto type##_extract_path_text = &detail::reader<view>::extract_text;
PHANTOMDB_JSON_READERS(json, json_slice)
PHANTOMDB_JSON_READERS(jsonb, document_view)
#undef PHANTOMDB_JSON_READERS

inline std::string_view json_typeof(std::string_view value) { return json_slice(value).type_name(); }
inline std::string_view jsonb_typeof(std::string_view value) { return name_of(document_view(value).kind()); }

inline std::int64_t json_array_length(std::string_view value) {
    json_slice slice(value);
    if (slice.is_object()) detail::invalid_document_use("cannot get array length of a non-array");
    if (!slice.is_array()) detail::invalid_document_use("cannot get array length of a scalar");
    return slice.size();
}
inline std::int64_t jsonb_array_length(std::string_view value) {
    document_view document(value);
    if (document.is_scalar()) detail::invalid_document_use("cannot get array length of a scalar");
    if (document.is_object()) detail::invalid_document_use("cannot get array length of a non-array");
    return static_cast<std::int64_t>(document.size());
}

inline bool jsonb_eq(std::string_view a, std::string_view b) {
    return compare(document_view(a), document_view(b)) == 0;
}
inline bool jsonb_ne(std::string_view a, std::string_view b) { return !jsonb_eq(a, b); }
inline bool jsonb_lt(std::string_view a, std::string_view b) { return compare(document_view(a), document_view(b)) < 0; }
inline bool jsonb_gt(std::string_view a, std::string_view b) { return jsonb_lt(b, a); }
inline bool jsonb_le(std::string_view a, std::string_view b) { return !jsonb_lt(b, a); }
inline bool jsonb_ge(std::string_view a, std::string_view b) { return !jsonb_lt(a, b); }

inline bool jsonb_contains(std::string_view whole, std::string_view part) {
    return contains(document_view(whole), document_view(part));
}
inline bool jsonb_contained(std::string_view part, std::string_view whole) { return jsonb_contains(whole, part); }
inline bool jsonb_exists(std::string_view value, std::string_view key) { return has_key(document_view(value), key); }
inline bool jsonb_exists_any(std::string_view value, std::string_view keys) {
    for (auto const& key : parse_path(keys)) {
        if (jsonb_exists(value, key)) return true;
    }
    return false;
}
inline bool jsonb_exists_all(std::string_view value, std::string_view keys) {
    for (auto const& key : parse_path(keys)) {
        if (!jsonb_exists(value, key)) return false;
    }
    return true;
}

inline std::string_view jsonb_concat(call_context& context, std::string_view a, std::string_view b) {
    return context.memory.copy(concatenate(document_view(a), document_view(b)));
}
inline std::string_view jsonb_without_key(call_context& context, std::string_view value, std::string_view key) {
    return context.memory.copy(without_key(document_view(value), key));
}
inline std::string_view jsonb_without_element(call_context& context, std::string_view value, std::int64_t index) {
    return context.memory.copy(without_element(document_view(value), index));
}

namespace detail {

enum class path_change : std::uint8_t { replace, replace_or_create, insert_before, insert_after, erase };

/// Copies a document with a change at the end of a path.
class path_writer {
public:
    path_writer(std::vector<std::string> const& path, document_view replacement, path_change change)
        : path_(path), replacement_(replacement), change_(change) {}

    std::string write(document_view document) {
        write_value(document, 0);
        return builder_.take();
    }

private:
    bool is_insert() const { return change_ == path_change::insert_before || change_ == path_change::insert_after; }
    bool creates() const { return is_insert() || change_ == path_change::replace_or_create; }

    void write_value(document_view value, std::size_t level) {
        if (value.is_object()) write_object(value, level);
        else if (value.is_array()) write_array(value, level);
        else builder_.value(value);
    }

    void write_object(document_view object, std::size_t level) {
        bool last = level + 1 == path_.size(), found = false;
        builder_.begin_object();
        for (std::size_t i = 0; i < object.size(); ++i) {
            std::string_view key = object.key(i);
            if (key != path_[level]) {
                builder_.key(key);
                builder_.value(object.member(i));
                continue;
            }
            found = true;
            if (last && is_insert()) {
                throw error(errc::invalid_parameter_value, "cannot replace existing key")
                    .with_hint("Try using the function jsonb_set to replace key value.");
            }
            if (last && change_ == path_change::erase) continue;
            builder_.key(key);
            if (last) builder_.value(replacement_);
            else write_value(object.member(i), level + 1);
        }
        if (!found && last && creates()) {
            builder_.key(path_[level]);
            builder_.value(replacement_);
        }
        builder_.end_object();
    }

    void write_array(document_view array, std::size_t level) {
        auto count = static_cast<std::int64_t>(array.size());
        std::int64_t index = index_at(level);
        bool last = level + 1 == path_.size(), in_front = index < -count;
        if (index < 0) index += count;
        builder_.begin_array();
        if (in_front && last && creates()) builder_.value(replacement_);
        for (std::int64_t i = 0; i < count; ++i) {
            document_view element = array.element(static_cast<std::size_t>(i));
            if (i != index) {
                builder_.value(element);
            } else if (!last) {
                write_value(element, level + 1);
            } else {
                if (change_ != path_change::erase && change_ != path_change::insert_after) builder_.value(replacement_);
                if (is_insert()) builder_.value(element);
                if (change_ == path_change::insert_after) builder_.value(replacement_);
            }
        }
        if (index >= count && last && creates()) builder_.value(replacement_);
        builder_.end_array();
    }

    std::int64_t index_at(std::size_t level) const {
        std::string const& text = path_[level];
        std::int32_t index = 0;
        auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), index);
        if (fault != std::errc{} || end != text.data() + text.size()) {
            throw error(errc::invalid_text_representation, "path element at position " + std::to_string(level + 1) +
                                                               " is not an integer: \"" + text + "\"");
        }
        return index;
    }

    std::vector<std::string> const& path_;
    document_view replacement_;
    path_change change_;
    document_builder builder_;
};

inline std::string_view change_path(call_context& context, std::string_view value, std::string_view path_text,
                                    std::string_view replacement, path_change change) {
    document_view document(value);
    auto path = parse_path(path_text);
    if (document.is_scalar()) {
        invalid_document_use(change == path_change::erase ? "cannot delete path in scalar"
                                                          : "cannot set path in scalar");
    }
    bool adds = change != path_change::erase && change != path_change::replace;
    if (path.empty() || (document.size() == 0 && !adds)) return value;
    return context.memory.copy(path_writer(path, document_view(replacement), change).write(document));
}

}  // namespace detail

inline std::string_view jsonb_set_or_not(call_context& context, std::string_view value, std::string_view path,
                                         std::string_view replacement, bool create) {
    return detail::change_path(context, value, path, replacement,
                               create ? detail::path_change::replace_or_create : detail::path_change::replace);
}
inline std::string_view jsonb_set(call_context& context, std::string_view value, std::string_view path,
                                  std::string_view replacement) {
    return jsonb_set_or_not(context, value, path, replacement, true);
}
inline std::string_view jsonb_insert_at(call_context& context, std::string_view value, std::string_view path,
                                        std::string_view replacement, bool after) {
    return detail::change_path(context, value, path, replacement,
                               after ? detail::path_change::insert_after : detail::path_change::insert_before);
}
inline std::string_view jsonb_insert(call_context& context, std::string_view value, std::string_view path,
                                     std::string_view replacement) {
    return jsonb_insert_at(context, value, path, replacement, false);
}
inline std::string_view jsonb_without_path(call_context& context, std::string_view value, std::string_view path) {
    return detail::change_path(context, value, path, {"\0", 1}, detail::path_change::erase);
}

namespace detail {

inline void strip_nulls(document_builder& out, document_view value) {
    if (value.is_scalar()) return out.value(value);
    value.is_object() ? out.begin_object() : out.begin_array();
    for (std::size_t i = 0; i < value.size(); ++i) {
        document_view part = value.is_object() ? value.member(i) : value.element(i);
        if (value.is_object()) {
            if (part.is_null()) continue;
            out.key(value.key(i));
        }
        strip_nulls(out, part);
    }
    value.is_object() ? out.end_object() : out.end_array();
}
inline void strip_nulls(std::string& out, json_slice value) {
    bool first = true;
    auto separate = [&] {
        if (!first) out += ',';
        first = false;
    };
    if (value.is_object()) {
        out += '{';
        value.each_member([&](json_slice key, json_slice member) {
            if (member.is_null()) return;
            separate();
            append_json_string(out, key.decoded());
            out += ':';
            strip_nulls(out, member);
        });
        out += '}';
    } else if (value.is_array()) {
        out += '[';
        value.each_element([&](json_slice element) {
            separate();
            strip_nulls(out, element);
            return true;
        });
        out += ']';
    } else if (value.is_string()) {
        append_json_string(out, value.decoded());
    } else {
        out += value.text();
    }
}

inline void print_pretty(std::string& out, document_view value, std::size_t indent) {
    if (value.is_scalar()) return append_text(out, value);
    out += value.is_object() ? '{' : '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out += ',';
        out.append("\n").append((indent + 1) * 4, ' ');
        if (value.is_object()) {
            append_json_string(out, value.key(i));
            out += ": ";
        }
        print_pretty(out, value.is_object() ? value.member(i) : value.element(i), indent + 1);
    }
    out.append("\n").append(indent * 4, ' ');
    out += value.is_object() ? '}' : ']';
}

}  // namespace detail

inline std::string_view json_strip_nulls(call_context& context, std::string_view value) {
    std::string out;
    detail::strip_nulls(out, json_slice(value));
    return context.memory.copy(out);
}
inline std::string_view jsonb_strip_nulls(call_context& context, std::string_view value) {
    document_builder builder;
    detail::strip_nulls(builder, document_view(value));
    return context.memory.copy(builder.take());
}
inline std::string_view jsonb_pretty(call_context& context, std::string_view value) {
    std::string out;
    detail::print_pretty(out, document_view(value), 0);
    return context.memory.copy(out);
}

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_JSON_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
