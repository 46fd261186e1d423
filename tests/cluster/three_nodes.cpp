/// @file Three real phantomd that keep one database: killed, paused, cut off, wiped, under clients whose histories are judged.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/real_cluster.hpp"
#include "cluster/recorder.hpp"
#include "support/catch.hpp"

using namespace phantomdb;
using namespace std::chrono_literals;

namespace {

/// A node that does not lead.
int follower(test::real_cluster& cluster) { return cluster.leader() % cluster.size() + 1; }

}  // namespace

TEST_CASE("what one node is told, all have") {
    test::real_cluster cluster(3);
    int const leader = cluster.leader();
    int const other = follower(cluster);
    REQUIRE(cluster.ask(leader, "create table t (a int primary key, b text); create index on t (b)")->ok());
    REQUIRE(cluster.ask(leader, "insert into t select g, 'row ' || g from generate_series(1, 1000) g")->ok());
    SECTION("followers read what was acknowledged before") {
        for (int i = 1; i <= 20; ++i) {
            REQUIRE(cluster.ask(leader, "update t set b = 'now " + std::to_string(i) + "' where a = 7")->ok());
            for (int node = 1; node <= 3; ++node)
                CHECK(cluster.ask(node, "select b from t where a = 7")->value() == "now " + std::to_string(i));
        }
    }
    SECTION("followers refuse writes, and say who takes them") {
        auto const refused = *cluster.ask(other, "insert into t values (5000, 'x')");
        CHECK(refused.sqlstate == "25006");
        CHECK(refused.hint.find("Node " + std::to_string(leader) + " leads: connect to 127.0.0.1:") == 0);
        CHECK(cluster.ask(other, "delete from t")->sqlstate == "25006");
        CHECK(cluster.ask(other, "create table u (a int)")->sqlstate == "25006");
        CHECK(cluster.ask(other, "select nextval('s')")->sqlstate == "42P01");
        CHECK(cluster.ask(other, "begin read write")->sqlstate == "0A000");
        CHECK(cluster.ask(other, "select pg_is_in_recovery()")->value() == "t");
        CHECK(cluster.ask(leader, "select count(*) from t")->value() == "1000");
    }
    SECTION("definitions follow at once") {
        REQUIRE(cluster.ask(leader, "alter table t add column c int default 3")->ok());
        CHECK(cluster.ask(other, "select sum(c) from t")->value() == "3000");
        REQUIRE(cluster.ask(leader, "drop table t")->ok());
        CHECK(cluster.ask(other, "select 1 from t")->sqlstate == "42P01");
    }
    SECTION("libpq finds the leader among several hosts") {
        std::string hosts = "host=", ports = " port=";
        for (int node = 1; node <= 3; ++node) {
            std::string const text = cluster.connection(node);
            hosts += (node > 1 ? ",127.0.0.1" : "127.0.0.1");
            ports += (node > 1 ? "," : "") + text.substr(text.rfind('=') + 1);
        }
        test::sql_client client(hosts + ports + " user=postgres dbname=postgres target_session_attrs=read-write");
        CHECK(client.query("insert into t values (0, '')").ok());
    }
}

TEST_CASE("numbers that are given out once are given out once, whoever leads") {
    test::real_cluster cluster(3);
    REQUIRE(cluster.on_leader("create table s (a bigserial, b int)").ok());  // numbered by a sequence, and by rows
    int inserted = 0;
    for (int change = 0; change < 3; ++change) {
        for (int i = 0; i < 5; ++i) inserted += cluster.on_leader("insert into s (b) values (1)").ok();
        int const leader = cluster.leader();
        CHECK(cluster.stop(leader, SIGKILL) == -SIGKILL);
        std::vector<int> rest;
        for (int node = 1; node <= 3; ++node) {
            if (node != leader) rest.push_back(node);
        }
        int const next = cluster.leader(rest);
        CHECK(cluster.ask(next, "insert into s (b) values (2)")->ok());
        ++inserted;
        cluster.start(leader);
    }
    CHECK(cluster.on_leader("select count(*) from s").value() == std::to_string(inserted));
    CHECK(cluster.on_leader("select count(distinct a) from s").value() == std::to_string(inserted));
}

