/// @file Defines the two kinds of quorum: `majority` and `joint_majority`, and what they decide from acknowledgements and votes.
///
/// A majority of n voters is any n/2 + 1 of them; two majorities share a voter, which is all that Raft builds on. While the
/// membership changes, a decision takes a majority of the old voters and one of the new: `joint_majority`
/// (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", section 6).
///
/// Both take what they decide from as a function of a node: `acked(node)` gives `std::optional<log_index>`, `vote_of(node)`
/// gives `std::optional<bool>`, and nothing where that node has not been heard of.
#pragma once

#include <phantomdb/raft/node_set.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::raft {

/// What a vote has come to.
enum class vote_result : std::uint8_t {
    pending,  ///< the votes still out can decide it either way, or not yet against
    lost,     ///< no longer to be won
    won,
};

/// What a quorum without voters has committed: it never holds back the other half of a joint one.
inline constexpr log_index everything = std::numeric_limits<log_index>::max();

/// Decides by more than half of its voters. Without voters it agrees to everything.
struct majority {
    node_set voters;

    /// The highest index that more than half have acknowledged. O(n²) in voters, without allocating up to 9 of them.
    template <class Acked>
    log_index committed(Acked const& acked) const {
        std::size_t const n = voters.size();
        if (n == 0) return everything;
        std::array<log_index, 9> few;
        std::vector<log_index> many(n > few.size() ? n : 0);
        log_index* const indexes = many.empty() ? few.data() : many.data();
        std::size_t filled = 0;
        for (node_id const node : voters) {
            log_index const index = acked(node).value_or(0);
            std::size_t at = filled++;
            for (; at > 0 && indexes[at - 1] > index; --at) indexes[at] = indexes[at - 1];
            indexes[at] = index;
        }
        return indexes[n - (n / 2 + 1)];
    }

    template <class Votes>
    vote_result result(Votes const& vote_of) const {
        if (voters.empty()) return vote_result::won;
        std::size_t granted = 0, missing = 0;
        for (node_id const node : voters) {
            std::optional<bool> const vote = vote_of(node);
            if (!vote) {
                ++missing;
            } else if (*vote) {
                ++granted;
            }
        }
        std::size_t const needed = voters.size() / 2 + 1;
        if (granted >= needed) return vote_result::won;
        return granted + missing >= needed ? vote_result::pending : vote_result::lost;
    }

    friend bool operator==(majority const&, majority const&) = default;
};

/// Decides by a majority of each half. An empty half agrees to everything, so with an empty `outgoing` it is a plain majority.
struct joint_majority {
    majority incoming;
    majority outgoing;

    bool is_joint() const { return !outgoing.voters.empty(); }
    bool contains(node_id node) const { return incoming.voters.contains(node) || outgoing.voters.contains(node); }
    node_set voters() const { return united(incoming.voters, outgoing.voters); }

    template <class Acked>
    log_index committed(Acked const& acked) const {
        return std::min(incoming.committed(acked), outgoing.committed(acked));
    }

    template <class Votes>
    vote_result result(Votes const& vote_of) const {
        vote_result const in = incoming.result(vote_of), out = outgoing.result(vote_of);
        if (in == out) return in;
        return in == vote_result::lost || out == vote_result::lost ? vote_result::lost : vote_result::pending;
    }

    friend bool operator==(joint_majority const&, joint_majority const&) = default;
};

/// As in `(1 2 3)`, or `(1 2 3)&&(1)` where it is joint.
inline std::string describe(joint_majority const& quorum) {
    std::string text = describe(quorum.incoming.voters);
    if (quorum.is_joint()) text += "&&" + describe(quorum.outgoing.voters);
    return text;
}

/// A picture of how far each voter has come: a line a voter, whose bar is as long as the number of voters that are behind it
/// (equal indexes, equal bars), and `?` for one that has not been heard of.
template <class Acked>
std::string describe_progress(node_set const& voters, Acked const& acked) {
    if (voters.empty()) return "<empty majority quorum>";
    std::size_t const n = voters.size();
    std::string text = std::string(n, ' ') + "    idx\n";
    for (node_id const node : voters) {
        std::optional<log_index> const index = acked(node);
        std::size_t behind = 0;
        for (node_id const other : voters) behind += acked(other).value_or(0) < index.value_or(0);
        text += index ? std::string(behind, 'x') + '>' + std::string(n - behind, ' ') : '?' + std::string(n, ' ');
        std::string const number = std::to_string(index.value_or(0));
        text += ' ' + std::string(number.size() < 5 ? 5 - number.size() : 0, ' ') + number;
        text += "    (id=" + std::to_string(node) + ")\n";
    }
    return text;
}

}  // namespace phantomdb::raft
