/// @file Defines the words that dates, times and intervals may contain.
#pragma once

#include <phantomdb/value/numeric_text.hpp>

#include <cstdint>
#include <string_view>

namespace phantomdb::detail {

/// What a word in a date or time says.
enum class datetime_word : std::uint8_t {
    unknown,
    month,    ///< `value` 1 to 12
    weekday,  ///< checked by nobody
    noise,    ///< "at", "on"
    anno_domini,
    before_christ,
    before_noon,
    after_noon,
    zone,      ///< an abbreviation; `value` is seconds east
    iso_time,  ///< "t", between date and time
    julian,    ///< "j" before a day number
    now,
    today,
    tomorrow,
    yesterday,
    epoch,
    midnight,  ///< "allballs": 00:00:00 UTC
    infinity,
};

struct datetime_word_entry {
    std::string_view text;  ///< lower case
    datetime_word word;
    std::int32_t value = 0;
};

constexpr std::int32_t zone_hours(int hours, int minutes = 0) {
    return hours * 3600 + (hours < 0 ? -minutes : minutes) * 60;
}

/// The zone abbreviations are those of PostgreSQL's default set that the world still uses.
inline constexpr datetime_word_entry datetime_words[] = {
    {"jan", datetime_word::month, 1},
    {"january", datetime_word::month, 1},
    {"feb", datetime_word::month, 2},
    {"february", datetime_word::month, 2},
    {"mar", datetime_word::month, 3},
    {"march", datetime_word::month, 3},
    {"apr", datetime_word::month, 4},
    {"april", datetime_word::month, 4},
    {"may", datetime_word::month, 5},
    {"jun", datetime_word::month, 6},
    {"june", datetime_word::month, 6},
    {"jul", datetime_word::month, 7},
    {"july", datetime_word::month, 7},
    {"aug", datetime_word::month, 8},
    {"august", datetime_word::month, 8},
    {"sep", datetime_word::month, 9},
    {"sept", datetime_word::month, 9},
    {"september", datetime_word::month, 9},
    {"oct", datetime_word::month, 10},
    {"october", datetime_word::month, 10},
    {"nov", datetime_word::month, 11},
    {"november", datetime_word::month, 11},
    {"dec", datetime_word::month, 12},
    {"december", datetime_word::month, 12},
    {"sun", datetime_word::weekday},
    {"sunday", datetime_word::weekday},
    {"mon", datetime_word::weekday},
    {"monday", datetime_word::weekday},
    {"tue", datetime_word::weekday},
    {"tues", datetime_word::weekday},
    {"tuesday", datetime_word::weekday},
    {"wed", datetime_word::weekday},
    {"weds", datetime_word::weekday},
    {"wednesday", datetime_word::weekday},
    {"thu", datetime_word::weekday},
    {"thur", datetime_word::weekday},
    {"thurs", datetime_word::weekday},
    {"thursday", datetime_word::weekday},
    {"fri", datetime_word::weekday},
    {"friday", datetime_word::weekday},
    {"sat", datetime_word::weekday},
    {"saturday", datetime_word::weekday},
    {"at", datetime_word::noise},
    {"on", datetime_word::noise},
    {"ad", datetime_word::anno_domini},
    {"bc", datetime_word::before_christ},
    {"am", datetime_word::before_noon},
    {"pm", datetime_word::after_noon},
    {"t", datetime_word::iso_time},
    {"j", datetime_word::julian},
    {"jd", datetime_word::julian},
    {"julian", datetime_word::julian},
    {"now", datetime_word::now},
    {"today", datetime_word::today},
    {"tomorrow", datetime_word::tomorrow},
    {"yesterday", datetime_word::yesterday},
    {"epoch", datetime_word::epoch},
    {"allballs", datetime_word::midnight},
    {"infinity", datetime_word::infinity},
    {"inf", datetime_word::infinity},
    {"z", datetime_word::zone},
    {"zulu", datetime_word::zone},
    {"utc", datetime_word::zone},
    {"ut", datetime_word::zone},
    {"uct", datetime_word::zone},
    {"gmt", datetime_word::zone},
    {"wet", datetime_word::zone},
    {"bst", datetime_word::zone, zone_hours(1)},
    {"west", datetime_word::zone, zone_hours(1)},
    {"cet", datetime_word::zone, zone_hours(1)},
    {"met", datetime_word::zone, zone_hours(1)},
    {"cest", datetime_word::zone, zone_hours(2)},
    {"mest", datetime_word::zone, zone_hours(2)},
    {"cetdst", datetime_word::zone, zone_hours(2)},
    {"metdst", datetime_word::zone, zone_hours(2)},
    {"eet", datetime_word::zone, zone_hours(2)},
    {"sast", datetime_word::zone, zone_hours(2)},
    {"ist", datetime_word::zone, zone_hours(2)},
    {"eest", datetime_word::zone, zone_hours(3)},
    {"eetdst", datetime_word::zone, zone_hours(3)},
    {"eat", datetime_word::zone, zone_hours(3)},
    {"msk", datetime_word::zone, zone_hours(3)},
    {"msd", datetime_word::zone, zone_hours(4)},
    {"pkt", datetime_word::zone, zone_hours(5)},
    {"npt", datetime_word::zone, zone_hours(5, 45)},
    {"ict", datetime_word::zone, zone_hours(7)},
    {"hkt", datetime_word::zone, zone_hours(8)},
    {"sgt", datetime_word::zone, zone_hours(8)},
    {"awst", datetime_word::zone, zone_hours(8)},
    {"jst", datetime_word::zone, zone_hours(9)},
    {"kst", datetime_word::zone, zone_hours(9)},
    {"acst", datetime_word::zone, zone_hours(9, 30)},
    {"aest", datetime_word::zone, zone_hours(10)},
    {"aedt", datetime_word::zone, zone_hours(11)},
    {"nzst", datetime_word::zone, zone_hours(12)},
    {"nzdt", datetime_word::zone, zone_hours(13)},
    {"brt", datetime_word::zone, zone_hours(-3)},
    {"nst", datetime_word::zone, zone_hours(-3, 30)},
    {"ndt", datetime_word::zone, zone_hours(-2, 30)},
    {"ast", datetime_word::zone, zone_hours(-4)},
    {"adt", datetime_word::zone, zone_hours(-3)},
    {"est", datetime_word::zone, zone_hours(-5)},
    {"edt", datetime_word::zone, zone_hours(-4)},
    {"cst", datetime_word::zone, zone_hours(-6)},
    {"cdt", datetime_word::zone, zone_hours(-5)},
    {"mst", datetime_word::zone, zone_hours(-7)},
    {"mdt", datetime_word::zone, zone_hours(-6)},
    {"pst", datetime_word::zone, zone_hours(-8)},
    {"pdt", datetime_word::zone, zone_hours(-7)},
    {"akst", datetime_word::zone, zone_hours(-9)},
    {"akdt", datetime_word::zone, zone_hours(-8)},
    {"hst", datetime_word::zone, zone_hours(-10)},
};

/// Looks a word up, ignoring case; `unknown` where there is none.
constexpr datetime_word_entry find_datetime_word(std::string_view text) {
    for (auto const& entry : datetime_words) {
        if (is_word(text, entry.text)) return entry;
    }
    return {text, datetime_word::unknown, 0};
}

}  // namespace phantomdb::detail
