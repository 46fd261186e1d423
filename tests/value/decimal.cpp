#include <phantomdb/value/decimal.hpp>

#include <sstream>

#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::literals;

namespace {

template <auto Value>
struct holder {
    static constexpr auto value = Value;
};

}  // namespace

static_assert(sizeof(decimal<18, 2>) == 8 && sizeof(decimal<19, 2>) == 16);
static_assert(std::is_same_v<decltype(12.50_dec), decimal<4, 2>>);
static_assert(std::is_same_v<decltype(12.50_dec + 1.5_dec), decimal<5, 2>>);
static_assert(std::is_same_v<decltype(12.50_dec * 1.5_dec), decimal<6, 3>>);
static_assert(std::is_convertible_v<decimal<4, 2>, decimal<12, 2>>);
static_assert(!std::is_convertible_v<decimal<12, 2>, decimal<4, 2>>);
static_assert(holder<decimal<12, 2>("1.50")>::value == 1.5_dec);

TEST_CASE("fixed-point numbers compute exactly") {
    decimal<12, 2> price = "9.90";
    CHECK(price * 3 == decimal<12, 2>("29.70"));
    CHECK(price + 1 == 10.90_dec);
    CHECK(price - "10.00" == -0.10_dec);
    CHECK(price * 0.25_dec == 2.475_dec);
    CHECK(price > 9);
    CHECK(10 > price);
    CHECK(to_text(price / 3) == "3.3000000000000000");
    CHECK(to_text(decimal<12, 2>(1) / decimal<12, 2>("3.00")) == "0.33333333333333333333");
    price += "0.15";
    std::ostringstream out;
    out << price;
    CHECK(out.str() == "10.05");
}

TEST_CASE("fixed-point numbers refuse what does not fit, and round what they are made of") {
    CHECK(decimal<5, 2>::parse("1.005") == decimal<5, 2>("1.01"));
    CHECK(decimal<3, 1>(decimal<5, 3>("9.949")) == 9.9_dec);
    CHECK((decimal<5, 2>("999.99") + decimal<5, 2>("-0.99")) == 999);
    CHECK_THROWS_AS((decimal<5, 2>("999.99") + decimal<5, 2>("0.01")), error);
    CHECK_THROWS_AS((decimal<5, 2>(1000)), error);
    CHECK_THROWS_AS((decimal<35, 35>(1)), error);
    CHECK_THROWS_AS((decimal<5, 2>(numeric_nan) == 0), error);
    try {
        decimal<5, 2>::parse("12345");
        FAIL("12345 has too many digits");
    } catch (error const& fault) {
        CHECK(fault.code == errc::numeric_value_out_of_range);
        CHECK(fault.detail == "A field with precision 5, scale 2 must round to an absolute value less than 10^3.");
    }
}
