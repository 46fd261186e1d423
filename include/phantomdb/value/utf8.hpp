/// @file Defines what text must be: valid UTF-8 without zero bytes; and how its characters are counted.
#pragma once

#include <phantomdb/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace phantomdb {

/// Bytes of the valid character at the front of `text`; 0 where it isn't one. Surrogates, overlong forms, code points
/// above U+10FFFF and the zero byte are not valid.
constexpr std::size_t valid_character_size(std::string_view text) {
    if (text.empty()) return 0;
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto continues = [&](std::size_t count) {
        if (text.size() <= count) return false;
        for (std::size_t i = 1; i <= count; ++i) {
            if ((byte(i) & 0xc0) != 0x80) return false;
        }
        return true;
    };
    unsigned char first = byte(0);
    if (first < 0x80) return first == 0 ? 0 : 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        bool fits = continues(2) && !(first == 0xe0 && byte(1) < 0xa0) && !(first == 0xed && byte(1) > 0x9f);
        return fits ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        bool fits = continues(3) && !(first == 0xf0 && byte(1) < 0x90) && !(first == 0xf4 && byte(1) > 0x8f);
        return fits ? 4 : 0;
    }
    return 0;
}

/// Bytes of a character by its first byte, in text known to be valid.
constexpr std::size_t character_size(char first) {
    auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// How many characters valid text has.
constexpr std::size_t character_count(std::string_view text) {
    std::size_t count = 0;
    for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    return count;
}

/// Byte offset of the character with this index; the size of the text where it is shorter.
constexpr std::size_t character_offset(std::string_view text, std::size_t index) {
    std::size_t at = 0;
    while (index > 0 && at < text.size()) {
        at += character_size(text[at]);
        --index;
    }
    return at < text.size() ? at : text.size();
}

/// Offset of the first byte that is not valid; npos where all are. Plain ASCII goes eight bytes a step.
inline std::size_t find_invalid_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint64_t word = 0;
        while (at + 8 <= text.size()) {
            std::memcpy(&word, text.data() + at, 8);
            constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
            if ((word & highs) != 0 || ((word - ones) & ~word & highs) != 0) break;
            at += 8;
        }
        if (at == text.size()) break;
        std::size_t size = valid_character_size(text.substr(at));
        if (size == 0) return at;
        at += size;
    }
    return std::string_view::npos;
}

/// Throws 22021, naming the bytes at fault, unless `text` is valid.
inline void check_utf8(std::string_view text) {
    std::size_t at = find_invalid_utf8(text);
    if (at == std::string_view::npos) return;
    std::string bytes;
    auto rest = text.substr(at);
    std::size_t size = rest.front() == 0 ? 1 : character_size(rest.front());
    if ((static_cast<unsigned char>(rest.front()) & 0xc0) == 0x80 || static_cast<unsigned char>(rest.front()) > 0xf7) {
        size = 1;
    }
    for (char c : rest.substr(0, size)) {
        char hex[8];
        std::snprintf(hex, sizeof hex, " 0x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
        bytes += hex;
    }
    throw error(errc::character_not_in_repertoire, "invalid byte sequence for encoding \"UTF8\":" + bytes);
}

/// Appends a code point.
inline void append_utf8(std::string& out, std::uint32_t code_point) {
    auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((code_point >> shift) & 0x3f)); };
    if (code_point < 0x80) {
        out += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        out += static_cast<char>(0xc0 | (code_point >> 6));
        tail(0);
    } else if (code_point < 0x10000) {
        out += static_cast<char>(0xe0 | (code_point >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xf0 | (code_point >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

}  // namespace phantomdb
