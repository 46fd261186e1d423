/// @file Defines to_date and to_timestamp: reading by a template.
///
/// The template's items are matched against the text in order; a blank or separator in the template takes one such
/// character from the text or none, and blanks in the text are skipped. What was read is put together at the end.
#pragma once

#include <phantomdb/exec/functions/date_format.hpp>

#include <optional>

namespace phantomdb::exec::functions {

namespace detail {

class date_reader {
public:
    date_reader(std::string_view text, date_template const& form) : text_(text), form_(form) {}

    /// Days since 2000-01-01, not yet checked; the time of the day; and the offset if the text has one.
    struct result {
        std::int64_t days, time;
        std::optional<std::int64_t> seconds_east;
    };

    result read() {
        for (std::size_t i = 0; i < form_.items.size() && at_ < text_.size(); ++i) {
            date_item const& item = form_.items[i];
            if (!form_.fixed) {
                while (at_ < text_.size() && phantomdb::detail::is_space(text_[at_])) ++at_, ++skipped_;
            }
            if (at_ >= text_.size()) break;
            if (item.part == date_part::blank || item.part == date_part::separator) {
                if (form_.fixed) {
                    at_ += character_size(text_[at_]);
                } else {
                    --skipped_;
                    if (is_separator(text_[at_])) ++at_, ++skipped_;
                }
                continue;
            }
            if (item.part == date_part::literal) {
                if (!form_.fixed && skipped_ > 0) --skipped_;
                else at_ += character_size(text_[at_]);
                continue;
            }
            read_field(item, i);
            skipped_ = 0;
            if (!form_.fixed) {
                while (at_ < text_.size() && phantomdb::detail::is_space(text_[at_])) ++at_, ++skipped_;
            }
        }
        return put_together();
    }

private:
    using field = std::optional<std::int64_t>;

    static bool is_separator(char c) {
        bool letter =
            (c >= '0' && c <= '9') || (phantomdb::detail::to_lower(c) >= 'a' && phantomdb::detail::to_lower(c) <= 'z');
        return !letter && static_cast<unsigned char>(c) < 0x80;
    }

    [[noreturn]] void fail(std::string message, std::string detail, std::string hint = {}) const {
        throw error(errc::invalid_datetime_format, std::move(message))
            .with_detail(std::move(detail))
            .with_hint(std::move(hint));
    }

    void set(field& into, std::int64_t value, date_item const& item) const {
        if (into && *into != value) {
            fail("conflicting values for \"" + std::string(item.word) + "\" field in formatting string",
                 "This value contradicts a previous setting for the same field type.");
        }
        into = value;
    }

    /// Whether what follows in the template cannot continue a number.
    bool ends_here(std::size_t index) const {
        if (index + 1 >= form_.items.size()) return true;
        auto const& next = form_.items[index + 1];
        if (next.part == date_part::literal) return !phantomdb::detail::is_digit(next.word[0]);
        return next.digits == 0 && next.part != date_part::year_with_comma;
    }

    struct number_read {
        std::int64_t value;
        int digits;
    };
    number_read read_number(date_item const& item, std::size_t index, int width) {
        while (at_ < text_.size() && phantomdb::detail::is_space(text_[at_])) ++at_;
        bool open = item.fill_mode || ends_here(index);
        auto rest = text_.substr(at_);
        auto shown = rest.substr(0, std::min<std::size_t>(rest.size(), static_cast<std::size_t>(width)));
        if (!open && static_cast<int>(rest.size()) < width) {
            fail("source string too short for \"" + std::string(item.word) + "\" formatting field",
                 "Field requires " + std::to_string(width) + " characters, but only " + std::to_string(rest.size()) +
                     " remain.",
                 "If your source string is not fixed-width, try using the \"FM\" modifier.");
        }
        auto piece = open ? rest : shown;
        std::size_t sign = !piece.empty() && (piece[0] == '+' || piece[0] == '-') ? 1 : 0;
        std::size_t end = sign;
        while (end < piece.size() && phantomdb::detail::is_digit(piece[end])) ++end;
        if (end == sign) {
            fail("invalid value \"" + std::string(shown) + "\" for \"" + std::string(item.word) + "\"",
                 "Value must be an integer.");
        }
        if (!open && static_cast<int>(end) < width) {
            fail("invalid value \"" + std::string(shown) + "\" for \"" + std::string(item.word) + "\"",
                 "Field requires " + std::to_string(width) + " characters, but only " + std::to_string(end) +
                     " could be parsed.",
                 "If your source string is not fixed-width, try using the \"FM\" modifier.");
        }
        std::int64_t value = 0;
        std::from_chars(piece.data() + (piece[0] == '+' ? 1 : 0), piece.data() + end, value);
        if (value > std::numeric_limits<std::int32_t>::max() || end - sign > 18) {
            throw error(errc::datetime_field_overflow,
                        "value for \"" + std::string(item.word) + "\" in source string is out of range")
                .with_detail("Value must be in the range -2147483648 to 2147483647.");
        }
        at_ += end;
        if (!item.ordinal.empty()) at_ = std::min(at_ + 2, text_.size());
        return {value, static_cast<int>(end)};
    }

