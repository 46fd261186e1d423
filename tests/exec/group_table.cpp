#include "support/catch.hpp"

#include <phantomdb/exec/datum_key.hpp>
#include <phantomdb/exec/row_flow.hpp>

#include <map>
#include <random>
#include <string>

namespace {

using namespace phantomdb;
using namespace phantomdb::exec;

}  // namespace

TEST_CASE("group_table: numbers keys in order of appearance, and finds each again") {
    std::mt19937_64 random(7);
    group_table<typed_keys<std::int64_t, nullable<std::string_view>>> table;
    std::map<std::pair<std::int64_t, std::string>, std::uint32_t> expected;
    for (int i = 0; i < 200000; ++i) {
        auto number = static_cast<std::int64_t>(random() % 300) - 150;
        std::string text = random() % 10 == 0 ? "" : std::string(random() % 40, static_cast<char>('a' + random() % 26));
        bool null = text.empty();
        std::tuple key(number, null ? nullable<std::string_view>() : nullable<std::string_view>(text));
        auto fresh = static_cast<std::uint32_t>(expected.size());
        auto [place, inserted] = expected.try_emplace({number, text}, fresh);
        auto [group, is_new] = table.insert(key);
        REQUIRE(group == place->second);
        REQUIRE(is_new == inserted);
    }
    REQUIRE(table.size() == expected.size());
    for (auto const& [key, group] : expected) {
        auto text = key.second.empty() ? nullable<std::string_view>() : nullable<std::string_view>(key.second);
        REQUIRE(table.find(std::tuple(key.first, text)) == group);
    }
    CHECK(table.find(std::tuple(std::int64_t{4711}, nullable<std::string_view>())) == table.none);
}

TEST_CASE("group_table: keys are equal as SQL says, whatever their bytes") {
    group_table<datum_keys> table{datum_keys({{type_id::numeric, -1}, {type_id::float8, -1}, {type_id::bpchar, -1}})};
    auto insert = [&](numeric n, double d, std::string_view t) {
        nullable_datum key[] = {datum{n}, datum{d}, datum{t}};
        return table.insert(std::span<nullable_datum const>(key)).first;
    };
    CHECK(insert(numeric::from(10, 1), 0.0, "x") == 0);
    CHECK(insert(numeric::from(100, 2), -0.0, "x  ") == 0);  // 1.0 and 1.00, 0 and -0, 'x' and 'x  '
    CHECK(insert(numeric::from(101, 2), 0.0, "x") == 1);
    double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(insert(numeric::from(1), nan, "x") == 2);
    CHECK(insert(numeric::from(1), -nan, "x") == 2);
    nullable_datum nulls[3];
    CHECK(table.insert(std::span<nullable_datum const>(nulls)).first == 3);
    CHECK(table.insert(std::span<nullable_datum const>(nulls)).first == 3);
}
