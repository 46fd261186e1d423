#include <phantomdb/codec/row.hpp>

#include "support/catch.hpp"

#include <random>

using namespace phantomdb;
using namespace phantomdb::codec;

namespace {

type_id const storable[] = {
    type_id::boolean,     type_id::int2,     type_id::int4,    type_id::int8,  type_id::numeric, type_id::float4,
    type_id::float8,      type_id::text,     type_id::varchar, type_id::bytea, type_id::date,    type_id::timestamp,
    type_id::timestamptz, type_id::interval, type_id::uuid,    type_id::jsonb, type_id::oid};

/// A random value of a type; text comes from `pool`.
datum random_value(type_id type, std::mt19937_64& random, std::string_view pool) {
    std::uint64_t const bits = random();
    switch (physical_of(type)) {
        case physical::floating: {
            double const d = static_cast<double>(static_cast<std::int64_t>(bits)) / 1e9;
            return type == type_id::float4 ? static_cast<double>(static_cast<float>(d)) : d;
        }
        case physical::numeric: return numeric::from(static_cast<std::int64_t>(bits), static_cast<int>(bits % 20));
        case physical::interval:
            return interval{static_cast<std::int64_t>(bits), static_cast<std::int32_t>(bits >> 7),
                            static_cast<std::int32_t>(bits >> 20)};
        case physical::uuid: {
            uuid u;
            for (auto& octet : u.octets) octet = static_cast<std::uint8_t>(random());
            return u;
        }
        case physical::text: return pool.substr(bits % 50, bits / 64 % 50);
        case physical::integer: break;
    }
    auto const i = static_cast<std::int64_t>(bits);
    switch (type) {
        case type_id::boolean: return i & 1;
        case type_id::int2: return std::int64_t{static_cast<std::int16_t>(i)};
        case type_id::int4:
        case type_id::date: return std::int64_t{static_cast<std::int32_t>(i)};
        case type_id::oid: return std::int64_t{static_cast<std::uint32_t>(i)};
        default: return i;
    }
}

bool same(type_id type, datum const& a, datum const& b) {
    switch (physical_of(type)) {
        case physical::integer: return a.i == b.i;
        case physical::floating: return a.d == b.d;
        case physical::text: return a.t == b.t;
        case physical::numeric: return a.n == b.n;
        case physical::interval: return a.v == b.v;
        case physical::uuid: return a.u == b.u;
    }
    return false;
}

struct table {
    std::vector<type_id> types;
    row_layout layout;
    std::vector<std::vector<datum>> values;
    std::vector<std::vector<std::uint8_t>> nulls;
    std::vector<std::string> rows;
};

/// `count` rows of random columns; with `grows`, columns were added on the way.
table random_table(std::mt19937_64& random, std::string_view pool, std::size_t count, bool grows) {
    table t;
    for (std::size_t i = 1 + random() % 20; i > 0; --i) t.types.push_back(storable[random() % std::size(storable)]);
    t.layout = make_row_layout(t.types);
    for (std::size_t r = 0; r < count; ++r) {
        std::size_t const columns = grows ? 1 + r * t.types.size() / count % t.types.size() : t.types.size();
        std::vector<datum> values;
        std::vector<std::uint8_t> nulls;
        for (std::size_t c = 0; c < columns; ++c) {
            values.push_back(random_value(t.types[c], random, pool));
            nulls.push_back(random() % 4 == 0);
        }
        std::string row;
        make_row_layout(std::span(t.types).first(columns)).encode(row, values.data(), nulls.data());
        t.rows.push_back(std::move(row));
        t.values.push_back(std::move(values));
        t.nulls.push_back(std::move(nulls));
    }
    return t;
}

using users = typed_row<type_id::int8, type_id::text, type_id::boolean, type_id::int4, type_id::text, type_id::numeric>;
static_assert(users::layout.fixed_offset(0) == 4);
static_assert(users::layout.fixed_offset(2) == 12);
static_assert(users::layout.fixed_offset(5) == 17);
static_assert(users::layout.tail_offset(6) == 33 + 8);

}  // namespace

