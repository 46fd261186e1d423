#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/schema/catalog_archive.hpp>
#include <phantomdb/schema/table_layout.hpp>

#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::schema;

namespace {

table_descriptor small_table(object_id id, std::string name) {
    table_descriptor made;
    made.id = id;
    made.schema = 2200;
    made.schema_name = "public";
    made.name = std::move(name);
    for (auto const& [column, type] : {std::pair{"a", type_id::int4}, {"b", type_id::text}}) {
        column_descriptor one;
        one.name = column;
        one.type.id = type;
        made.columns.push_back(std::move(one));
    }
    index_descriptor key;
    key.id = id + 1;
    key.name = made.name + "_pkey";
    key.unique = key.primary = key.constraint = true;
    key.keys.push_back({0, false, false});
    made.indexes.push_back(key);
    key.id = id + 2;
    key.name = made.name + "_b_key";
    key.primary = false;
    key.keys = {{1, false, false}};
    made.indexes.push_back(key);
    return made;
}

}  // namespace

TEST_CASE("an edit changes its own catalog only") {
    catalog const empty;
    catalog_edit first(empty);
    first.put(small_table(20000, "t"));
    auto one = std::move(first).finish(1);
    catalog_edit second(*one);
    auto renamed = *one->table(20000);
    renamed.name = "u";
    second.put(renamed);
    auto two = std::move(second).finish(2);

    CHECK(empty.tables().empty());
    CHECK(one->find_table(2200, "t"));
    CHECK_FALSE(one->find_table(2200, "u"));
    CHECK(two->find_table(2200, "u"));
    CHECK_FALSE(two->find_table(2200, "t"));
    CHECK(two->find_relation(2200, "t_pkey")->type == relation_type::index);
    CHECK(two->find_relation(2200, "t_pkey")->table == 20000);
    CHECK_FALSE(two->find_relation(1, "u"));
    CHECK(one->table(20000)->version != two->table(20000)->version);
}

TEST_CASE("erasing a table frees its names and those of its indexes") {
    catalog const empty;
    catalog_edit edit(empty);
    edit.put(small_table(20000, "t"));
    edit.take_changes();
    edit.erase(record_kind::table, 20000);
    CHECK_FALSE(edit.now().find_relation(2200, "t"));
    CHECK_FALSE(edit.now().find_relation(2200, "t_b_key"));
    auto changes = edit.take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0] == std::pair{record_kind::table, object_id{20000}});
}

TEST_CASE("records bring back what they were made from") {
    catalog const empty;
    catalog_edit edit(empty);
    auto table = small_table(20000, "t");
    table.columns[1].missing = value({type_id::text, -1}, std::string("missing"));
    table.columns[0].missing = value({type_id::int4, -1}, datum{std::int64_t{-5}});
    foreign_key_descriptor reference;
    reference.name = "t_fkey";
    reference.columns = {0};
    reference.referenced_table = 20000;
    reference.referenced_columns = {0};
    reference.on_delete = referential_action::cascade;
    reference.initially_deferred = reference.deferrable = true;
    table.foreign_keys.push_back(reference);
    table.checks.push_back({"positive", "a > 0"});
    edit.put(table);
    auto record = record_of(edit.now(), record_kind::table, 20000);
    REQUIRE(record);

    catalog_edit again(empty);
    load_record(again, record_key(record_kind::table, 20000), *record);
    auto loaded = again.now().find_table(2200, "t");
    REQUIRE(loaded);
    CHECK(loaded->columns[1].missing->raw().t == "missing");
    CHECK(loaded->columns[0].missing->raw().i == -5);
    CHECK(loaded->indexes.size() == 2);
    CHECK(loaded->foreign_keys[0].on_delete == referential_action::cascade);
    CHECK(loaded->foreign_keys[0].initially_deferred);
    CHECK(loaded->checks[0].expression == "a > 0");

    std::string damaged = *record;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
    CHECK_THROWS_AS(load_record(again, record_key(record_kind::table, 20000), damaged), error);
    CHECK_THROWS_AS(load_record(again, "short", *record), error);
}

TEST_CASE("entries of a unique index collide unless a column is null") {
    table_layout layout(std::make_shared<table_descriptor const>(small_table(20000, "t")));
    datum values[] = {datum{std::int64_t{1}}, datum{std::string_view("x")}};
    std::uint8_t nulls[] = {0, 0};
    std::string first, second;
    std::string key_one = row_key(layout, {values, nulls});
    make_entry_key(first, layout.indexes[1], {values, nulls}, key_one);
    values[0] = datum{std::int64_t{2}};
    std::string key_two = row_key(layout, {values, nulls});
    make_entry_key(second, layout.indexes[1], {values, nulls}, key_two);
    CHECK(key_one < key_two);
    CHECK(first == second);
    nulls[1] = 1;
    make_entry_key(first, layout.indexes[1], {values, nulls}, key_one);
    make_entry_key(second, layout.indexes[1], {values, nulls}, key_two);
    CHECK(first != second);
    CHECK(numbered_row_key(5, 255) < numbered_row_key(5, 256));
}
