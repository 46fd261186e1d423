#include <phantomdb/value/named_time_zone.ipp>  // here too, where the SQL library isn't linked
#include <phantomdb/value/temporal_text.hpp>

#include <filesystem>

#include "value/oracle.hpp"

using namespace phantomdb;

TEST_CASE("fixed zones have PostgreSQL's names and POSIX signs") {
    CHECK(fixed_offset_zone(7200).name() == "<+02>-02");
    CHECK(fixed_offset_zone(-12600).name() == "<-03:30>+03:30");
    CHECK(find_fixed_time_zone("utc") == &utc_time_zone());
    CHECK(find_fixed_time_zone("+2")->seconds_east_at_instant(0) == -7200);
    CHECK(find_fixed_time_zone("<+03>-3")->seconds_east_at_instant(0) == 10800);
    CHECK(find_fixed_time_zone("nowhere") == nullptr);
    CHECK(find_fixed_time_zone("") == nullptr);
    CHECK(find_fixed_time_zone("+99") == nullptr);
}

TEST_CASE("named zones are found whatever the case, and nothing outside the database is") {
    if (!std::filesystem::exists("/usr/share/zoneinfo/Europe/Oslo")) PHANTOMDB_SKIP("no tz database installed");
    auto const* oslo = find_named_time_zone("europe/oslo");
    REQUIRE(oslo);
    CHECK(oslo->name() == "Europe/Oslo");
    CHECK(find_named_time_zone("Europe/Oslo")->name() == "Europe/Oslo");
    CHECK(oslo->at_instant(parse_timestamptz("2024-07-01 00:00+00")).abbreviation == "CEST");
    CHECK(oslo->at_instant(parse_timestamptz("2199-07-01 00:00+00")).is_daylight_saving);
    CHECK(find_named_time_zone("../../../etc/passwd") == nullptr);
    CHECK(find_named_time_zone("Europe") == nullptr);
    CHECK(find_named_time_zone("tzdata.zi") == nullptr);
    CHECK(find_named_time_zone("No/Where") == nullptr);
}

TEST_CASE("local times in named zones are the instants PostgreSQL takes them for, gaps and repeated hours included") {
    PHANTOMDB_ORACLE(server);
    if (!std::filesystem::exists("/usr/share/zoneinfo/Europe/Oslo")) PHANTOMDB_SKIP("no tz database installed");
    test::dice random(5);
    test::comparison pairs;
    for (auto const* name :
         {"Europe/Oslo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
          "Europe/Dublin", "Africa/Casablanca", "Pacific/Apia", "CET-1CEST,M3.5.0,M10.5.0/3"}) {
        auto const* zone = find_named_time_zone(name);
        REQUIRE(zone);
        for (int i = 0; i < 300; ++i) {
            auto year = random.one_in(2) ? random.between(1850, 2100) : random.between(2000, 2030);
            std::string local = std::to_string(year) + "-" + random.of("01", "03", "04", "07", "09", "10", "11", "12") +
                                "-" + random.padded(random.between(1, 30), 2) + " " +
                                random.padded(random.between(0, 4), 2) + ":" + random.padded(random.between(0, 59), 2);
            std::int64_t instant = instant_from_local(parse_timestamp(local), *zone);
            std::string at_utc, at_home;
            append_timestamp_text(at_utc, instant);
            append_timestamp_text(at_home, local_from_instant(parse_timestamptz(local), *zone));
            pairs.add("'" + local + "'::timestamp at time zone '" + name + "' at time zone 'UTC'", at_utc);
            pairs.add("'" + local + "+00'::timestamptz at time zone '" + name + "'", at_home);
        }
    }
    pairs.check(*server);
}
