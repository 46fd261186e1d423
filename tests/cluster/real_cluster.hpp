/// @file A cluster of real phantomd processes, whose ways to each other can be broken.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/namespaces.hpp"
#include "cluster/relay.hpp"
#include "cluster/ways.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"

namespace phantomdb::test {

/// What lies between the nodes: loopback with relays, or namespaces where the machine lets one have them.
enum class network { relayed, namespaced };

inline network best_network() { return namespaces::possible() ? network::namespaced : network::relayed; }

/// Nodes 1 to `size`. Every direction between two of them can be cut alone.
class real_cluster {
public:
    /// `more`: options of each node; `%n` in them stands for its number.
    explicit real_cluster(int size, std::vector<std::string> more = {}, network between = network::relayed)
        : more_(std::move(more)), founders_(size) {
        if (between == network::namespaced) ways_ = std::make_unique<namespaces>();
        else ways_ = std::make_unique<relays>();
        for (int i = 1; i <= size; ++i) {
            nodes_.push_back({i, free_port(), free_port(), {}, true, nullptr});
            ways_->add(i, node(i).cluster_port);
        }
        start_all();
    }

    int size() const { return static_cast<int>(nodes_.size()); }

    /// Starts nodes that don't run; returns when clients can connect to all of them.
    void start_all() {
        for (auto& n : nodes_) {
            if (!n.server) launch(n);
        }
        for (auto& n : nodes_) wait_until_ready(n);
    }
    void start(int which) {
        launch(node(which));
        wait_until_ready(node(which));
    }
    /// Without waiting for clients to be able to connect, which they may never.
    void launch_only(int which) { launch(node(which)); }
    void launch_only(int which, std::vector<std::string> const& more) { launch(node(which), more); }
    /// A further node, which is told the address of one that is in. Returns when clients can connect.
    void join(int number, int member) {
        nodes_.push_back({number, free_port(), free_port(), ways_->address(member), true, nullptr});
        node(number).breakable = ways_->add_later(number, node(number).cluster_port);
        start(number);
    }
    /// Leaves a node out of `start_all` and everything else from now on.
    void forget(int which) {
        std::erase_if(nodes_, [&](one_node const& n) { return n.number == which; });
    }
    /// Its exit status, or minus the signal.
    int stop(int which, int signal = SIGTERM) {
        auto& n = node(which);
        n.server->kill(signal);
        if (signal == SIGKILL) n.server->kill(SIGCONT);
        int const status = n.server->wait_for(std::chrono::seconds(30));
        n.server.reset();
        return status;
    }
    bool has(int which) const {
        return std::any_of(nodes_.begin(), nodes_.end(), [&](one_node const& n) { return n.number == which; });
    }
    bool runs(int which) { return node(which).server && node(which).server->running(); }
    void pause(int which) { node(which).server->kill(SIGSTOP); }
    void go_on(int which) { node(which).server->kill(SIGCONT); }
    void wipe(int which) { std::filesystem::remove_all(folder_of(which)); }

    /// The nodes whose ways can be broken.
    std::vector<int> breakable() const {
        std::vector<int> all;
        for (auto const& n : nodes_) {
            if (n.breakable) all.push_back(n.number);
        }
        return all;
    }
    void behave(int from, int to, behaviour how) { ways_->behave(from, to, how); }
    /// Cuts a node off from all others.
    void isolate(int which, behaviour how) {
        for (int const other : breakable()) {
            if (other == which) continue;
            behave(which, other, how);
            behave(other, which, how);
        }
    }
    void slow(int which, std::chrono::milliseconds by) { ways_->slow(which, by); }
    void heal() { ways_->heal(); }

    /// By TCP where the test can reach the node so, else by its Unix socket.
    std::string connection(int which) const {
        bool const apart = !ways_->prefix(which).empty();
        return "host=" + (apart ? folder_.path().string() : "127.0.0.1") +
               " user=postgres dbname=postgres port=" + std::to_string(node(which).port);
    }
    std::vector<std::string> connections() const {
        std::vector<std::string> all;
        for (auto const& n : nodes_) all.push_back(connection(n.number));
        return all;
    }
    std::string log(int which) const { return read_file(folder_ / ("log" + std::to_string(which))); }
    std::string folder_of(int which) const { return folder_ / ("data" + std::to_string(which)); }
    int cluster_port(int which) { return node(which).cluster_port; }

