/// @file One of two source files whose queries have the same name, and are not the same: see base/this_unit.hpp.
#include "query/shop.hpp"
#include "support/catch.hpp"

#include <phantomdb/phantomdb.hpp>

namespace {

constexpr auto some_names =
    pdb::from<users> | pdb::where(pdb::col<&user::id> == 1) | pdb::select(pdb::col<&user::name>);

}  // namespace

TEST_CASE("a query is that of its source file, 1 of 2") {
    auto db = pdb::in_memory<shop>();
    db.insert(std::vector<user>{{1, "Ada", 36, std::nullopt, {}}, {2, "Bo", 41, std::nullopt, {}}});
    auto const rows = db.run<some_names>();
    REQUIRE(rows.size() == 1);
    CHECK(std::get<0>(*rows.begin()) == (1 == 1 ? "Ada" : "Bo"));
    std::size_t given = 0;
    db.for_each<some_names>([&](auto const& row) { given += std::get<0>(row).size(); });
    CHECK(given == (1 == 1 ? 3 : 2));
}
