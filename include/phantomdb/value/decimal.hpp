/// @file Defines `decimal`, a fixed-point number whose precision and scale are part of its C++ type.
#pragma once

#include <phantomdb/value/numeric_text.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

namespace phantomdb {

/// SQL's `numeric(Precision, Scale)`: exact, `Precision` digits of which `Scale` stand after the point. Structural, so it
/// can be a template argument; 8 bytes up to 18 digits, 16 bytes up to 35.
///
/// Sums keep the type where both sides have it and widen where they differ; products have the scales added up; a quotient
/// is a `numeric`, as in SQL. Whatever does not fit raises 22003; in a constant expression it does not compile.
template <int Precision, int Scale>
struct decimal {
    static_assert(Precision >= 1 && Precision <= numeric::max_scale,
                  "phantomdb: a decimal has at least 1 and at most 35 digits");
    static_assert(Scale >= 0 && Scale <= Precision,
                  "phantomdb: a decimal's scale is at least 0 and at most its precision");

    using units_type = std::conditional_t<(Precision <= 18), std::int64_t, int128>;
    static constexpr int precision = Precision, scale = Scale;

    units_type units = 0;  ///< the value times 10^Scale

    constexpr decimal() = default;

    /// A whole number. Throws 22003 where it has too many digits.
    template <std::integral Integer>
    constexpr decimal(Integer whole)  // NOLINT: a whole number is a decimal
        : decimal(checked_product(static_cast<int128>(whole), 10, Scale)) {}

    /// A literal: `decimal<12, 2> price = "9.90"`. More digits than the type has do not compile.
    template <std::size_t N>
    consteval decimal(char const (&text)[N])  // NOLINT: likewise
        : decimal(exactly(parse_numeric({text, N - 1}))) {}

    /// From any number, rounded half away from zero to the scale. Throws 22003 where it has too many digits or is no number.
    explicit constexpr decimal(numeric number) : decimal(rounded(number)) {}

    /// From a decimal of another type; implicit where no value can be lost.
    template <int P, int S>
        requires(P != Precision || S != Scale)
    explicit(P - S > Precision - Scale || S > Scale) constexpr decimal(decimal<P, S> other)
        : decimal(static_cast<numeric>(other)) {}

    static constexpr decimal from_units(units_type units) {
        decimal made;
        made.units = units;
        return made;
    }

    /// Reads a number, rounded to the scale. Throws 22P02 and 22003.
    static constexpr decimal parse(std::string_view text) { return decimal(parse_numeric(text)); }

    constexpr operator numeric() const { return numeric::from(units, Scale); }  // NOLINT: nothing is lost
    explicit operator double() const { return to_double(*this); }

    constexpr decimal operator-() const { return from_units(-units); }
    friend constexpr decimal operator+(decimal a, decimal b) {
        return checked(static_cast<int128>(a.units) + static_cast<int128>(b.units));
    }
    friend constexpr decimal operator-(decimal a, decimal b) { return a + -b; }
    constexpr decimal& operator+=(decimal other) { return *this = *this + other; }
    constexpr decimal& operator-=(decimal other) { return *this = *this - other; }

    template <std::integral Integer>
    friend constexpr decimal operator*(decimal a, Integer factor) {
        return checked_product(a.units, static_cast<int128>(factor));
    }
    template <std::integral Integer>
    friend constexpr decimal operator*(Integer factor, decimal a) {
        return a * factor;
    }

    friend constexpr bool operator==(decimal const&, decimal const&) = default;
    friend constexpr auto operator<=>(decimal const& a, decimal const& b) { return a.units <=> b.units; }

