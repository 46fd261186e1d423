#include <phantomdb/codec/key.hpp>
#include <phantomdb/value/compare.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

using namespace phantomdb;
using namespace phantomdb::codec;

namespace {

struct source {
    std::mt19937_64 random{21};
    std::vector<std::string> texts;

    source() {
        texts = {"",
                 "a",
                 "b",
                 "ab",
                 std::string("a\0", 2),
                 std::string("a\0b", 3),
                 std::string("\0", 1),
                 std::string("\0\xff", 2),
                 "a ",
                 "a  ",
                 "a\x01",
                 "\xff",
                 "\xff\xff",
                 "ä",
                 std::string("\0\x01", 2),
                 std::string(3, '\0')};
        for (int i = 0; i < 60; ++i) {
            std::string text;
            for (std::uint64_t n = random() % 6; n > 0; --n) text += "\x00\x01\x02 ab\xfe\xff"[random() % 8];
            texts.push_back(text);
        }
    }

    datum value(type_id type) {
        std::uint64_t const bits = random();
        switch (physical_of(type)) {
            case physical::text: return std::string_view(texts[bits % texts.size()]);
            case physical::floating: {
                double const some[] = {0.0,
                                       -0.0,
                                       1.0,
                                       -1.0,
                                       std::numeric_limits<double>::quiet_NaN(),
                                       -std::numeric_limits<double>::quiet_NaN(),
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity(),
                                       1e-40,
                                       3.5e10};
                double d = bits % 3 == 0 ? some[bits / 3 % std::size(some)] : std::bit_cast<double>(bits);
                if (type == type_id::float4) d = std::bit_cast<float>(static_cast<std::uint32_t>(bits >> 20));
                return d;
            }
            case physical::numeric: {
                if (bits % 17 == 0) return numeric::from(0, numeric::nan_scale);
                if (bits % 17 == 1) return numeric::from(1, numeric::infinity_scale);
                if (bits % 17 == 2) return numeric::from(-1, numeric::infinity_scale);
                int const scale = static_cast<int>(bits / 17 % 36);
                if (bits % 3 == 0) return numeric::from(static_cast<int>(bits / 1000 % 21) - 10, scale % 3);
                if (bits % 3 == 1) return numeric::from((static_cast<int>(bits / 1000 % 2001) - 1000) * 100, scale);
                int128 const wide = static_cast<int128>(static_cast<std::int64_t>(random())) *
                                    static_cast<std::int64_t>(1 + random() % 1000000);
                return numeric::from(wide, scale);
            }
            case physical::interval:
                return interval{static_cast<std::int64_t>(bits % 5) * 43'200'000'000 - 86'400'000'000,
                                static_cast<std::int32_t>(bits / 5 % 70) - 35,
                                static_cast<std::int32_t>(bits / 400 % 5) - 2};
            case physical::uuid: {
                uuid u;
                for (auto& octet : u.octets) octet = static_cast<std::uint8_t>(random() % 3 * 127);
                return u;
            }
            case physical::integer: break;
        }
        auto const shrink = [&](auto narrow) {
            using narrow_type = decltype(narrow);
            constexpr auto least = std::numeric_limits<narrow_type>::min();
            constexpr auto most = std::numeric_limits<narrow_type>::max();
            narrow_type const some[] = {least, most, 0, 1, static_cast<narrow_type>(-1)};
            return std::int64_t{bits % 2 == 0 ? some[bits / 2 % 5] : static_cast<narrow_type>(bits >> 1)};
        };
        switch (type) {
            case type_id::boolean: return static_cast<std::int64_t>(bits & 1);
            case type_id::int2: return shrink(std::int16_t{});
            case type_id::int4:
            case type_id::date: return shrink(std::int32_t{});
            case type_id::oid: return shrink(std::uint32_t{});
            default: return shrink(std::int64_t{});
        }
    }
};

type_id const ordered[] = {
    type_id::boolean,   type_id::int2,        type_id::int4,     type_id::int8,   type_id::numeric, type_id::float4,
    type_id::float8,    type_id::text,        type_id::varchar,  type_id::bpchar, type_id::bytea,   type_id::date,
    type_id::timestamp, type_id::timestamptz, type_id::interval, type_id::time,   type_id::uuid,    type_id::oid};

int sign(std::strong_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }
int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

/// How SQL orders two columns, NULLs and direction included.
int sql_order(type_id type, nullable_datum const& a, nullable_datum const& b, key_order order) {
    if (a.null || b.null) {
        if (a.null == b.null) return 0;
        return a.null == order.nulls_first ? -1 : 1;
    }
    int const ascending = sign(compare(type, a.value, b.value));
    return order.descending ? -ascending : ascending;
}

}  // namespace

