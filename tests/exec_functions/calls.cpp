/// @file Calls whose answers need no oracle: kernels over vectors, set-returning functions, the clock, random numbers.
#include "calls.hpp"
#include "support/catch.hpp"

#include <phantomdb/exec/functions/comparison.hpp>
#include <phantomdb/exec/functions/row_function.hpp>

#include <set>

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

/// The rows of a set-returning function, columns joined by '='.
std::vector<std::string> rows_of(caller& session, std::string_view name, std::vector<argument> const& arguments) {
    std::vector<type_id> types;
    for (auto const& a : arguments) types.push_back(a.type);
    auto found = query::resolve(name, types, false);
    REQUIRE(found);
    arena memory;
    auto context = session.context();
    std::vector<nullable_datum> values;
    std::vector<exec::kernel_input> inputs;
    for (auto const& a : arguments) {
        sql_type type{found.target(values.size(), a.type), -1};
        inputs.push_back({nullptr, nullptr, 1, type});
        values.push_back(a.text ? nullable_datum{parse_text(type, *a.text, memory, session.settings)}
                                : nullable_datum{});
    }
    std::vector<std::string> rows;
    type_id result = signature_of(found.id).result;
    exec::row_function_of(found.id)(
        context, {values.data(), inputs.data(), values.size()}, [&](std::span<nullable_datum const> columns) {
            auto const& last = columns.back();
            std::string row = columns.size() > 1 ? std::string(columns[0].value.t) + "=" : "";
            row += last.null ? "NULL" : to_text({result, -1}, last.value, session.settings);
            rows.push_back(row);
            return rows.size() < 5;
        });
    return rows;
}

using rows = std::vector<std::string>;

}  // namespace

TEST_CASE("a kernel follows strides, NULLs and the selection") {
    caller session;
    auto context = session.context();
    datum left[] = {std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, std::int64_t{4}};
    std::uint8_t nulls[] = {0, 1, 0, 0};
    datum constant = std::int64_t{10};
    exec::kernel_input inputs[] = {{left, nulls, 1, {type_id::int4, -1}}, {&constant, nullptr, 0, {type_id::int4, -1}}};
    datum results[4] = {std::int64_t{-1}, std::int64_t{-1}, std::int64_t{-1}, std::int64_t{-1}};
    std::uint8_t result_nulls[4] = {9, 9, 9, 9};
    exec::kernel add = exec::kernel_of(function_id::int4_add);

    SECTION("dense") {
        add(context, {inputs, nullptr, 4, results, result_nulls, {type_id::int4, -1}});
        CHECK(results[0].i == 11);
        CHECK(result_nulls[0] == 0);
        CHECK(result_nulls[1] == 1);
        CHECK(results[3].i == 14);
    }
    SECTION("selected rows only") {
        std::uint16_t selection[] = {1, 2};
        add(context, {inputs, selection, 2, results, result_nulls, {type_id::int4, -1}});
        CHECK(result_nulls[0] == 9);
        CHECK(result_nulls[1] == 1);
        CHECK(results[2].i == 13);
        CHECK(results[3].i == -1);
    }
    SECTION("an error in a row that is not selected is no error") {
        left[3] = std::int64_t{2147483647};
        std::uint16_t selection[] = {0};
        add(context, {inputs, selection, 1, results, result_nulls, {type_id::int4, -1}});
        CHECK(results[0].i == 11);
        CHECK_THROWS_AS(add(context, {inputs, nullptr, 4, results, result_nulls, {type_id::int4, -1}}), error);
    }
}

TEST_CASE("a function called from C++ is the one behind its kernel") {
    CHECK(exec::scalar<function_id::float8_gt>::call(std::nan(""), 1e300));
    CHECK(exec::scalar<function_id::bpchar_eq>::call("abc  ", "abc"));
    CHECK(exec::kernel_of(function_id::float8_gt) == exec::kernel_for<function_id::float8_gt>);
}

