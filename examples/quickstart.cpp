/// The first program: a schema from structs, rows in, a typed query out.
#include <phantomdb/phantomdb.hpp>

#include <chrono>
#include <cstdio>

namespace pdb = phantomdb;
using namespace pdb::literals;

struct address {
    std::string city, zip;
};
struct profile {
    std::string bio;
    std::vector<std::string> tags;
    address home;
};
struct user {
    std::int64_t id;
    std::string name;
    int age;
    std::optional<std::int64_t> boss_id;
    pdb::document<profile> about;
};
struct order {
    std::int64_t id, user_id;
    pdb::decimal<12, 2> total;
    pdb::timestamp placed_at;
};
BOOST_HANA_ADAPT_STRUCT(address, city, zip);
BOOST_HANA_ADAPT_STRUCT(profile, bio, tags, home);
BOOST_HANA_ADAPT_STRUCT(user, id, name, age, boss_id, about);
BOOST_HANA_ADAPT_STRUCT(order, id, user_id, total, placed_at);

using users = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::unique<&user::name>,
                         pdb::index<"by_age", &user::age>, pdb::foreign_key<&user::boss_id, &user::id>>;
using orders = pdb::table<"orders", order, pdb::primary_key<&order::id>, pdb::foreign_key<&order::user_id, &user::id>,
                          pdb::engine::lsm>;
using shop = pdb::schema_of<users, orders>;

constexpr auto big_spenders = pdb::from<users> | pdb::join<orders>(pdb::col<&order::user_id> == pdb::col<&user::id>) |
                              pdb::where(pdb::col<&user::age> >= "min_age"_arg and
                                         pdb::col<&user::about> / &profile::home / &address::city == "Oslo") |
                              pdb::group_by(pdb::col<&user::name>) |
                              pdb::having(pdb::sum(pdb::col<&order::total>) > 1000) |
                              pdb::select(pdb::col<&user::name>, pdb::as<"spent">(pdb::sum(pdb::col<&order::total>))) |
                              pdb::order_by(pdb::desc<"spent">) | pdb::take(10);

constexpr auto boss = pdb::alias<"boss", users>;
constexpr auto hierarchy = pdb::from<users> | pdb::left_join<boss>(boss(&user::id) == pdb::col<&user::boss_id>) |
                           pdb::select(pdb::col<&user::name>, boss(&user::name)) | pdb::order_by(pdb::col<&user::name>);

int main() {
    auto db = pdb::open<shop>("shop.phantom");  // creates or migrates; pdb::in_memory<shop>() for tests

    db.insert(user{1, "Ada", 36, std::nullopt, profile{"counts", {"maths"}, {"Oslo", "0150"}}});
    db.insert(user{2, "Bo", 41, 1, profile{"bakes", {}, {"Oslo", "0151"}}});
    db.insert(user{3, "Cy", 29, 1, profile{"climbs", {}, {"Bergen", "5003"}}});
    db.transact([](auto& tx) {  // retried on conflict, so it may run again
        auto now = pdb::timestamp(pdb::date(std::chrono::year(2024) / 5 / 17));
        tx.insert(order{1, 1, "1200.50", now});
        tx.insert(order{2, 2, "700.00", now});
        tx.insert(order{3, 2, "650.00", now});
        tx.insert(order{4, 3, "5000.00", now});
    });

    for (auto const& [name, spent] : db.run<big_spenders>("min_age"_arg = 18)) {
        std::printf("%s %s\n", name.c_str(), pdb::to_text(spent).c_str());
    }
    for (auto const& [name, above] : db.run<hierarchy>()) {
        std::printf("%s works for %s\n", name.c_str(), above ? above->c_str() : "nobody");
    }
    std::printf("%s", db.explain<big_spenders>().c_str());  // the plan chosen at build time, and its SQL
}
