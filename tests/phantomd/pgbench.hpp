/// @file Defines the torture of kill -9 under pgbench: TPC-B's money stays whole, and nothing acknowledged is lost.
///
/// pgbench moves money: each of its transactions adds one amount to an account, a teller and a branch, and writes it to a
/// history. So the four sums are equal, whatever was killed when. And pgbench counts what was acknowledged.
#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/phantomd.hpp"
#include "support/postgres.hpp"

namespace phantomdb::test {

/// What the cycles found. `transactions`: acknowledged in all of them.
struct kill_report {
    int cycles = 0;
    long transactions = 0;
    std::vector<std::string> failures;
};

inline bool has_pgbench() { return run_program({"pgbench", "--version"}).status == 0; }

/// Kills a phantomd `cycles` times while pgbench is at work, after a random number of transactions, and looks at what is
/// there after each restart. `progress` is called after each.
class pgbench_killer {
public:
    explicit pgbench_killer(unsigned seed) : random_(seed) {
        phantomd_server server(data());
        auto const made = run_program(pgbench(server, {"-i", "-q", "-s", "1"}));
        if (made.status != 0) throw std::runtime_error("pgbench -i: " + made.errors);
        server.stop();
    }

    kill_report run(int cycles, std::function<void(kill_report const&)> const& progress = {}) {
        kill_report all;
        for (int cycle = 0; cycle < cycles; ++cycle) {
            kill_once(cycle, all);
            ++all.cycles;
            if (progress) progress(all);
        }
        return all;
    }

private:
    static constexpr int clients = 4;

    std::string data() const { return folder_ / "data"; }

    static std::vector<std::string> pgbench(phantomd_server const& server, std::vector<std::string> const& options) {
        std::vector<std::string> command{"pgbench", "-h",      "127.0.0.1", "-p", std::to_string(server.port()),
                                         "-U",      "postgres"};
        command.insert(command.end(), options.begin(), options.end());
        command.push_back("postgres");
        return command;
    }

    static long number(sql_client& client, std::string const& query) {
        auto const answer = client.query(query);
        if (!answer.ok()) throw std::runtime_error(query + ": " + answer.message);
        return std::stol(answer.value());
    }

    static long transactions_in(std::string const& report) {
        std::string const label = "number of transactions actually processed: ";
        std::size_t const at = report.find(label);
        return at == std::string::npos ? 0 : std::stol(report.substr(at + label.size()));
    }

    void kill_once(int cycle, kill_report& all) {
        std::string const output = folder_ / "pgbench";
        long before = 0;
        {
            phantomd_server server(data());
            sql_client client(server.connection());
            before = number(client, "select count(*) from pgbench_history");
            process_options options;
            options.output = output;
            options.errors = folder_ / "pgbench-errors";
            process load(pgbench(server, {"-n", "-c", std::to_string(clients), "-T", "120"}), options);
            long const enough = before + 1 + static_cast<long>(random_() % 200);
            for (int waited = 0; waited < 3000 && number(client, "select count(*) from pgbench_history") < enough;
                 ++waited)
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            std::this_thread::sleep_for(std::chrono::microseconds(random_() % 20'000));
            server.stop(SIGKILL);
            load.wait_for(std::chrono::seconds(60));
        }
        long const acknowledged = transactions_in(read_file(output));
        all.transactions += acknowledged;

        phantomd_server server(data());
        sql_client client(server.connection());
        auto const fail = [&](std::string const& what) {
            all.failures.push_back("cycle " + std::to_string(cycle) + ": " + what);
        };
        long const accounts = number(client, "select coalesce(sum(abalance), 0) from pgbench_accounts");
        long const tellers = number(client, "select coalesce(sum(tbalance), 0) from pgbench_tellers");
        long const branches = number(client, "select coalesce(sum(bbalance), 0) from pgbench_branches");
        long const history = number(client, "select coalesce(sum(delta), 0) from pgbench_history");
        if (accounts != tellers || accounts != branches || accounts != history) {
            fail("accounts have " + std::to_string(accounts) + ", tellers " + std::to_string(tellers) + ", branches " +
                 std::to_string(branches) + ", history " + std::to_string(history));
        }
        // Beyond what was acknowledged there may be what each client had under way.
        long const kept = number(client, "select count(*) from pgbench_history") - before;
        if (kept < acknowledged || kept > acknowledged + clients)
            fail(std::to_string(acknowledged) + " transactions were acknowledged, " + std::to_string(kept) +
                 " are there");
        if (number(client, "select count(*) from pgbench_accounts") != 100'000) fail("accounts are missing");
        server.stop(cycle % 2 == 0 ? SIGTERM : SIGKILL);
    }

    temporary_folder folder_;
    std::mt19937 random_;
};

}  // namespace phantomdb::test