TEST_CASE("registers stay linearizable while nodes are killed, paused and cut off") {
    test::real_cluster cluster(3, {}, test::best_network());
    REQUIRE(cluster.on_leader(test::register_recorder::schema).ok());
    std::vector<test::register_recorder> some;
    for (std::uint64_t client = 1; client <= 5; ++client) {
        auto servers = cluster.connections();
        std::rotate(servers.begin(), servers.begin() + static_cast<std::ptrdiff_t>(client % 3), servers.end());
        some.emplace_back(client, std::move(servers), 3);
    }
    test::recording<test::register_recorder> clients(std::move(some));
    REQUIRE(clients.goes_on(150));
    int leader = cluster.leader();
    cluster.stop(leader, SIGKILL);
    REQUIRE(clients.goes_on(150));
    cluster.start(leader);
    REQUIRE(clients.goes_on(100));

    leader = cluster.leader();
    cluster.pause(leader);  // it will come back and think that it leads
    std::this_thread::sleep_for(2s);
    cluster.go_on(leader);
    REQUIRE(clients.goes_on(150));

    leader = cluster.leader();
    cluster.isolate(leader, test::behaviour::stall);
    std::this_thread::sleep_for(2s);
    REQUIRE(clients.goes_on(100));
    cluster.heal();
    REQUIRE(clients.goes_on(150));

    leader = cluster.leader();
    for (int other = 1; other <= 3; ++other) {  // slow ways to one of the others
        if (other == leader) continue;
        cluster.slow(other, 40ms);
        break;
    }
    REQUIRE(clients.goes_on(150));
    cluster.heal();
    for (int node = 1; node <= 3; ++node) {  // one after the other, as for an upgrade
        CHECK(cluster.stop(node) == 0);
        cluster.start(node);
        REQUIRE(clients.goes_on(30));
    }

    clients.stop();
    auto const history = clients.history();
    auto const known =
        std::count_if(history.begin(), history.end(), [](auto const& o) { return o.result.has_value(); });
    CHECK(known > 300);
    auto const said = testing::check_linearizability(history);
    INFO(said.explanation);
    CHECK(said.outcome == testing::verdict::holds);
    // All have the same in the end.
    CHECK_FALSE(cluster.settled("select string_agg(k || '=' || v, ',' order by k) from registers").empty());
}

TEST_CASE("transactions stay strictly serializable while leaders go") {
    test::real_cluster cluster(3);
    REQUIRE(cluster.on_leader(test::list_recorder::schema).ok());
    std::vector<test::list_recorder> some;
    for (std::uint64_t client = 1; client <= 5; ++client)
        some.emplace_back(client, cluster.connections(), 4, "serializable");
    test::recording<test::list_recorder> clients(std::move(some));
    for (int kills = 0; kills < 2; ++kills) {
        REQUIRE(clients.goes_on(80));
        int const leader = cluster.leader();
        cluster.stop(leader, SIGKILL);
        REQUIRE(clients.goes_on(80));
        cluster.start(leader);
    }
    clients.stop();
    auto history = clients.history();
    testing::list_transaction all{99, {}, testing::fate::committed, test::recording_client::now(), 0};
    for (auto const& row : cluster.on_leader("select k, v from lists").rows)
        all.steps.push_back({*row[0], {}, test::list_recorder::read_list(*row[1])});
    all.returned = test::recording_client::now();
    history.push_back(all);
    auto const committed = std::count_if(history.begin(), history.end(),
                                         [](auto const& t) { return t.outcome == testing::fate::committed; });
    CHECK(committed > 50);
    auto const found = testing::check_list_append(history);
    INFO((found.empty() ? std::string() : found[0].explanation));
    CHECK(found.empty());
}

