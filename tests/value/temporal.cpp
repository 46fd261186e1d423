#include <phantomdb/value/temporal_text.hpp>

#include <chrono>

#include "value/oracle.hpp"

using namespace phantomdb;
using phantomdb::test::comparison;
using phantomdb::test::dice;
using phantomdb::test::outcome;

namespace {

std::string text_of_date(std::int64_t days) {
    std::string out;
    append_date_text(out, days);
    return out;
}
std::string text_of_timestamp(std::int64_t microseconds) {
    std::string out;
    append_timestamp_text(out, microseconds);
    return out;
}

std::string random_date(dice& random) {
    std::string months[] = {"Jan", "february", "MAR",  "apr", "May", "June",
                            "jul", "August",   "sept", "Oct", "nov", "December"};
    auto year = random.one_in(4) ? random.between(200, 300000) : random.between(1000, 9999);
    auto month = random.one_in(20) ? random.between(0, 13) : random.between(1, 12);
    auto day = random.one_in(10) ? random.between(0, 32) : random.between(1, 30);
    std::string y = random.padded(year, 4), m = random.padded(month, 2), d = random.padded(day, 2);
    std::string name = months[random.between(0, 11)];
    return random.of(y + "-" + m + "-" + d, y + "-" + m + "-" + d, y + "-" + m + "-" + d, m + "/" + d + "/" + y,
                     y + m + d, name + " " + d + ", " + y, d + " " + name + " " + y, d + "-" + name + "-" + y,
                     y + "-" + name + "-" + d, name + "-" + d + "-" + y, d + "." + m + "." + y,
                     "Monday " + d + " " + name + " " + y, "J" + std::to_string(2400000 + year), "infinity", "epoch",
                     "foo", name + " " + y);
}

std::string random_time(dice& random) {
    auto hour = random.one_in(10) ? random.between(0, 26) : random.between(0, 23);
    std::string h = random.padded(hour, 2), m = random.padded(random.between(0, random.one_in(10) ? 61 : 59), 2);
    std::string s = random.padded(random.between(0, random.one_in(10) ? 61 : 59), 2);
    std::string fraction = random.of("", "", ".5", ".123456", ".1234567", ".9999999");
    return random.of(h + ":" + m + ":" + s + fraction, h + ":" + m + ":" + s + fraction, h + ":" + m, h + "1530",
                     random.padded(hour % 13, 2) + ":" + m + " PM", h + ":" + m + " am", "24:00:00", "allballs");
}

std::string random_zone(dice& random) {
    return random.of("", "", "+02", "-08", "+05:30", "+0530", "-3", "Z", " UTC", " CEST", " EST", "+15:59", "+16",
                     "+01:02:03");
}

}  // namespace

TEST_CASE("dates and times are read and printed as PostgreSQL does it") {
    PHANTOMDB_ORACLE(server);
    dice random(3);
    comparison pairs;
    for (int i = 0; i < 8000; ++i) {
        std::string date = random_date(random), time = random_time(random);
        bool special = date == "infinity" || date == "epoch", allballs = time == "allballs";
        bool half_day =
            time.ends_with('M') || time.ends_with('m');  // PostgreSQL reads PM-08 as a zone and forgets the PM
        std::string moment = date;
        if (!special && random.one_in(2)) moment += " " + time + (allballs || half_day ? "" : random_zone(random));
        if (!special && random.one_in(8)) moment += " BC";
        switch (random.between(0, 3)) {
            case 0:
                pairs.add(test::quoted(date) + "::date", outcome([&] { return text_of_date(parse_date(date)); }));
                break;
            case 1: {
                if (time.starts_with("24") || allballs) time = "10:20";
                pairs.add(test::quoted(time) + "::time", outcome([&] {
                              std::string out;
                              append_time_text(out, parse_time(time));
                              return out;
                          }));
                break;
            }
            case 2:
                pairs.add(test::quoted(moment) + "::timestamp",
                          outcome([&] { return text_of_timestamp(parse_timestamp(moment)); }));
                break;
            default:
                pairs.add(test::quoted(moment) + "::timestamptz", outcome([&] {
                              std::string out;
                              append_timestamptz_text(out, parse_timestamptz(moment), utc_time_zone());
                              return out;
                          }));
        }
    }
    pairs.check(*server);
}

TEST_CASE("fractions of seconds round to the digits of the type") {
    PHANTOMDB_ORACLE(server);
    dice random(4);
    comparison pairs;
    for (int i = 0; i < 500; ++i) {
        int digits = static_cast<int>(random.between(0, 6));
        std::string text = random.of("1999", "2024") + "-06-30 23:59:59." + random.digits(8);
        pairs.add("'" + text + "'::timestamp(" + std::to_string(digits) + ")",
                  text_of_timestamp(parse_timestamp(text, digits)));
    }
    pairs.check(*server);
}

