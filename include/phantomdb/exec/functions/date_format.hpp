/// @file Defines to_char for timestamps and intervals, to_date and to_timestamp: templates like 'YYYY-MM-DD HH24:MI'.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/format_settings.hpp>
#include <phantomdb/value/interval.hpp>
#include <phantomdb/value/utf8.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

namespace phantomdb::exec::functions {

namespace detail {

enum class date_part : std::uint8_t {
    literal,
    separator,
    blank,
    era,
    noon,
    century,
    day_name,
    day_abbreviation,
    day_of_year,
    day,
    day_of_week,
    fraction,
    hour24,
    hour12,
    iso_day_of_year,
    iso_day,
    iso_week,
    iso_year,
    julian,
    minute,
    month,
    month_name,
    month_abbreviation,
    millisecond,
    offset,
    quarter,
    roman_month,
    second_of_day,
    second,
    zone,
    zone_hour,
    zone_minute,
    microsecond,
    week,
    week_of_month,
    year_with_comma,
    year,
};

/// A pattern word. `digits` counts those of a field; the case of names and suffixes is that of the word.
struct date_word {
    std::string_view text;
    date_part part;
    int digits = 0;
};

/// Longer words stand before their beginnings. Words without letter case are matched in either case.
inline constexpr date_word date_words[] = {
    {"A.D.", date_part::era},
    {"a.d.", date_part::era},
    {"AD", date_part::era},
    {"ad", date_part::era},
    {"B.C.", date_part::era},
    {"b.c.", date_part::era},
    {"BC", date_part::era},
    {"bc", date_part::era},
    {"A.M.", date_part::noon},
    {"a.m.", date_part::noon},
    {"AM", date_part::noon},
    {"am", date_part::noon},
    {"P.M.", date_part::noon},
    {"p.m.", date_part::noon},
    {"PM", date_part::noon},
    {"pm", date_part::noon},
    {"CC", date_part::century, 2},
    {"cc", date_part::century, 2},
    {"DAY", date_part::day_name},
    {"Day", date_part::day_name},
    {"day", date_part::day_name},
    {"DDD", date_part::day_of_year, 3},
    {"ddd", date_part::day_of_year, 3},
    {"DD", date_part::day, 2},
    {"dd", date_part::day, 2},
    {"DY", date_part::day_abbreviation},
    {"Dy", date_part::day_abbreviation},
    {"dy", date_part::day_abbreviation},
    {"D", date_part::day_of_week, 1},
    {"d", date_part::day_of_week, 1},
    {"FF1", date_part::fraction, 1},
    {"FF2", date_part::fraction, 2},
    {"FF3", date_part::fraction, 3},
    {"FF4", date_part::fraction, 4},
    {"FF5", date_part::fraction, 5},
    {"FF6", date_part::fraction, 6},
    {"ff1", date_part::fraction, 1},
    {"ff2", date_part::fraction, 2},
    {"ff3", date_part::fraction, 3},
    {"ff4", date_part::fraction, 4},
    {"ff5", date_part::fraction, 5},
    {"ff6", date_part::fraction, 6},
    {"HH24", date_part::hour24, 2},
    {"hh24", date_part::hour24, 2},
    {"HH12", date_part::hour12, 2},
    {"hh12", date_part::hour12, 2},
    {"HH", date_part::hour12, 2},
    {"hh", date_part::hour12, 2},
    {"IDDD", date_part::iso_day_of_year, 3},
    {"iddd", date_part::iso_day_of_year, 3},
    {"ID", date_part::iso_day, 1},
    {"id", date_part::iso_day, 1},
    {"IW", date_part::iso_week, 2},
    {"iw", date_part::iso_week, 2},
    {"IYYY", date_part::iso_year, 4},
    {"iyyy", date_part::iso_year, 4},
    {"IYY", date_part::iso_year, 3},
    {"iyy", date_part::iso_year, 3},
    {"IY", date_part::iso_year, 2},
    {"iy", date_part::iso_year, 2},
    {"I", date_part::iso_year, 1},
    {"i", date_part::iso_year, 1},
    {"J", date_part::julian, 1},
    {"j", date_part::julian, 1},
    {"MI", date_part::minute, 2},
    {"mi", date_part::minute, 2},
    {"MM", date_part::month, 2},
    {"mm", date_part::month, 2},
    {"MONTH", date_part::month_name},
    {"Month", date_part::month_name},
    {"month", date_part::month_name},
    {"MON", date_part::month_abbreviation},
    {"Mon", date_part::month_abbreviation},
    {"mon", date_part::month_abbreviation},
    {"MS", date_part::millisecond, 3},
    {"ms", date_part::millisecond, 3},
    {"OF", date_part::offset},
    {"of", date_part::offset},
    {"Q", date_part::quarter, 1},
    {"q", date_part::quarter, 1},
    {"RM", date_part::roman_month},
    {"rm", date_part::roman_month},
    {"SSSSS", date_part::second_of_day, 5},
    {"sssss", date_part::second_of_day, 5},
    {"SSSS", date_part::second_of_day, 5},
    {"ssss", date_part::second_of_day, 5},
    {"SS", date_part::second, 2},
    {"ss", date_part::second, 2},
    {"TZH", date_part::zone_hour},
    {"tzh", date_part::zone_hour},
    {"TZM", date_part::zone_minute},
    {"tzm", date_part::zone_minute},
    {"TZ", date_part::zone},
    {"tz", date_part::zone},
    {"US", date_part::microsecond, 6},
    {"us", date_part::microsecond, 6},
    {"WW", date_part::week, 2},
    {"ww", date_part::week, 2},
    {"W", date_part::week_of_month, 1},
    {"w", date_part::week_of_month, 1},
    {"Y,YYY", date_part::year_with_comma},
    {"y,yyy", date_part::year_with_comma},
    {"YYYY", date_part::year, 4},
    {"yyyy", date_part::year, 4},
    {"YYY", date_part::year, 3},
    {"yyy", date_part::year, 3},
    {"YY", date_part::year, 2},
    {"yy", date_part::year, 2},
    {"Y", date_part::year, 1},
    {"y", date_part::year, 1},
};

inline constexpr std::string_view month_names[] = {"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
inline constexpr std::string_view day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                 "Thursday", "Friday", "Saturday"};
inline constexpr std::string_view roman_months[] = {"I",   "II",   "III", "IV", "V",  "VI",
                                                    "VII", "VIII", "IX",  "X",  "XI", "XII"};

/// One piece of a template.
struct date_item {
    date_part part;
    std::string_view word{};  ///< as written; of literals, separators and blanks the character
    int digits = 0;
    bool fill_mode = false;      ///< FM or TM in front: no padding
    std::string_view ordinal{};  ///< TH or th behind
};

/// A template taken apart.
struct date_template {
    std::vector<date_item> items;
    bool fixed = false;  ///< FX: no tolerance in reading

