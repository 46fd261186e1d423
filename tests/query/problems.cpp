#include "shop.hpp"
#include "support/catch.hpp"

#include <phantomdb/query/arguments.hpp>

struct note {
    int id;
};

namespace {

constexpr auto& age = pdb::col<&user::age>;
constexpr auto& name = pdb::col<&user::name>;
constexpr auto& total = pdb::col<&order::total>;

constexpr auto good = pdb::from<users> | pdb::where(age > "least"_arg) | pdb::select(name);
constexpr auto compared = pdb::from<users> | pdb::where(age == "ten");
constexpr auto added = pdb::from<users> | pdb::select(age + name);
constexpr auto not_there = pdb::from<users> | pdb::where(total > 3);
constexpr auto no_condition = pdb::from<users> | pdb::where(age);
constexpr auto no_function = pdb::from<users> | pdb::select(pdb::call<"lowr">(name));
constexpr auto wrong_function = pdb::from<users> | pdb::select(pdb::lower(age));
constexpr auto aggregate_in_where = pdb::from<users> | pdb::where(pdb::sum(age) > 3);
constexpr auto nested_aggregate = pdb::from<users> | pdb::select(pdb::sum(pdb::max(age)));
constexpr auto ungrouped = pdb::from<users> | pdb::group_by(name) | pdb::select(name, age);
constexpr auto having_alone = pdb::from<users> | pdb::having(age > 3);
constexpr auto late_where = pdb::from<users> | pdb::group_by(name) | pdb::where(age > 3) | pdb::select(name);
constexpr auto unknown_name = pdb::from<users> | pdb::select(name) | pdb::order_by(pdb::desc<"nam">);
constexpr auto twice = pdb::from<users> | pdb::join<users>(pdb::col<&user::id> == pdb::col<&user::boss_id>);
constexpr auto negative = pdb::from<users> | pdb::take(-1);
constexpr auto two_columns = pdb::from<users> | pdb::where(pdb::in(age, pdb::from<orders> | pdb::select(total, total)));
constexpr auto mixed_case = pdb::from<users> | pdb::select(pdb::when(age > 3, name).otherwise(age));
constexpr auto untyped = pdb::from<users> | pdb::select(pdb::as<"x">("x"_arg));
constexpr auto distinct_order = pdb::from<users> | pdb::select(name) | pdb::distinct() | pdb::order_by(age);
constexpr auto missing_alias = pdb::from<users> | pdb::where(boss(&user::age) > 3);
constexpr auto uneven = pdb::union_(pdb::from<users> | pdb::select(age), pdb::from<users> | pdb::select(age, name));
constexpr auto other_types = pdb::union_(pdb::from<users> | pdb::select(age), pdb::from<users> | pdb::select(name));
constexpr auto impossible_cast = pdb::from<orders> | pdb::select(pdb::cast<bool>(pdb::col<&order::placed_at>));
constexpr auto group_unselected = pdb::from<users> | pdb::group_by(name);

template <auto const& Query, class... Arguments>
std::string said(Arguments const&...) {
    constexpr auto const& s = pdb::query::problem_of_arguments<Query, Arguments...>;
    return std::string(s.a) + s.b + s.c + s.d + s.e + s.f;
}

}  // namespace
BOOST_HANA_ADAPT_STRUCT(note, id);
using notes = pdb::table<"notes", note, pdb::primary_key<&note::id>>;
static constexpr auto no_key = pdb::from<orders> | pdb::join<notes>();