TEST_CASE("a minority takes no writes and serves no reads as fresh") {
    test::real_cluster cluster(3, {}, test::best_network());
    REQUIRE(cluster.on_leader("create table t (a int primary key)").ok());
    REQUIRE(cluster.on_leader("insert into t values (1)").ok());
    int const leader = cluster.leader();
    CHECK(cluster.settled("select count(*) from t") == "1");
    cluster.isolate(leader, test::behaviour::stall);
    int const next = cluster.leader({leader % 3 + 1, (leader + 1) % 3 + 1});
    REQUIRE(next != leader);
    REQUIRE(cluster.ask(next, "insert into t values (2)")->ok());
    auto const stale = *cluster.ask(leader, "set phantomdb.cluster_timeout = 300; select count(*) from t");
    CHECK(stale.sqlstate == "57P03");
    CHECK(cluster.ask(leader, "set phantomdb.read_consistency = 'local'; select count(*) from t")->value() == "1");
    // It may not have noticed yet that it leads no more; then nobody knows what will become of it.
    auto const refused = cluster.ask(leader, "insert into t values (3)").value();
    INFO(refused.sqlstate << " " << refused.message);
    CHECK((refused.sqlstate == "25006" || refused.sqlstate == "57P03" || refused.sqlstate == "08007"));
    cluster.heal();
    CHECK(cluster.settled("select string_agg(a::text, ',' order by a) from t") == "1,2");
}

TEST_CASE("a node far behind gets an image, and a restart of all loses nothing") {
    test::real_cluster cluster(3, {"--set", "max_wal_size=2MB", "--set", "wal_keep_size=1MB"});
    REQUIRE(cluster.on_leader("create table t (a int primary key, b text)").ok());
    int const away = follower(cluster);
    cluster.stop(away, SIGKILL);
    for (int i = 0; i < 12; ++i) {
        REQUIRE(cluster
                    .on_leader("insert into t select g + " + std::to_string(i * 1000) +
                               ", repeat('x', 1000) from generate_series(1, 1000) g")
                    .ok());
        REQUIRE(cluster.on_leader("checkpoint").ok());
    }
    cluster.start(away);
    std::string const sums = "select count(*) || ' ' || sum(a) || ' ' || sum(length(b)) from t";
    CHECK(cluster.settled(sums) == "12000 72006000 12000000");
    // Told once it is durable, which is after it can be seen.
    for (int patience = 0; patience < 500 && cluster.log(away).find("image installed") == std::string::npos; ++patience)
        std::this_thread::sleep_for(10ms);
    CHECK(cluster.log(away).find("image installed") != std::string::npos);
    REQUIRE(cluster.on_leader("insert into t values (0, 'after')").ok());
    for (int node = 1; node <= 3; ++node) CHECK(cluster.stop(node, SIGKILL) == -SIGKILL);
    cluster.start_all();
    CHECK(cluster.settled(sums) == "12001 72006000 12000005");
}

TEST_CASE("what became of a commit that was not answered can be asked") {
    test::real_cluster cluster(3);
    REQUIRE(cluster.on_leader("create table t (a bigint primary key)").ok());
    int committed = 0, aborted = 0, unanswered = 0;
    std::int64_t next = 0;
    for (int round = 0; round < 3; ++round) {
        int const leader = cluster.leader();
        // Several commit while their leader is killed.
        std::vector<std::thread> clients;
        std::mutex mutex;
        std::vector<std::pair<std::string, std::int64_t>> open;
        for (int client = 0; client < 6; ++client) {
            clients.emplace_back([&, first = next + client * 100'000] {
                try {
                    test::sql_client sql(cluster.connection(leader));
                    for (std::int64_t a = first;; ++a) {
                        sql.query("begin");
                        auto const id = sql.query("select phantom.transaction_id()");
                        sql.query("insert into t values (" + std::to_string(a) + ")");
                        auto const answer = sql.query("commit");
                        if (answer.ok() && answer.tag == "COMMIT") continue;
                        if (id.ok() && !answer.sqlstate.starts_with("40") && !answer.ok()) {
                            std::lock_guard const hold(mutex);
                            open.emplace_back(id.value(), a);
                        }
                        return;
                    }
                } catch (std::exception const&) {
                }
            });
        }
        next += 1'000'000;
        std::this_thread::sleep_for(300ms);
        cluster.stop(leader, SIGKILL);
        for (auto& client : clients) client.join();
        for (auto const& [id, a] : open) {
            ++unanswered;
            auto const status = cluster.on_leader("select phantom.transaction_status('" + id + "')");
            REQUIRE(status.ok());
            bool const there =
                cluster.on_leader("select count(*) from t where a = " + std::to_string(a)).value() == "1";
            CHECK(status.value() == (there ? "committed" : "aborted"));
            (there ? committed : aborted) += 1;
        }
        cluster.start(leader);
    }
    INFO(committed << " committed, " << aborted << " aborted");
    CHECK(unanswered > 0);
    // On a follower nobody can say; it tells who can.
    auto const elsewhere = *cluster.ask(follower(cluster), "select phantom.transaction_status(repeat('0', 32))");
    CHECK(elsewhere.sqlstate == "25006");
    CHECK(elsewhere.hint.find(" leads") != std::string::npos);
}