    /// The index of the name (or its first `length` letters) that stands here.
    template <std::size_t N>
    std::int64_t read_name(date_item const& item, std::string_view const (&names)[N], std::size_t length) {
        for (std::size_t i = 0; i < N; ++i) {
            auto name = names[i].substr(0, length);
            auto here = text_.substr(at_, name.size());
            bool same =
                here.size() == name.size() && std::equal(here.begin(), here.end(), name.begin(), [](char a, char b) {
                    return phantomdb::detail::to_lower(a) == phantomdb::detail::to_lower(b);
                });
            if (!same) continue;
            at_ += name.size();
            return static_cast<std::int64_t>(i);
        }
        std::size_t end = at_;
        while (end < text_.size() && !phantomdb::detail::is_space(text_[end])) ++end;
        fail("invalid value \"" + std::string(text_.substr(at_, end - at_)) + "\" for \"" + std::string(item.word) +
                 "\"",
             "The given value did not match any of the allowed values for this field.");
    }

    /// A fraction: digits count from the point, so 5 under MS is 500 milliseconds.
    std::int64_t read_fraction(date_item const& item, std::size_t index) {
        auto read = read_number(item, index, item.digits);
        std::int64_t value = read.value;
        for (int i = read.digits; i < item.digits; ++i) value *= 10;
        for (int i = item.digits; i < 6; ++i) value *= 10;
        return value;
    }

    static std::int64_t widen_year(std::int64_t year, int digits) {
        if (digits >= 4) return year;
        if (year < 70) return year + 2000;
        if (year < 100) return year + 1900;
        if (year < 520) return year + 2000;
        return year < 1000 ? year + 1000 : year;
    }

