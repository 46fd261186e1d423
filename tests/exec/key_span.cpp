// Bounds on a key become spans that hold exactly the keys SQL's comparisons hold for.

#include "support/catch.hpp"

#include <phantomdb/exec/table_access.hpp>

#include <random>

namespace {

using namespace phantomdb;
using namespace phantomdb::exec;

schema::table_layout make_layout(bool descending) {
    auto table = std::make_shared<schema::table_descriptor>();
    table->id = 20000;
    table->name = "t";
    for (char const* name : {"id", "a", "b"}) {
        schema::column_descriptor column;
        column.name = name;
        column.type = {name[0] == 'i' ? type_id::int4 : type_id::int2, -1};
        table->columns.push_back(column);
    }
    table->columns[0].not_null = true;
    schema::index_descriptor primary, second;
    primary.id = 20001;
    primary.unique = primary.primary = true;
    primary.keys.push_back({0, false, false});
    second.id = 20002;
    second.keys.push_back({1, false, false});
    second.keys.push_back({2, descending, false});
    table->indexes = {primary, second};
    return schema::table_layout(table);
}

}  // namespace

TEST_CASE("key spans hold what the comparisons hold for, in both directions, at the ends of the type too") {
    std::mt19937_64 random(3);
    for (bool descending : {false, true}) {
        auto layout = make_layout(descending);
        auto const& index = layout.indexes[1];
        for (int round = 0; round < 20000; ++round) {
            auto small = [&] { return static_cast<std::int64_t>(random() % 8) - 4; };
            auto any = [&] {
                switch (random() % 6) {
                    case 0: return std::int64_t{-32768};
                    case 1: return std::int64_t{32767};
                    case 2: return std::int64_t{40000};
                    case 3: return std::int64_t{-40000};
                    default: return small();
                }
            };
            nullable_datum equal = datum{small()};
            scan_bounds bounds;
            bounds.equal = {&equal, 1};
            std::int64_t low = any(), high = any();
            if (random() % 3 != 0) bounds.lower = nullable_datum{datum{low}};
            if (random() % 3 != 0) bounds.upper = nullable_datum{datum{high}};
            bounds.lower_inclusive = random() % 2 == 0;
            bounds.upper_inclusive = random() % 2 == 0;
            key_span span = make_key_span(layout, index, bounds);

            std::int64_t a = small(), b = random() % 4 == 0 ? any() : small();
            if (b > 32767 || b < -32768) b = small();
            datum row[] = {std::int64_t{1}, a, b};
            std::uint8_t nulls[] = {0, 0, 0};
            std::string key;
            schema::make_entry_key(key, index, {row, nulls}, std::string(8, 'k'));
            bool inside = !span.empty && key >= span.from && (span.to.empty() || key < span.to);
            bool holds = a == equal.value.i;
            if (bounds.lower) holds = holds && (bounds.lower_inclusive ? b >= low : b > low);
            if (bounds.upper) holds = holds && (bounds.upper_inclusive ? b <= high : b < high);
            REQUIRE(inside == holds);
        }
    }
}

TEST_CASE("key spans: a null bound matches nothing, a whole unique key is one key") {
    auto layout = make_layout(false);
    nullable_datum null, seven = datum{std::int64_t{7}}, huge = datum{std::int64_t{1} << 40};
    scan_bounds bounds;
    bounds.equal = {&null, 1};
    CHECK(make_key_span(layout, layout.indexes[0], bounds).empty);
    bounds.equal = {&huge, 1};
    CHECK(make_key_span(layout, layout.indexes[0], bounds).empty);
    bounds.equal = {&seven, 1};
    CHECK(make_key_span(layout, layout.indexes[0], bounds).exact);
    CHECK_FALSE(make_key_span(layout, layout.indexes[1], bounds).exact);
}
