// Tables and indexes that name their engine: what the planner makes of it, what is stored, and how it may change.

#include "support/catch.hpp"

#include <phantomdb/codec/engine.hpp>
#include <phantomdb/database/database.hpp>
#include <phantomdb/database/directory_engine.hpp>
#include <phantomdb/query/dsl_functions.hpp>

namespace pdb = phantomdb;
using namespace pdb::literals;

struct person {
    int id;
    std::string name;
    std::optional<int> age;
    std::optional<int> boss;
};
BOOST_HANA_ADAPT_STRUCT(person, id, name, age, boss);

namespace {

using people = pdb::table<"people", person, pdb::primary_key<&person::id>, pdb::hash_index<"by_name", &person::name>,
                          pdb::hash_index<"by_age", &person::age>,
                          pdb::kept_by<pdb::engine::lsm, pdb::index<"by_age_order", &person::age>>, pdb::engine::lsm>;
using plain_people = pdb::table<"people", person, pdb::primary_key<&person::id>, pdb::index<"by_name", &person::name>>;
using ordered_people = pdb::table<"people", person, pdb::primary_key<&person::id>, pdb::index<"by_name", &person::name>,
                                  pdb::engine::btree>;
using children =
    pdb::table<"children", person, pdb::primary_key<&person::id>, pdb::hash_index<"by_boss", &person::boss>,
               pdb::cascading_foreign_key<&person::boss, &person::id>>;

constexpr auto name = pdb::col<&person::name>;
constexpr auto age = pdb::col<&person::age>;

}  // namespace

static constexpr auto named = pdb::from<people> | pdb::where(name == "name"_arg);
static constexpr auto aged = pdb::from<people> | pdb::where(age == "age"_arg);
static constexpr auto named_above = pdb::from<people> | pdb::where(name > "name"_arg);
static constexpr auto by_name_first = pdb::from<people> | pdb::order_by(name) | pdb::take(1);
static constexpr auto by_age_first = pdb::from<people> | pdb::order_by(age) | pdb::take(1);
static constexpr auto nameless = pdb::from<people> | pdb::where(pdb::is_null(age));

static_assert(pdb::must_use_index<named, "by_name">);
static_assert(pdb::plan_of<named>.index == "by_name");
static_assert(pdb::plan_of<aged>.index == "by_age");  // rather than the ordered one: fewer steps
static_assert(pdb::scans<named_above>);               // a hash knows no order
static_assert(pdb::plan_of<by_name_first>.sorts == 1);
static_assert(pdb::plan_of<by_age_first>.sorts == 0 && pdb::plan_of<by_age_first>.index == "by_age_order");
static_assert(pdb::problem_of<people>.a[0] == '\0');

namespace {

std::optional<pdb::codec::engine> recorded(pdb::data_directory& directory, pdb::schema::object_id id) {
    auto transaction = directory.parts().begin({});
    auto bytes = transaction.get(pdb::codec::engine_record_key(id));
    if (!bytes) return std::nullopt;
    return pdb::codec::engine_of_record(*bytes);
}

std::shared_ptr<pdb::schema::table_descriptor const> stored(pdb::data_directory& directory, std::string_view table) {
    return directory.parts().catalog->current()->find_table(2200, table);
}

template <class Schema>
std::string message_of_opening(std::shared_ptr<pdb::data_directory> const& directory) {
    try {
        pdb::database<Schema> db(directory, {});
    } catch (pdb::error const& e) {
        return e.message;
    }
    return "";
}

template <auto const& Query, class Database, class... Arguments>
std::vector<int> ids(Database& db, Arguments const&... arguments) {
    std::vector<int> made;
    for (auto const& row : db.template run<Query>(arguments...)) made.push_back(row.id);
    std::ranges::sort(made);
    return made;
}

}  // namespace

TEST_CASE("a hash index finds what is equal, through every change of a row") {
    auto directory = pdb::data_directory::in_memory();
    pdb::database<pdb::schema_of<people>> db(directory, {});
    db.insert(person{1, "Ada", 36, {}});
    db.insert(person{2, "Bo", {}, {}});
    db.insert(person{3, "Ada", 36, {}});
    CHECK(ids<named>(db, "name"_arg = "Ada") == std::vector{1, 3});
    CHECK(ids<named>(db, "name"_arg = "Cy").empty());
    CHECK(ids<aged>(db, "age"_arg = 36) == std::vector{1, 3});
    CHECK(ids<nameless>(db) == std::vector{2});
    db.update(person{1, "Adah", 36, {}});
    db.update(person{2, "Bo", 36, {}});   // from null
    db.update(person{3, "Ada", {}, {}});  // to null
    CHECK(ids<named>(db, "name"_arg = "Ada") == std::vector{3});
    CHECK(ids<named>(db, "name"_arg = "Adah") == std::vector{1});
    CHECK(ids<aged>(db, "age"_arg = 36) == std::vector{1, 2});
    CHECK(ids<nameless>(db) == std::vector{3});
    CHECK(db.erase<people>(1));
    CHECK(db.erase<people>(3));
    CHECK(ids<named>(db, "name"_arg = "Adah").empty());
    CHECK(ids<aged>(db, "age"_arg = 36) == std::vector{2});
}

