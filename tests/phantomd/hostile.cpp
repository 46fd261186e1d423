/// @file Clients that send nonsense, stop in the middle or take no interest: the server goes on for everybody else.
#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"
#include "wire_client.hpp"

#include <random>

using namespace phantomdb::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
    temporary_folder folder;
    phantomd_server server{folder / "data", {"--login-timeout", "1", "--max-connections", "5"}};

    bool alive() { return sql_client(server.connection()).query("select 1").ok(); }
};

}  // namespace

TEST_CASE_METHOD(fixture, "garbage before and after start-up ends that connection only") {
    std::mt19937 random(7);
    for (int round = 0; round < 100; ++round) {
        wire_client client(server.port());
        if (round % 2) client.start();
        std::string garbage(random() % 300, '\0');
        for (char& byte : garbage) byte = static_cast<char>(random());
        client.send(garbage);
        client.finish_sending();
        client.until('\0');
        REQUIRE(client.at_end());
    }
    wire_client http(server.port());
    http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    auto const refused = http.next();
    REQUIRE(refused);
    CHECK(refused->field('C') == "08P01");
    CHECK(http.at_end());
    CHECK(alive());
}

TEST_CASE_METHOD(fixture, "a broken stream of messages is told so and ended") {
    wire_client client(server.port());
    client.start();
    client.send("z" + big_endian(4, 4));
    auto const told = client.next();
    REQUIRE(told);
    CHECK(told->type == 'E');
    CHECK(told->field('S') == "FATAL");
    CHECK(told->field('M') == "invalid frontend message type 122");
    CHECK(client.at_end());
    wire_client giant(server.port());
    giant.start();
    giant.send("Q" + big_endian(0x7fffffff, 4) + "select");
    CHECK(giant.next()->field('M') == "invalid message length");
    CHECK(alive());
}

TEST_CASE_METHOD(fixture, "a body that isn't what its type says is an error one can go on from") {
    wire_client client(server.port());
    client.start();
    client.send(message('P', "no end") + sync_point() + message('B', zero_ended("")) + sync_point() +
                query("select 1"));
    CHECK(types_of(client.until('Z')) == "EZ");
    auto const second = client.until('Z');
    CHECK(types_of(second) == "EZ");
    CHECK(second[0].field('C') == "08P01");
    CHECK(types_of(client.until('Z')) == "TDCZ");
    client.send(message('F', "whatever") + message('d', "stray") + message('c', "") + query("select 2"));
    CHECK(types_of(client.until('Z')) == "EZ");
    CHECK(types_of(client.until('Z')) == "TDCZ");
}

TEST_CASE_METHOD(fixture, "Flush sends what there is, Sync isn't needed for it") {
    wire_client client(server.port());
    client.start();
    client.send(parse("s", "select $1::int4 as n") + describe('S', "s") + flush());
    std::string types;
    for (int i = 0; i < 3; ++i) types += client.next()->type;
    CHECK(types == "1tT");
    client.send(bind("", "s", {"3"}) + execute("") + sync_point());
    CHECK(types_of(client.until('Z')) == "2DCZ");
}

TEST_CASE_METHOD(fixture, "messages may come byte by byte") {
    wire_client client(server.port());
    for (char const byte : startup({{"user", "postgres"}})) client.send(std::string(1, byte));
    CHECK(types_of(client.until('Z')).substr(0, 2) == "RS");
    for (char const byte : query("select 42")) client.send(std::string(1, byte));
    CHECK(types_of(client.until('Z')) == "TDCZ");
}

TEST_CASE_METHOD(fixture, "newer protocols are negotiated down, encryption without a certificate is declined") {
    wire_client client(server.port());
    client.send(big_endian(8, 4) + big_endian(80877103, 4));
    CHECK(client.next_byte() == 'N');
    client.send(big_endian(8, 4) + big_endian(80877104, 4));
    CHECK(client.next_byte() == 'N');
    client.send(startup({{"user", "postgres"}, {"_pq_.shine", "1"}}, 2));
    auto const replies = client.until('Z');
    REQUIRE(replies.size() > 3);
    CHECK(replies[0].type == 'v');
    CHECK(replies[0].body == big_endian(0, 4) + big_endian(1, 4) + zero_ended("_pq_.shine"));

    wire_client old(server.port());
    old.send(big_endian(8, 4) + big_endian(2u << 16, 4));
    CHECK(old.next()->field('C') == "0A000");
}

TEST_CASE_METHOD(fixture, "who doesn't log in within the time is shown out") {
    wire_client silent(server.port()), half(server.port());
    half.send(startup({{"user", "postgres"}}).substr(0, 10));
    CHECK(silent.at_end(5s));
    CHECK(half.at_end(5s));
    wire_client logged_in(server.port());
    logged_in.start();
    std::this_thread::sleep_for(2500ms);
    logged_in.send(query("select 1"));
    CHECK(types_of(logged_in.until('Z')) == "TDCZ");
}

TEST_CASE_METHOD(fixture, "beyond max_connections clients are refused with words, and admitted again later") {
    std::vector<std::unique_ptr<wire_client>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(std::make_unique<wire_client>(server.port()));
        CHECK(clients.back()->start().back().type == 'Z');
    }
    wire_client surplus(server.port());
    auto const refused = surplus.start();
    REQUIRE_FALSE(refused.empty());
    CHECK(refused.back().field('C') == "53300");
    CHECK(refused.back().field('M') == "sorry, too many clients already");
    clients.clear();
    bool admitted = false;
    for (int attempt = 0; attempt < 100 && !admitted; ++attempt) {
        std::this_thread::sleep_for(20ms);
        auto const replies = wire_client(server.port()).start();
        admitted = !replies.empty() && replies.back().type == 'Z';
    }
    CHECK(admitted);
}

TEST_CASE_METHOD(fixture, "a cancel request with the wrong key does nothing") {
    wire_client client(server.port());
    auto const started = client.start();
    std::string key;
    for (auto const& each : started) {
        if (each.type == 'K') key = each.body;
    }
    REQUIRE(key.size() == 8);
    key[7] = static_cast<char>(key[7] ^ 1);
    client.send(query("select count(*) from generate_series(1, 3000000) as g(a)"));
    wire_client other(server.port());
    other.send(big_endian(16, 4) + big_endian(80877102, 4) + key);
    CHECK(other.at_end());
    CHECK(types_of(client.until('Z')) == "TDCZ");
}

TEST_CASE_METHOD(fixture, "a transaction whose client vanishes is rolled back and its locks freed") {
    sql_client keeper(server.connection());
    keeper.query("create table owned(id int primary key); insert into owned values (1)");
    {
        wire_client vanishing(server.port());
        vanishing.start();
        vanishing.send(query("begin; update owned set id = 2"));
        CHECK(types_of(vanishing.until('Z')) == "CCZ");
    }
    CHECK(keeper.query("update owned set id = 3").tag == "UPDATE 1");
    CHECK(keeper.query("select id from owned").value() == "3");
}
