// expect: a subquery used as a value or with in must select one column, not 2
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

#ifdef PHANTOMDB_CONTROL
constexpr auto query =
    pdb::from<users> |
    pdb::where(pdb::in(pdb::col<&user::id>, pdb::from<orders> | pdb::select(pdb::col<&order::user_id>)));
#else
constexpr auto query =
    pdb::from<users> |
    pdb::where(
        pdb::in(pdb::col<&user::id>, pdb::from<orders> | pdb::select(pdb::col<&order::id>, pdb::col<&order::total>)));
#endif
using row = pdb::row_of<query>;
static_assert(sizeof(row) > 0);
