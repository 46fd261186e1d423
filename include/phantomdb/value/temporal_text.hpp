/// @file Defines how dates, times and timestamps are printed in ISO style and read in PostgreSQL's many spellings.
///
/// Reading goes as in PostgreSQL: the text falls into fields (numbers, words, dates with separators, times with colons,
/// offsets), and each field is given a meaning from what it looks like and from what has been understood before it.
#pragma once

#include <phantomdb/value/datetime_fields.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace phantomdb {

namespace detail {

/// Fewer than 20 digits, filled up with zeros.
inline void append_digits(std::string& out, std::int64_t value, int least_digits) {
    char digits[24];
    char* begin = digits + sizeof digits;
    for (; value != 0 || least_digits > 0; value /= 10, --least_digits) *--begin = static_cast<char>('0' + value % 10);
    out.append(begin, digits + sizeof digits);
}

/// Two parts of a date or time below 100 each, a separator in front of both.
inline void append_pairs(std::string& out, char separator, int first, int second) {
    char const text[] = {separator, static_cast<char>('0' + first / 10),  static_cast<char>('0' + first % 10),
                         separator, static_cast<char>('0' + second / 10), static_cast<char>('0' + second % 10)};
    out.append(text, sizeof text);
}

/// `YYYY-MM-DD`, without an era; years BC count from 1.
inline void append_civil_date(std::string& out, civil_date date) {
    append_digits(out, date.year > 0 ? date.year : 1 - date.year, 4);
    append_pairs(out, '-', date.month, date.day);
}

/// `.ffffff` without trailing zeros; nothing for 0.
inline void append_fraction(std::string& out, std::int64_t microsecond) {
    if (microsecond == 0) return;
    out += '.';
    append_digits(out, microsecond, 6);
    while (out.back() == '0') out.pop_back();
}

/// `±hh[:mm[:ss]]`.
inline void append_offset(std::string& out, std::int32_t seconds_east) {
    std::int32_t size = seconds_east < 0 ? -seconds_east : seconds_east;
    out += seconds_east < 0 ? '-' : '+';
    append_digits(out, size / 3600, 2);
    if (size % 3600 == 0) return;
    out += ':';
    append_digits(out, size / 60 % 60, 2);
    if (size % 60 == 0) return;
    out += ':';
    append_digits(out, size % 60, 2);
}

inline bool append_infinity(std::string& out, bool infinite, bool negative) {
    if (infinite) out += negative ? "-infinity" : "infinity";
    return infinite;
}

}  // namespace detail

/// Appends `2024-01-31`, `0044-03-15 BC` or `infinity`.
inline void append_date_text(std::string& out, std::int64_t days) {
    if (detail::append_infinity(out, !is_finite_date(days), days < 0)) return;
    civil_date civil = civil_from_days(days);
    detail::append_civil_date(out, civil);
    if (civil.year <= 0) out += " BC";
}

/// Appends `12:34:56` with a fraction where there is one.
inline void append_time_text(std::string& out, std::int64_t microseconds) {
    auto seconds = static_cast<int>(microseconds / microseconds_per_second);
    detail::append_digits(out, seconds / 3600, 2);
    detail::append_pairs(out, ':', seconds / 60 % 60, seconds % 60);
    detail::append_fraction(out, microseconds % microseconds_per_second);
}

/// Appends `2024-01-31 12:34:56.789`.
inline void append_timestamp_text(std::string& out, std::int64_t microseconds) {
    if (detail::append_infinity(out, !is_finite_timestamp(microseconds), microseconds < 0)) return;
    std::int64_t days = floor_divide(microseconds, microseconds_per_day);
    civil_date civil = civil_from_days(days);
    detail::append_civil_date(out, civil);
    out += ' ';
    append_time_text(out, microseconds - days * microseconds_per_day);
    if (civil.year <= 0) out += " BC";
}

