/// @file Defines the mathematical functions of numeric and double precision.
#pragma once

#include <phantomdb/exec/functions/arithmetic.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <cmath>
#include <numbers>
#include <numeric>

namespace phantomdb::exec::functions {

namespace detail {

[[noreturn]] inline void input_out_of_range() {
    throw error(errc::numeric_value_out_of_range, "input is out of range");
}
[[noreturn]] inline void invalid_power(char const* message) { throw error(errc::invalid_argument_for_power, message); }
inline void check_logarithm(double sign) {
    if (sign == 0) throw error(errc::invalid_argument_for_logarithm, "cannot take logarithm of zero");
    if (sign < 0) throw error(errc::invalid_argument_for_logarithm, "cannot take logarithm of a negative number");
}

using unary = double (*)(double);

/// For functions periodic in their argument: infinity has no answer.
template <unary Function>
double periodic(double x) {
    if (std::isinf(x)) input_out_of_range();
    return Function(x);
}
/// For functions defined from -1 to 1.
template <unary Function>
double on_unit_interval(double x) {
    if (x < -1 || x > 1) input_out_of_range();
    return Function(x);
}
template <unary Function>
double logarithm(double x) {
    check_logarithm(x);
    return Function(x);
}

/// Trigonometry in degrees, exact where the answer is: each branch is scaled by its own value at the branch's end.
namespace degrees {
inline constexpr double to_radians = std::numbers::pi / 180;

inline double sin_to_30(double x) { return std::sin(x * to_radians) / std::sin(30 * to_radians) / 2; }
inline double cos_to_60(double x) { return 1 - (1 - std::cos(x * to_radians)) / (1 - std::cos(60 * to_radians)) / 2; }
inline double sin_to_90(double x) { return x <= 30 ? sin_to_30(x) : cos_to_60(90 - x); }
inline double cos_to_90(double x) { return x <= 60 ? cos_to_60(x) : sin_to_30(90 - x); }

inline double sin(double x) {
    x = std::fmod(x, 360);
    double sign = 1;
    if (x < 0) x = -x, sign = -1;
    if (x > 180) x = 360 - x, sign = -sign;
    if (x > 90) x = 180 - x;
    return sign * sin_to_90(x);
}
inline double cos(double x) {
    x = std::fabs(std::fmod(x, 360));
    double sign = 1;
    if (x > 180) x = 360 - x;
    if (x > 90) x = 180 - x, sign = -1;
    return sign * cos_to_90(x);
}
/// Tangent for `Swapped` false, cotangent for true.
template <bool Swapped>
double tan(double x) {
    x = std::fmod(x, 360);
    double sign = 1;
    if (x < 0) x = -x, sign = -1;
    if (x > 180) x = 360 - x, sign = -sign;
    if (x > 90) x = 180 - x, sign = -sign;
    double at_45 = sin_to_90(45) / cos_to_90(45);
    double result = Swapped ? cos_to_90(x) / sin_to_90(x) / (1 / at_45) : sin_to_90(x) / cos_to_90(x) / at_45;
    result *= sign;
    return result == 0 ? 0 : result;
}
inline double asin_to_1(double x) {
    return x <= 0.5 ? std::asin(x) / std::asin(0.5) * 30 : 90 - std::acos(x) / std::acos(0.5) * 60;
}
inline double acos_to_1(double x) {
    return x <= 0.5 ? 90 - std::asin(x) / std::asin(0.5) * 30 : std::acos(x) / std::acos(0.5) * 60;
}
inline double asin(double x) { return x >= 0 ? asin_to_1(x) : -asin_to_1(-x); }
inline double acos(double x) { return x >= 0 ? acos_to_1(x) : 90 + asin_to_1(-x); }
inline double atan(double x) { return std::atan(x) / std::atan(1.0) * 45; }
}  // namespace degrees

inline double cotangent(double x) { return 1 / std::tan(x); }

/// Greatest common divisor of magnitudes; the result may not fit where it is the magnitude of the least integer.
template <class Int>
std::int64_t gcd(std::int64_t a, std::int64_t b) {
    uint128 x = phantomdb::detail::magnitude(a), y = phantomdb::detail::magnitude(b);
    while (y != 0) x = std::exchange(y, x % y);
    if (x > static_cast<uint128>(std::numeric_limits<Int>::max())) integer_out_of_range<Int>();
    return static_cast<std::int64_t>(x);
}
template <class Int>
std::int64_t lcm(std::int64_t a, std::int64_t b) {
    if (a == 0 || b == 0) return 0;
    return integers<Int>::abs(integers<Int>::multiply(a / gcd<Int>(a, b), b));
}

}  // namespace detail

inline constexpr auto float8_floor = static_cast<detail::unary>(&std::floor);
inline constexpr auto float8_ceil = static_cast<detail::unary>(&std::ceil), float8_ceiling = float8_ceil;
inline constexpr auto float8_trunc = static_cast<detail::unary>(&std::trunc);
/// Half to even, unlike `numeric_round`.
inline constexpr auto float8_round = static_cast<detail::unary>(&std::rint);
inline double float8_sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

inline double float8_sqrt(double x) {
    if (x < 0) detail::invalid_power("cannot take square root of a negative number");
    return std::sqrt(x);
}
inline constexpr auto float8_root = &float8_sqrt;
inline constexpr auto float8_cbrt = static_cast<detail::unary>(&std::cbrt), float8_cube_root = float8_cbrt;

inline double float8_power(double x, double y) {
    if (std::isnan(x)) return y == 0 ? 1 : x;
    if (std::isnan(y)) return x == 1 ? 1 : y;
    if (x == 0 && y < 0) detail::invalid_power("zero raised to a negative power is undefined");
    if (x < 0 && std::isfinite(y) && std::floor(y) != y) {
        detail::invalid_power("a negative number raised to a non-integer power yields a complex result");
    }
    double result = std::pow(x, y);
    if (std::isfinite(x) && std::isfinite(y)) {
        if (std::isinf(result)) detail::float_overflow();
        if (result == 0 && x != 0) detail::float_underflow();
    }
    return result;
}
inline constexpr auto float8_pow = &float8_power, float8_raise = &float8_power;
inline double float8_exp(double x) {
    double result = std::exp(x);
    if (std::isfinite(x) && std::isinf(result)) detail::float_overflow();
    if (std::isfinite(x) && result == 0) detail::float_underflow();
    return result;
}
inline constexpr auto float8_ln = &detail::logarithm<&std::log>;
inline constexpr auto float8_log = &detail::logarithm<&std::log10>, float8_log10 = float8_log;

inline double pi() { return std::numbers::pi; }
inline double degrees(double x) { return detail::floats<double>::divide(x, detail::degrees::to_radians); }
inline double radians(double x) { return detail::floats<double>::multiply(x, detail::degrees::to_radians); }

inline constexpr auto sin = &detail::periodic<&std::sin>, sind = &detail::periodic<&detail::degrees::sin>;
inline constexpr auto cos = &detail::periodic<&std::cos>, cosd = &detail::periodic<&detail::degrees::cos>;
inline constexpr auto tan = &detail::periodic<&std::tan>, tand = &detail::periodic<&detail::degrees::tan<false>>;
inline constexpr auto cot = &detail::periodic<&detail::cotangent>,
                      cotd = &detail::periodic<&detail::degrees::tan<true>>;
inline constexpr auto asin = &detail::on_unit_interval<&std::asin>;
inline constexpr auto asind = &detail::on_unit_interval<&detail::degrees::asin>;
inline constexpr auto acos = &detail::on_unit_interval<&std::acos>;
inline constexpr auto acosd = &detail::on_unit_interval<&detail::degrees::acos>;
inline constexpr auto atan = static_cast<detail::unary>(&std::atan);
inline constexpr auto atand = &detail::degrees::atan;
inline double atan2(double y, double x) { return std::atan2(y, x); }
inline double atan2d(double y, double x) { return std::atan2(y, x) / std::atan(1.0) * 45; }
inline constexpr auto sinh = static_cast<detail::unary>(&std::sinh);
inline constexpr auto cosh = static_cast<detail::unary>(&std::cosh);
inline constexpr auto tanh = static_cast<detail::unary>(&std::tanh);
inline constexpr auto asinh = static_cast<detail::unary>(&std::asinh);
inline double acosh(double x) {
    if (x < 1) detail::input_out_of_range();
    return std::acosh(x);
}
inline constexpr auto atanh = &detail::on_unit_interval<&std::atanh>;

inline double random(call_context& context) { return context.random.next_fraction(); }
inline nullable_datum setseed(call_context& context, double seed) {
    if (!(seed >= -1 && seed <= 1)) {
        std::string text;
        append_text(text, to_numeric(seed));
        throw error(errc::invalid_parameter_value, "setseed parameter " + text + " is out of allowed range [-1,1]");
    }
    context.random.reseed(std::bit_cast<std::uint64_t>(seed));
    return datum{std::string_view{}};
}

inline numeric numeric_floor(numeric n) { return phantomdb::floor(n); }
inline numeric numeric_ceil(numeric n) { return phantomdb::ceil(n); }
inline constexpr auto numeric_ceiling = &numeric_ceil;
inline numeric numeric_round(numeric n) { return phantomdb::round(n); }
inline numeric numeric_round_to(numeric n, std::int32_t digits) { return phantomdb::round(n, digits); }
inline numeric numeric_trunc(numeric n) { return phantomdb::trunc(n); }
inline numeric numeric_trunc_to(numeric n, std::int32_t digits) { return phantomdb::trunc(n, digits); }
inline numeric numeric_sign(numeric n) { return phantomdb::sign(n); }
inline numeric numeric_sqrt(numeric n) { return phantomdb::sqrt(n); }
inline numeric numeric_div(numeric a, numeric b) { return whole_quotient(a, b); }

/// Fractional digits; NULL for NaN and the infinities.
inline std::optional<std::int32_t> numeric_scale(numeric n) {
    return n.is_finite() ? std::optional{n.scale()} : std::nullopt;
}
inline std::optional<std::int32_t> numeric_min_scale(numeric n) { return numeric_scale(normalized(n)); }
inline numeric numeric_trim_scale(numeric n) { return normalized(n); }

inline constexpr auto int4_gcd = &detail::gcd<std::int32_t>, int8_gcd = &detail::gcd<std::int64_t>;
inline constexpr auto int4_lcm = &detail::lcm<std::int32_t>, int8_lcm = &detail::lcm<std::int64_t>;
inline numeric numeric_gcd(numeric a, numeric b) {
    if (!a.is_finite() || !b.is_finite()) return numeric_nan;
    int scale = std::max(a.scale(), b.scale());
    while (compare(b, numeric{}) != 0) a = std::exchange(b, a % b);
    return phantomdb::round(phantomdb::abs(a), scale);
}
inline numeric numeric_lcm(numeric a, numeric b) {
    if (!a.is_finite() || !b.is_finite()) return numeric_nan;
    int scale = std::max(a.scale(), b.scale());
    numeric zero = numeric::from(0, scale);
    if (compare(a, zero) == 0 || compare(b, zero) == 0) return zero;
    return phantomdb::round(phantomdb::abs(whole_quotient(a, numeric_gcd(a, b)) * b), scale);
}

inline numeric factorial(std::int64_t n) {
    if (n < 0) {
        throw error(errc::numeric_value_out_of_range, "factorial of a negative number is undefined");
    }
    numeric product = numeric::from(1);
    for (std::int64_t i = 2; i <= n; ++i) product = product * to_numeric(i);
    return product;
}

namespace detail {
[[noreturn]] inline void invalid_bucket(char const* message) { throw error(sqlstate{"2201G"}, message); }
inline void check_buckets(std::int64_t buckets) {
    if (buckets <= 0) invalid_bucket("count must be greater than zero");
}
inline std::int64_t checked_bucket(std::int64_t bucket) { return integers<std::int32_t>::add(bucket, 0); }
}  // namespace detail

/// Which of `buckets` equal parts of [low, high) holds `x`; 0 below, `buckets` + 1 above. The bounds may be swapped.
inline std::int64_t float8_width_bucket(double x, double low, double high, std::int64_t buckets) {
    detail::check_buckets(buckets);
    if (std::isnan(x) || std::isnan(low) || std::isnan(high)) {
        detail::invalid_bucket("operand, lower bound, and upper bound cannot be NaN");
    }
    if (std::isinf(low) || std::isinf(high)) detail::invalid_bucket("lower and upper bounds must be finite");
    if (low == high) detail::invalid_bucket("lower bound cannot equal upper bound");
    if (low > high) x = -x, low = -low, high = -high;
    if (x < low) return 0;
    if (x >= high) return detail::checked_bucket(buckets + 1);
    return static_cast<std::int64_t>(static_cast<double>(buckets) * ((x / 2 - low / 2) / (high / 2 - low / 2))) + 1;
}
inline std::int64_t numeric_width_bucket(numeric x, numeric low, numeric high, std::int64_t buckets) {
    detail::check_buckets(buckets);
    if (x.is_nan() || low.is_nan() || high.is_nan()) {
        detail::invalid_bucket("operand, lower bound, and upper bound cannot be NaN");
    }
    if (!low.is_finite() || !high.is_finite()) detail::invalid_bucket("lower and upper bounds must be finite");
    if (compare(low, high) == 0) detail::invalid_bucket("lower bound cannot equal upper bound");
    if (compare(low, high) > 0) x = -x, low = -low, high = -high;
    if (compare(x, low) < 0) return 0;
    if (compare(x, high) >= 0) return detail::checked_bucket(buckets + 1);
    return to_integer(phantomdb::floor((x - low) * to_numeric(buckets) / (high - low))) + 1;
}

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_MATH_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
