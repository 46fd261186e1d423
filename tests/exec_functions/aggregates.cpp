/// @file Aggregates against PostgreSQL, over groups, in parts that are merged, and empty.
#include "calls.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"

#include <phantomdb/exec/functions/aggregate.hpp>

#include <map>

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

using column = std::vector<std::optional<std::string>>;

column const& column_of(type_id type) {
    static std::optional<std::string> const null;
    static std::map<type_id, column> const columns{
        {type_id::boolean, {"t", "f", null, "t", "t"}},
        {type_id::int2, {"1", "-7", null, "32767", "32767", "5"}},
        {type_id::int4, {"1", "2147483647", "2147483647", null, "-5", "12"}},
        {type_id::int8, {"9223372036854775807", "9223372036854775807", null, "-3", "17"}},
        {type_id::numeric, {"1.50", "2.25", null, "-100.125", "99999.9999", "0"}},
        {type_id::float4, {"1.5", "2.25", null, "-1e10", "0.1"}},
        {type_id::float8, {"1.5", "2.25", null, "-1e10", "0.1", "1e-5"}},
        {type_id::text, {"b", "æ", null, "", "abc", "Z"}},
        {type_id::bpchar, {"b", "æ ", null, "abc"}},
        {type_id::bytea, {"\\x01", "\\xff00", null, "\\x"}},
        {type_id::date, {"2024-02-29", "1999-12-31", null, "infinity"}},
        {type_id::time, {"12:00", "00:00:01", null, "23:59:59.5"}},
        {type_id::timestamp, {"2024-02-29 12:00", "1999-12-31", null}},
        {type_id::timestamptz, {"2024-02-29 12:00+02", "1999-12-31", null}},
        {type_id::interval, {"1 day", "-3 hours", null, "1 mon 2 days 00:00:01.5"}},
        {type_id::oid, {"5", "4294967295", null, "1"}},
    };
    return columns.at(type);
}

/// Adds the rows `from` to `to` of the columns to one state.
void add_rows(aggregate_id id, caller& session, exec::call_context& context, arena& memory,
              std::vector<type_id> const& types, std::vector<column> const& columns, std::size_t from, std::size_t to,
              std::byte* state) {
    std::vector<std::vector<datum>> values(types.size());
    std::vector<std::vector<std::uint8_t>> nulls(types.size());
    std::vector<exec::kernel_input> inputs;
    for (std::size_t i = 0; i < types.size(); ++i) {
        for (std::size_t row = from; row < to; ++row) {
            auto const& text = columns[i][row];
            values[i].push_back(text ? parse_text({types[i], -1}, *text, memory, session.settings) : datum{});
            nulls[i].push_back(!text);
        }
        inputs.push_back({values[i].data(), nulls[i].data(), 1, {types[i], -1}});
    }
    exec::aggregate_kernel_of(id).add(context, {inputs, nullptr, to - from, state, 0, nullptr});
}

/// The aggregate over two halves, merged.
outcome aggregate_of(aggregate_id id, caller& session, std::vector<type_id> const& types,
                     std::vector<column> const& columns, std::size_t rows) {
    auto const& kernel = exec::aggregate_kernel_of(id);
    arena memory;
    auto context = session.context();
    std::vector<std::byte> room(2 * kernel.size + 64);
    auto* first =
        reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(room.data()) + 15) & ~std::uintptr_t{15});
    auto* second = first + (kernel.size + 15) / 16 * 16;
    kernel.init(first);
    kernel.init(second);
    outcome result;
    try {
        add_rows(id, session, context, memory, types, columns, 0, rows / 2, first);
        add_rows(id, session, context, memory, types, columns, rows / 2, rows, second);
        kernel.merge(first, second);
        nullable_datum value = kernel.finish(context, first);
        if (!value.null) result.text = to_text({signature_of(id).result, -1}, value.value, session.settings);
    } catch (error const& problem) {
        result = {std::nullopt, std::string(problem.code.view()), problem.message};
    }
    if (kernel.destroy) kernel.destroy(first), kernel.destroy(second);
    return result;
}

