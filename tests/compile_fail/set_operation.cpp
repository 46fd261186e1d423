// expect: typed queries do not run unions, intersections and differences, SQL does
#include <phantomdb/phantomdb.hpp>

namespace pdb = phantomdb;

struct user {
    int id;
    std::string name;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name);
using users = pdb::table<"users", user, pdb::primary_key<&user::id>>;

constexpr auto names = pdb::from<users> | pdb::select(pdb::col<&user::name>);
#ifdef PHANTOMDB_CONTROL
constexpr auto query = names;
#else
constexpr auto query = pdb::union_(names, names);
#endif
auto rows(pdb::database<pdb::schema_of<users>>& db) { return db.run<query>(); }
