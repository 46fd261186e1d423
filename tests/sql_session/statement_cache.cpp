// The cache of simple queries cannot be told from its absence: a session that has it and one that plans each text anew are
// asked the same, with constants changed from one time to the next, and must give the same answers and errors.

#include <phantomdb/sql/literal_scan.hpp>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "sql_session/stage.hpp"
#include "support/process.hpp"

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

std::string shown(sql_result const& r) {
    std::string text;
    for (std::size_t i = 0; i < r.columns.size(); ++i) text += r.columns[i] + ":" + std::to_string(r.types[i]) + " ";
    return text + "| " + stage::flat(r) + " | " + r.tag + " | " + r.detail + " | at " + std::to_string(r.position);
}

/// Two databases that are told the same.
struct pair_of_stages {
    stage warm, cold;
    pair_of_stages() { REQUIRE(cold.run("set plan_cache_mode = force_custom_plan").ok()); }

    void compare(std::string const& text) {
        sql_result const cached = warm.run(text), anew = cold.run(text);
        INFO(text);
        CHECK(shown(cached) == shown(anew));
    }
    std::int64_t hits() {
        return std::stoll(
            warm.run("select hits from phantomdb_stat_statement_cache where pid = pg_backend_pid()").value());
    }
};

/// What stands between R"( and )" in the tests beside this one.
std::vector<std::string> scripts() {
    std::vector<std::string> all;
    for (char const* file : {"compared_definitions.cpp", "compared_sessions.cpp"}) {
        std::ifstream in(std::string(PHANTOMDB_SOURCE_FOLDER "/tests/sql_session/") + file);
        std::stringstream whole;
        whole << in.rdbuf();
        std::string const text = whole.str();
        for (std::size_t at = text.find("R\"("); at != std::string::npos; at = text.find("R\"(", at + 1)) {
            all.push_back(text.substr(at + 3, text.find(")\"", at) - at - 3));
        }
    }
    return all;
}

/// The text with each constant replaced, one time in two.
std::string changed(std::string const& text, std::mt19937& random) {
    static std::vector<std::string> const numbers = {
        "0", "1", "2", "3", "7", "12", "2147483647", "2147483648", "9223372036854775808", "1.5", "20.25", "1e3", "00"};
    static std::vector<std::string> const strings = {
        "''",    "'a'",          "'it''s'", "'5'",     "'-12'",   "'2024-02-29'",       "'%a_'",
        "'now'", "'2024-02-30'", "'true'",  "'row 3'", "'1 day'", "'\xc3\xa9t\xc3\xa9'"};
    sql::literal_scan scan;
    if (!scan.read(text)) return text;
    std::string made;
    std::size_t from = 0;
    for (sql::literal_token const& token : scan.tokens()) {
        made.append(text, from, token.begin - from);
        auto const& choice = token.kind == sql::literal_kind::text ? strings : numbers;
        bool const keep = random() % 2 == 0;
        made += keep ? text.substr(token.begin, token.size) : choice[random() % choice.size()];
        from = token.begin + token.size;
    }
    return made + text.substr(from);
}