/// Doubles may differ in the last digits: merged parts add up in another order.
bool is_close(type_id type, outcome const& a, outcome const& b) {
    if (a == b) return true;
    if ((type != type_id::float8 && type != type_id::float4) || !a.text || !b.text) return false;
    double x = std::stod(*a.text), y = std::stod(*b.text);
    return std::abs(x - y) <= 1e-6 * std::max({std::abs(x), std::abs(y), 1e-300});
}

}  // namespace

TEST_CASE("every aggregate answers as PostgreSQL does") {
    auto* server = private_postgres::shared();
    if (!server) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    sql_client postgres(server->connection());
    caller session;
    std::size_t compared = 0;
    for (std::size_t i = 0; i < aggregate_table.size(); ++i) {
        auto id = static_cast<aggregate_id>(i);
        auto const& row = signature_of(id);
        std::vector<type_id> types;
        std::vector<column> columns;
        std::size_t rows = 99;
        for (std::size_t n = 0; n < row.argument_count; ++n) {
            type_id type = is_polymorphic(row.argument(n)) ? (n == 0 ? type_id::text : type_id::int4) : row.argument(n);
            types.push_back(type);
            columns.push_back(column_of(type));
            // Pairs of the same type should not always be equal.
            if (n == 1) std::reverse(columns.back().begin(), columns.back().end());
            rows = std::min(rows, columns.back().size());
        }
        if (columns.empty()) rows = 4;
        // Squares of the largest bigints have more digits than numeric: their spread is approximate.
        bool spread = row.name.starts_with("std") || row.name.starts_with("var");
        if (spread && types[0] == type_id::int8) columns[0] = {"4294967296", "-12345678901", std::nullopt, "17", "5"};
        if (row.name.ends_with("object_agg")) columns[0] = {"b", "æ", "b", "", "abc", "Z"};
        for (std::size_t used : {std::size_t{0}, std::size_t{1}, rows}) {
            std::string list, names, call;
            for (std::size_t r = 0; r < rows; ++r) {
                list += r ? ", (" : "(";
                list += std::to_string(r);
                for (std::size_t n = 0; n < types.size(); ++n) {
                    auto const& text = columns[n][r];
                    list += ", " +
                            (text ? std::string("E'") + (text->starts_with("\\") ? "\\" : "") + *text + "'"
                                  : std::string("null")) +
                            "::" + std::string(facts(types[n]).pg_name);
                }
                list += ")";
            }
            for (std::size_t n = 0; n < types.size(); ++n) {
                names += ", c" + std::to_string(n);
                call += (n ? ", c" : "c") + std::to_string(n);
            }
            std::string sql = "select " + std::string(row.name) + "(" + (types.empty() ? "*" : call) +
                              ") from (values " + list + ") t(n" + names + ") where n < " + std::to_string(used);
            auto answer = postgres.query(sql);
            outcome theirs{answer.ok() ? answer.rows.at(0).at(0) : std::nullopt, answer.sqlstate, answer.message};
            outcome ours = aggregate_of(id, session, types, columns, used);
            INFO(sql << "\n  PostgreSQL " << shown(theirs) << "\n  here       " << shown(ours));
            CHECK(is_close(row.result, theirs, ours));
            ++compared;
        }
    }
    CHECK(compared > 200);
}

TEST_CASE("an aggregate keeps groups apart") {
    auto const& sum = exec::aggregate_kernel_of(aggregate_id::sum_int4);
    caller session;
    auto context = session.context();
    std::size_t stride = (sum.size + 15) / 16 * 16;
    alignas(16) std::byte states[256];
    REQUIRE(stride * 2 <= sizeof states);
    sum.init(states);
    sum.init(states + stride);
    datum values[] = {std::int64_t{1}, std::int64_t{10}, std::int64_t{100}, std::int64_t{1000}};
    std::uint8_t nulls[] = {0, 0, 1, 0};
    std::uint32_t groups[] = {0, 1, 1, 0};
    std::uint16_t selection[] = {0, 1, 2, 3};
    exec::kernel_input input{values, nulls, 1, {type_id::int4, -1}};
    sum.add(context, {{&input, 1}, selection, 4, states, stride, groups});
    CHECK(sum.finish(context, states).value.i == 1001);
    CHECK(sum.finish(context, states + stride).value.i == 10);
}
