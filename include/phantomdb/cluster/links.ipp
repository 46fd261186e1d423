// What all connections of a transport share. Part of transport.ipp.
#pragma once

#include <phantomdb/cluster/wire.ipp>

#include <boost/asio/io_context.hpp>

#include <mutex>
#include <random>

namespace phantomdb::cluster {

namespace links {

/// What all connections of a transport share.
struct shared_part {
    transport_options options;
    transport_handlers handlers;
    std::uint64_t process = 0;                        ///< tells this start from others
    asio::ssl::context tls{asio::ssl::context::tls};  // outlives the streams that `loop` still holds
    asio::io_context loop{1};
    std::mt19937_64 random;       // of the thread
    mutable std::mutex mutex;     // guards queues, statistics and the table of peers
    transport_statistics totals;  // without peers
    std::uint16_t port = 0;

    void tell(transport_event::kind what, node_id node, std::string text) const {
        if (handlers.event) handlers.event({what, node, std::move(text)});
    }
    bool encrypts() const { return options.tls.has_value(); }
};

hello_reply refuse(refusal why, std::string text) { return {why, 0, std::move(text)}; }

}  // namespace links

}  // namespace phantomdb::cluster
