/// @file Defines how `interval` is printed in PostgreSQL's own style and read in all its styles.
#pragma once

#include <phantomdb/value/datetime_fields.hpp>
#include <phantomdb/value/interval.hpp>
#include <phantomdb/value/temporal_text.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb {

/// Appends `1 year 2 mons 3 days 04:05:06.789`.
inline void append_text(std::string& out, interval span) {
    bool first = true, negative_before = false;
    auto part = [&](std::int32_t value, std::string_view unit) {
        if (value == 0) return;
        if (!first) out += ' ';
        if (negative_before && value > 0) out += '+';
        out += std::to_string(value);
        out += ' ';
        out += unit;
        if (value != 1) out += 's';
        negative_before = value < 0;
        first = false;
    };
    part(span.months / 12, "year");
    part(span.months % 12, "mon");
    part(span.days, "day");
    if (!first && span.microseconds == 0) return;
    if (!first) out += ' ';
    if (span.microseconds < 0) {
        out += '-';
    } else if (negative_before) {
        out += '+';
    }
    std::uint64_t size = span.microseconds < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(span.microseconds)
                                               : static_cast<std::uint64_t>(span.microseconds);
    auto seconds = static_cast<std::int64_t>(size / microseconds_per_second);
    detail::append_digits(out, seconds / 3600, 2);
    out += ':';
    detail::append_digits(out, seconds / 60 % 60, 2);
    out += ':';
    detail::append_digits(out, seconds % 60, 2);
    detail::append_fraction(out, static_cast<std::int64_t>(size % microseconds_per_second));
}

namespace detail {

enum class interval_unit : std::uint8_t {
    none,
    microsecond,
    millisecond,
    second,
    minute,
    hour,
    day,
    week,
    month,
    year,
    decade,
    century,
    millennium,
    ago,
};

struct interval_word {
    std::string_view text;
    interval_unit unit;
};

inline constexpr interval_word interval_words[] = {
    {"us", interval_unit::microsecond},
    {"usec", interval_unit::microsecond},
    {"usecs", interval_unit::microsecond},
    {"usecond", interval_unit::microsecond},
    {"useconds", interval_unit::microsecond},
    {"microsecond", interval_unit::microsecond},
    {"microseconds", interval_unit::microsecond},
    {"ms", interval_unit::millisecond},
    {"msec", interval_unit::millisecond},
    {"msecs", interval_unit::millisecond},
    {"msecond", interval_unit::millisecond},
    {"mseconds", interval_unit::millisecond},
    {"millisecond", interval_unit::millisecond},
    {"milliseconds", interval_unit::millisecond},
    {"s", interval_unit::second},
    {"sec", interval_unit::second},
    {"secs", interval_unit::second},
    {"second", interval_unit::second},
    {"seconds", interval_unit::second},
    {"m", interval_unit::minute},
    {"min", interval_unit::minute},
    {"mins", interval_unit::minute},
    {"minute", interval_unit::minute},
    {"minutes", interval_unit::minute},
    {"h", interval_unit::hour},
    {"hr", interval_unit::hour},
    {"hrs", interval_unit::hour},
    {"hour", interval_unit::hour},
    {"hours", interval_unit::hour},
    {"d", interval_unit::day},
    {"day", interval_unit::day},
    {"days", interval_unit::day},
    {"w", interval_unit::week},
    {"week", interval_unit::week},
    {"weeks", interval_unit::week},
    {"mon", interval_unit::month},
    {"mons", interval_unit::month},
    {"month", interval_unit::month},
    {"months", interval_unit::month},
    {"y", interval_unit::year},
    {"yr", interval_unit::year},
    {"yrs", interval_unit::year},
    {"year", interval_unit::year},
    {"years", interval_unit::year},
    {"dec", interval_unit::decade},
    {"decs", interval_unit::decade},
    {"decade", interval_unit::decade},
    {"decades", interval_unit::decade},
    {"c", interval_unit::century},
    {"cent", interval_unit::century},
    {"century", interval_unit::century},
    {"centuries", interval_unit::century},
    {"mil", interval_unit::millennium},
    {"mils", interval_unit::millennium},
    {"millennium", interval_unit::millennium},
    {"millennia", interval_unit::millennium},
    {"ago", interval_unit::ago},
};

constexpr unsigned bit(interval_unit unit) { return 1u << static_cast<unsigned>(unit); }

/// Adds numbers with units to an interval; fractions flow down to smaller units. One object reads one text.
class interval_reader {
public:
    explicit interval_reader(std::string_view text) : text_(text) {}

