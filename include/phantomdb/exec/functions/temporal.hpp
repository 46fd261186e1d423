/// @file Defines arithmetic with dates, times and intervals, the clock functions, and those that make and convert values.
#pragma once

#include <phantomdb/exec/functions/temporal_fields.hpp>
#include <phantomdb/value/interval_text.hpp>

#include <cstdio>

namespace phantomdb::exec::functions {

namespace detail {

/// `infinity + x` stays infinite; a finite day must stay within the calendar.
constexpr std::int64_t checked_date(int128 days) {
    if (days < temporal_limits::date_first || days >= temporal_limits::date_end) throw_date_out_of_range();
    return static_cast<std::int64_t>(days);
}
constexpr std::int64_t time_within_day(std::int64_t microseconds) {
    return microseconds - floor_divide(microseconds, microseconds_per_day) * microseconds_per_day;
}

}  // namespace detail

inline std::int64_t date_add_days(std::int64_t days, std::int64_t count) {
    return is_finite_date(days) ? detail::checked_date(int128{days} + count) : days;
}
inline std::int64_t days_add_date(std::int64_t count, std::int64_t days) { return date_add_days(days, count); }
inline std::int64_t date_subtract_days(std::int64_t days, std::int64_t count) { return date_add_days(days, -count); }
inline std::int64_t date_subtract(std::int64_t a, std::int64_t b) {
    if (!is_finite_date(a) || !is_finite_date(b)) {
        throw error(errc::datetime_field_overflow, "cannot subtract infinite dates");
    }
    return a - b;
}
inline std::int64_t date_add_time(std::int64_t days, std::int64_t time) {
    std::int64_t midnight = timestamp_from_date(days);
    if (!is_finite_timestamp(midnight)) return midnight;
    if (!is_valid_timestamp(midnight + time)) throw_timestamp_out_of_range();
    return midnight + time;
}
inline std::int64_t time_add_date(std::int64_t time, std::int64_t days) { return date_add_time(days, time); }

inline interval interval_negate(interval span) { return -span; }
inline interval interval_add(interval a, interval b) { return a + b; }
inline interval interval_subtract(interval a, interval b) { return a - b; }
inline interval interval_multiply(interval span, double factor) { return span * factor; }
inline interval multiply_interval(double factor, interval span) { return span * factor; }
inline interval interval_divide(interval span, double divisor) { return span / divisor; }

inline std::int64_t timestamp_add(std::int64_t local, interval span) { return add_to_timestamp(local, span); }
inline std::int64_t add_timestamp(interval span, std::int64_t local) { return add_to_timestamp(local, span); }
inline std::int64_t timestamp_subtract(std::int64_t local, interval span) { return add_to_timestamp(local, -span); }
inline interval timestamp_difference(std::int64_t a, std::int64_t b) { return difference(a, b); }

inline std::int64_t timestamptz_add(call_context& context, std::int64_t instant, interval span) {
    return add_to_timestamptz(instant, span, *context.settings.zone);
}
inline std::int64_t add_timestamptz(call_context& context, interval span, std::int64_t instant) {
    return timestamptz_add(context, instant, span);
}
inline std::int64_t timestamptz_subtract(call_context& context, std::int64_t instant, interval span) {
    return timestamptz_add(context, instant, -span);
}
inline constexpr auto timestamptz_difference = &timestamp_difference;

inline std::int64_t date_add(std::int64_t days, interval span) {
    return timestamp_add(timestamp_from_date(days), span);
}
inline std::int64_t add_date(interval span, std::int64_t days) { return date_add(days, span); }
inline std::int64_t date_subtract_interval(std::int64_t days, interval span) { return date_add(days, -span); }

/// Time of the day goes round: only the interval's time counts.
inline std::int64_t time_add(std::int64_t time, interval span) {
    return detail::time_within_day(time + span.microseconds % microseconds_per_day);
}
inline std::int64_t add_time(interval span, std::int64_t time) { return time_add(time, span); }
inline std::int64_t time_subtract(std::int64_t time, interval span) {
    return detail::time_within_day(time - span.microseconds % microseconds_per_day);
}
inline interval time_difference(std::int64_t a, std::int64_t b) { return {a - b, 0, 0}; }

inline std::int64_t now(call_context& context) { return context.transaction_timestamp; }
inline constexpr auto transaction_timestamp = &now, current_timestamp = &now;
inline std::int64_t statement_timestamp(call_context& context) { return context.statement_timestamp; }
inline std::int64_t clock_timestamp(call_context& context) { return context.clock(); }
inline std::int64_t localtimestamp(call_context& context) {
    return local_from_instant(context.transaction_timestamp, *context.settings.zone);
}
inline std::int64_t current_date(call_context& context) { return date_from_timestamp(localtimestamp(context)); }
inline std::int64_t localtime(call_context& context) { return detail::time_within_day(localtimestamp(context)); }
inline constexpr auto current_time = &localtime;

/// The calendar's difference: years, months and days as people count a person's age.
inline interval timestamp_age(std::int64_t later, std::int64_t earlier) {
    if (!is_finite_timestamp(later) || !is_finite_timestamp(earlier)) throw_timestamp_out_of_range();
    civil_time a = civil_from_microseconds(later), b = civil_from_microseconds(earlier);
    int sign = later < earlier ? -1 : 1;
    std::int64_t microsecond = sign * (a.microsecond - b.microsecond), second = sign * (a.second - b.second);
    std::int64_t minute = sign * (a.minute - b.minute), hour = sign * (a.hour - b.hour);
    std::int64_t day = sign * (a.date.day - b.date.day), month = sign * (a.date.month - b.date.month);
    std::int64_t year = sign * (a.date.year - b.date.year);
    if (microsecond < 0) microsecond += 1'000'000, --second;
    if (second < 0) second += 60, --minute;
    if (minute < 0) minute += 60, --hour;
    if (hour < 0) hour += 24, --day;
    civil_date const& first = sign < 0 ? a.date : b.date;
    while (day < 0) day += days_in_month(first.year, first.month), --month;
    while (month < 0) month += 12, --year;
    interval span;
    span.months = static_cast<std::int32_t>(sign * (year * 12 + month));
    span.days = static_cast<std::int32_t>(sign * day);
    span.microseconds = sign * (((hour * 60 + minute) * 60 + second) * 1'000'000 + microsecond);
    return span;
}
inline interval timestamptz_age(call_context& context, std::int64_t later, std::int64_t earlier) {
    auto const& zone = *context.settings.zone;
    return timestamp_age(local_from_instant(later, zone), local_from_instant(earlier, zone));
}
inline interval timestamp_age_today(call_context& context, std::int64_t local) {
    return timestamp_age(timestamp_from_date(current_date(context)), local);
}
inline interval timestamptz_age_today(call_context& context, std::int64_t instant) {
    return timestamp_age_today(context, local_from_instant(instant, *context.settings.zone));
}

inline interval interval_justify_hours(interval span) { return justify_hours(span); }
inline interval interval_justify_days(interval span) { return justify_days(span); }
inline interval interval_justify(interval span) { return justify_interval(span); }

inline bool date_isfinite(std::int64_t days) { return is_finite_date(days); }
inline bool timestamp_isfinite(std::int64_t microseconds) { return is_finite_timestamp(microseconds); }
inline constexpr auto timestamptz_isfinite = &timestamp_isfinite;
inline bool interval_isfinite(interval) { return true; }

namespace detail {

/// Throws `what field value out of range: …`, or without "field value" where the fields are right but the sum isn't.
[[noreturn]] inline void out_of_range(std::string message) {
    throw error(errc::datetime_field_overflow, std::move(message));
}
inline std::string written_date(std::int64_t year, int month, int day) {
    char text[64];
    std::snprintf(text, sizeof text, "%lld-%02d-%02d", static_cast<long long>(year), month, day);
    return text;
}
inline std::string written_time(int hour, int minute, double second) {
    char text[64];
    std::snprintf(text, sizeof text, "%d:%02d:", hour, minute);
    std::string result = text;
    if (std::isnan(second)) return result + "NaN";
    if (std::isinf(second)) return result + (second < 0 ? "-Infinity" : "Infinity");
    std::snprintf(text, sizeof text, "%02g", second);
    return result + text;
}

/// `shown_year` is the year that error messages speak of.
inline std::int64_t make_day(std::int32_t year, std::int32_t month, std::int32_t day, std::int64_t shown_year) {
    std::int64_t astronomical = year < 0 ? std::int64_t{year} + 1 : year;
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > days_in_month(astronomical, month)) {
        out_of_range("date field value out of range: " + written_date(shown_year, month, day));
    }
    std::int64_t days = days_from_civil({astronomical, month, day});
    if (!is_valid_date(days)) out_of_range("date out of range: " + written_date(shown_year, month, day));
    return days;
}
inline std::int64_t make_clock(std::int32_t hour, std::int32_t minute, double second) {
    double rounded = std::rint(second * 1e6);
    bool valid = hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && rounded >= 0 && rounded <= 60e6;
    std::int64_t time = 0;
    if (valid) {
        time = hour * microseconds_per_hour + minute * microseconds_per_minute + static_cast<std::int64_t>(rounded);
        valid = time <= microseconds_per_day;
    }
    if (!valid) out_of_range("time field value out of range: " + written_time(hour, minute, second));
    return time;
}

}  // namespace detail