    explicit date_template(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) {
            bool fill_mode = false;
            std::size_t begin = at;
            for (;;) {
                std::string_view two = text.substr(at, 2);
                if (phantomdb::detail::is_word(two, "fm") || two == "TM") fill_mode = true, at += 2;
                else if (phantomdb::detail::is_word(two, "fx")) fixed = true, at += 2;
                else break;
            }
            date_word const* found = nullptr;
            for (auto const& word : date_words) {
                if (text.substr(at, word.text.size()) == word.text &&
                    (!found || word.text.size() > found->text.size())) {
                    found = &word;
                }
            }
            if (found) {
                date_item item{found->part, text.substr(at, found->text.size()), found->digits, fill_mode, {}};
                at += found->text.size();
                if (phantomdb::detail::is_word(text.substr(at, 2), "th")) {
                    item.ordinal = text.substr(at, 2);
                    at += 2;
                }
                items.push_back(item);
                continue;
            }
            if (at != begin && at >= text.size()) break;
            if (text[at] == '"') {
                for (++at; at < text.size() && text[at] != '"';) {
                    if (text[at] == '\\' && at + 1 < text.size()) ++at;
                    std::size_t size = character_size(text[at]);
                    items.push_back({date_part::literal, text.substr(at, size)});
                    at += size;
                }
                ++at;
                continue;
            }
            if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '"') ++at;
            std::size_t size = character_size(text[at]);
            char c = text[at];
            bool letter = size > 1 || (c >= '0' && c <= '9') ||
                          (phantomdb::detail::to_lower(c) >= 'a' && phantomdb::detail::to_lower(c) <= 'z');
            date_part kind = phantomdb::detail::is_space(c) ? date_part::blank
                             : letter                       ? date_part::literal
                                                            : date_part::separator;
            items.push_back({kind, text.substr(at, size)});
            at += size;
        }
    }
};