    /// The answer of one node; nothing where it cannot be asked.
    std::optional<sql_result> ask(int which, std::string const& text) {
        try {
            sql_client client(connection(which) + " connect_timeout=2");
            return client.query_within(std::chrono::seconds(10), text);
        } catch (std::runtime_error const&) {
            return std::nullopt;
        }
    }
    /// The node that takes writes, once one of `among` does.
    int leader(std::vector<int> among = {}) {
        if (among.empty()) {
            for (auto const& n : nodes_) among.push_back(n.number);
        }
        for (int patience = 0; patience < 3000; ++patience) {
            for (int const which : among) {
                auto const answer = ask(which, "show in_hot_standby");
                if (answer && answer->ok() && answer->value() == "off") return which;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        throw std::runtime_error("nobody leads: " + log(among.front()));
    }
    /// Runs a statement on whoever leads; tries again where it was refused because nobody did.
    sql_result on_leader(std::string const& text) {
        for (int patience = 0; patience < 200; ++patience) {
            auto const answer = ask(leader(), text);
            if (answer && answer->sqlstate != "25006" && answer->sqlstate != "57P03") return *answer;
        }
        throw std::runtime_error("no leader takes " + text);
    }
    /// Until all that run answer alike, each from what it has; the answer. Empty after much too long.
    std::string settled(std::string const& query) {
        for (int patience = 0; patience < 1000; ++patience) {
            std::optional<std::string> common;
            bool same = true;
            for (auto const& n : nodes_) {
                if (!n.server) continue;
                auto const answer = ask(n.number, "set phantomdb.read_consistency = 'local'; " + query);
                bool const says = answer && answer->ok() && !answer->rows.empty() && answer->rows[0][0];
                std::string text = says ? answer->value() : "?";
                same = same && (!common || *common == text) && text != "?";
                common = std::move(text);
            }
            if (same && common) return *common;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return {};
    }

private:
    struct one_node {
        int number, port, cluster_port;
        std::string joins;  // at this address; empty: one of the first
        bool breakable;
        std::unique_ptr<process> server;
    };

    one_node& node(int which) {
        return *std::find_if(nodes_.begin(), nodes_.end(), [&](one_node const& n) { return n.number == which; });
    }
    one_node const& node(int which) const { return const_cast<real_cluster*>(this)->node(which); }

    void launch(one_node& n) { launch(n, more_); }
    void launch(one_node& n, std::vector<std::string> const& more) {
        std::string const number = std::to_string(n.number);
        std::vector<std::string> command = ways_->prefix(n.number);
        bool const apart = !command.empty();
        command.push_back(tool("phantomd"));
        auto const say = [&](char const* option, std::string value) {
            command.emplace_back(option);
            command.push_back(std::move(value));
        };
        say("--data", folder_of(n.number));
        say("--listen", "127.0.0.1:" + std::to_string(n.port));
        if (apart) say("--socket-dir", folder_.path().string());
        say("--port-file", folder_ / ("port" + number));
        say("--node-id", number);
        say("--cluster-listen", ways_->address(n.number));
        if (n.joins.empty()) {
            std::string peers;
            for (int other = 1; other <= founders_; ++other) {
                peers += (peers.empty() ? "" : ",") + std::to_string(other) + "=" + ways_->address(n.number, other);
            }
            say("--peers", peers);
        } else {
            say("--join", n.joins);
        }
        for (auto& option : ways_->options(n.number)) command.push_back(std::move(option));
        for (std::string option : more) {
            if (std::size_t const place = option.find("%n"); place != option.npos) option.replace(place, 2, number);
            command.push_back(std::move(option));
        }
        std::filesystem::remove(folder_ / ("port" + number));
        process_options options;
        options.errors = folder_ / ("log" + number);
        n.server = std::make_unique<process>(std::move(command), options);
    }
    void wait_until_ready(one_node& n) {
        std::string const port_file = folder_ / ("port" + std::to_string(n.number));
        for (int patience = 0; !std::filesystem::exists(port_file); ++patience) {
            if (!n.server->running() || patience > 15000)
                throw std::runtime_error("node does not start: " + log(n.number));
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

    temporary_folder folder_;
    std::vector<std::string> more_;
    int founders_;
    std::unique_ptr<ways> ways_;  // outlasts the nodes
    std::vector<one_node> nodes_;
};

}  // namespace phantomdb::test
