// USING, SET ACCESS METHOD and hash indexes: what PostgreSQL has is compared with it, the rest is said here.

#include "sql_session/stage.hpp"

#include <phantomdb/codec/engine.hpp>
#include <phantomdb/sql/instance_state.hpp>

#include <chrono>
#include <filesystem>
#include <future>
#include <set>

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

/// The engine recorded for a table or index: "lsm"; "~" where there is no record.
std::string recorded(stage& on, std::string const& relation) {
    auto oid = static_cast<std::uint32_t>(std::stoul(on.rows("select '" + relation + "'::regclass::oid")));
    auto bytes = on.store.shared().shard->begin().get(codec::engine_record_key(oid));
    return bytes ? std::string(codec::engine_name(codec::engine_of_record(*bytes))) : "~";
}

std::size_t records(stage& on) {
    std::string from = codec::engine_record_key(0).substr(0, 4), to = from;
    to.back() = static_cast<char>(to.back() + 1);
    auto view = on.store.shared().shard->view();
    auto scan = view.scan(from, to);
    storage::slice some[64];
    std::size_t count = 0;
    while (std::size_t n = scan.next_chunk(some)) count += n;
    return count;
}

}  // namespace

TEST_CASE("access methods are named and refused as PostgreSQL does") {
    compare_with_postgres(R"(
create table t (a int, b text, c int);
create index on t using nope (a);
create unique index on t using hash (a);
create index on t using hash (a, b);
create index on t using hash (a desc);
create index on t using hash (a asc);
create index on t using hash (a nulls first);
create index on t using hash (a) include (b);
create unique index on t using hash (a, b);
create index on t using hash (nope);
create table j (j json, k jsonb);
create index on j using hash (j);
create index on j using hash (k);
create index on t using hash (b);
create index t_c on t using btree (c);
create index if not exists t_c on t using hash (a, b);
select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 2;
select pg_get_indexdef('t_b_idx'::regclass);
create table u (a int) using nope;
create table u (a int) using hash;
create table u (a int primary key) using heap;
create table u2 using heap as select 1 as a;
create table u3 using nope as select 1 as a;
create table u3 using hash as select 1 as a;
alter table u set access method nope;
alter table u set access method hash;
alter table u set access method heap;
alter table nope set access method heap;
create view v as select 1 as a;
create sequence s;
alter table v set access method heap;
alter view v set access method heap;
alter table t_b_idx set access method heap;
alter table s set access method heap;
set default_table_access_method = nope;
set default_table_access_method = '';
set default_table_access_method = hash;
set default_table_access_method = heap;
show default_table_access_method;
select oid, amname, amhandler, amtype from pg_am where amname in ('heap', 'btree', 'hash') order by oid;
select c.relname, a.amname from pg_class c left join pg_am a on a.oid = c.relam
where c.relname in ('t', 't_b_idx', 't_c', 'u', 'u_pkey', 's', 'v') order by 1;
create table lk (like t including all);
select indexdef from pg_indexes where tablename = 'lk' order by 1;
)");
}

TEST_CASE("a hash index answers as PostgreSQL's does, whatever happens to its rows") {
    compare_with_postgres(R"(
create table t (id int primary key, name text, n numeric, at timestamp, big bigint);
insert into t values (1, 'a', 1.0, '2024-01-01', 1), (2, 'b', 1.00, null, 2), (3, null, null, '2024-01-02', 3);
create index t_name on t using hash (name);
create index t_n on t using hash (n);
create index t_at on t using hash (at);
create index t_big on t using hash (big);
insert into t select i, 'name ' || i % 50, i % 7, timestamp '2024-01-01' + i * interval '1 hour', i from generate_series(10, 500) i;
select id from t where name = 'a';
select id from t where n = 1 order by id limit 5;
select id from t where n = 1.000 and id < 10 order by id;
select id from t where at = '2024-01-01';
select id from t where big = 77;
select id from t where big = 77::smallint;
select count(*) from t where name = 'name 7';
select count(*) from t where name > 'name 7';
select count(*) from t where name is null;
select count(*) from t where name = null;
select count(*) from t where n between 2 and 3;
select id from t where name like 'name 4%' order by name desc, id limit 3;
update t set name = 'a' where id between 20 and 22;
update t set name = null where id = 1;
update t set id = id + 1000 where id in (20, 3);
select id from t where name = 'a' order by id;
delete from t where id = 21;
select id from t where name = 'a' order by id;
select count(*) from t a join t b on a.name = b.name where a.id = 30;
select count(*) from t where name is not distinct from null;
begin;
truncate t;
select count(*) from t where name = 'name 7';
insert into t values (5, 'name 7');
select id from t where name = 'name 7';
rollback;
select count(*) from t where name = 'name 7';
alter table t alter column big type text;
select id from t where big = '77';
alter table t alter column name type varchar(20);
select count(*) from t where name = 'name 7';
alter table t drop column n;
select count(*) from t where name = 'name 7';
alter table t drop constraint t_pkey;
select count(*) from t where name = 'name 7';
alter table t add primary key (id);
select count(*) from t where name = 'name 7';
savepoint x;
drop index t_name;
select count(*) from t where name = 'name 7';
select indexname from pg_indexes where tablename = 't' order by 1;
drop table t;
create table parent (id int primary key);
create table child (id int primary key, parent int references parent on delete cascade);
create index on child using hash (parent);
insert into parent select generate_series(1, 20);
insert into child select i, i % 20 + 1 from generate_series(1, 200) i;
delete from parent where id = 4;
select count(*), count(*) filter (where parent = 4) from child;
insert into child values (1000, 4);
create table f (x int references child (parent));
insert into child values (1001, 5) on conflict (parent) do nothing;
)");
}

