/// @file Defines `datum`, one SQL value in 16 bytes without its type, and the payloads it can hold.
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace phantomdb {

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

/// An exact decimal: `coefficient × 10^-scale`. 120 bits of signed coefficient, so every number of up to 35 digits;
/// arithmetic that would need more raises 22003. NaN and the infinities are scales of their own.
/// Trailing zeros are kept (1.50 prints as 1.50), as PostgreSQL does; compare with `compare`, not bitwise.
struct numeric {
    static constexpr int max_scale = 35;
    static constexpr int nan_scale = 255, infinity_scale = 254;  // -infinity has coefficient -1, infinity +1

    int128 bits = 0;

    static constexpr numeric from(int128 coefficient, int scale = 0) {
        return {static_cast<int128>((coefficient * 256) | static_cast<int128>(scale & 0xff))};
    }
    constexpr int128 coefficient() const { return bits >> 8; }
    constexpr int scale() const { return static_cast<int>(bits & 0xff); }
    constexpr bool is_nan() const { return scale() == nan_scale; }
    constexpr bool is_finite() const { return scale() <= max_scale; }
    friend constexpr bool operator==(numeric const&, numeric const&) = default;
};

/// PostgreSQL's interval: months, days and microseconds are kept apart.
struct interval {
    std::int64_t microseconds = 0;
    std::int32_t days = 0;
    std::int32_t months = 0;
    friend constexpr bool operator==(interval const&, interval const&) = default;
};

/// Sixteen bytes, in the order they are written.
struct uuid {
    std::uint8_t octets[16]{};
    friend constexpr bool operator==(uuid const&, uuid const&) = default;
    friend constexpr auto operator<=>(uuid const&, uuid const&) = default;
};

/// One value; its type is known from context (see `physical_of`), NULL is kept beside it.
/// Trivially copyable. Text is borrowed: whoever makes a datum says how long its bytes live.
union datum {
    std::int64_t i;
    double d;
    std::string_view t;
    numeric n;
    interval v;
    uuid u;

    constexpr datum() : i(0) {}
    constexpr datum(std::int64_t value) : i(value) {}
    constexpr datum(double value) : d(value) {}
    constexpr datum(std::string_view value) : t(value) {}
    constexpr datum(numeric value) : n(value) {}
    constexpr datum(interval value) : v(value) {}
    constexpr datum(uuid value) : u(value) {}
};
static_assert(sizeof(datum) == 16 && std::is_trivially_copyable_v<datum>);

/// A datum or NULL.
struct nullable_datum {
    datum value;
    bool null = true;

    constexpr nullable_datum() = default;
    constexpr nullable_datum(datum some) : value(some), null(false) {}
};

}  // namespace phantomdb
