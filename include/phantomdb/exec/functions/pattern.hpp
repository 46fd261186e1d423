/// @file Defines LIKE and ILIKE.
///
/// Matching walks text and pattern side by side. At a `%` it remembers both places; on a mismatch it goes back to the
/// latest one, with one character more swallowed. Earlier `%` never need to be tried again, so a match takes at most
/// O(text × pattern) steps, and a literal behind `%` is searched for with memchr.
#pragma once

#include <phantomdb/exec/functions/text.hpp>

namespace phantomdb::exec::functions {

namespace detail {

/// Whether `text` matches `pattern`, with `\\` as the escape. `Step` is the width of what `_` stands for.
template <std::size_t (*Step)(char)>
bool like(std::string_view text, std::string_view pattern) {
    std::size_t t = 0, p = 0, retry_text = 0, retry_pattern = std::string_view::npos;
    for (;;) {
        if (p < pattern.size() && pattern[p] == '%') {
            while (p < pattern.size() && pattern[p] == '%') ++p;
            if (p == pattern.size()) return true;
            retry_pattern = p;
            retry_text = t;
            continue;
        }
        if (p < pattern.size() && t < text.size()) {
            if (pattern[p] == '_') {
                t += Step(text[t]);
                ++p;
                continue;
            }
            std::size_t literal = p;
            if (pattern[p] == '\\' && ++literal == pattern.size()) {
                throw error(errc::invalid_escape_sequence, "LIKE pattern must not end with escape character");
            }
            if (pattern[literal] == text[t]) {
                p = literal + 1;
                ++t;
                continue;
            }
        } else if (p == pattern.size() && t == text.size()) {
            return true;
        }
        if (retry_pattern == std::string_view::npos || retry_text >= text.size()) return false;
        retry_text += Step(text[retry_text]);
        p = retry_pattern;
        if (char next = pattern[p]; next != '_' && next != '\\') {
            if (retry_text >= text.size()) return false;
            auto found =
                static_cast<char const*>(std::memchr(text.data() + retry_text, next, text.size() - retry_text));
            if (!found) return false;
            retry_text = static_cast<std::size_t>(found - text.data());
        }
        t = retry_text;
    }
}
constexpr std::size_t one_byte(char) { return 1; }

}  // namespace detail

inline bool text_like(std::string_view text, std::string_view pattern) {
    return detail::like<&character_size>(text, pattern);
}
inline bool text_ilike(call_context& context, std::string_view text, std::string_view pattern) {
    return text_like(lower(context, text), lower(context, pattern));
}
inline bool text_not_like(std::string_view text, std::string_view pattern) { return !text_like(text, pattern); }
inline bool text_not_ilike(call_context& context, std::string_view text, std::string_view pattern) {
    return !text_ilike(context, text, pattern);
}
/// The blanks that pad char(n) take part.
inline constexpr auto bpchar_like = &text_like, bpchar_not_like = &text_not_like;
inline constexpr auto bpchar_ilike = &text_ilike, bpchar_not_ilike = &text_not_ilike;
inline bool bytea_like(std::string_view text, std::string_view pattern) {
    return detail::like<&detail::one_byte>(text, pattern);
}
inline bool bytea_not_like(std::string_view text, std::string_view pattern) { return !bytea_like(text, pattern); }

/// The pattern with the escape character `escape` (none if empty) turned into the usual backslash.
inline std::string_view like_escape(call_context& context, std::string_view pattern, std::string_view escape) {
    if (escape == "\\") return pattern;
    if (character_count(escape) > 1) {
        throw error(errc::invalid_escape_sequence, "invalid escape string")
            .with_hint("Escape string must be empty or one character.");
    }
    std::string out;
    bool escaped = false;
    for (std::size_t at = 0; at < pattern.size();) {
        std::string_view one = pattern.substr(at, character_size(pattern[at]));
        at += one.size();
        if (one == escape && !escaped) {
            out += '\\';
            escaped = true;
            continue;
        }
        if (one == "\\" && !escaped) out += '\\';
        out.append(one);
        escaped = false;
    }
    return context.memory.copy(out);
}

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_PATTERN_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
