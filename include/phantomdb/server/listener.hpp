/// @file Defines `listener`, which accepts clients and gives each its thread.
///
/// One thread, the caller of `run`, accepts, watches signals and deadlines (Boost.Asio) and never waits for a statement.
/// Each connection is served by a thread of its own with blocking reads and writes: the session API blocks (locks, COPY),
/// back-pressure is the socket's own, a request costs one read and one write, and no hand-over between threads. The
/// threads are bounded by the number of connections, so idle clients cost a stack's address space and a few pages each.
#pragma once

#include <phantomdb/server/connection.hpp>
#include <phantomdb/server/socket_transport.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace phantomdb::server {

struct listener_options {
    std::vector<std::string> addresses{"127.0.0.1:5432"};  ///< `host:port`, `[v6]:port`; port 0: any free one
    std::filesystem::path socket_folder;                   ///< where `.s.PGSQL.<port>` goes; empty: no Unix socket
    std::size_t max_connections = 100;
    std::chrono::seconds login_timeout{60};  ///< for all before ReadyForQuery
    std::chrono::seconds stop_patience{10};  ///< how long clients may take to be told of the stop
    tls_identity const* tls = nullptr;
};

/// Listens from construction to destruction; serves while `run` runs. `run` belongs to one thread.
class listener {
public:
    /// 58030 if an address can't be listened on; 28000 if one is beyond this machine and no role has a password.
    listener(server_context& context, listener_options options);
    ~listener();
    listener(listener const&) = delete;
    listener& operator=(listener const&) = delete;

    /// What is listened on, for people; and the port of the first address.
    std::vector<std::string> const& addresses() const;
    int port() const;

    /// Serves until SIGTERM or SIGINT, or `stop`. Then accepts no more, ends every connection (57P01) and returns when all
    /// are gone; a second signal breaks the connections at once. False if some statement would not end: the caller must
    /// leave the process without destroying what it uses.
    bool run();
    /// As a signal does. From any thread.
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace phantomdb::server