/// What is printed: a moment, or an interval taken apart as if it were one.
struct date_fields {
    std::int64_t year = 0;  ///< astronomical
    std::int64_t month = 1, day = 1, hour = 0, minute = 0, second = 0, microsecond = 0;
    std::int64_t days = 0;  ///< since 2000-01-01
    std::int64_t day_of_year = 0;
    bool is_interval = false;
    bool has_zone = false;
    std::int64_t seconds_east = 0;
    std::string zone{};
};

class date_printer {
public:
    date_printer(date_fields const& fields) : in_(fields) {}

    std::string print(date_template const& form) {
        for (auto const& item : form.items) print(item);
        return std::move(out_);
    }

private:
    void only_for_dates() const {
        if (!in_.is_interval) return;
        throw error(errc::invalid_datetime_format, "invalid format specification for an interval value")
            .with_hint("Intervals are not tied to specific calendar dates.");
    }

    void number(date_item const& item, std::int64_t value, int width) {
        char text[32];
        if (value < 0) ++width;
        int length =
            std::snprintf(text, sizeof text, "%0*lld", item.fill_mode ? 0 : width, static_cast<long long>(value));
        out_.append(text, static_cast<std::size_t>(length));
        if (item.ordinal.empty()) return;
        char last = out_.back();
        bool teen = length > 1 && text[length - 2] == '1';
        std::string_view suffix = teen ? "th" : last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
        for (char c : suffix) out_ += item.ordinal[0] == 'T' ? static_cast<char>(c - 32) : c;
    }

    /// A name in the case of the template's word, padded to `width`.
    void name(date_item const& item, std::string_view text, std::size_t width) {
        bool upper = item.word.size() > 1 && item.word[1] >= 'A' && item.word[1] <= 'Z';
        bool lower = item.word[0] >= 'a';
        std::size_t begin = out_.size();
        for (char c : text) {
            out_ += upper && c >= 'a' ? static_cast<char>(c - 32) : lower ? phantomdb::detail::to_lower(c) : c;
        }
        if (!item.fill_mode && out_.size() - begin < width) out_.append(width - (out_.size() - begin), ' ');
    }

    /// One of two words with the dots and case of the template's.
    void word(date_item const& item, std::string_view letters) {
        bool dots = item.word.size() > 2, lower = item.word[0] >= 'a';
        for (char c : letters) {
            out_ += lower ? phantomdb::detail::to_lower(c) : c;
            if (dots) out_ += '.';
        }
    }

