/// @file Defines how JSON text is read, checked and printed, with PostgreSQL's words for what is wrong with it.
#pragma once

#include <phantomdb/value/document_builder.hpp>
#include <phantomdb/value/utf8.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb {

namespace detail {

/// Reads JSON text and tells a handler what is there. The handler has the members of `document_builder` that write
/// values (numbers as text). With `Decode` off, strings arrive as empty and are checked less, as for type json.
template <class Handler, bool Decode>
class json_reader {
public:
    json_reader(std::string_view text, Handler& handler) : text_(text), handler_(handler) {}

    void read() {
        read_value(0);
        skip_spaces();
        if (at_ != text_.size()) expected("end of input");
    }

private:
    [[noreturn]] static void fail(std::string detail) {
        throw error(errc::invalid_text_representation, "invalid input syntax for type json")
            .with_detail(std::move(detail));
    }

    enum class token_kind : std::uint8_t { end, punctuation, string, number, word, wrong };
    struct token {
        token_kind kind;
        std::string_view text;
    };

    static bool is_word_byte(char c) {
        return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '_' ||
               (static_cast<unsigned char>(c) & 0x80);
    }

    /// The token at the reader, cut where PostgreSQL's lexer cuts it. A string's text is its quote.
    token next_token() const {
        auto rest = text_.substr(at_);
        if (rest.empty()) return {token_kind::end, rest};
        char first = rest.front();
        if (first == '"') return {token_kind::string, rest.substr(0, 1)};
        if (std::string_view("{}[]:,").find(first) != std::string_view::npos) {
            return {token_kind::punctuation, rest.substr(0, 1)};
        }
        if (first == '-' || is_digit(first)) return number_token(rest);
        std::size_t end = 0;
        while (end < rest.size() && is_word_byte(rest[end])) ++end;
        auto word = rest.substr(0, end == 0 ? 1 : end);
        bool known = word == "true" || word == "false" || word == "null";
        return {known ? token_kind::word : token_kind::wrong, word};
    }

    static token number_token(std::string_view text) {
        std::size_t at = text.front() == '-' ? 1 : 0;
        auto next_is_one_of = [&](std::string_view characters) {
            bool found = at < text.size() && characters.find(text[at]) != std::string_view::npos;
            at += found ? 1 : 0;
            return found;
        };
        auto digits = [&] {
            std::size_t begin = at;
            while (at < text.size() && is_digit(text[at])) ++at;
            return at > begin;
        };
        bool right = next_is_one_of("0") || digits();
        if (next_is_one_of(".")) right = digits() && right;  // what follows an error belongs to the token all the same
        if (next_is_one_of("eE")) {
            next_is_one_of("+-");
            right = digits() && right;
        }
        for (; at < text.size() && is_word_byte(text[at]); ++at) right = false;
        return {right ? token_kind::number : token_kind::wrong, text.substr(0, at)};
    }

    [[noreturn]] void expected(char const* what) {
        auto found = next_token();
        if (found.kind == token_kind::end) fail("The input string ended unexpectedly.");
        if (found.kind == token_kind::wrong) fail("Token \"" + std::string(found.text) + "\" is invalid.");
        if (found.kind == token_kind::string) {
            std::size_t begin = at_;
            read_string(decoded_);  // a broken string is reported first
            found.text = text_.substr(begin, at_ - begin);
        }
        fail(std::string("Expected ") + what + ", but found \"" + std::string(found.text) + "\".");
    }