inline std::int64_t make_date(std::int32_t year, std::int32_t month, std::int32_t day) {
    return detail::make_day(year, month, day, year < 0 ? std::int64_t{year} + 1 : year);
}
inline std::int64_t make_time(std::int32_t hour, std::int32_t minute, double second) {
    return detail::make_clock(hour, minute, second);
}
inline std::int64_t make_timestamp(std::int32_t year, std::int32_t month, std::int32_t day, std::int32_t hour,
                                   std::int32_t minute, double second) {
    std::int64_t days = detail::make_day(year, month, day, year), time = detail::make_clock(hour, minute, second);
    int128 result = int128{days} * microseconds_per_day + time;
    if (result < temporal_limits::timestamp_first || result >= temporal_limits::timestamp_end) {
        detail::out_of_range("timestamp out of range: " + detail::written_date(year, month, day) + " " +
                             detail::written_time(hour, minute, second));
    }
    return static_cast<std::int64_t>(result);
}
inline std::int64_t make_timestamptz(call_context& context, std::int32_t year, std::int32_t month, std::int32_t day,
                                     std::int32_t hour, std::int32_t minute, double second) {
    return instant_from_local(make_timestamp(year, month, day, hour, minute, second), *context.settings.zone);
}
inline std::int64_t make_timestamptz_zone(call_context& context, std::int32_t year, std::int32_t month,
                                          std::int32_t day, std::int32_t hour, std::int32_t minute, double second,
                                          std::string_view zone) {
    std::int64_t local = make_timestamp(year, month, day, hour, minute, second);
    return instant_from_local(local, detail::find_zone(context, zone));
}

