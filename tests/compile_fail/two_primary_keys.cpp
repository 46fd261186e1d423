// expect: table `users` has two primary keys
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
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>>;
#else
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::primary_key<&user::name>>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