    void print(date_item const& item) {
        std::int64_t year = in_.is_interval ? in_.year : in_.year <= 0 ? -(in_.year - 1) : in_.year;
        switch (item.part) {
            case date_part::literal:
            case date_part::separator:
            case date_part::blank: out_ += item.word; break;
            case date_part::era:
                only_for_dates();
                word(item, in_.year <= 0 ? "BC" : "AD");
                break;
            case date_part::noon: word(item, in_.hour % 24 >= 12 ? "PM" : "AM"); break;
            case date_part::century: {
                std::int64_t century = in_.is_interval ? in_.year / 100
                                       : in_.year > 0  ? (in_.year - 1) / 100 + 1
                                                       : in_.year / 100 - 1;
                number(item, century, century <= 99 && century >= -99 ? 2 : 0);
                break;
            }
            case date_part::day_name: only_for_dates(), name(item, weekday(), 9); break;
            case date_part::day_abbreviation: only_for_dates(), name(item, weekday().substr(0, 3), 0); break;
            case date_part::day_of_year: number(item, in_.day_of_year, 3); break;
            case date_part::day: number(item, in_.day, in_.day < 0 ? 1 : 2); break;
            case date_part::day_of_week: only_for_dates(), number(item, day_of_week(in_.days) + 1, 1); break;
            case date_part::fraction: {
                std::int64_t unit = 1;
                for (int i = item.digits; i < 6; ++i) unit *= 10;
                date_item padded = item;
                padded.fill_mode = false;
                number(padded, in_.microsecond / unit, item.digits);
                break;
            }
            case date_part::hour24: number(item, in_.hour, 2); break;
            case date_part::hour12: number(item, in_.hour % 12 == 0 ? 12 : in_.hour % 12, 2); break;
            case date_part::iso_day_of_year: {
                only_for_dates();
                std::int64_t week = iso_week(in_.days).week;
                number(item, (week - 1) * 7 + (day_of_week(in_.days) + 6) % 7 + 1, 3);
                break;
            }
            case date_part::iso_day: {
                only_for_dates();
                int day = day_of_week(in_.days);
                number(item, day == 0 ? 7 : day, 1);
                break;
            }
            case date_part::iso_week: only_for_dates(), number(item, iso_week(in_.days).week, 2); break;
            case date_part::iso_year: {
                only_for_dates();
                std::int64_t iso = iso_week(in_.days).year;
                iso = iso <= 0 ? -(iso - 1) : iso;
                number(item,
                       item.digits == 4   ? iso
                       : item.digits == 3 ? iso % 1000
                       : item.digits == 2 ? iso % 100
                                          : iso % 10,
                       item.digits);
                break;
            }
            case date_part::julian: number(item, in_.days + julian_epoch_days, 1); break;
            case date_part::minute: number(item, in_.minute, 2); break;
            case date_part::month: number(item, in_.month, 2); break;
            case date_part::month_name:
                only_for_dates();
                name(item, month_names[in_.month - 1], 9);
                break;
            case date_part::month_abbreviation:
                only_for_dates();
                name(item, month_names[in_.month - 1].substr(0, 3), 0);
                break;
            case date_part::millisecond: padded(item, in_.microsecond / 1000, 3); break;
            case date_part::microsecond: padded(item, in_.microsecond, 6); break;
            case date_part::offset: {
                only_for_dates();
                std::int64_t size = std::abs(in_.seconds_east);
                out_ += in_.seconds_east < 0 ? '-' : '+';
                number(item, size / 3600, 2);
                if (size % 3600 != 0) append_two(":", size % 3600 / 60);
                break;
            }
            case date_part::quarter:
                if (in_.month != 0) number(item, (in_.month - 1) / 3 + 1, 1);
                break;
            case date_part::roman_month: roman(item); break;
            case date_part::second_of_day: number(item, in_.hour * 3600 + in_.minute * 60 + in_.second, 1); break;
            case date_part::second: number(item, in_.second, 2); break;
            case date_part::zone:
                only_for_dates();
                for (char c : in_.zone) out_ += item.word[0] >= 'a' ? phantomdb::detail::to_lower(c) : c;
                break;
            case date_part::zone_hour:
                only_for_dates();
                append_two(in_.seconds_east < 0 ? "-" : "+", std::abs(in_.seconds_east) / 3600);
                break;
            case date_part::zone_minute:
                only_for_dates(), append_two("", std::abs(in_.seconds_east) % 3600 / 60);
                break;
            case date_part::week: number(item, (in_.day_of_year - 1) / 7 + 1, 2); break;
            case date_part::week_of_month: number(item, (in_.day - 1) / 7 + 1, 1); break;
            case date_part::year_with_comma: {
                char text[32];
                std::snprintf(text, sizeof text, "%lld,%03lld", static_cast<long long>(year / 1000),
                              static_cast<long long>(year % 1000));
                out_ += text;
                break;
            }
            case date_part::year:
                number(item,
                       item.digits == 4   ? year
                       : item.digits == 3 ? year % 1000
                       : item.digits == 2 ? year % 100
                                          : year % 10,
                       item.digits);
                break;
        }
    }

