// expect: argument `least` is to be integer and cannot be text
#include <phantomdb/query/arguments.hpp>
#include <phantomdb/query/dsl_functions.hpp>

namespace pdb = phantomdb;
using namespace pdb::literals;

struct user {
    int id;
    std::string name;
    int age;
    std::optional<int> boss_id;
};
struct order {
    int id, user_id;
    std::int64_t total;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name, age, boss_id);
BOOST_HANA_ADAPT_STRUCT(order, id, user_id, total);

using users = pdb::table<"users", user, pdb::primary_key<&user::id>>;
using orders = pdb::table<"orders", order, pdb::primary_key<&order::id>>;

constexpr auto query = pdb::from<users> | pdb::where(pdb::col<&user::age> >= "least"_arg);
template <class... Arguments>
constexpr bool run(Arguments const&...) {
    return pdb::say<pdb::query::problem_of_arguments<query, Arguments...>>::done;
}
#ifdef PHANTOMDB_CONTROL
static_assert(run("least"_arg = 3));
#else
static_assert(run("least"_arg = "three"));
#endif
