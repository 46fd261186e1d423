/// @file Defines `date`, `time_of_day`, `timestamp` and `timestamptz`, the typed faces of the integers in a datum.
///
/// Each is made from its namesake in `<chrono>` and converts to it: `date(2024y / 2 / 29)`, `std::chrono::sys_days(day)`.
#pragma once

#include <phantomdb/base/chrono_shape.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/value/calendar.hpp>
#include <phantomdb/value/datum.hpp>

#include <compare>
#include <cstdint>
#include <limits>

namespace phantomdb {

/// Bounds of the raw integers. The extremes of the integer types stand for the infinities.
namespace temporal_limits {
inline constexpr std::int64_t date_infinity = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t date_minus_infinity = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int64_t date_first = -julian_epoch_days;            // 4714-11-24 BC
inline constexpr std::int64_t date_end = 2147483494 - julian_epoch_days;  // 5874898-01-01, not included
inline constexpr std::int64_t timestamp_infinity = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t timestamp_minus_infinity = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t timestamp_first = -211813488000000000;  // 4714-11-24 00:00:00 BC
inline constexpr std::int64_t timestamp_end = 9223371331200000000;    // 294277-01-01 00:00:00, not included
}  // namespace temporal_limits

constexpr bool is_finite_date(std::int64_t days) {
    return days != temporal_limits::date_infinity && days != temporal_limits::date_minus_infinity;
}
constexpr bool is_finite_timestamp(std::int64_t microseconds) {
    return microseconds != temporal_limits::timestamp_infinity &&
           microseconds != temporal_limits::timestamp_minus_infinity;
}
/// Whether a finite value lies in the range PostgreSQL accepts.
constexpr bool is_valid_date(std::int64_t days) {
    return days >= temporal_limits::date_first && days < temporal_limits::date_end;
}
constexpr bool is_valid_timestamp(std::int64_t microseconds) {
    return microseconds >= temporal_limits::timestamp_first && microseconds < temporal_limits::timestamp_end;
}

/// `std::chrono::sys_days`, and coarser.
template <class T>
concept chrono_day = chrono_system_time<T> && T::duration::period::num % 86400 == 0 && T::duration::period::den == 1;

/// A day. Structural; the raw integer is what a `datum` of type date holds.
struct date {
    std::int32_t days = 0;  ///< since 2000-01-01

    constexpr date() = default;
    explicit constexpr date(std::int32_t days_since_2000) : days(days_since_2000) {}
    /// `std::chrono::sys_days` is the same thing under chrono's name.
    template <chrono_day Day>
    constexpr date(Day const& day)  // NOLINT: hence not explicit
        : days(static_cast<std::int32_t>(count_in<1>(day.time_since_epoch()) / 86400 + unix_epoch_days)) {}
    template <chrono_civil_date Day>
    constexpr date(Day const& day)  // NOLINT: likewise
        : days(static_cast<std::int32_t>(
              days_from_civil({static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
                               static_cast<int>(static_cast<unsigned>(day.day()))}))) {}

    static constexpr date infinity() { return date(std::numeric_limits<std::int32_t>::max()); }
    static constexpr date minus_infinity() { return date(std::numeric_limits<std::int32_t>::min()); }
    constexpr bool is_finite() const { return is_finite_date(days); }
    constexpr civil_date civil() const { return civil_from_days(days); }
    template <chrono_day Day>
        requires(Day::period::num == 86400)
    explicit constexpr operator Day() const {
        return Day(typename Day::duration(static_cast<typename Day::rep>(days - unix_epoch_days)));
    }
    friend constexpr auto operator<=>(date const&, date const&) = default;
};

/// A time of the day, 00:00:00 to 24:00:00.
struct time_of_day {
    std::int64_t microseconds = 0;  ///< since midnight

    constexpr time_of_day() = default;
    explicit constexpr time_of_day(std::int64_t microseconds_since_midnight)
        : microseconds(microseconds_since_midnight) {}
    template <chrono_multiple_of<1'000'000> Duration>
    constexpr time_of_day(Duration const& since_midnight)  // NOLINT: the same under chrono's name
        : microseconds(count_in<1'000'000>(since_midnight)) {}
    constexpr time_of_day(int hour, int minute, int second = 0, int microsecond = 0)
        : microseconds(hour * microseconds_per_hour + minute * microseconds_per_minute +
                       second * microseconds_per_second + microsecond) {}

    template <chrono_duration Duration>
        requires(Duration::period::num == 1 && Duration::period::den == 1'000'000)
    explicit constexpr operator Duration() const {
        return Duration(static_cast<typename Duration::rep>(microseconds));
    }
    friend constexpr auto operator<=>(time_of_day const&, time_of_day const&) = default;
};

/// A date and time on some clock, without a zone.
struct timestamp {
    std::int64_t microseconds = 0;  ///< since 2000-01-01 00:00:00

