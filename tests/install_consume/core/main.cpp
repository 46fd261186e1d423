#include <phantomdb/phantomdb.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace pdb = phantomdb;
using namespace pdb::literals;

struct user {
    std::int64_t id;
    std::string name;
    int age;
};
BOOST_HANA_ADAPT_STRUCT(user, id, name, age);

using users = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::index<"by_age", &user::age>>;
using club = pdb::schema_of<users>;

constexpr auto adults = pdb::from<users> | pdb::where(pdb::col<&user::age> >= "least"_arg) |
                        pdb::select(pdb::upper(pdb::col<&user::name>)) | pdb::order_by(pdb::col<&user::name>);

int main(int, char* arguments[]) {
    for (int round = 0; round < 2; ++round) {  // the second time over what the first left on disk
        auto db = pdb::open<club>(arguments[1]);
        if (round == 0)
            for (auto const& one : {user{1, "Grace", 45}, user{2, "Ada", 36}, user{3, "Tim", 7}}) db.insert(one);
        std::string names;
        for (auto const& [name] : db.run<adults>("least"_arg = 18)) names += name + ' ';
        std::printf("%s\n", names.c_str());
        if (names != "ADA GRACE ") return 1;
    }
}
