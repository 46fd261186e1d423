/// @file Defines how a node that follows passes a client's connection on to the node that leads: the whole connection, from
/// its start-up message on.
///
///     client ═══ this node ═══ the node that leads        bytes go both ways; of what the leader says, only the beginnings
///                    │                                    of messages are looked at, to know when the client is idle
///                    └── when another node leads: 57P01 to a client that is idle, so that its next connection finds the new one
///
/// The leader authenticates the client. As it trusts whoever is on its own machine, a client from elsewhere is not passed on
/// to a loopback address.
#pragma once

#include <phantomdb/server/message.hpp>
#include <phantomdb/server/socket_transport.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::server {

/// Follows the messages of a server through its bytes. Not thread-safe.
class backend_stream {
public:
    void take(std::string_view bytes);
    /// Between two messages.
    bool at_boundary() const { return head_.empty() && left_ == 0; }
    /// The last whole message was ReadyForQuery outside of a transaction.
    bool idle() const { return idle_; }
    bool ready_once() const { return ready_once_; }
    /// What BackendKeyData said.
    std::optional<std::pair<std::int32_t, std::int32_t>> cancel_key() const { return cancel_key_; }
    /// The client has asked for something.
    void asked() { idle_ = false; }

private:
    void end_message();

    std::string head_;  ///< type and length, until both are there
    std::string kept_;  ///< the body of a message that matters
    std::uint64_t left_ = 0;
    char type_ = 0;
    bool idle_ = false, ready_once_ = false;
    std::optional<std::pair<std::int32_t, std::int32_t>> cancel_key_;
};

/// The connections that are passed on, by the keys their clients cancel with. Thread-safe.
class forwarded_connections {
public:
    using key = std::pair<std::int32_t, std::int32_t>;

    /// One of them; leaves with this.
    class membership {
    public:
        explicit membership(forwarded_connections& all) : all_(all) { ++all_.count_; }
        ~membership();
        membership(membership const&) = delete;
        membership& operator=(membership const&) = delete;
        void is_known_as(key of, std::string const& address);

    private:
        forwarded_connections& all_;
        std::optional<key> key_;
    };

    std::size_t count() const { return count_; }
    /// Where the session of a key is; empty if none is passed on.
    std::string find(key of) const;

private:
    mutable std::mutex mutex_;
    std::map<key, std::string> addresses_;
    std::atomic<std::size_t> count_{0};
};

/// A connection to a server, encrypted where it offers that. Nothing if it cannot be had within `limit`.
struct reached_server {
    std::unique_ptr<socket_transport> wire;
    bool loopback = false;
};
std::optional<reached_server> reach_server(std::string const& address, std::chrono::milliseconds limit);

/// Has a server cancel what a session runs.
void forward_cancel(std::string const& address, forwarded_connections::key of);

/// The start-up message for the node that leads: as the client sent it, but not to be passed on again.
std::string forwarded_startup(startup_message const& message);

/// Passes bytes on between `client` and `server` until one of them ends.
class relay {
public:
    struct hooks {
        std::function<bool()> stopping;
        std::function<bool()> still_leads;                   ///< the node that `server` belongs to
        std::function<void(backend_stream const&)> started;  ///< once the client is told that it can ask
        std::function<std::string(error const&)> farewell;   ///< the bytes that end a connection with an error
    };
    /// How long a client waits for the answer of a node that leads no more.
    static constexpr std::chrono::seconds patience{10};

    relay(socket_transport& client, socket_transport& server, hooks with)
        : client_{client, {}, {}}, server_{server, {}, {}}, with_(std::move(with)) {}
    /// `first` goes to the server before all.
    void run(std::string first);

private:
    struct side {
        socket_transport& wire;
        std::string out;  ///< for it
        std::size_t sent = 0;
        bool ended = false, broken = false;  ///< nothing more comes from it; nothing more can go to it
        bool reading_waits_to_write = false, writing_waits_to_read = false;

        bool has_out() const { return sent < out.size(); }
    };
    static constexpr std::size_t most_waiting = std::size_t{256} << 10;

    bool fill(side& from, side& to);
    bool drain(side& to);
    void wait();
    std::optional<error> reason_to_end(std::chrono::steady_clock::time_point now);
    void end(error const& why);

    side client_, server_;
    hooks with_;
    backend_stream said_;
    bool started_ = false;
    std::chrono::steady_clock::time_point next_look_{};  ///< at who leads
    std::optional<std::chrono::steady_clock::time_point> deposed_;
};

}  // namespace phantomdb::server
