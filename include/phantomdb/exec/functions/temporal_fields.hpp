/// @file Defines the fields of points in time and intervals: `extract`, `date_part`, `date_trunc`.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/datetime_words.hpp>
#include <phantomdb/value/format_settings.hpp>
#include <phantomdb/value/interval.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <cmath>
#include <limits>
#include <string>

namespace phantomdb::exec::functions {

namespace detail {

enum class field : std::uint8_t {
    microsecond,
    millisecond,
    second,
    minute,
    hour,
    day,
    week,
    month,
    quarter,
    year,
    decade,
    century,
    millennium,
    dow,
    isodow,
    doy,
    isoyear,
    julian,
    epoch,
    timezone,
    timezone_hour,
    timezone_minute,
    unknown,
};

struct field_word {
    std::string_view text;
    detail::field field;
};
inline constexpr field_word field_words[] = {
    {"microseconds", field::microsecond},
    {"microsecond", field::microsecond},
    {"us", field::microsecond},
    {"usec", field::microsecond},
    {"usecs", field::microsecond},
    {"usecond", field::microsecond},
    {"useconds", field::microsecond},
    {"milliseconds", field::millisecond},
    {"millisecond", field::millisecond},
    {"ms", field::millisecond},
    {"msec", field::millisecond},
    {"msecs", field::millisecond},
    {"msecond", field::millisecond},
    {"mseconds", field::millisecond},
    {"second", field::second},
    {"seconds", field::second},
    {"sec", field::second},
    {"secs", field::second},
    {"s", field::second},
    {"minute", field::minute},
    {"minutes", field::minute},
    {"min", field::minute},
    {"mins", field::minute},
    {"m", field::minute},
    {"hour", field::hour},
    {"hours", field::hour},
    {"hr", field::hour},
    {"hrs", field::hour},
    {"h", field::hour},
    {"day", field::day},
    {"days", field::day},
    {"d", field::day},
    {"week", field::week},
    {"weeks", field::week},
    {"w", field::week},
    {"month", field::month},
    {"months", field::month},
    {"mon", field::month},
    {"mons", field::month},
    {"quarter", field::quarter},
    {"qtr", field::quarter},
    {"year", field::year},
    {"years", field::year},
    {"yr", field::year},
    {"yrs", field::year},
    {"y", field::year},
    {"decade", field::decade},
    {"decades", field::decade},
    {"dec", field::decade},
    {"decs", field::decade},
    {"century", field::century},
    {"centuries", field::century},
    {"cent", field::century},
    {"c", field::century},
    {"millennium", field::millennium},
    {"millennia", field::millennium},
    {"mil", field::millennium},
    {"mils", field::millennium},
    {"dow", field::dow},
    {"isodow", field::isodow},
    {"doy", field::doy},
    {"isoyear", field::isoyear},
    {"julian", field::julian},
    {"jd", field::julian},
    {"epoch", field::epoch},
    {"timezone", field::timezone},
    {"timezone_h", field::timezone_hour},
    {"timezone_hour", field::timezone_hour},
    {"timezone_m", field::timezone_minute},
    {"timezone_minute", field::timezone_minute},
};

constexpr field find_field(std::string_view text) {
    for (auto const& entry : field_words) {
        if (phantomdb::detail::is_word(text, entry.text)) return entry.field;
    }
    return field::unknown;
}

[[noreturn]] inline void unsuitable_field(std::string_view text, field which, type_id type) {
    std::string lower;
    for (char c : text) lower += phantomdb::detail::to_lower(c);
    bool known = which != field::unknown;
    std::string message = "unit \"" + lower + (known ? "\" not supported for type " : "\" not recognized for type ") +
                          std::string(facts(type).name);
    error problem(known ? errc::feature_not_supported : errc::invalid_parameter_value, std::move(message));
    throw problem;
}

/// A field's value: an exact decimal in millionths or whole units, which becomes numeric for `extract` and double for
/// `date_part`.
struct field_value {
    std::int64_t digits = 0;
    int scale = 0;