    void read_field(date_item const& item, std::size_t index) {
        auto number = [&] { return read_number(item, index, item.digits).value; };
        switch (item.part) {
            case date_part::era: {
                static constexpr std::string_view dotted[] = {"a.d.", "b.c."}, plain[] = {"ad", "bc"};
                before_christ_ = read_name(item, item.word.size() > 2 ? dotted : plain, 4) == 1;
                break;
            }
            case date_part::noon: {
                static constexpr std::string_view dotted[] = {"a.m.", "p.m."}, plain[] = {"am", "pm"};
                set(noon_, read_name(item, item.word.size() > 2 ? dotted : plain, 4), item);
                twelve_hours_ = true;
                break;
            }
            case date_part::century: set(century_, number(), item); break;
            case date_part::day_name: read_name(item, day_names, 9); break;
            case date_part::day_abbreviation: read_name(item, day_names, 3); break;
            case date_part::day_of_year: set(day_of_year_, number(), item); break;
            case date_part::iso_day_of_year: set(iso_day_of_year_, number(), item); break;
            case date_part::day: set(day_, number(), item); break;
            case date_part::day_of_week: number(); break;
            case date_part::iso_day: set(iso_day_, number(), item); break;
            case date_part::fraction:
            case date_part::millisecond:
            case date_part::microsecond: set(microsecond_, read_fraction(item, index), item); break;
            case date_part::hour24: set(hour_, number(), item); break;
            case date_part::hour12:
                set(hour_, number(), item);
                twelve_hours_ = true;
                break;
            case date_part::iso_week: set(iso_week_, number(), item); break;
            case date_part::iso_year:
            case date_part::year: {
                auto read = read_number(item, index, item.digits);
                std::int64_t year = item.digits < 4 ? widen_year(read.value, read.digits) : read.value;
                set(item.part == date_part::year ? year_ : iso_year_, year, item);
                year_digits_ = item.digits;
                break;
            }
            case date_part::julian: set(julian_, number(), item); break;
            case date_part::minute: set(minute_, number(), item); break;
            case date_part::month: set(month_, number(), item); break;
            case date_part::month_name: set(month_, read_name(item, month_names, 9) + 1, item); break;
            case date_part::month_abbreviation: set(month_, read_name(item, month_names, 3) + 1, item); break;
            case date_part::roman_month: {
                std::size_t best = 12;
                for (std::size_t i = 0; i < 12; ++i) {
                    auto name = roman_months[i];
                    if (phantomdb::detail::is_word(text_.substr(at_, name.size()), lower(name)) &&
                        (best == 12 || name.size() > roman_months[best].size())) {
                        best = i;
                    }
                }
                if (best == 12) read_name(item, roman_months, 4);
                at_ += roman_months[best].size();
                set(month_, static_cast<std::int64_t>(best) + 1, item);
                break;
            }
            case date_part::quarter: number(); break;
            case date_part::second_of_day: set(second_of_day_, number(), item); break;
            case date_part::second: set(second_, number(), item); break;
            case date_part::week: set(week_, number(), item); break;
            case date_part::week_of_month: set(week_of_month_, number(), item); break;
            case date_part::year_with_comma: {
                date_item wide = item;
                wide.fill_mode = true;
                std::int64_t thousands = read_number(wide, index, 4).value;
                if (at_ < text_.size() && text_[at_] == ',') ++at_;
                set(year_, thousands * 1000 + read_number(wide, index, 3).value, item);
                year_digits_ = 4;
                break;
            }
            case date_part::zone_hour: {
                // A minus may have been passed over as a separator.
                bool minus = text_[at_] == '-' || (skipped_ > 0 && at_ > 0 && text_[at_ - 1] == '-');
                zone_sign_ = minus ? -1 : 1;
                if (text_[at_] == '-' || text_[at_] == '+') ++at_;
                date_item open = item;
                open.fill_mode = false;
                zone_hour_ = read_number(open, index, 2).value;
                break;
            }
            case date_part::zone_minute: zone_minute_ = read_number(item, index, 2).value; break;
            case date_part::zone:
            case date_part::offset:
                throw error(errc::feature_not_supported,
                            "formatting field \"" + upper(item.word) + "\" is only supported in to_char");
            default: break;
        }
    }

