/// @file Defines the exact arithmetic of `numeric`, SQL's decimal type.
///
/// Results have the scales PostgreSQL gives them: the greater one for sums, both together for products, and at least
/// sixteen significant digits for quotients and roots. A result that needs more than the 119 bits of a coefficient
/// (35 digits always fit) or more than 35 fractional digits is rounded, half away from zero, to the fractional digits that
/// do fit; only when its integer digits alone are too many, 22003 is raised.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/type.hpp>
#include <phantomdb/value/wide_integer.hpp>

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace phantomdb {

inline constexpr numeric numeric_nan = numeric::from(0, numeric::nan_scale);
inline constexpr numeric numeric_infinity = numeric::from(1, numeric::infinity_scale);
inline constexpr numeric numeric_minus_infinity = numeric::from(-1, numeric::infinity_scale);

constexpr numeric trunc(numeric n, int scale = 0);

namespace detail {

inline constexpr uint128 max_coefficient = (uint128{1} << 119) - 1;
inline constexpr int min_significant_digits = 16;  // of a quotient or root, as PostgreSQL chooses

inline constexpr auto powers_of_ten = [] {
    std::array<uint128, 39> powers{};
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

/// 10^exponent for exponents 0 to 38.
constexpr uint128 power_of_ten(int exponent) { return powers_of_ten[static_cast<std::size_t>(exponent)]; }

constexpr uint128 magnitude(int128 value) {
    return value < 0 ? uint128{0} - static_cast<uint128>(value) : static_cast<uint128>(value);
}

/// How many decimal digits; 0 for zero.
constexpr int digit_count(uint128 value) {
    int low = 0, high = 39;
    while (low < high) {
        int middle = (low + high) / 2;
        if (middle < 39 && value >= power_of_ten(middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

[[noreturn]] inline void numeric_overflow() {
    throw error(errc::numeric_value_out_of_range, "value overflows numeric format");
}

/// `value / 10^digits` rounded half away from zero.
constexpr wide_integer drop_digits(wide_integer value, int digits) {
    if (digits > 38)
        return value.high == 0 ? wide_integer{} : drop_digits(value.divided_by(power_of_ten(38)).quotient, digits - 38);
    uint128 divisor = power_of_ten(digits);
    auto [quotient, remainder] = value.divided_by(divisor);
    return remainder >= divisor - remainder && digits > 0 ? quotient + wide_integer{0, 1} : quotient;
}

/// The number `±value × 10^-scale`, rounded to what a numeric can hold.
constexpr numeric fit(bool negative, wide_integer value, int scale) {
    int drop = scale > numeric::max_scale ? scale - numeric::max_scale : 0;
    wide_integer limit = wide_integer::product(max_coefficient, power_of_ten(drop < 38 ? drop : 38));
    while (value > limit) {
        if (++drop > scale || drop > 38) numeric_overflow();
        limit = wide_integer::product(max_coefficient, power_of_ten(drop));
    }
    wide_integer fitting = drop_digits(value, drop);
    if (fitting.low > max_coefficient) {  // rounding up crossed the limit
        if (++drop > scale) numeric_overflow();
        fitting = drop_digits(value, drop);
    }
    int128 coefficient = static_cast<int128>(fitting.low);
    return numeric::from(negative ? -coefficient : coefficient, scale - drop);
}

constexpr numeric fit(int128 value, int scale) {
    uint128 size = magnitude(value);
    if (size <= max_coefficient && scale <= numeric::max_scale) return numeric::from(value, scale);
    return fit(value < 0, {0, size}, scale);
}

/// Sign of a number that isn't NaN: -1, 0 or 1.
constexpr int sign_of(numeric n) {
    int128 c = n.coefficient();
    return (c > 0) - (c < 0);
}

/// Position of a number in base 10000, which PostgreSQL's choice of scales refers to.
struct base_10000 {
    int weight = 0;
    int first_digit = 0;
};
constexpr base_10000 leading_digit(numeric n) {
    uint128 size = magnitude(n.coefficient());
    if (size == 0) return {};
    int exponent = digit_count(size) - 1 - n.scale();
    int weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
    int shift = n.scale() + weight * 4;  // first digit = floor(size / 10^shift)
    if (shift < 0) return {weight, static_cast<int>(size * power_of_ten(-shift))};
    return {weight, static_cast<int>(size / power_of_ten(shift))};
}

constexpr numeric infinity_of(int sign) { return sign < 0 ? numeric_minus_infinity : numeric_infinity; }

/// The coefficient at a greater scale; false where 128 bits don't do.
constexpr bool rescale(numeric n, int scale, int128& coefficient) {
    auto factor = static_cast<int128>(power_of_ten(scale - n.scale()));
    return !__builtin_mul_overflow(n.coefficient(), factor, &coefficient);
}

/// A sum where at least one scale differs or a number is not finite.
constexpr numeric slow_sum(numeric a, numeric b) {
    if (a.is_nan() || b.is_nan()) return numeric_nan;
    if (!a.is_finite()) return b.is_finite() || a == b ? a : numeric_nan;
    if (!b.is_finite()) return b;
    int scale = a.scale() > b.scale() ? a.scale() : b.scale();
    int128 x = 0, y = 0, sum = 0;
    if (rescale(a, scale, x) && rescale(b, scale, y) && !__builtin_add_overflow(x, y, &sum)) return fit(sum, scale);
    auto left = wide_integer::product(magnitude(a.coefficient()), power_of_ten(scale - a.scale()));
    auto right = wide_integer::product(magnitude(b.coefficient()), power_of_ten(scale - b.scale()));
    bool left_negative = a.coefficient() < 0, right_negative = b.coefficient() < 0;
    if (left_negative == right_negative) return fit(left_negative, left + right, scale);
    return left >= right ? fit(left_negative, left - right, scale) : fit(right_negative, right - left, scale);
}

}  // namespace detail

/// A numeric from a whole number; exact.
constexpr numeric to_numeric(std::int64_t value) { return numeric::from(value); }

constexpr numeric operator-(numeric n) { return n.is_nan() ? n : numeric::from(-n.coefficient(), n.scale()); }
constexpr numeric abs(numeric n) { return n.coefficient() < 0 ? -n : n; }

/// -1, 0 or 1; NaN for NaN.
constexpr numeric sign(numeric n) { return n.is_nan() ? n : numeric::from(detail::sign_of(n)); }

constexpr numeric operator+(numeric a, numeric b) {
    if (a.scale() == b.scale() && a.is_finite()) return detail::fit(a.coefficient() + b.coefficient(), a.scale());
    return detail::slow_sum(a, b);
}
constexpr numeric operator-(numeric a, numeric b) { return a + -b; }

constexpr numeric operator*(numeric a, numeric b) {
    if (a.is_nan() || b.is_nan()) return numeric_nan;
    if (!a.is_finite() || !b.is_finite()) {
        int sign = detail::sign_of(a) * detail::sign_of(b);
        return sign == 0 ? numeric_nan : detail::infinity_of(sign);
    }
    int128 left = a.coefficient(), right = b.coefficient(), product = 0;
    int scale = a.scale() + b.scale();
    if (!__builtin_mul_overflow(left, right, &product)) return detail::fit(product, scale);
    return detail::fit((left < 0) != (right < 0),
                       wide_integer::product(detail::magnitude(left), detail::magnitude(right)), scale);
}

namespace detail {

/// `a / b` to `scale` fractional digits, rounded half away from zero. Both finite, b not zero, scale not below a's.
constexpr numeric quotient(numeric a, numeric b, int scale) {
    uint128 left = magnitude(a.coefficient()), right = magnitude(b.coefficient());
    bool negative = (a.coefficient() < 0) != (b.coefficient() < 0);
    int shift = scale - a.scale() + b.scale();
    uint128 whole = left / right, rest = left % right;
    // Long division, as many digits at a step as 128 bits allow.
    int step = right >> 64 == 0 ? 19 : 2;
    while (shift > 0) {
        int digits = step < shift ? step : shift;
        while (digits > 1 && whole > max_coefficient / power_of_ten(digits)) --digits;
        if (whole > max_coefficient / 10) break;
        uint128 dividend = rest * power_of_ten(digits);
        uint128 next = whole * power_of_ten(digits) + dividend / right;
        if (next > max_coefficient) break;
        whole = next;
        rest = dividend % right;
        shift -= digits;
    }
    if (shift > scale) numeric_overflow();
    scale -= shift;
    if (rest >= right - rest) ++whole;
    return fit(negative, {0, whole}, scale);
}

[[noreturn]] inline void division_by_zero() { throw error(errc::division_by_zero, "division by zero"); }

}  // namespace detail

/// The scale PostgreSQL gives `a / b`: at least sixteen significant digits, never less than either operand's scale.
constexpr int division_scale(numeric a, numeric b) {
    auto left = detail::leading_digit(a), right = detail::leading_digit(b);
    int weight = left.weight - right.weight - (left.first_digit <= right.first_digit ? 1 : 0);
    int scale = detail::min_significant_digits - weight * 4;
    if (scale < a.scale()) scale = a.scale();
    if (scale < b.scale()) scale = b.scale();
    return scale > numeric::max_scale ? numeric::max_scale : scale < 0 ? 0 : scale;
}

/// Throws 22012 when `b` is zero.
constexpr numeric operator/(numeric a, numeric b) {
    if (a.is_nan() || b.is_nan()) return numeric_nan;
    if (b.coefficient() == 0) detail::division_by_zero();
    if (!a.is_finite())
        return b.is_finite() ? detail::infinity_of(detail::sign_of(a) * detail::sign_of(b)) : numeric_nan;
    if (!b.is_finite()) return numeric{};
    return detail::quotient(a, b, division_scale(a, b));
}

/// The remainder of division truncated towards zero; it has the dividend's sign. Throws 22012 when `b` is zero.
constexpr numeric operator%(numeric a, numeric b) {
    if (a.is_nan() || b.is_nan()) return numeric_nan;
    if (b.coefficient() == 0) detail::division_by_zero();
    if (!a.is_finite()) return numeric_nan;
    if (!b.is_finite()) return a;
    uint128 left = detail::magnitude(a.coefficient()), right = detail::magnitude(b.coefficient());
    int scale = a.scale() > b.scale() ? a.scale() : b.scale();
    auto modulus = wide_integer::product(right, detail::power_of_ten(scale - b.scale()));
    auto dividend = wide_integer::product(left, detail::power_of_ten(scale - a.scale()));
    if (dividend >= modulus) {
        // Here the modulus fits: when it was scaled up, it still is not above `left`.
        dividend = {0, dividend.divided_by(modulus.low).remainder};
    }
    return detail::fit(a.coefficient() < 0, dividend, scale);
}

/// The quotient truncated towards zero to a whole number. Throws 22012 when `b` is zero.
constexpr numeric whole_quotient(numeric a, numeric b) {
    if (!a.is_finite() || !b.is_finite()) return a / b;
    return trunc((a - a % b) / b);
}

/// Orders by value: 1.5 equals 1.50; NaN equals NaN and is above everything, infinity included.
constexpr std::strong_ordering compare(numeric a, numeric b) {
    if (a.scale() == b.scale() && a.is_finite()) return a.coefficient() <=> b.coefficient();
    if (a.is_nan() || b.is_nan()) return a.is_nan() <=> b.is_nan();
    int left_sign = detail::sign_of(a), right_sign = detail::sign_of(b);
    if (left_sign != right_sign || left_sign == 0) return left_sign <=> right_sign;
    if (!a.is_finite() || !b.is_finite()) {
        return (a.is_finite() ? 0 : left_sign) <=> (b.is_finite() ? 0 : right_sign);
    }
    int scale = a.scale() > b.scale() ? a.scale() : b.scale();
    int128 x = 0, y = 0;
    if (detail::rescale(a, scale, x) && detail::rescale(b, scale, y)) return x <=> y;
    auto left = wide_integer::product(detail::magnitude(a.coefficient()), detail::power_of_ten(scale - a.scale()));
    auto right = wide_integer::product(detail::magnitude(b.coefficient()), detail::power_of_ten(scale - b.scale()));
    return left_sign > 0 ? left <=> right : right <=> left;
}

/// The same value with as few fractional digits as it needs: 1.50 becomes 1.5.
constexpr numeric normalized(numeric n) {
    if (!n.is_finite()) return n;
    auto strip = [scale = n.scale()](auto coefficient) mutable {
        for (; scale > 0 && coefficient % 10 == 0; --scale) coefficient /= 10;
        return numeric::from(coefficient, scale);
    };
    int128 coefficient = n.coefficient();
    auto narrow = static_cast<std::int64_t>(coefficient);  // divided much faster
    return coefficient == narrow ? strip(narrow) : strip(coefficient);
}

/// Equal for numbers equal by value.
constexpr std::uint64_t hash_of(numeric n) {
    int128 bits = normalized(n).bits;
    std::uint64_t hash = (static_cast<std::uint64_t>(bits) ^ 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    hash = (std::rotl(hash, 31) ^ static_cast<std::uint64_t>(static_cast<uint128>(bits) >> 64)) * 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 29);
}

/// Rounds half away from zero to `scale` fractional digits; a negative one rounds to tens, hundreds and so on.
/// Digits are appended up to what fits.
constexpr numeric round(numeric n, int scale = 0) {
    if (!n.is_finite()) return n;
    if (scale > numeric::max_scale) scale = numeric::max_scale;
    int128 coefficient = n.coefficient();
    bool negative = coefficient < 0;
    if (scale >= n.scale()) {
        return detail::fit(
            negative, wide_integer::product(detail::magnitude(coefficient), detail::power_of_ten(scale - n.scale())),
            scale);
    }
    int drop = n.scale() - scale;
    if (drop > 38) return numeric::from(0, scale < 0 ? 0 : scale);
    wide_integer rounded = detail::drop_digits({0, detail::magnitude(coefficient)}, drop);
    if (scale < 0) rounded = wide_integer::product(rounded.low, detail::power_of_ten(-scale));
    return detail::fit(negative, rounded, scale < 0 ? 0 : scale);
}

/// Like `round`, but towards zero.
constexpr numeric trunc(numeric n, int scale) {
    if (!n.is_finite()) return n;
    if (scale >= n.scale()) return round(n, scale);
    int drop = n.scale() - scale;
    if (drop > 38) return numeric::from(0, scale < 0 ? 0 : scale);
    int128 kept = n.coefficient() / static_cast<int128>(detail::power_of_ten(drop));
    if (scale < 0) return numeric::from(kept * static_cast<int128>(detail::power_of_ten(-scale)));
    return numeric::from(kept, scale);
}

constexpr numeric floor(numeric n) {
    numeric whole = trunc(n);
    return compare(whole, n) > 0 ? whole - numeric::from(1) : whole;
}
constexpr numeric ceil(numeric n) {
    numeric whole = trunc(n);
    return compare(whole, n) < 0 ? whole + numeric::from(1) : whole;
}

/// The square root to at least sixteen significant digits, correctly rounded. Throws 2201F below zero.
constexpr numeric sqrt(numeric n) {
    if (n.is_nan()) return n;
    if (detail::sign_of(n) < 0) {
        throw error(errc::invalid_argument_for_power, "cannot take square root of a negative number");
    }
    if (!n.is_finite()) return n;
    int weight = detail::leading_digit(n).weight;
    int scale = detail::min_significant_digits - ((weight + 1) * 4 / 2 - 1);
    if (scale < n.scale()) scale = n.scale();
    // The root has (digits before the point + 1) / 2 integer digits; together they must fit into 35.
    int before_point = detail::digit_count(detail::magnitude(n.coefficient())) - n.scale();
    int fitting = numeric::max_scale - (before_point > 0 ? (before_point + 1) / 2 : 0);
    if (scale > fitting) scale = fitting;
    uint128 size = detail::magnitude(n.coefficient());
    int shift = 2 * scale - n.scale();
    wide_integer square =
        shift <= 38 ? wide_integer::product(size, detail::power_of_ten(shift))
                    : wide_integer::product(size * detail::power_of_ten(shift - 38), detail::power_of_ten(38));
    uint128 root = square_root(square);
    wide_integer rest = square - wide_integer::product(root, root);
    if (rest > wide_integer{0, root}) ++root;
    return detail::fit(false, {0, root}, scale);
}

/// Rounds to the type's scale and checks its precision. Throws 22003 as PostgreSQL does; without a modifier, `n` itself.
constexpr numeric apply_modifier(numeric n, sql_type type) {
    if (type.modifier < 0 || n.is_nan()) return n;
    int precision = numeric_precision(type), scale = numeric_scale(type);
    auto overflow = [&](std::string const& rule) {
        return error(errc::numeric_value_out_of_range, "numeric field overflow")
            .with_detail("A field with precision " + std::to_string(precision) + ", scale " + std::to_string(scale) +
                         rule);
    };
    if (!n.is_finite()) throw overflow(" cannot hold an infinite value.");
    numeric rounded = round(n, scale);
    int integer_digits = precision - scale;
    int before_point = detail::digit_count(detail::magnitude(rounded.coefficient())) - rounded.scale();
    if (rounded.coefficient() != 0 && before_point > integer_digits) {
        std::string limit = integer_digits != 0 ? "10^" + std::to_string(integer_digits) : "1";
        throw overflow(" must round to an absolute value less than " + limit + ".");
    }
    return rounded;
}

/// Rounds half away from zero to a whole number of the type (int2, int4, int8 or oid).
/// Throws 22003 outside its range, 0A000 for NaN and the infinities.
constexpr std::int64_t to_integer(numeric n, type_id type = type_id::int8) {
    if (!n.is_finite()) {
        throw error(errc::feature_not_supported, std::string("cannot convert ") + (n.is_nan() ? "NaN" : "infinity") +
                                                     " to " + std::string(facts(type).name));
    }
    int128 whole = round(n).coefficient();
    int bits = facts(type).size * 8 - 1;
    int128 limit = int128{1} << bits;
    if (type == type_id::oid ? whole < 0 || whole >= 2 * limit : whole < -limit || whole >= limit) {
        throw error(errc::numeric_value_out_of_range, std::string(facts(type).name) + " out of range");
    }
    return static_cast<std::int64_t>(whole);
}

}  // namespace phantomdb