    std::string_view weekday() const { return day_names[day_of_week(in_.days)]; }
    void padded(date_item item, std::int64_t value, int width) {
        item.fill_mode = false;
        number(item, value, width);
    }
    void append_two(char const* before, std::int64_t value) {
        char text[32];
        std::snprintf(text, sizeof text, "%s%02lld", before, static_cast<long long>(value));
        out_ += text;
    }
    void roman(date_item const& item) {
        std::int64_t month = in_.month;
        if (in_.is_interval) {
            if (month == 0 && in_.year == 0) return;
            if (month == 0) month = in_.year >= 0 ? 12 : 1;
            else if (month < 0) month += 13;
        }
        std::string_view text = roman_months[month - 1];
        std::size_t begin = out_.size();
        for (char c : text) out_ += item.word[0] >= 'a' ? phantomdb::detail::to_lower(c) : c;
        if (!item.fill_mode && out_.size() - begin < 4) out_.append(4 - (out_.size() - begin), ' ');
    }

    date_fields const& in_;
    std::string out_;
};

inline date_fields fields_of_local(std::int64_t local) {
    date_fields fields;
    civil_time civil = civil_from_microseconds(local);
    fields.year = civil.date.year;
    fields.month = civil.date.month;
    fields.day = civil.date.day;
    fields.hour = civil.hour;
    fields.minute = civil.minute;
    fields.second = civil.second;
    fields.microsecond = civil.microsecond;
    fields.days = floor_divide(local, microseconds_per_day);
    fields.day_of_year = phantomdb::day_of_year(civil.date);
    return fields;
}

}  // namespace detail

inline std::optional<std::string_view> timestamp_to_char(call_context& context, std::int64_t local,
                                                         std::string_view form) {
    if (form.empty() || !is_finite_timestamp(local)) return std::nullopt;
    auto fields = detail::fields_of_local(local);
    return context.memory.copy(detail::date_printer(fields).print(detail::date_template(form)));
}
inline std::optional<std::string_view> timestamptz_to_char(call_context& context, std::int64_t instant,
                                                           std::string_view form) {
    if (form.empty() || !is_finite_timestamp(instant)) return std::nullopt;
    auto offset = context.settings.zone->at_instant(instant);
    auto fields = detail::fields_of_local(instant + offset.seconds_east * microseconds_per_second);
    fields.has_zone = true;
    fields.seconds_east = offset.seconds_east;
    fields.zone = offset.abbreviation;
    return context.memory.copy(detail::date_printer(fields).print(detail::date_template(form)));
}
inline std::optional<std::string_view> interval_to_char(call_context& context, interval span, std::string_view form) {
    if (form.empty()) return std::nullopt;
    detail::date_fields fields;
    fields.is_interval = true;
    fields.year = span.months / 12;
    fields.month = span.months % 12;
    fields.day = span.days;
    fields.hour = span.microseconds / microseconds_per_hour;
    fields.minute = span.microseconds / microseconds_per_minute % 60;
    fields.second = span.microseconds / microseconds_per_second % 60;
    fields.microsecond = span.microseconds % microseconds_per_second;
    fields.day_of_year = span.months * std::int64_t{30} + span.days;
    fields.days = days_from_civil({fields.year, 1, 1}) + 30 * fields.month + fields.day - 1;
    return context.memory.copy(detail::date_printer(fields).print(detail::date_template(form)));
}

}  // namespace phantomdb::exec::functions
