/// @file Defines `transport`: how a node's messages reach the other nodes of its cluster.
///
/// 1. To each peer there are two connections that this node opens and sends on, one a `lane`: what leadership hangs on never waits
///    behind entries or an image. What peers send comes over connections that they open.
/// 2. A connection begins with `hello` and its reply: same cluster, the node that was meant, a protocol that both speak, nobody twice.
///    Under TLS both sides show certificates of the cluster's authority, and the certificate has to name the node: `node-<id>` or
///    `node-<id>.<cluster>` as a DNS name, or as common name where there is none.
/// 3. A connection that breaks is opened again after a pause that doubles up to a limit, shortened by chance so that nodes don't
///    call in step. Both sides send a sign of life when there is nothing else; one that hears nothing lets go.
/// 4. Queues are bounded, and nothing is sent twice: Raft repeats what matters. What is dropped is counted, and `unreachable` tells
///    the host, so that a leader probes instead of streaming into nothing.
///
/// One thread of its own does all of it (Boost.Asio). It is not part of phantomdb.hpp: its definitions are in `phantomdb::sql`.
#pragma once

#include <phantomdb/cluster/frame.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::cluster {

/// Files (PEM) for TLS between nodes. Read once, when the transport is made.
struct tls_files {
    std::filesystem::path authority;    ///< certificates of those who sign nodes' certificates
    std::filesystem::path certificate;  ///< this node's, with what lies between it and the authority
    std::filesystem::path key;
};

struct transport_options {
    std::string cluster = "phantomdb";  ///< at most 63 bytes
    node_id node = raft::nobody;
    std::string listen;      ///< `host:port`; port 0: any free one
    std::string advertise;   ///< where others reach this node, told to all it calls; empty: they are told otherwise
    std::string clients;     ///< told to others with it
    std::uint64_t data = 0;  ///< as in `hello`
    bool joins = false;
    std::map<node_id, std::string> peers;  ///< addresses by node; this node itself may be among them
    std::optional<tls_files> tls;
    bool plaintext_beyond_loopback = false;  ///< without TLS: speak to other machines all the same
    frame_limits limits;
    std::size_t urgent_queue_bytes = 1u << 20,
                bulk_queue_bytes = 64u << 20;         ///< a peer; one message may exceed it alone
    std::size_t max_incoming = 256;                   ///< connections others have opened
    std::chrono::milliseconds connect_timeout{3000};  ///< to connect, shake hands and greet
    std::chrono::milliseconds ping_interval{500};
    std::chrono::milliseconds silence_limit{3000};  ///< who is not heard for so long is gone
    std::chrono::milliseconds first_pause{50}, longest_pause{2000};
};

/// Something for the log.
struct transport_event {
    enum class kind : std::uint8_t { connected, lost, refused, accepted, refused_caller, closed, learned, dropped };
    kind what = kind::connected;
    node_id node = raft::nobody;  ///< nobody: a caller that did not say
    std::string text;
};

/// What a transport tells its host, from the transport's thread: they must not throw, and while one waits nothing is received, which
/// is how a host that is too slow holds its peers back. Any may be empty.
struct transport_handlers {
    /// A caller who is otherwise welcome; a text refuses it, as `refusal::other_data`.
    std::function<std::string(hello const&)> greeting;
    /// Who answers at an address that `ask` was given, and whom it knows.
    std::function<void(std::string const& address, hello_reply const&)> met;
    std::function<void(raft::message)> message;
    std::function<void(image_piece)> piece;
    std::function<void(image_piece_reply)> piece_reply;
    std::function<void(node_id)> unreachable;  ///< something that was sent to it is lost
    std::function<void(transport_event const&)> event;
};

struct lane_statistics {
    bool connected = false;
    std::uint64_t connections = 0;  ///< that came to be
    std::uint64_t failures = 0;     ///< attempts that did not, and connections lost
    std::uint64_t frames = 0, bytes = 0;
    std::uint64_t dropped = 0;  ///< frames: no connection, no room in the queue, or too large
    std::size_t queued_bytes = 0;
    std::chrono::microseconds round_trip{0};  ///< of the last ping
    std::string last_failure;
};

struct peer_statistics {
    node_id node = raft::nobody;
    std::string address;
    lane_statistics urgent, bulk;
};

struct transport_statistics {
    std::vector<peer_statistics> peers;
    std::size_t incoming = 0;  ///< connections now
    std::uint64_t received_frames = 0, received_bytes = 0;
    std::uint64_t refused_callers = 0;
};

/// Listens from construction on; sends and receives from `start` to `stop` or destruction. All functions are thread-safe; `stop` and
/// the destructor must not be called from a handler.
class transport {
public:
    /// 22023 for options that make no sense, 28000 for plaintext to other machines, 58030 where it cannot listen, 58P01 and 22023
    /// for TLS files.
    transport(transport_options options, transport_handlers handlers);
    ~transport();
    transport(transport const&) = delete;
    transport& operator=(transport const&) = delete;

    void start();
    /// Breaks all connections; nothing is called any more once it returns.
    void stop();

    /// The port that is listened on.
    std::uint16_t port() const;

    /// Queues a message for `message.to`. False if it was dropped at once: no such peer, no connection for now, no room.
    bool send(raft::message message);
    bool send(image_piece piece);
    bool send(image_piece_reply reply);

    /// Finds out who is at an address, however long it takes; `met` is told. 22023 for what is no address.
    void ask(std::string const& address);
    /// Adds a peer, or moves it to another address. 22023 for what is no address.
    void set_peer(node_id node, std::string const& address);
    /// Ends both directions; who was removed is refused from then on, until `set_peer` names it again.
    void remove_peer(node_id node);

    transport_statistics statistics() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// For the log and for people.
std::string_view name_of(transport_event::kind what);
std::string_view name_of(refusal why);

}  // namespace phantomdb::cluster
