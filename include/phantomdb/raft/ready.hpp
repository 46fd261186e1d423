/// @file Defines `ready`: what a host has to do for a core.
#pragma once

#include <phantomdb/raft/message.hpp>
#include <phantomdb/raft/read_only.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace phantomdb::raft {

enum class role : std::uint8_t { follower, pre_candidate, candidate, leader };

/// What a node is; not stored.
struct soft_state {
    node_id leader = nobody;
    raft::role role = raft::role::follower;

    friend bool operator==(soft_state const&, soft_state const&) = default;
};

/// Names what was handed out to be stored; given back by `persisted`. The term keeps an acknowledgement from being taken for
/// one of other entries that have come to the same place since, even if those were replaced by the first ones again (ABA): an
/// older term's is not counted.
struct persist_ticket {
    term_number term = 0;  ///< of the node when it was handed out
    entry_id last;         ///< the end of the log then; index 0 where no entry waits to be stored
    log_index image = 0;   ///< of the image to be stored; 0 where there is none

    friend bool operator==(persist_ticket const&, persist_ticket const&) = default;
};

/// Names what was handed out to be applied; given back by `applied`.
struct apply_ticket {
    log_index index = 0;
    std::uint64_t bytes = 0;  ///< by `size_of`
    std::uint64_t payload_bytes = 0;

    friend bool operator==(apply_ticket const&, apply_ticket const&) = default;
};

/// One round of work, in the order in which it has to be done (the manual is in `raft.hpp`).
struct ready {
    std::optional<soft_state> changed_role;    ///< where it changed
    std::vector<message> messages;             ///< to be sent; storing may go on meanwhile
    std::optional<hard_state> state;           ///< to be stored, where it changed
    image_ref image;                           ///< to be stored, in place of the whole log; no entries come with it
    std::vector<entry> entries;                ///< to be stored, in place of all from the first one's index on
    bool must_sync = false;                    ///< storing has to reach the disk before `after_persist` may go
    std::vector<message> after_persist;        ///< to be sent when that, and all handed out before, is stored
    std::optional<persist_ticket> to_persist;  ///< for `persisted`, where the core wants to hear of it
    std::vector<entry> committed;              ///< to be applied, in order
    std::optional<apply_ticket> to_apply;      ///< for `applied`
    std::vector<confirmed_read> reads;         ///< to be answered once their index is applied

    /// Whether there is something to store, or something that waits for what was handed out before.
    bool persists() const { return state || image || !entries.empty() || !after_persist.empty(); }
    bool empty() const {
        return !changed_role && messages.empty() && !persists() && committed.empty() && reads.empty();
    }
};

}  // namespace phantomdb::raft
