/// @file Defines what the settings of a node say about sessions that begin while another node leads.
#pragma once

#include <phantomdb/sql/instance.hpp>

#include <chrono>

namespace phantomdb::sql {

/// Whether they are passed on to it (phantomdb.on_follower), where the client says nothing else.
bool forwards_sessions(instance const& store);
/// How long to look for it (phantomdb.cluster_timeout).
std::chrono::milliseconds cluster_timeout(instance const& store);

}  // namespace phantomdb::sql
