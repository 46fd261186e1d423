// expect: a struct of a table or document must be adapted with BOOST_HANA_ADAPT_STRUCT
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
    int id;
};

#ifdef PHANTOMDB_CONTROL
using checked = pdb::table<"users", user, pdb::primary_key<&user::id>>;
#else
using checked = pdb::table<"places", place>;
#endif
static_assert(pdb::must_be_sound<checked>::done);
