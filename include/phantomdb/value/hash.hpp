/// @file Defines the hash of bytes and integers, for hash tables in memory. Not for anything stored.
#pragma once

#include <phantomdb/value/wide_integer.hpp>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace phantomdb {

/// Mixes two words by folding their 128-bit product. (Source: Wang Yi, wyhash.)
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    uint128 product = static_cast<uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t hash_of(std::uint64_t value) { return mix(value ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu); }

/// Reads eight bytes a step.
inline std::uint64_t hash_of(std::string_view bytes) {
    char const* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t hash = 0x8ebc6af09c88c6e3u ^ left, word = 0;
    for (; left >= 8; at += 8, left -= 8) {
        std::memcpy(&word, at, 8);
        hash = mix(hash ^ word, 0xe7037ed1a0b428dbu);
    }
    if (left != 0) {
        word = 0;
        std::memcpy(&word, at, left);
        hash = mix(hash ^ word, 0x589965cc75374cc3u);
    }
    return mix(hash, 0xa0761d6478bd642fu);
}

}  // namespace phantomdb