TEST_CASE("what is asked for relative to now follows the session's clock and zone") {
    format_settings settings;
    settings.now = parse_timestamptz("2024-02-28 23:30:00+00");
    settings.zone = &fixed_offset_zone(3600);
    CHECK(text_of_date(parse_date("today", settings)) == "2024-02-29");
    CHECK(text_of_date(parse_date("tomorrow", settings)) == "2024-03-01");
    CHECK(text_of_date(parse_date("yesterday", settings)) == "2024-02-28");
    CHECK(text_of_timestamp(parse_timestamp("now", -1, settings)) == "2024-02-29 00:30:00");
    CHECK(parse_timestamptz("now", -1, settings) == settings.now);
    CHECK(text_of_timestamp(parse_timestamp("tomorrow 04:05", -1, settings)) == "2024-03-01 04:05:00");
    std::string out;
    append_timestamptz_text(out, settings.now, *settings.zone);
    CHECK(out == "2024-02-29 00:30:00+01");
}

TEST_CASE("the order of day, month and year is the session's") {
    format_settings settings;
    CHECK(text_of_date(parse_date("01/02/03", settings)) == "2003-01-02");
    settings.order = date_order::dmy;
    CHECK(text_of_date(parse_date("01/02/03", settings)) == "2003-02-01");
    settings.order = date_order::ymd;
    CHECK(text_of_date(parse_date("01/02/03", settings)) == "2001-02-03");
    settings.order = date_order::mdy;
    try {
        parse_date("13/13/2000", settings);
        FAIL("there is no thirteenth month");
    } catch (error const& fault) {
        CHECK(fault.code == errc::datetime_field_overflow);
        CHECK(fault.hint == "Perhaps you need a different \"datestyle\" setting.");
    }
}

TEST_CASE("typed days and instants go to chrono and back") {
    using namespace std::chrono;
    static_assert(date(2024y / February / 29).civil() == civil_date{2024, 2, 29});
    static_assert(sys_days(date(sys_days(2024y / 2 / 29))) == sys_days(2024y / 2 / 29));
    static_assert(sys_days(date(-32767y / 1 / 1)) == sys_days(-32767y / 1 / 1));
    static_assert(std::chrono::microseconds(time_of_day(hours(3) + milliseconds(5))) == hours(3) + milliseconds(5));
    static_assert(sys_time<std::chrono::microseconds>(timestamptz(sys_days(2024y / 2 / 29) + seconds(7))) ==
                  sys_days(2024y / 2 / 29) + seconds(7));
    static_assert(local_time<std::chrono::microseconds>(timestamp(local_days(1969y / 12 / 31))) ==
                  local_days(1969y / 12 / 31));
    // Never with a loss that nobody asked for, nor from the one kind of clock to the other.
    static_assert(!std::is_convertible_v<sys_seconds, date> && !std::is_convertible_v<nanoseconds, time_of_day>);
    static_assert(!std::is_convertible_v<sys_seconds, timestamp> && !std::is_convertible_v<local_seconds, timestamptz>);
    static_assert(!std::is_convertible_v<steady_clock::time_point, timestamptz>);
    static_assert(!std::is_convertible_v<date, sys_days> && !std::is_constructible_v<sys_seconds, date>);
    static_assert(timestamptz(sys_days(1970y / 1 / 1)).microseconds == unix_epoch_microseconds);
    static_assert(timestamp(date(2000y / 1 / 2), time_of_day(1, 2, 3, 4)).microseconds ==
                  microseconds_per_day + 3723 * microseconds_per_second + 4);
    CHECK(to_text(date(2024y / February / 29)) == "2024-02-29");
    CHECK(to_text(time_of_day(1, 2, 3, 40)) == "01:02:03.00004");
    CHECK(to_text(timestamp(date(2024y / February / 29))) == "2024-02-29 00:00:00");
    CHECK(to_text(timestamptz(sys_days(2024y / 2 / 29)), fixed_offset_zone(-16200)) == "2024-02-28 19:30:00-04:30");
    CHECK(date::infinity() > date(2024y / 1 / 1));
    CHECK(!timestamp::minus_infinity().is_finite());
}

TEST_CASE("the calendar holds over the whole range") {
    for (std::int64_t days = temporal_limits::date_first; days < temporal_limits::date_first + 2'000'000; days += 37) {
        REQUIRE(days_from_civil(civil_from_days(days)) == days);
    }
    CHECK(text_of_date(temporal_limits::date_first) == "4714-11-24 BC");
    CHECK(text_of_date(temporal_limits::date_end - 1) == "5874897-12-31");
    CHECK(text_of_timestamp(temporal_limits::timestamp_end - 1) == "294276-12-31 23:59:59.999999");
    CHECK(iso_week(days_from_civil({2021, 1, 3})).week == 53);
    CHECK(iso_week(days_from_civil({2021, 1, 3})).year == 2020);
    CHECK(day_of_week(days_from_civil({2024, 2, 29})) == 4);
    CHECK(day_of_year({2024, 12, 31}) == 366);
}
