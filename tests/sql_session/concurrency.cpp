#include <chrono>
#include <future>
#include <thread>

#include "sql_session/stage.hpp"

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

/// A statement that runs in another thread; `waits` says whether it is still blocked after a while.
class running {
public:
    running(sql::session& in, std::string text)
        : result_(std::async(std::launch::async, [&in, text = std::move(text)] { return stage::run(in, text); })) {}
    bool waits() { return result_.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout; }
    sql_result get() { return result_.get(); }

private:
    std::future<sql_result> result_;
};

}  // namespace

TEST_CASE("READ COMMITTED waits for a changed row and then looks at it anew") {
    stage one;
    auto two = one.another();
    one.run("create table t (a int primary key, b int)");
    one.run("insert into t values (1, 10), (2, 20)");
    one.run("begin");
    one.run("update t set b = b + 1 where a = 1");
    running update(*two, "update t set b = b * 100 where b >= 10");
    REQUIRE(update.waits());
    one.run("commit");
    CHECK(update.get().tag == "UPDATE 2");
    CHECK(one.rows("select b from t order by a") == "1100|2000");

    one.run("begin");
    one.run("update t set b = 5 where a = 1");
    running gone(*two, "delete from t where b = 1100");
    REQUIRE(gone.waits());
    one.run("commit");
    CHECK(gone.get().tag == "DELETE 0");
}

TEST_CASE("REPEATABLE READ refuses to write what others changed") {
    stage one;
    auto two = one.another();
    one.run("create table t (a int primary key, b int)");
    one.run("insert into t values (1, 10)");
    stage::run(*two, "begin isolation level repeatable read");
    CHECK(stage::flat(stage::run(*two, "select b from t")) == "10");
    one.run("update t set b = 11");
    CHECK(stage::flat(stage::run(*two, "select b from t")) == "10");
    CHECK(stage::run(*two, "update t set b = 12").sqlstate == "40001");
    CHECK(stage::run(*two, "select 1").sqlstate == "25P02");
    CHECK(stage::run(*two, "commit").tag == "ROLLBACK");
    CHECK(one.rows("select b from t") == "11");
}

TEST_CASE("SERIALIZABLE refuses write skew") {
    stage one;
    auto two = one.another();
    one.run("create table duty (name text primary key, there boolean)");
    one.run("insert into duty values ('a', true), ('b', true)");
    one.run("begin isolation level serializable");
    stage::run(*two, "begin isolation level serializable");
    CHECK(one.rows("select count(*) from duty where there") == "2");
    CHECK(stage::flat(stage::run(*two, "select count(*) from duty where there")) == "2");
    one.run("update duty set there = false where name = 'a'");
    CHECK(stage::run(*two, "update duty set there = false where name = 'b'").ok());
    CHECK(one.run("commit").ok());
    CHECK(stage::run(*two, "commit").sqlstate == "40001");
    CHECK(one.rows("select count(*) from duty where there") == "1");
}

TEST_CASE("an insert waits for whoever has the same key in hand") {
    stage one;
    auto two = one.another();
    one.run("create table t (a int primary key, b text unique)");
    one.run("begin");
    one.run("insert into t values (1, 'x')");
    running same_key(*two, "insert into t values (1, 'y')");
    REQUIRE(same_key.waits());
    one.run("commit");
    CHECK(same_key.get().sqlstate == "23505");

    one.run("begin");
    one.run("insert into t values (2, 'two')");
    running same_text(*two, "insert into t values (3, 'two') on conflict do nothing");
    REQUIRE(same_text.waits());
    one.run("rollback");
    CHECK(same_text.get().tag == "INSERT 0 1");
}

TEST_CASE("a parent stays while somebody refers to it") {
    stage one;
    auto two = one.another();
    one.run("create table p (id int primary key, note text)");
    one.run("create table c (id int primary key, p int references p)");
    one.run("insert into p values (1, ''), (2, '')");
    one.run("begin");
    one.run("insert into c values (1, 1)");
    CHECK(stage::run(*two, "update p set note = 'seen' where id = 1").ok());
    running removal(*two, "delete from p where id = 1");
    REQUIRE(removal.waits());
    one.run("commit");
    CHECK(removal.get().sqlstate == "23503");

    stage::run(*two, "begin");
    stage::run(*two, "delete from p where id = 2");
    running reference(one.session, "insert into c values (2, 2)");
    REQUIRE(reference.waits());
    stage::run(*two, "commit");
    CHECK(reference.get().sqlstate == "23503");
}

