// expect: foreign key `boss_id` of table `users` refers to `id` of struct `user`, which is no unique key of a table of this schema
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
using checked =
    pdb::schema_of<pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::foreign_key<&user::boss_id, &user::id>>>;
#else
using checked = pdb::schema_of<
    pdb::table<"users", user, pdb::primary_key<&user::name>, pdb::foreign_key<&user::boss_id, &user::id>>>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
