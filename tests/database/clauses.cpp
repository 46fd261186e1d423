#include "query/shop.hpp"
#include "support/catch.hpp"

#include <phantomdb/phantomdb.hpp>

#include <tuple>

namespace {

using std::optional, std::string, std::tuple, std::vector;

pdb::database<shop> filled() {
    auto db = pdb::in_memory<shop>();
    for (int i = 1; i <= 20; ++i) {
        db.insert(user{
            i, "user " + std::to_string(i), 15 + i % 5, i > 10 ? optional<std::int64_t>(i - 10) : std::nullopt, {}});
        if (i % 2 == 0) db.insert(order{i, i, i, pdb::timestamp(i)});
    }
    return db;
}

template <auto const& Query, class... Arguments>
auto rows(Arguments const&... arguments) {
    static auto db = filled();
    return db.template run<Query>(arguments...).to_vector();
}

constexpr auto& id = pdb::col<&user::id>;
constexpr auto& age = pdb::col<&user::age>;
constexpr auto& buyer = pdb::col<&order::user_id>;

constexpr auto page =
    pdb::from<users> | pdb::select(id) | pdb::order_by(pdb::desc(id)) | pdb::take(3) | pdb::skip("from"_arg);
constexpr auto ages = pdb::from<users> | pdb::select(age) | pdb::distinct() | pdb::order_by(age);
constexpr auto with_orders = pdb::from<users> |
                             pdb::where(id <= 5, pdb::exists(pdb::from<orders> | pdb::where(buyer == id))) |
                             pdb::select(id) | pdb::order_by(id);
constexpr auto without_orders = pdb::from<users> |
                                pdb::where(id <= 5, pdb::not_in(id, pdb::from<orders> | pdb::select(buyer))) |
                                pdb::select(id) | pdb::order_by(id);
constexpr auto listed =
    pdb::from<users> | pdb::where(pdb::in(id, 3, 5, "more"_arg), not(id == 5)) | pdb::select(id) | pdb::order_by(id);
constexpr auto named = pdb::from<users> | pdb::where(id <= 3) |
                       pdb::select(pdb::when(id == 1, "one").when(id == 2, "two").otherwise("many"),
                                   pdb::coalesce(pdb::col<&user::boss_id>, 0), pdb::upper(pdb::col<&user::name>),
                                   pdb::cast<double>(id) / 2, pdb::nullif(id, 2)) |
                       pdb::order_by(id);
constexpr auto patterns = pdb::from<users> |
                          pdb::where(pdb::like(pdb::col<&user::name>, "user _") and pdb::between(id, 4, 6)) |
                          pdb::select(id) | pdb::order_by(id);
constexpr auto above_average =
    pdb::from<orders> |
    pdb::where(pdb::col<&order::total> >
               pdb::value_of(pdb::from<orders> | pdb::select(pdb::avg(pdb::col<&order::total>)))) |
    pdb::select(pdb::count());
constexpr auto null_order = pdb::from<users> | pdb::where(id >= 9, id <= 12) | pdb::select(id) |
                            pdb::order_by(pdb::nulls_first(pdb::col<&user::boss_id>), pdb::desc(id));
constexpr auto distinct_count = pdb::from<users> | pdb::select(pdb::count_distinct(age), pdb::min(age), pdb::avg(age));

}  // namespace

TEST_CASE("take and skip cut a page") {
    CHECK(rows<page>("from"_arg = 0) == vector<tuple<std::int64_t>>{{20}, {19}, {18}});
    CHECK(rows<page>("from"_arg = 18) == vector<tuple<std::int64_t>>{{2}, {1}});
}

TEST_CASE("distinct gives each row once") { CHECK(rows<ages>() == vector<tuple<int>>{{15}, {16}, {17}, {18}, {19}}); }

TEST_CASE("subqueries see the row around them") {
    CHECK(rows<with_orders>() == vector<tuple<std::int64_t>>{{2}, {4}});
    CHECK(rows<without_orders>() == vector<tuple<std::int64_t>>{{1}, {3}, {5}});
    CHECK(rows<above_average>() == vector<tuple<std::int64_t>>{{5}});
}

TEST_CASE("in and not") {
    CHECK(rows<listed>("more"_arg = 7) == vector<tuple<std::int64_t>>{{3}, {7}});
    CHECK(rows<patterns>() == vector<tuple<std::int64_t>>{{4}, {5}, {6}});
}

TEST_CASE("values are computed as in SQL") {
    auto made = rows<named>();
    REQUIRE(made.size() == 3);
    CHECK(made[0] ==
          std::tuple<string, std::int64_t, string, double, optional<std::int64_t>>("one", 0, "USER 1", 0.5, 1));
    CHECK(made[1] == std::tuple<string, std::int64_t, string, double, optional<std::int64_t>>("two", 0, "USER 2", 1.0,
                                                                                              std::nullopt));
    CHECK(std::get<0>(made[2]) == "many");
}

TEST_CASE("nulls sort where they are told to") {
    CHECK(rows<null_order>() == vector<tuple<std::int64_t>>{{10}, {9}, {11}, {12}});
}

TEST_CASE("distinct values are aggregated once") {
    auto [count, least, average] = rows<distinct_count>().front();
    CHECK(count == 5);
    CHECK(least == 15);
    CHECK(pdb::to_text(*average) == "17.0000000000000000");
}
