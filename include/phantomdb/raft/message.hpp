/// @file Defines `message`: what nodes of a group send each other.
#pragma once

#include <phantomdb/raft/entry.hpp>

#include <cstdint>
#include <vector>

namespace phantomdb::raft {

enum class message_kind : std::uint8_t {
    append,        ///< `entries` that follow (`log_term`, `index`); tells `commit`
    append_reply,  ///< agrees up to `index`; or `rejected` what followed `index`, and may agree at (`log_term`, `hint`)
    heartbeat,  ///< tells `commit`, as far as the receiver is known to agree; asks to confirm reads up to `read_round`
    heartbeat_reply,   ///< returns `read_round` and `beat`
    vote,              ///< of a candidate whose log ends at (`log_term`, `index`)
    vote_reply,        ///< granted, or `rejected`
    pre_vote,          ///< would you vote, if I were a candidate in `term`?
    pre_vote_reply,    ///< `term` is the asked one where granted, else the sender's
    image,             ///< what the receiver needs is gone from the log: here is an image
    propose,           ///< forwarded to the leader; without term
    read_index,        ///< forwarded to the leader; without term. `context` is the reader's
    read_index_reply,  ///< `context` may be read once `index` is applied
    transfer_leader,   ///< forwarded to the leader; `from` is who shall lead
    timeout_now,       ///< campaign at once: you shall lead
};

/// A value; entries and images are shared. Which fields count depends on `kind`.
struct message {
    message_kind kind = message_kind::append;
    node_id from = nobody;
    node_id to = nobody;
    term_number term = 0;
    term_number log_term = 0;
    log_index index = 0;
    log_index commit = 0;
    log_index hint = 0;
    std::uint64_t read_round = 0;
    std::uint64_t beat = 0;  ///< of `heartbeat`: when it was sent, in ticks of the sender; `heartbeat_reply` returns it
    bool rejected = false;
    bool by_transfer = false;  ///< of `vote`: the leader wishes it, so leases are ignored
    entry_id committed;  ///< of a refused vote: an entry known to be committed, where the refuser could not lead itself
    std::vector<entry> entries;
    payload context;
    image_ref image;

    friend bool operator==(message const&, message const&) = default;
};

/// Whether it answers someone, and so makes sense only from a member.
constexpr bool is_reply(message_kind kind) {
    switch (kind) {
        case message_kind::append_reply:
        case message_kind::heartbeat_reply:
        case message_kind::vote_reply:
        case message_kind::pre_vote_reply:
        case message_kind::read_index_reply: return true;
        default: return false;
    }
}

/// Whether leadership hangs on its being in time. A transport that queues sends these ahead of entries and images, which they
/// may overtake: a large append must not cost the leader its lease.
constexpr bool is_urgent(message_kind kind) {
    switch (kind) {
        case message_kind::append:
        case message_kind::image:
        case message_kind::propose: return false;
        default: return true;
    }
}

}  // namespace phantomdb::raft
