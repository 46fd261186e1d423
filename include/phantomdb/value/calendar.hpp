/// @file Defines the arithmetic of the proleptic Gregorian calendar over PostgreSQL's whole range of dates.
///
/// `<chrono>` stops at the year 32767; PostgreSQL's dates reach from 4714 BC to 5874897. Days count from 2000-01-01.
/// Years are astronomical here: 0 is 1 BC.
#pragma once

#include <cstdint>

namespace phantomdb {

inline constexpr std::int64_t microseconds_per_second = 1'000'000;
inline constexpr std::int64_t microseconds_per_minute = 60 * microseconds_per_second;
inline constexpr std::int64_t microseconds_per_hour = 60 * microseconds_per_minute;
inline constexpr std::int64_t microseconds_per_day = 24 * microseconds_per_hour;

/// Days from 1970-01-01 to 2000-01-01, where the counts of PostgreSQL begin.
inline constexpr std::int64_t unix_epoch_days = -10957;
inline constexpr std::int64_t unix_epoch_microseconds = unix_epoch_days * microseconds_per_day;

/// Julian day number of 2000-01-01.
inline constexpr std::int64_t julian_epoch_days = 2451545;

/// A day of the calendar, as people name it.
struct civil_date {
    std::int64_t year = 2000;
    int month = 1;
    int day = 1;
    friend constexpr bool operator==(civil_date const&, civil_date const&) = default;
};

constexpr bool is_leap_year(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int days_in_month(std::int64_t year, int month) {
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Days since 2000-01-01. (Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".)
constexpr std::int64_t days_from_civil(civil_date date) {
    std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    std::int64_t era = floor_divide(year, 400);
    std::int64_t year_of_era = year - era * 400;
    std::int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468 + unix_epoch_days;
}

constexpr civil_date civil_from_days(std::int64_t days) {
    days += 719468 - unix_epoch_days;
    std::int64_t era = floor_divide(days, 146097);
    std::int64_t day_of_era = days - era * 146097;
    std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted_month = static_cast<int>((5 * day_of_year + 2) / 153);
    int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    int month = shifted_month + (shifted_month < 10 ? 3 : -9);
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

/// 0 is Sunday.
constexpr int day_of_week(std::int64_t days) {
    std::int64_t shifted = days + 6;  // 2000-01-01 was a Saturday
    return static_cast<int>(shifted - floor_divide(shifted, 7) * 7);
}

/// 1 is the first of January.
constexpr int day_of_year(civil_date date) {
    return static_cast<int>(days_from_civil(date) - days_from_civil({date.year, 1, 1}) + 1);
}

/// The ISO 8601 week a day lies in, and the year that week belongs to.
struct iso_week_date {
    std::int64_t year;
    int week;
};
constexpr iso_week_date iso_week(std::int64_t days) {
    std::int64_t thursday = days - (day_of_week(days) + 6) % 7 + 3;
    civil_date date = civil_from_days(thursday);
    return {date.year, (day_of_year(date) - 1) / 7 + 1};
}

/// A point of local time taken apart. `microsecond` is the time within the second.
struct civil_time {
    civil_date date;
    int hour = 0, minute = 0, second = 0, microsecond = 0;
};

/// Splits microseconds since 2000-01-01 00:00:00; must be finite.
constexpr civil_time civil_from_microseconds(std::int64_t microseconds) {
    std::int64_t days = floor_divide(microseconds, microseconds_per_day);
    std::int64_t rest = microseconds - days * microseconds_per_day;
    return {civil_from_days(days), static_cast<int>(rest / microseconds_per_hour),
            static_cast<int>(rest / microseconds_per_minute % 60),
            static_cast<int>(rest / microseconds_per_second % 60), static_cast<int>(rest % microseconds_per_second)};
}

constexpr std::int64_t microseconds_from_civil(civil_time const& time) {
    return days_from_civil(time.date) * microseconds_per_day + time.hour * microseconds_per_hour +
           time.minute * microseconds_per_minute + time.second * microseconds_per_second + time.microsecond;
}

}  // namespace phantomdb