TEST_CASE("the planner takes a hash index for equality on it, and for nothing else") {
    stage on;
    on.run("create table t (a int, b int)");
    on.run("insert into t select i, i from generate_series(1, 5000) i");
    on.run("create index ordered on t (a)");
    on.run("create index hashed on t using hash (a)");
    auto plan = [&](std::string const& query) { return on.rows("explain (costs off) " + query); };
    CHECK(plan("select b from t where a = 7").find("Index Scan using hashed on t") != std::string::npos);
    CHECK(plan("select b from t where a = 7").find("Index Cond: (a = 7)") != std::string::npos);
    CHECK(plan("select b from t where a > 7 and a < 9").find("using ordered") != std::string::npos);
    CHECK(plan("select b from t order by a limit 3").find("using ordered") != std::string::npos);
    CHECK(plan("select b from t where a = 7 order by a").find("Sort") == std::string::npos);
    CHECK(plan("select t.b from t, (values (1), (2)) v(x) where t.a = v.x").find("using hashed") != std::string::npos);
    on.run("drop index ordered");
    CHECK(plan("select b from t where a > 7 and a < 9").find("Seq Scan") != std::string::npos);
    CHECK(plan("select b from t order by a limit 3").find("Seq Scan") != std::string::npos);
    CHECK(plan("select b from t where a is null").find("Seq Scan") != std::string::npos);
}

TEST_CASE("engines of tables and indexes are kept, shown, recorded for the store and forgotten") {
    stage on;
    on.run("create table a (x int primary key, y int) using lsm");
    on.run("create table b (x int) using hybrid");
    on.run("create table c using lsm as select 1 as x");
    on.run("create table d (x int unique) using btree");
    on.run("create index a_y on a using hash (y)");
    on.run("create index a_y2 on a using lsm (y desc)");
    on.run("create index d_x on d using hybrid (x)");
    CHECK(on.rows("select c.relname, a.amname, a.amtype from pg_class c join pg_am a on a.oid = c.relam where "
                  "c.relnamespace = 'public'::regnamespace::oid order by 1") ==
          "a,lsm,t|a_pkey,lsm,i|a_y,hash,i|a_y2,lsm,i|b,hybrid,t|c,lsm,t|d,heap,t|d_x,hybrid,i|d_x_key,btree,i");
    CHECK(on.rows("select indexdef from pg_indexes where indexname = 'a_y2'") ==
          "CREATE INDEX a_y2 ON public.a USING lsm (y DESC)");
    CHECK(recorded(on, "a") == "lsm");
    CHECK(recorded(on, "a_y") == "hash");
    CHECK(recorded(on, "a_y2") == "lsm");
    CHECK(recorded(on, "a_pkey") == "~");
    CHECK(recorded(on, "b") == "hybrid");
    CHECK(recorded(on, "c") == "lsm");
    CHECK(recorded(on, "d") == "~");
    CHECK(recorded(on, "d_x") == "hybrid");
    CHECK(records(on) == 6);
    on.run("set default_table_access_method = lsm");
    on.run("create table e (x int)");
    on.run("create table f as select 2 as x");
    CHECK(recorded(on, "e") == "lsm");
    CHECK(recorded(on, "f") == "lsm");
    on.run("set default_table_access_method = btree");
    on.run("create table g (x int)");
    CHECK(recorded(on, "g") == "~");
    // PostgreSQL's words for names that are no method of the kind wanted.
    CHECK(on.rows("create index on a using heap (y)") == "55000 access method \"heap\" is not of type INDEX");
    CHECK(on.rows("create index on a using gin (y)") == "0A000 access method \"gin\" is not supported");
    on.run("drop index a_y");
    CHECK(records(on) == 7);
    on.run("begin");
    on.run("drop table a, b, c, d, e, f");
    on.run("rollback");
    CHECK(records(on) == 7);
    on.run("drop table a, b, c, d, e, f");
    CHECK(records(on) == 0);
    on.run("begin");
    on.run("create table h (x int) using lsm");
    on.run("rollback");
    CHECK(records(on) == 0);
}