    constexpr timestamp() = default;
    explicit constexpr timestamp(std::int64_t microseconds_since_2000) : microseconds(microseconds_since_2000) {}
    constexpr timestamp(date day, time_of_day time = {})
        : microseconds(day.days * microseconds_per_day + time.microseconds) {}
    template <chrono_local_time Time>
        requires chrono_multiple_of<typename Time::duration, 1'000'000>
    constexpr timestamp(Time const& time)  // NOLINT: the same under chrono's name
        : microseconds(count_in<1'000'000>(time.time_since_epoch()) + unix_epoch_microseconds) {}

    static constexpr timestamp infinity() { return timestamp(temporal_limits::timestamp_infinity); }
    static constexpr timestamp minus_infinity() { return timestamp(temporal_limits::timestamp_minus_infinity); }
    constexpr bool is_finite() const { return is_finite_timestamp(microseconds); }
    constexpr civil_time civil() const { return civil_from_microseconds(microseconds); }
    template <chrono_local_time Time>
        requires(Time::period::num == 1 && Time::period::den == 1'000'000)
    explicit constexpr operator Time() const {
        return Time(typename Time::duration(static_cast<typename Time::rep>(microseconds - unix_epoch_microseconds)));
    }
    friend constexpr auto operator<=>(timestamp const&, timestamp const&) = default;
};

/// An instant; how it prints depends on the session's time zone.
struct timestamptz {
    std::int64_t microseconds = 0;  ///< since 2000-01-01 00:00:00 UTC

    constexpr timestamptz() = default;
    explicit constexpr timestamptz(std::int64_t microseconds_since_2000) : microseconds(microseconds_since_2000) {}
    template <chrono_system_time Time>
        requires chrono_multiple_of<typename Time::duration, 1'000'000>
    constexpr timestamptz(Time const& time)  // NOLINT: the same under chrono's name
        : microseconds(count_in<1'000'000>(time.time_since_epoch()) + unix_epoch_microseconds) {}

    static constexpr timestamptz infinity() { return timestamptz(temporal_limits::timestamp_infinity); }
    static constexpr timestamptz minus_infinity() { return timestamptz(temporal_limits::timestamp_minus_infinity); }
    constexpr bool is_finite() const { return is_finite_timestamp(microseconds); }
    template <chrono_system_time Time>
        requires(Time::period::num == 1 && Time::period::den == 1'000'000)
    explicit constexpr operator Time() const {
        return Time(typename Time::duration(static_cast<typename Time::rep>(microseconds - unix_epoch_microseconds)));
    }
    friend constexpr auto operator<=>(timestamptz const&, timestamptz const&) = default;
};

[[noreturn]] inline void throw_timestamp_out_of_range() {
    throw error(errc::datetime_field_overflow, "timestamp out of range");
}
[[noreturn]] inline void throw_date_out_of_range() { throw error(errc::datetime_field_overflow, "date out of range"); }

/// A date as midnight of that day. Throws 22008 beyond the range of timestamps.
constexpr std::int64_t timestamp_from_date(std::int64_t days) {
    if (days == temporal_limits::date_infinity) return temporal_limits::timestamp_infinity;
    if (days == temporal_limits::date_minus_infinity) return temporal_limits::timestamp_minus_infinity;
    if (days >= temporal_limits::timestamp_end / microseconds_per_day) {
        throw error(errc::datetime_field_overflow, "date out of range for timestamp");
    }
    return days * microseconds_per_day;
}

/// The day a timestamp lies in.
constexpr std::int64_t date_from_timestamp(std::int64_t microseconds) {
    if (microseconds == temporal_limits::timestamp_infinity) return temporal_limits::date_infinity;
    if (microseconds == temporal_limits::timestamp_minus_infinity) return temporal_limits::date_minus_infinity;
    return floor_divide(microseconds, microseconds_per_day);
}

/// Rounds to `digits` fractional digits of a second, half away from zero; a negative count leaves the value as it is.
constexpr std::int64_t round_fraction(std::int64_t microseconds, int digits) {
    if (digits < 0 || digits >= 6 || !is_finite_timestamp(microseconds)) return microseconds;
    std::int64_t unit = 1;
    for (int i = digits; i < 6; ++i) unit *= 10;
    std::int64_t rest = microseconds % unit, rounded = microseconds - rest;
    if (rest * 2 < unit && rest * 2 > -unit) return rounded;
    // What is so large that rounding away from zero would overflow is cut.
    return __builtin_add_overflow(rounded, rest < 0 ? -unit : unit, &rounded) ? microseconds - rest : rounded;
}

}  // namespace phantomdb
