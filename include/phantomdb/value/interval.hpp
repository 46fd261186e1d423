/// @file Defines the arithmetic of `interval` and of points in time with it.
#pragma once

#include <phantomdb/value/temporal.hpp>
#include <phantomdb/value/time_zone.hpp>
#include <phantomdb/value/wide_integer.hpp>

#include <cmath>
#include <compare>
#include <cstdint>

namespace phantomdb {

[[noreturn]] inline void throw_interval_out_of_range() {
    throw error(errc::datetime_field_overflow, "interval out of range");
}

/// An interval's length where a month has 30 days and a day 24 hours; what intervals compare by.
constexpr int128 normalized_microseconds(interval span) {
    return (static_cast<int128>(span.months) * 30 + span.days) * microseconds_per_day + span.microseconds;
}

constexpr std::strong_ordering compare(interval a, interval b) {
    return normalized_microseconds(a) <=> normalized_microseconds(b);
}

/// Equal for intervals that compare equal.
constexpr std::uint64_t hash_of(interval span) {
    int128 length = normalized_microseconds(span);
    std::uint64_t hash = static_cast<std::uint64_t>(length) ^ (static_cast<std::uint64_t>(length >> 64) << 17);
    hash = (hash ^ 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    return hash ^ (hash >> 32);
}

/// Throws 22008 where a field overflows, as all of these do.
constexpr interval operator+(interval a, interval b) {
    interval sum;
    if (__builtin_add_overflow(a.months, b.months, &sum.months) || __builtin_add_overflow(a.days, b.days, &sum.days) ||
        __builtin_add_overflow(a.microseconds, b.microseconds, &sum.microseconds)) {
        throw_interval_out_of_range();
    }
    return sum;
}
constexpr interval operator-(interval a, interval b) {
    interval difference;
    if (__builtin_sub_overflow(a.months, b.months, &difference.months) ||
        __builtin_sub_overflow(a.days, b.days, &difference.days) ||
        __builtin_sub_overflow(a.microseconds, b.microseconds, &difference.microseconds)) {
        throw_interval_out_of_range();
    }
    return difference;
}
constexpr interval operator-(interval span) { return interval{} - span; }

namespace detail {

inline std::int32_t to_field(double value) {
    if (!(value >= -2147483648.0 && value <= 2147483647.0)) throw_interval_out_of_range();
    return static_cast<std::int32_t>(value);
}

inline double round_to_microseconds(double value) { return std::rint(value * 1'000'000) / 1'000'000; }

/// Puts scaled fields together; what months and days have after the point flows down to days and time.
inline interval cascade(double months, double days, double microseconds) {
    constexpr double seconds_per_day = 86400;
    interval result{0, to_field(days), to_field(months)};
    double days_of_months = round_to_microseconds((months - result.months) * 30);
    double whole_days = std::trunc(days_of_months);
    double seconds = round_to_microseconds((days - result.days + days_of_months - whole_days) * seconds_per_day);
    double carried = std::trunc(seconds / seconds_per_day);
    seconds -= carried * seconds_per_day;
    result.days = to_field(result.days + carried + whole_days);
    double time = std::rint(microseconds + seconds * 1'000'000);
    if (!(time >= -9223372036854775808.0 && time < 9223372036854775808.0)) throw_interval_out_of_range();
    result.microseconds = static_cast<std::int64_t>(time);
    return result;
}

}  // namespace detail

inline interval operator*(interval span, double factor) {
    return detail::cascade(span.months * factor, span.days * factor, static_cast<double>(span.microseconds) * factor);
}

/// Throws 22012 when the divisor is 0.
inline interval operator/(interval span, double divisor) {
    if (divisor == 0) throw error(errc::division_by_zero, "division by zero");
    return detail::cascade(span.months / divisor, span.days / divisor,
                           static_cast<double>(span.microseconds) / divisor);
}

namespace detail {

/// Moves whole `unit`s of `small` into `large`.
template <class Small>
constexpr void carry(Small& small, std::int32_t& large, std::int64_t unit) {
    std::int64_t units = small / unit;
    small = static_cast<Small>(small - units * unit);
    if (__builtin_add_overflow(large, units, &large)) throw_interval_out_of_range();
}

/// Gives `small` the sign of `large` by moving one unit, where they differ.
template <class Small>
constexpr void align_sign(Small& small, std::int32_t& large, std::int64_t unit) {
    if (large > 0 && small < 0) {
        small = static_cast<Small>(small + unit);
        --large;
    } else if (large < 0 && small > 0) {
        small = static_cast<Small>(small - unit);
        ++large;
    }
}

}  // namespace detail

/// Turns each 24 hours of time into a day, with one sign for both.
constexpr interval justify_hours(interval span) {
    detail::carry(span.microseconds, span.days, microseconds_per_day);
    detail::align_sign(span.microseconds, span.days, microseconds_per_day);
    return span;
}

/// Turns each 30 days into a month, with one sign for both.
constexpr interval justify_days(interval span) {
    detail::carry(span.days, span.months, 30);
    detail::align_sign(span.days, span.months, 30);
    return span;
}

/// Both of the above, so that all fields have one sign.
constexpr interval justify_interval(interval span) {
    // Where days and time have one sign, making months of days first keeps the days from overflowing.
    bool one_sign = (span.days > 0 && span.microseconds > 0) || (span.days < 0 && span.microseconds < 0);
    if (one_sign) detail::carry(span.days, span.months, 30);
    detail::carry(span.microseconds, span.days, microseconds_per_day);
    detail::carry(span.days, span.months, 30);
    if (span.months > 0 && (span.days < 0 || (span.days == 0 && span.microseconds < 0))) {
        span.days += 30;
        --span.months;
    } else if (span.months < 0 && (span.days > 0 || (span.days == 0 && span.microseconds > 0))) {
        span.days -= 30;
        ++span.months;
    }
    detail::align_sign(span.microseconds, span.days, microseconds_per_day);
    return span;
}

/// A timestamp without zone plus an interval: months first (the day is cut to the month's last), then days, then time.
/// Infinities stay. Throws 22008 beyond the range.
constexpr std::int64_t add_to_timestamp(std::int64_t microseconds, interval span) {
    if (!is_finite_timestamp(microseconds)) return microseconds;
    if (span.months != 0) {
        std::int64_t days = floor_divide(microseconds, microseconds_per_day);
        civil_date civil = civil_from_days(days);
        std::int64_t month = civil.year * 12 + (civil.month - 1) + span.months;
        civil.year = floor_divide(month, 12);
        civil.month = static_cast<int>(month - civil.year * 12) + 1;
        int last = days_in_month(civil.year, civil.month);
        if (civil.day > last) civil.day = last;
        std::int64_t moved = days_from_civil(civil);
        if (!is_valid_date(moved) || moved > temporal_limits::timestamp_end / microseconds_per_day) {
            throw_timestamp_out_of_range();
        }
        microseconds = moved * microseconds_per_day + (microseconds - days * microseconds_per_day);
    }
    int128 sum =
        static_cast<int128>(microseconds) + static_cast<int128>(span.days) * microseconds_per_day + span.microseconds;
    if (sum < temporal_limits::timestamp_first || sum >= temporal_limits::timestamp_end) throw_timestamp_out_of_range();
    return static_cast<std::int64_t>(sum);
}

/// An instant plus an interval: months and days move the local date in the zone, the time passes as it is.
inline std::int64_t add_to_timestamptz(std::int64_t instant, interval span, time_zone const& zone) {
    if (!is_finite_timestamp(instant)) return instant;
    if (span.months != 0 || span.days != 0) {
        instant =
            instant_from_local(add_to_timestamp(local_from_instant(instant, zone), {0, span.days, span.months}), zone);
    }
    return add_to_timestamp(instant, {span.microseconds, 0, 0});
}

/// The time between two timestamps in days and hours. Throws 22008 where one is infinite or it is too long.
constexpr interval difference(std::int64_t later, std::int64_t earlier) {
    if (!is_finite_timestamp(later) || !is_finite_timestamp(earlier)) {
        throw error(errc::datetime_field_overflow, "cannot subtract infinite timestamps");
    }
    interval span;
    if (__builtin_sub_overflow(later, earlier, &span.microseconds)) throw_interval_out_of_range();
    return justify_hours(span);
}

}  // namespace phantomdb
