// VACUUM, ANALYZE, and what pg_stat_* and the size functions count.

#include "sql_session/stage.hpp"
#include "support/process.hpp"

#include <cstdint>
#include <optional>
#include <string>

using namespace phantomdb;
using namespace phantomdb::test;

TEST_CASE("VACUUM and ANALYZE read their options as PostgreSQL does") {
    compare_with_postgres(R"(
create table vt (a int, b text);
create view vv as select 1 as a;
vacuum vt;
vacuum (analyze, verbose) vt;
vacuum (nope) vt;
vacuum (analyze nope) vt;
vacuum (parallel 2000) vt;
vacuum (parallel) vt;
vacuum (parallel -1) vt;
vacuum (parallel x) vt;
vacuum (full, parallel 2) vt;
vacuum (parallel 0, full) vt;
vacuum (index_cleanup nope) vt;
vacuum (index_cleanup 5) vt;
vacuum (verbose 2) vt;
vacuum (verbose 1) vt;
vacuum (truncate maybe) vt;
vacuum (index_cleanup auto, truncate false, process_toast off, skip_locked, disable_page_skipping, freeze) vt;
vacuum (full, disable_page_skipping) vt;
vacuum vt (a);
vacuum (analyze) vt (a);
vacuum (analyze) vt (a, a);
vacuum (analyze false) vt (a);
analyze vt (nope);
analyze vt (a, b);
analyze (verbose, skip_locked) vt;
analyze (full) vt;
analyze vv;
vacuum vv;
vacuum nope;
vacuum (full off) vt;
vacuum full freeze verbose analyze vt;
vacuum vt, vt;
begin;
vacuum vt;
rollback;
begin;
analyze vt;
commit;
vacuum;
analyze;
vacuum pg_class;
)");
}

TEST_CASE("statistics count what PostgreSQL's count") {
    // PostgreSQL hands over what a session counted when it is idle, or at once where it is told to.
    compare_with_postgres(R"(
create table t (a int primary key, b int);
insert into t select i, i % 10 from generate_series(1, 1000) i;
create index t_b on t (b);
update t set b = b + 1 where a <= 100;
delete from t where a > 990;
begin;
insert into t values (5000, 1);
rollback;
select pg_stat_force_next_flush();
select 1;
select n_tup_ins, n_tup_upd, n_tup_del, n_live_tup from pg_stat_user_tables where relname = 't';
select relname, schemaname, last_vacuum is null, last_analyze is null, vacuum_count, autovacuum_count from pg_stat_user_tables where relname = 't';
vacuum t;
analyze t;
select pg_stat_force_next_flush();
select 1;
select last_vacuum is null, last_analyze is null, vacuum_count, analyze_count, n_mod_since_analyze, n_ins_since_vacuum, n_dead_tup from pg_stat_user_tables where relname = 't';
select count(*) from pg_stat_sys_tables where relname = 't';
select indexrelname, relname from pg_stat_user_indexes order by 1;
select indexrelname, relname from pg_statio_user_indexes order by 1;
select numbackends > 0, xact_commit > 5, tup_inserted >= 1000, tup_updated >= 100, tup_deleted >= 10 from pg_stat_database where datname = current_database();
)");
}

TEST_CASE("scans are counted where they go") {
    stage on;
    on.run("create table t (a int primary key, b int)");
    on.run("insert into t select i, i from generate_series(1, 5000) i");
    on.run("create index t_b on t (b)");
    on.run("create table u (x int)");
    on.run("insert into u values (1), (2), (3)");
    on.run("select pg_stat_reset()");
    auto table = [&] {
        return on.rows(
            "select seq_scan, seq_tup_read, idx_scan, idx_tup_fetch from pg_stat_user_tables where relname = 't'");
    };
    CHECK(table() == "0,0,0,0");
    on.run("select count(*) from t");
    CHECK(table() == "1,5000,0,0");
    on.run("select b from t where a = 7");
    on.run("select a from t where b = 7");
    CHECK(table() == "1,5000,2,2");
    CHECK(on.rows(
              "select indexrelname, idx_scan, idx_tup_read from pg_stat_user_indexes where relname = 't' order by 1") ==
          "t_b,1,1|t_pkey,1,1");
    on.run("select t.b from u join t on t.a = u.x");  // looked up once a row
    CHECK(table() == "1,5000,5,5");
    CHECK(on.rows("select heap_blks_read, heap_blks_hit > 0, idx_blks_hit > 0 from pg_statio_user_tables where relname "
                  "= 't'") == "0,t,t");
    // What fails and what is rolled back has been done all the same.
    on.run("insert into t values (6000, 1), (1, 1)");
    CHECK(on.rows("select n_tup_ins from pg_stat_user_tables where relname = 't'") == "1");
    // Moving rows about is no change of rows.
    on.run("alter table t alter column b type bigint");
    CHECK(on.rows("select n_tup_ins, n_tup_upd, n_tup_del, n_live_tup from pg_stat_user_tables where relname = 't'") ==
          "1,0,0,5000");
    on.run("select pg_stat_reset_single_table_counters('t'::regclass)");
    CHECK(on.rows("select n_tup_ins from pg_stat_user_tables where relname = 't'") == "0");
    auto other = on.another();
    CHECK(stage::run(*other, "delete from u").ok());
    CHECK(on.rows("select n_tup_del from pg_stat_user_tables where relname = 'u'") == "3");
    CHECK(on.rows("select xact_rollback > 0, deadlocks from pg_stat_database where datname = 'postgres'") == "t,0");
}

