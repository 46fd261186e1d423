/// @file Defines `hash64`, the hash that stands in the keys of hash indexes: XXH64 with seed 0.
///
/// It is part of the disk format: its values never change. Written after the specification "xxHash fast digest algorithm"
/// (doc/xxhash_spec.md, version 0.1.1, of the xxHash project), section XXH64; tests/codec/hash64.cpp has values published there.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace phantomdb::codec {

namespace detail {

inline constexpr std::uint64_t xxh_prime1 = 0x9E3779B185EBCA87u, xxh_prime2 = 0xC2B2AE3D27D4EB4Fu,
                               xxh_prime3 = 0x165667B19E3779F9u, xxh_prime4 = 0x85EBCA77C2B2AE63u,
                               xxh_prime5 = 0x27D4EB2F165667C5u;

/// `Bytes` bytes, the lowest first. Compilers make one load of it.
template <int Bytes>
constexpr std::uint64_t load_little(char const* at) {
    std::uint64_t word = 0;
    for (int i = 0; i < Bytes; ++i) word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
    return word;
}

constexpr std::uint64_t xxh_round(std::uint64_t lane, std::uint64_t word) {
    return std::rotl(lane + word * xxh_prime2, 31) * xxh_prime1;
}

}  // namespace detail

/// O(bytes). Every bit of the result depends on every byte.
constexpr std::uint64_t hash64(std::string_view bytes) {
    using namespace detail;
    char const* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t hash = xxh_prime5;
    if (left >= 32) {
        std::uint64_t lanes[4] = {xxh_prime1 + xxh_prime2, xxh_prime2, 0, std::uint64_t{0} - xxh_prime1};
        for (; left >= 32; left -= 32) {
            for (std::uint64_t& lane : lanes) {
                lane = xxh_round(lane, load_little<8>(at));
                at += 8;
            }
        }
        hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
        for (std::uint64_t lane : lanes) hash = (hash ^ xxh_round(0, lane)) * xxh_prime1 + xxh_prime4;
    }
    hash += bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        hash = std::rotl(hash ^ xxh_round(0, load_little<8>(at)), 27) * xxh_prime1 + xxh_prime4;
    }
    if (left >= 4) {
        hash = std::rotl(hash ^ load_little<4>(at) * xxh_prime1, 23) * xxh_prime2 + xxh_prime3;
        left -= 4;
        at += 4;
    }
    for (; left > 0; --left, ++at) {
        hash = std::rotl(hash ^ static_cast<unsigned char>(*at) * xxh_prime5, 11) * xxh_prime1;
    }
    hash = (hash ^ hash >> 33) * xxh_prime2;
    hash = (hash ^ hash >> 29) * xxh_prime3;
    return hash ^ hash >> 32;
}

}  // namespace phantomdb::codec
