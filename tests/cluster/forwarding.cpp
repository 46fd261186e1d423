/// @file Nodes that pass their clients on to the one that leads, and nodes that know each other by certificates: real processes.
#include <phantomdb/server/forwarding.hpp>

#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cluster/certificates.hpp"
#include "cluster/real_cluster.hpp"
#include "support/catch.hpp"

using namespace phantomdb;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> const forwarding{"--set", "phantomdb.on_follower=forward"};

int other_than(test::real_cluster const& cluster, int node) { return node % cluster.size() + 1; }

/// What a follower is; `cluster.leader` cannot tell where everything is passed on.
int leader_of(test::real_cluster& cluster) {
    for (int patience = 0; patience < 1000; ++patience) {
        for (int node = 1; node <= cluster.size(); ++node) {
            if (!cluster.runs(node)) continue;
            auto const answer = cluster.ask(node, "select node from phantom.cluster where role = 'leader'");
            if (answer && answer->ok() && !answer->rows.empty()) return std::stoi(answer->value());
        }
        std::this_thread::sleep_for(10ms);
    }
    throw std::runtime_error("nobody leads");
}

std::string here(test::real_cluster const& cluster, int node) {
    return cluster.connection(node) + " options='-c phantomdb.on_follower=redirect'";
}

}  // namespace

TEST_CASE("the messages of a server are followed however their bytes come") {
    std::string const bytes = std::string("R\0\0\0\10\0\0\0\0", 9) + std::string("K\0\0\0\14\0\0\0\7\0\0\1\0", 13) +
                              std::string("n\0\0\0\4", 5) + std::string("Z\0\0\0\5T", 6) + std::string("Z\0\0\0\5I", 6);
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        server::backend_stream said;
        CHECK(said.at_boundary());
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            said.take(std::string_view(bytes).substr(at, step));
            if (at + step < bytes.size()) CHECK(!said.idle());
        }
        CHECK(said.at_boundary());
        CHECK(said.idle());
        CHECK(said.cancel_key() == std::pair<std::int32_t, std::int32_t>(7, 256));
        said.asked();
        CHECK(!said.idle());
        said.take(std::string_view(bytes).substr(0, 3));
        CHECK(!said.at_boundary());
    }
    server::backend_stream broken;
    CHECK_THROWS_AS(broken.take(std::string_view("Z\0\0\0\3I", 6)), error);
}