TEST_CASE("entries of a hash index begin with its id and the hash of the column, and rows with nulls have none") {
    auto directory = pdb::data_directory::in_memory();
    pdb::database<pdb::schema_of<people>> db(directory, {});
    db.insert(person{1, "Ada", {}, {}});
    auto table = stored(*directory, "people");
    auto transaction = directory->parts().begin({});
    auto entries = [&](pdb::schema::object_id id) {
        std::vector<std::string> keys;
        std::string from, to;
        pdb::schema::append_id(from, id);
        pdb::schema::append_id(to, id + 1);
        auto view = transaction.view();
        auto scan = view.scan(from, to);
        pdb::storage::slice some[8];
        while (std::size_t n = scan.next_chunk(some)) {
            for (std::size_t i = 0; i < n; ++i) keys.emplace_back(some[i].key);
        }
        return keys;
    };
    std::string column;
    pdb::codec::append_key(column, pdb::type_id::text, pdb::nullable_datum{pdb::datum{std::string_view("Ada")}},
                           pdb::codec::key_order{});
    std::string expected;
    pdb::schema::append_id(expected, table->indexes[1].id);
    for (int shift = 56; shift >= 0; shift -= 8) {
        expected.push_back(static_cast<char>(pdb::codec::hash64(column) >> shift));
    }
    auto names = entries(table->indexes[1].id);
    REQUIRE(names.size() == 1);
    CHECK(names[0].substr(0, 12) == expected);
    CHECK(names[0].substr(12, column.size()) == column);
    CHECK(entries(table->indexes[2].id).empty());
}

TEST_CASE("the store is told of engines in the commit that makes the object") {
    auto directory = pdb::data_directory::in_memory();
    pdb::database<pdb::schema_of<people>> db(directory, {});
    auto table = stored(*directory, "people");
    CHECK(recorded(*directory, table->id) == pdb::codec::engine::lsm);
    CHECK_FALSE(recorded(*directory, table->indexes[0].id));  // the primary key is the table
    CHECK(recorded(*directory, table->indexes[1].id) == pdb::codec::engine::hash);
    CHECK(recorded(*directory, table->indexes[3].id) == pdb::codec::engine::lsm);
}

TEST_CASE("an engine is not changed without being told to") {
    auto directory = pdb::data_directory::in_memory();
    {
        pdb::database<pdb::schema_of<people>> db(directory, {});
        db.insert(person{1, "Ada", 36, {}});
    }
    CHECK(message_of_opening<pdb::schema_of<ordered_people>>(directory) ==
          "stored table \"people\" differs from the program: it is kept by engine lsm, the program says btree");
    // A program that names no engine leaves the table's alone, but not an index that cannot do what it needs.
    CHECK(
        message_of_opening<pdb::schema_of<plain_people>>(directory) ==
        "stored table \"people\" differs from the program: index \"by_name\" is kept by engine hash, the program says "
        "btree");
    pdb::open_options telling;
    telling.change_engines = true;
    {
        pdb::database<pdb::schema_of<ordered_people>> db(directory, telling);
        CHECK(db.find<ordered_people>(1)->name == "Ada");
        db.insert(person{2, "Bo", 41, {}});
    }
    auto table = stored(*directory, "people");
    CHECK_FALSE(recorded(*directory, table->id));
    CHECK_FALSE(recorded(*directory, table->indexes[1].id));
    CHECK(message_of_opening<pdb::schema_of<people>>(directory) ==
          "stored table \"people\" differs from the program: it is kept by engine btree, the program says lsm");
    pdb::database<pdb::schema_of<people>> db(directory, telling);
    CHECK(ids<named>(db, "name"_arg = "Bo") == std::vector{2});
    CHECK(ids<named>(db, "name"_arg = "Ada") == std::vector{1});
    CHECK(recorded(*directory, table->id) == pdb::codec::engine::lsm);
    CHECK(recorded(*directory, table->indexes[1].id) == pdb::codec::engine::hash);
    CHECK(message_of_opening<pdb::schema_of<people>>(directory).empty());
}

TEST_CASE("foreign keys find their rows through a hash index of the referencing column") {
    pdb::database<pdb::schema_of<children>> db(pdb::data_directory::in_memory(), {});
    db.insert(person{1, "root", {}, {}});
    db.insert(person{2, "one", {}, 1});
    db.insert(person{3, "two", {}, 2});
    db.insert(person{4, "other", {}, {}});
    CHECK(db.erase<children>(1));
    CHECK_FALSE(db.find<children>(3));
    CHECK(db.find<children>(4));
}
