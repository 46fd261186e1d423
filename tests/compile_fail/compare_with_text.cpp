// expect: column `age` (integer) cannot be compared with text
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
constexpr auto query = pdb::from<users> | pdb::where(pdb::col<&user::age> == 10);
#else
constexpr auto query = pdb::from<users> | pdb::where(pdb::col<&user::age> == "ten");
#endif
using row = pdb::row_of<query>;
static_assert(sizeof(row) > 0);
