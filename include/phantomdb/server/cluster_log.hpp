/// @file Defines `cluster_log`, which writes what happens to a node of a cluster to the server's log.
#pragma once

#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/server/event_log.hpp>

namespace phantomdb::server {

/// Thread-safe.
class cluster_log {
public:
    explicit cluster_log(event_log& log) : log_(log) {}

    void write(cluster::replica_event const& event) {
        using kind = cluster::replica_event::kind;
        bool const bad = event.what == kind::failed || event.what == kind::trouble;
        bool const odd = event.what == kind::no_leader;
        log_.write(
            bad   ? log_level::error
            : odd ? log_level::warning
                  : log_level::info,
            "cluster",
            {{"what", cluster::name_of(event.what)}, {"node", event.node}, {"term", event.term}, {"text", event.text}});
    }
    void write(cluster::transport_event const& event) {
        using kind = cluster::transport_event::kind;
        bool const odd =
            event.what == kind::refused || event.what == kind::refused_caller || event.what == kind::dropped;
        log_.write(odd ? log_level::warning : log_level::debug, "cluster connection",
                   {{"what", cluster::name_of(event.what)}, {"node", event.node}, {"text", event.text}});
    }

private:
    event_log& log_;
};

}  // namespace phantomdb::server