TEST_CASE("clients of any node work on the one that leads, where they are passed on") {
    test::real_cluster cluster(3, forwarding);
    int const leader = leader_of(cluster), other = other_than(cluster, leader);
    REQUIRE(cluster.ask(other, "create table t (a int primary key, b text)")->ok());

    SECTION("statements, large values both ways, transactions") {
        test::sql_client client(cluster.connection(other));
        CHECK(client.query("show in_hot_standby").value() == "off");
        std::string const large(3'000'000, 'x');
        REQUIRE(client.query("insert into t values ($1, $2)", {"1", large}).ok());
        CHECK(client.query("select b from t where a = $1", {"1"}).value() == large);
        CHECK(client.query("select g from generate_series(1, 100000) g").rows.size() == 100000);
        CHECK(client.query("begin").ok());
        CHECK(client.query("insert into t values (2, 'two')").ok());
        CHECK(client.query("selec").sqlstate == "42601");
        CHECK(client.query("select 1").sqlstate == "25P02");
        CHECK(client.query("rollback").tag == "ROLLBACK");
        CHECK(client.query("select count(*) from t").value() == "1");
        std::string lines;
        for (int i = 10; i < 20010; ++i) lines += std::to_string(i) + '\t' + std::string(100, 'y') + '\n';
        std::unique_ptr<PGresult, void (*)(PGresult*)> const begun(PQexec(client.handle(), "copy t from stdin"),
                                                                   PQclear);
        REQUIRE(PQresultStatus(begun.get()) == PGRES_COPY_IN);
        REQUIRE(PQputCopyData(client.handle(), lines.data(), static_cast<int>(lines.size())) == 1);
        REQUIRE(PQputCopyEnd(client.handle(), nullptr) == 1);
        while (PGresult* result = PQgetResult(client.handle())) PQclear(result);
        CHECK(client.query("select count(*) from t").value() == "20001");
        CHECK(cluster.settled("select count(*)::text from t") == "20001");
    }
    SECTION("a running statement is cancelled") {
        test::sql_client client(cluster.connection(other));
        std::unique_ptr<PGcancel, void (*)(PGcancel*)> const cancel(PQgetCancel(client.handle()), PQfreeCancel);
        REQUIRE(PQsendQuery(client.handle(), "select pg_sleep(60)") == 1);
        std::this_thread::sleep_for(100ms);
        char message[256];
        REQUIRE(PQcancel(cancel.get(), message, sizeof message) == 1);
        std::unique_ptr<PGresult, void (*)(PGresult*)> const result(PQgetResult(client.handle()), PQclear);
        CHECK(PQresultErrorField(result.get(), PG_DIAG_SQLSTATE) == std::string("57014"));
    }
    SECTION("who wants to be on a follower stays there") {
        test::sql_client told(here(cluster, other));
        CHECK(told.query("show in_hot_standby").value() == "on");
        CHECK(told.query("insert into t values (1, 'x')").sqlstate == "25006");
        test::sql_client local(cluster.connection(other) + " options='-c phantomdb.read_consistency=local'");
        CHECK(local.query("show in_hot_standby").value() == "on");
    }
    SECTION("passwords are asked for and judged") {
        REQUIRE(cluster.ask(other, "alter role postgres password 'pencil'")->ok());
        CHECK(test::sql_client(cluster.connection(other) + " password=pencil").query("select 1").ok());
        CHECK_THROWS_WITH(test::sql_client(cluster.connection(other) + " password=pen"),
                          test::contains("password authentication failed"));
    }
    SECTION("who is idle is told when another node leads, and finds it by connecting again") {
        test::sql_client client(cluster.connection(other));
        REQUIRE(client.query("insert into t values (1, 'x')").ok());
        int const next = other_than(cluster, other) == leader ? other : other_than(cluster, other);
        REQUIRE(cluster.ask(leader, "select phantom.transfer_leadership(" + std::to_string(next) + ")")->ok());
        for (int patience = 0; patience < 1000 && leader_of(cluster) != next; ++patience)
            std::this_thread::sleep_for(10ms);
        if (next != leader) {
            std::string state;
            for (int patience = 0; patience < 1000 && state.empty(); ++patience) {
                std::this_thread::sleep_for(10ms);
                state = client.query("select 1").sqlstate;
            }
            CHECK((state == "57P01" || state == "08006"));
        }
        CHECK(cluster.ask(other, "insert into t values (2, 'y')")->ok());
        CHECK(cluster.ask(leader, "select count(*) from t")->value() == "2");
    }
    SECTION("a new connection waits for the next leader") {
        test::sql_client client(cluster.connection(other));
        REQUIRE(client.query("insert into t values (1, 'x')").ok());
        cluster.stop(leader, SIGKILL);
        CHECK(client.query("insert into t values (2, 'y')").sqlstate == "08006");
        test::sql_client again(cluster.connection(other));
        auto const done = again.query("insert into t values (3, 'z')");
        CHECK(done.message == "");
        CHECK(again.query("select count(*) from t where a <> 2").value() == "2");
    }
    SECTION("a node that stops says so to those it passes on") {
        test::sql_client client(cluster.connection(other));
        REQUIRE(client.query("select 1").ok());
        CHECK(cluster.stop(other) == 0);
        char bytes[1024];  // libpq has no ear for what comes while it asks nothing
        auto const got = ::recv(PQsocket(client.handle()), bytes, sizeof bytes, 0);
        REQUIRE(got > 0);
        CHECK_THAT(std::string(bytes, static_cast<std::size_t>(got)), test::contains("57P01"));
    }
    SECTION("where nobody leads, that is said in time") {
        for (int node = 1; node <= 3; ++node) {
            if (node != other) cluster.stop(node, SIGKILL);
        }
        CHECK_THROWS_WITH(test::sql_client(cluster.connection(other) + " options='-c phantomdb.on_follower=forward'"),
                          test::contains("cannot be reached from this one"));
        CHECK(test::sql_client(cluster.connection(other) + " options='-c phantomdb.read_consistency=local'")
                  .query("select count(*) from t")
                  .value() == "0");
    }
}

TEST_CASE("between nodes with certificates all goes encrypted, and a stranger is not let in") {
    test::authority authority, stranger;
    for (int node = 1; node <= 3; ++node) {
        std::string const name = "node-" + std::to_string(node);
        authority.sign(name, name, name);
        stranger.sign(name, name, name);
    }
    auto const files = [&](test::authority const& of) {
        return std::vector<std::string>{"--cluster-tls-ca",
                                        of.path(),
                                        "--cluster-tls-cert",
                                        of.certificate("node-%n"),
                                        "--cluster-tls-key",
                                        of.key("node-%n"),
                                        "--tls-cert",
                                        of.certificate("node-%n"),
                                        "--tls-key",
                                        of.key("node-%n"),
                                        "--set",
                                        "phantomdb.on_follower=forward"};
    };
    test::real_cluster cluster(3, files(authority));
    int const leader = leader_of(cluster), other = other_than(cluster, leader);
    test::sql_client client(cluster.connection(other) + " sslmode=require");
    CHECK(PQsslInUse(client.handle()) == 1);
    REQUIRE(client.query("create table t (a int primary key, b text)").ok());
    std::string const large(3'000'000, 'x');
    REQUIRE(client.query("insert into t values (1, $1)", {large}).ok());
    CHECK(client.query("select b from t").value() == large);
    CHECK(cluster.settled("select length(b)::text from t") == "3000000");

    // Certificates of another authority: the others go on, that node is out of it.
    cluster.stop(other);
    cluster.launch_only(other, files(stranger));
    std::this_thread::sleep_for(1s);
    CHECK(cluster.log(other).find("TLS failed") != std::string::npos);
    int const third = 6 - leader - other;
    CHECK(cluster.ask(third, "insert into t values (2, 'y')")->ok());
    CHECK(cluster.ask(third, "select reachable from phantom.cluster where node = " + std::to_string(other))->value() ==
          "f");
}
