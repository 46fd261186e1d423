/// @file Ways between nodes that are as good as machines of their own: each in a network namespace, with a router between them.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "cluster/certificates.hpp"
#include "cluster/ways.hpp"
#include "support/process.hpp"

namespace phantomdb::test {

/// Node n has the address 10.77.n.2, its side of the router 10.77.n.1. As they speak over a network, they have certificates. Clients
/// come by Unix sockets, which know no namespaces. All is gone when the last process in a namespace is. Needs util-linux, iproute2, and
/// a kernel that lets one have namespaces: as root, or in a user namespace of the test's own.
class namespaces final : public ways {
public:
    /// Whether this machine has what is needed.
    static bool possible() {
        static bool const answer = [] {
            try {
                namespaces tried;
                tried.add(1, 1);
                tried.add(2, 1);
                tried.behave(1, 2, behaviour::stall);
                tried.heal();
                return true;
            } catch (std::runtime_error const&) {
                return false;
            }
        }();
        return answer;
    }

    /// std::runtime_error where that cannot be.
    namespaces() : router_({"unshare", root() ? "--net" : "--map-root-user", "--net", "sleep", "7200"}) {
        wait_until_apart(router_.pid());
        on_router({"ip", "link", "set", "lo", "up"});
        on_router({"sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"});
    }

    void add(int node, int port) override {
        std::vector<std::string> command = within(router_.pid());
        command.insert(command.end(), {"unshare", "--net", "sleep", "7200"});
        process& holder = holders_.emplace(node, process(std::move(command))).first->second;
        wait_until_apart(holder.pid());
        ports_.emplace(node, port);
        std::string const side = side_of(node);
        on_router(
            {"ip", "link", "add", side, "type", "veth", "peer", "name", "eth0", "netns", std::to_string(holder.pid())});
        on_router({"ip", "address", "add", host(node, 1) + "/24", "dev", side});
        on_router({"ip", "link", "set", side, "up"});
        on(node, {"ip", "link", "set", "lo", "up"});
        on(node, {"ip", "address", "add", host(node, 2) + "/24", "dev", "eth0"});
        on(node, {"ip", "link", "set", "eth0", "up"});
        on(node, {"ip", "route", "add", "default", "via", host(node, 1)});
        authority_.sign(name(node), name(node), name(node));
    }
    std::vector<std::string> prefix(int node) const override { return within(holders_.at(node).pid()); }
    std::vector<std::string> options(int node) override {
        return {"--cluster-tls-ca",   authority_.path(),
                "--cluster-tls-cert", authority_.certificate(name(node)),
                "--cluster-tls-key",  authority_.key(name(node))};
    }
    std::string address(int to) const override { return host(to, 2) + ":" + std::to_string(ports_.at(to)); }

    /// Packets that one sends to the other are dropped; where the way is cut, the router says so.
    void behave(int from, int to, behaviour how) override {
        for (auto at = rules_.begin(); at != rules_.end();) {
            auto const& [rule_from, rule_to, kind] = *at;
            bool const same = rule_from == from && rule_to == to;
            if (same) change_rule("del", *at);
            at = same ? rules_.erase(at) : std::next(at);
        }
        if (how == behaviour::pass) return;
        packet_rule const made{from, to, how == behaviour::cut ? "unreachable" : "blackhole"};
        change_rule("add", made);
        rules_.insert(made);
    }
    /// Where the kernel cannot delay packets, they wait for each other: a kilobyte takes so long.
    void slow(int node, std::chrono::milliseconds by) override {
        std::string const ms = std::to_string(by.count());
        if (!try_on(node, {"tc", "qdisc", "replace", "dev", "eth0", "root", "netem", "delay", ms + "ms"})) {
            on(node, {"tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate",
                      std::to_string(8000 / by.count()) + "kbit", "burst", "8kb", "latency", "2s"});
        }
        slow_.insert(node);
    }
    void heal() override {
        for (auto const& each : rules_) change_rule("del", each);
        rules_.clear();
        for (int const node : slow_) on(node, {"tc", "qdisc", "del", "dev", "eth0", "root"});
        slow_.clear();
    }

private:
    using packet_rule = std::tuple<int, int, std::string>;  // from, to, what becomes of packets

    static bool root() { return ::geteuid() == 0; }
    static std::string name(int node) { return "node-" + std::to_string(node); }
    static std::string side_of(int node) { return "node" + std::to_string(node); }
    static std::string host(int node, int end) { return "10.77." + std::to_string(node) + "." + std::to_string(end); }
    static std::vector<std::string> within(pid_t holder) {
        std::vector<std::string> command{"nsenter", "--target", std::to_string(holder), "--net"};
        if (!root()) command.insert(command.end(), {"--user", "--preserve-credentials"});
        command.emplace_back("--");
        return command;
    }
    /// Until it has left this process's network.
    static void wait_until_apart(pid_t holder) {
        auto const network_of = [](std::string const& who) {
            std::error_code ignored;
            return std::filesystem::read_symlink("/proc/" + who + "/ns/net", ignored).string();
        };
        std::string const here = network_of("self");
        for (int patience = 0; patience < 2000; ++patience) {
            std::string const there = network_of(std::to_string(holder));
            std::error_code ignored;
            auto const runs = std::filesystem::read_symlink("/proc/" + std::to_string(holder) + "/exe", ignored);
            if (!there.empty() && there != here && runs.filename().string().starts_with("sleep")) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        throw std::runtime_error("no network namespace can be made");
    }
    static void run(std::vector<std::string> command, std::vector<std::string> const& more) {
        command.insert(command.end(), more.begin(), more.end());
        auto const said = run_program(std::move(command));
        if (said.status == 0) return;
        std::string what;
        for (auto const& word : more) what += word + " ";
        throw std::runtime_error(what + "in a network namespace: " + said.errors);
    }
    void on_router(std::vector<std::string> const& command) { run(within(router_.pid()), command); }
    void on(int node, std::vector<std::string> const& command) { run(prefix(node), command); }
    bool try_on(int node, std::vector<std::string> const& command) {
        try {
            on(node, command);
            return true;
        } catch (std::runtime_error const&) {
            return false;
        }
    }
    void change_rule(char const* how, packet_rule const& which) {
        auto const& [from, to, kind] = which;
        on_router({"ip", "rule", how, "from", host(from, 2), "to", host(to, 2), kind});
    }

    authority authority_;
    process router_;
    std::map<int, process> holders_;
    std::map<int, int> ports_;
    std::set<packet_rule> rules_;
    std::set<int> slow_;
};

}  // namespace phantomdb::test