    interval read() {
        auto trimmed = trim_spaces(text_);
        if (!trimmed.empty() && trimmed.front() == 'P') {
            read_iso(trimmed.substr(1));
        } else {
            read_traditional();
        }
        if (months_ != static_cast<std::int32_t>(months_)) throw_interval_out_of_range();
        return {to_int64(microseconds_), to_int32(days_), static_cast<std::int32_t>(months_)};
    }

private:
    using shape = datetime_token::shape;

    [[noreturn]] void bad_format() const {
        throw error(errc::invalid_datetime_format,
                    "invalid input syntax for type interval: \"" + std::string(text_) + "\"");
    }
    [[noreturn]] void out_of_range() const {
        throw error(errc::interval_field_overflow, "interval field value out of range: \"" + std::string(text_) + "\"");
    }
    std::int64_t to_int64(int128 value) const {
        if (value != static_cast<std::int64_t>(value)) out_of_range();
        return static_cast<std::int64_t>(value);
    }
    std::int32_t to_int32(int128 value) const {
        if (value != static_cast<std::int32_t>(value)) out_of_range();
        return static_cast<std::int32_t>(value);
    }

    void have(unsigned units) {
        if (known_ & units) bad_format();
        known_ |= units;
    }

    void add(interval_unit unit, std::int64_t whole, double fraction) {
        auto add_seconds = [&](double seconds) {
            double complete = std::trunc(seconds);
            microseconds_ += static_cast<int128>(complete) * microseconds_per_second;
            microseconds_ += std::llrint((seconds - complete) * 1'000'000);
        };
        auto add_days = [&](double days) {
            double complete = std::trunc(days);
            days_ += static_cast<std::int64_t>(complete);
            add_seconds((days - complete) * 86400);
        };
        unsigned units = bit(unit);
        auto years = [&](int many) {
            months_ += static_cast<int128>(whole) * 12 * many + std::llrint(fraction * 12 * many);
        };
        switch (unit) {
            case interval_unit::microsecond: microseconds_ += whole + std::llrint(fraction); break;
            case interval_unit::millisecond:
                microseconds_ += static_cast<int128>(whole) * 1000 + std::llrint(fraction * 1000);
                break;
            case interval_unit::second:
                microseconds_ +=
                    static_cast<int128>(whole) * microseconds_per_second + std::llrint(fraction * 1'000'000);
                if (fraction != 0) units |= bit(interval_unit::millisecond) | bit(interval_unit::microsecond);
                break;
            case interval_unit::minute:
                microseconds_ += static_cast<int128>(whole) * microseconds_per_minute;
                add_seconds(fraction * 60);
                break;
            case interval_unit::hour:
                microseconds_ += static_cast<int128>(whole) * microseconds_per_hour;
                add_seconds(fraction * 3600);
                break;
            case interval_unit::day:
                days_ += whole;
                add_seconds(fraction * 86400);
                break;
            case interval_unit::week:
                days_ += static_cast<int128>(whole) * 7;
                add_days(fraction * 7);
                break;
            case interval_unit::month:
                months_ += whole;
                add_days(fraction * 30);
                break;
            case interval_unit::year: years(1); break;
            case interval_unit::decade: years(10); break;
            case interval_unit::century: years(100); break;
            case interval_unit::millennium: years(1000); break;
            case interval_unit::none:
            case interval_unit::ago: bad_format();
        }
        have(units);
    }

