// expect: a schema has two tables called `users`
#include <phantomdb/schema/document.hpp>
#include <phantomdb/schema/table.hpp>

namespace pdb = phantomdb;

struct user {
    int id;
    std::string name;
    std::optional<int> boss_id;
    std::int64_t big;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name, boss_id, big);

#ifdef PHANTOMDB_CONTROL
using checked = pdb::schema_of<pdb::table<"users", user>>;
#else
using checked = pdb::schema_of<pdb::table<"users", user>, pdb::table<"users", user, pdb::primary_key<&user::id>>>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
