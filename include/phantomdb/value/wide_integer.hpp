/// @file Defines `wide_integer`, the 256-bit intermediate that exact decimal arithmetic needs now and then.
#pragma once

#include <phantomdb/value/datum.hpp>

#include <compare>
#include <cstdint>

namespace phantomdb {

__extension__ using uint128 = unsigned __int128;

/// An unsigned 256-bit integer with just the operations products and quotients of decimals need.
struct wide_integer {
    uint128 high = 0, low = 0;

    friend constexpr bool operator==(wide_integer const&, wide_integer const&) = default;
    friend constexpr std::strong_ordering operator<=>(wide_integer const& a, wide_integer const& b) {
        if (a.high != b.high) return a.high < b.high ? std::strong_ordering::less : std::strong_ordering::greater;
        if (a.low != b.low) return a.low < b.low ? std::strong_ordering::less : std::strong_ordering::greater;
        return std::strong_ordering::equal;
    }

    friend constexpr wide_integer operator+(wide_integer a, wide_integer b) {
        uint128 sum = a.low + b.low;
        return {a.high + b.high + (sum < a.low ? 1 : 0), sum};
    }
    friend constexpr wide_integer operator-(wide_integer a, wide_integer b) {
        return {a.high - b.high - (a.low < b.low ? 1 : 0), a.low - b.low};
    }

    /// The full product of two 128-bit numbers.
    static constexpr wide_integer product(uint128 a, uint128 b) {
        constexpr uint128 mask = ~std::uint64_t{0};
        if (((a | b) >> 64) == 0) return {0, a * b};
        uint128 bottom = (a & mask) * (b & mask);
        uint128 left = (a >> 64) * (b & mask), right = (a & mask) * (b >> 64);
        uint128 middle = (bottom >> 64) + (left & mask) + (right & mask);
        return {(a >> 64) * (b >> 64) + (left >> 64) + (right >> 64) + (middle >> 64),
                (middle << 64) | (bottom & mask)};
    }

    struct division;
    /// Quotient and remainder by a divisor below 2^127. One machine division where 128 bits do, else bit by bit.
    constexpr division divided_by(uint128 divisor) const;
};

struct wide_integer::division {
    wide_integer quotient;
    uint128 remainder;
};

constexpr wide_integer::division wide_integer::divided_by(uint128 divisor) const {
    if (high == 0) return {{0, low / divisor}, low % divisor};
    wide_integer quotient{high / divisor, 0};
    uint128 remainder = high % divisor;
    for (int bit = 127; bit >= 0; --bit) {
        remainder = (remainder << 1) | ((low >> bit) & 1);
        if (remainder >= divisor) {
            remainder -= divisor;
            quotient.low |= uint128{1} << bit;
        }
    }
    return {quotient, remainder};
}

/// The largest integer whose square is not above `square`.
constexpr uint128 square_root(wide_integer square) {
    uint128 root = 0;
    for (int bit = 127; bit >= 0; --bit) {
        uint128 trial = root | (uint128{1} << bit);
        if (wide_integer::product(trial, trial) <= square) root = trial;
    }
    return root;
}

}  // namespace phantomdb
