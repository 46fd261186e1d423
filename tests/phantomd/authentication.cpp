#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"
#include "wire_client.hpp"

using namespace phantomdb::test;

namespace {

std::string failure_of(std::string const& connection) {
    try {
        sql_client client(connection);
        return "";
    } catch (std::runtime_error const& refused) {
        return refused.what();
    }
}

}  // namespace

TEST_CASE("local clients are trusted until a password is set; then it takes the right one") {
    temporary_folder folder;
    phantomd_server server(folder / "data");
    {
        sql_client client(server.connection());
        CHECK(client.query("alter role postgres password 'pencil'").ok());
        CHECK(client.query("create role clerk login").ok());
    }
    CHECK(failure_of(server.connection("dbname=postgres password=pencil")) == "");
    CHECK_THAT(failure_of(server.connection("dbname=postgres password=pen")),
               contains("password authentication failed for user \"postgres\""));
    CHECK_THAT(failure_of(server.connection()), contains("no password supplied"));
    // A role without a password and one that doesn't exist fail alike.
    CHECK_THAT(failure_of(server.connection("user=clerk password=x")),
               contains("password authentication failed for user \"clerk\""));
    CHECK_THAT(failure_of(server.connection("user=nobody password=x")),
               contains("password authentication failed for user \"nobody\""));

    // The password is asked for after a restart, too; trusting local clients must be chosen.
    CHECK(server.stop() == 0);
    {
        phantomd_server again(folder / "data");
        CHECK(failure_of(again.connection("dbname=postgres password=pencil")) == "");
        CHECK(failure_of(again.connection()) != "");
    }
    phantomd_server trusting(folder / "data", {"--auth", "trust"});
    CHECK(failure_of(trusting.connection()) == "");
}

TEST_CASE("--auth scram asks local clients too, and nobody gets in without a password set") {
    temporary_folder folder;
    phantomd_server server(folder / "data", {"--auth", "scram"});
    CHECK_THAT(failure_of(server.connection("dbname=postgres password=guess")),
               contains("password authentication failed"));
}

TEST_CASE("unknown roles and databases are named") {
    temporary_folder folder;
    phantomd_server server(folder / "data");
    CHECK_THAT(failure_of(server.connection("user=nobody dbname=postgres")),
               contains("role \"nobody\" does not exist"));
    CHECK_THAT(failure_of(server.connection("dbname=nowhere")), contains("database \"nowhere\" does not exist"));
    wire_client anonymous(server.port());
    anonymous.send(startup({{"database", "postgres"}}));
    CHECK(anonymous.next()->field('C') == "28000");
}

TEST_CASE("a SCRAM exchange that isn't one is refused") {
    temporary_folder folder;
    phantomd_server server(folder / "data", {"--auth", "scram"});
    auto const reply_to = [&](std::string const& response) {
        wire_client client(server.port());
        client.send(startup({{"user", "postgres"}}));
        CHECK(client.next()->body == big_endian(10, 4) + zero_ended("SCRAM-SHA-256") + '\0');
        client.send(response);
        auto const told = client.next();
        return told ? told->field('S') + " " + told->field('C') : "nothing";
    };
    CHECK(reply_to(message('p', zero_ended("PLAIN") + big_endian(3, 4) + "abc")) == "FATAL 08P01");
    CHECK(reply_to(message('p', zero_ended("SCRAM-SHA-256") + big_endian(3, 4) + "abc")) == "FATAL 08P01");
    CHECK(reply_to(message('p', zero_ended("pencil"))) == "FATAL 08P01");
    CHECK(reply_to(query("select 1")) == "FATAL 08P01");
    CHECK(reply_to("p" + big_endian(0x7fffffff, 4)) == "FATAL 08P01");
}

TEST_CASE("TLS is offered with a certificate") {
    temporary_folder folder;
    auto const made = run_program({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                                   "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"});
    if (made.status != 0) PHANTOMDB_SKIP("the openssl program is not installed");
    phantomd_server server(folder / "data",
                           {"--tls-cert", folder / "certificate.pem", "--tls-key", folder / "key.pem"});
    sql_client client(server.connection("dbname=postgres sslmode=require"));
    CHECK(PQsslInUse(client.handle()) == 1);
    CHECK(client.query("select 1").value() == "1");
    CHECK(client.query("select a from generate_series(1, 50000) as g(a)").rows.size() == 50000);
    CHECK(client.query("alter role postgres password 'pencil'").ok());
    CHECK(failure_of(server.connection("sslmode=require password=pencil")) == "");
    CHECK(failure_of(server.connection("sslmode=require password=pen")) != "");

    // What an attacker slips in before the handshake is not taken for the client's.
    wire_client attacked(server.port());
    attacked.send(big_endian(8, 4) + big_endian(80877103, 4) + startup({{"user", "postgres"}}));
    CHECK(attacked.next()->field('C') == "08P01");
}
