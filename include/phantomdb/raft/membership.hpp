/// @file Defines `membership`, who is in a group and who votes, and the changes that lead from one to the next.
///
/// A change of one voter is *simple*: old and new majorities share a voter anyway. Any other goes through a *joint* membership,
/// in which every decision takes a majority of the incoming and one of the outgoing voters:
///
///     voters=(1 2 3)  ── enter ──▶  voters=(2 3 4)&&(1 2 3)  ── leave ──▶  voters=(2 3 4)
///
/// A learner receives the log and does not vote. A voter that becomes a learner while its vote in the outgoing half still
/// counts waits in `learners_next` until the joint membership is left, so that nobody is voter and learner at once.
///
/// Everything here is a pure function of the membership before, so all nodes that apply the same log agree on the outcome,
/// also where it is a refusal.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/raft/progress.hpp>
#include <phantomdb/raft/quorum.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::raft {

/// Who is in a group. A value; part of every image.
struct membership {
    joint_majority voters;
    node_set learners;
    node_set learners_next;   ///< voters of the outgoing half, learners once it is gone
    bool auto_leave = false;  ///< a leader leaves the joint membership by itself as soon as it is applied

    bool is_joint() const { return voters.is_joint(); }
    bool contains(node_id node) const { return voters.contains(node) || learners.contains(node); }
    /// Everyone who receives the log.
    node_set everyone() const { return united(voters.voters(), learners); }

    friend bool operator==(membership const&, membership const&) = default;
};

/// As in `voters=(1 2 3)&&(1) learners=(4) learners_next=(1) autoleave`.
inline std::string describe(membership const& members) {
    std::string text = "voters=" + describe(members.voters);
    if (!members.learners.empty()) text += " learners=" + describe(members.learners);
    if (!members.learners_next.empty()) text += " learners_next=" + describe(members.learners_next);
    if (members.auto_leave) text += " autoleave";
    return text;
}

enum class change_kind : std::uint8_t {
    add_voter,    ///< or make a learner one
    remove,       ///< voter or learner
    update,       ///< changes nothing here; for what the host keeps of its nodes
    add_learner,  ///< or make a voter one
};

/// One step of a change. Node 0 means that the host has withdrawn it: it does nothing.
struct member_change {
    change_kind kind = change_kind::add_voter;
    node_id node = nobody;

    friend bool operator==(member_change const&, member_change const&) = default;
};

enum class transition : std::uint8_t {
    automatic,       ///< simple for one step; joint for several, left automatically
    joint_implicit,  ///< joint, left automatically
    joint_explicit,  ///< joint, left by an empty change that someone proposes
};

/// What is proposed, goes through the log, and is applied. Empty and `automatic` it leaves a joint membership.
struct membership_change {
    transition how = transition::automatic;
    std::vector<member_change> steps;
    std::string context;  ///< the host's own bytes

    bool leaves_joint() const { return how == transition::automatic && steps.empty(); }
    bool enters_joint() const { return how != transition::automatic || steps.size() > 1; }
    bool leaves_automatically() const { return how != transition::joint_explicit; }

    friend bool operator==(membership_change const&, membership_change const&) = default;
};

/// The bytes of a change in the log; none for the one that leaves a joint membership.
///
///     how (1 byte) | count (varint) | count × (kind (1 byte), node (varint)) | context (the rest)
inline std::string encode(membership_change const& change) {
    std::string bytes;
    if (change.leaves_joint() && change.context.empty()) return bytes;
    bytes += static_cast<char>(change.how);
    codec::append_varint(bytes, change.steps.size());
    for (member_change const& step : change.steps) {
        bytes += static_cast<char>(step.kind);
        codec::append_varint(bytes, step.node);
    }
    return bytes += change.context;
}

