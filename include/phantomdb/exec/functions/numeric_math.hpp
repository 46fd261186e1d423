/// @file Defines the functions of numeric whose results are irrational: exp, ln, log, power.
///
/// They are computed with fifty decimal digits and rounded to the scale PostgreSQL chooses: sixteen significant digits,
/// never fewer fractional digits than an argument has.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <algorithm>
#include <boost/multiprecision/cpp_dec_float.hpp>
#include <cmath>
#include <string>

namespace phantomdb::exec::functions {

namespace detail {

using wide_decimal = boost::multiprecision::cpp_dec_float_50;

inline wide_decimal widen(numeric n) { return wide_decimal(to_text(n)); }

inline numeric narrow(wide_decimal const& value, int scale) {
    scale = std::clamp(scale, 0, numeric::max_scale);
    if (boost::multiprecision::abs(value) > wide_decimal("1e36")) phantomdb::detail::numeric_overflow();
    return parse_numeric(value.str(scale, std::ios_base::fixed));
}

/// Scale for a result of about `digits` decimal digits before the point.
inline int significant_scale(double digits, int least) { return std::max({16 - static_cast<int>(digits), least, 0}); }

inline void check_numeric_logarithm(numeric n) {
    if (phantomdb::detail::sign_of(n) > 0) return;
    throw error(errc::invalid_argument_for_logarithm,
                n.coefficient() == 0 ? "cannot take logarithm of zero" : "cannot take logarithm of a negative number");
}

/// Decimal digits of ln(n) before the point, as PostgreSQL estimates them.
inline int logarithm_digits(numeric n) {
    if (compare(n, numeric::from(9, 1)) >= 0 && compare(n, numeric::from(11, 1)) <= 0) {
        // Near one, ln(1 + x) is about x.
        auto lead = phantomdb::detail::leading_digit(n - numeric::from(1));
        return lead.first_digit == 0 ? 0 : lead.weight * 4 + static_cast<int>(std::log10(lead.first_digit));
    }
    return static_cast<int>(std::log10(std::fabs(std::log(to_double(n)))));
}

[[noreturn]] inline void bad_power(char const* message) { throw error(errc::invalid_argument_for_power, message); }

/// What `power` answers where an argument is infinite.
inline numeric infinite_power(numeric base, numeric exponent) {
    int sign = phantomdb::detail::sign_of(base);
    int exponent_sign = phantomdb::detail::sign_of(exponent);
    numeric one = numeric::from(1), zero{};
    if (exponent.is_finite()) {  // so the base is infinite
        if (exponent_sign == 0) return one;
        bool whole = compare(trunc(exponent), exponent) == 0;
        if (sign < 0 && !whole) bad_power("a negative number raised to a non-integer power yields a complex result");
        if (exponent_sign < 0) return zero;
        if (sign > 0) return numeric_infinity;
        numeric half = exponent / numeric::from(2);
        return compare(trunc(half), half) == 0 ? numeric_infinity : numeric_minus_infinity;
    }
    auto to_one = compare(phantomdb::abs(base), one);
    if (compare(base, one) == 0) return one;
    if (sign == 0 && exponent_sign < 0) bad_power("zero raised to a negative power is undefined");
    if (to_one == 0) return one;
    return (to_one > 0) == (exponent_sign > 0) ? numeric_infinity : zero;
}

}  // namespace detail

inline numeric numeric_exp(numeric n) {
    if (n.is_nan()) return n;
    if (!n.is_finite()) return n.coefficient() < 0 ? numeric{} : n;
    double digits = to_double(n) * 0.434294481903252;
    if (digits > numeric::max_scale + 1) phantomdb::detail::numeric_overflow();
    int scale = detail::significant_scale(std::max(digits, -1000.0), n.scale());
    return detail::narrow(boost::multiprecision::exp(detail::widen(n)), scale);
}

inline numeric numeric_ln(numeric n) {
    if (n.is_nan()) return n;
    detail::check_numeric_logarithm(n);
    if (!n.is_finite()) return n;
    return detail::narrow(boost::multiprecision::log(detail::widen(n)),
                          detail::significant_scale(detail::logarithm_digits(n), n.scale()));
}

inline numeric numeric_log_base(numeric base, numeric n) {
    if (base.is_nan() || n.is_nan()) return numeric_nan;
    bool infinite = !base.is_finite() || !n.is_finite();
    if (infinite && phantomdb::detail::sign_of(n) < 0) detail::check_numeric_logarithm(n);
    detail::check_numeric_logarithm(base);
    detail::check_numeric_logarithm(n);
    if (!base.is_finite()) return n.is_finite() ? numeric{} : numeric_nan;
    if (!n.is_finite()) return n;
    if (compare(base, numeric::from(1)) == 0) phantomdb::detail::division_by_zero();
    int digits = detail::logarithm_digits(n) - detail::logarithm_digits(base);
    return detail::narrow(
        boost::multiprecision::log(detail::widen(n)) / boost::multiprecision::log(detail::widen(base)),
        detail::significant_scale(digits, std::max(base.scale(), n.scale())));
}
inline numeric numeric_log(numeric n) { return numeric_log_base(numeric::from(10), n); }
inline constexpr auto numeric_log10 = &numeric_log;

inline numeric numeric_power(numeric base, numeric exponent) {
    numeric one = numeric::from(1);
    if (base.is_nan()) return compare(exponent, numeric{}) == 0 ? one : base;
    if (exponent.is_nan()) return compare(base, one) == 0 ? one : exponent;
    if (!base.is_finite() || !exponent.is_finite()) return detail::infinite_power(base, exponent);
    int sign = phantomdb::detail::sign_of(base), exponent_sign = phantomdb::detail::sign_of(exponent);
    if (sign == 0 && exponent_sign < 0) detail::bad_power("zero raised to a negative power is undefined");
    bool whole = compare(trunc(exponent), exponent) == 0;
    if (sign < 0 && !whole) {
        detail::bad_power("a negative number raised to a non-integer power yields a complex result");
    }
    int least = std::max(base.scale(), exponent.scale());
    if (sign == 0 && exponent_sign != 0) return phantomdb::round(numeric{}, std::max(16, least));
    if (exponent_sign == 0) return phantomdb::round(one, std::max(16, least));
    double digits = to_double(exponent) * std::log10(std::fabs(to_double(base)));
    if (digits > numeric::max_scale + 1) phantomdb::detail::numeric_overflow();
    int scale = whole ? std::max(16, least) : detail::significant_scale(std::max(digits, -1000.0), least);
    auto result = boost::multiprecision::pow(detail::widen(phantomdb::abs(base)), detail::widen(exponent));
    bool odd = whole && compare(exponent % numeric::from(2), numeric{}) != 0;
    return detail::narrow(sign < 0 && odd ? detail::wide_decimal(-result) : result, scale);
}
inline constexpr auto numeric_pow = &numeric_power, numeric_raise = &numeric_power;

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_NUMERIC_MATH_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