TEST_CASE("every node shows who is in the cluster") {
    test::real_cluster cluster(3);
    int const leader = cluster.leader();
    for (int node = 1; node <= 3; ++node) {
        auto const roles =
            *cluster.ask(node, "select string_agg(node || ' ' || role, ', ' order by node) from phantom.cluster");
        std::string expected;
        for (int other = 1; other <= 3; ++other)
            expected += (other > 1 ? ", " : "") + std::to_string(other) + (other == leader ? " leader" : " follower");
        CHECK(roles.value() == expected);
        CHECK(cluster.ask(node, "select node from phantom.cluster where self")->value() == std::to_string(node));
    }
    // The leader knows how far the others are, and who cannot be reached.
    REQUIRE(cluster.ask(leader, "create table t (a int)")->ok());
    int const gone = leader % 3 + 1;
    cluster.stop(gone, SIGKILL);
    REQUIRE(cluster.ask(leader, "insert into t select g from generate_series(1, 10) g")->ok());
    std::string reachable;
    for (int patience = 0; patience < 500 && reachable != "f"; ++patience) {
        reachable =
            cluster.ask(leader, "select reachable from phantom.cluster where node = " + std::to_string(gone))->value();
        std::this_thread::sleep_for(10ms);
    }
    CHECK(reachable == "f");
    CHECK(std::stoi(
              cluster.ask(leader, "select lag from phantom.cluster where node = " + std::to_string(gone))->value()) >
          0);
    // A node on its own still shows what it knows.
    cluster.stop(6 - leader - gone, SIGKILL);
    CHECK(cluster.ask(leader, "select count(*) from phantom.cluster")->value() == "3");
}

TEST_CASE("leadership is handed over when it is asked for") {
    test::real_cluster cluster(3);
    int const leader = cluster.leader(), wanted = leader % 3 + 1;
    REQUIRE(cluster.ask(leader, "select phantom.transfer_leadership(" + std::to_string(wanted) + ")")->ok());
    CHECK(cluster.leader({wanted}) == wanted);
}

TEST_CASE("a node joins with one address, another one is replaced, and data of before are not taken for new ones") {
    test::real_cluster cluster(3);
    REQUIRE(cluster.on_leader("create table t (a int primary key)").ok());
    REQUIRE(cluster.on_leader("insert into t select g from generate_series(1, 100) g").ok());
    cluster.join(4, 1 + cluster.leader() % 3);  // not the leader's address
    CHECK(cluster.settled("select count(*) from t") == "100");
    auto const role_of = [&](int node) {
        auto const answer = cluster.on_leader("select role from phantom.cluster where node = " + std::to_string(node));
        return answer.rows.empty() ? std::string("none") : answer.value();
    };
    for (int patience = 0; patience < 500 && role_of(4) != "follower"; ++patience) std::this_thread::sleep_for(10ms);
    CHECK(role_of(4) == "follower");

    // A disk is lost: under its old number the node would vote against what it has promised.
    int const lost = cluster.leader() % 3 + 1;
    cluster.stop(lost, SIGKILL);
    cluster.wipe(lost);
    cluster.launch_only(lost);
    for (int patience = 0; patience < 500 && cluster.log(lost).find("other data") == std::string::npos; ++patience)
        std::this_thread::sleep_for(10ms);
    CHECK(cluster.log(lost).find("other data") != std::string::npos);
    cluster.stop(lost, SIGKILL);
    REQUIRE(cluster.on_leader("select phantom.remove_node(" + std::to_string(lost) + ")").ok());
    for (int patience = 0; patience < 500 && role_of(lost) != "none"; ++patience) std::this_thread::sleep_for(10ms);
    CHECK(role_of(lost) == "none");
    cluster.forget(lost);
    cluster.join(5, 4);
    REQUIRE(cluster.on_leader("insert into t values (101)").ok());
    CHECK(cluster.settled("select count(*) from t") == "101");

    // They still know where the others are, who tell nobody their addresses.
    for (int node = 1; node <= 5; ++node) {
        if (cluster.has(node)) cluster.stop(node, SIGKILL);
    }
    cluster.start_all();
    REQUIRE(cluster.on_leader("insert into t values (102)").ok());
    CHECK(cluster.settled("select count(*) from t") == "102");
}