/// Reads what `encode` wrote; nothing where these are other bytes.
inline std::optional<membership_change> decode_membership_change(std::string_view bytes) {
    membership_change change;
    if (bytes.empty()) return change;
    if (static_cast<unsigned char>(bytes[0]) > static_cast<unsigned char>(transition::joint_explicit))
        return std::nullopt;
    change.how = static_cast<transition>(bytes[0]);
    bytes.remove_prefix(1);
    std::uint64_t count = 0;
    if (!codec::take_varint(bytes, count)) return std::nullopt;
    for (; count > 0; --count) {
        if (bytes.empty()) return std::nullopt;
        if (static_cast<unsigned char>(bytes[0]) > static_cast<unsigned char>(change_kind::add_learner))
            return std::nullopt;
        member_change step;
        step.kind = static_cast<change_kind>(bytes[0]);
        bytes.remove_prefix(1);
        if (!codec::take_varint(bytes, step.node)) return std::nullopt;
        change.steps.push_back(step);
    }
    change.context = bytes;
    return change;
}

/// Why a change cannot be made.
enum class membership_error : std::uint8_t {
    none,
    already_joint,
    not_joint,
    no_voters,  ///< before it: there is nothing to be joint with
    would_have_no_voters,
    simple_while_joint,
    more_than_one_voter,
};

inline std::string_view describe(membership_error error) {
    switch (error) {
        case membership_error::none: return "";
        case membership_error::already_joint: return "config is already joint";
        case membership_error::not_joint: return "can't leave a non-joint config";
        case membership_error::no_voters: return "can't make a zero-voter config joint";
        case membership_error::would_have_no_voters: return "removed all voters";
        case membership_error::simple_while_joint: return "can't apply simple config change in joint config";
        case membership_error::more_than_one_voter: return "more than one voter changed without entering joint config";
    }
    return "";
}

/// A membership, or why there is none.
struct membership_result {
    membership members;
    membership_error error = membership_error::none;

    explicit operator bool() const { return error == membership_error::none; }
};

/// What holds of every membership that changes lead to.
inline bool is_sound(membership const& members) {
    for (node_id const node : members.learners_next) {
        if (!members.voters.outgoing.voters.contains(node) || members.learners.contains(node)) return false;
    }
    for (node_id const node : members.learners) {
        if (members.voters.contains(node)) return false;
    }
    return members.is_joint() || (members.learners_next.empty() && !members.auto_leave);
}

namespace detail {

inline void take_step(membership& members, member_change step) {
    node_id const node = step.node;
    node_set& incoming = members.voters.incoming.voters;
    auto const forget = [&] {
        incoming.erase(node);
        members.learners.erase(node);
        members.learners_next.erase(node);
    };
    switch (step.kind) {
        case change_kind::add_voter:
            forget();
            incoming.insert(node);
            break;
        case change_kind::remove: forget(); break;
        case change_kind::update: break;
        case change_kind::add_learner:
            forget();
            if (members.voters.outgoing.voters.contains(node)) {
                members.learners_next.insert(node);
            } else {
                members.learners.insert(node);
            }
            break;
    }
}

inline membership_result take_steps(membership members, std::vector<member_change> const& steps) {
    for (member_change const& step : steps) {
        if (step.node != nobody) take_step(members, step);
    }
    if (members.voters.incoming.voters.empty()) return {{}, membership_error::would_have_no_voters};
    PHANTOMDB_ASSERT(is_sound(members));
    return {std::move(members), membership_error::none};
}

}  // namespace detail

/// Takes `steps` at once; at most one voter may come of or go by them all together.
inline membership_result change_simply(membership const& members, std::vector<member_change> const& steps) {
    if (members.is_joint()) return {{}, membership_error::simple_while_joint};
    membership_result result = detail::take_steps(members, steps);
    if (result && difference(members.voters.incoming.voters, result.members.voters.incoming.voters) > 1) {
        return {{}, membership_error::more_than_one_voter};
    }
    return result;
}