/// Years, months, weeks, days, hours, minutes and seconds; those left away are 0.
inline interval make_interval(call_context&, call_arguments const& in) {
    auto part = [&](std::size_t i) { return in.size() > i ? in[i].value.i : 0; };
    double seconds = in.size() > 6 ? in[6].value.d : 0;
    std::int64_t months = part(0) * 12 + part(1), days = part(2) * 7 + part(3);
    if (!std::isfinite(seconds) || std::fabs(seconds) > 9e12 || months != static_cast<std::int32_t>(months) ||
        days != static_cast<std::int32_t>(days)) {
        throw_interval_out_of_range();
    }
    interval span{0, static_cast<std::int32_t>(days), static_cast<std::int32_t>(months)};
    span.microseconds = part(4) * microseconds_per_hour + part(5) * microseconds_per_minute +
                        static_cast<std::int64_t>(std::rint(seconds * 1e6));
    return span;
}

inline constexpr auto make_interval0 = &make_interval, make_interval1 = &make_interval, make_interval2 = &make_interval,
                      make_interval3 = &make_interval, make_interval4 = &make_interval, make_interval5 = &make_interval,
                      make_interval6 = &make_interval;

/// AT TIME ZONE: what clocks in `zone` show at an instant.
inline std::int64_t timestamptz_at_zone(call_context& context, std::string_view zone, std::int64_t instant) {
    return is_finite_timestamp(instant) ? local_from_instant(instant, detail::find_zone(context, zone)) : instant;
}
/// AT TIME ZONE: the instant at which clocks in `zone` show this.
inline std::int64_t timestamp_at_zone(call_context& context, std::string_view zone, std::int64_t local) {
    return is_finite_timestamp(local) ? instant_from_local(local, detail::find_zone(context, zone)) : local;
}
namespace detail {
inline time_zone const& zone_of_interval(interval offset) {
    if (offset.months != 0 || offset.days != 0) {
        throw error(errc::invalid_parameter_value,
                    "interval time zone \"" + to_text(offset) + "\" must not include months or days");
    }
    return fixed_offset_zone(static_cast<std::int32_t>(offset.microseconds / microseconds_per_second));
}
}  // namespace detail
inline std::int64_t timestamptz_at_offset(interval offset, std::int64_t instant) {
    return is_finite_timestamp(instant) ? local_from_instant(instant, detail::zone_of_interval(offset)) : instant;
}
inline std::int64_t timestamp_at_offset(interval offset, std::int64_t local) {
    return is_finite_timestamp(local) ? instant_from_local(local, detail::zone_of_interval(offset)) : local;
}

