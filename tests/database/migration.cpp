#include "support/catch.hpp"

#include <phantomdb/database/database.hpp>
#include <phantomdb/query/dsl_functions.hpp>

namespace pdb = phantomdb;
using namespace pdb::literals;

// The same table as programs of several years have it.

namespace first {
struct item {
    int id;
    std::string name;
};
}  // namespace first
namespace second {
struct item {
    int id;
    std::string name;
    std::optional<int> weight;
    int stock;
};
}  // namespace second
namespace other {
struct item {
    std::int64_t id;
    std::string name;
};
}  // namespace other
BOOST_HANA_ADAPT_STRUCT(first::item, id, name);
BOOST_HANA_ADAPT_STRUCT(second::item, id, name, weight, stock);
BOOST_HANA_ADAPT_STRUCT(other::item, id, name);

using first_items = pdb::table<"items", first::item, pdb::primary_key<&first::item::id>>;
using second_items =
    pdb::table<"items", second::item, pdb::primary_key<&second::item::id>,
               pdb::default_value<&second::item::stock, "12">, pdb::index<"items_by_name", &second::item::name>>;
using strict_items = pdb::table<"items", second::item, pdb::primary_key<&second::item::id>>;
using unique_items =
    pdb::table<"items", first::item, pdb::primary_key<&first::item::id>, pdb::unique<&first::item::name>>;
using other_items = pdb::table<"items", other::item, pdb::primary_key<&other::item::id>>;
using rekeyed_items = pdb::table<"items", first::item, pdb::primary_key<&first::item::name>>;

static constexpr auto by_name = pdb::from<second_items> | pdb::where(pdb::col<&second::item::name> == "name"_arg);
static_assert(pdb::plan_of<by_name>.index == "items_by_name");

namespace {

std::shared_ptr<pdb::data_directory> filled() {
    auto directory = pdb::data_directory::in_memory();
    pdb::database<pdb::schema_of<first_items>> db(directory, {});
    db.insert(first::item{1, "nut"});
    db.insert(first::item{2, "bolt"});
    return directory;
}

template <class Table>
std::string message_of_opening(std::shared_ptr<pdb::data_directory> const& directory) {
    try {
        pdb::database<pdb::schema_of<Table>> db(directory, {});
    } catch (pdb::error const& e) {
        return e.message;
    }
    return "";
}

}  // namespace

TEST_CASE("columns and indexes are added, rows that are there get defaults") {
    auto directory = filled();
    pdb::database<pdb::schema_of<second_items>> db(directory, {});
    auto nut = db.find<second_items>(1);
    REQUIRE(nut);
    CHECK(nut->name == "nut");
    CHECK(!nut->weight);
    CHECK(nut->stock == 12);
    auto bolts = db.run<by_name>("name"_arg = "bolt");  // through the new index
    REQUIRE(bolts.size() == 1);
    CHECK(bolts.begin()->id == 2);
    db.insert(second::item{3, "washer", 4, 5});
    CHECK(db.find<second_items>(3)->weight == 4);

    // The program of the first year still works, and leaves what it doesn't know alone.
    pdb::database<pdb::schema_of<first_items>> old(directory, {});
    CHECK(old.update(first::item{3, "ring"}));
    CHECK(db.find<second_items>(3)->weight == 4);
    CHECK(db.find<second_items>(3)->name == "ring");
}

TEST_CASE("differences that would cost data are errors that say what to do") {
    auto directory = filled();
    CHECK(message_of_opening<other_items>(directory) ==
          "stored table \"items\" differs from the program: column \"id\" is stored as integer, the member is bigint");
    CHECK(message_of_opening<strict_items>(directory) ==
          "stored table \"items\" differs from the program: column \"stock\" is missing, and rows that exist have no "
          "value for it");
    CHECK(message_of_opening<rekeyed_items>(directory) ==
          "stored table \"items\" differs from the program: its primary key is another one");
    CHECK(message_of_opening<first_items>(directory).empty());
}

TEST_CASE("a new unique key is checked against the rows that are there") {
    auto directory = filled();
    {
        pdb::database<pdb::schema_of<first_items>> db(directory, {});
        db.insert(first::item{3, "nut"});
    }
    CHECK(message_of_opening<unique_items>(directory) == "could not create unique index \"items_name_key\"");
    {
        pdb::database<pdb::schema_of<first_items>> db(directory, {});
        CHECK(db.erase<first_items>(3));
    }
    CHECK(message_of_opening<unique_items>(directory).empty());
}

TEST_CASE("without leave to migrate, what is missing is an error") {
    auto directory = pdb::data_directory::in_memory();
    pdb::open_options options;
    options.migrate = false;
    CHECK_THROWS_AS(pdb::database<pdb::schema_of<first_items>>(directory, options), pdb::error);
    options.migrate = true;
    options.database = "nowhere";
    CHECK_THROWS_AS(pdb::database<pdb::schema_of<first_items>>(directory, options), pdb::error);
}
