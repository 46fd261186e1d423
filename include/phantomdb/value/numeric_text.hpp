/// @file Defines how `numeric` is read from and printed as text, and converted from and to floating point.
#pragma once

#include <phantomdb/value/numeric.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb {

/// Appends the number as PostgreSQL prints it: all digits of its scale, no exponent.
inline void append_text(std::string& out, numeric n) {
    if (n.is_nan()) {
        out += "NaN";
        return;
    }
    if (!n.is_finite()) {
        out += n.coefficient() < 0 ? "-Infinity" : "Infinity";
        return;
    }
    char digits[48];
    char* end = digits + sizeof digits;
    char* begin = end;
    int scale = n.scale(), written = 0;
    auto write = [&](auto rest) {
        while (rest != 0 || written <= scale) {
            if (written == scale && scale > 0) *--begin = '.';
            *--begin = static_cast<char>('0' + static_cast<int>(rest % 10));
            rest /= 10;
            ++written;
        }
    };
    uint128 size = detail::magnitude(n.coefficient());
    size >> 64 == 0 ? write(static_cast<std::uint64_t>(size)) : write(size);
    if (n.coefficient() < 0) *--begin = '-';
    out.append(begin, end);
}

inline std::string to_text(numeric n) {
    std::string out;
    append_text(out, n);
    return out;
}

namespace detail {

constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr std::string_view trim_spaces(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// Whether `text` is `word` (given in lower case), whatever the case.
constexpr bool is_word(std::string_view text, std::string_view word) {
    if (text.size() != word.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (to_lower(text[i]) != word[i]) return false;
    }
    return true;
}

/// Reads a decimal number with optional exponent; nothing where the text isn't one.
constexpr std::optional<numeric> read_numeric(std::string_view text) {
    text = trim_spaces(text);
    bool negative = false, is_signed = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        negative = text.front() == '-';
        is_signed = true;
        text.remove_prefix(1);
    }
    if (is_word(text, "nan") && !is_signed) return numeric_nan;
    if (is_word(text, "inf") || is_word(text, "infinity")) return infinity_of(negative ? -1 : 1);
    uint128 coefficient = 0;
    int scale = 0, digits = 0, dropped = 0;  // dropped: digits beyond what 128 bits hold, rounded by the first
    bool point = false, round_up = false;
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        char c = text[at];
        if (c == '.' && !point) {
            point = true;
        } else if (is_digit(c)) {
            ++digits;
            if (dropped == 0 && coefficient < power_of_ten(37)) {
                coefficient = coefficient * 10 + static_cast<unsigned>(c - '0');
                scale += point ? 1 : 0;
            } else {
                if (dropped == 0) round_up = c >= '5';
                ++dropped;
                if (point) ++scale;
            }
        } else {
            break;
        }
    }
    if (digits == 0) return std::nullopt;
    scale -= dropped;
    if (round_up) ++coefficient;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        bool exponent_negative = false;
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) exponent_negative = text[at++] == '-';
        if (at == text.size() || !is_digit(text[at])) return std::nullopt;
        int exponent = 0;
        for (; at < text.size() && is_digit(text[at]); ++at) {
            if (exponent < 100000) exponent = exponent * 10 + (text[at] - '0');
        }
        scale += exponent_negative ? exponent : -exponent;
    }
    if (at != text.size()) return std::nullopt;
    if (scale < 0) {
        if (coefficient == 0) return numeric{};
        if (scale < -38) numeric_overflow();
        return fit(negative, wide_integer::product(coefficient, power_of_ten(-scale)), 0);
    }
    if (scale > 38 + numeric::max_scale) return numeric::from(0, numeric::max_scale);
    return fit(negative, {0, coefficient}, scale);
}

}  // namespace detail

/// Reads a number as PostgreSQL does: spaces around, sign, decimal point, exponent, NaN, Infinity.
/// Throws 22P02 where the text isn't a number and 22003 where it has too many integer digits.
constexpr numeric parse_numeric(std::string_view text) {
    if (auto n = detail::read_numeric(text)) return *n;
    throw error(errc::invalid_text_representation,
                "invalid input syntax for type numeric: \"" + std::string(text) + "\"");
}

/// The nearest double.
inline double to_double(numeric n) {
    if (n.is_nan()) return std::numeric_limits<double>::quiet_NaN();
    if (!n.is_finite()) return n.coefficient() < 0 ? -HUGE_VAL : HUGE_VAL;
    constexpr std::int64_t exact = std::int64_t{1} << 53;
    int128 coefficient = n.coefficient();
    if (coefficient >= -exact && coefficient <= exact && n.scale() <= 22) {
        // Both operands are exact doubles, so the one rounding of the division is the correct one.
        return static_cast<double>(static_cast<std::int64_t>(coefficient)) /
               static_cast<double>(detail::power_of_ten(n.scale()));
    }
    std::string text = to_text(n);
    double result = 0;
    std::from_chars(text.data(), text.data() + text.size(), result);
    return result;
}

/// The numeric PostgreSQL makes of a float: fifteen significant digits of a double, six of a float4.
/// Throws 22003 where there are too many integer digits.
inline numeric to_numeric(double value, bool single = false) {
    if (std::isnan(value)) return numeric_nan;
    if (std::isinf(value)) return detail::infinity_of(value < 0 ? -1 : 1);
    char digits[40];
    int length = std::snprintf(digits, sizeof digits, "%.*g", single ? 6 : 15, value);
    return parse_numeric({digits, static_cast<std::size_t>(length)});
}

}  // namespace phantomdb
