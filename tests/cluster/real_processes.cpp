/// @file Clients of a real phantomd that is killed amid their work: what they saw has to be linearizable, and strictly serializable.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "cluster/recorder.hpp"
#include "support/catch.hpp"
#include "support/phantomd.hpp"

using namespace phantomdb;
using namespace std::chrono_literals;

namespace {

struct server_at_a_port {
    test::temporary_folder folder;
    int port = test::free_port();
    std::unique_ptr<test::phantomd_server> server;

    explicit server_at_a_port(char const* schema) {
        start();
        REQUIRE(test::sql_client(server->connection()).query(schema).ok());
    }
    void start() {
        server = std::make_unique<test::phantomd_server>(folder / "data", std::vector<std::string>{},
                                                         "127.0.0.1:" + std::to_string(port));
    }
    void kill() { CHECK(server->stop(SIGKILL) == -SIGKILL); }
    std::vector<std::string> addresses() const {
        return {"host=127.0.0.1 user=postgres dbname=postgres port=" + std::to_string(port)};
    }
};

}  // namespace

TEST_CASE("registers stay linearizable while the server is killed") {
    server_at_a_port place(test::register_recorder::schema);
    std::vector<test::register_recorder> some;
    for (std::uint64_t client = 1; client <= 5; ++client) some.emplace_back(client, place.addresses(), 3);
    test::recording<test::register_recorder> clients(std::move(some));
    for (int kills = 0; kills < 3; ++kills) {
        REQUIRE(clients.goes_on(150));
        place.kill();
        place.start();
    }
    REQUIRE(clients.goes_on(150));
    clients.stop();
    auto const history = clients.history();
    auto const known =
        std::count_if(history.begin(), history.end(), [](auto const& o) { return o.result.has_value(); });
    CHECK(known > 300);
    auto const said = testing::check_linearizability(history);
    INFO(said.explanation);
    CHECK(said.outcome == testing::verdict::holds);

    // Had one answer been another, it would have been noticed.
    auto wrong = history;
    auto const read = std::find_if(wrong.begin(), wrong.end(), [](auto const& o) {
        return o.result && o.result->read && o.call.kind == testing::register_model::kind::read;
    });
    REQUIRE(read != wrong.end());
    read->result->read = -1;
    CHECK(testing::check_linearizability(wrong).outcome == testing::verdict::violated);
}

TEST_CASE("transactions stay strictly serializable while the server is killed") {
    server_at_a_port place(test::list_recorder::schema);
    std::vector<test::list_recorder> some;
    for (std::uint64_t client = 1; client <= 5; ++client)
        some.emplace_back(client, place.addresses(), 4, "serializable");
    test::recording<test::list_recorder> clients(std::move(some));
    for (int kills = 0; kills < 2; ++kills) {
        REQUIRE(clients.goes_on(80));
        place.kill();
        place.start();
    }
    REQUIRE(clients.goes_on(80));
    clients.stop();
    auto history = clients.history();
    // One more reads everything: nothing that was acknowledged may be missing.
    test::sql_client last(place.server->connection());
    testing::list_transaction all{99, {}, testing::fate::committed, test::recording_client::now(), 0};
    for (auto const& row : last.query("select k, v from lists").rows) {
        all.steps.push_back({*row[0], {}, test::list_recorder::read_list(*row[1])});
    }
    all.returned = test::recording_client::now();
    history.push_back(all);
    auto const committed = std::count_if(history.begin(), history.end(),
                                         [](auto const& t) { return t.outcome == testing::fate::committed; });
    CHECK(committed > 50);
    auto const found = testing::check_list_append(history);
    INFO((found.empty() ? std::string() : found[0].explanation));
    CHECK(found.empty());

    // Had the last append been lost, it would have been noticed.
    REQUIRE_FALSE(all.steps.empty());
    history.back().steps[0].read->pop_back();
    CHECK_FALSE(testing::check_list_append(history).empty());
}

TEST_CASE("errors are told apart by what they leave open") {
    for (auto const* open : {"", "08006", "57P01", "58030", "XX000", "40003", "53100", "57014"})
        CHECK(test::leaves_open(open));
    for (auto const* closed : {"40001", "40P01", "25006", "23505", "42P01"}) CHECK_FALSE(test::leaves_open(closed));
}
