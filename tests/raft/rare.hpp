/// @file Defines `rare`, what ought to happen now and then in simulated groups: a run of many seeds tells what never did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace phantomdb::test {

#define PHANTOMDB_RARE_PATHS(X) \
    X(vote_refused, "a vote is refused") \
    X(pre_vote_refused, "a pre-vote is refused") \
    X(candidate_lost, "a candidate loses") \
    X(leader_deposed, "a leader learns of a newer term") \
    X(leader_without_quorum, "a leader steps down because it does not hear from a majority") \
    X(leader_removed, "a leader is removed from its group") \
    X(append_refused, "a follower lacks what new entries follow on") \
    X(entries_replaced, "a follower's entries are replaced by another leader's") \
    X(old_terms_entry, "a leader commits an entry of an earlier term") \
    X(proposal_forwarded, "a follower hands a proposal on") \
    X(read_forwarded, "a follower hands a read on") \
    X(lease_read, "a leader answers a read by its lease") \
    X(transfer_ordered, "a leader tells another to take over") \
    X(joint_membership, "a membership is joint") \
    X(learner, "a group has a learner") \
    X(image_sent, "a peer gets an image") \
    X(image_installed, "an image takes the place of a log") \
    X(crash_while_writing, "the power goes while something is written") \
    X(change_lost, "a crash takes what was written and not yet promised") \
    X(change_survived, "what was being written when the power went is there all the same") \
    X(commit_forgotten, "a restart knows less to be committed than before") \
    X(log_compacted, "a log is compacted") \
    X(image_ahead_of_log, "a crash leaves an image whose log does not begin with it yet")

enum class rare : std::uint8_t {
#define X(name, text) name,
    PHANTOMDB_RARE_PATHS(X)
#undef X
};

inline constexpr std::string_view rare_texts[]{
#define X(name, text) text,
    PHANTOMDB_RARE_PATHS(X)
#undef X
};
inline constexpr std::size_t rare_paths = std::size(rare_texts);
#undef PHANTOMDB_RARE_PATHS

/// How often each was met.
struct rare_counts {
    std::array<std::uint64_t, rare_paths> times{};

    void met(rare what) { ++times[static_cast<std::size_t>(what)]; }
    std::uint64_t of(rare what) const { return times[static_cast<std::size_t>(what)]; }
    void add(rare_counts const& other) {
        for (std::size_t i = 0; i < rare_paths; ++i) times[i] += other.times[i];
    }
};

}  // namespace phantomdb::test
