/// @file Defines how a value of type json, which keeps its text as written, is taken apart without changing the text.
///
/// The text is valid (input is checked), so scanning only has to find where values end.
#pragma once

#include <phantomdb/value/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::exec {

/// One JSON value inside valid JSON text. Borrowed; cheap to copy.
class json_slice {
public:
    explicit json_slice(std::string_view text) : text_(trimmed(text)) {}

    std::string_view text() const { return text_; }
    bool is_object() const { return text_[0] == '{'; }
    bool is_array() const { return text_[0] == '['; }
    bool is_string() const { return text_[0] == '"'; }
    bool is_null() const { return text_[0] == 'n'; }

    std::string_view type_name() const {
        switch (text_[0]) {
            case '{': return "object";
            case '[': return "array";
            case '"': return "string";
            case 't':
            case 'f': return "boolean";
            case 'n': return "null";
            default: return "number";
        }
    }

    /// The characters of a string, its escapes decoded.
    std::string decoded() const { return std::string(document_view(parse_document(text_)).as_string()); }

    /// Calls `visit(json_slice)` for each element of an array, until it returns false.
    template <class Visit>
    void each_element(Visit visit) const {
        std::size_t at = skip_spaces(1);
        while (text_[at] != ']') {
            std::size_t end = skip_value(at);
            if (!visit(json_slice(text_.substr(at, end - at)))) return;
            at = skip_separator(end);
        }
    }

    /// Calls `visit(key, json_slice)` for each member of an object, as written.
    template <class Visit>
    void each_member(Visit visit) const {
        std::size_t at = skip_spaces(1);
        while (text_[at] != '}') {
            std::size_t key_end = skip_value(at);
            json_slice key(text_.substr(at, key_end - at));
            at = skip_spaces(skip_spaces(key_end) + 1);  // behind the colon
            std::size_t end = skip_value(at);
            visit(key, json_slice(text_.substr(at, end - at)));
            at = skip_separator(end);
        }
    }

    /// The member called `name`; the last of several.
    std::optional<json_slice> find(std::string_view name) const {
        std::optional<json_slice> found;
        if (!is_object()) return found;
        each_member([&](json_slice key, json_slice value) {
            if (key.is_called(name)) found = value;
        });
        return found;
    }

    /// Elements of an array.
    std::int64_t size() const {
        std::int64_t count = 0;
        each_element([&](json_slice) { return ++count, true; });
        return count;
    }

    /// The element with this index, from the end where negative.
    std::optional<json_slice> at(std::int64_t index) const {
        std::optional<json_slice> found;
        if (!is_array()) return found;
        if (index < 0 && (index += size()) < 0) return found;
        each_element([&](json_slice element) {
            if (index-- == 0) found = element;
            return !found;
        });
        return found;
    }

    /// One step of `#>`: a key of an object, or the text of an index into an array.
    std::optional<json_slice> step(std::string_view name) const {
        if (is_object()) return find(name);
        std::int64_t index = 0;
        auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), index);
        if (fault != std::errc{} || end != name.data() + name.size()) return std::nullopt;
        return at(index);
    }

private:
    static std::string_view trimmed(std::string_view text) {
        auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
        while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
        while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
        return text;
    }
    std::size_t skip_spaces(std::size_t at) const {
        while (text_[at] == ' ' || text_[at] == '\n' || text_[at] == '\t' || text_[at] == '\r') ++at;
        return at;
    }
    std::size_t skip_separator(std::size_t at) const {
        at = skip_spaces(at);
        return text_[at] == ',' ? skip_spaces(at + 1) : at;
    }
    std::size_t skip_string(std::size_t at) const {
        for (++at; text_[at] != '"'; ++at) at += text_[at] == '\\';
        return at + 1;
    }
    std::size_t skip_value(std::size_t at) const {
        if (text_[at] == '"') return skip_string(at);
        if (text_[at] != '{' && text_[at] != '[') {
            auto end = text_.find_first_of(" \n\t\r,]}:", at);
            return end == text_.npos ? text_.size() : end;
        }
        int depth = 0;
        do {
            char c = text_[at];
            if (c == '"') {
                at = skip_string(at);
                continue;
            }
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
            ++at;
        } while (depth > 0);
        return at;
    }
    bool is_called(std::string_view name) const {
        std::string_view raw = text_.substr(1, text_.size() - 2);
        return raw.find('\\') == raw.npos ? raw == name : decoded() == name;
    }

    std::string_view text_;
};

/// The elements of a path written as an array of text: `{a,0,"b c"}`. Throws 22P02 for anything else.
inline std::vector<std::string> parse_path(std::string_view text) {
    auto malformed = [&] {
        return error(errc::invalid_text_representation, "malformed array literal: \"" + std::string(text) + "\"");
    };
    std::string_view rest = phantomdb::detail::trim_spaces(text);
    if (rest.size() < 2 || rest.front() != '{' || rest.back() != '}') throw malformed();
    rest = rest.substr(1, rest.size() - 2);
    std::vector<std::string> path;
    if (phantomdb::detail::trim_spaces(rest).empty()) return path;
    std::size_t at = 0;
    for (;;) {
        while (at < rest.size() && phantomdb::detail::is_space(rest[at])) ++at;
        std::string element;
        if (at < rest.size() && rest[at] == '"') {
            for (++at; at < rest.size() && rest[at] != '"'; ++at) {
                if (rest[at] == '\\') ++at;
                if (at < rest.size()) element += rest[at];
            }
            if (at >= rest.size()) throw malformed();
            ++at;
            while (at < rest.size() && phantomdb::detail::is_space(rest[at])) ++at;
        } else {
            while (at < rest.size() && rest[at] != ',') {
                if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
                element += rest[at++];
            }
            while (!element.empty() && phantomdb::detail::is_space(element.back())) element.pop_back();
            if (element.empty()) throw malformed();
        }
        path.push_back(std::move(element));
        if (at >= rest.size()) return path;
        if (rest[at++] != ',') throw malformed();
    }
}

}  // namespace phantomdb::exec
