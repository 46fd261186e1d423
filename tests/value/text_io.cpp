#include <phantomdb/value/text_io.hpp>

#include <cmath>
#include <limits>

#include "value/samples.hpp"

using namespace phantomdb;
using phantomdb::test::outcome;

TEST_CASE("values of every type are read and printed in PostgreSQL's words, and refused in them") {
    PHANTOMDB_ORACLE(server);
    test::dice random(7);
    test::comparison pairs;
    for (int round = 0; round < 400; ++round) {
        for (type_id type : test::value_types()) {
            std::string text = test::random_text(random, type);
            pairs.add(test::quoted(text) + "::" + test::sql_name(type), outcome([&] {
                          arena memory;
                          return to_text({type, -1}, parse_text({type, -1}, text, memory, {}));
                      }));
        }
    }
    pairs.check(*server);
}

TEST_CASE("garbage is refused or read, never more") {
    test::dice random(15);
    int refused = 0;
    for (int round = 0; round < 2000; ++round) {
        for (type_id type : test::value_types()) {
            arena memory;
            std::string text = test::random_text(random, type);
            for (auto changes = random.between(1, 4); changes > 0; --changes) {
                auto at = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(text.size())));
                std::string piece = random.of("-", ":", ".", "9999999999", "/", " ", "T", "BC", "e", "+", "é", "\xff",
                                              "{", "\"", "P", "0");
                if (random.one_in(3)) text = text.substr(0, at);
                else text.insert(at, piece);
            }
            try {
                datum value = parse_text({type, random.one_in(2) ? -1 : 3}, text, memory, {});
                std::string printed = to_text({type, -1}, value);
                CHECK(to_text({type, -1}, parse_text({type, -1}, printed, memory, {})) == printed);
            } catch (error const& fault) {
                ++refused;
                CHECK(fault.code != errc::internal_error);
            }
        }
    }
    CHECK(refused > 10000);
}

TEST_CASE("columns refuse text that is too long for them, but for blanks") {
    arena memory;
    auto read = [&](type_id type, int length, std::string_view text) {
        return outcome([&] { return std::string(parse_text({type, length}, text, memory, {}).t); });
    };
    CHECK(read(type_id::varchar, 3, "abc") == "abc");
    CHECK(read(type_id::varchar, 3, "abc  ") == "abc");
    CHECK(read(type_id::varchar, 3, "äöü") == "äöü");
    CHECK(read(type_id::varchar, 3, "abcd") == "22001 value too long for type character varying(3)");
    CHECK(read(type_id::bpchar, 5, "abc") == "abc  ");
    CHECK(read(type_id::bpchar, 5, "äö") == "äö   ");
    CHECK(read(type_id::bpchar, 2, "abc") == "22001 value too long for type character(2)");
    CHECK(read(type_id::name, -1, std::string(62, 'x') + "äö") == std::string(62, 'x'));
}

TEST_CASE("text must be UTF-8") {
    arena memory;
    auto read = [&](std::string_view text) {
        return outcome([&] { return std::string(parse_text({type_id::text, -1}, text, memory, {}).t); });
    };
    CHECK(read("plain, and ä€😀 too, at any length") == "plain, and ä€😀 too, at any length");
    CHECK(read("abcdefgh\xff") == "22021 invalid byte sequence for encoding \"UTF8\": 0xff");
    CHECK(read("\xc3(") == "22021 invalid byte sequence for encoding \"UTF8\": 0xc3 0x28");
    CHECK(read(std::string_view("a\0b", 3)) == "22021 invalid byte sequence for encoding \"UTF8\": 0x00");
    CHECK(read("\xed\xa0\x80") == "22021 invalid byte sequence for encoding \"UTF8\": 0xed 0xa0 0x80");
    CHECK(read("\xe2\x82") == "22021 invalid byte sequence for encoding \"UTF8\": 0xe2 0x82");
}

TEST_CASE("floats print as few digits as read back the same, or as many as asked for") {
    test::dice random(8);
    for (int i = 0; i < 20000; ++i) {
        auto bits = static_cast<std::uint64_t>(
            random.between(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()));
        auto value = std::bit_cast<double>(bits);
        if (std::isnan(value)) continue;
        std::string text;
        append_float8_text(text, value);
        REQUIRE(parse_float8(text) == value);
    }
    format_settings settings;
    settings.extra_float_digits = 0;
    CHECK(to_text({type_id::float8, -1}, 0.1 + 0.2, settings) == "0.3");
    CHECK(to_text({type_id::float8, -1}, 0.1 + 0.2) == "0.30000000000000004");
    CHECK(to_text({type_id::float4, -1}, static_cast<double>(1e6f)) == "1e+06");
    CHECK(to_text({type_id::float8, -1}, -0.0) == "-0");
}

TEST_CASE("bytea prints in hex or with escapes") {
    format_settings settings;
    std::string_view bytes("a\\\0\xff", 4);
    CHECK(to_text({type_id::bytea, -1}, bytes, settings) == "\\x615c00ff");
    settings.bytea_output = bytea_format::escape;
    CHECK(to_text({type_id::bytea, -1}, bytes, settings) == "a\\\\\\000\\377");
}

TEST_CASE("types print with their modifiers") {
    CHECK(name_of(numeric_type(12, 2)) == "numeric(12,2)");
    CHECK(name_of(numeric_type(3, -2)) == "numeric(3,-2)");
    CHECK(name_of({type_id::varchar, 20}) == "character varying(20)");
    CHECK(name_of({type_id::timestamp, 3}) == "timestamp(3) without time zone");
    CHECK(name_of({type_id::int4, -1}) == "integer");
}