TEST_CASE("rows come back as they went in, one column at a time and by the chunk") {
    std::mt19937_64 random(11);
    std::string pool;
    for (int i = 0; i < 200; ++i) pool += static_cast<char>(random());
    for (int round = 0; round < 60; ++round) {
        bool const grows = round % 2 == 1;
        table const t = random_table(random, pool, 100, grows);
        nullable_datum const missing = round % 4 == 1 ? nullable_datum{} : nullable_datum{datum{std::int64_t{0}}};
        for (std::size_t r = 0; r < t.rows.size(); ++r) {
            REQUIRE(t.layout.is_sound(t.rows[r]));
            for (std::size_t c = 0; c < t.types.size(); ++c) {
                nullable_datum const cell = t.layout.read(t.rows[r], c, missing);
                if (c >= t.values[r].size()) {
                    REQUIRE(cell.null == missing.null);
                } else if (t.nulls[r][c] != 0) {
                    REQUIRE(cell.null);
                } else {
                    REQUIRE_FALSE(cell.null);
                    REQUIRE(same(t.types[c], cell.value, t.values[r][c]));
                }
            }
        }
        std::vector<std::vector<datum>> values(t.types.size(), std::vector<datum>(t.rows.size()));
        std::vector<std::vector<std::uint8_t>> nulls(t.types.size(), std::vector<std::uint8_t>(t.rows.size()));
        std::vector<column_target> targets;
        for (std::size_t c = 0; c < t.types.size(); ++c)
            targets.push_back({c, values[c].data(), nulls[c].data(), missing});
        t.layout.decode(t.rows.size(), [&](std::size_t i) { return std::string_view(t.rows[i]); }, targets);
        for (std::size_t r = 0; r < t.rows.size(); ++r) {
            for (std::size_t c = 0; c < t.types.size(); ++c) {
                nullable_datum const cell = t.layout.read(t.rows[r], c, missing);
                REQUIRE(cell.null == (nulls[c][r] != 0));
                if (!cell.null && c < t.values[r].size()) REQUIRE(same(t.types[c], cell.value, values[c][r]));
            }
        }
    }
}

TEST_CASE("a typed row reads what the layout wrote") {
    datum const values[] = {std::int64_t{-7}, std::string_view("ann"), std::int64_t{1},
                            std::int64_t{41}, std::string_view(),      datum{numeric::from(1250, 2)}};
    std::uint8_t const nulls[] = {0, 0, 0, 1, 0, 0};
    std::string row;
    users::layout.encode(row, values, nulls);
    REQUIRE(users::field<0>(row).i == -7);
    REQUIRE(users::field<1>(row).t == "ann");
    REQUIRE(users::field<2>(row).i == 1);
    REQUIRE(users::read<3>(row).null);
    REQUIRE(users::field<3>(row).i == 0);
    REQUIRE(users::read<4>(row).value.t.empty());
    REQUIRE(users::field<5>(row).n == numeric::from(1250, 2));

    using before = typed_row<type_id::int8, type_id::text>;
    std::string old;
    before::layout.encode(old, values);
    REQUIRE(users::read<1>(old).value.t == "ann");
    REQUIRE(users::read<3>(old, datum{std::int64_t{18}}).value.i == 18);
    REQUIRE(users::layout.is_sound(old));
    REQUIRE_FALSE(before::layout.is_sound(row));
}

TEST_CASE("damaged rows are found before they are read") {
    std::mt19937_64 random(12);
    std::string const pool(200, 'p');
    int unsound = 0;
    for (int round = 0; round < 40; ++round) {
        table const t = random_table(random, pool, 20, true);
        for (std::string const& row : t.rows) {
            for (int i = 0; i < 20; ++i) {
                std::string damaged = row;
                if (i % 3 == 0) {
                    damaged.resize(random() % (row.size() + 1));
                } else {
                    damaged[random() % damaged.size()] = static_cast<char>(random());
                }
                // A copy of its own size on the heap, so that a sanitizer sees any read beyond it.
                std::vector<char> const exact(damaged.begin(), damaged.end());
                std::string_view const bytes(exact.data(), exact.size());
                if (!t.layout.is_sound(bytes)) {
                    ++unsound;
                    continue;
                }
                for (std::size_t c = 0; c < t.types.size(); ++c) {
                    nullable_datum const cell = t.layout.read(bytes, c);
                    if (cell.null || physical_of(t.types[c]) != physical::text || cell.value.t.empty()) continue;
                    REQUIRE(cell.value.t.data() >= bytes.data());
                    REQUIRE(cell.value.t.data() + cell.value.t.size() <= bytes.data() + bytes.size());
                }
            }
        }
    }
    REQUIRE(unsound > 1000);
}
