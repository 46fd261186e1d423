#include "support/catch.hpp"

#include <phantomdb/database/rows.hpp>
#include <phantomdb/query/dsl_functions.hpp>

#include <string>
#include <tuple>
#include <vector>

namespace pdb = phantomdb;
using namespace pdb::literals;

namespace {

struct sale {
    int id;
    std::string shop;
    std::int64_t amount;
    std::optional<int> discount;
};
struct branch {
    std::string name;
    bool open;
};

}  // namespace
BOOST_HANA_ADAPT_STRUCT(sale, id, shop, amount, discount);
BOOST_HANA_ADAPT_STRUCT(branch, name, open);

namespace {

using sales = pdb::table<"sales", sale, pdb::primary_key<&sale::id>, pdb::foreign_key<&sale::shop, &branch::name>>;
using branches = pdb::table<"branches", branch, pdb::primary_key<&branch::name>>;

constexpr auto summed = pdb::from<sales> | pdb::where(pdb::col<&sale::amount> > "least"_arg) |
                        pdb::select(pdb::sum(pdb::col<&sale::amount>), pdb::count(pdb::col<&sale::discount>));
constexpr auto by_key = pdb::from<sales> | pdb::where(pdb::col<&sale::id> == 2) | pdb::select(pdb::col<&sale::shop>);
constexpr auto joined = pdb::from<sales> | pdb::join<branches>() | pdb::where(pdb::col<&branch::open>) |
                        pdb::group_by(pdb::col<&branch::name>) | pdb::select(pdb::col<&branch::name>, pdb::count()) |
                        pdb::order_by(pdb::col<&branch::name>);

std::vector<sale> const some{
    {1, "north", 10, 1}, {2, "south", 20, std::nullopt}, {3, "north", 30, 5}, {4, "east", 7, {}}};
std::vector<branch> const open{{"north", true}, {"south", true}, {"east", false}};

}  // namespace

TEST_CASE("a query reads objects where they are") {
    auto [sum, discounts] = *pdb::from_rows(some).run<summed>("least"_arg = 9).first();
    CHECK(pdb::to_text(*sum) == "60");
    CHECK(discounts == 2);
}

TEST_CASE("without keys a condition on a key still holds") {
    CHECK(pdb::from_rows(some).run<by_key>().to_vector() == std::vector<std::tuple<std::string>>{{"south"}});
}

TEST_CASE("ranges of several structs are joined") {
    std::vector<std::string> lines;
    pdb::from_rows(some, open).for_each<joined>([&](std::string_view name, std::int64_t count) {
        lines.push_back(std::string(name) + std::to_string(count));
    });
    CHECK(lines == std::vector<std::string>{"north2", "south1"});
}
