/// @file Overload resolution: every operator and function with every pair of types means what PostgreSQL takes it to mean.
#include "support/catch.hpp"
#include "support/postgres.hpp"

#include <phantomdb/query/function_resolution.hpp>

#include <set>

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

constexpr type_id types[] = {
    type_id::unknown, type_id::boolean, type_id::int2,  type_id::int4,      type_id::int8,        type_id::numeric,
    type_id::float4,  type_id::float8,  type_id::text,  type_id::varchar,   type_id::bpchar,      type_id::name,
    type_id::bytea,   type_id::date,    type_id::time,  type_id::timestamp, type_id::timestamptz, type_id::interval,
    type_id::uuid,    type_id::json,    type_id::jsonb, type_id::oid};

std::string null_of(type_id type) {
    return type == type_id::unknown ? "null" : "null::" + std::string(facts(type).pg_name);
}

constexpr auto found(std::string_view name, std::initializer_list<type_id> given, bool is_operator = true) {
    return query::resolve(name, array_view<type_id>(given.begin(), given.size()), is_operator);
}

// The same rules hold while compiling.
static_assert(found("+", {type_id::int4, type_id::int8}).id == function_id::int8_add);
static_assert(found("=", {type_id::int4, type_id::int8}).id == function_id::int4_int8_eq);
static_assert(found("=", {type_id::varchar, type_id::unknown}).id == function_id::text_eq);
static_assert(found("||", {type_id::unknown, type_id::int4}).id == function_id::text_any_concat);
static_assert(found("lower", {type_id::varchar}, false).id == function_id::lower);
static_assert(found("=", {type_id::text, type_id::int4}).status == query::resolution_status::missing);
static_assert(query::negator(function_id::int4_lt).id == function_id::int4_ge);
static_assert(query::commutator(function_id::int4_int8_lt).id == function_id::int8_int4_gt);

/// Calls that PostgreSQL takes to mean types this database doesn't have.
bool is_beyond(sql_result const& answer) {
    static std::set<std::string> const known = [] {
        std::set<std::string> names;
        for (auto const& row : type_table) names.insert(std::string(row.name));
        return names;
    }();
    return answer.ok() && !known.contains(answer.value());
}

/// Names whose other meanings there are arrays, ranges, transaction ids and bit strings; paths are arrays there, too.
bool has_other_meanings(std::string_view name) {
    static std::set<std::string_view> const names{"#-",
                                                  "#>",
                                                  "#>>",
                                                  "?|",
                                                  "?&",
                                                  "@>",
                                                  "<@",
                                                  "age",
                                                  "trunc",
                                                  "bit_count",
#define X(enumerator, system_name, ...) system_name,
                                                  PHANTOMDB_SYSTEM_FUNCTIONS(X)
#undef X
    };
    return names.contains(name);
}

}  // namespace

TEST_CASE("operators mean what PostgreSQL takes them to mean") {
    auto* server = private_postgres::shared();
    if (!server) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    sql_client postgres(server->connection());
    std::set<std::string_view> symbols;
    for (auto const& row : function_table) {
        if (row.is_operator() && row.argument_count == 2 && !has_other_meanings(row.name)) symbols.insert(row.name);
    }
    std::size_t compared = 0, wrong = 0;
    for (auto symbol : symbols) {
        for (type_id left : types) {
            for (type_id right : types) {
                std::string sql =
                    "select pg_typeof(" + null_of(left) + " " + std::string(symbol) + " " + null_of(right) + ")";
                auto answer = postgres.query(sql);
                if (is_beyond(answer)) continue;
                type_id const given[] = {left, right};
                auto ours = query::resolve(symbol, array_view<type_id>(given), true);
                std::string theirs = answer.ok() ? answer.value() : answer.sqlstate;
                std::string here = ours ? std::string(facts(signature_of(ours.id).result).name)
                                   : ours.status == query::resolution_status::missing ? "42883"
                                                                                      : "42725";
                ++compared;
                if (theirs == here) continue;
                ++wrong;
                std::printf("%s: PostgreSQL %s, here %s\n", sql.c_str(), theirs.c_str(), here.c_str());
            }
        }
    }
    CHECK(compared > 5000);
    CHECK(wrong == 0);
}

TEST_CASE("functions of one argument and aggregates mean what PostgreSQL takes them to mean") {
    auto* server = private_postgres::shared();
    if (!server) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    sql_client postgres(server->connection());
    std::size_t wrong = 0;
    auto compare = [&]<class Id>(Id, auto const& table) {
        std::set<std::string_view> names;
        for (auto const& row : table) {
            if (!row.is_operator() && row.argument_count == 1 && !row.is_set_returning() &&
                !has_other_meanings(row.name))
                names.insert(row.name);
        }
        for (auto name : names) {
            for (type_id type : types) {
                std::string sql = "select pg_typeof(pg_catalog.\"" + std::string(name) + "\"(" + null_of(type) + "))";
                auto answer = postgres.query(sql);
                if (is_beyond(answer)) continue;
                // An untyped NULL is text to json_agg and its like; PostgreSQL wants it typed (42804).
                if (!answer.ok() && answer.sqlstate.substr(0, 3) != "427" && answer.sqlstate != "42883") continue;
                type_id const given[] = {type};
                auto ours = query::resolve<Id>(name, array_view<type_id>(given), false);
                std::string theirs = answer.ok() ? answer.value() : answer.sqlstate;
                std::string here = ours ? std::string(facts(signature_of(ours.id).result).name)
                                   : ours.status == query::resolution_status::missing ? "42883"
                                                                                      : "42725";
                if (theirs == here) continue;
                ++wrong;
                std::printf("%s: PostgreSQL %s, here %s\n", sql.c_str(), theirs.c_str(), here.c_str());
            }
        }
    };
    compare(function_id{}, function_table);
    compare(aggregate_id{}, aggregate_table);
    CHECK(wrong == 0);
}
