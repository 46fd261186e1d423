// expect: the plan does not use hash index `by_name`, which finds rows by `=` alone
#include <phantomdb/database/planned.hpp>
#include <phantomdb/query/arguments.hpp>
#include <phantomdb/query/dsl_functions.hpp>

namespace pdb = phantomdb;
using namespace pdb::literals;

struct user {
    int id;
    std::string name;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name);

#ifdef PHANTOMDB_CONTROL
using users = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::index<"by_name", &user::name>>;
#else
using users = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::hash_index<"by_name", &user::name>>;
#endif
static constexpr auto query = pdb::from<users> | pdb::order_by(pdb::col<&user::name>) | pdb::take(1);
static_assert(pdb::must_use_index<query, "by_name">);
