/// @file Backup and restore with real processes: consistent under load, complete, and refused where damaged.
#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace phantomdb::test;
using namespace std::chrono_literals;

namespace {

constexpr int accounts = 50, start = 1000, clients = 3;

program_result phantomd(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), tool("phantomd"));
    return run_program(std::move(arguments));
}

std::vector<std::string> names_in(std::string const& directory) {
    std::vector<std::string> names;
    for (auto const& entry : std::filesystem::directory_iterator(directory)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

void must(sql_client& client, std::string const& text) {
    auto const done = client.query(text);
    INFO(text << ": " << done.sqlstate << " " << done.message);
    REQUIRE(done.ok());
}

std::string one(sql_client& client, std::string const& text) {
    auto const answer = client.query(text);
    INFO(text << ": " << answer.sqlstate << " " << answer.message);
    REQUIRE(answer.rows.size() == 1);
    return answer.rows[0][0].value_or("null");
}

/// Moves money from one account to another, and notes both halves in the ledger, until told to stop.
void transfer(std::string const& connection, unsigned seed, std::atomic<bool> const& stop, std::atomic<int>& done) {
    sql_client client(connection);
    std::mt19937 random(seed);
    while (!stop) {
        auto const from = std::to_string(random() % accounts), to = std::to_string(random() % accounts);
        auto const amount = std::to_string(random() % 100);
        auto const moved = client.query("begin; update account set balance = balance - " + amount +
                                        " where id = " + from + "; update account set balance = balance + " + amount +
                                        " where id = " + to + "; insert into ledger(account, amount) values (" + from +
                                        ", -" + amount + "), (" + to + ", " + amount + "); commit");
        if (moved.ok()) ++done;
        else client.query("rollback");
    }
}

}  // namespace

TEST_CASE("a backup under load is one state of the database") {
    temporary_folder folder;
    std::vector<int> before;  // transfers acknowledged before each backup
    {
        phantomd_server server(folder / "data");
        sql_client client(server.connection());
        must(client,
             "create table account(id int primary key, balance int);"
             "create table ledger(n serial primary key, account int references account, amount int) using lsm;"
             "create index ledger_account on ledger using hash (account);"
             "insert into account select i, " +
                 std::to_string(start) + " from generate_series(0, " + std::to_string(accounts - 1) + ") as s(i)");
        std::atomic<bool> stop{false};
        std::atomic<int> done{0};
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < clients; ++i)
            threads.emplace_back([&, i] { transfer(server.connection(), i, stop, done); });
        std::vector<sql_result> answers;
        for (int i = 0; i < 3; ++i) {
            for (int const enough = done + 30; done < enough;) std::this_thread::sleep_for(1ms);
            before.push_back(done);
            answers.push_back(
                client.query("select phantomdb_backup('" + folder / ("backup" + std::to_string(i)) + "')"));
        }
        stop = true;
        for (auto& thread : threads) thread.join();
        for (int i = 0; i < 3; ++i) {
            auto const& answer = answers[static_cast<std::size_t>(i)];
            INFO(answer.sqlstate << " " << answer.message);
            REQUIRE(answer.ok());
            CHECK(answer.rows.at(0).at(0) ==
                  std::to_string(std::filesystem::file_size(folder / ("backup" + std::to_string(i)))));
        }
        REQUIRE(server.stop() == 0);
    }
    for (int i = 0; i < 3; ++i) {
        std::string const number = std::to_string(i), restored = folder / ("restored" + number);
        auto const done = phantomd({"--restore", folder / ("backup" + number), "--data", restored});
        INFO(done.errors);
        REQUIRE(done.status == 0);
        CHECK_THAT(done.errors, contains("restored and verified"));
        auto const checked = phantomd({"--check", restored});
        INFO(checked.output);
        CHECK(checked.status == 0);
        phantomd_server server(restored);
        sql_client client(server.connection());
        CHECK(one(client, "select sum(balance) from account") == std::to_string(accounts * start));
        CHECK(one(client, "select count(*) from account a where balance <> " + std::to_string(start) +
                              " + coalesce((select sum(amount) from ledger l where l.account = a.id), 0)") == "0");
        int const rows = std::stoi(one(client, "select count(*) from ledger"));
        CHECK(rows % 2 == 0);
        CHECK(rows / 2 >= before[static_cast<std::size_t>(i)]);
        // It goes on from there, and sequences do not repeat.
        must(client, "insert into ledger(account, amount) values (1, 0)");
        CHECK(one(client, "select count(*) from ledger where n = (select max(n) from ledger)") == "1");
        CHECK(server.stop() == 0);
        phantomd_server again(restored);
        sql_client reader(again.connection());
        CHECK(one(reader, "select count(*) from ledger") == std::to_string(rows + 1));
    }
}

