#include "sql_session/stage.hpp"
#include "support/process.hpp"

using namespace phantomdb;
using namespace phantomdb::test;

TEST_CASE("what was committed is there after opening again") {
    temporary_folder folder;
    {
        sql::instance store = sql::instance::open(folder.path() / "data");
        sql::session session(store, {});
        auto run = [&](std::string const& text) { return stage::run(session, text); };
        REQUIRE(run("create table t (id serial primary key, b text default 'none', c int check (c > 0))").ok());
        REQUIRE(run("insert into t (c) values (1), (2)").ok());
        REQUIRE(run("create table heap (a int)").ok());
        REQUIRE(run("insert into heap values (1), (2), (3)").ok());
        REQUIRE(run("create view v as select id, c from t").ok());
        REQUIRE(run("create index on t (c)").ok());
        REQUIRE(run("create role reader login password 'secret'").ok());
        REQUIRE(run("alter table t add column d int default 42").ok());
        REQUIRE(run("begin").ok());
        REQUIRE(run("create table never (a int)").ok());
        REQUIRE(run("insert into t (c) values (3)").ok());
    }
    sql::instance store = sql::instance::open(folder.path() / "data");
    CHECK(store.password_set());
    CHECK(store.find_role("reader"));
    sql::session session(store, {});
    auto rows = [&](std::string const& text) { return stage::flat(stage::run(session, text)); };
    CHECK(rows("select id, b, c, d from t order by id") == "1,none,1,42|2,none,2,42");
    CHECK(rows("select * from v order by id") == "1,1|2,2");
    CHECK(rows("insert into heap values (4) returning a") == "4");
    CHECK(rows("select count(*) from heap") == "4");
    CHECK(stage::run(session, "insert into t (c) values (0)").sqlstate == "23514");
    CHECK(stage::run(session, "select * from never").sqlstate == "42P01");
    // A restart may skip numbers but must not give one again.
    CHECK(std::stoi(rows("insert into t (c) values (9) returning id")) > 2);
    CHECK(rows("select count(*) from pg_indexes where tablename = 't'") == "2");
}

TEST_CASE("one process has a directory at a time") {
    temporary_folder folder;
    sql::instance first = sql::instance::open(folder.path() / "data");
    CHECK_THROWS_AS(sql::instance::open(folder.path() / "data"), error);
}

TEST_CASE("unknown databases and roles are refused") {
    sql::instance store = sql::instance::in_memory();
    sql::session_options options;
    options.database = "nope";
    CHECK_THROWS_AS(sql::session(store, options), error);
    options.database = "postgres";
    options.user = "nobody";
    CHECK_THROWS_AS(sql::session(store, options), error);
}
