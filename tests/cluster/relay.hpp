/// @file A relay between two ends of a TCP connection, which a test can cut, stall and slow down, and ways made of such.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/ways.hpp"

namespace phantomdb::test {

/// Listens on a loopback port and passes on what comes to another one, both ways, in one thread.
class relay {
public:
    explicit relay(int target) : target_(target) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
            throw std::system_error(errno, std::generic_category(), "relay");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    relay(relay const&) = delete;
    relay& operator=(relay const&) = delete;
    ~relay() {
        stopping_ = true;
        thread_.join();
        ::close(listener_);
    }

    int port() const { return port_; }
    /// Cut, it closes what is open too.
    void behave(behaviour how) { how_ = how; }
    /// Every byte takes so long.
    void delay(std::chrono::milliseconds by) { delay_ms_ = static_cast<int>(by.count()); }

private:
    using clock = std::chrono::steady_clock;

    struct piece {
        clock::time_point due;
        std::string bytes;
    };
    struct way {
        int from = -1, to = -1;
        std::deque<piece> queued;
        std::size_t written = 0;
        bool ended = false;
    };
    struct link {
        std::array<way, 2> ways;
    };

    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        return address;
    }

    void run() {
        while (!stopping_) {
            std::vector<pollfd> waits{{listener_, POLLIN, 0}};
            for (link const& l : links_) {
                for (way const& w : l.ways)
                    waits.push_back({w.from, static_cast<short>(w.queued.size() < 256 ? POLLIN : 0), 0});
            }
            ::poll(waits.data(), waits.size(), 2);
            behaviour const how = how_;
            if (how == behaviour::cut) {
                for (link& l : links_) close(l);
                links_.clear();
            }
            if (waits[0].revents != 0) take(how);
            for (link& l : links_) {
                for (way& w : l.ways) pump(w, how);
            }
            std::erase_if(links_, [&](link& l) {
                bool const over = l.ways[0].ended || l.ways[1].ended;
                if (over) close(l);
                return over;
            });
        }
        for (link& l : links_) close(l);
    }
    void take(behaviour how) {
        int const in = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (in < 0) return;
        int const out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in const address = loopback(target_);
        if (how == behaviour::cut || ::connect(out, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
            ::close(in);
            ::close(out);
            return;
        }
        int const yes = 1;
        ::setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        ::setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        links_.push_back({{way{in, out, {}, 0, false}, way{out, in, {}, 0, false}}});
    }
    void pump(way& w, behaviour how) {
        std::array<char, 65536> bytes;
        if (w.queued.size() < 256) {
            ssize_t const n = ::recv(w.from, bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) w.ended = true;
            if (n > 0)
                w.queued.push_back({clock::now() + std::chrono::milliseconds(delay_ms_.load()),
                                    std::string(bytes.data(), static_cast<std::size_t>(n))});
        }
        while (how == behaviour::pass && !w.queued.empty() && w.queued.front().due <= clock::now()) {
            std::string const& front = w.queued.front().bytes;
            ssize_t const n =
                ::send(w.to, front.data() + w.written, front.size() - w.written, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN && errno != EINTR) w.ended = true;
            if (n <= 0) return;
            w.written += static_cast<std::size_t>(n);
            if (w.written < front.size()) return;
            w.queued.pop_front();
            w.written = 0;
        }
    }
    static void close(link& l) {
        ::close(l.ways[0].from);
        ::close(l.ways[1].from);
    }

    int target_, listener_ = -1, port_ = 0;
    std::atomic<behaviour> how_{behaviour::pass};
    std::atomic<int> delay_ms_{0};
    std::atomic<bool> stopping_{false};
    std::list<link> links_;
    std::thread thread_;
};

/// All nodes are on loopback, and each reaches each over a relay of their own.
class relays final : public ways {
public:
    void add(int node, int port) override {
        for (auto const& [other, port_there] : ports_) {
            relays_.emplace(std::pair(node, other), std::make_unique<relay>(port_there));
            relays_.emplace(std::pair(other, node), std::make_unique<relay>(port));
        }
        ports_.emplace(node, port);
    }
    /// The others learn its address from itself, which is one for all of them: they reach it without relays.
    bool add_later(int node, int port) override {
        later_.emplace(node, port);
        return false;
    }
    /// Others must not learn where the first ones listen: they would leave the relays.
    std::vector<std::string> options(int node) override {
        if (later_.contains(node)) return {};
        return {"--cluster-advertise", "none"};
    }
    std::string address(int to) const override {
        auto const later = later_.find(to);
        return "127.0.0.1:" + std::to_string(later != later_.end() ? later->second : ports_.at(to));
    }
    std::string address(int from, int to) const override {
        auto const between = relays_.find({from, to});
        return between == relays_.end() ? address(to) : "127.0.0.1:" + std::to_string(between->second->port());
    }
    /// Both ends of a connection made by `from`, and nothing of those that `to` made.
    void behave(int from, int to, behaviour how) override { relays_.at({from, to})->behave(how); }
    void slow(int node, std::chrono::milliseconds by) override {
        for (auto& [ends, one] : relays_) {
            if (ends.first == node) one->delay(by);
        }
    }
    void heal() override {
        for (auto& [ends, one] : relays_) one->behave(behaviour::pass), one->delay({});
    }

private:
    std::map<int, int> ports_, later_;
    std::map<std::pair<int, int>, std::unique_ptr<relay>> relays_;
};

}  // namespace phantomdb::test