    /// Splits `-12.5` into -12 and -0.5; hands back where the number ends.
    std::size_t split_number(std::string_view digits, std::int64_t& whole, double& fraction) const {
        bool negative = !digits.empty() && digits.front() == '-';
        std::size_t sign = negative || (!digits.empty() && digits.front() == '+') ? 1 : 0, at = sign;
        while (sign != 0 && at < digits.size() && is_space(digits[at])) ++at;
        std::size_t begin = at;
        whole = 0;
        fraction = 0;
        while (at < digits.size() && is_digit(digits[at])) ++at;
        if (at > begin) {
            std::string number(negative ? "-" : "");
            number += digits.substr(begin, at - begin);
            if (std::from_chars(number.data(), number.data() + number.size(), whole).ec != std::errc{}) out_of_range();
        }
        if (at < digits.size() && digits[at] == '.') {
            std::size_t point = at++;
            while (at < digits.size() && is_digit(digits[at])) ++at;
            if (at - begin == 1) bad_format();
            if (at - point > 1) std::from_chars(digits.data() + point, digits.data() + at, fraction);
            if (negative) fraction = -fraction;
        } else if (at == begin) {
            bad_format();
        }
        return at;
    }

    /// hh:mm, hh:mm:ss[.fff] or mm:ss.fff
    void add_clock(std::string_view text, bool negative) {
        std::int64_t parts[3]{};
        double fraction = 0;
        std::size_t count = 0;
        bool has_fraction = false;
        while (true) {
            auto colon = text.find(':');
            auto part = text.substr(0, colon);
            if (count == 3 || part.empty()) bad_format();
            if (split_number(part, parts[count], fraction) != part.size()) bad_format();
            ++count;
            if (part.find('.') != std::string_view::npos) {
                if (colon != std::string_view::npos) bad_format();
                has_fraction = true;
            }
            if (colon == std::string_view::npos) break;
            text = text.substr(colon + 1);
        }
        if (count == 2 && has_fraction) {
            parts[2] = parts[1];
            parts[1] = parts[0];
            parts[0] = 0;
        }
        if (parts[1] > 59 || parts[2] > 60) out_of_range();
        int128 time = static_cast<int128>(parts[0]) * microseconds_per_hour + parts[1] * microseconds_per_minute +
                      parts[2] * microseconds_per_second + std::llrint(fraction * 1'000'000);
        microseconds_ += negative ? -time : time;
        have(bit(interval_unit::hour) | bit(interval_unit::minute) | bit(interval_unit::second) |
             bit(interval_unit::millisecond) | bit(interval_unit::microsecond));
    }

    void read_traditional() {
        std::vector<datetime_token> tokens;
        if (!split_datetime(text_, tokens)) bad_format();
        interval_unit unit = interval_unit::none;
        bool ago = false;
        for (std::size_t i = tokens.size(); i-- > 0;) {  // backwards: units come before their numbers
            auto [look, text] = tokens[i];
            if (look == shape::word || look == shape::signed_word) {
                unit = find_unit(text);
                if (unit == interval_unit::ago) {
                    ago = true;
                    unit = interval_unit::none;
                }
                continue;
            }
            if (look == shape::time || (look == shape::offset && text.find(':') != std::string_view::npos)) {
                bool negative = text.front() == '-';
                if (look == shape::offset) text = trim_spaces(text.substr(1));
                add_clock(text, negative);
                unit = interval_unit::day;
                continue;
            }
            add_number(text, unit);
        }
        if (known_ == 0) bad_format();
        if (ago) {
            microseconds_ = -microseconds_;
            days_ = -days_;
            months_ = -months_;
        }
    }

    void add_number(std::string_view text, interval_unit unit) {
        std::int64_t whole = 0;
        double fraction = 0;
        std::size_t end = split_number(text, whole, fraction);
        if (end < text.size() && text[end] == '-') {  // years-months
            std::int64_t months = 0;
            double none = 0;
            auto rest = text.substr(end + 1);
            if (split_number(rest, months, none) != rest.size() || none != 0) bad_format();
            if (months > 11) out_of_range();
            months_ += static_cast<int128>(whole) * 12 + (text.front() == '-' ? -months : months);
            return have(bit(interval_unit::month));
        }
        if (end != text.size()) {
            // Number and unit in one piece, where a letter follows a point or dash.
            bad_format();
        }
        add(unit == interval_unit::none ? interval_unit::second : unit, whole, fraction);
    }

