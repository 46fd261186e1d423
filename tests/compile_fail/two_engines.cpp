// expect: table `users` names more than one engine
#include <phantomdb/schema/document.hpp>
#include <phantomdb/schema/table.hpp>

namespace pdb = phantomdb;

struct user {
    int id;
    std::string name;
    std::optional<int> boss_id;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name, boss_id);

#ifdef PHANTOMDB_CONTROL
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::engine::lsm>;
#else
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::engine::lsm, pdb::engine::btree>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