    explicit operator numeric() const { return numeric::from(digits, scale); }
    explicit operator double() const { return static_cast<double>(digits) / (scale == 6 ? 1e6 : scale == 3 ? 1e3 : 1); }
};

/// Years are astronomical inside (0 is 1 BC), and people have no year 0.
constexpr std::int64_t spoken_year(std::int64_t year) { return year > 0 ? year : year - 1; }
constexpr std::int64_t decade_of(std::int64_t year) { return year >= 0 ? year / 10 : -((8 - (year - 1)) / 10); }
constexpr std::int64_t century_of(std::int64_t year) {
    return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100);
}
constexpr std::int64_t millennium_of(std::int64_t year) {
    return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000);
}

/// Fields of the calendar; `unknown` types of fields give nothing.
constexpr std::optional<std::int64_t> day_field(field which, std::int64_t days) {
    civil_date date = civil_from_days(days);
    switch (which) {
        case field::day: return date.day;
        case field::week: return iso_week(days).week;
        case field::month: return date.month;
        case field::quarter: return (date.month - 1) / 3 + 1;
        case field::year: return spoken_year(date.year);
        case field::decade: return decade_of(date.year);
        case field::century: return century_of(date.year);
        case field::millennium: return millennium_of(date.year);
        case field::dow: return day_of_week(days);
        case field::isodow: return day_of_week(days) == 0 ? 7 : day_of_week(days);
        case field::doy: return day_of_year(date);
        case field::isoyear: return spoken_year(iso_week(days).year);
        default: return std::nullopt;
    }
}

/// Fields of a time within the day, in µs.
constexpr std::optional<field_value> time_field(field which, std::int64_t time) {
    switch (which) {
        case field::microsecond: return field_value{time % microseconds_per_minute};
        case field::millisecond: return field_value{time % microseconds_per_minute, 3};
        case field::second: return field_value{time % microseconds_per_minute, 6};
        case field::minute: return field_value{time / microseconds_per_minute % 60};
        case field::hour: return field_value{time / microseconds_per_hour};
        default: return std::nullopt;
    }
}

/// What an infinite date or timestamp answers: infinity for fields that only grow, NULL for those that come again.
template <class Result>
std::optional<Result> infinite_field(std::string_view text, field which, type_id type, bool negative) {
    switch (which) {
        case field::year:
        case field::decade:
        case field::century:
        case field::millennium:
        case field::julian:
        case field::isoyear:
        case field::epoch:
            if constexpr (std::is_same_v<Result, numeric>) return phantomdb::detail::infinity_of(negative ? -1 : 1);
            else return negative ? -HUGE_VAL : HUGE_VAL;
        case field::timezone:
        case field::timezone_hour:
        case field::timezone_minute: return std::nullopt;
        case field::unknown: unsuitable_field(text, which, type);
        default: return std::nullopt;
    }
}

/// A field of local time; `instant` is the same moment in UTC (for a timestamp without zone: the local time itself).
template <class Result>
std::optional<Result> point_field(std::string_view text, std::int64_t local, std::int64_t instant, type_id type) {
    field which = find_field(text);
    std::int64_t days = floor_divide(local, microseconds_per_day), time = local - days * microseconds_per_day;
    if (auto value = day_field(which, days)) return static_cast<Result>(field_value{*value});
    if (auto value = time_field(which, time)) return static_cast<Result>(*value);
    if (which == field::julian) {
        std::int64_t day = days + julian_epoch_days;
        if constexpr (std::is_same_v<Result, numeric>) {
            return numeric::from(day) + numeric::from(time) / numeric::from(microseconds_per_day);
        } else {
            return static_cast<double>(day) + static_cast<double>(time) / static_cast<double>(microseconds_per_day);
        }
    }
    if (which == field::epoch) {
        int128 microseconds = int128{instant} - unix_epoch_microseconds;
        if constexpr (std::is_same_v<Result, numeric>) return numeric::from(microseconds, 6);
        else return static_cast<double>(microseconds) / 1e6;
    }
    if (type == type_id::timestamptz) {
        std::int64_t east = (local - instant) / microseconds_per_second;
        if (which == field::timezone) return static_cast<Result>(field_value{east});
        if (which == field::timezone_hour) return static_cast<Result>(field_value{east / 3600});
        if (which == field::timezone_minute) return static_cast<Result>(field_value{east / 60 % 60});
    }
    unsuitable_field(text, which, type);
}

