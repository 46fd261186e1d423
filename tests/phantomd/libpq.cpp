/// @file What applications do through libpq, psql among them.
#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"

#include <memory>
#include <thread>

using namespace phantomdb::test;
using namespace std::chrono_literals;

namespace {

using result_pointer = std::unique_ptr<PGresult, void (*)(PGresult*)>;

result_pointer next_result(PGconn* handle) { return {PQgetResult(handle), PQclear}; }

struct fixture {
    temporary_folder folder;
    phantomd_server server{folder / "data"};
    sql_client client{server.connection()};
};

program_result psql(phantomd_server const& server, std::vector<std::string> arguments, std::string const& input = "") {
    std::vector<std::string> command{"psql", "-X", "-d", server.connection()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_program(std::move(command), input, 60s);
}

}  // namespace

TEST_CASE_METHOD(fixture, "psql runs scripts, copies and carries on after errors") {
    auto const script = psql(server, {"-At"},
                             "create table fruit(id int primary key, name text not null);\n"
                             "copy fruit from stdin;\n1\tapple\n2\tpear\n\\.\n"
                             "insert into fruit values (1, 'again');\n"
                             "insert into fruit values (3, 'plum') returning name;\n"
                             "copy fruit to stdout with (format csv);\n"
                             "select count(*) from fruit;\n");
    INFO(script.errors);
    CHECK(script.status == 0);
    CHECK(script.output == "CREATE TABLE\nCOPY 2\nplum\nINSERT 0 1\n1,apple\n2,pear\n3,plum\n3\n");
    CHECK_THAT(script.errors, contains("duplicate key value violates unique constraint \"fruit_pkey\""));

    auto const wrong = psql(server, {"-v", "ON_ERROR_STOP=1", "-c", "select * from frut"});
    CHECK(wrong.status == 1);
    CHECK_THAT(wrong.errors, contains("relation \"frut\" does not exist"));
    CHECK_THAT(wrong.errors, contains("LINE 1: select * from frut"));
}

TEST_CASE_METHOD(fixture, "binary results arrive in network byte order") {
    char const* values[] = {"7", nullptr};
    result_pointer const result(PQexecParams(client.handle(), "select $1::int4, $2::text, 1.5::float8", 2, nullptr,
                                             values, nullptr, nullptr, 1),
                                PQclear);
    REQUIRE(PQresultStatus(result.get()) == PGRES_TUPLES_OK);
    CHECK(PQfformat(result.get(), 0) == 1);
    CHECK(std::string(PQgetvalue(result.get(), 0, 0), 4) == std::string("\0\0\0\7", 4));
    CHECK(PQgetisnull(result.get(), 0, 1) == 1);
    CHECK(std::string(PQgetvalue(result.get(), 0, 2), 8) == std::string("\x3f\xf8\0\0\0\0\0\0", 8));
}

TEST_CASE_METHOD(fixture, "prepared statements are described and run many times") {
    client.query("create table numbers(n int primary key, square bigint)");
    result_pointer const prepared(
        PQprepare(client.handle(), "add", "insert into numbers values ($1, $2) returning square", 0, nullptr), PQclear);
    REQUIRE(PQresultStatus(prepared.get()) == PGRES_COMMAND_OK);
    result_pointer const described(PQdescribePrepared(client.handle(), "add"), PQclear);
    CHECK(PQnparams(described.get()) == 2);
    CHECK(PQparamtype(described.get(), 0) == 23);
    CHECK(PQparamtype(described.get(), 1) == 20);
    CHECK(std::string(PQfname(described.get(), 0)) == "square");
    for (int n = 1; n <= 200; ++n) {
        std::string const number = std::to_string(n), square = std::to_string(n * n);
        char const* values[] = {number.c_str(), square.c_str()};
        result_pointer const added(PQexecPrepared(client.handle(), "add", 2, values, nullptr, nullptr, 0), PQclear);
        REQUIRE(PQgetvalue(added.get(), 0, 0) == square);
    }
    CHECK(client.query("select sum(square) from numbers").value() == "2686700");
}

TEST_CASE_METHOD(fixture, "PQcancel stops a running statement and the session goes on") {
    auto const started = std::chrono::steady_clock::now();
    std::unique_ptr<PGcancel, void (*)(PGcancel*)> const cancel(PQgetCancel(client.handle()), PQfreeCancel);
    REQUIRE(PQsendQuery(client.handle(), "select count(*) from generate_series(1, 4000000000) as g(a)") == 1);
    std::this_thread::sleep_for(200ms);
    char message[256];
    REQUIRE(PQcancel(cancel.get(), message, sizeof message) == 1);
    auto const stopped = next_result(client.handle());
    CHECK(std::string(PQresultErrorField(stopped.get(), PG_DIAG_SQLSTATE)) == "57014");
    CHECK(next_result(client.handle()) == nullptr);
    CHECK(client.query("select 5").value() == "5");
    CHECK(std::chrono::steady_clock::now() - started < 10s);
}

TEST_CASE_METHOD(fixture, "pipeline mode: errors abort up to the next sync") {
    client.query("create table events(id int primary key)");
    PGconn* const handle = client.handle();
    REQUIRE(PQenterPipelineMode(handle) == 1);
    auto const send = [&](char const* text) {
        REQUIRE(PQsendQueryParams(handle, text, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
    };
    auto const statuses = [&] {
        std::vector<ExecStatusType> seen;
        for (int ends = 0; ends < 2;) {  // libpq ends each query with one null, so two in a row end the batch
            auto const result = next_result(handle);
            ends = result ? 0 : ends + 1;
            if (result) seen.push_back(PQresultStatus(result.get()));
            if (result && PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) break;
        }
        return seen;
    };
    send("insert into events values (1)");
    send("insert into events values (1)");
    send("insert into events values (2)");
    REQUIRE(PQpipelineSync(handle) == 1);
    send("insert into events values (3)");
    REQUIRE(PQpipelineSync(handle) == 1);
    CHECK(statuses() == std::vector{PGRES_COMMAND_OK, PGRES_FATAL_ERROR, PGRES_PIPELINE_ABORTED, PGRES_PIPELINE_SYNC});
    CHECK(statuses() == std::vector{PGRES_COMMAND_OK, PGRES_PIPELINE_SYNC});
    REQUIRE(PQexitPipelineMode(handle) == 1);
    CHECK(client.query("select string_agg(id::text, ',') from events").value() == "3");
}

TEST_CASE_METHOD(fixture, "pg_terminate_backend ends an idle session and a busy one") {
    for (bool const busy : {false, true}) {
        sql_client victim(server.connection());
        std::string const id = victim.query("select pg_backend_pid()").value();
        CHECK(id == std::to_string(PQbackendPID(victim.handle())));
        if (busy) PQsendQuery(victim.handle(), "select count(*) from generate_series(1, 4000000000) as g(a)");
        std::this_thread::sleep_for(50ms);
        CHECK(client.query("select pg_terminate_backend(" + id + ")").value() == "t");
        auto const told = busy ? next_result(victim.handle()) : result_pointer(nullptr, PQclear);
        if (busy) CHECK(std::string(PQresultErrorField(told.get(), PG_DIAG_SQLSTATE)) == "57P01");
        else CHECK_FALSE(victim.query("select 1").ok());
        while (next_result(victim.handle())) continue;
        CHECK(PQstatus(victim.handle()) == CONNECTION_BAD);
    }
}

TEST_CASE_METHOD(fixture, "a large result streams row by row, and may be left in the middle") {
    REQUIRE(PQsendQuery(client.handle(), "select a, repeat('x', 100) from generate_series(1, 300000) as g(a)") == 1);
    REQUIRE(PQsetSingleRowMode(client.handle()) == 1);
    int rows = 0;
    while (auto const result = next_result(client.handle())) rows += PQntuples(result.get());
    CHECK(rows == 300000);
    {
        sql_client impatient(server.connection());
        REQUIRE(PQsendQuery(impatient.handle(),
                            "select a, repeat('x', 100) from generate_series(1, 100000000) as g(a)") == 1);
        std::this_thread::sleep_for(100ms);
    }
    CHECK(client.query("select 1").value() == "1");
}

TEST_CASE_METHOD(fixture, "the parameters PostgreSQL reports are reported") {
    for (char const* name : {"application_name", "client_encoding", "DateStyle", "default_transaction_read_only",
                             "in_hot_standby", "integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding",
                             "server_version", "session_authorization", "standard_conforming_strings", "TimeZone"}) {
        INFO(name);
        CHECK(PQparameterStatus(client.handle(), name) != nullptr);
    }
    CHECK(PQserverVersion(client.handle()) / 10000 == 15);
    client.query("set timezone = 'Europe/Paris'");
    CHECK(std::string(PQparameterStatus(client.handle(), "TimeZone")) == "Europe/Paris");
    sql_client named(server.connection("dbname=postgres application_name=till options='-c statement_timeout=5s'"));
    CHECK(named.query("show application_name").value() == "till");
    CHECK(named.query("show statement_timeout").value() == "5s");
}

TEST_CASE_METHOD(fixture, "sessions work at the same time and see each other's commits") {
    client.query("create table counter(n int); insert into counter values (0)");
    std::vector<std::thread> workers;
    std::atomic<int> failures{0};
    for (int worker = 0; worker < 4; ++worker) {
        workers.emplace_back([&] {
            sql_client own(server.connection());
            for (int i = 0; i < 50; ++i) failures += !own.query("update counter set n = n + 1").ok();
        });
    }
    for (auto& worker : workers) worker.join();
    CHECK(failures == 0);
    CHECK(client.query("select n from counter").value() == "200");
}
