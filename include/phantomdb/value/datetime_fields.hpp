/// @file Defines how the text of a date, time or timestamp falls into fields and what each field means.
#pragma once

#include <phantomdb/value/datetime_words.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::detail {

/// What is to be read.
enum class datetime_kind : std::uint8_t { date, time, timestamp, timestamptz };

/// What has been read: fields of a calendar and clock, or one of the special values.
enum class datetime_meaning : std::uint8_t { civil, instant, infinity, minus_infinity };

struct datetime_fields {
    datetime_meaning meaning = datetime_meaning::civil;
    civil_date date{0, 0, 0};
    std::int64_t time = 0;               ///< µs since midnight; for `instant`, since 2000-01-01
    std::optional<std::int32_t> offset;  ///< seconds east, where the text gives it
    time_zone const* zone = nullptr;     ///< where the text names it
};

/// A piece of the text, by its looks.
struct datetime_token {
    enum class shape : std::uint8_t { number, date, time, offset, word, signed_word };
    shape look;
    std::string_view text;
};

/// `.fff` as microseconds, rounded.
inline std::int64_t read_fraction(std::string_view text) {
    double fraction = 0;
    if (text.size() > 1) std::from_chars(text.data(), text.data() + text.size(), fraction);
    return std::llrint(fraction * 1'000'000);
}

/// Splits the text into tokens; false where a character fits nowhere.
inline bool split_datetime(std::string_view text, std::vector<datetime_token>& tokens) {
    using shape = datetime_token::shape;
    auto is_letter = [](char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; };
    std::size_t at = 0;
    auto here = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
    auto take_while = [&](auto&& fits) {
        while (at < text.size() && fits(text[at])) ++at;
    };
    while (at < text.size()) {
        char c = text[at];
        std::size_t begin = at;
        auto add = [&](shape look) { tokens.push_back({look, text.substr(begin, at - begin)}); };
        if (is_space(c)) {
            ++at;
        } else if (is_digit(c)) {
            take_while(is_digit);
            char delimiter = here(at);
            if (delimiter == ':') {
                take_while([](char x) { return is_digit(x) || x == ':' || x == '.'; });
                add(shape::time);
            } else if (delimiter == '-' || delimiter == '/' || delimiter == '.') {
                ++at;
                shape look = delimiter == '.' ? shape::number : shape::date;
                if (is_digit(here(at))) {
                    take_while(is_digit);
                    if (here(at) == delimiter) {
                        look = shape::date;
                        take_while([&](char x) { return is_digit(x) || x == delimiter; });
                    }
                } else if (delimiter != '.' || is_letter(here(at))) {
                    look = shape::date;
                    take_while([&](char x) { return is_digit(x) || is_letter(x) || x == delimiter; });
                }
                add(look);
            } else {
                add(shape::number);
            }
        } else if (c == '.') {
            ++at;
            take_while(is_digit);
            add(shape::number);
        } else if (is_letter(c)) {
            take_while(is_letter);
            char next = here(at);
            // A date with its month first (Jan-31-2024), or a zone (America/New_York, PST8PDT); am-08 is two fields.
            auto word = find_datetime_word(text.substr(begin, at - begin)).word;
            bool keyword = word != datetime_word::unknown && word != datetime_word::zone;
            bool compound = next == '/' || next == '.' || next == '-';
            if (compound && keyword && word != datetime_word::month) compound = false;
            if (next == '+' || is_digit(next)) compound = !keyword;
            if (compound) {
                take_while([&](char x) {
                    return is_digit(x) || is_letter(x) || std::string_view("+-/_.:").find(x) != std::string_view::npos;
                });
            }
            add(compound ? shape::date : shape::word);
        } else if (c == '+' || c == '-') {
            ++at;
            take_while(is_space);
            if (is_digit(here(at))) {
                take_while([](char x) { return is_digit(x) || x == ':' || x == '.' || x == '-'; });
                add(shape::offset);
            } else if (is_letter(here(at))) {
                take_while(is_letter);
                add(shape::signed_word);
            } else {
                return false;
            }
        } else if (c > ' ' && c < '\x7f') {
            ++at;  // other punctuation separates, nothing more
        } else {
            return false;
        }
    }
    return !tokens.empty();
}

