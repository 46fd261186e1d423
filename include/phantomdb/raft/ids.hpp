/// @file Defines the numbers Raft counts with: nodes, terms, positions of the log.
#pragma once

#include <cstdint>
#include <limits>

namespace phantomdb::raft {

/// A member of a group. Chosen by the host, never reused for another machine.
using node_id = std::uint64_t;
/// Stands for no node: nobody leads, no vote was cast.
inline constexpr node_id nobody = 0;

/// An election's number. At most one node leads in a term; 0 is before the first one.
using term_number = std::uint64_t;

/// A position of the log. The first entry is 1; 0 is before it.
using log_index = std::uint64_t;

/// For sizes in bytes: as much as one likes.
inline constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

/// Names an entry of any log of the group: two logs that hold the same id hold the same entries up to there.
struct entry_id {
    term_number term = 0;
    log_index index = 0;

    friend bool operator==(entry_id const&, entry_id const&) = default;
};

}  // namespace phantomdb::raft
