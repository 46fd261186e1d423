#include "query/shop.hpp"
#include "support/catch.hpp"

#include <phantomdb/phantomdb.hpp>

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/transform.hpp>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <tuple>

namespace {

using std::optional, std::string, std::tuple, std::vector;

pdb::database<shop> filled() {
    auto db = pdb::in_memory<shop>();
    db.insert(vector<user>{{1, "Ada", 36, std::nullopt, profile{"counts", {"maths"}, {"Oslo", "0150"}}},
                           {2, "Bo", 41, 1, profile{"bakes", {}, {"Bergen", "5003"}, 7}},
                           {3, "Cy", 17, 1, profile{"climbs", {}, {"Oslo", "0151"}}},
                           {4, "Di", 41, 2, profile{"draws", {}, {"", ""}}}});
    auto day = [](int d) { return pdb::timestamp(pdb::date(std::chrono::year(2024) / 5 / d)); };
    db.insert(vector<order>{
        {1, 1, "10.50", day(1)}, {2, 1, "3.25", day(2)}, {3, 2, "7.00", day(3)}, {4, 3, "900.10", day(4)}});
    return db;
}

template <class Rows>
auto rows_of(Rows const& rows) {
    return rows.to_vector();
}

constexpr auto& age = pdb::col<&user::age>;
constexpr auto& name = pdb::col<&user::name>;
constexpr auto& total = pdb::col<&order::total>;

constexpr auto by_id = pdb::from<users> | pdb::where(pdb::col<&user::id> == "id"_arg);
constexpr auto by_age = pdb::from<users> | pdb::where(age == "age"_arg) | pdb::select(name) | pdb::order_by(name);
static_assert(pdb::plan_of<by_id>.access == pdb::access::primary_equal and not pdb::scans<by_id>);
static_assert(pdb::plan_of<by_age>.access == pdb::access::index_range and pdb::plan_of<by_age>.index == "by_age");

constexpr auto spent = pdb::from<users> | pdb::join<orders>() | pdb::group_by(name) | pdb::having(pdb::sum(total) > 5) |
                       pdb::select(name, pdb::as<"spent">(pdb::sum(total)), pdb::as<"orders">(pdb::count())) |
                       pdb::order_by(pdb::desc<"spent">);
constexpr auto bosses = pdb::from<users> | pdb::left_join<boss>(boss(&user::id) == pdb::col<&user::boss_id>) |
                        pdb::select(name, boss(&user::name)) | pdb::order_by(name);
constexpr auto whole =
    pdb::from<users> | pdb::left_join<orders>() | pdb::order_by(pdb::col<&user::id>, pdb::col<&order::id>);
constexpr auto of_oslo =
    pdb::from<users> | pdb::where(pdb::col<&user::about> / &profile::home / &address::city == "city"_arg) |
    pdb::select(name, pdb::col<&user::about> / &profile::level, pdb::col<&user::about> / &profile::home) |
    pdb::order_by(name);
constexpr auto totals = pdb::from<orders> | pdb::where(total > "least"_arg) |
                        pdb::select(pdb::count(), pdb::sum(total), pdb::max(pdb::col<&order::placed_at>));

struct spender {
    string name;
    pdb::numeric spent;
};

}  // namespace
BOOST_HANA_ADAPT_STRUCT(spender, name, spent);

TEST_CASE("a query by primary key gives the struct") {
    auto db = filled();
    auto found = db.run<by_id>("id"_arg = 2);
    REQUIRE(found.size() == 1);
    CHECK(found.first()->name == "Bo");
    CHECK(found.first()->about->level == 7);
    CHECK(db.run<by_id>("id"_arg = 77).size() == 0);
    CHECK(db.run<by_id>("id"_arg = optional<std::int64_t>()).size() == 0);  // equal to null is not true
}

TEST_CASE("an index finds the rows of one value") {
    auto db = filled();
    CHECK(rows_of(db.run<by_age>("age"_arg = 41)) == vector<tuple<string>>{{"Bo"}, {"Di"}});
}

TEST_CASE("groups are counted, summed, filtered and sorted") {
    auto db = filled();
    vector<string> lines;
    for (auto const& [who, sum, count] : db.run<spent>()) {
        lines.push_back(who + " " + pdb::to_text(sum) + " " + std::to_string(count));
    }
    CHECK(lines == vector<string>{"Cy 900.10 1", "Ada 13.75 2", "Bo 7.00 1"});
}

TEST_CASE("rows go into structs by the names of their members") {
    auto db = filled();
    auto rows = db.run<spent>(pdb::into<spender>);
    REQUIRE(rows.size() == 3);
    CHECK(rows.first()->name == "Cy");
    CHECK(pdb::to_text(rows.first()->spent) == "900.10");
}

TEST_CASE("what a left join doesn't find is an empty optional") {
    auto db = filled();
    CHECK(rows_of(db.run<bosses>()) ==
          vector<tuple<string, optional<string>>>{{"Ada", std::nullopt}, {"Bo", "Ada"}, {"Cy", "Ada"}, {"Di", "Bo"}});
    vector<string> lines;
    for (auto const& [one, ordered] : db.run<whole>()) {
        lines.push_back(one.name + (ordered ? " " + std::to_string(ordered->id) : ""));
    }
    CHECK(lines == vector<string>{"Ada 1", "Ada 2", "Bo 3", "Cy 4", "Di"});
}

TEST_CASE("paths lead into documents") {
    auto db = filled();
    auto rows = db.run<of_oslo>("city"_arg = "Oslo");
    REQUIRE(rows.size() == 2);
    auto const& [who, level, home] = *rows.begin();
    CHECK(who == "Ada");
    CHECK(level == 3);
    CHECK((*home)->zip == "0150");
}

TEST_CASE("an aggregate without groups gives one row, null where there was nothing") {
    auto db = filled();
    auto [count, sum, last] = *db.run<totals>("least"_arg = 5).first();
    CHECK(count == 3);
    CHECK(pdb::to_text(*sum) == "917.60");
    CHECK(pdb::to_text(*last) == "2024-05-04 00:00:00");
    auto [none, nothing, never] = *db.run<totals>("least"_arg = 5000).first();
    CHECK(none == 0);
    CHECK(!nothing);
    CHECK(!never);
}

TEST_CASE("rows are borrowed one by one, and the reader may stop") {
    auto db = filled();
    vector<string> seen;
    db.for_each<by_age>("age"_arg = 41, [&](std::string_view who) { seen.emplace_back(who); });
    CHECK(seen == vector<string>{"Bo", "Di"});
    seen.clear();
    db.for_each<by_age>("age"_arg = 41, [&](auto const& row) {
        seen.emplace_back(std::get<0>(row));
        return false;
    });
    CHECK(seen == vector<string>{"Bo"});
}

TEST_CASE("results compose with the ranges of the standard and of range-v3") {
    auto db = filled();
    auto first = [](auto const& row) { return std::get<0>(row); };
    vector<string> names;
    std::ranges::copy(db.run<bosses>() | std::views::drop(1) | std::views::transform(first), std::back_inserter(names));
    CHECK(names == vector<string>{"Bo", "Cy", "Di"});
    auto const rows = db.run<bosses>();
    CHECK((rows | ranges::views::transform(first) | ranges::to<vector<string>>()).size() == 4);
    CHECK(std::ranges::view<decltype(db.run<bosses>())>);
}

TEST_CASE("explain shows the plan and the SQL") {
    auto db = filled();
    CHECK(db.explain<by_id>() == "project\n  primary key of users\nselect * from users where id = $1\n");
    CHECK(db.to_sql<by_id>() == "select * from users where id = $1");
}
