/// @file Defines how text functions walk over UTF-8, with Unicode's simple case mapping for the European scripts.
///
/// Text inside the database is valid UTF-8 (input is checked), so nothing here looks for malformed sequences.
#pragma once

#include <phantomdb/value/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb::exec::utf8 {

constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// The character at byte `at`, which moves behind it.
constexpr char32_t next(std::string_view text, std::size_t& at) {
    std::size_t size = character_size(text[at]);
    auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
    if (size == 1 || at + size > text.size()) return byte(at++);
    char32_t character = byte(at) & (0xff >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) character = (character << 6) | (byte(at + i) & 0x3f);
    at += size;
    return character;
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
