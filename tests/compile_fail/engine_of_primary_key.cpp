// expect: the primary key of table `users` is the table itself
#include <phantomdb/schema/document.hpp>
#include <phantomdb/schema/table.hpp>

namespace pdb = phantomdb;

struct user {
    int id;
    std::string name;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name);

#ifdef PHANTOMDB_CONTROL
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::engine::lsm>;
#else
using checked = pdb::table<"users", user, pdb::kept_by<pdb::engine::lsm, pdb::primary_key<&user::id>>>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