/// Makes the voters the outgoing half, and takes `steps` in the incoming one.
inline membership_result enter_joint(membership members, bool auto_leave, std::vector<member_change> const& steps) {
    if (members.is_joint()) return {{}, membership_error::already_joint};
    if (members.voters.incoming.voters.empty()) return {{}, membership_error::no_voters};
    members.voters.outgoing = members.voters.incoming;
    members.auto_leave = auto_leave;
    return detail::take_steps(std::move(members), steps);
}

/// Drops the outgoing half. Who waited in `learners_next` is a learner now.
inline membership_result leave_joint(membership members) {
    if (!members.is_joint()) return {{}, membership_error::not_joint};
    members.voters.outgoing.voters.clear();
    members.learners = united(members.learners, members.learners_next);
    members.learners_next.clear();
    members.auto_leave = false;
    PHANTOMDB_ASSERT(is_sound(members));
    return {std::move(members), membership_error::none};
}

/// Makes `change` in the way it asks for.
inline membership_result changed(membership const& members, membership_change const& change) {
    if (change.leaves_joint()) return leave_joint(members);
    if (change.enters_joint()) return enter_joint(members, change.leaves_automatically(), change.steps);
    return change_simply(members, change.steps);
}

/// A member and what a leader knows of it.
struct peer {
    node_id node = nobody;
    progress state;
};

/// The peers of a membership, the node itself among them, in ascending order.
class peer_table {
public:
    explicit peer_table(std::size_t inflight_messages = 1, std::uint64_t inflight_bytes = no_limit)
        : inflight_messages_(inflight_messages), inflight_bytes_(inflight_bytes) {}

    membership const& members() const { return members_; }

    /// Switches to `members`. Who was there before keeps its progress; who is new is probed from the end of the log, `last`,
    /// and counts as heard of, lest a check of the quorum come before its first answer.
    void switch_to(membership members, log_index last) {
        PHANTOMDB_ASSERT(is_sound(members));
        std::vector<peer> peers;
        for (node_id const node : members.everyone()) {
            if (progress* known = find(node)) {
                peers.push_back({node, std::move(*known)});
            } else {
                peers.push_back({node, fresh(std::max<log_index>(last, 1))});
                peers.back().state.recently_active = true;
            }
            peers.back().state.is_learner = members.learners.contains(node);
        }
        peers_ = std::move(peers);
        members_ = std::move(members);
    }

    /// Forgets all peers and switches to the membership of an image that ends at `last`.
    void restart_with(membership members, log_index last) {
        peers_.clear();
        switch_to(std::move(members), last);
    }

    /// Starts over at the beginning of a term: everyone is to be probed from `last` + 1.
    void reset(log_index last) {
        for (peer& p : peers_) {
            bool const is_learner = p.state.is_learner;
            p.state = fresh(last + 1);
            p.state.is_learner = is_learner;
        }
    }

    progress* find(node_id node) {
        for (peer& p : peers_) {
            if (p.node == node) return &p.state;
        }
        return nullptr;
    }
    progress const* find(node_id node) const { return const_cast<peer_table*>(this)->find(node); }

    auto begin() { return peers_.begin(); }
    auto end() { return peers_.end(); }
    auto begin() const { return peers_.begin(); }
    auto end() const { return peers_.end(); }

    /// The highest index that a quorum is known to hold.
    log_index committed() const {
        return members_.voters.committed([this](node_id node) -> std::optional<log_index> {
            progress const* known = find(node);
            if (known == nullptr) return std::nullopt;
            return known->match;
        });
    }

    /// Whether a quorum was heard of lately.
    bool is_quorum_active() const {
        return members_.voters.result([this](node_id node) -> std::optional<bool> {
            progress const* known = find(node);
            if (known == nullptr) return std::nullopt;
            return known->recently_active;
        }) == vote_result::won;
    }

private:
    progress fresh(log_index next) const {
        progress made;
        made.next = next;
        made.flight = inflights(inflight_messages_, inflight_bytes_);
        return made;
    }

    std::size_t inflight_messages_;
    std::uint64_t inflight_bytes_;
    membership members_;
    std::vector<peer> peers_;
};

}  // namespace phantomdb::raft
