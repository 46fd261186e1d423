/// @file Defines the digests md5 and the SHA-2 family. (Algorithms: RFC 1321 and FIPS 180-4.)
///
/// They serve SQL's functions of that name; nothing that must be secret passes through here.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace phantomdb::exec::digest {

namespace detail {

/// Feeds blocks of `Word[16]` to `consume`: the message, a one bit, zeros, and the length in bits.
template <class Word, bool BigEndian, class Consume>
void each_block(std::string_view message, Consume consume) {
    constexpr std::size_t block_size = sizeof(Word) * 16, length_size = sizeof(Word) * 2;
    std::size_t padded = (message.size() + 1 + length_size + block_size - 1) / block_size * block_size;
    std::string tail(message.substr(message.size() / block_size * block_size));
    tail += '\x80';
    tail.resize(padded - message.size() / block_size * block_size, '\0');
    std::uint64_t bits = message.size() * 8;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t place = BigEndian ? tail.size() - 1 - i : tail.size() - 8 + i;
        tail[place] = static_cast<char>(bits >> (8 * i));
    }
    auto block = [&](char const* from) {
        std::array<Word, 16> words{};
        for (std::size_t i = 0; i < block_size; ++i) {
            std::size_t shift = BigEndian ? sizeof(Word) - 1 - i % sizeof(Word) : i % sizeof(Word);
            words[i / sizeof(Word)] |= static_cast<Word>(static_cast<unsigned char>(from[i])) << (8 * shift);
        }
        consume(words);
    };
    for (std::size_t at = 0; at + block_size <= message.size(); at += block_size) block(message.data() + at);
    for (std::size_t at = 0; at < tail.size(); at += block_size) block(tail.data() + at);
}

template <class Word, bool BigEndian, std::size_t N>
std::string bytes_of(std::array<Word, N> const& words, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t shift = BigEndian ? sizeof(Word) - 1 - i % sizeof(Word) : i % sizeof(Word);
        out += static_cast<char>(words[i / sizeof(Word)] >> (8 * shift));
    }
    return out;
}

/// How far md5 turns a word, by round and step.
inline constexpr int md5_shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/// 2^32 × |sin(i + 1)|.
inline constexpr std::uint32_t md5_constants[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

inline constexpr std::uint64_t primes[80] = {
    2,   3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
    73,  79,  83,  89,  97,  101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173,
    179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239, 241, 251, 257, 263, 269, 271, 277, 281,
    283, 293, 307, 311, 313, 317, 331, 337, 347, 349, 353, 359, 367, 373, 379, 383, 389, 397, 401, 409};

__extension__ using wide = unsigned __int128;

/// The first 64 bits of the fraction of a prime's cube root: what SHA-2's constants are.
constexpr std::uint64_t cube_root_fraction(std::uint64_t prime) {
    // Bit by bit, the greatest r with r^3 <= prime * 2^192, in 256-bit arithmetic done as 4 × 64.
    struct wide_256 {
        std::uint64_t part[4]{};
        constexpr void add_product(wide value, std::uint64_t factor, int place) {
            wide low = static_cast<wide>(static_cast<std::uint64_t>(value)) * factor;
            wide high = static_cast<wide>(static_cast<std::uint64_t>(value >> 64)) * factor;
            add(low, place);
            add(high, place + 1);
        }
        constexpr void add(wide value, int place) {
            wide carry = 0;
            for (int i = place; i < 4; ++i) {
                wide sum = carry + part[i] + static_cast<std::uint64_t>(value);
                part[i] = static_cast<std::uint64_t>(sum);
                carry = sum >> 64;
                value >>= 64;
            }
        }
    };
    wide root = 0;
    for (int bit = 66; bit >= 0; --bit) {
        wide next = root | (wide{1} << bit);
        // next has at most 67 bits, its square 134: low and high parts.
        std::uint64_t low = static_cast<std::uint64_t>(next), high = static_cast<std::uint64_t>(next >> 64);
        wide_256 square{}, cube{};
        square.add_product(next, low, 0);
        square.add_product(next, high, 1);
        for (int i = 0; i < 3; ++i) {
            wide_256 partial{};
            partial.add_product(next, square.part[i], 0);
            wide carry = 0;
            for (int j = 0; j + i < 4; ++j) {
                wide sum = carry + cube.part[j + i] + partial.part[j];
                cube.part[j + i] = static_cast<std::uint64_t>(sum);
                carry = sum >> 64;
            }
        }
        // Compare with prime * 2^192, the fourth part.
        if (cube.part[3] < prime) root = next;
    }
    return static_cast<std::uint64_t>(root);
}

/// Distances of SHA-2's turns, for 32-bit and 64-bit words.
inline constexpr int sha2_upper[2][3] = {{2, 13, 22}, {28, 34, 39}}, sha2_lower[2][3] = {{6, 11, 25}, {14, 18, 41}},
                     sha2_early[2][3] = {{7, 18, 3}, {1, 8, 7}}, sha2_late[2][3] = {{17, 19, 10}, {19, 61, 6}};

/// One constant evaluation each, because compilers bound the steps of one.
template <std::size_t Number>
inline constexpr std::uint64_t cube_root_of_prime = cube_root_fraction(primes[Number]);

template <class Word>
inline constexpr auto sha2_constants = []<std::size_t... Number>(std::index_sequence<Number...>) {
    return std::array{static_cast<Word>(cube_root_of_prime<Number> >> (64 - 8 * sizeof(Word)))...};
}(std::make_index_sequence<sizeof(Word) == 4 ? 64 : 80>());

}  // namespace detail