    friend std::ostream& operator<<(std::ostream& out, decimal number) {
        return out << to_text(static_cast<numeric>(number));
    }

private:
    [[noreturn]] static void overflow() {
        std::string limit = Precision == Scale ? "1" : "10^" + std::to_string(Precision - Scale);
        throw error(errc::numeric_value_out_of_range, "numeric field overflow")
            .with_detail("A field with precision " + std::to_string(Precision) + ", scale " + std::to_string(Scale) +
                         " must round to an absolute value less than " + limit + ".");
    }
    static constexpr decimal checked(int128 units) {
        if (detail::magnitude(units) >= detail::power_of_ten(Precision)) overflow();
        return from_units(static_cast<units_type>(units));
    }
    /// `units × factor^times`
    static constexpr decimal checked_product(int128 units, int128 factor, int times = 1) {
        for (; times > 0; --times) {
            if (__builtin_mul_overflow(units, factor, &units)) overflow();
        }
        return checked(units);
    }
    static constexpr decimal rounded(numeric number) {
        if (!number.is_finite()) overflow();
        return from_units(
            static_cast<units_type>(apply_modifier(number, numeric_type(Precision, Scale)).coefficient()));
    }
    static constexpr decimal exactly(numeric number) {
        decimal made = rounded(number);
        if (compare(made, number) != 0) {
            throw error(errc::numeric_value_out_of_range, "a literal has more digits after the point than its type");
        }
        return made;
    }
};

namespace detail {
constexpr int lesser(int a, int b) { return a < b ? a : b; }
constexpr int greater(int a, int b) { return a < b ? b : a; }
}  // namespace detail

/// The type both decimals and their sum fit in, as far as 35 digits go.
template <int P, int S, int Q, int T>
using common_decimal =
    decimal<detail::lesser(numeric::max_scale, detail::greater(P - S, Q - T) + detail::greater(S, T) + 1),
            detail::greater(S, T)>;

template <int P, int S, int Q, int T>
    requires(P != Q || S != T)
constexpr common_decimal<P, S, Q, T> operator+(decimal<P, S> a, decimal<Q, T> b) {
    using common = common_decimal<P, S, Q, T>;
    return common(a) + common(b);
}
template <int P, int S, int Q, int T>
    requires(P != Q || S != T)
constexpr common_decimal<P, S, Q, T> operator-(decimal<P, S> a, decimal<Q, T> b) {
    return a + -b;
}
template <int P, int S, int Q, int T>
constexpr auto operator*(decimal<P, S> a, decimal<Q, T> b) {
    static_assert(S + T <= numeric::max_scale, "phantomdb: this product has more than 35 digits after the point");
    constexpr int digits = detail::lesser(numeric::max_scale, P + Q);
    return decimal<digits, S + T>(static_cast<numeric>(a) * static_cast<numeric>(b));
}

/// At least sixteen significant digits. Throws 22012 when `b` is zero.
template <int P, int S, int Q, int T>
constexpr numeric operator/(decimal<P, S> a, decimal<Q, T> b) {
    return static_cast<numeric>(a) / static_cast<numeric>(b);
}
template <int P, int S, std::integral Integer>
constexpr numeric operator/(decimal<P, S> a, Integer b) {
    return static_cast<numeric>(a) / to_numeric(static_cast<std::int64_t>(b));
}

template <int P, int S, int Q, int T>
    requires(P != Q || S != T)
constexpr bool operator==(decimal<P, S> a, decimal<Q, T> b) {
    return compare(a, b) == 0;
}
template <int P, int S, int Q, int T>
    requires(P != Q || S != T)
constexpr std::strong_ordering operator<=>(decimal<P, S> a, decimal<Q, T> b) {
    return compare(a, b);
}

template <int P, int S>
std::string to_text(decimal<P, S> number) {
    return to_text(static_cast<numeric>(number));
}

namespace detail {

template <char... Characters>
inline constexpr char literal_text[] = {Characters..., '\0'};

/// Digits in all and behind the point; -1 where there is anything but digits and one point.
struct digit_counts {
    int all = 0, behind_point = 0;
};
template <char... Characters>
consteval digit_counts count_digits() {
    digit_counts counts;
    bool point = false;
    for (char c : {Characters...}) {
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c)) return {-1, -1};
        ++counts.all;
        counts.behind_point += point ? 1 : 0;
    }
    return counts;
}

}  // namespace detail

namespace literals {

/// `12.50_dec` is a `decimal<4, 2>`.
template <char... Characters>
consteval auto operator""_dec() {
    constexpr auto counts = detail::count_digits<Characters...>();
    static_assert(counts.all > 0, "phantomdb: a decimal literal has digits and a point, nothing else");
    return decimal<counts.all, counts.behind_point>(detail::literal_text<Characters...>);
}

}  // namespace literals

}  // namespace phantomdb
