// expect: a key of table `users` names a member of another struct than `user`
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
struct other {
    int id;
};
BOOST_HANA_ADAPT_STRUCT(other, id);

#ifdef PHANTOMDB_CONTROL
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>>;
#else
using checked = pdb::table<"users", user, pdb::primary_key<&other::id>>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
