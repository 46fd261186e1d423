/// @file Implements `literal_scan` after the rules of PostgreSQL's scanner (scan.l), as far as it goes.
#pragma once

#include <phantomdb/sql/literal_scan.hpp>

#include <array>
#include <charconv>
#include <limits>

namespace phantomdb::sql {

namespace {

constexpr std::size_t refused = std::string_view::npos, longest_numeric = 100;
/// In front of the key of a refused text; no text that is read has it.
constexpr char refused_mark = 5;

/// What a character may begin, and in a name go on with.
enum class letter : std::uint8_t { plain, space, digit, name, dollar, quote, double_quote, dash, slash, dot, strange };

constexpr std::array<letter, 256> letters = [] {
    std::array<letter, 256> made{};
    for (int c = 0; c < 256; ++c) {
        bool const alphabetic = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        bool const space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
        made[static_cast<std::size_t>(c)] = alphabetic             ? letter::name
                                            : c >= '0' && c <= '9' ? letter::digit
                                            : space                ? letter::space
                                            : c < ' '              ? letter::strange
                                                                   : letter::plain;
    }
    made['$'] = letter::dollar;
    made['\''] = letter::quote;
    made['"'] = letter::double_quote;
    made['-'] = letter::dash;
    made['/'] = letter::slash;
    made['.'] = letter::dot;
    return made;
}();
constexpr letter letter_of(char c) { return letters[static_cast<unsigned char>(c)]; }
constexpr bool digit(char c) { return letter_of(c) == letter::digit; }
constexpr bool name_part(char c) {
    letter const l = letter_of(c);
    return l == letter::name || l == letter::digit || l == letter::dollar;
}
constexpr bool space(char c) { return letter_of(c) == letter::space; }

}  // namespace

bool literal_scan::read(std::string_view text) {
    text_ = text;
    key_.clear();
    tokens_.clear();
    if (text.find('\0') == std::string_view::npos && scan()) return true;  // no statement may hold a zero
    tokens_.clear();
    key_.assign(1, refused_mark).append(text);
    return false;
}

bool literal_scan::scan() {
    std::size_t copied = 0;  // of the text, to the key
    auto const at_or_zero = [&](std::size_t at) { return at < text_.size() ? text_[at] : '\0'; };
    for (std::size_t at = 0; at < text_.size();) {
        std::size_t end = at + 1;
        switch (letter_of(text_[at])) {
            case letter::plain:
            case letter::space: break;
            case letter::name: {
                while (end < text_.size() && name_part(text_[end])) ++end;
                char const behind = at_or_zero(end);
                if (behind == '\'') return false;
                bool const unicode = behind == '&' && end == at + 1 && (text_[at] == 'u' || text_[at] == 'U');
                if (unicode && (at_or_zero(end + 1) == '\'' || at_or_zero(end + 1) == '"')) return false;
                break;
            }
            case letter::digit:
            case letter::quote: {
                std::size_t const before = tokens_.size();
                end = letter_of(text_[at]) == letter::digit ? number(at) : string(at);
                if (end == refused) return false;
                if (tokens_.size() == before) break;
                key_.append(text_, copied, at - copied) += static_cast<char>(tokens_.back().kind);
                copied = end;
                break;
            }
            case letter::double_quote:  // a doubled one inside reads as two names, which is the same here
                end = text_.find('"', end);
                if (end == refused) return false;
                ++end;
                break;
            case letter::dash:
                if (at_or_zero(end) == '-') return false;
                break;
            case letter::slash:
                if (at_or_zero(end) == '*') return false;
                break;
            case letter::dot:
                if (digit(at_or_zero(end))) return false;
                break;
            case letter::dollar:
            case letter::strange: return false;
        }
        at = end;
    }
    key_.append(text_, copied);
    return true;
}

/// Past the number at `at`, or `refused`; a token is added if it is one.
std::size_t literal_scan::number(std::size_t at) {
    std::size_t end = at;
    auto const here = [&](std::size_t ahead = 0) { return end + ahead < text_.size() ? text_[end + ahead] : '\0'; };
    auto const skip_digits = [&] {
        while (digit(here())) ++end;
    };
    skip_digits();
    bool whole = true;
    if (here() == '.') {
        if (here(1) == '.') return refused;
        whole = false;
        ++end;
        skip_digits();
    }
    if (here() == 'e' || here() == 'E') {
        whole = false;
        ++end;
        if (here() == '+' || here() == '-') ++end;
        if (!digit(here())) return refused;
        skip_digits();
    }
    if (name_part(here()) || here() == '.' || here() == '\'') return refused;

    std::string_view const spelled = text_.substr(at, end - at);
    literal_kind kind = literal_kind::numeric;
    if (whole) {
        std::int64_t value = 0;
        bool const fits = std::from_chars(spelled.data(), spelled.data() + spelled.size(), value).ec == std::errc{};
        kind = value <= std::numeric_limits<std::int32_t>::max() ? literal_kind::integer : literal_kind::bigint;
        if (!fits) return end;
    } else if (spelled.size() > longest_numeric) {
        return end;
    }
    tokens_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at), kind});
    return end;
}

/// Past the string at `at`, or `refused`.
std::size_t literal_scan::string(std::size_t at) {
    std::size_t end = at;
    do {
        end = text_.find('\'', end + 1);
        if (end == refused) return refused;
        ++end;
    } while (end < text_.size() && text_[end] == '\'');
    std::size_t next = end;
    while (next < text_.size() && space(text_[next])) ++next;
    if (next < text_.size() && text_[next] == '\'') return refused;
    tokens_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at), literal_kind::text});
    return end;
}

}  // namespace phantomdb::sql
