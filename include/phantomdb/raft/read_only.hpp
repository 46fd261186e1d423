/// @file Defines `read_queue`: reads that wait until their leader is known to have led when they came.
#pragma once

#include <phantomdb/raft/entry.hpp>
#include <phantomdb/raft/quorum.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace phantomdb::raft {

/// How a leader makes sure that nobody has followed it before it answers a read (section 6.4 of Ongaro's dissertation).
enum class read_mode : std::uint8_t {
    quorum,  ///< a quorum answers a heartbeat first
    lease,  ///< at once, while a quorum has answered a heartbeat that was sent within an election timeout, and so will not vote
    ///< for anyone else; otherwise as `quorum`. Safe where the ticks of all nodes take equally long, and no leader is
    ///< stopped and goes on without noticing. Needs `check_quorum` on all nodes
};

/// A read that may be answered once the host has applied `index`.
struct confirmed_read {
    log_index index = 0;
    payload context;

    friend bool operator==(confirmed_read const&, confirmed_read const&) = default;
};

/// Reads of one term in order of arrival, numbered from 1: their *rounds*. A heartbeat carries the newest round and its answer
/// brings it back; what a quorum has brought back confirms all rounds up to it, in one go and in order.
class read_queue {
public:
    struct read {
        node_id reader = nobody;  ///< who is to be told
        confirmed_read answer;
    };

    /// The round of the newest read that waits; 0 where none does.
    std::uint64_t round() const { return waiting_.empty() ? 0 : confirmed_ + waiting_.size(); }

    /// `commit` is the leader's commit index now: the read has to see at least that.
    void add(node_id reader, log_index commit, payload context) {
        waiting_.push_back({reader, {commit, std::move(context)}});
    }
    /// `node` follows the leader in its term, as of `round`.
    void acknowledge(node_id node, std::uint64_t round) {
        for (auto& [known, newest] : acknowledged_) {
            if (known == node) return void(newest = std::max(newest, round));
        }
        acknowledged_.push_back({node, round});
    }
    /// Takes out the reads that a quorum has confirmed.
    std::vector<read> take_confirmed(joint_majority const& voters) {
        std::uint64_t const last = std::min<std::uint64_t>(
            confirmed_ + waiting_.size(), voters.committed([this](node_id node) -> std::optional<std::uint64_t> {
                for (auto const& [known, newest] : acknowledged_) {
                    if (known == node) return newest;
                }
                return std::nullopt;
            }));
        std::vector<read> taken;
        for (; confirmed_ < last; ++confirmed_) {
            taken.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
        return taken;
    }

private:
    std::uint64_t confirmed_ = 0;  // rounds
    std::deque<read> waiting_;
    std::vector<std::pair<node_id, std::uint64_t>> acknowledged_;
};

}  // namespace phantomdb::raft