template <class Result>
std::optional<Result> timestamp_field(std::string_view text, std::int64_t local) {
    if (!is_finite_timestamp(local))
        return infinite_field<Result>(text, find_field(text), type_id::timestamp, local < 0);
    return point_field<Result>(text, local, local, type_id::timestamp);
}
template <class Result>
std::optional<Result> timestamptz_field(call_context& context, std::string_view text, std::int64_t instant) {
    if (!is_finite_timestamp(instant)) {
        return infinite_field<Result>(text, find_field(text), type_id::timestamptz, instant < 0);
    }
    return point_field<Result>(text, local_from_instant(instant, *context.settings.zone), instant,
                               type_id::timestamptz);
}

template <class Result>
Result interval_field(std::string_view text, interval span) {
    field which = find_field(text);
    std::int64_t years = span.months / 12, months = span.months % 12;
    auto whole = [](std::int64_t value) { return static_cast<Result>(field_value{value}); };
    if (auto value = time_field(which, span.microseconds)) return static_cast<Result>(*value);
    switch (which) {
        case field::day: return whole(span.days);
        case field::month: return whole(months);
        case field::quarter: return whole(months / 3 + 1);
        case field::year: return whole(years);
        case field::decade: return whole(years / 10);
        case field::century: return whole(years / 100);
        case field::millennium: return whole(years / 1000);
        case field::epoch: {
            // A year has 365.25 days here, so count quarters of days.
            int128 quarter_days = int128{years} * 1461 + int128{months} * 120 + int128{span.days} * 4;
            int128 microseconds = quarter_days * (microseconds_per_day / 4) + span.microseconds;
            if constexpr (std::is_same_v<Result, numeric>) return numeric::from(microseconds, 6);
            else return static_cast<double>(microseconds) / 1e6;
        }
        default: unsuitable_field(text, which, type_id::interval);
    }
}

/// `date_trunc` does not know the units that only `extract` has.
[[noreturn]] inline void unsuitable_unit(std::string_view text, field which, type_id type) {
    bool only_extracted = which >= field::dow && which <= field::epoch;
    try {
        unsuitable_field(text, only_extracted ? field::unknown : which, type);
    } catch (error& problem) {
        if (which == field::week) problem.detail = "Months usually have fractional weeks.";
        throw;
    }
}

/// Local time cut down to the beginning of its `which`.
inline std::int64_t truncate(std::string_view text, field which, std::int64_t local, type_id type) {
    std::int64_t days = floor_divide(local, microseconds_per_day);
    civil_date date = civil_from_days(days);
    auto cut = [&](std::int64_t unit) { return floor_divide(local, unit) * unit; };
    auto start = [](std::int64_t year, int month) { return days_from_civil({year, month, 1}) * microseconds_per_day; };
    switch (which) {
        case field::microsecond: return local;
        case field::millisecond: return cut(1000);
        case field::second: return cut(microseconds_per_second);
        case field::minute: return cut(microseconds_per_minute);
        case field::hour: return cut(microseconds_per_hour);
        case field::day: return cut(microseconds_per_day);
        case field::week: return (days - (day_of_week(days) + 6) % 7) * microseconds_per_day;
        case field::month: return start(date.year, date.month);
        case field::quarter: return start(date.year, (date.month - 1) / 3 * 3 + 1);
        case field::year: return start(date.year, 1);
        case field::decade: return start(date.year > 0 ? date.year / 10 * 10 : -((8 - (date.year - 1)) / 10) * 10, 1);
        case field::century:
            return start(date.year > 0 ? (date.year + 99) / 100 * 100 - 99 : -((99 - (date.year - 1)) / 100) * 100 + 1,
                         1);
        case field::millennium:
            return start(
                date.year > 0 ? (date.year + 999) / 1000 * 1000 - 999 : -((999 - (date.year - 1)) / 1000) * 1000 + 1,
                1);
        default: unsuitable_unit(text, which, type);
    }
}

inline std::int64_t truncate_in_zone(std::string_view text, std::int64_t instant, time_zone const& zone) {
    field which = find_field(text);
    if (!is_finite_timestamp(instant)) return instant;
    std::int64_t local = local_from_instant(instant, zone);
    std::int64_t cut = truncate(text, which, local, type_id::timestamptz);
    // Units below a day keep the offset that holds now; longer ones take the one that held then.
    if (which <= field::hour) return cut - (local - instant);
    return instant_from_local(cut, zone);
}

