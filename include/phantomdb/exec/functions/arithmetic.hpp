/// @file Defines the arithmetic and bit operators of the number types.
///
/// Overflow raises 22003 and division by zero 22012, with PostgreSQL's texts.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/numeric.hpp>

#include <cmath>
#include <limits>

namespace phantomdb::exec::functions {

namespace detail {

template <class Int>
[[noreturn]] void integer_out_of_range() {
    constexpr char const* name = sizeof(Int) == 2 ? "smallint" : sizeof(Int) == 4 ? "integer" : "bigint";
    throw error(errc::numeric_value_out_of_range, std::string(name) + " out of range");
}
[[noreturn]] inline void zero_divisor() { throw error(errc::division_by_zero, "division by zero"); }
[[noreturn]] inline void float_overflow() {
    throw error(errc::numeric_value_out_of_range, "value out of range: overflow");
}
[[noreturn]] inline void float_underflow() {
    throw error(errc::numeric_value_out_of_range, "value out of range: underflow");
}

/// The operators of int2, int4 and int8.
template <class Int>
struct integers {
    static std::int64_t add(std::int64_t a, std::int64_t b) {
        Int result;
        if (__builtin_add_overflow(a, b, &result)) integer_out_of_range<Int>();
        return result;
    }
    static std::int64_t subtract(std::int64_t a, std::int64_t b) {
        Int result;
        if (__builtin_sub_overflow(a, b, &result)) integer_out_of_range<Int>();
        return result;
    }
    static std::int64_t multiply(std::int64_t a, std::int64_t b) {
        Int result;
        if (__builtin_mul_overflow(a, b, &result)) integer_out_of_range<Int>();
        return result;
    }
    static std::int64_t divide(std::int64_t a, std::int64_t b) {
        if (b == 0) zero_divisor();
        if (b == -1) return negate(a);
        return a / b;
    }
    static std::int64_t modulo(std::int64_t a, std::int64_t b) {
        if (b == 0) zero_divisor();
        return b == -1 ? 0 : a % b;
    }
    static std::int64_t negate(std::int64_t a) { return subtract(0, a); }
    static std::int64_t abs(std::int64_t a) { return a < 0 ? negate(a) : a; }
    static std::int64_t plus(std::int64_t a) { return a; }
    static std::int64_t bit_and(std::int64_t a, std::int64_t b) { return a & b; }
    static std::int64_t bit_or(std::int64_t a, std::int64_t b) { return a | b; }
    static std::int64_t bit_xor(std::int64_t a, std::int64_t b) { return a ^ b; }
    static std::int64_t bit_not(std::int64_t a) { return ~a; }
    /// The distance counts modulo the width of a machine word, as the processor PostgreSQL leaves it to does.
    static std::int64_t shift_left(std::int64_t a, std::int64_t by) {
        if constexpr (sizeof(Int) == 8) return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) << (by & 63));
        return static_cast<Int>(static_cast<std::uint32_t>(a) << (by & 31));
    }
    static std::int64_t shift_right(std::int64_t a, std::int64_t by) {
        return a >> (by & (sizeof(Int) == 8 ? 63 : 31));
    }
};

/// The operators of float4 and float8.
template <class Float>
struct floats {
    static double add(double a, double b) { return checked(rounded(a) + rounded(b), std::isinf(a) || std::isinf(b)); }
    static double subtract(double a, double b) {
        return checked(rounded(a) - rounded(b), std::isinf(a) || std::isinf(b));
    }
    static double multiply(double a, double b) {
        Float result = checked(rounded(a) * rounded(b), std::isinf(a) || std::isinf(b));
        if (result == 0 && a != 0 && b != 0) float_underflow();
        return result;
    }
    static double divide(double a, double b) {
        if (b == 0 && !std::isnan(a)) zero_divisor();
        Float result = checked(rounded(a) / rounded(b), std::isinf(a));
        if (result == 0 && a != 0 && !std::isinf(b)) float_underflow();
        return result;
    }
    static double negate(double a) { return -a; }
    static double abs(double a) { return std::fabs(a); }
    static double plus(double a) { return a; }

