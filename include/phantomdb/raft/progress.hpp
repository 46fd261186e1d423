/// @file Defines `progress`: what a leader knows of one peer's log, and how fast it may send to it.
///
///     probe ──────── acknowledged ────────▶ replicate
///       ▲  ▲                                   │  │
///       │  └── rejected, unreachable ──────────┘  │
///       │                                         │ what it needs is compacted away (from probe, too)
///       └── image done or failed ◀── image ◀──────┘
///
/// - **probe**: how far the peer's log agrees is a guess. One message, then silence until it answers or a heartbeat comes back.
/// - **replicate**: it is known. Entries are sent ahead of their acknowledgements, bounded by `inflights`.
/// - **image**: the peer needs entries that are gone and was sent an image. Nothing is sent until it has arrived or failed.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/raft/ids.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace phantomdb::raft {

/// The messages with entries that are on their way to a peer: a ring of the last index and the bytes of each.
class inflights {
public:
    /// At most `messages`, which is not 0, and no further one once `bytes` are on the way: the last may exceed them.
    explicit inflights(std::size_t messages = 1, std::uint64_t bytes = no_limit)
        : limit_(messages), byte_limit_(bytes) {
        PHANTOMDB_ASSERT(messages > 0);
    }

    std::size_t count() const { return count_; }
    std::uint64_t bytes() const { return bytes_; }
    bool is_full() const { return count_ == limit_ || (byte_limit_ != no_limit && bytes_ >= byte_limit_); }

    /// A message was sent whose last entry is `last`. Not when full; indexes come in ascending order.
    void add(log_index last, std::uint64_t bytes) {
        PHANTOMDB_ASSERT(!is_full());
        if (count_ == ring_.size()) grow();
        ring_[(first_ + count_) % ring_.size()] = {last, bytes};
        ++count_;
        bytes_ += bytes;
    }

    /// The peer has acknowledged everything up to `index`.
    void free_up_to(log_index index) {
        while (count_ > 0 && ring_[first_].last <= index) {
            bytes_ -= ring_[first_].bytes;
            first_ = (first_ + 1) % ring_.size();
            --count_;
        }
    }

    void reset() {
        first_ = count_ = 0;
        bytes_ = 0;
    }

private:
    struct sent {
        log_index last = 0;
        std::uint64_t bytes = 0;
    };

    // Most peers never come near the limit, so the ring grows with what is on its way.
    void grow() {
        std::vector<sent> larger(std::min(limit_, ring_.empty() ? std::size_t{4} : 2 * ring_.size()));
        for (std::size_t i = 0; i < count_; ++i) larger[i] = ring_[(first_ + i) % ring_.size()];
        ring_ = std::move(larger);
        first_ = 0;
    }

    std::size_t limit_;
    std::uint64_t byte_limit_;
    std::size_t first_ = 0, count_ = 0;
    std::uint64_t bytes_ = 0;
    std::vector<sent> ring_;
};

enum class progress_state : std::uint8_t { probe, replicate, image };

/// A leader's view of one peer. Always `match < next`.
struct progress {
    log_index match = 0;      ///< the peer's log is known to agree up to here
    log_index next = 1;       ///< the first entry to send; what lies between is on its way
    log_index commit_sent{};  ///< the highest commit index it was told, or will be told by what is on its way
    progress_state state = progress_state::probe;
    log_index pending_image = 0;   ///< in `image`: the index of the image sent
    bool recently_active = false;  ///< heard of since the last check of the quorum
    bool paused = false;           ///< in `probe` and `replicate`: waits for an answer or a heartbeat
    bool is_learner = false;
    std::uint64_t beat = 0;  ///< when the newest heartbeat that it has answered was sent, in the leader's ticks
    inflights flight;

    /// Whether nothing may be sent now, not even an empty message.
    bool is_paused() const { return state == progress_state::image || paused; }

    void become_probe() {
        // An image that is known to have arrived leaves a log that begins after it.
        log_index const from = state == progress_state::image ? std::max(match, pending_image) : match;
        reset(progress_state::probe);
        next = from + 1;
        commit_sent = std::min(commit_sent, next - 1);
    }
    void become_replicate() {
        reset(progress_state::replicate);
        next = match + 1;
    }
    void become_image(log_index index) {
        reset(progress_state::image);
        pending_image = index;
        next = index + 1;
        commit_sent = index;
    }

    /// A message with `entries` entries from `next` on was sent.
    void sent_entries(std::size_t entries, std::uint64_t bytes) {
        if (state == progress_state::replicate) {
            if (entries > 0) {
                next += entries;
                flight.add(next - 1, bytes);
            }
            // Whoever fills the window, or finds it full, has sent a probe: the answer reopens it.
            paused = flight.is_full();
        } else {
            PHANTOMDB_ASSERT(state == progress_state::probe);
            if (entries > 0) paused = true;
        }
    }
    void sent_commit(log_index commit) { commit_sent = commit; }
    /// Whether telling the peer this commit index could move its own.
    bool wants_commit(log_index commit) const { return commit > commit_sent && commit_sent < next - 1; }

    /// The peer has acknowledged `index`. False where that is no news.
    bool acknowledge(log_index index) {
        if (index <= match) return false;
        match = index;
        next = std::max(next, index + 1);
        paused = false;
        return true;
    }

    /// The peer has refused a message that began after `rejected`, and may agree at `hint`. False where the refusal is an old
    /// one: nothing changes then.
    bool reject(log_index rejected, log_index hint) {
        if (state == progress_state::replicate) {
            if (rejected <= match) return false;
            next = match + 1;
        } else {
            if (next - 1 != rejected) return false;
            next = std::max(std::min(rejected, hint + 1), match + 1);
            paused = false;
        }
        commit_sent = std::min(commit_sent, next - 1);
        return true;
    }

private:
    void reset(progress_state to) {
        state = to;
        paused = false;
        pending_image = 0;
        flight.reset();
    }
};

}  // namespace phantomdb::raft