    static std::string lower(std::string_view text) {
        std::string out;
        for (char c : text) out += phantomdb::detail::to_lower(c);
        return out;
    }
    static std::string upper(std::string_view text) {
        std::string out;
        for (char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        return out;
    }

    [[noreturn]] void out_of_range() const {
        throw error(errc::datetime_field_overflow,
                    "date/time field value out of range: \"" + std::string(text_) + "\"");
    }

    /// Years as read; 0 stands for none, negative ones for BC.
    std::int64_t full_year() const {
        std::int64_t year = year_.value_or(0);
        if (century_) {
            std::int64_t century = before_christ_ ? -*century_ : *century_;
            if (year_ && year_digits_ < 4) {
                year = *year_ % 100;
                if (year != 0) year += century >= 0 ? (century - 1) * 100 : 0;
                else year = century >= 0 ? century * 100 : 0;
                if (century < 0) year = (century + 1) * 100 - year + 1;
                return year;
            }
            if (!year_) return century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
        }
        if (year_ && before_christ_) return year > 0 ? -(year - 1) : year;
        if (year_ && year < 0) return year + 1;
        return year;
    }

    result put_together() {
        std::int64_t hour = hour_.value_or(0), minute = minute_.value_or(0), second = second_.value_or(0);
        if (second_of_day_) {
            hour = *second_of_day_ / 3600;
            minute = *second_of_day_ % 3600 / 60;
            second = *second_of_day_ % 60;
        }
        if (twelve_hours_) {
            if (hour < 1 || hour > 12) {
                throw error(errc::invalid_datetime_format,
                            "hour \"" + std::to_string(hour) + "\" is invalid for the 12-hour clock")
                    .with_hint("Use the 24-hour clock, or give an hour between 1 and 12.");
            }
            if (noon_ == 1 && hour < 12) hour += 12;
            else if (noon_ != 1 && hour == 12) hour = 0;
        }
        std::int64_t days = 0;
        std::int64_t year = full_year();
        if (julian_) {
            days = *julian_ - julian_epoch_days;
        } else if (iso_year_ || iso_week_ || iso_day_of_year_) {
            std::int64_t first = days_from_civil({iso_year_.value_or(0), 1, 4});
            std::int64_t monday = first - (day_of_week(first) + 6) % 7;
            days = iso_day_of_year_
                       ? monday + *iso_day_of_year_ - 1
                       : monday + (iso_week_.value_or(1) - 1) * 7 + std::min<std::int64_t>(iso_day_.value_or(1), 7) - 1;
        } else if (day_of_year_ || week_) {
            std::int64_t ordinal = day_of_year_ ? *day_of_year_ : (*week_ - 1) * 7 + 1;
            if (!year_ && !century_) {
                throw error(errc::invalid_datetime_format, "cannot calculate day of year without year information");
            }
            if (ordinal < 1 || ordinal > 365 + is_leap_year(year)) out_of_range();
            days = days_from_civil({year, 1, 1}) + ordinal - 1;
        } else {
            // A zero counts as nothing read.
            std::int64_t month = month_.value_or(0) == 0 ? 1 : *month_;
            std::int64_t day = day_.value_or(0) != 0 ? *day_ : week_of_month_ ? (*week_of_month_ - 1) * 7 + 1 : 1;
            if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, static_cast<int>(month)))
                out_of_range();
            days = days_from_civil({year, static_cast<int>(month), static_cast<int>(day)});
        }
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
            bool midnight = hour == 24 && minute == 0 && second == 0;
            if (!midnight) out_of_range();
        }
        std::int64_t time = ((hour * 60 + minute) * 60 + second) * microseconds_per_second + microsecond_.value_or(0);
        result made{days, time, {}};
        if (zone_hour_ || zone_minute_) {
            made.seconds_east = zone_sign_ * (zone_hour_.value_or(0) * 3600 + zone_minute_.value_or(0) * 60);
        }
        return made;
    }

    std::string_view text_;
    date_template const& form_;
    std::size_t at_ = 0;
    int skipped_ = 0;  ///< characters passed over beyond those the template asks for
    field year_, iso_year_, century_, month_, day_, day_of_year_, iso_day_of_year_, iso_day_, week_, iso_week_,
        week_of_month_;
    field julian_, hour_, minute_, second_, second_of_day_, microsecond_, noon_, zone_hour_, zone_minute_;
    bool before_christ_ = false, twelve_hours_ = false;
    int year_digits_ = 4, zone_sign_ = 1;
};

}  // namespace detail

inline std::int64_t to_date_formatted(std::string_view text, std::string_view form_text) {
    detail::date_template form(form_text);
    std::int64_t days = detail::date_reader(text, form).read().days;
    if (!is_valid_date(days)) {
        throw error(errc::datetime_field_overflow, "date out of range: \"" + std::string(text) + "\"");
    }
    return days;
}
inline std::int64_t to_timestamp_formatted(call_context& context, std::string_view text, std::string_view form_text) {
    detail::date_template form(form_text);
    auto read = detail::date_reader(text, form).read();
    int128 local = int128{read.days} * microseconds_per_day + read.time;
    if (local < temporal_limits::timestamp_first || local >= temporal_limits::timestamp_end)
        throw_timestamp_out_of_range();
    auto microseconds = static_cast<std::int64_t>(local);
    if (read.seconds_east) return microseconds - *read.seconds_east * microseconds_per_second;
    return instant_from_local(microseconds, *context.settings.zone);
}

}  // namespace phantomdb::exec::functions
