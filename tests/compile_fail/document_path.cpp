// expect: this path goes through a member of another struct than the document holds
#include <phantomdb/query/verbs.hpp>
#include <phantomdb/schema/document.hpp>

namespace pdb = phantomdb;

struct address {
    std::string city;
};
struct profile {
    address home;
};
struct user {
    int id;
    pdb::document<profile> about;
};
BOOST_HANA_ADAPT_STRUCT(address, city);
BOOST_HANA_ADAPT_STRUCT(profile, home);
BOOST_HANA_ADAPT_STRUCT(user, id, about);

#ifdef PHANTOMDB_CONTROL
constexpr auto path = pdb::col<&user::about> / &profile::home / &address::city;
#else
constexpr auto path = pdb::col<&user::about> / &address::city;
#endif
static_assert(path.count > 0);
