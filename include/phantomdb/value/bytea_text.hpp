/// @file Defines how bytea is read and printed: in hex or with escapes.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/value/format_settings.hpp>
#include <phantomdb/value/utf8.hpp>

#include <string>
#include <string_view>

namespace phantomdb {

/// Appends two lower-case digits a byte.
inline void append_hex(std::string& out, std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
}

inline void append_bytea_text(std::string& out, std::string_view bytes, bytea_format format) {
    if (format == bytea_format::hex) {
        out += "\\x";
        return append_hex(out, bytes);
    }
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '\\') {
            out += "\\\\";
        } else if (byte < 0x20 || byte > 0x7e) {
            out += '\\';
            out += static_cast<char>('0' + (byte >> 6));
            out += static_cast<char>('0' + (byte >> 3 & 7));
            out += static_cast<char>('0' + (byte & 7));
        } else {
            out += c;
        }
    }
}

/// Reads digits in pairs with white space between pairs. Throws 22023. The result lives in `memory`.
inline std::string_view decode_hex(std::string_view text, arena& memory) {
    char* bytes = memory.allocate(text.size() / 2 + 1);
    std::size_t size = 0;
    auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    auto fail = [](std::string_view at) {
        std::string_view character = at.substr(0, character_size(at.front()));
        return error(errc::invalid_parameter_value, "invalid hexadecimal digit: \"" + std::string(character) + "\"");
    };
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') {
            ++at;
            continue;
        }
        int high = digit(text[at]);
        if (high < 0) throw fail(text.substr(at));
        if (at + 1 == text.size()) {
            throw error(errc::invalid_parameter_value, "invalid hexadecimal data: odd number of digits");
        }
        int low = digit(text[at + 1]);
        if (low < 0) throw fail(text.substr(at + 1));
        bytes[size++] = static_cast<char>(high << 4 | low);
        at += 2;
    }
    return {bytes, size};
}

/// Reads `\x…` or text with `\\` and `\ooo`. Throws 22023 and 22P02. The result lives in `memory`.
inline std::string_view parse_bytea(std::string_view text, arena& memory) {
    if (text.starts_with("\\x")) return decode_hex(text.substr(2), memory);
    char* bytes = memory.allocate(text.size() + 1);
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            bytes[size++] = text[at];
            continue;
        }
        auto octal = [&](std::size_t i, char most) { return i < text.size() && text[i] >= '0' && text[i] <= most; };
        if (octal(at + 1, '3') && octal(at + 2, '7') && octal(at + 3, '7')) {
            bytes[size++] =
                static_cast<char>((text[at + 1] - '0') << 6 | (text[at + 2] - '0') << 3 | (text[at + 3] - '0'));
            at += 3;
        } else if (at + 1 < text.size() && text[at + 1] == '\\') {
            bytes[size++] = '\\';
            ++at;
        } else {
            throw error(errc::invalid_text_representation, "invalid input syntax for type bytea");
        }
    }
    return {bytes, size};
}

}  // namespace phantomdb
