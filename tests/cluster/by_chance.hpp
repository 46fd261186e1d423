/// @file A real cluster that is broken in one way after the other, as a seed says, under clients whose histories are judged.
///
/// The seed decides which faults come, on whom and for how long; what runs at the same time is for the machine to decide. So a seed
/// that fails need not fail again at once.
#pragma once

#include <phantomdb/testing/linearizability.hpp>
#include <phantomdb/testing/list_append.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/real_cluster.hpp"
#include "cluster/recorder.hpp"

namespace phantomdb::test {

struct chance_options {
    int nodes = 3;
    network between = network::relayed;
    std::uint64_t seed = 1;
    int faults = 8;
    std::function<void(std::string const&)> on_fault = [](std::string const&) {};
};

struct chance_report {
    std::vector<std::string> problems;
    std::size_t operations = 0, transactions = 0;  ///< that were answered
    bool judged = true;                            ///< false where the search for an order was given up
};

class broken_by_chance {
public:
    explicit broken_by_chance(chance_options options)
        : options_(std::move(options)), random_(options_.seed), cluster_(options_.nodes, {}, options_.between) {
        next_number_ = options_.nodes + 1;
    }

    chance_report run() {
        if (!cluster_.on_leader(register_recorder::schema).ok() || !cluster_.on_leader(list_recorder::schema).ok()) {
            report_.problems.push_back("the tables cannot be made");
            return report_;
        }
        recording<register_recorder> registers(clients_for<register_recorder>(1, std::size_t{3}));
        recording<list_recorder> lists(clients_for<list_recorder>(11, std::size_t{4}, std::string("serializable")));
        for (int i = 0; i < options_.faults && report_.problems.empty(); ++i) {
            std::string const what = break_something();
            if (!registers.goes_on(60) || !lists.goes_on(20))
                report_.problems.push_back("nothing goes on after: " + what);
        }
        registers.stop();
        lists.stop();
        judge(registers.history());
        judge(lists.history());
        if (cluster_.settled("select string_agg(k || '=' || v, ';' order by k) from registers").empty() ||
            cluster_.settled("select string_agg(k || '=' || v, ';' order by k) from lists").empty())
            report_.problems.push_back("the nodes do not have the same in the end");
        return report_;
    }

private:
    using milliseconds = std::chrono::milliseconds;

    int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }
    int some_node() {
        auto const all = cluster_.breakable();
        return all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
    }
    /// Who leads, half of the time: that is where faults hurt.
    int victim() {
        int const leader = cluster_.leader();
        auto const all = cluster_.breakable();
        bool const can_be = std::count(all.begin(), all.end(), leader) > 0;
        return can_be && below(2) == 0 ? leader : some_node();
    }
    void last(int least_ms, int most_ms) {
        std::this_thread::sleep_for(milliseconds(least_ms + below(most_ms - least_ms)));
    }
    void say(std::string const& what) { options_.on_fault(what); }

    template <class Recorder, class... More>
    std::vector<Recorder> clients_for(std::uint64_t first, More... more) {
        std::vector<Recorder> made;
        for (std::uint64_t client = first; client < first + 4; ++client) {
            auto servers = cluster_.connections();
            std::rotate(servers.begin(), servers.begin() + static_cast<std::ptrdiff_t>(client % servers.size()),
                        servers.end());
            made.emplace_back(client, std::move(servers), more...);
        }
        return made;
    }