inline std::int64_t to_timestamp(double unix_seconds) {
    if (std::isnan(unix_seconds)) throw error(errc::datetime_field_overflow, "timestamp cannot be NaN");
    if (std::isinf(unix_seconds)) {
        return unix_seconds > 0 ? temporal_limits::timestamp_infinity : temporal_limits::timestamp_minus_infinity;
    }
    double microseconds = std::rint((unix_seconds + static_cast<double>(unix_epoch_days) * 86400) * 1e6);
    if (!(microseconds >= static_cast<double>(temporal_limits::timestamp_first) &&
          microseconds < static_cast<double>(temporal_limits::timestamp_end))) {
        char text[64];
        std::snprintf(text, sizeof text, "timestamp out of range: \"%g\"", unix_seconds);
        throw error(errc::datetime_field_overflow, text);
    }
    return static_cast<std::int64_t>(microseconds);
}

/// The beginning of the `stride`-long bin, counted from `origin`, that holds the point.
inline std::int64_t timestamp_bin(interval stride, std::int64_t point, std::int64_t origin) {
    if (!is_finite_timestamp(point)) return point;
    if (!is_finite_timestamp(origin)) throw error(errc::datetime_field_overflow, "origin out of range");
    if (stride.months != 0) {
        throw error(errc::feature_not_supported,
                    "timestamps cannot be binned into intervals containing months or years");
    }
    std::int64_t length = stride.days * microseconds_per_day + stride.microseconds;
    if (length <= 0) throw error(errc::datetime_field_overflow, "stride must be greater than zero");
    std::int64_t gap = 0;
    if (__builtin_sub_overflow(point, origin, &gap)) throw_interval_out_of_range();
    std::int64_t bins = gap / length;
    if (gap % length < 0) --bins;
    return origin + bins * length;
}
inline constexpr auto timestamptz_bin = &timestamp_bin;

namespace detail {

/// Whether two spans of time share a point; an end may be NULL, and may come before its start.
inline std::optional<bool> spans_overlap(nullable_datum start1, nullable_datum end1, nullable_datum start2,
                                         nullable_datum end2) {
    auto arrange = [](nullable_datum& start, nullable_datum& end) {
        if (start.null || (!end.null && start.value.i > end.value.i)) std::swap(start, end);
    };
    arrange(start1, end1);
    arrange(start2, end2);
    if (start1.null || start2.null) return std::nullopt;
    if (start1.value.i > start2.value.i) {
        std::swap(start1, start2);
        std::swap(end1, end2);
    }
    if (start1.value.i == start2.value.i) {
        if (end1.null || end2.null) return std::nullopt;
        return true;
    }
    if (end1.null) return std::nullopt;
    if (start2.value.i < end1.value.i) return true;
    if (end2.null) return std::nullopt;
    return false;
}
template <auto Add>
std::optional<bool> spans_overlap_by_length(call_context& context, nullable_datum const& start1,
                                            nullable_datum const& length1, nullable_datum const& start2,
                                            nullable_datum const& length2) {
    auto end = [&](nullable_datum const& start, nullable_datum const& length) {
        if (start.null || length.null) return nullable_datum{};
        if constexpr (std::is_invocable_v<decltype(Add), std::int64_t, interval>) {
            return nullable_datum{datum{Add(start.value.i, length.value.v)}};
        } else {
            return nullable_datum{datum{Add(context, start.value.i, length.value.v)}};
        }
    };
    return spans_overlap(start1, end(start1, length1), start2, end(start2, length2));
}

}  // namespace detail
inline constexpr auto timestamp_overlaps = &detail::spans_overlap, timestamptz_overlaps = timestamp_overlaps,
                      time_overlaps = timestamp_overlaps;
inline constexpr auto timestamp_overlaps_length = &detail::spans_overlap_by_length<&timestamp_add>;
inline constexpr auto timestamptz_overlaps_length = &detail::spans_overlap_by_length<&timestamptz_add>;
inline constexpr auto time_overlaps_length = &detail::spans_overlap_by_length<&time_add>;

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_TEMPORAL_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