TEST_CASE("tools/cluster starts three nodes, says how to reach them, and ends with them") {
    test::temporary_folder folder;
    auto const three = [] {
        return std::to_string(test::free_port()) + "," + std::to_string(test::free_port()) + "," +
               std::to_string(test::free_port());
    };
    auto const said = [&](char const* file) {
        return std::filesystem::exists(folder / file) ? test::read_file(folder / file) : std::string();
    };
    std::string const ports = three();
    test::process_options options;
    options.output = folder / "said";
    options.errors = folder / "errors";
    options.environment = {"PHANTOMD=" + test::tool("phantomd")};
    test::process script(
        {PHANTOMDB_SOURCE_FOLDER "/tools/cluster", folder / "place", "--ports", ports, "--cluster-ports", three()},
        options);
    for (int patience = 0; patience < 3000 && said("said").find("phantom.cluster") == std::string::npos; ++patience) {
        INFO(said("errors"));
        REQUIRE(script.running());
        std::this_thread::sleep_for(10ms);
    }
    {
        test::sql_client client("host=127.0.0.1,127.0.0.1,127.0.0.1 port=" + ports +
                                " user=postgres target_session_attrs=read-write");
        CHECK(client.query("create table t (a int)").ok());
        CHECK(client.query("select count(*) from phantom.cluster").value() == "3");
    }
    script.kill(SIGTERM);
    CHECK(script.wait_for(20s) == 0);
    CHECK_THROWS(test::sql_client("host=127.0.0.1 user=postgres port=" + ports.substr(0, ports.find(','))));
}

TEST_CASE("five nodes go on without two of them") {
    test::real_cluster cluster(5);
    REQUIRE(cluster.on_leader("create table t (a int primary key)").ok());
    int const leader = cluster.leader(), other = leader % 5 + 1;
    cluster.stop(leader, SIGKILL);
    cluster.stop(other, SIGKILL);
    REQUIRE(cluster.on_leader("insert into t values (1)").ok());
    CHECK(cluster.settled("select count(*) from t") == "1");
    cluster.start(leader);
    cluster.start(other);
    CHECK(cluster.settled("select count(*) from t") == "1");
}

TEST_CASE("a node is told who it is in its configuration file, and its directory is nobody else's") {
    test::temporary_folder folder;
    std::string const data = folder / "data", address = "127.0.0.1:" + std::to_string(test::free_port());
    std::filesystem::create_directories(data);
    test::write_file(data + "/phantomdb.conf", "phantomdb.node_id = 7\nphantomdb.peers = '7=" + address + "'\n");
    {
        test::phantomd_server alone(data);
        test::sql_client client(alone.connection());
        CHECK(client.query("create table t (a int); insert into t values (1)").ok());
        CHECK(client.query("select node || ' ' || role from phantom.cluster").value() == "7 leader");
        CHECK(alone.stop() == 0);
    }
    std::filesystem::remove(data + "/phantomdb.conf");
    auto const refusal = [&](std::vector<std::string> const& more) {
        try {
            test::phantomd_server wrong(data, more);
            return std::string("started");
        } catch (std::runtime_error const& said) {
            return std::string(said.what());
        }
    };
    CHECK(refusal({}).find("belongs to a node of a cluster") != std::string::npos);
    CHECK(refusal({"--node-id", "8", "--peers", "8=" + address}).find("belongs to node 7") != std::string::npos);
    CHECK(refusal({"--node-id", "7", "--peers", "7=" + address, "--cluster-name", "other"}).find("belongs to node 7") !=
          std::string::npos);
    test::phantomd_server again(data, {"--node-id", "7", "--peers", "7=" + address});
    CHECK(test::sql_client(again.connection()).query("select count(*) from t").value() == "1");
}