    std::string break_something() {
        int const node = victim();
        std::string const name = "node " + std::to_string(node);
        switch (below(9)) {
            case 0: {
                say("kill " + name);
                cluster_.stop(node, SIGKILL);
                last(0, 2500);
                cluster_.start(node);
                return "killing " + name;
            }
            case 1: {
                say("pause " + name);
                cluster_.pause(node);
                last(300, 3000);
                cluster_.go_on(node);
                return "pausing " + name;
            }
            case 2: {
                auto const how = below(2) == 0 ? behaviour::cut : behaviour::stall;
                say((how == behaviour::cut ? "cut off " : "unplug ") + name);
                cluster_.isolate(node, how);
                last(300, 3000);
                cluster_.heal();
                return "cutting off " + name;
            }
            case 3: {
                bool const hears = below(2) == 0;
                say(name + (hears ? " hears and is not heard" : " is heard and does not hear"));
                for (int const other : cluster_.breakable()) {
                    if (other == node) continue;
                    cluster_.behave(hears ? node : other, hears ? other : node, behaviour::stall);
                }
                last(300, 3000);
                cluster_.heal();
                return "cutting off one direction of " + name;
            }
            case 4: {
                say("slow ways");
                for (int const from : cluster_.breakable()) {
                    if (below(2) == 0) cluster_.slow(from, milliseconds(5 + below(80)));
                }
                last(500, 3000);
                cluster_.heal();
                return "slow ways";
            }
            case 5: {
                say("kill all");
                for (int const each : running()) cluster_.stop(each, SIGKILL);
                cluster_.start_all();
                return "killing all";
            }
            case 6: {
                say("restart one after the other");
                for (int const each : running()) {
                    cluster_.stop(each);
                    cluster_.start(each);
                }
                return "restarting one after the other";
            }
            case 7: {
                say("let " + name + " lead, then kill it");
                cluster_.ask(cluster_.leader(), "select phantom.transfer_leadership(" + std::to_string(node) + ")");
                last(0, 300);
                cluster_.stop(node, SIGKILL);
                cluster_.start(node);
                return "handing over to " + name;
            }
            default: return replace_disk(node);
        }
    }

    /// At most until two nodes are left whose ways can be cut.
    std::string replace_disk(int node) {
        std::string const name = "node " + std::to_string(node), number = std::to_string(next_number_);
        if (cluster_.breakable().size() <= 2) {
            say("ask what there is");
            return "nothing";
        }
        say("wipe " + name + ", and replace it by node " + number);
        cluster_.stop(node, SIGKILL);
        cluster_.wipe(node);
        auto const is_in = [&](std::string const& which, std::string const& role) {
            auto const answer = cluster_.on_leader("select role from phantom.cluster where node = " + which);
            return (answer.rows.empty() ? std::string("none") : answer.value()) == role;
        };
        bool gone = false;
        for (int patience = 0; patience < 500 && !gone; ++patience) {
            cluster_.on_leader("select phantom.remove_node(" + std::to_string(node) + ")");
            gone = is_in(std::to_string(node), "none");
            if (!gone) std::this_thread::sleep_for(milliseconds(20));
        }
        if (!gone) report_.problems.push_back(name + " cannot be removed");
        cluster_.forget(node);
        cluster_.join(next_number_++, cluster_.leader());
        bool votes = false;
        for (int patience = 0; patience < 1500 && !votes; ++patience) {
            votes = is_in(number, "follower") || is_in(number, "leader");
            if (!votes) std::this_thread::sleep_for(milliseconds(20));
        }
        if (!votes) report_.problems.push_back("node " + number + " does not come to vote");
        return "replacing " + name;
    }

    std::vector<int> running() {
        std::vector<int> all;
        for (int node = 1; node < next_number_; ++node) {
            if (cluster_.has(node)) all.push_back(node);
        }
        return all;
    }

    void judge(std::vector<testing::operation<testing::register_model>> const& history) {
        report_.operations = static_cast<std::size_t>(
            std::count_if(history.begin(), history.end(), [](auto const& o) { return o.result.has_value(); }));
        auto const said = testing::check_linearizability(history);
        if (said.outcome == testing::verdict::violated)
            report_.problems.push_back("not linearizable: " + said.explanation);
        report_.judged = said.outcome != testing::verdict::undecided;
    }
    void judge(std::vector<testing::list_transaction> history) {
        testing::list_transaction all{99, {}, testing::fate::committed, recording_client::now(), 0};
        for (auto const& row : cluster_.on_leader("select k, v from lists").rows)
            all.steps.push_back({*row[0], {}, list_recorder::read_list(*row[1])});
        all.returned = recording_client::now();
        history.push_back(all);
        report_.transactions = static_cast<std::size_t>(std::count_if(
            history.begin(), history.end(), [](auto const& t) { return t.outcome == testing::fate::committed; }));
        for (auto const& found : testing::check_list_append(history)) report_.problems.push_back(found.explanation);
    }

    chance_options options_;
    std::mt19937_64 random_;
    real_cluster cluster_;
    int next_number_ = 0;
    chance_report report_;
};

}  // namespace phantomdb::test