TEST_CASE("memcmp orders keys as SQL orders values, for every type and direction") {
    source values;
    for (type_id const type : ordered) {
        for (int flags = 0; flags < 8; ++flags) {
            key_order const order{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
            for (int i = 0; i < 3000; ++i) {
                auto const draw = [&] {
                    return !order.never_null && values.random() % 20 == 0 ? nullable_datum{}
                                                                          : nullable_datum{values.value(type)};
                };
                nullable_datum const a = draw();
                nullable_datum const b = draw();
                std::string key_a;
                std::string key_b;
                append_key(key_a, type, a, order);
                append_key(key_b, type, b, order);
                if (sign(key_a.compare(key_b)) != sql_order(type, a, b, order)) {
                    FAIL("type " << facts(type).name << ", flags " << flags << ", draw " << i);
                }
                if (key_a != key_b && (key_a.starts_with(key_b) || key_b.starts_with(key_a)))
                    FAIL("a key is a prefix of another");
            }
        }
    }
}

TEST_CASE("keys of several columns order by the first that differs") {
    source values;
    for (int i = 0; i < 30'000; ++i) {
        type_id types[3];
        key_order orders[3];
        for (int c = 0; c < 3; ++c) {
            types[c] = ordered[values.random() % std::size(ordered)];
            orders[c] = {values.random() % 2 == 0, values.random() % 2 == 0, values.random() % 2 == 0};
        }
        std::string key_a;
        std::string key_b;
        int expected = 0;
        for (int c = 0; c < 3; ++c) {
            nullable_datum a = values.value(types[c]);
            nullable_datum b = values.random() % 2 == 0 ? a : nullable_datum{values.value(types[c])};
            if (!orders[c].never_null && values.random() % 10 == 0) a = {};
            append_key(key_a, types[c], a, orders[c]);
            append_key(key_b, types[c], b, orders[c]);
            if (expected == 0) expected = sql_order(types[c], a, b, orders[c]);
        }
        if (sign(key_a.compare(key_b)) != expected) FAIL("draw " << i);
    }
}

TEST_CASE("columns can be skipped and taken off a key again") {
    source values;
    arena text;
    for (int i = 0; i < 5000; ++i) {
        std::string key;
        std::vector<type_id> types;
        std::vector<key_order> orders;
        std::vector<nullable_datum> columns;
        for (std::uint64_t n = 1 + values.random() % 4; n > 0; --n) {
            types.push_back(ordered[values.random() % std::size(ordered)]);
            orders.push_back({values.random() % 2 == 0, values.random() % 2 == 0, values.random() % 2 == 0});
            bool const null = !orders.back().never_null && values.random() % 5 == 0;
            columns.push_back(null ? nullable_datum{} : nullable_datum{values.value(types.back())});
            append_key(key, types.back(), columns.back(), orders.back());
        }
        std::string_view in = key;
        for (std::size_t c = 0; c < types.size(); ++c) {
            std::string alone;
            append_key(alone, types[c], columns[c], orders[c]);
            if (!is_decodable(types[c])) {
                REQUIRE(skip_key(in, types[c], orders[c]) == alone);
                continue;
            }
            std::string_view again = in;
            REQUIRE(skip_key(again, types[c], orders[c]) == alone);
            nullable_datum const taken = take_key(in, types[c], text, orders[c]);
            REQUIRE(in.size() == again.size());
            REQUIRE(taken.null == columns[c].null);
            if (!taken.null) REQUIRE(equals(types[c], taken.value, columns[c].value));
        }
        REQUIRE(in.empty());
    }
}

TEST_CASE("bytes that are no key are data_corrupted") {
    source values;
    arena text;
    for (int i = 0; i < 20'000; ++i) {
        type_id const type = ordered[values.random() % std::size(ordered)];
        key_order const order{values.random() % 2 == 0, false, values.random() % 2 == 0};
        std::string bytes;
        for (std::uint64_t n = values.random() % 12; n > 0; --n) bytes += static_cast<char>(values.random() % 4 * 85);
        std::vector<char> const exact(bytes.begin(), bytes.end());
        std::string_view in(exact.data(), exact.size());
        try {
            if (is_decodable(type)) {
                take_key(in, type, text, order);
            } else {
                skip_key(in, type, order);
            }
        } catch (error const& e) {
            REQUIRE(e.code == errc::data_corrupted);
        }
    }
}

TEST_CASE("prefix_end is the first key behind a prefix") {
    REQUIRE(prefix_end("ab") == "ac");
    REQUIRE(prefix_end(std::string("a\xff\xff", 3)) == "b");
    REQUIRE(prefix_end("\xff\xff").empty());
    REQUIRE(prefix_end("").empty());
}
