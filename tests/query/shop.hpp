/// @file Defines the schema that tests of typed queries share.
#pragma once

#include <phantomdb/query/dsl_functions.hpp>
#include <phantomdb/query/verbs.hpp>
#include <phantomdb/schema/document.hpp>
#include <phantomdb/schema/table.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pdb = phantomdb;
using namespace pdb::literals;

struct address {
    std::string city, zip;
};
struct profile {
    std::string bio;
    std::vector<std::string> tags;
    address home;
    int level = 3;
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
BOOST_HANA_ADAPT_STRUCT(profile, bio, tags, home, level);
BOOST_HANA_ADAPT_STRUCT(user, id, name, age, boss_id, about);
BOOST_HANA_ADAPT_STRUCT(order, id, user_id, total, placed_at);

using users = pdb::table<"users", user, pdb::primary_key<&user::id>, pdb::unique<&user::name>,
                         pdb::index<"by_age", &user::age>, pdb::foreign_key<&user::boss_id, &user::id>>;
using orders = pdb::table<"orders", order, pdb::primary_key<&order::id>, pdb::foreign_key<&order::user_id, &user::id>>;
using shop = pdb::schema_of<users, orders>;

inline constexpr auto boss = pdb::alias<"boss", users>;
