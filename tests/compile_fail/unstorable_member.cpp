// expect: member `where` of table `places` has a type that no SQL type stands for
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
struct place {
    void* where;
};
BOOST_HANA_ADAPT_STRUCT(place, where);

#ifdef PHANTOMDB_CONTROL
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>>;
#else
using checked = pdb::table<"places", place>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