/// The zone called `name`. Throws 22023.
inline time_zone const& find_zone(call_context const& context, std::string_view name) {
    auto word = phantomdb::detail::find_datetime_word(name);
    if (word.word == phantomdb::detail::datetime_word::zone) return fixed_offset_zone(word.value);
    if (auto const* zone = context.settings.find_zone(name)) return *zone;
    throw error(errc::invalid_parameter_value, "time zone \"" + std::string(name) + "\" not recognized");
}

}  // namespace detail

inline constexpr auto timestamp_extract = &detail::timestamp_field<numeric>;
inline constexpr auto timestamp_date_part = &detail::timestamp_field<double>;
inline constexpr auto timestamptz_extract = &detail::timestamptz_field<numeric>;
inline constexpr auto timestamptz_date_part = &detail::timestamptz_field<double>;
inline constexpr auto interval_extract = &detail::interval_field<numeric>;
inline constexpr auto interval_date_part = &detail::interval_field<double>;

inline std::optional<numeric> date_extract(std::string_view text, std::int64_t days) {
    auto which = detail::find_field(text);
    if (!is_finite_date(days)) {
        if (which <= detail::field::hour || which >= detail::field::timezone) {
            detail::unsuitable_field(text, which, type_id::date);
        }
        return detail::infinite_field<numeric>(text, which, type_id::date, days < 0);
    }
    if (auto value = detail::day_field(which, days)) return numeric::from(*value);
    if (which == detail::field::julian) return numeric::from(days + julian_epoch_days);
    if (which == detail::field::epoch) return numeric::from((days - unix_epoch_days) * 86400);
    detail::unsuitable_field(text, which, type_id::date);
}
inline std::optional<double> date_date_part(std::string_view text, std::int64_t days) {
    return timestamp_date_part(text, timestamp_from_date(days));
}

namespace detail {
template <class Result>
Result clock_field(std::string_view text, std::int64_t time) {
    field which = find_field(text);
    if (which == field::epoch) return static_cast<Result>(field_value{time, 6});
    if (auto value = time_field(which, time)) return static_cast<Result>(*value);
    unsuitable_field(text, which, type_id::time);
}
}  // namespace detail
inline constexpr auto time_extract = &detail::clock_field<numeric>;
inline constexpr auto time_date_part = &detail::clock_field<double>;

inline std::int64_t timestamp_trunc(std::string_view text, std::int64_t local) {
    if (!is_finite_timestamp(local)) return local;
    return detail::truncate(text, detail::find_field(text), local, type_id::timestamp);
}
inline std::int64_t timestamptz_trunc(call_context& context, std::string_view text, std::int64_t instant) {
    return detail::truncate_in_zone(text, instant, *context.settings.zone);
}
inline std::int64_t timestamptz_trunc_zone(call_context& context, std::string_view text, std::int64_t instant,
                                           std::string_view zone) {
    if (!is_finite_timestamp(instant)) return instant;
    return detail::truncate_in_zone(text, instant, detail::find_zone(context, zone));
}
inline interval interval_trunc(std::string_view text, interval span) {
    auto which = detail::find_field(text);
    std::int64_t unit = 0;
    std::int32_t months = 0;
    switch (which) {
        case detail::field::microsecond: return span;
        case detail::field::millisecond: unit = 1000; break;
        case detail::field::second: unit = microseconds_per_second; break;
        case detail::field::minute: unit = microseconds_per_minute; break;
        case detail::field::hour: unit = microseconds_per_hour; break;
        case detail::field::day: span.microseconds = 0; return span;
        case detail::field::month: months = 1; break;
        case detail::field::quarter: months = 3; break;
        case detail::field::year: months = 12; break;
        case detail::field::decade: months = 120; break;
        case detail::field::century: months = 1200; break;
        case detail::field::millennium: months = 12000; break;
        default: detail::unsuitable_unit(text, which, type_id::interval);
    }
    if (unit != 0) {
        span.microseconds -= span.microseconds % unit;
        return span;
    }
    return {0, 0, span.months / months * months};
}

}  // namespace phantomdb::exec::functions