/// Gives each token its meaning. One object reads one text.
class datetime_reader {
public:
    datetime_reader(std::string_view text, std::string_view type, datetime_kind kind, format_settings const& settings)
        : text_(text), type_(type), kind_(kind), settings_(settings) {}

    datetime_fields read() {
        std::vector<datetime_token> tokens;
        if (!split_datetime(text_, tokens)) bad_format();
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            next_is_time_ = i + 1 < tokens.size() && (tokens[i + 1].look == datetime_token::shape::number ||
                                                      tokens[i + 1].look == datetime_token::shape::time ||
                                                      tokens[i + 1].look == datetime_token::shape::date);
            read_token(tokens[i]);
        }
        finish();
        return fields_;
    }

private:
    using shape = datetime_token::shape;

    // What has been understood so far.
    static constexpr unsigned year = 1, month = 2, day = 4, whole_date = 7, time = 8, zone = 16, half_day = 32,
                              era = 64, weekday = 128;

    [[noreturn]] void bad_format() const {
        throw error(errc::invalid_datetime_format,
                    "invalid input syntax for type " + std::string(type_) + ": \"" + std::string(text_) + "\"");
    }
    [[noreturn]] void out_of_range(bool month_or_day = false) const {
        error fault(errc::datetime_field_overflow,
                    "date/time field value out of range: \"" + std::string(text_) + "\"");
        if (month_or_day) fault.hint = "Perhaps you need a different \"datestyle\" setting.";
        throw fault;
    }

    void have(unsigned what) {
        if (known_ & what) bad_format();
        known_ |= what;
    }
    bool knows(unsigned what) const { return (known_ & what) == what; }

    int number(std::string_view digits) const {
        int value = 0;
        auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (fault == std::errc::result_out_of_range) out_of_range();
        if (fault != std::errc{} || end != digits.data() + digits.size()) bad_format();
        return value;
    }

    void read_token(datetime_token token) {
        switch (token.look) {
            case shape::date: return read_date_token(token.text);
            case shape::time: expected_ = datetime_word::unknown; return read_clock(token.text);
            case shape::offset: return read_zone_offset(token.text);
            case shape::number: return read_number_token(token.text);
            case shape::word:
            case shape::signed_word: return read_word(token);
        }
    }

    void read_date_token(std::string_view text) {
        bool starts_with_digit = is_digit(text.front());
        bool after_t = expected_ == datetime_word::iso_time;
        if (!starts_with_digit && !after_t) {
            bool names_month =
                find_datetime_word(text.substr(0, text.find_first_of("-/."))).word == datetime_word::month;
            if (knows(month | day) || !names_month) return name_zone(text, true);
        }
        bool run_together_time = kind_ == datetime_kind::time && (text.find('-') == 4 || text.find('-') == 6) &&
                                 text.find('-') == text.rfind('-') && !knows(time);
        if (!after_t && !knows(month | day) && !run_together_time) return read_date(text);
        expected_ = datetime_word::unknown;
        // A run-together time with its offset, as 123456-08.
        auto dash = text.find('-');
        if (knows(time) || dash == std::string_view::npos) bad_format();
        read_zone_offset(text.substr(dash));
        read_digits(text.substr(0, dash));
    }

    /// Three parts with separators between them: the textual month first, then numbers in their order.
    void read_date(std::string_view text) {
        std::vector<std::string_view> parts;
        for (std::size_t at = 0; at < text.size();) {
            auto is_alnum = [](char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); };
            while (at < text.size() && !is_alnum(text[at])) ++at;
            std::size_t begin = at;
            if (at == text.size()) bad_format();
            bool digits = is_digit(text[at]);
            while (at < text.size() && is_alnum(text[at]) && is_digit(text[at]) == digits) ++at;
            parts.push_back(text.substr(begin, at - begin));
        }
        unsigned before = known_;
        for (auto& part : parts) {
            if (is_digit(part.front())) continue;
            auto word = find_datetime_word(part);
            if (word.word == datetime_word::noise) {
                part = {};
                continue;
            }
            if (word.word != datetime_word::month) bad_format();
            have(month);
            text_month_ = true;
            fields_.date.month = word.value;
            part = {};
        }
        for (auto part : parts) {
            if (!part.empty()) read_date_part(part);
        }
        if (!knows(whole_date) || ((before & whole_date) != 0)) bad_format();
    }

    /// One number of a date; what it means depends on what is known already.
    void read_date_part(std::string_view digits) {
        int value = number(digits.substr(0, digits.find('.')));
        bool long_number = digits.size() >= 3;
        if (digits.size() == 3 && (known_ & whole_date) == year && value >= 1 && value <= 366) {
            have(month | day);
            day_of_year_ = value;
            return;
        }
        bool year_first = long_number || settings_.order == date_order::ymd;
        unsigned part = 0;
        switch (known_ & whole_date) {
            case 0: part = year_first ? year : settings_.order == date_order::dmy ? day : month; break;
            case year: part = month; break;
            case month: part = text_month_ && year_first ? year : day; break;
            case year | month:
                part = day;
                if (text_month_ && long_number && short_year_) {
                    // The first number was the day after all, as in 31-Jan-2024 read year first.
                    fields_.date.day = static_cast<int>(fields_.date.year);
                    fields_.date.year = value;
                    short_year_ = false;
                    have(day);
                    return;
                }
                break;
            case day: part = month; break;
            case month | day: part = year; break;
            case whole_date: return read_digits(digits);
            default: bad_format();
        }
        have(part);
        if (part == year) {
            fields_.date.year = value;
            short_year_ = digits.size() <= 2;
        } else {
            (part == month ? fields_.date.month : fields_.date.day) = value;
        }
    }

    /// Digits without separators: YYYYMMDD, YYMMDD, hhmmss[.fff] or hhmm.
    void read_digits(std::string_view digits) {
        auto point = digits.find('.');
        auto whole = digits.substr(0, point);
        std::size_t size = whole.size();
        if (point == std::string_view::npos && !knows(whole_date) && kind_ != datetime_kind::time && size >= 6) {
            have(whole_date);
            fields_.date = {number(whole.substr(0, size - 4)), number(whole.substr(size - 4, 2)),
                            number(whole.substr(size - 2))};
            short_year_ = size == 6;
            return;
        }
        if (size != 6 && size != 4) bad_format();
        std::int64_t fraction = point == std::string_view::npos ? 0 : read_fraction(digits.substr(point));
        set_clock(number(whole.substr(0, 2)), number(whole.substr(2, 2)), size == 6 ? number(whole.substr(4)) : 0,
                  fraction);
    }

    void read_number_token(std::string_view text) {
        auto point = text.find('.');
        std::size_t before_point = point == std::string_view::npos ? text.size() : point;
        if (expected_ == datetime_word::julian) {
            expected_ = datetime_word::unknown;
            have(whole_date);
            fields_.date = civil_from_days(number(text.substr(0, before_point)) - julian_epoch_days);
            from_julian_ = true;
            if (before_point < text.size()) {
                have(time);
                double part = 0;
                std::from_chars(text.data() + before_point, text.data() + text.size(), part);
                fields_.time = static_cast<std::int64_t>(part * static_cast<double>(microseconds_per_day));
            }
            return;
        }
        bool whole_number = point == std::string_view::npos;
        if (expected_ == datetime_word::iso_time || kind_ == datetime_kind::time) {
            expected_ = datetime_word::unknown;
            if (!whole_number && before_point <= 2) bad_format();
            return read_digits(text);
        }
        if (!whole_number && (known_ & whole_date) == 0) return read_date(text);
        if (!whole_number && before_point > 2) return read_digits(text);
        if (!whole_number) bad_format();
        if (text.size() >= 6 && ((known_ & whole_date) == 0 || !knows(time))) return read_digits(text);
        read_date_part(text);
    }

    /// hh:mm, hh:mm:ss, hh:mm:ss.fff or mm:ss.fff
    void read_clock(std::string_view text) {
        std::int64_t fraction = 0;
        if (auto point = text.find('.'); point != std::string_view::npos) {
            auto digits = text.substr(point);
            if (digits.find(':') != std::string_view::npos || digits.find('.', 1) != std::string_view::npos)
                bad_format();
            fraction = read_fraction(digits);
            text = text.substr(0, point);
            if (text.find(':') == text.rfind(':')) {
                auto colon = text.find(':');
                return set_clock(0, number(text.substr(0, colon)), number(text.substr(colon + 1)), fraction);
            }
        }
        int parts[3]{};
        std::size_t count = 0;
        while (true) {
            auto colon = text.find(':');
            if (count == 3) bad_format();
            parts[count++] = number(text.substr(0, colon));
            if (colon == std::string_view::npos) break;
            text = text.substr(colon + 1);
        }
        set_clock(parts[0], parts[1], parts[2], fraction);
    }

    void set_clock(int hour, int minute, int second, std::int64_t fraction) {
        have(time);
        if (minute > 59 || second > 60) out_of_range();
        fields_.time = hour * microseconds_per_hour + minute * microseconds_per_minute +
                       second * microseconds_per_second + fraction;
        if (hour > 24 || fields_.time > microseconds_per_day) out_of_range();
    }

    void read_zone_offset(std::string_view text) {
        have(zone);
        bool west = text.front() == '-';
        text.remove_prefix(1);
        std::int32_t seconds = read_offset(trim_spaces(text));
        if (seconds < 0 && text.find_first_not_of("0123456789:") != std::string_view::npos) bad_format();
        if (seconds < 0 || seconds > max_offset_seconds) {
            throw error({"22009"}, "time zone displacement out of range: \"" + std::string(text_) + "\"");
        }
        fields_.offset = west ? -seconds : seconds;
    }

    void name_zone(std::string_view name, bool compound) {
        have(zone);
        fields_.zone = settings_.find_zone(name);
        if (fields_.zone) return;
        if (!compound) bad_format();
        throw error(errc::invalid_parameter_value, "time zone \"" + std::string(name) + "\" not recognized");
    }

    void read_word(datetime_token token) {
        bool negative = token.look == shape::signed_word && token.text.front() == '-';
        auto name = token.look == shape::signed_word ? trim_spaces(token.text.substr(1)) : token.text;
        auto entry = find_datetime_word(name);
        if (token.look == shape::signed_word && entry.word != datetime_word::infinity) bad_format();
        switch (entry.word) {
            case datetime_word::month:
                if (knows(month) && !text_month_ && !knows(day) && fields_.date.month >= 1 &&
                    fields_.date.month <= 31) {
                    fields_.date.day = fields_.date.month;  // the number before was the day
                    have(day);
                } else {
                    have(month);
                }
                text_month_ = true;
                fields_.date.month = entry.value;
                return;
            case datetime_word::weekday: return have(weekday);
            case datetime_word::noise: return;
            case datetime_word::anno_domini: return have(era);
            case datetime_word::before_christ:
                have(era);
                before_christ_ = true;
                return;
            case datetime_word::before_noon:
            case datetime_word::after_noon:
                have(half_day);
                half_ = entry.word;
                return;
            case datetime_word::zone:
                have(zone);
                fields_.offset = entry.value;
                return;
            case datetime_word::iso_time:
                if ((kind_ != datetime_kind::time && !knows(whole_date)) || !next_is_time_) bad_format();
                expected_ = entry.word;
                return;
            case datetime_word::julian: expected_ = entry.word; return;
            case datetime_word::now:
            case datetime_word::today:
            case datetime_word::tomorrow:
            case datetime_word::yesterday: return read_present(entry.word);
            case datetime_word::midnight:
                have(time | zone);
                fields_.time = 0;
                fields_.offset = 0;
                return;
            case datetime_word::epoch:
            case datetime_word::infinity:
                if (kind_ == datetime_kind::time) bad_format();
                fields_.meaning = entry.word == datetime_word::epoch ? datetime_meaning::instant
                                  : negative                         ? datetime_meaning::minus_infinity
                                                                     : datetime_meaning::infinity;
                return;
            case datetime_word::unknown: return name_zone(name, false);
        }
    }

    void read_present(datetime_word word) {
        std::int64_t local = local_from_instant(settings_.now, *settings_.zone);
        std::int64_t days = floor_divide(local, microseconds_per_day);
        if (word == datetime_word::now) {
            have(whole_date | time | zone);
            fields_.time = local - days * microseconds_per_day;
            fields_.offset = settings_.zone->seconds_east_at_instant(settings_.now);
        } else {
            if (kind_ == datetime_kind::time) bad_format();
            have(whole_date);
            days += word == datetime_word::tomorrow ? 1 : word == datetime_word::yesterday ? -1 : 0;
        }
        fields_.date = civil_from_days(days);
        from_julian_ = true;
    }

    void finish() {
        if (expected_ != datetime_word::unknown) bad_format();
        if (fields_.meaning != datetime_meaning::civil) {
            fields_.time = unix_epoch_microseconds;
            return;
        }
        finish_date();
        if (half_ != datetime_word::unknown) {
            std::int64_t hour = fields_.time / microseconds_per_hour;
            if (hour > 12) out_of_range();
            if (half_ == datetime_word::before_noon && hour == 12) fields_.time -= 12 * microseconds_per_hour;
            if (half_ == datetime_word::after_noon && hour != 12) fields_.time += 12 * microseconds_per_hour;
        }
        if (kind_ == datetime_kind::time) {
            if (!knows(time)) bad_format();
            // A zone whose offset changes over the year says nothing without a date.
            if (fields_.zone && !knows(whole_date) && !dynamic_cast<fixed_time_zone const*>(fields_.zone)) bad_format();
        } else if (!knows(whole_date)) {
            bad_format();
        }
    }

    void finish_date() {
        auto& date = fields_.date;
        if (knows(year) && !from_julian_) {
            if (before_christ_) {
                if (date.year <= 0) out_of_range();
                date.year = 1 - date.year;
            } else if (short_year_) {
                date.year += date.year < 70 ? 2000 : 1900;
            } else if (date.year <= 0) {
                out_of_range();
            }
        }
        if (day_of_year_ != 0) date = civil_from_days(days_from_civil({date.year, 1, 1}) + day_of_year_ - 1);
        if (knows(month) && (date.month < 1 || date.month > 12)) out_of_range(true);
        if (knows(day) && (date.day < 1 || date.day > 31)) out_of_range(true);
        if (knows(whole_date) && date.day > days_in_month(date.year, date.month)) out_of_range();
    }

    std::string_view text_, type_;
    datetime_kind kind_;
    format_settings const& settings_;
    datetime_fields fields_;
    unsigned known_ = 0;
    int day_of_year_ = 0;
    datetime_word expected_ = datetime_word::unknown;  // what a word announced: a time or a Julian day
    datetime_word half_ = datetime_word::unknown;
    bool text_month_ = false, short_year_ = false, before_christ_ = false, from_julian_ = false, next_is_time_ = false;
};

inline datetime_fields read_datetime(std::string_view text, std::string_view type, datetime_kind kind,
                                     format_settings const& settings) {
    return datetime_reader(text, type, kind, settings).read();
}

}  // namespace phantomdb::detail
