#include <phantomdb/value/cast.hpp>

#include "value/samples.hpp"

using namespace phantomdb;
using phantomdb::test::outcome;

TEST_CASE("every cast answers as PostgreSQL's does") {
    PHANTOMDB_ORACLE(server);
    test::dice random(13);
    test::comparison pairs;
    for (int round = 0; round < 25; ++round) {
        for (type_id from : test::value_types()) {
            for (type_id to : test::value_types()) {
                if (castable(from, to) == cast_context::none) continue;
                std::string text = test::random_text(random, random.one_in(2) && is_string(from) ? to : from);
                bool to_time = to == type_id::time && text.find("infinity") != std::string::npos;
                if (to_time) continue;  // NULL there; documented
                bool too_fine = to == type_id::numeric && text.find("e-") != std::string::npos;
                if (too_fine) continue;  // more than 35 digits behind the point
                pairs.add(test::quoted(text) + "::" + test::sql_name(from) + "::" + test::sql_name(to), outcome([&] {
                              arena memory;
                              datum value = parse_text({from, -1}, text, memory, {});
                              return to_text({to, -1}, cast(value, {from, -1}, {to, -1}, memory, {}));
                          }));
            }
        }
    }
    CHECK(pairs.size() > 3000);
    pairs.check(*server);
}

TEST_CASE("casts happen in the contexts PostgreSQL lets them happen in") {
    PHANTOMDB_ORACLE(server);
    test::sql_client client(server->connection());
    auto rows = client.query(R"(select s.typname, t.typname, castcontext from pg_cast
        join pg_type s on s.oid = castsource join pg_type t on t.oid = casttarget where castsource <> casttarget)");
    auto find = [](std::string const& name) {
        for (type_id type : test::value_types()) {
            if (facts(type).pg_name == name) return type;
        }
        return type_id::unknown;
    };
    int known = 0;
    for (auto const& row : rows.rows) {
        type_id from = find(*row[0]), to = find(*row[1]);
        if (from == type_id::unknown || to == type_id::unknown) continue;
        ++known;
        auto wanted = *row[2] == "i"   ? cast_context::implicit
                      : *row[2] == "a" ? cast_context::assignment
                                       : cast_context::explicit_only;
        INFO(*row[0] << " to " << *row[1]);
        CHECK(castable(from, to) == wanted);
    }
    CHECK(known == 71);
    CHECK(castable(type_id::uuid, type_id::text) == cast_context::assignment);
    CHECK(castable(type_id::text, type_id::uuid) == cast_context::explicit_only);
    CHECK(castable(type_id::uuid, type_id::int4) == cast_context::none);
}

TEST_CASE("a written cast cuts text, an assignment refuses to") {
    arena memory;
    sql_type text{type_id::text, -1}, three{type_id::varchar, 3}, padded{type_id::bpchar, 5};
    CHECK(cast(std::string_view("abcdef"), text, three, memory, {}).t == "abc");
    CHECK(cast(std::string_view("ab"), text, padded, memory, {}).t == "ab   ");
    CHECK(cast(std::string_view("ab   "), padded, text, memory, {}).t == "ab");
    CHECK(cast(std::int64_t{12345}, {type_id::int4, -1}, three, memory, {}).t == "123");
    CHECK_THROWS_AS(cast(std::string_view("abcdef"), text, three, memory, {}, cast_context::assignment), error);
    CHECK_THROWS_AS(cast(std::int64_t{1}, {type_id::int4, -1}, {type_id::uuid, -1}, memory, {}), error);
}

TEST_CASE("instants and local times differ by the session's zone") {
    arena memory;
    format_settings settings;
    settings.zone = &fixed_offset_zone(7200);
    sql_type instant{type_id::timestamptz, -1}, local{type_id::timestamp, -1}, day{type_id::date, -1};
    datum midnight = parse_text(instant, "2024-01-31 23:00:00+00", memory, settings);
    CHECK(to_text(local, cast(midnight, instant, local, memory, settings)) == "2024-02-01 01:00:00");
    CHECK(to_text(day, cast(midnight, instant, day, memory, settings)) == "2024-02-01");
    CHECK(cast(cast(midnight, instant, local, memory, settings), local, instant, memory, settings).i == midnight.i);
}
