#include "support/postgres.hpp"

#include "support/catch.hpp"

using namespace phantomdb::test;

TEST_CASE("programs report output, status and the signal that ended them") {
    auto const echoed = run_program({"sh", "-c", "cat; echo problem >&2; exit 3"}, "hello");
    CHECK(echoed.status == 3);
    CHECK(echoed.output == "hello");
    CHECK(echoed.errors == "problem\n");
    CHECK(run_program({"sleep", "100"}, "", std::chrono::milliseconds(50)).status == -SIGKILL);
    CHECK(run_program({"/no/such/program"}).status == 127);
}

TEST_CASE("the private PostgreSQL answers and reports errors") {
    auto* server = private_postgres::shared();
    if (!server) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    sql_client client(server->connection());
    auto const answer = client.query("select 1 as one, null::text as nothing");
    CHECK(answer.columns == std::vector<std::string>{"one", "nothing"});
    CHECK(answer.value() == "1");
    CHECK_FALSE(answer.rows.at(0).at(1).has_value());
    CHECK(answer.tag == "SELECT 1");
    auto const wrong = client.query("select nosuch");
    CHECK(wrong.sqlstate == "42703");
    CHECK(wrong.position == 8);
    CHECK(client.query("select $1::int + 1", {"41"}).value() == "42");
    CHECK(client.query_all("select 1; select 2").size() == 2);
}