TEST_CASE("what is wrong with a query is a sentence that names the column") {
    CHECK(pdb::problem_of_query<good>.empty());
    CHECK(pdb::problem_of_query<compared> == "phantomdb: column `age` (integer) cannot be compared with text");
    CHECK(pdb::problem_of_query<added> ==
          "phantomdb: there is no operator `+` for column `age` (integer) and column `name` (text)");
    CHECK(pdb::problem_of_query<not_there> ==
          "phantomdb: column `total` of struct `order` is not in this query; add its table with from or join");
    CHECK(pdb::problem_of_query<no_condition> == "phantomdb: where needs a condition, not column `age` (integer)");
    CHECK(pdb::problem_of_query<no_function> == "phantomdb: there is no function `lowr` of column `name` (text)");
    CHECK(pdb::problem_of_query<wrong_function> == "phantomdb: there is no function `lower` of column `age` (integer)");
    CHECK(pdb::problem_of_query<aggregate_in_where> ==
          "phantomdb: `sum` is an aggregate and cannot stand in where; conditions on groups belong into having");
    CHECK(pdb::problem_of_query<nested_aggregate> ==
          "phantomdb: `max` is an aggregate and cannot stand in another aggregate");
    CHECK(pdb::problem_of_query<ungrouped> == "phantomdb: column `age` must be in group_by or inside an aggregate");
    CHECK(pdb::problem_of_query<having_alone> == "phantomdb: having needs group_by or an aggregate; use where");
    CHECK(pdb::problem_of_query<late_where> ==
          "phantomdb: where stands after group_by; conditions on groups belong into having");
    CHECK(pdb::problem_of_query<unknown_name> == "phantomdb: nothing that is selected is called `nam`");
    CHECK(pdb::problem_of_query<twice> == "phantomdb: table `users` is used twice; give one of them an alias");
    CHECK(pdb::problem_of_query<negative> == "phantomdb: take needs a number that is not negative");
    CHECK(pdb::problem_of_query<two_columns> ==
          "phantomdb: a subquery used as a value or with in must select one column, not 2");
    CHECK(pdb::problem_of_query<mixed_case> == "phantomdb: when mixes column `name` (text) and column `age` (integer)");
    CHECK(pdb::problem_of_query<untyped> ==
          "phantomdb: nothing says what type argument `x` has; write arg<\"x\", type>");
    CHECK(pdb::problem_of_query<distinct_order> == "phantomdb: with distinct, order_by takes selected values only");
    CHECK(pdb::problem_of_query<missing_alias> == "phantomdb: alias `boss` is not in this query; add it with join");
    CHECK(pdb::problem_of_query<uneven> ==
          "phantomdb: the sides of a union, intersection or difference select 1 and 2 columns");
    CHECK(pdb::problem_of_query<other_types> ==
          "phantomdb: column 1 of a union, intersection or difference is integer "
          "on one side and text on the other; use cast");
    CHECK(pdb::problem_of_query<no_key> ==
          "phantomdb: no foreign key connects table `notes` with this query; say the condition of the join");
    CHECK(pdb::problem_of_query<impossible_cast> ==
          "phantomdb: column `placed_at` (timestamp without time zone) cannot be cast to boolean");
    CHECK(pdb::problem_of_query<group_unselected> ==
          "phantomdb: a query with group_by must select what it wants of the groups");
}

TEST_CASE("arguments must be those of the query") {
    CHECK(said<good>("least"_arg = 3).empty());
    CHECK(said<good>("least"_arg = std::optional<int>()).empty());
    CHECK(said<good>() == "phantomdb: the query needs an argument `least` (integer)");
    CHECK(said<good>("least"_arg = "x") == "phantomdb: argument `least` is to be integer and cannot be text");
    CHECK(said<good>("least"_arg = 1, "most"_arg = 2) == "phantomdb: the query has no parameter called `most`");
    CHECK(said<good>("least"_arg = 1, "least"_arg = 2) == "phantomdb: argument `least` is given twice");
}

TEST_CASE("a number that is out of a parameter's range is refused when the query runs") {
    auto run = [] {
        return pdb::query::order_arguments<1>(pdb::query::lowered<good>.view(), "least"_arg = std::int64_t{1} << 40);
    };
    CHECK_THROWS_AS(run(), pdb::error);
}
