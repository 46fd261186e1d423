/// @file kill -9 under concurrent inserts: what was acknowledged is there afterwards, and nothing nobody sent.
#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

using namespace phantomdb::test;
using namespace std::chrono_literals;

namespace {

constexpr int kills = 20, writers = 4;

/// What one writer knows of its rows: their numbers are tried once each, in order.
struct writer_record {
    long sent = 0;
    std::set<long> acknowledged;
};

/// Inserts rows, one transaction over two tables each, until the server dies.
void insert_until_killed(std::string const& connection, int writer, writer_record& record,
                         std::atomic<long>& confirmed) {
    try {
        sql_client client(connection);
        for (;;) {
            std::string const row = std::to_string(writer) + ", " + std::to_string(++record.sent);
            auto const done = client.query("begin; insert into entry values (" + row + ", 'left'), (" + row +
                                           ", 'right'); insert into total values (" + row + "); commit");
            if (!done.ok()) return;
            record.acknowledged.insert(record.sent);
            ++confirmed;
        }
    } catch (std::runtime_error const&) {
        // killed while connecting
    }
}

}  // namespace

TEST_CASE("every acknowledged row survives kill -9, and no transaction survives in part") {
    temporary_folder folder;
    {
        phantomd_server server(folder / "data");
        sql_client client(server.connection());
        REQUIRE(client
                    .query("create table entry(writer int, n bigint, side text, primary key (writer, n, side));"
                           "create table total(writer int, n bigint, primary key (writer, n))")
                    .ok());
    }
    std::mt19937 random(42);
    std::map<int, writer_record> records;
    std::atomic<long> confirmed{0};
    for (int writer = 0; writer < writers; ++writer) records[writer];
    for (int round = 0; round < kills; ++round) {
        phantomd_server server(folder / "data");
        std::vector<std::thread> threads;
        for (int writer = 0; writer < writers; ++writer) {
            threads.emplace_back(
                [&, writer] { insert_until_killed(server.connection(), writer, records.at(writer), confirmed); });
        }
        long const enough = confirmed + 1 + static_cast<long>(random() % 60);
        for (int waited = 0; confirmed < enough && waited < 1000; ++waited) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 5000));
        server.stop(SIGKILL);
        for (auto& thread : threads) thread.join();

        phantomd_server restarted(folder / "data");
        sql_client client(restarted.connection());
        for (int writer = 0; writer < writers; ++writer) {
            auto const& record = records.at(writer);
            INFO("round " << round << ", writer " << writer << ", " << record.sent << " tried");
            std::string const mine = " where writer = " + std::to_string(writer);
            auto const numbers = client.query("select n from total" + mine);
            REQUIRE(numbers.ok());
            std::set<long> present;
            for (auto const& row : numbers.rows) present.insert(std::stol(*row[0]));
            CHECK(
                std::includes(present.begin(), present.end(), record.acknowledged.begin(), record.acknowledged.end()));
            // Beyond those there may be the one that was on its way at each kill.
            CHECK(present.size() <= record.acknowledged.size() + static_cast<std::size_t>(round) + 1);
            CHECK((present.empty() || (*present.begin() > 0 && *present.rbegin() <= record.sent)));
            auto const sides = client.query("select count(*), count(distinct n) from entry" + mine);
            CHECK(sides.rows.at(0).at(0) == std::to_string(2 * present.size()));
            CHECK(sides.rows.at(0).at(1) == std::to_string(present.size()));
        }
        REQUIRE(restarted.stop(round % 2 ? SIGKILL : SIGTERM) == (round % 2 ? -SIGKILL : 0));
    }
    CHECK(confirmed > kills);  // or it tried nothing
}
