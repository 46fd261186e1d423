/// @file Defines `connection`, one client from its first byte to its last, and `server_context`, what connections share.
///
///     first message ─ SSLRequest ──► 'S' and TLS, or 'N' ─┐
///           ▲      ─ GSSENCRequest ► 'N' ─────────────────┤
///           └──────────────────────────────────────────────┘
///                   ─ CancelRequest ► cancel, close
///                   ─ start-up ──────► authentication ► session ► conversation ► close
#pragma once

#include <phantomdb/server/conversation.hpp>
#include <phantomdb/server/event_log.hpp>
#include <phantomdb/server/forwarding.hpp>
#include <phantomdb/server/session_registry.hpp>
#include <phantomdb/server/transport.hpp>
#include <phantomdb/sql/instance.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace phantomdb::server {

/// Who must show a password. Clients from beyond this machine must, whatever is chosen.
enum class authentication : std::uint8_t {
    automatic,  ///< local clients (loopback, Unix socket) once any role has a password
    trust,      ///< nobody local
    scram,      ///< everybody
};

/// What all connections of a server share. Outlives them.
struct server_context {
    sql::instance& store;
    event_log& log;
    authentication who_must_authenticate = authentication::automatic;
    conversation_options options;
    session_registry sessions;
    server_counters counters;
    std::string mock_secret;  ///< makes the salts of roles that don't exist
    forwarded_connections forwarded{};
};

/// Where a client comes from.
struct peer_address {
    std::string text;    ///< for logs: "127.0.0.1:40000" or "unix"
    bool local = false;  ///< loopback or Unix socket
};

/// One client. `serve` runs on a thread of its own and blocks there; the rest comes from any thread.
class connection {
public:
    connection(server_context& context, std::unique_ptr<transport> wire, peer_address peer);
    ~connection();

    /// The whole life of the connection. Throws nothing.
    void serve() noexcept;

    /// Ends the connection politely: a running statement stops, the client is told 57P01.
    void stop();
    /// Breaks the connection: what waits on the client returns at once.
    void cut();
    /// How long the client has been at it without having authenticated; nothing once it has.
    std::optional<std::chrono::steady_clock::duration> handshake_time() const;

private:
    /// All up to ReadyForQuery. Nothing if the connection is over by then.
    std::optional<sql::session_options> start();
    std::optional<startup_message> read_first_messages();
    void authenticate(std::string const& user);
    bool check_password(std::string const& user);
    void converse(sql::session_options options);
    void refuse(error const& what);
    /// Whether the client's start-up, or else the server's settings, want it to be with the node that leads.
    bool wants_leader(startup_message const& message) const;
    /// Passes the connection on if it belongs to another node; false if it belongs here.
    bool forward(startup_message const& message);

    server_context& context_;
    std::unique_ptr<transport> wire_;
    peer_address peer_;
    message_channel channel_;
    std::chrono::steady_clock::time_point const opened_ = std::chrono::steady_clock::now();
    std::atomic<bool> started_{false}, stopping_{false};
    std::mutex session_mutex_;
    sql::session* session_ = nullptr;  ///< guarded by `session_mutex_`
};

}  // namespace phantomdb::server
