/// @file Defines how text functions walk over UTF-8, and Unicode's simple case mapping for the European scripts.
///
/// Text inside the database is valid UTF-8 (input is checked), so nothing here looks for malformed sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb::exec::utf8 {

constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Bytes of the character that starts with `first`.
constexpr std::size_t width(char first) {
    auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// How many characters.
constexpr std::size_t count(std::string_view text) {
    std::size_t characters = 0;
    for (char c : text) characters += !is_continuation(c);
    return characters;
}

/// Byte offset of the character number `characters` (from 0), or the size where there are fewer.
constexpr std::size_t offset(std::string_view text, std::size_t characters) {
    std::size_t at = 0;
    for (; characters > 0 && at < text.size(); --characters) at += width(text[at]);
    return at < text.size() ? at : text.size();
}

/// The character at byte `at`, which moves behind it.
constexpr char32_t next(std::string_view text, std::size_t& at) {
    std::size_t size = width(text[at]);
    auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
    if (size == 1 || at + size > text.size()) return byte(at++);
    char32_t character = byte(at) & (0xff >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) character = (character << 6) | (byte(at + i) & 0x3f);
    at += size;
    return character;
}

/// Appends one character; `Out` has push_back.
template <class Out>
constexpr void append(Out& out, char32_t character) {
    auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xc0 | (character >> 6)), put(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        put(0xe0 | (character >> 12)), put(0x80 | ((character >> 6) & 0x3f)), put(0x80 | (character & 0x3f));
    } else {
        put(0xf0 | (character >> 18)), put(0x80 | ((character >> 12) & 0x3f));
        put(0x80 | ((character >> 6) & 0x3f)), put(0x80 | (character & 0x3f));
    }
}

namespace detail {

/// A run of letters: upper case from `first` to `last`, lower case `distance` above.
/// Distance 1 means that upper and lower case alternate, beginning with upper case.
struct case_run {
    char32_t first, last, distance;
};
inline constexpr case_run case_runs[] = {
    {0x41, 0x5a, 32},    {0xc0, 0xd6, 32},    {0xd8, 0xde, 32},     {0x100, 0x12f, 1},    {0x132, 0x137, 1},
    {0x139, 0x148, 1},   {0x14a, 0x177, 1},   {0x179, 0x17e, 1},    {0x1cd, 0x1dc, 1},    {0x1de, 0x1ef, 1},
    {0x1f8, 0x21f, 1},   {0x222, 0x233, 1},   {0x386, 0x386, 38},   {0x388, 0x38a, 37},   {0x38c, 0x38c, 64},
    {0x38e, 0x38f, 63},  {0x391, 0x3a1, 32},  {0x3a3, 0x3ab, 32},   {0x400, 0x40f, 80},   {0x410, 0x42f, 32},
    {0x460, 0x481, 1},   {0x48a, 0x4bf, 1},   {0x4c1, 0x4ce, 1},    {0x4d0, 0x52f, 1},    {0x531, 0x556, 48},
    {0x1e00, 0x1e95, 1}, {0x1ea0, 0x1eff, 1}, {0x24b6, 0x24cf, 26}, {0xff21, 0xff3a, 32},
};

}  // namespace detail

constexpr char32_t to_lower(char32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    if (c == 0x178) return 0xff;
    for (auto const& run : detail::case_runs) {
        if (c < run.first || c > run.last) continue;
        return run.distance != 1 ? c + run.distance : (c - run.first) % 2 == 0 ? c + 1 : c;
    }
    return c;
}

constexpr char32_t to_upper(char32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
    if (c == 0xff) return 0x178;
    if (c == 0xb5) return 0x39c;
    if (c == 0x3c2) return 0x3a3;
    for (auto const& run : detail::case_runs) {
        if (run.distance == 1) {
            if (c >= run.first && c <= run.last) return (c - run.first) % 2 == 1 ? c - 1 : c;
        } else if (c >= run.first + run.distance && c <= run.last + run.distance) {
            return c - run.distance;
        }
    }
    return c;
}

/// Letters and digits, as `initcap` understands words: beyond ASCII, every letter of a script with case.
constexpr bool is_alphanumeric(char32_t c) {
    if (c < 0x80) return (c >= '0' && c <= '9') || to_lower(c) != c || to_upper(c) != c;
    return c == 0xaa || c == 0xba || (c >= 0xc0 && c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c <= 0x206f));
}

}  // namespace phantomdb::exec::utf8
