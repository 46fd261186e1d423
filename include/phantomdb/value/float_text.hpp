/// @file Defines how floating-point numbers are read and printed.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace phantomdb {

namespace detail {

/// Whether `digits × 10^exponent` lies exactly between the value and one of its neighbours.
template <class Float>
bool is_halfway(Float value, std::uint64_t digits, int exponent) {
    using limits = std::numeric_limits<Float>;
    int power = 0;
    auto mantissa = static_cast<std::uint64_t>(std::ldexp(std::frexp(std::fabs(value), &power), limits::digits));
    power -= limits::digits;
    constexpr int least_power = limits::min_exponent - limits::digits;
    if (power < least_power) {  // subnormal
        mantissa >>= least_power - power;
        power = least_power;
    }
    // Both sides as odd number × 2^n. A number between two neighbours has fewer than 56 bits, so few fives fit in.
    if (exponent > 24) return false;
    uint128 odd = digits;
    for (int i = 0; i < exponent; ++i) odd *= 5;
    for (int i = exponent; i < 0; ++i) {
        if (odd % 5 != 0) return false;
        odd /= 5;
    }
    int twos = exponent;
    for (; odd != 0 && odd % 2 == 0; odd /= 2) ++twos;
    bool above_power_of_two = mantissa == std::uint64_t{1} << (limits::digits - 1);
    return (twos == power - 1 && (odd == 2 * mantissa + 1 || odd == 2 * mantissa - 1)) ||
           (above_power_of_two && twos == power - 2 && odd == 4 * mantissa - 1);
}

/// Shortest digits that read back the same whatever way a reader rounds halves, laid out as PostgreSQL does: an exponent from 10^15 (10^6 for a float4)
/// and below 10^-4.
template <class Float>
void append_shortest(std::string& out, Float value) {
    char text[48];
    char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    char *first = text, *mark = nullptr;
    char digits[24];
    int count = 0, exponent = 0;
    while (true) {
        mark = end;
        while (*--mark != 'e') {
        }
        std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
        count = 0;
        std::uint64_t number = 0;
        for (char* at = first; at != mark; ++at) {
            if (!is_digit(*at)) continue;
            digits[count++] = *at;
            number = number * 10 + static_cast<std::uint64_t>(*at - '0');
        }
        if (!is_halfway(value, number, exponent - count + 1)) break;
        end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, count).ptr;
    }
    if (exponent < -4 || exponent >= std::numeric_limits<Float>::digits10) {
        out.append(text, end);
        return;
    }
    if (*first == '-') out += '-';
    if (exponent < 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-exponent - 1), '0');
        out.append(digits, static_cast<std::size_t>(count));
        return;
    }
    int whole = exponent + 1;
    out.append(digits, static_cast<std::size_t>(count < whole ? count : whole));
    if (count < whole) out.append(static_cast<std::size_t>(whole - count), '0');
    if (count > whole) {
        out += '.';
        out.append(digits + whole, static_cast<std::size_t>(count - whole));
    }
}

template <class Float>
void append_float(std::string& out, Float value, int extra_digits) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value < 0 ? "-Infinity" : "Infinity";
    } else if (extra_digits > 0) {
        append_shortest(out, value);
    } else {
        char text[48];
        int digits = std::numeric_limits<Float>::digits10 + extra_digits;
        int length = std::snprintf(text, sizeof text, "%.*g", digits < 1 ? 1 : digits, static_cast<double>(value));
        out.append(text, static_cast<std::size_t>(length));
    }
}

template <class Float>
Float read_float(std::string_view text, std::string_view type) {
    auto trimmed = trim_spaces(text);
    auto digits = trimmed;
    if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
    Float value = 0;
    auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (fault == std::errc::result_out_of_range) {
        throw error(errc::numeric_value_out_of_range,
                    "\"" + std::string(trimmed) + "\" is out of range for type " + std::string(type));
    }
    if (fault != std::errc{} || end != digits.data() + digits.size() || digits.back() == ')') {
        throw error(errc::invalid_text_representation,
                    "invalid input syntax for type " + std::string(type) + ": \"" + std::string(text) + "\"");
    }
    return value;
}

}  // namespace detail

/// Appends the shortest text that reads back as the same number; with `extra_digits` of 0 or less, 15 (6 for a float4)
/// digits plus that many.
inline void append_float8_text(std::string& out, double value, int extra_digits = 1) {
    detail::append_float(out, value, extra_digits);
}
inline void append_float4_text(std::string& out, double value, int extra_digits = 1) {
    detail::append_float(out, static_cast<float>(value), extra_digits);
}

/// Reads decimal notation, NaN, Infinity and inf. Throws 22P02 and 22003.
inline double parse_float8(std::string_view text) { return detail::read_float<double>(text, "double precision"); }
inline double parse_float4(std::string_view text) {
    return static_cast<double>(detail::read_float<float>(text, "real"));
}

}  // namespace phantomdb
