// Laws of quorums, against an oracle that tries all sets of voters.

#include <phantomdb/raft/quorum.hpp>

#include "support/catch.hpp"

#include <phantomdb/sim/random.hpp>

#include <map>

using namespace phantomdb;
using namespace phantomdb::raft;

namespace {

using index_map = std::map<node_id, log_index>;
using vote_map = std::map<node_id, bool>;

template <class Map>
auto lookup(Map const& known) {
    return [&known](node_id node) -> std::optional<typename Map::mapped_type> {
        auto const found = known.find(node);
        return found == known.end() ? std::nullopt : std::optional(found->second);
    };
}

/// The highest index that all voters of some set of more than half of them hold: by trying all sets.
log_index committed_by_trying(majority const& quorum, index_map const& known) {
    std::vector<node_id> const voters(quorum.voters.begin(), quorum.voters.end());
    if (voters.empty()) return everything;
    log_index best = 0;
    for (unsigned set = 0; set < 1u << voters.size(); ++set) {
        if (2 * static_cast<std::size_t>(__builtin_popcount(set)) <= voters.size()) continue;
        log_index held = everything;
        for (std::size_t i = 0; i < voters.size(); ++i) {
            if (set >> i & 1) held = std::min(held, lookup(known)(voters[i]).value_or(0));
        }
        best = std::max(best, held);
    }
    return best;
}

/// Won if a set of more than half said yes; lost if none can any more, whatever those say that have not voted.
vote_result result_by_trying(majority const& quorum, vote_map const& votes) {
    std::vector<node_id> const voters(quorum.voters.begin(), quorum.voters.end());
    if (voters.empty()) return vote_result::won;
    bool can_be_won = false;
    for (unsigned set = 0; set < 1u << voters.size(); ++set) {
        if (2 * static_cast<std::size_t>(__builtin_popcount(set)) <= voters.size()) continue;
        bool all = true, none_against = true;
        for (std::size_t i = 0; i < voters.size(); ++i) {
            if ((set >> i & 1) == 0) continue;
            auto const vote = lookup(votes)(voters[i]);
            all = all && vote == true;
            none_against = none_against && vote != false;
        }
        if (all) return vote_result::won;
        can_be_won = can_be_won || none_against;
    }
    return can_be_won ? vote_result::pending : vote_result::lost;
}

majority some_majority(sim::random_source& random, std::size_t most) {
    majority made;
    for (std::size_t n = random.below(most + 1); n > 0; --n) made.voters.insert(1 + random.below(9));
    return made;
}

}  // namespace

TEST_CASE("quorum: what is committed agrees with trying all sets, and is the lower half's where it is joint") {
    sim::random_source random(1);
    for (int round = 0; round < 3000; ++round) {
        joint_majority const quorum{some_majority(random, 7), some_majority(random, 7)};
        index_map known;
        for (node_id node = 1; node <= 9; ++node) {
            if (random.chance(3, 4)) known[node] = random.below(6);
        }
        log_index const in = committed_by_trying(quorum.incoming, known),
                        out = committed_by_trying(quorum.outgoing, known);
        REQUIRE(quorum.incoming.committed(lookup(known)) == in);
        REQUIRE(quorum.committed(lookup(known)) == std::min(in, out));
        REQUIRE(joint_majority{quorum.outgoing, quorum.incoming}.committed(lookup(known)) == std::min(in, out));
        REQUIRE(joint_majority{quorum.incoming, quorum.incoming}.committed(lookup(known)) == in);
        // More acknowledgements never commit less.
        for (node_id node = 1; node <= 9; ++node) {
            index_map more = known;
            ++more[node];
            REQUIRE(quorum.committed(lookup(more)) >= quorum.committed(lookup(known)));
        }
    }
}

TEST_CASE("quorum: votes agree with trying all sets, and a decision stands whatever comes later") {
    sim::random_source random(2);
    for (int round = 0; round < 3000; ++round) {
        joint_majority const quorum{some_majority(random, 6), some_majority(random, 6)};
        vote_map votes;
        for (node_id node = 1; node <= 9; ++node) {
            if (random.chance(1, 2)) votes[node] = random.chance(1, 2);
        }
        vote_result const in = result_by_trying(quorum.incoming, votes), out = result_by_trying(quorum.outgoing, votes);
        vote_result const expected = in == vote_result::lost || out == vote_result::lost ? vote_result::lost
                                     : in == vote_result::won && out == vote_result::won ? vote_result::won
                                                                                         : vote_result::pending;
        REQUIRE(quorum.incoming.result(lookup(votes)) == in);
        REQUIRE(quorum.result(lookup(votes)) == expected);
        REQUIRE(joint_majority{quorum.outgoing, quorum.incoming}.result(lookup(votes)) == expected);
        for (node_id node = 1; node <= 9; ++node) {
            if (votes.contains(node)) continue;
            for (bool const vote : {false, true}) {
                vote_map more = votes;
                more[node] = vote;
                if (expected != vote_result::pending) REQUIRE(quorum.result(lookup(more)) == expected);
            }
        }
    }
}

TEST_CASE("quorum: more than nine voters") {
    majority quorum;
    index_map known;
    for (node_id node = 1; node <= 15; ++node) {
        quorum.voters.insert(node);
        known[node] = 100 - node;
    }
    CHECK(quorum.committed(lookup(known)) == 92);
    known.erase(1);
    CHECK(quorum.committed(lookup(known)) == 91);
}

TEST_CASE("quorum: a picture for people") {
    index_map const known{{1, 100}, {2, 101}, {3, 100}};
    CHECK(describe(joint_majority{{{3, 1, 2}}, {}}) == "(1 2 3)");
    CHECK(describe(joint_majority{{{3, 1, 2}}, {{4}}}) == "(1 2 3)&&(4)");
    CHECK(describe_progress({1, 2, 3, 4}, lookup(known)) ==
          "        idx\n"
          "x>      100    (id=1)\n"
          "xxx>    101    (id=2)\n"
          "x>      100    (id=3)\n"
          "?         0    (id=4)\n");
    CHECK(describe_progress({}, lookup(known)) == "<empty majority quorum>");
}

TEST_CASE("node sets are sorted sets") {
    node_set nodes{5, 1, 3, 1};
    CHECK(describe(nodes) == "(1 3 5)");
    nodes.erase(3);
    nodes.erase(4);
    CHECK(nodes == node_set{1, 5});
    CHECK(nodes.contains(5));
    CHECK_FALSE(nodes.contains(3));
    CHECK(united(nodes, {2}) == node_set{1, 2, 5});
    CHECK(difference(nodes, {1, 2, 7}) == 3);
    CHECK(difference(nodes, nodes) == 0);
}