/// Answers that are other ones every time.
bool by_chance(std::string const& text) {
    for (char const* word :
         {"now", "current_", "random", "clock", "pg_backend_pid", "plan_cache_mode", "pg_stat_activity", "localtime",
          "gen_random", "pg_settings", "show all", "generate_series", "'today'"}) {
        if (text.find(word) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("statements with changed constants answer as if they were planned anew") {
    std::mt19937 random(15);
    std::int64_t hits = 0;
    std::size_t compared = 0;
    for (std::string const& script : scripts()) {
        pair_of_stages both;
        for (std::string const& statement : statements_of(script)) {
            if (by_chance(statement)) {
                both.warm.run(statement), both.cold.run(statement);
                continue;
            }
            both.compare(statement);
            for (int i = 0; i < 4; ++i) {
                std::string const other = changed(statement, random);
                if (by_chance(other)) continue;
                both.compare(other);
                ++compared;
            }
        }
        both.warm.run("rollback");
        hits += both.hits();
    }
    CHECK(compared > 1000);
    CHECK(hits > 500);
}

TEST_CASE("generated queries with changed constants answer as if they were planned anew") {
    pair_of_stages both;
    for (std::string const text : {"create table t (id int primary key, s smallint, b bigint, n numeric(10,2), f "
                                   "float8, x text, c varchar(5), p char(4), "
                                   "d date, w timestamp, z timestamptz, i interval, o boolean, y bytea, u uuid)",
                                   "create index on t (x)", "create index on t (d)"}) {
        both.compare(text);
    }
    for (int i = 0; i < 40; ++i) {
        std::string const n = std::to_string(i);
        both.compare("insert into t values (" + n + ", " + n + ", " + n + "000, " + n + ".25, " + n + ".5, 'row " + n +
                     "', 'v" + n + "', 'p', '2024-01-" + std::to_string(1 + i % 28) +
                     "', '2024-01-01 10:00', '2024-01-01 10:00', '" + n + " days', " + (i % 2 ? "true" : "'f'") +
                     ", '\\x00ff', '00000000-0000-0000-0000-0000000000" + std::to_string(10 + i) + "')");
    }
    std::vector<std::string> const shapes = {
        "select * from t where id = 1",
        "select id, x from t where id = -1 or s = 3 or b = 5000 or b = 3000000000 order by 1",
        "select id, x as k from t where n = 3.25 or f > 30.5 order by 2 limit 3 offset 2",
        "select x, id from t where x = 'row 5' or c = 'v3' or p = 'p' order by 1, 2",
        "select id from t where d = '2024-01-05' or d > date '2024-01-20' order by id",
        "select id from t where w > '2024-01-01 09:00' and z < '2024-01-01 10:00+01' and i < interval '3 days' order "
        "by id",
        "select id from t where i < interval '3' day order by id",
        "select id from t where o = 't' and y = '\\x00ff' order by id",
        "select id from t where u = '00000000-0000-0000-0000-000000000015'",
        "select id from t where x like 'row 1%' order by id desc",
        "select id from t where id in (1, 2, 3) and x in ('row 1', 'row 2') order by id",
        "select id from t where id in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) order by id",
        "select id from t where id between 3 and 5 or x between 'row 2' and 'row 3' order by id",
        "select id + 1, count(*) from t where id < 5 group by id + 1 order by id + 1",
        "select id / 2, count(*) from t group by 1 having count(*) > 1 order by 1",
        "select distinct id / 10 from t order by id / 10",
        "select case when id < 3 then 'few' when id = 3 then null else 'many' end, coalesce(x, 'none') from t where id "
        "< 6 order by id",
        "select 1, 'a', 1.5, null, true, -3, - 4, 'x'::text, 5::int8, '7'::int, cast('2024-01-01' as date)",
        "select 'abc'::varchar(2), 12.345::numeric(4,1), 'b'::char(3), 300::smallint",
        "select id, sum(id + 1) over (order by id rows 2 preceding) from t where id < 6 order by id",
        "select lag(id, 1, 0) over (order by id), ntile(3) over (order by id) from t where id < 7",
        "select 'a' union select 'b' order by 1",
        "select 1 union all select 2.5",
        "values (1, 'a'), (2, 'b')",
        "select * from (values (1, 'a'), (2, null)) v(a, b) where a = 1",
        "select (select max(id) from t where id < 7), exists (select 1 from t where id = 3)",
        "select id from t where id = any (array[1, 2]) or id = any ('{3,4}') order by id",
        "select extract(year from d), date_trunc('month', w), to_char(d, 'YYYY-MM') from t where id = 4",
        "select substring(x from 2 for 3), left(x, 2), lpad(x, 9, '-'), x || 'tail' from t where id = 4",
        "select 10 / 2, 7 % 3, 2 ^ 3, 1 / 2.0",
        "select nullif(id, 3), greatest(id, 5), least(1, id) from t where id in (3, 4) order by id",
        "select id from t where id > 5 limit 2",
        "select id from t order by id fetch first 3 rows only",
        "select 'pg_class'::regclass::oid = 1259",
        "select '3'::int4 + '4', 3 = '3', '2024-01-02' > d from t where id = 0",
        "update t set n = n + 1.5, x = 'new', s = 4 where id = 2",
        "update t set c = 'abc', p = 'q' where id = 2 returning c, p, 5 as five",
        "insert into t (id, x, d) values (100, 'q', '2024-05-05') on conflict (id) do update set x = 'again' returning "
        "id, x, d",
        "delete from t where id = 101 returning *",
        "with k as (select id from t where id < 4) select count(*), 7 from k where id > 1",
    };
    std::mt19937 random(7);
    for (std::string const& shape : shapes) {
        both.compare(shape);
        for (int i = 0; i < 40; ++i) {
            std::string const other = changed(shape, random);
            if (!by_chance(other)) both.compare(other);
        }
        both.compare(shape);
    }
    CHECK(both.hits() > 500);
}

TEST_CASE("a cached statement is not used where it would mean something else") {
    pair_of_stages both;
    auto ask = [&](std::string const& text) { both.compare(text); };
    ask("create schema a; create schema b; create table a.t (k int, v int); create table b.t (k text, v text)");
    ask("insert into a.t values (1, 10), (2, 20); insert into b.t values ('1', 'one'), ('3', 'three')");
    for (char const* path : {"a, public", "b, public", "a, public"}) {
        ask("set search_path = " + std::string(path));
        ask("select v from t where k = '1'");
        ask("select v from t where k = '3'");
    }
    ask("set search_path = a");
    ask("select v from t where v = 10");
    ask("alter table t alter v type text");
    ask("select v from t where v = '20'");
    ask("select v from t where v = 10");
    ask("alter table t drop column v");
    ask("select v from t where v = '30'");
    ask("begin");
    ask("create table n (a int)");
    ask("insert into n values (1)");
    ask("insert into n values (2)");
    ask("rollback");
    ask("insert into n values (3)");
    ask("select timestamptz '2024-07-01 12:00', date '01/02/2024'");
    ask("set timezone = 'Europe/Oslo'; set datestyle = 'ISO, DMY'");
    ask("select timestamptz '2024-07-02 12:00', date '03/04/2024'");
    ask("select timestamptz '2024-07-02 12:00', date '13/04/2024'");
    // -2147483648 is the one int4 whose digits are those of an int8.
    ask("select -2147483649, pg_typeof(-2147483649)");
    ask("select -2147483648, pg_typeof(-2147483648)");
    ask("select k from t where k = -2147483648");
    // Errors point into the text at hand.
    ask("select 'a', date '2024-01-01', k from t where k = '1'");
    ask("select 'longer', date '2024-13-01', k from t where k = '1'");
    ask("select '', date '2024-01-01', k from t where k = 'one'");
    ask("select k from t where k = 1 / 1");
    ask("select k from t where k = 1 / 0");
}

TEST_CASE("the cache counts, forgets on DISCARD, and stays bounded") {
    pair_of_stages both;
    stage& s = both.warm;
    s.run("create table t (id int primary key, x text)");
    std::int64_t before = both.hits();
    for (int i = 0; i < 50; ++i)
        s.run("insert into t values (" + std::to_string(i) + ", 'x" + std::to_string(i) + "')");
    CHECK(both.hits() - before >= 49);
    before = both.hits();
    for (int i = 0; i < 50; ++i) {
        CHECK(s.rows("select x from t where id = " + std::to_string(i)) == "x" + std::to_string(i));
    }
    CHECK(both.hits() - before >= 49);
    CHECK(s.rows("select misses > 0 from phantomdb_stat_statement_cache where pid = pg_backend_pid()") == "t");
    CHECK(s.store.counters().cache_hits >= 98);

    before = both.hits();  // itself a hit
    s.run("discard plans");
    s.run("select x from t where id = 1");
    CHECK(both.hits() == before);

    s.run("set plan_cache_mode = force_custom_plan");
    for (int i = 0; i < 9; ++i) s.run("select x from t where id = 1");
    s.run("reset plan_cache_mode");
    CHECK(both.hits() <= before + 1);

    // More shapes than are kept, and more texts alike than are kept.
    for (int i = 0; i < 400; ++i) s.run("select id as c" + std::to_string(i) + " from t where id = 1");
    for (int i = 0; i < 30; ++i)
        CHECK(s.rows("select id from t order by id limit " + std::to_string(i % 11)).size() < 40);
    CHECK(s.rows("select id as c7 from t where id = 3") == "3");
}