    void skip_spaces() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
            ++at_;
        }
    }
    bool next_is(char c) {
        skip_spaces();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    void read_value(std::size_t depth) {
        if (depth > max_document_depth) throw error(errc::statement_too_complex, "stack depth limit exceeded");
        skip_spaces();
        char first = at_ < text_.size() ? text_[at_] : '\0';
        if (first == '{') return read_object(depth);
        if (first == '[') return read_array(depth);
        if (first == '"') {
            read_string(decoded_);
            return handler_.string(decoded_);
        }
        auto [kind, word] = next_token();
        if (kind == token_kind::number) {
            handler_.number(word);
        } else if (kind != token_kind::word) {
            expected("JSON value");
        } else if (word == "null") {
            handler_.null();
        } else {
            handler_.boolean(word == "true");
        }
        at_ += word.size();
    }

    void read_object(std::size_t depth) {
        ++at_;
        handler_.begin_object();
        if (next_is('}')) return handler_.end_object();
        for (bool first = true;; first = false) {
            skip_spaces();
            if (at_ >= text_.size() || text_[at_] != '"') expected(first ? "string or \"}\"" : "string");
            read_string(decoded_);
            handler_.key(decoded_);
            if (!next_is(':')) expected("\":\"");
            read_value(depth + 1);
            if (next_is('}')) return handler_.end_object();
            if (!next_is(',')) expected("\",\" or \"}\"");
        }
    }

    void read_array(std::size_t depth) {
        ++at_;
        handler_.begin_array();
        if (next_is(']')) return handler_.end_array();
        while (true) {
            read_value(depth + 1);
            if (next_is(']')) return handler_.end_array();
            if (!next_is(',')) expected("\",\" or \"]\"");
        }
    }

    void read_string(std::string& decoded) {
        std::size_t begin = at_++;
        decoded.clear();
        std::uint32_t high_surrogate = 0;
        auto after_surrogate = [&] {
            if (high_surrogate != 0) fail("Unicode low surrogate must follow a high surrogate.");
        };
        while (true) {
            if (at_ >= text_.size()) fail("Token \"" + std::string(text_.substr(begin)) + "\" is invalid.");
            char c = text_[at_];
            if (c == '"') break;
            if (c == '\\') {
                read_escape(decoded, high_surrogate, begin);
                continue;
            }
            if (static_cast<unsigned char>(c) < ' ') {
                char hex[8];
                std::snprintf(hex, sizeof hex, "0x%02x", static_cast<unsigned>(c));
                fail(std::string("Character with value ") + hex + " must be escaped.");
            }
            after_surrogate();
            std::size_t end = at_;
            while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' &&
                   static_cast<unsigned char>(text_[end]) >= ' ') {
                ++end;
            }
            if constexpr (Decode) decoded += text_.substr(at_, end - at_);
            at_ = end;
        }
        after_surrogate();
        ++at_;
    }

    void read_escape(std::string& decoded, std::uint32_t& high_surrogate, std::size_t begin) {
        if (at_ + 1 >= text_.size()) fail("Token \"" + std::string(text_.substr(begin)) + "\" is invalid.");
        char c = text_[at_ + 1];
        if (c != 'u') {
            constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
            auto which = names.find(c);
            if (which == std::string_view::npos) {
                auto size = character_size(c);
                fail("Escape sequence \"\\" + std::string(text_.substr(at_ + 1, size)) + "\" is invalid.");
            }
            if (high_surrogate != 0) fail("Unicode low surrogate must follow a high surrogate.");
            if constexpr (Decode) decoded += meanings[which];
            at_ += 2;
            return;
        }
        std::uint32_t unit = 0;
        for (std::size_t i = 2; i < 6; ++i) {
            if (at_ + i >= text_.size()) fail("Token \"" + std::string(text_.substr(begin)) + "\" is invalid.");
            char digit = to_lower(text_[at_ + i]);
            if (!is_digit(digit) && !(digit >= 'a' && digit <= 'f')) {
                fail("\"\\u\" must be followed by four hexadecimal digits.");
            }
            unit = unit * 16 + static_cast<std::uint32_t>(is_digit(digit) ? digit - '0' : digit - 'a' + 10);
        }
        at_ += 6;
        if constexpr (!Decode) return;
        if (unit >= 0xd800 && unit <= 0xdbff) {
            if (high_surrogate != 0) fail("Unicode high surrogate must not follow a high surrogate.");
            high_surrogate = unit;
            return;
        }
        if (unit >= 0xdc00 && unit <= 0xdfff) {
            if (high_surrogate == 0) fail("Unicode low surrogate must follow a high surrogate.");
            unit = 0x10000 + ((high_surrogate - 0xd800) << 10) + (unit - 0xdc00);
            high_surrogate = 0;
        } else if (high_surrogate != 0) {
            fail("Unicode low surrogate must follow a high surrogate.");
        }
        if (unit == 0) {
            throw error(errc::untranslatable_character, "unsupported Unicode escape sequence")
                .with_detail("\\u0000 cannot be converted to text.");
        }
        append_utf8(decoded, unit);
    }

    std::string_view text_;
    Handler& handler_;
    std::size_t at_ = 0;
    std::string decoded_;
};

struct json_listener {
    void null() {}
    void boolean(bool) {}
    void number(std::string_view) {}
    void string(std::string_view) {}
    void key(std::string_view) {}
    void begin_array() {}
    void end_array() {}
    void begin_object() {}
    void end_object() {}
};

}  // namespace detail

/// Throws 22P02 with PostgreSQL's detail unless the text is one JSON value, at most 1000 levels deep (54001).
inline void check_json(std::string_view text) {
    detail::json_listener nobody;
    detail::json_reader<detail::json_listener, false>(text, nobody).read();
}

/// The jsonb value of JSON text. Throws as `check_json`, and 22P05 for \u0000, which text cannot hold.
inline std::string parse_document(std::string_view text) {
    document_builder builder;
    detail::json_reader<document_builder, true>(text, builder).read();
    return builder.take();
}

/// Appends text as a JSON string, in quotes.
inline void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (static_cast<unsigned char>(c) >= ' ' && c != '"' && c != '\\') continue;
        out += text.substr(plain, i - plain);
        plain = i + 1;
        switch (c) {
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            default: {
                char hex[8];
                std::snprintf(hex, sizeof hex, "\\u%04x", static_cast<unsigned>(c));
                out += hex;
            }
        }
    }
    out += text.substr(plain);
    out += '"';
}

/// Appends a jsonb value as PostgreSQL prints it: `{"a": 1, "b": [1, 2]}`.
inline void append_text(std::string& out, document_view document) {
    switch (document.kind()) {
        case document_kind::null: out += "null"; return;
        case document_kind::false_: out += "false"; return;
        case document_kind::true_: out += "true"; return;
        case document_kind::integer:
        case document_kind::numeric:
        case document_kind::long_number: return document.append_number(out);
        case document_kind::string: return append_json_string(out, document.as_string());
        case document_kind::array:
        case document_kind::object: break;
    }
    bool is_object = document.is_object();
    out += is_object ? '{' : '[';
    for (std::size_t i = 0, count = document.size(); i < count; ++i) {
        if (i > 0) out += ", ";
        if (is_object) {
            append_json_string(out, document.key(i));
            out += ": ";
        }
        append_text(out, is_object ? document.member(i) : document.element(i));
    }
    out += is_object ? '}' : ']';
}

inline std::string to_text(document_view document) {
    std::string out;
    append_text(out, document);
    return out;
}

}  // namespace phantomdb
