#include "shop.hpp"
#include "support/catch.hpp"

#include <phantomdb/query/to_sql.hpp>
#include <phantomdb/query/typed_query.hpp>

#include <tuple>

namespace {

using pdb::query::relation_kind;

template <auto const& Query>
std::string sql() {
    return pdb::query::sql_text(Query.terms, pdb::query::lowered<Query>.view());
}

/// The kinds of relations from the root down its left side.
template <auto const& Query>
std::vector<relation_kind> spine() {
    std::vector<relation_kind> made;
    auto q = pdb::query::lowered<Query>.view();
    for (auto at = q.root; at >= 0; at = q.relations[at].left) made.push_back(q.relations[at].kind);
    return made;
}

constexpr auto& age = pdb::col<&user::age>;
constexpr auto& name = pdb::col<&user::name>;

constexpr auto everything = pdb::from<users>;
constexpr auto adults = pdb::from<users> | pdb::where(age >= 18 and name != "Bo") | pdb::select(name);
constexpr auto spenders = pdb::from<users> | pdb::join<orders>() | pdb::group_by(name) |
                          pdb::having(pdb::sum(pdb::col<&order::total>) > 1000) |
                          pdb::select(name, pdb::as<"spent">(pdb::sum(pdb::col<&order::total>)), pdb::count()) |
                          pdb::order_by(pdb::desc<"spent">, name) | pdb::take(10) | pdb::skip(5);
constexpr auto hierarchy = pdb::from<users> | pdb::left_join<boss>(boss(&user::id) == pdb::col<&user::boss_id>) |
                           pdb::select(name, boss(&user::name), boss(&user::age) + 1);
constexpr auto with_orders = pdb::from<users> | pdb::left_join<orders>();
constexpr auto distinct_ages = pdb::from<users> | pdb::select(age) | pdb::distinct() | pdb::order_by(pdb::desc(age));
constexpr auto with_argument = pdb::from<users> | pdb::where(age > "least"_arg, name == "name"_arg);
constexpr auto buyers =
    pdb::from<users> |
    pdb::where(pdb::exists(pdb::from<orders> | pdb::where(pdb::col<&order::user_id> == pdb::col<&user::id>)));
constexpr auto in_list =
    pdb::from<users> | pdb::where(pdb::in(age, 1, 2, "third"_arg) or not pdb::is_null(pdb::col<&user::boss_id>));
constexpr auto in_query =
    pdb::from<users> |
    pdb::where(pdb::in(pdb::col<&user::id>, pdb::from<orders> | pdb::select(pdb::col<&order::user_id>))) |
    pdb::select(pdb::col<&user::id>);
constexpr auto cases =
    pdb::from<users> |
    pdb::select(pdb::as<"group">(pdb::when(age < 18, "young").when(age < 65, "grown").otherwise("old")),
                pdb::coalesce(pdb::col<&user::boss_id>, pdb::col<&user::id>), pdb::lower(name), pdb::cast<double>(age),
                -age, age * 2 + 1);
constexpr auto documents =
    pdb::from<users> | pdb::where(pdb::col<&user::about> / &profile::home / &address::city == "Oslo") |
    pdb::select(pdb::col<&user::about> / &profile::level, pdb::col<&user::about> / &profile::home);
constexpr auto both = pdb::union_all(pdb::from<users> | pdb::select(pdb::col<&user::id>),
                                     pdb::from<orders> | pdb::select(pdb::col<&order::id>)) |
                      pdb::order_by(pdb::asc<"id">) | pdb::take(3);
constexpr auto whole_table = pdb::from<orders> | pdb::select(pdb::count(), pdb::sum(pdb::col<&order::total>));

}  // namespace

