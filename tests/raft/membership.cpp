#include <phantomdb/raft/membership.hpp>

#include "support/catch.hpp"

#include <phantomdb/sim/random.hpp>

using namespace phantomdb;
using namespace phantomdb::raft;

namespace {

membership of(node_set incoming, node_set outgoing = {}, node_set learners = {}, node_set next = {},
              bool leave = false) {
    return {{{std::move(incoming)}, {std::move(outgoing)}}, std::move(learners), std::move(next), leave};
}
constexpr member_change add(node_id node) { return {change_kind::add_voter, node}; }
constexpr member_change remove(node_id node) { return {change_kind::remove, node}; }
constexpr member_change learn(node_id node) { return {change_kind::add_learner, node}; }

}  // namespace

TEST_CASE("membership: simple changes add, remove, promote and demote one voter") {
    membership const three = of({1, 2, 3});
    CHECK(change_simply(three, {add(4)}).members == of({1, 2, 3, 4}));
    CHECK(change_simply(three, {remove(2)}).members == of({1, 3}));
    CHECK(change_simply(three, {remove(9)}).members == three);
    CHECK(change_simply(three, {learn(3)}).members == of({1, 2}, {}, {3}));
    CHECK(change_simply(three, {learn(4), learn(5)}).members == of({1, 2, 3}, {}, {4, 5}));
    CHECK(change_simply(of({1}, {}, {2}), {add(2)}).members == of({1, 2}));
    CHECK(change_simply(three, {{change_kind::update, 2}, add(nobody)}).members == three);
}

TEST_CASE("membership: simple changes refuse what one quorum could not decide") {
    CHECK(change_simply(of({1, 2}), {add(3), add(4)}).error == membership_error::more_than_one_voter);
    CHECK(change_simply(of({1, 2}), {add(3), remove(1)}).error == membership_error::more_than_one_voter);
    CHECK(change_simply(of({1}), {remove(1)}).error == membership_error::would_have_no_voters);
    CHECK(change_simply(of({1}), {learn(1)}).error == membership_error::would_have_no_voters);
    CHECK(change_simply(of({1}, {1}), {add(2)}).error == membership_error::simple_while_joint);
}

TEST_CASE("membership: a joint change keeps the outgoing voters until it is left") {
    membership const start = of({1, 2, 3}, {}, {9});
    auto const entered = enter_joint(start, true, {remove(1), add(4), learn(2), add(9)});
    REQUIRE(entered);
    CHECK(entered.members == of({3, 4, 9}, {1, 2, 3}, {}, {2}, true));
    CHECK(describe(entered.members) == "voters=(3 4 9)&&(1 2 3) learners_next=(2) autoleave");
    CHECK(entered.members.contains(1));
    CHECK(enter_joint(entered.members, false, {}).error == membership_error::already_joint);
    auto const left = leave_joint(entered.members);
    REQUIRE(left);
    CHECK(left.members == of({3, 4, 9}, {}, {2}));
    CHECK(leave_joint(left.members).error == membership_error::not_joint);
    CHECK(enter_joint({}, false, {add(1)}).error == membership_error::no_voters);
    CHECK(enter_joint(start, false, {remove(1), remove(2), remove(3)}).error == membership_error::would_have_no_voters);
}

TEST_CASE("membership: the transition asked for decides the way") {
    membership const start = of({1, 2, 3});
    CHECK(changed(start, {transition::automatic, {add(4)}, {}}).members == of({1, 2, 3, 4}));
    CHECK(changed(start, {transition::automatic, {add(4), add(5)}, {}}).members ==
          of({1, 2, 3, 4, 5}, {1, 2, 3}, {}, {}, true));
    CHECK(changed(start, {transition::joint_implicit, {add(4)}, {}}).members ==
          of({1, 2, 3, 4}, {1, 2, 3}, {}, {}, true));
    CHECK(changed(start, {transition::joint_explicit, {add(4)}, {}}).members == of({1, 2, 3, 4}, {1, 2, 3}));
    CHECK(changed(start, {}).error == membership_error::not_joint);
    CHECK(changed(of({1}, {2}), {}).members == of({1}));
}

TEST_CASE("membership: changes survive their bytes, and other bytes are none") {
    membership_change const change{transition::joint_explicit, {add(1), learn(300), remove(1u << 31)}, "context"};
    CHECK(decode_membership_change(encode(change)) == change);
    CHECK(encode({}).empty());
    CHECK(decode_membership_change("") == membership_change{});
    membership_change const with_context{transition::automatic, {}, "x"};
    CHECK(decode_membership_change(encode(with_context)) == with_context);
    std::string const bytes = encode({transition::automatic, {add(300), add(5)}, {}});
    for (std::size_t n = 1; n < bytes.size(); ++n)
        CHECK_FALSE(decode_membership_change(std::string_view(bytes).substr(0, n)));
    CHECK_FALSE(decode_membership_change("\x07"));
    CHECK_FALSE(decode_membership_change(std::string("\0\x01\x09\x01", 4)));
}

TEST_CASE("membership: whatever is asked for, the outcome is sound, and quorums before and after share a voter") {
    sim::random_source random(3);
    membership members = of({1, 2, 3});
    int made = 0, joint = 0;
    for (int round = 0; round < 5000; ++round) {
        membership_change change;
        change.how = static_cast<transition>(random.below(3));
        for (std::uint64_t n = random.below(4); n > 0; --n) {
            change.steps.push_back({static_cast<change_kind>(random.below(4)), random.below(8)});
        }
        auto const next = changed(members, change);
        if (!next) continue;
        REQUIRE(is_sound(next.members));
        REQUIRE_FALSE(next.members.voters.incoming.voters.empty());
        // Split all nodes in two: never can one side win under the old membership and the other under the new one.
        for (unsigned side = 0; side < 1u << 8; ++side) {
            auto const holds = [&](node_id node) -> std::optional<bool> { return (side >> node & 1) != 0; };
            auto const lacks = [&](node_id node) -> std::optional<bool> { return (side >> node & 1) == 0; };
            REQUIRE_FALSE((members.voters.result(holds) == vote_result::won &&
                           next.members.voters.result(lacks) == vote_result::won));
        }
        members = next.members;
        ++made;
        joint += members.is_joint();
    }
    CHECK(made > 500);
    CHECK(joint > 200);
}

TEST_CASE("membership: peers keep their progress through a change; new ones are probed from the end of the log") {
    peer_table peers;
    peers.switch_to(of({1, 2}), 0);
    peers.find(2)->match = 7;
    peers.find(2)->next = 8;
    peers.switch_to(of({1, 3}, {1, 2}, {4}, {2}), 20);
    CHECK(peers.find(2)->match == 7);
    CHECK_FALSE(peers.find(2)->is_learner);  // not yet
    CHECK(peers.find(3)->next == 20);
    CHECK(peers.find(3)->recently_active);
    CHECK(peers.find(4)->is_learner);
    peers.switch_to(leave_joint(peers.members()).members, 20);
    CHECK(peers.find(2)->match == 7);
    CHECK(peers.find(2)->is_learner);
    peers.switch_to(of({1}), 20);
    CHECK(peers.find(3) == nullptr);
    peers.reset(30);
    CHECK(peers.find(1)->next == 31);
}
