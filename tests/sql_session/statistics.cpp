// VACUUM, ANALYZE, and what pg_stat_* and the size functions count.

#include "sql_session/stage.hpp"

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
    CHECK(sink.notices[2] == "analyzing \"public.t\"");
}