TEST_CASE("a typed query prints as the SQL it means") {
    CHECK(sql<everything>() == "select * from users");
    CHECK(sql<adults>() == "select name from users where age >= 18 and name <> 'Bo'");
    CHECK(sql<spenders>() ==
          "select users.name, sum(orders.total) as spent, count(*) from users join orders on orders.user_id = users.id "
          "group by users.name having sum(orders.total) > 1000 order by spent desc, users.name limit 10 offset 5");
    CHECK(sql<hierarchy>() ==
          "select users.name, boss.name, boss.age + 1 from users left join users as boss on boss.id = users.boss_id");
    CHECK(sql<with_argument>() == "select * from users where age > $1 and name = $2");
    CHECK(sql<buyers>() == "select * from users where exists (select * from orders where orders.user_id = users.id)");
    CHECK(sql<in_list>() == "select * from users where age in (1, 2, $1) or not boss_id is null");
    CHECK(sql<cases>() ==
          "select case when age < 18 then 'young' when age < 65 then 'grown' else 'old' end as \"group\", "
          "coalesce(boss_id, id), lower(name), age::float8, -age, age * 2 + 1 from users");
    CHECK(sql<documents>() ==
          "select (about ->> 'level')::int4, about -> 'home' from users where about -> 'home' ->> 'city' = 'Oslo'");
    CHECK(sql<both>() == "select id from users union all select id from orders order by id limit 3");
}

TEST_CASE("clauses lie above each other as those of SQL do") {
    using enum relation_kind;
    CHECK(spine<everything>() == std::vector{project, table});
    CHECK(spine<adults>() == std::vector{project, filter, table});
    CHECK(spine<spenders>() == std::vector{limit, project, sort, filter, aggregate, join, table});
    CHECK(spine<distinct_ages>() == std::vector{sort, relation_kind::distinct, project, table});
    CHECK(spine<both>() == std::vector{limit, sort, set_operation, project, table});
    CHECK(spine<whole_table>() == std::vector{project, aggregate, table});
}

TEST_CASE("conjuncts are kept apart") {
    auto q = pdb::query::lowered<adults>.view();
    auto const& filter = q.relations[q.relations[q.root].left];
    CHECK(filter.expressions.count == 2);
}

TEST_CASE("rows have the types the columns have in C++") {
    using std::is_same_v, std::optional, std::tuple, std::string;
    STATIC_REQUIRE(is_same_v<pdb::row_of<everything>, user>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<adults>, tuple<string>>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<spenders>, tuple<string, pdb::numeric, std::int64_t>>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<hierarchy>, tuple<string, optional<string>, optional<int>>>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<with_orders>, tuple<user, optional<order>>>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<cases>, tuple<string, std::int64_t, string, double, int, int>>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<documents>, tuple<optional<int>, optional<pdb::document<address>>>>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<whole_table>, tuple<std::int64_t, optional<pdb::numeric>>>);
    STATIC_REQUIRE(is_same_v<pdb::row_of<in_query>, tuple<std::int64_t>>);
}

TEST_CASE("parameters take their types from where they stand") {
    auto q = pdb::query::lowered<with_argument>.view();
    REQUIRE(q.parameters.size() == 2);
    CHECK(q.parameters[0].type.id == pdb::type_id::int4);
    CHECK(q.name(q.parameters[0].name) == "least");
    CHECK(q.parameters[1].type.id == pdb::type_id::text);
}

TEST_CASE("a join without condition follows the foreign key") {
    auto q = pdb::query::lowered<with_orders>.view();
    for (auto const& relation : q.relations) {
        if (relation.kind != relation_kind::join) continue;
        REQUIRE(relation.expressions.count == 1);
        auto const& on = q.expressions[q.lists[relation.expressions.first]];
        CHECK(pdb::signature_of(on.function).name == "=");
        CHECK(relation.join == pdb::query::join_kind::left_outer);
    }
}

TEST_CASE("dynamic parts vanish when they are switched off") {
    auto build = [](bool grown, std::optional<std::string> const& called, bool spending) {
        auto q = pdb::from<users> | pdb::where_if(grown, age >= 18) | pdb::where_opt(name, called) |
                 pdb::only_if(spending, pdb::join<orders>(), pdb::where(pdb::col<&order::total> > 10)) |
                 pdb::select(name, pdb::col<&order::total>);
        auto lowered = pdb::query::lower(q);
        REQUIRE(lowered.problem.empty());
        return pdb::query::sql_text(q.terms, lowered.ir.view());
    };
    std::optional<std::string> const nobody, ada = "Ada";
    CHECK(build(false, nobody, true).ends_with("where orders.total > 10"));
    CHECK(build(true, nobody, true).find("users.age >= 18 and orders.total > 10") != std::string::npos);
    CHECK(build(false, ada, true).find("users.name = 'Ada' and") != std::string::npos);
    // Without its join the column of the other table is null, and so is the join.
    CHECK(build(false, nobody, false).find("join") == std::string::npos);
}