namespace {

/// A database in files that has little memory for them.
struct small_database {
    temporary_folder folder;
    std::optional<sql::instance> store;
    std::optional<sql::session> session;

    small_database() { open(); }
    void open() {
        session.reset();
        store.reset();
        sql::instance_options options;
        options.synchronous_commit = false;
        options.cache_bytes = 2 << 20;
        options.write_buffer_bytes = 1 << 20;
        store.emplace(sql::instance::open(folder.path() / "db", options));
        session.emplace(*store, sql::session_options{});
    }
    sql_result run(std::string const& text) { return stage::run(*session, text); }
    std::string rows(std::string const& text) { return stage::flat(run(text)); }
    std::int64_t number(std::string const& text) { return std::stoll(rows(text)); }
};

}  // namespace

TEST_CASE("reads of files are told from hits, by table and index") {
    for (std::string const engine : {"btree", "lsm"}) {
        INFO(engine);
        small_database on;
        REQUIRE(on.run("create table large (a int primary key, b text) using " + engine).ok());
        REQUIRE(on.run("create table small (a int primary key, b int) using " + engine).ok());
        REQUIRE(on.run("insert into small select i, i from generate_series(1, 100) i").ok());
        // Text that no codec makes small.
        REQUIRE(on.run("insert into large select i, md5(i::text) || md5((i + 1)::text) || md5((i + 2)::text) || "
                       "md5((i + 3)::text) || md5((i + 4)::text) from generate_series(1, 60000) i")
                    .ok());
        REQUIRE(on.run("create index large_b on large using " + engine + " (b)").ok());
        REQUIRE(on.run("checkpoint").ok());
        on.open();
        auto const io = [&](std::string const& table) {
            return "select heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit from pg_statio_user_tables where "
                   "relname = '" +
                   table + "'";
        };
        CHECK(on.rows(io("large")) == "0,0,0,0");
        CHECK(on.rows("select count(*) from large where length(b) = 160") == "60000");
        // About ten megabytes of rows in pages of 16 KiB, of which memory has room for an eighth.
        std::int64_t const read = on.number("select heap_blks_read from pg_statio_user_tables where relname = 'large'");
        CHECK(read > 400);
        CHECK(read < 2000);
        CHECK(on.number("select blks_read from pg_stat_database where datname = 'postgres'") >= read);
        CHECK(on.rows("select idx_blks_read, idx_blks_hit from pg_statio_user_tables where relname = 'large'") ==
              "0,0");

        CHECK(on.rows("select sum(b) from small") == "5050");
        std::int64_t const first =
            on.number("select heap_blks_read from pg_statio_user_tables where relname = 'small'");
        CHECK(first < 10);
        for (int i = 0; i < 5; ++i) CHECK(on.rows("select sum(b) from small") == "5050");
        CHECK(on.number("select heap_blks_read from pg_statio_user_tables where relname = 'small'") == first);
        CHECK(on.number("select heap_blks_hit from pg_statio_user_tables where relname = 'small'") >= 5);

        // Through the index: its pages, and those of the rows.
        for (int i = 0; i < 50; ++i) {
            std::string const a = std::to_string(1 + i * 1100);
            std::string const b = on.rows("select b from large where a = " + a);
            CHECK(on.rows("select a from large where b = '" + b + "'") == a);
        }
        CHECK(on.number("select idx_blks_read from pg_statio_user_indexes where indexrelname = 'large_b'") > 20);
        CHECK(on.number("select idx_blks_read from pg_statio_user_indexes where indexrelname = 'large_pkey'") > 20);
        CHECK(on.number("select heap_blks_read from pg_statio_user_tables where relname = 'large'") == read);

        // A join looks up while it scans: each read counts once.
        on.run("select pg_stat_reset()");
        CHECK(on.rows("select count(l.b) from small s join large l on l.a = s.b * 500") == "100");
        CHECK(on.number("select idx_blks_read from pg_statio_user_indexes where indexrelname = 'large_pkey'") > 20);
        CHECK(on.number("select heap_blks_read from pg_statio_user_tables where relname = 'small'") < 10);
    }
}

