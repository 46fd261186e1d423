#include <phantomdb/value/interval.hpp>
#include <phantomdb/value/interval_text.hpp>
#include <phantomdb/value/temporal_text.hpp>

#include "value/oracle.hpp"

using namespace phantomdb;
using phantomdb::test::comparison;
using phantomdb::test::dice;
using phantomdb::test::outcome;

namespace {

std::string random_amount(dice& random) {
    return random.of("", "-", "+") + random.of(std::to_string(random.between(0, 40)), random.digits(5),
                                               std::to_string(random.between(0, 30)) + "." + random.digits(2),
                                               "." + random.digits(1));
}

std::string random_clock(dice& random) {
    std::string h = random.padded(random.between(0, 30), 2), m = random.padded(random.between(0, 59), 2);
    return random.of("", "", "-", "+") + random.of(h + ":" + m,
                                                   h + ":" + m + ":" + m + random.of("", ".5", ".123456", ".1234567"),
                                                   m + ":" + m + ".25");
}

std::string random_interval(dice& random) {
    std::string text;
    switch (random.between(0, 4)) {
        case 0:
        case 1:
            for (auto left = random.between(1, 4); left > 0; --left) {
                text += random_amount(random) + random.of("", " ") +
                        random.of("us", "microseconds", "ms", "s", "sec", "seconds", "m", "min", "minutes", "h", "hour",
                                  "d", "day", "days", "w", "weeks", "mon", "months", "y", "year", "yrs", "decade",
                                  "century", "mil");
                if (left > 1) text += " ";
            }
            return text + (random.one_in(3) ? " " + random_clock(random) : "") + (random.one_in(3) ? " ago" : "");
        case 2: return random_clock(random);
        case 3:
            return random.of("", "-") + std::to_string(random.between(0, 300)) + "-" +
                   std::to_string(random.between(0, 12)) +
                   random.of("", " " + random_amount(random), " " + random_amount(random) + " " + random_clock(random));
        default:
            text = "P";
            for (auto const* unit : {"Y", "M", "W", "D"}) {
                if (random.one_in(2)) text += random.of("", "", "-") + random.of(random.digits(3), "1.5") + unit;
            }
            if (text == "P" || random.one_in(2)) text += "T" + random.digits(2) + "H" + random.digits(2) + "M";
            return text;
    }
}

}  // namespace

TEST_CASE("intervals are read, printed and computed as PostgreSQL does it") {
    PHANTOMDB_ORACLE(server);
    dice random(6);
    comparison pairs;
    for (int i = 0; i < 6000; ++i) {
        std::string text = random_interval(random), other = random_interval(random);
        std::string quoted = "'" + text + "'::interval", second = "'" + other + "'::interval";
        auto add = [&](std::string const& expression, auto&& compute) {
            pairs.add(expression, outcome([&] { return to_text(compute(parse_interval(text))); }));
        };
        std::string factor = random.of("0.5", "1.5", "-3", "7", "0.333", "0");
        switch (random.between(0, 8)) {
            case 0: add("justify_hours(" + quoted + ")", [](interval v) { return justify_hours(v); }); break;
            case 1: add("justify_days(" + quoted + ")", [](interval v) { return justify_days(v); }); break;
            case 2: add("justify_interval(" + quoted + ")", [](interval v) { return justify_interval(v); }); break;
            case 3:
                add(quoted + " * '" + factor + "'::float8", [&](interval v) { return v * std::stod(factor); });
                break;
            case 4:
                add(quoted + " / '" + factor + "'::float8", [&](interval v) { return v / std::stod(factor); });
                break;
            case 5: add(quoted + " + " + second, [&](interval v) { return v + parse_interval(other); }); break;
            case 6:
                pairs.add("case when " + quoted + "<" + second + " then 'less' when " + quoted + ">" + second +
                              " then 'more' else 'same' end",
                          outcome([&] {
                              interval left = parse_interval(text), right = parse_interval(other);
                              auto order = compare(left, right);
                              return std::string(order < 0 ? "less" : order > 0 ? "more" : "same");
                          }));
                break;
            case 7:
                pairs.add("'2024-01-31 12:00'::timestamp + " + quoted, outcome([&] {
                              std::string out;
                              append_timestamp_text(
                                  out, add_to_timestamp(parse_timestamp("2024-01-31 12:00"), parse_interval(text)));
                              return out;
                          }));
                break;
            default: add(quoted, [](interval v) { return v; });
        }
    }
    pairs.check(*server);
}

TEST_CASE("what is no interval is refused in PostgreSQL's words") {
    PHANTOMDB_ORACLE(server);
    comparison pairs;
    for (auto const* text : {"",
                             "foo",
                             "1 foo",
                             "1 day 1 day",
                             "P",
                             "PT",
                             "P1",
                             "PT1",
                             "P1H",
                             "1 dayx",
                             "2147483648 days",
                             "99999999999999999999 s",
                             "200000000 years",
                             "1-12",
                             "10:60",
                             "@ 1 day",
                             "1y2mons3d4h5m6s",
                             "P20010203",
                             "P20010203T040506",
                             "P0001-02-03T04:05:06",
                             "1.5",
                             "-",
                             "ago",
                             "1 day ago ago"}) {
        pairs.add("'" + std::string(text) + "'::interval", outcome([&] { return to_text(parse_interval(text)); }));
    }
    pairs.check(*server);
}

TEST_CASE("intervals of one length are one value") {
    CHECK(std::is_eq(compare(parse_interval("1 month"), parse_interval("30 days"))));
    CHECK(hash_of(parse_interval("1 month")) == hash_of(parse_interval("29 days 24:00:00")));
    CHECK(std::is_gt(compare(parse_interval("1 day"), parse_interval("23:59:59"))));
    CHECK(to_text(difference(parse_timestamp("2024-03-01 06:00"), parse_timestamp("2024-02-28 12:00"))) ==
          "1 day 18:00:00");
    CHECK_THROWS_AS(difference(temporal_limits::timestamp_infinity, 0), error);
}