TEST_CASE("alter table set access method takes the rows along") {
    stage on;
    on.run("create table t (a int primary key, b text)");
    on.run("insert into t select i, 'row ' || i from generate_series(1, 3000) i");
    CHECK(on.run("alter table t set access method lsm").tag == "ALTER TABLE");
    CHECK(recorded(on, "t") == "lsm");
    CHECK(on.rows("select count(*), min(b), max(a) from t") == "3000,row 1,3000");
    on.run("begin");
    on.run("insert into t values (3001, 'new')");
    on.run("delete from t where a = 1");
    on.run("alter table t set access method hybrid");
    on.run("update t set b = 'again' where a = 2");
    CHECK(on.rows("select count(*) from t") == "3000");
    on.run("commit");
    CHECK(recorded(on, "t") == "hybrid");
    CHECK(on.rows("select a, b from t where a in (1, 2, 3001) order by a") == "2,again|3001,new");
    on.run("begin");
    on.run("alter table t set access method btree");
    on.run("rollback");
    CHECK(recorded(on, "t") == "hybrid");
    CHECK(on.run("alter table t set access method heap").ok());
    CHECK(recorded(on, "t") == "~");
    CHECK(on.rows("select count(*) from t") == "3000");
    CHECK(on.rows("select * from pg_stat_progress_cluster") == "");
}

namespace {

/// What `view` shows another session of `statement` while it runs; tried again where nobody looked in time.
std::set<std::string> seen_meanwhile(stage& on, std::vector<std::string> const& statements, std::string const& look) {
    auto other = on.another();
    std::set<std::string> seen;
    for (int attempt = 0; attempt < 30 && seen.empty(); ++attempt) {
        for (auto const& statement : statements) {
            auto work = std::async(std::launch::async, [&] { return on.run(statement); });
            while (work.wait_for(std::chrono::microseconds(200)) == std::future_status::timeout) {
                std::string const rows = stage::flat(stage::run(*other, look));
                if (!rows.empty()) seen.insert(rows);
            }
            CHECK(work.get().ok());
        }
    }
    CHECK(stage::flat(stage::run(*other, look)).empty());
    return seen;
}

}  // namespace

TEST_CASE("other sessions see how far moves, VACUUM and CREATE INDEX are") {
    stage on;
    on.run("create table t (a int primary key, b text)");
    on.run("insert into t select i, 'row ' || i from generate_series(1, 60000) i");
    on.run("create index t_b on t (b)");
    std::string const where =
        " from pg_stat_progress_cluster where relid = 't'::regclass and datname = current_database()";
    std::string const sound = "and heap_tuples_scanned between 0 and heap_blks_total and heap_blks_total < 100000";
    SECTION("a table moves") {
        CHECK(seen_meanwhile(on, {"alter table t set access method lsm", "alter table t set access method btree"},
                             "select command, phase" + where + sound) ==
              std::set<std::string>{"ALTER TABLE SET ACCESS METHOD,writing new heap"});
    }
    SECTION("an index moves") {
        CHECK(seen_meanwhile(on, {"alter index t_b set access method lsm", "alter index t_b set access method btree"},
                             "select command, phase, cluster_index_relid::regclass" + where + sound) ==
              std::set<std::string>{"ALTER INDEX SET ACCESS METHOD,rebuilding index,t_b"});
    }
    SECTION("VACUUM FULL") {
        auto const seen = seen_meanwhile(on, {"update t set b = b || '!'", "vacuum full t"},
                                         "select command, phase, index_rebuild_count" + where + sound);
        REQUIRE_FALSE(seen.empty());
        for (auto const& each : seen)
            CHECK((each == "VACUUM FULL,writing new heap,0" || each == "VACUUM FULL,rebuilding index,0"));
    }
    SECTION("VACUUM") {
        auto const seen = seen_meanwhile(on, {"update t set b = b || '!'", "vacuum t"},
                                         "select phase, index_vacuum_count from pg_stat_progress_vacuum where relid = "
                                         "'t'::regclass and heap_blks_scanned <= heap_blks_total");
        REQUIRE_FALSE(seen.empty());
        for (auto const& each : seen) CHECK((each == "vacuuming heap,0" || each == "vacuuming indexes,0"));
    }
    SECTION("CREATE INDEX") {
        CHECK(seen_meanwhile(on, {"create index t_ab on t (a, b)", "drop index t_ab"},
                             "select command, phase, relid::regclass, index_relid > 16384 from "
                             "pg_stat_progress_create_index where tuples_done <= tuples_total and tuples_total > 0") ==
              std::set<std::string>{"CREATE INDEX,building index,t,t"});
    }
}

