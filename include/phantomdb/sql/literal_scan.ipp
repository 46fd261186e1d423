/// @file Implements `literal_scan` after the rules of PostgreSQL's scanner (scan.l), as far as it goes.
#pragma once

#include <phantomdb/sql/literal_scan.hpp>

#include <charconv>
#include <limits>

namespace phantomdb::sql {

namespace {

constexpr std::size_t refused = std::string_view::npos, longest_numeric = 100;
/// In front of the key of a refused text; no text that is read has it.
constexpr char refused_mark = 5;

constexpr bool digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
constexpr bool name_part(char c) { return name_start(c) || digit(c) || c == '$'; }
constexpr bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

}  // namespace

bool literal_scan::read(std::string_view text) {
    text_ = text;
    key_.clear();
    tokens_.clear();
    if (scan()) return true;
    tokens_.clear();
    key_.assign(1, refused_mark).append(text);
    return false;
}

bool literal_scan::scan() {
    auto const at_or_zero = [&](std::size_t at) { return at < text_.size() ? text_[at] : '\0'; };
    for (std::size_t at = 0; at < text_.size();) {
        char const c = text_[at], next = at_or_zero(at + 1);
        if (name_start(c)) {
            std::size_t end = at + 1;
            while (end < text_.size() && name_part(text_[end])) ++end;
            if (at_or_zero(end) == '\'') return false;
            bool const unicode = (c == 'u' || c == 'U') && end == at + 1 && at_or_zero(end) == '&';
            if (unicode && (at_or_zero(end + 1) == '\'' || at_or_zero(end + 1) == '"')) return false;
            key_.append(text_, at, end - at);
            at = end;
        } else if (digit(c)) {
            at = number(at);
        } else if (c == '\'') {
            at = string(at);
        } else if (c == '"') {
            std::size_t end = text_.find('"', at + 1);  // a doubled one inside reads as two names, which is the same here
            if (end == refused) return false;
            key_.append(text_, at, end + 1 - at);
            at = end + 1;
        } else if (c == '$' || (c == '-' && next == '-') || (c == '/' && next == '*') || (c == '.' && digit(next)) ||
                   (static_cast<unsigned char>(c) < ' ' && !space(c))) {
            return false;
        } else {
            key_ += c;
            ++at;
        }
        if (at == refused) return false;
    }
    return true;
}

/// Past the number at `at`, or `refused`.
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
        if (!fits) return key_.append(spelled), end;
    } else if (spelled.size() > longest_numeric) {
        return key_.append(spelled), end;
    }
    tokens_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at), kind});
    key_ += static_cast<char>(kind);
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
    key_ += static_cast<char>(literal_kind::text);
    return end;
}

}  // namespace phantomdb::sql