TEST_CASE("old versions are counted until they are gone, and VACUUM says what it did") {
    small_database on;
    auto const dead = [&](std::string const& table) {
        return on.number("select n_dead_tup from pg_stat_user_tables where relname = '" + table + "'");
    };
    on.run("create table b (x int primary key, y int)");
    on.run("insert into b select i, i from generate_series(1, 1000) i");
    CHECK(dead("b") == 0);
    on.run("update b set y = y + 1 where x <= 100");
    on.run("delete from b where x > 990");
    CHECK(dead("b") == 110);
    // What was undone never reached the store.
    on.run("begin");
    on.run("update b set y = 0");
    on.run("rollback");
    CHECK(on.run("update b set y = 1 / (x - 500)").sqlstate == "22012");
    CHECK(dead("b") == 110);
    collecting_sink sink(*on.session);
    on.session->run("vacuum (verbose) b", sink);
    REQUIRE(sink.notices.size() == 2);
    CHECK_THAT(sink.notices[1], contains("finished vacuuming \"postgres.public.b\":\ntuples: 110 removed, 990 remain, "
                                         "0 are dead but not yet removed\nfiles of the store: "));
    CHECK(dead("b") == 0);
    CHECK(
        on.rows("select vacuum_count, last_vacuum is null, n_live_tup from pg_stat_user_tables where relname = 'b'") ==
        "1,f,990");
    on.run("delete from b where x <= 10");
    CHECK(dead("b") == 10);
    on.run("checkpoint");  // old versions go with it
    CHECK(dead("b") == 0);

    // An LSM store has its old versions where the new ones are, until it merges them away.
    on.run("create table l (x int primary key, y int) using lsm");
    on.run("insert into l select i, i from generate_series(1, 1000) i");
    CHECK(dead("l") == 0);
    on.run("update l set y = y + 1 where x <= 400");
    on.run("delete from l where x > 900");
    std::int64_t const found = dead("l");  // 500 old versions and 100 erasures, about
    CHECK(found > 300);
    CHECK(found < 1000);
    on.run("checkpoint");
    on.run("delete from l where x <= 100");
    on.run("checkpoint");
    CHECK(dead("l") >= 100);  // in a run of their own
    sink.notices.clear();
    on.session->run("vacuum (verbose) l", sink);
    REQUIRE(sink.notices.size() == 2);
    CHECK_THAT(sink.notices[1], contains(" 800 remain, "));
}

TEST_CASE("sizes are of what is there") {
    stage on;
    on.run("create table t (a int primary key, b text)");
    CHECK(on.rows(
              "select pg_relation_size('t'), pg_table_size('t'), pg_indexes_size('t'), pg_total_relation_size('t')") ==
          "0,0,0,0");
    on.run("insert into t select i, repeat('x', 100) from generate_series(1, 20000) i");
    std::int64_t const table = std::stoll(on.rows("select pg_table_size('t')"));
    CHECK(table > 20000 * 110);  // sampled: about 100 bytes of text and some 20 of keys and row header each
    CHECK(table < 20000 * 140);
    on.run("create index t_b on t using hash (b)");
    std::int64_t const index = std::stoll(on.rows("select pg_relation_size('t_b')"));
    CHECK(index > 20000 * 110);
    CHECK(std::stoll(on.rows("select pg_indexes_size('t')")) == index);
    CHECK(std::stoll(on.rows("select pg_total_relation_size('t')")) == table + index);
    CHECK(std::stoll(on.rows("select pg_database_size('postgres')")) >= table + index);
    CHECK(on.rows("select pg_relation_size('t', 'fsm'), pg_relation_size('t', 'main') > 0") == "0,t");
    CHECK(on.rows("select pg_relation_size('t', 'nope')") == "22023 invalid fork name");
    CHECK(on.rows("select pg_relation_size(999999), pg_total_relation_size(999999)") == "~,~");
    on.run("truncate t");
    CHECK(on.rows("select pg_total_relation_size('t')") == "0");
    compare_with_postgres(
        "select pg_size_pretty(1::bigint), pg_size_pretty(10239::bigint), pg_size_pretty(10240::bigint), "
        "pg_size_pretty(123456789::bigint), pg_size_pretty(-20000000::bigint);"
        "select pg_relation_size(999999);");
}

TEST_CASE("verbose vacuum says what it did") {
    stage on;
    on.run("create table t (a int)");
    collecting_sink sink(on.session);
    on.session.run("vacuum (verbose, analyze) t", sink);
    REQUIRE(sink.notices.size() == 4);
    CHECK(sink.notices[0] == "vacuuming \"postgres.public.t\"");
    CHECK_THAT(sink.notices[1], contains("tuples: 0 removed, 0 remain, 0 are dead"));
    CHECK(sink.notices[2] == "analyzing \"public.t\"");
}