TEST_CASE("alter index set access method takes the entries along") {
    stage on;
    on.run("create table t (a int primary key, b int, c int)");
    on.run("create index t_b on t (b)");
    on.run("create unique index t_c on t using lsm (c desc)");
    on.run("create index t_h on t using hash (c)");
    on.run("insert into t select i, i % 100, i from generate_series(1, 3000) i");
    auto const is_right = [&] {
        CHECK(on.rows("select count(*), min(a), max(a) from t where b = 7") == "30,7,2907");
        CHECK(on.rows("select a from t where c between 10 and 12 order by c desc") == "12|11|10");
        CHECK(on.rows("insert into t values (9999, 1, 5)").starts_with("23505"));
    };
    CHECK(on.run("alter index t_b set access method lsm").tag == "ALTER INDEX");
    CHECK(recorded(on, "t_b") == "lsm");
    CHECK(on.rows("select indexdef from pg_indexes where indexname = 't_b'") ==
          "CREATE INDEX t_b ON public.t USING lsm (b)");
    is_right();
    on.run("begin");
    on.run("insert into t values (3001, 7, 3001)");
    CHECK(on.run("alter index t_b set access method hybrid").ok());
    CHECK(on.run("alter index t_c set access method btree").ok());
    on.run("delete from t where a = 3001");
    on.run("commit");
    CHECK(recorded(on, "t_b") == "hybrid");
    CHECK(recorded(on, "t_c") == "~");
    is_right();
    on.run("begin");
    on.run("alter index t_c set access method lsm");
    on.run("rollback");
    CHECK(recorded(on, "t_c") == "btree");  // what it is to be; the store notes beside it that it has gone
    CHECK(on.rows("select indexdef from pg_indexes where indexname = 't_c'") ==
          "CREATE UNIQUE INDEX t_c ON public.t USING btree (c DESC)");
    is_right();
    CHECK(on.run("alter index t_c set access method lsm").ok());
    CHECK(recorded(on, "t_c") == "lsm");
    is_right();
    CHECK(on.rows("select * from pg_stat_progress_cluster") == "");
    // A hash index has other keys; a primary key is the table.
    CHECK(on.rows("alter index t_b set access method hash") ==
          "0A000 index \"t_b\" cannot be moved from access method \"hybrid\" to \"hash\"");
    CHECK(on.rows("alter index t_h set access method btree").starts_with("0A000"));
    CHECK(on.run("alter index t_h set access method hash").ok());
    CHECK(on.rows("alter index t_pkey set access method lsm") == "42809 index \"t_pkey\" is kept with its table");
    CHECK(on.rows("alter index t_b set access method nope") == "42704 access method \"nope\" does not exist");
    CHECK(on.rows("alter index nope set access method lsm").starts_with("42P01"));
    CHECK(recorded(on, "t_b") == "hybrid");
}

TEST_CASE("a rewrite sees rows that were committed after the snapshot of its transaction") {
    stage on;
    on.run("create table t (a int primary key)");
    on.run("insert into t values (1)");
    on.run("begin isolation level repeatable read");
    on.run("select * from t");
    auto other = on.another();
    CHECK(stage::run(*other, "insert into t values (2)").ok());
    on.run("alter table t set access method lsm");
    on.run("commit");
    // What the batch of the rewrite has not is gone from a store with engines: so it must have both.
    CHECK(on.rows("select count(*) from t") == "2");
}

TEST_CASE("engines survive a restart") {
    temporary_folder folder;
    {
        auto store = sql::instance::open(folder.path() / "db");
        sql::session session(store, {});
        stage::run(session, "create table t (a int, b int) using lsm");
        stage::run(session, "create index t_b on t using hash (b)");
        stage::run(session, "insert into t values (1, 2), (3, 4)");
    }
    auto store = sql::instance::open(folder.path() / "db");
    sql::session session(store, {});
    CHECK(stage::flat(stage::run(session, "select a from t where b = 4")) == "3");
    CHECK(stage::flat(stage::run(session,
                                 "select amname from pg_class c join pg_am m on m.oid = c.relam where relname "
                                 "in ('t', 't_b') order by 1")) == "hash|lsm");
}