    interval_unit find_unit(std::string_view text) const {
        for (auto const& word : interval_words) {
            if (is_word(text, word.text)) return word.unit;
        }
        bad_format();
    }

    /// ISO 8601 behind the P: `1Y2M3DT4H5M6S`, or `0001-02-03T04:05:06`.
    void read_iso(std::string_view text) {
        bool in_time = false, empty = true;
        while (!text.empty()) {
            if (text.front() == 'T') {
                if (in_time) bad_format();
                in_time = true;
                empty = false;
                text.remove_prefix(1);
                continue;
            }
            std::int64_t whole = 0;
            double fraction = 0;
            std::size_t end = split_number(text, whole, fraction);
            empty = false;
            char designator = end < text.size() ? text[end] : '\0';
            if (!in_time && (designator == '-' || designator == '\0' || (designator == 'T' && end >= 4))) {
                text = text.substr(read_iso_date_part(text));
                continue;
            }
            if (in_time && (designator == ':' || designator == '\0')) {
                bool negative = text.front() == '-';
                add_clock(designator == ':' ? text.substr(negative ? 1 : 0) : std::string_view(spaced_clock(text)),
                          negative);
                return;
            }
            interval_unit unit = interval_unit::none;
            switch (designator) {
                case 'Y': unit = in_time ? unit : interval_unit::year; break;
                case 'M': unit = in_time ? interval_unit::minute : interval_unit::month; break;
                case 'W': unit = in_time ? unit : interval_unit::week; break;
                case 'D': unit = in_time ? unit : interval_unit::day; break;
                case 'H': unit = in_time ? interval_unit::hour : unit; break;
                case 'S': unit = in_time ? interval_unit::second : unit; break;
                default: bad_format();
            }
            if (unit == interval_unit::none) bad_format();
            known_ = 0;  // repeated designators add up
            add(unit, whole, fraction);
            text.remove_prefix(end + 1);
        }
        if (empty) bad_format();
    }

    /// `years-months-days` or `yyyymmdd`; hands back its length.
    std::size_t read_iso_date_part(std::string_view text) {
        std::size_t end = text.find('T');
        if (end == std::string_view::npos) end = text.size();
        auto part = text.substr(0, end);
        if (part.find('-', 1) == std::string_view::npos) {
            std::int64_t number = 0;
            double none = 0;
            if (split_number(part, number, none) != part.size() || none != 0) bad_format();
            if (part.size() == 8) {
                months_ += number / 10000 * 12 + number / 100 % 100;
                days_ += number % 100;
            } else {
                months_ += static_cast<int128>(number) * 12;
            }
            return end;
        }
        for (auto field : {interval_unit::year, interval_unit::month, interval_unit::day}) {
            std::int64_t number = 0;
            double fraction = 0;
            std::size_t size = split_number(part, number, fraction);
            add(field, number, fraction);
            part.remove_prefix(size);
            if (part.empty()) break;
            if (part.front() != '-' || field == interval_unit::day) bad_format();
            part.remove_prefix(1);
        }
        return end;
    }

    /// hhmmss as hh:mm:ss.
    std::string const& spaced_clock(std::string_view digits) {
        clock_text_.assign(digits);
        if (clock_text_.size() == 6 && clock_text_.find_first_not_of("0123456789") == std::string::npos) {
            clock_text_.insert(4, ":").insert(2, ":");
        } else {
            clock_text_ += ":00";
        }
        return clock_text_;
    }

    std::string_view text_;
    int128 months_ = 0, days_ = 0, microseconds_ = 0;
    unsigned known_ = 0;
    std::string clock_text_;
};

}  // namespace detail

/// Reads an interval in PostgreSQL's, the SQL standard's or ISO 8601 style; `digits` is the type's modifier.
/// Throws 22007 where the text isn't one and 22015 where a field is too large.
inline interval parse_interval(std::string_view text, int digits = -1) {
    interval span = detail::interval_reader(text).read();
    span.microseconds = round_fraction(span.microseconds, digits);
    return span;
}

inline std::string to_text(interval span) {
    std::string out;
    append_text(out, span);
    return out;
}

}  // namespace phantomdb