TEST_CASE("backup and restore of a directory nobody has open") {
    temporary_folder folder;
    std::string const data = folder / "data", backup = folder / "backup", restored = folder / "restored";
    {
        phantomd_server server(data);
        sql_client client(server.connection());
        must(client,
             "create table t(a int primary key, b text); insert into t values (1, 'one'), (2, 'two');"
             "create view v as select b from t; create role reader login");
        auto const open = phantomd({"--backup", backup, "--data", data});
        CHECK(open.status == 1);
        CHECK_THAT(open.errors, contains("phantomdb_backup"));
        CHECK_FALSE(std::filesystem::exists(backup));
    }
    auto const written = phantomd({"--backup", backup, "--data", data});
    INFO(written.errors);
    REQUIRE(written.status == 0);
    CHECK_THAT(written.errors, contains("writing: "));
    CHECK_THAT(written.errors, contains("backup written and verified"));
    auto const twice = phantomd({"--backup", backup, "--data", data});
    CHECK(twice.status == 1);
    CHECK_THAT(twice.errors, contains("already exists"));
    CHECK(phantomd({"--backup", folder / "no", "--data", folder / "nothing"}).status == 1);
    CHECK_FALSE(std::filesystem::exists(folder / "nothing"));

    auto const over = phantomd({"--restore", backup, "--data", data});
    CHECK(over.status == 1);
    CHECK_THAT(over.errors, contains("is not empty"));
    std::filesystem::create_directory(restored);  // an empty one may be there
    REQUIRE(phantomd({"--restore", backup, "--data", restored + "/"}).status == 0);
    CHECK(names_in(folder.path().string()) == std::vector<std::string>{"backup", "data", "restored"});
    phantomd_server server(restored);
    sql_client client(server.connection());
    CHECK(one(client, "select string_agg(b, ',' order by b) from v") == "one,two");
    CHECK(one(client, "select count(*) from pg_roles where rolname = 'reader'") == "1");
    // The log goes on behind the backup: what is written survives a crash.
    must(client, "insert into t values (3, 'three')");
    server.stop(SIGKILL);
    phantomd_server again(restored);
    sql_client reader(again.connection());
    CHECK(one(reader, "select count(*) from t") == "3");
    // And a backup of what was restored is one again.
    CHECK(reader.query("select phantomdb_backup('" + folder / "second" + "')").ok());
    CHECK(phantomd({"--restore", folder / "second", "--data", folder / "third"}).status == 0);
}

TEST_CASE("a damaged backup is refused, and nothing is left of it") {
    temporary_folder folder;
    {
        phantomd_server server(folder / "data");
        sql_client client(server.connection());
        must(client,
             "create table t(a int primary key, b text);"
             "insert into t select i, repeat('text', i % 50) from generate_series(1, 3000) as s(i)");
        must(client, "select phantomdb_backup('" + folder / "backup" + "')");
    }
    std::string const whole = read_file(folder / "backup");
    std::string flipped = whole;
    flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 1);
    for (std::string const& damaged : {flipped, whole.substr(0, whole.size() - 1), whole.substr(0, whole.size() / 2),
                                       whole + "x", std::string("no backup at all"), std::string()}) {
        write_file(folder / "damaged", damaged);
        auto const refused = phantomd({"--restore", folder / "damaged", "--data", folder / "restored"});
        INFO(refused.errors);
        CHECK(refused.status == 1);
        CHECK_THAT(refused.errors, contains("damaged"));
        CHECK(names_in(folder.path().string()) == std::vector<std::string>{"backup", "damaged", "data"});
    }
    auto const missing = phantomd({"--restore", folder / "missing", "--data", folder / "restored"});
    CHECK(missing.status == 1);
    CHECK_THAT(missing.errors, contains("missing"));
    // What a killed restore has left is no obstacle.
    std::filesystem::create_directories(folder / "restored.restoring/store/btree");
    write_file(folder / "restored.restoring/store/btree/junk", "junk");
    CHECK(phantomd({"--restore", folder / "backup", "--data", folder / "restored"}).status == 0);
    CHECK(phantomd({"--check", folder / "restored"}).status == 0);
}

TEST_CASE("who may write a backup, and where to") {
    temporary_folder folder;
    phantomd_server server(folder / "data");
    sql_client client(server.connection());
    must(client, "create role plain login");
    CHECK(client.query("select phantomdb_backup('relative/path')").sqlstate == "42602");
    write_file(folder / "there", "something");
    auto const exists = client.query("select phantomdb_backup('" + folder / "there" + "')");
    CHECK(exists.sqlstate == "58P02");
    CHECK(read_file(folder / "there") == "something");
    CHECK(client.query("select phantomdb_backup('" + folder / "no/such/folder" + "')").sqlstate == "58030");
    CHECK(client.query("select phantomdb_check()").sqlstate == "0A000");
    sql_client plain("host=127.0.0.1 user=plain dbname=postgres port=" + std::to_string(server.port()));
    CHECK(plain.query("select phantomdb_backup('" + folder / "other" + "')").sqlstate == "42501");
    CHECK(plain.query("select * from phantomdb_check()").sqlstate == "42501");
    CHECK(names_in(folder.path().string()) == std::vector<std::string>{"data", "there"});
}
