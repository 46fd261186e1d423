// expect: typed queries know `~*` of these arguments only where its header is included
#include <phantomdb/phantomdb.hpp>

namespace pdb = phantomdb;

struct user {
    int id;
    std::string name;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name);
using users = pdb::table<"users", user, pdb::primary_key<&user::id>>;

#ifdef PHANTOMDB_CONTROL
constexpr auto query = pdb::from<users> | pdb::where(pdb::infix<"~~*">(pdb::col<&user::name>, "a%"));
#else
constexpr auto query = pdb::from<users> | pdb::where(pdb::infix<"~*">(pdb::col<&user::name>, "^a"));
#endif
auto rows(pdb::database<pdb::schema_of<users>>& db) { return db.run<query>(); }