TEST_CASE("every function but the set-returning ones has a kernel, and those have rows") {
    for (std::size_t i = 0; i < function_table.size(); ++i) {
        auto id = static_cast<function_id>(i);
        INFO(signature_of(id).name);
        CHECK((exec::kernel_of(id) != nullptr) != signature_of(id).is_set_returning());
        CHECK((exec::row_function_of(id) != nullptr) == signature_of(id).is_set_returning());
    }
}

TEST_CASE("series end where they should, and when nobody wants more") {
    caller session;
    auto integer = [](char const* text) { return argument{type_id::int4, text}; };
    CHECK(rows_of(session, "generate_series", {integer("1"), integer("3")}) == rows{"1", "2", "3"});
    CHECK(rows_of(session, "generate_series", {integer("5"), integer("1"), integer("-2")}) == rows{"5", "3", "1"});
    CHECK(rows_of(session, "generate_series", {integer("2147483647"), integer("2147483647")}) == rows{"2147483647"});
    CHECK(rows_of(session, "generate_series", {integer("1"), integer("2000000000")}).size() == 5);
    CHECK_THROWS_AS(rows_of(session, "generate_series", {integer("1"), integer("2"), integer("0")}), error);
    CHECK(rows_of(
              session, "generate_series",
              {{type_id::timestamp, "2024-01-31"}, {type_id::timestamp, "2024-04-01"}, {type_id::interval, "1 mon"}}) ==
          rows{"2024-01-31 00:00:00", "2024-02-29 00:00:00", "2024-03-29 00:00:00"});
}

TEST_CASE("documents and text fall into rows") {
    caller session;
    CHECK(rows_of(session, "jsonb_array_elements_text", {{type_id::jsonb, R"([1, "x", null])"}}) ==
          rows{"1", "x", "NULL"});
    CHECK(rows_of(session, "json_each", {{type_id::json, R"({"a": [1,  2], "b": null})"}}) ==
          rows{"a=[1,  2]", "b=null"});
    CHECK(rows_of(session, "jsonb_object_keys", {{type_id::jsonb, R"({"bb": 1, "a": 2})"}}) == rows{"a", "bb"});
    CHECK(rows_of(session, "regexp_split_to_table", {{type_id::text, "a1b22c"}, {type_id::text, "[0-9]+"}}) ==
          rows{"a", "b", "c"});
    CHECK(rows_of(session, "regexp_split_to_table", {{type_id::text, "abc"}, {type_id::text, ""}}) ==
          rows{"a", "b", "c"});
    CHECK(rows_of(session, "string_to_table", {{type_id::text, "a,,b"}, {type_id::text, ","}, {type_id::text, ""}}) ==
          rows{"a", "NULL", "b"});
    CHECK_THROWS_AS(rows_of(session, "jsonb_array_elements", {{type_id::jsonb, "{}"}}), error);
}

TEST_CASE("the clock and the session answer what they are told") {
    caller session;
    session.settings.now = 86'400'000'000;
    session.session.user = "ada";
    CHECK(session.call("current_date", {}).text == "2000-01-02");
    CHECK(session.call("now", {}).text == "2000-01-02 00:00:00+00");
    CHECK(session.call("current_user", {}).text == "ada");
    CHECK(session.call("age", {{type_id::timestamp, "1999-01-01"}}).text == "1 year 1 day");
}

TEST_CASE("random numbers lie in [0, 1), repeat with their seed, and make different uuids") {
    caller session;
    session.call("setseed", {{type_id::float8, "0.5"}});
    auto first = session.call("random", {}).text;
    CHECK(std::stod(*first) < 1);
    CHECK(session.call("random", {}).text != first);
    session.call("setseed", {{type_id::float8, "0.5"}});
    CHECK(session.call("random", {}).text == first);
    CHECK(session.call("setseed", {{type_id::float8, "2"}}).sqlstate == "22023");
    std::set<std::string> uuids;
    for (int i = 0; i < 100; ++i) uuids.insert(*session.call("gen_random_uuid", {}).text);
    CHECK(uuids.size() == 100);
    CHECK(uuids.begin()->at(14) == '4');
}