/// Sixteen bytes.
inline std::string md5(std::string_view message) {
    std::array<std::uint32_t, 4> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    detail::each_block<std::uint32_t, false>(message, [&](auto const& words) {
        auto [a, b, c, d] = state;
        for (unsigned i = 0; i < 64; ++i) {
            unsigned round = i / 16;
            std::uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                                  : round == 1 ? (d & b) | (~d & c)
                                  : round == 2 ? b ^ c ^ d
                                               : c ^ (b | ~d);
            unsigned word = (round == 0 ? i : round == 1 ? 5 * i + 1 : round == 2 ? 3 * i + 5 : 7 * i) % 16;
            std::uint32_t turned =
                std::rotl(a + mixed + detail::md5_constants[i] + words[word], detail::md5_shifts[round][i % 4]);
            a = d, d = c, c = b, b += turned;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    });
    return detail::bytes_of<std::uint32_t, false>(state, 16);
}

/// The SHA-2 functions on 32-bit (224, 256) or 64-bit (384, 512) words, cut to `size` bytes.
template <class Word>
std::string sha2(std::string_view message, std::array<Word, 8> state, std::size_t size) {
    constexpr bool wide = sizeof(Word) == 8;
    auto turned = [](Word x, int const(&by)[3]) {
        return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ std::rotr(x, by[2]);
    };
    auto mixed = [](Word x, int const(&by)[3]) { return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ (x >> by[2]); };
    constexpr auto const& constants = detail::sha2_constants<Word>;
    detail::each_block<Word, true>(message, [&](auto const& words) {
        std::array<Word, constants.size()> w{};
        std::copy(words.begin(), words.end(), w.begin());
        for (std::size_t i = 16; i < w.size(); ++i) {
            w[i] = w[i - 16] + mixed(w[i - 15], detail::sha2_early[wide]) + w[i - 7] +
                   mixed(w[i - 2], detail::sha2_late[wide]);
        }
        auto s = state;
        for (std::size_t i = 0; i < w.size(); ++i) {
            Word choice = (s[4] & s[5]) ^ (~s[4] & s[6]), majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
            Word first = s[7] + turned(s[4], detail::sha2_lower[wide]) + choice + constants[i] + w[i];
            Word second = turned(s[0], detail::sha2_upper[wide]) + majority;
            for (std::size_t j = 7; j > 0; --j) s[j] = s[j - 1];
            s[4] += first;
            s[0] = first + second;
        }
        for (std::size_t i = 0; i < 8; ++i) state[i] += s[i];
    });
    return detail::bytes_of<Word, true>(state, size);
}

inline std::string sha224(std::string_view message) {
    return sha2<std::uint32_t>(
        message, {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4}, 28);
}
inline std::string sha256(std::string_view message) {
    return sha2<std::uint32_t>(
        message, {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, 32);
}
inline std::string sha384(std::string_view message) {
    return sha2<std::uint64_t>(message,
                               {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                                0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4},
                               48);
}
inline std::string sha512(std::string_view message) {
    return sha2<std::uint64_t>(message,
                               {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179},
                               64);
}

}  // namespace phantomdb::exec::digest
