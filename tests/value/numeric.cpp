#include <phantomdb/value/numeric.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <cmath>
#include <limits>

#include "value/oracle.hpp"

using namespace phantomdb;
using phantomdb::test::comparison;
using phantomdb::test::dice;
using phantomdb::test::outcome;

namespace {

numeric operator""_n(char const* text, std::size_t size) { return parse_numeric({text, size}); }

std::string random_number(dice& random, int most_digits) {
    if (random.one_in(25)) return random.of("NaN", "Infinity", "-Infinity", "0", "0.00", "1", "-1", "10000");
    std::string number = random.digits(most_digits);
    if (random.one_in(2)) number += "." + random.digits(8);
    return random.of("", "-") + number;
}

}  // namespace

static_assert(compare(parse_numeric("1.50") + parse_numeric("2.5"), parse_numeric("4")) == 0);

TEST_CASE("decimals are computed as PostgreSQL computes them, to the last digit of the scale") {
    PHANTOMDB_ORACLE(server);
    dice random(1);
    comparison pairs;
    for (int i = 0; i < 6000; ++i) {
        std::string a = random_number(random, 11), b = random_number(random, 7);
        numeric x = parse_numeric(a), y = parse_numeric(b);
        auto add = [&](std::string const& expression, auto&& compute) {
            pairs.add(expression, outcome([&] { return to_text(compute()); }));
        };
        std::string l = "'" + a + "'::numeric", r = "'" + b + "'::numeric";
        int scale = static_cast<int>(random.between(-10, 12));
        std::string digits = std::to_string(scale);
        switch (random.between(0, 11)) {
            case 0: add(l + "+" + r, [&] { return x + y; }); break;
            case 1: add(l + "-" + r, [&] { return x - y; }); break;
            case 2: add(l + "*" + r, [&] { return x * y; }); break;
            case 3: add(l + "/" + r, [&] { return x / y; }); break;
            case 4: add(l + "%" + r, [&] { return x % y; }); break;
            case 5: add("div(" + l + "," + r + ")", [&] { return whole_quotient(x, y); }); break;
            case 6: add("round(" + l + "," + digits + ")", [&] { return round(x, scale); }); break;
            case 7: add("trunc(" + l + "," + digits + ")", [&] { return trunc(x, scale); }); break;
            case 8: add("ceil(" + l + ")", [&] { return ceil(x); }); break;
            case 9: add("floor(" + l + ")", [&] { return floor(x); }); break;
            case 10: add("sqrt(" + l + ")", [&] { return sqrt(x); }); break;
            default:
                pairs.add(
                    "case when " + l + "<" + r + " then 'less' when " + l + ">" + r + " then 'more' else 'same' end",
                    compare(x, y) < 0   ? "less"
                    : compare(x, y) > 0 ? "more"
                                        : "same");
        }
    }
    pairs.check(*server);
}

TEST_CASE("decimals are read, modified and converted as PostgreSQL does it") {
    PHANTOMDB_ORACLE(server);
    dice random(2);
    comparison pairs;
    for (int i = 0; i < 3000; ++i) {
        std::string text = random_number(random, 12);
        if (random.one_in(3)) text += random.of("e", "E") + random.of("", "-", "+") + random.digits(1);
        if (random.one_in(10)) text = random.of(" ", "+", "--", "1 ", "x", ".", "") + text;
        auto expression = test::quoted(text) + "::numeric";
        pairs.add(expression, outcome([&] { return to_text(parse_numeric(text)); }));
        int precision = static_cast<int>(random.between(1, 20)), scale = static_cast<int>(random.between(-3, 12));
        sql_type type = numeric_type(precision, scale);
        pairs.add(expression + "::numeric(" + std::to_string(precision) + "," + std::to_string(scale) + ")",
                  outcome([&] { return to_text(apply_modifier(parse_numeric(text), type)); }));
        for (auto to : {type_id::int2, type_id::int4, type_id::int8}) {
            pairs.add(expression + "::" + std::string(facts(to).pg_name),
                      outcome([&] { return std::to_string(to_integer(parse_numeric(text), to)); }));
        }
    }
    pairs.check(*server);
}

TEST_CASE("35 digits always fit, and what does not fit loses digits behind the point first") {
    auto most = "99999999999999999999999999999999999"_n;
    CHECK(to_text(most) == "99999999999999999999999999999999999");
    CHECK(to_text(most - "0.5"_n) == "99999999999999999999999999999999999");
    CHECK(to_text("0.00000000000000000000000000000000001"_n) == "0.00000000000000000000000000000000001");
    CHECK(std::is_eq(
        compare("12345678901234567890.123456789012345"_n * "1.000000"_n, "12345678901234567890.123456789012345"_n)));
    CHECK_THROWS_AS(most * "10"_n, error);
    CHECK_THROWS_AS(parse_numeric("1e36"), error);
    CHECK(to_text("1e-40"_n) == "0.00000000000000000000000000000000000");
    CHECK(to_text("0.123456789012345678901234567890123456789"_n) == "0.12345678901234567890123456789012346");
}

TEST_CASE("numbers equal by value compare and hash alike") {
    CHECK(std::is_eq(compare("1.50"_n, "1.5"_n)));
    CHECK(hash_of("1.50"_n) == hash_of("1.5"_n));
    CHECK(hash_of("100"_n) == hash_of("100.000"_n));
    CHECK(hash_of("1.5"_n) != hash_of("15"_n));
    CHECK(std::is_gt(compare(numeric_nan, numeric_infinity)));
    CHECK(std::is_eq(compare(numeric_nan, numeric_nan)));
    CHECK(std::is_gt(compare("-3"_n, numeric_minus_infinity)));
    CHECK(std::is_lt(compare("0.00000000000000000000000000000000001"_n, "99999999999999999999999999999999999"_n)));
}

TEST_CASE("decimals become the nearest double, and doubles the decimal PostgreSQL makes of them") {
    CHECK(to_double("0.1"_n) == 0.1);
    CHECK(to_double("12345678901234567890.123"_n) == 12345678901234567890.123);
    CHECK(std::isnan(to_double(numeric_nan)));
    CHECK(to_text(to_numeric(0.1)) == "0.1");
    CHECK(to_text(to_numeric(1.0 / 3)) == "0.333333333333333");
    CHECK(to_text(to_numeric(static_cast<double>(0.1f), true)) == "0.1");
    CHECK(to_text(to_numeric(-std::numeric_limits<double>::infinity())) == "-Infinity");
    CHECK_THROWS_AS(to_numeric(1e40), error);
}