TEST_CASE("deadlocks have one victim") {
    stage one;
    auto two = one.another();
    one.run("create table t (a int primary key, b int)");
    one.run("insert into t values (1, 0), (2, 0)");
    one.run("begin");
    stage::run(*two, "begin");
    one.run("update t set b = 1 where a = 1");
    stage::run(*two, "update t set b = 2 where a = 2");
    running first(one.session, "update t set b = 1 where a = 2");
    REQUIRE(first.waits());
    sql_result second = stage::run(*two, "update t set b = 2 where a = 1");
    stage::run(*two, "rollback");
    sql_result other = first.get();
    one.run("commit");
    CHECK(second.sqlstate == "40P01");
    CHECK(other.ok());
    CHECK(one.rows("select b from t order by a") == "1|1");
}

TEST_CASE("locks can be refused, skipped and given up") {
    stage one;
    auto two = one.another();
    one.run("create table t (a int primary key)");
    one.run("insert into t values (1), (2)");
    one.run("begin");
    one.run("select * from t where a = 1 for update");
    CHECK(stage::run(*two, "select * from t where a = 1 for update nowait").sqlstate == "55P03");
    CHECK(stage::flat(stage::run(*two, "select * from t order by a for update skip locked")) == "2");
    stage::run(*two, "set lock_timeout = '50ms'");
    CHECK(stage::run(*two, "delete from t where a = 1").sqlstate == "55P03");
    stage::run(*two, "set lock_timeout = 0");
    stage::run(*two, "set statement_timeout = '50ms'");
    sql_result late = stage::run(*two, "delete from t where a = 1");
    CHECK(late.sqlstate == "57014");
    CHECK(late.message == "canceling statement due to statement timeout");
    stage::run(*two, "set statement_timeout = 0");
    running waiting(*two, "delete from t where a = 1");
    REQUIRE(waiting.waits());
    two->cancel();
    CHECK(waiting.get().message == "canceling statement due to user request");
    CHECK(stage::run(*two, "select 1").ok());
    running doomed(*two, "select pg_sleep(60)");
    REQUIRE(doomed.waits());
    two->terminate();
    CHECK(doomed.get().sqlstate == "57P01");
    CHECK(stage::run(*two, "select 1").sqlstate == "57P01");
}

TEST_CASE("definitions wait for writers and make later writers begin again; readers never wait") {
    stage one;
    auto two = one.another();
    one.run("create table t (a int primary key)");
    one.run("insert into t values (1)");
    stage::run(*two, "begin");
    stage::run(*two, "insert into t values (2)");
    running change(one.session, "alter table t add column b int default 7");
    REQUIRE(change.waits());
    stage::run(*two, "commit");
    CHECK(change.get().tag == "ALTER TABLE");
    CHECK(stage::flat(stage::run(*two, "select * from t order by a")) == "1,7|2,7");

    one.run("begin");
    one.run("alter table t rename column b to c");
    CHECK(stage::flat(stage::run(*two, "select b from t where a = 1")) == "7");
    running write(*two, "insert into t values (3, 3)");
    REQUIRE(write.waits());
    one.run("commit");
    CHECK(write.get().ok());
    CHECK(one.rows("select c from t where a = 3") == "3");

    one.run("begin");
    one.run("create table hidden (a int)");
    CHECK(stage::run(*two, "select * from hidden").sqlstate == "42P01");
    one.run("rollback");
    CHECK(one.run("select * from hidden").sqlstate == "42P01");
}

TEST_CASE("an index is built from every committed row") {
    stage one;
    auto two = one.another();
    one.run("create table t (a int, b int)");
    one.run("insert into t select i, i % 10 from generate_series(1, 1000) i");
    stage::run(*two, "begin");
    stage::run(*two, "insert into t values (2000, 3)");
    running build(one.session, "create index on t (b)");
    REQUIRE(build.waits());
    stage::run(*two, "commit");
    CHECK(build.get().tag == "CREATE INDEX");
    CHECK(one.rows("select count(*) from t where b = 3") == "101");
    one.run("delete from t where a < 500");
    CHECK(one.rows("select count(*) from t where b = 3") == one.rows("select count(*) from t where b + 0 = 3"));
}

TEST_CASE("many sessions count together") {
    stage one;
    one.run("create table counter (id int primary key, n int)");
    one.run("insert into counter values (1, 0)");
    one.run("create table log (id serial, who int)");
    constexpr int workers = 4, rounds = 50;
    std::vector<std::thread> threads;
    std::atomic<int> failures{0};
    for (int w = 0; w < workers; ++w) {
        threads.emplace_back([&, w] {
            auto session = one.another();
            for (int i = 0; i < rounds; ++i) {
                if (!stage::run(*session,
                                "begin; update counter set n = n + 1 where id = 1; insert into log (who) values (" +
                                    std::to_string(w) + "); commit")
                         .ok()) {
                    ++failures;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(failures == 0);
    CHECK(one.rows("select n from counter") == std::to_string(workers * rounds));
    CHECK(one.rows("select count(*), count(distinct id) from log") == "200,200");
}
