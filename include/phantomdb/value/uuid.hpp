/// @file Defines how `uuid` is read, printed and made.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/value/datum.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb {

/// Appends `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`.
inline void append_text(std::string& out, uuid const& id) {
    constexpr char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += digits[id.octets[i] >> 4];
        out += digits[id.octets[i] & 15];
    }
}

inline std::string to_text(uuid const& id) {
    std::string out;
    append_text(out, id);
    return out;
}

/// Reads 32 hexadecimal digits of either case, with a hyphen after any group of four, in braces if you like.
/// Throws 22P02.
constexpr uuid parse_uuid(std::string_view text) {
    auto fail = [&] {
        return error(errc::invalid_text_representation,
                     "invalid input syntax for type uuid: \"" + std::string(text) + "\"");
    };
    std::string_view rest = text;
    bool braces = !rest.empty() && rest.front() == '{';
    if (braces) {
        if (rest.back() != '}') throw fail();
        rest = rest.substr(1, rest.size() - 2);
    }
    uuid id;
    for (int i = 0; i < 16; ++i) {
        unsigned octet = 0;
        if (rest.size() < 2) throw fail();
        for (int half = 0; half < 2; ++half) {
            char c = rest[static_cast<std::size_t>(half)];
            unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                             : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                    : 16;
            if (digit == 16) throw fail();
            octet = octet * 16 + digit;
        }
        id.octets[i] = static_cast<std::uint8_t>(octet);
        rest.remove_prefix(2);
        if (i % 2 == 1 && i < 15 && !rest.empty() && rest.front() == '-') rest.remove_prefix(1);
    }
    if (!rest.empty()) throw fail();
    return id;
}

/// A version 4 uuid out of 128 random bits; random where the bits are.
constexpr uuid make_random_uuid(std::uint64_t high, std::uint64_t low) {
    uuid id;
    for (int i = 0; i < 8; ++i) {
        id.octets[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        id.octets[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    id.octets[6] = static_cast<std::uint8_t>((id.octets[6] & 0x0f) | 0x40);
    id.octets[8] = static_cast<std::uint8_t>((id.octets[8] & 0x3f) | 0x80);
    return id;
}

}  // namespace phantomdb
