/// @file Defines the integers of byte formats: little-endian fixed widths and LEB128 varints.
#pragma once

#include <phantomdb/base/error.hpp>

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace phantomdb::codec {

/// `value` with its bytes in the opposite order.
template <std::unsigned_integral T>
constexpr T reverse_bytes(T value) {
    if constexpr (sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(value);
    } else {
        return __builtin_bswap64(value);
    }
}

template <std::unsigned_integral T>
constexpr T to_little(T value) {
    return std::endian::native == std::endian::little ? value : reverse_bytes(value);
}
template <std::unsigned_integral T>
constexpr T to_big(T value) {
    return std::endian::native == std::endian::big ? value : reverse_bytes(value);
}

/// Appends `value` in sizeof(T) bytes, least significant first.
template <std::unsigned_integral T>
void append_fixed(std::string& out, T value) {
    value = to_little(value);
    out.append(reinterpret_cast<char const*>(&value), sizeof value);
}
template <std::unsigned_integral T>
void store_fixed(char* at, T value) {
    value = to_little(value);
    std::memcpy(at, &value, sizeof value);
}
/// Loads what `append_fixed` wrote. The caller has checked that sizeof(T) bytes are there.
template <std::unsigned_integral T>
T load_fixed(char const* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return to_little(value);
}

/// Bytes of the longest varint.
inline constexpr std::size_t max_varint_bytes = 10;

/// Appends `value` in 7-bit groups, least significant first; 1 byte below 128, 10 at most.
inline void append_varint(std::string& out, std::uint64_t value) {
    char bytes[max_varint_bytes];
    std::size_t n = 0;
    for (; value >= 0x80; value >>= 7) bytes[n++] = static_cast<char>(value | 0x80);
    bytes[n++] = static_cast<char>(value);
    out.append(bytes, n);
}

/// Takes a varint off the front of `in`. False, with `in` unchanged, when it is cut short or longer than 64 bits.
inline bool take_varint(std::string_view& in, std::uint64_t& value) {
    std::uint64_t result = 0;
    std::size_t const limit = in.size() < max_varint_bytes ? in.size() : max_varint_bytes;
    for (std::size_t i = 0; i < limit; ++i) {
        auto const byte = static_cast<unsigned char>(in[i]);
        if (i == 9 && byte > 1) return false;
        result |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            value = result;
            in.remove_prefix(i + 1);
            return true;
        }
    }
    return false;
}

/// Appends a length and the bytes.
inline void append_bytes(std::string& out, std::string_view bytes) {
    append_varint(out, bytes.size());
    out.append(bytes);
}

/// Takes what `append_bytes` wrote off the front of `in`; borrowed. False when it is cut short.
inline bool take_bytes(std::string_view& in, std::string_view& bytes) {
    std::string_view rest = in;
    std::uint64_t size = 0;
    if (!take_varint(rest, size) || size > rest.size()) return false;
    bytes = rest.substr(0, size);
    in = rest.substr(size);
    return true;
}

/// Signed integers as varints: 0, -1, 1, -2 … become 0, 1, 2, 3 …
constexpr std::uint64_t to_zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t from_zigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

}  // namespace phantomdb::codec