/// Appends the local time in the zone and its offset: `2024-01-31 12:34:56.789+01`.
inline void append_timestamptz_text(std::string& out, std::int64_t microseconds, time_zone const& zone) {
    if (detail::append_infinity(out, !is_finite_timestamp(microseconds), microseconds < 0)) return;
    std::int32_t offset = zone.seconds_east_at_instant(microseconds);
    append_timestamp_text(out, microseconds + offset * microseconds_per_second);
    bool before_christ = out.back() == 'C';
    if (before_christ) out.resize(out.size() - 3);
    detail::append_offset(out, offset);
    if (before_christ) out += " BC";
}

/// The typed faces as text; an instant as clocks in the zone show it.
inline std::string to_text(date day) {
    std::string out;
    append_date_text(out, day.days);
    return out;
}
inline std::string to_text(time_of_day time) {
    std::string out;
    append_time_text(out, time.microseconds);
    return out;
}
inline std::string to_text(timestamp moment) {
    std::string out;
    append_timestamp_text(out, moment.microseconds);
    return out;
}
inline std::string to_text(timestamptz instant, time_zone const& zone = utc_time_zone()) {
    std::string out;
    append_timestamptz_text(out, instant.microseconds, zone);
    return out;
}

namespace detail {

[[noreturn]] inline void throw_out_of_range(std::string_view type, std::string_view text) {
    throw error(errc::datetime_field_overflow, std::string(type) + " out of range: \"" + std::string(text) + "\"");
}

/// `2024-01-31` at the front of `text`, the form machines write; no other.
constexpr bool read_iso_date(std::string_view text, std::int64_t& days) {
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
    auto number = [&](std::size_t begin, std::size_t end) {
        int value = 0;
        for (; begin < end; ++begin) value = is_digit(text[begin]) ? value * 10 + (text[begin] - '0') : -100000;
        return value;
    };
    civil_date civil{number(0, 4), number(5, 7), number(8, 10)};
    if (civil.year < 1 || civil.month < 1 || civil.month > 12 || civil.day < 1) return false;
    if (civil.day > days_in_month(civil.year, civil.month)) return false;
    days = days_from_civil(civil);
    return true;
}

/// What `read_iso_timestamp` found.
struct iso_timestamp {
    std::int64_t local = 0;
    std::optional<std::int32_t> offset;  ///< seconds east
};

/// `2024-01-31 12:34:56[.789][+01[:00]]`, the whole text, in the forms machines write; false for any other.
constexpr bool read_iso_timestamp(std::string_view text, iso_timestamp& found) {
    std::int64_t days = 0;
    if (text.size() < 19 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') return false;
    if (!read_iso_date(text, days)) return false;
    for (std::size_t at : {11, 12, 14, 15, 17, 18}) {
        if (!is_digit(text[at])) return false;
    }
    auto pair = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
    int hour = pair(11), minute = pair(14), second = pair(17);
    if (hour > 23 || minute > 59 || second > 59) return false;
    found.local = days * microseconds_per_day + (hour * 3600 + minute * 60 + second) * microseconds_per_second;
    text.remove_prefix(19);
    if (text.size() > 1 && text.front() == '.') {
        std::int64_t unit = microseconds_per_second;
        text.remove_prefix(1);
        for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
            if (unit == 1) return false;
            unit /= 10;
            found.local += (text.front() - '0') * unit;
        }
    }
    if (text.empty()) return true;
    bool west = text.front() == '-';
    if ((!west && text.front() != '+') || (text.size() != 3 && (text.size() != 6 || text[3] != ':'))) return false;
    std::int32_t seconds = read_offset(text.substr(1));
    if (seconds < 0 || seconds > max_offset_seconds) return false;
    found.offset = west ? -seconds : seconds;
    return true;
}

/// Local microseconds of what has been read, for finite kinds.
inline std::int64_t local_microseconds(datetime_fields const& fields, std::string_view type, std::string_view text) {
    std::int64_t days = days_from_civil(fields.date);
    constexpr std::int64_t last_day = temporal_limits::timestamp_end / microseconds_per_day;
    if (!is_valid_date(days) || days > last_day) throw_out_of_range(type, text);
    std::int64_t local = 0;
    if (__builtin_add_overflow(days * microseconds_per_day, fields.time, &local)) throw_out_of_range(type, text);
    return local;
}

}  // namespace detail