    static Float rounded(double value) { return static_cast<Float>(value); }
    static Float checked(Float result, bool may_be_infinite) {
        if (std::isinf(result) && !may_be_infinite) float_overflow();
        return result;
    }
};

}  // namespace detail

#define PHANTOMDB_INTEGERS(prefix, type) \
    inline constexpr auto prefix##_add = &detail::integers<type>::add; \
    inline constexpr auto prefix##_subtract = &detail::integers<type>::subtract; \
    inline constexpr auto prefix##_multiply = &detail::integers<type>::multiply; \
    inline constexpr auto prefix##_divide = &detail::integers<type>::divide; \
    inline constexpr auto prefix##_modulo = &detail::integers<type>::modulo; \
    inline constexpr auto prefix##_mod = &detail::integers<type>::modulo; \
    inline constexpr auto prefix##_negate = &detail::integers<type>::negate; \
    inline constexpr auto prefix##_plus = &detail::integers<type>::plus; \
    inline constexpr auto prefix##_absolute = &detail::integers<type>::abs; \
    inline constexpr auto prefix##_abs = &detail::integers<type>::abs; \
    inline constexpr auto prefix##_and = &detail::integers<type>::bit_and; \
    inline constexpr auto prefix##_or = &detail::integers<type>::bit_or; \
    inline constexpr auto prefix##_xor = &detail::integers<type>::bit_xor; \
    inline constexpr auto prefix##_not = &detail::integers<type>::bit_not; \
    inline constexpr auto prefix##_shift_left = &detail::integers<type>::shift_left; \
    inline constexpr auto prefix##_shift_right = &detail::integers<type>::shift_right;

PHANTOMDB_INTEGERS(int2, std::int16_t)
PHANTOMDB_INTEGERS(int4, std::int32_t)
PHANTOMDB_INTEGERS(int8, std::int64_t)

#undef PHANTOMDB_INTEGERS

#define PHANTOMDB_MIXED_FLOATS(prefix, type) \
    inline constexpr auto prefix##_add = &detail::floats<type>::add; \
    inline constexpr auto prefix##_subtract = &detail::floats<type>::subtract; \
    inline constexpr auto prefix##_multiply = &detail::floats<type>::multiply; \
    inline constexpr auto prefix##_divide = &detail::floats<type>::divide;

#define PHANTOMDB_FLOATS(prefix, type) \
    PHANTOMDB_MIXED_FLOATS(prefix, type) \
    inline constexpr auto prefix##_negate = &detail::floats<type>::negate; \
    inline constexpr auto prefix##_plus = &detail::floats<type>::plus; \
    inline constexpr auto prefix##_absolute = &detail::floats<type>::abs; \
    inline constexpr auto prefix##_abs = &detail::floats<type>::abs;

PHANTOMDB_FLOATS(float4, float)
PHANTOMDB_FLOATS(float8, double)
PHANTOMDB_MIXED_FLOATS(float4_float8, double)
PHANTOMDB_MIXED_FLOATS(float8_float4, double)

#undef PHANTOMDB_FLOATS
#undef PHANTOMDB_MIXED_FLOATS

inline numeric numeric_add(numeric a, numeric b) { return a + b; }
inline numeric numeric_subtract(numeric a, numeric b) { return a - b; }
inline numeric numeric_multiply(numeric a, numeric b) { return a * b; }
inline numeric numeric_divide(numeric a, numeric b) { return a / b; }
inline numeric numeric_modulo(numeric a, numeric b) { return a % b; }
inline numeric numeric_negate(numeric a) { return -a; }
inline numeric numeric_plus(numeric a) { return a; }
inline numeric numeric_abs(numeric a) { return phantomdb::abs(a); }
inline constexpr auto numeric_mod = &numeric_modulo;
inline constexpr auto numeric_absolute = &numeric_abs;

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_ARITHMETIC_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