/// Reads a date; a time behind it is ignored. Throws 22007, 22008 or 22023 as PostgreSQL does.
inline std::int64_t parse_date(std::string_view text, format_settings const& settings = {}) {
    std::int64_t days = 0;
    if (text.size() == 10 && detail::read_iso_date(text, days)) return days;
    auto fields = detail::read_datetime(text, "date", detail::datetime_kind::date, settings);
    switch (fields.meaning) {
        case detail::datetime_meaning::infinity: return temporal_limits::date_infinity;
        case detail::datetime_meaning::minus_infinity: return temporal_limits::date_minus_infinity;
        case detail::datetime_meaning::instant: return date_from_timestamp(fields.time);
        case detail::datetime_meaning::civil: break;
    }
    days = days_from_civil(fields.date);
    if (!is_valid_date(days)) detail::throw_out_of_range("date", text);
    return days;
}

/// Reads a time of day, µs since midnight; `digits` is the type's modifier. A zone is accepted and ignored.
inline std::int64_t parse_time(std::string_view text, int digits = -1, format_settings const& settings = {}) {
    auto fields = detail::read_datetime(text, "time", detail::datetime_kind::time, settings);
    return round_fraction(fields.time, digits);
}

/// Reads a timestamp; a zone is accepted and ignored. `digits` is the type's modifier.
inline std::int64_t parse_timestamp(std::string_view text, int digits = -1, format_settings const& settings = {}) {
    detail::iso_timestamp iso;
    if (detail::read_iso_timestamp(text, iso)) return round_fraction(iso.local, digits);
    auto fields = detail::read_datetime(text, "timestamp", detail::datetime_kind::timestamp, settings);
    switch (fields.meaning) {
        case detail::datetime_meaning::infinity: return temporal_limits::timestamp_infinity;
        case detail::datetime_meaning::minus_infinity: return temporal_limits::timestamp_minus_infinity;
        case detail::datetime_meaning::instant: return round_fraction(fields.time, digits);
        case detail::datetime_meaning::civil: break;
    }
    std::int64_t microseconds = detail::local_microseconds(fields, "timestamp", text);
    if (!is_valid_timestamp(microseconds)) detail::throw_out_of_range("timestamp", text);
    return round_fraction(microseconds, digits);
}

/// Reads an instant; without a zone in the text the session's zone holds. `digits` is the type's modifier.
inline std::int64_t parse_timestamptz(std::string_view text, int digits = -1, format_settings const& settings = {}) {
    detail::iso_timestamp iso;
    if (detail::read_iso_timestamp(text, iso)) {
        std::int32_t east = iso.offset ? *iso.offset : settings.zone->seconds_east_at_local(iso.local);
        return round_fraction(iso.local - east * microseconds_per_second, digits);
    }
    auto fields = detail::read_datetime(text, "timestamp with time zone", detail::datetime_kind::timestamptz, settings);
    switch (fields.meaning) {
        case detail::datetime_meaning::infinity: return temporal_limits::timestamp_infinity;
        case detail::datetime_meaning::minus_infinity: return temporal_limits::timestamp_minus_infinity;
        case detail::datetime_meaning::instant: return round_fraction(fields.time, digits);
        case detail::datetime_meaning::civil: break;
    }
    std::int64_t local = detail::local_microseconds(fields, "timestamp", text);
    std::int32_t offset = fields.offset ? *fields.offset
                          : fields.zone ? fields.zone->seconds_east_at_local(local)
                                        : settings.zone->seconds_east_at_local(local);
    std::int64_t instant = 0;
    if (__builtin_sub_overflow(local, offset * microseconds_per_second, &instant) || !is_valid_timestamp(instant)) {
        detail::throw_out_of_range("timestamp", text);
    }
    return round_fraction(instant, digits);
}

}  // namespace phantomdb
