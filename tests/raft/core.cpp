// What the core does beyond the paper: pre-vote, check of the quorum, leases, reads, transfer, learners, flow control, limits, storing in
// the background.

#include "raft/group.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace phantomdb;
using namespace phantomdb::raft;
using namespace phantomdb::test;

namespace {

core_options with(void (*set)(core_options&)) {
    core_options options = group::plain();
    set(options);
    return options;
}
core_options const pre_vote = with([](core_options& o) { o.pre_vote = true; });
core_options const check_quorum = with([](core_options& o) { o.check_quorum = true; });
core_options const both = with([](core_options& o) { o.pre_vote = o.check_quorum = true; });

std::size_t count(std::vector<message> const& messages, message_kind kind, node_id to = nobody) {
    return static_cast<std::size_t>(std::count_if(messages.begin(), messages.end(), [&](message const& m) {
        return m.kind == kind && (to == nobody || m.to == to);
    }));
}
void tick_all(group& g, unsigned times) {
    for (; times > 0; --times) {
        for (node_id id = 1; id <= g.size(); ++id) g.tick(id);
    }
}

}  // namespace

// Pre-vote

TEST_CASE("pre-vote: who cannot win does not start a term") {
    group g(3, pre_vote);
    g.campaign(1);
    REQUIRE(g.core(1).role() == role::leader);
    g.isolate(3);
    g.propose(1, "a");
    g.tick(3, 100);
    CHECK(g.core(3).role() == role::pre_candidate);
    CHECK(g.core(3).term() == 1);
    g.heal();
    g.tick(1);
    CHECK(g.core(1).role() == role::leader);
    CHECK(g.core(3).role() == role::follower);
    CHECK(g.core(3).term() == 1);
}

TEST_CASE("pre-vote: asking changes neither term nor vote of those who are asked") {
    group g(3, pre_vote);
    message m = message_of(message_kind::pre_vote, 2, 1, 9);
    g.core(1).step(m);
    auto const replies = g[1].work();
    REQUIRE(replies.size() == 1);
    CHECK_FALSE(replies[0].rejected);
    CHECK(replies[0].term == 9);
    CHECK(g.core(1).term() == 0);
    CHECK(g.core(1).vote() == nobody);
}

TEST_CASE("pre-vote: a refusal of a later term makes the candidate catch up") {
    group g(3, pre_vote);
    g.core(1).campaign();
    g[1].work();
    message m = message_of(message_kind::pre_vote_reply, 2, 1, 8);
    m.rejected = true;
    g.core(1).step(m);
    CHECK(g.core(1).role() == role::follower);
    CHECK(g.core(1).term() == 8);
}

TEST_CASE("pre-vote: a late grant of the pre-vote is no vote") {
    group g(5, pre_vote);
    g.core(1).campaign();
    g[1].work();
    g.core(1).step(message_of(message_kind::pre_vote_reply, 2, 1, 1));
    g.core(1).step(message_of(message_kind::pre_vote_reply, 3, 1, 1));
    REQUIRE(g.core(1).role() == role::candidate);
    g[1].work();
    g.core(1).step(message_of(message_kind::pre_vote_reply, 4, 1, 1));
    g.core(1).step(message_of(message_kind::pre_vote_reply, 5, 1, 1));
    CHECK(g.core(1).role() == role::candidate);
}

TEST_CASE("pre-vote and check of the quorum: a group never stays without a leader") {
    // One node had a newer term before, another the longer log: each needs the other to move.
    group g(3, both);
    g.campaign(1);
    g.isolate(1);
    g[3].state = {7, nobody, g[3].state.commit};
    g[3].start();
    tick_all(g, 60);
    CHECK((g.core(2).role() == role::leader) + (g.core(3).role() == role::leader) == 1);
    g.heal();
    tick_all(g, 60);
    node_id const leader = g.core(1).leader();
    CHECK(leader != nobody);
    CHECK(g.core(2).leader() == leader);
    CHECK(g.core(3).leader() == leader);
}

// Check of the quorum, leases

TEST_CASE("check of the quorum: a leader without a quorum steps down within two election timeouts") {
    group g(3, check_quorum);
    g.campaign(1);
    g.isolate(1);
    g.tick(1, 20);
    CHECK(g.core(1).role() == role::follower);
    CHECK(g.core(1).leader() == nobody);
    CHECK(g.core(1).count(warning::quorum_inactive) == 1);
}

TEST_CASE("check of the quorum: a leader whom a majority hears stays, and so does one that leads alone") {
    group g(3, check_quorum);
    g.campaign(1);
    g.isolate(3);
    g.tick(1, 100);
    CHECK(g.core(1).role() == role::leader);
    group alone(1, check_quorum);
    alone.campaign(1);
    alone.tick(1, 100);
    CHECK(alone.core(1).role() == role::leader);
}

TEST_CASE("check of the quorum: who hears its leader ignores candidates, until it does not hear it any more") {
    group g(3, check_quorum);
    g.campaign(1);
    g.lost = [](message const& m) { return m.to == 1 || m.from == 1; };
    g.campaign(3);
    CHECK(g.core(3).role() == role::candidate);
    CHECK(g.core(2).term() == 1);
    g.core(2).set_election_timeout(1000);
    g.tick(2, g[2].options.election_ticks);
    g.campaign(3);
    CHECK(g.core(3).role() == role::leader);
}

TEST_CASE("check of the quorum: a node that is ahead in terms gets the group to meet it there") {
    group g(3, check_quorum);
    g.campaign(1);
    g.isolate(3);
    g.campaign(3);
    g.campaign(3);
    REQUIRE(g.core(3).term() == 3);
    g.heal();
    tick_all(g, 60);
    CHECK(g.core(1).term() >= 3);
    CHECK(g.core(1).term() == g.core(3).term());
    CHECK(g.core(3).leader() != nobody);
}

TEST_CASE("forgetting the leader lets a follower vote in spite of the check of the quorum") {
    group g(3, check_quorum);
    g.campaign(1);
    g.isolate(1);
    g.core(2).forget_leader();
    CHECK(g.core(2).leader() == nobody);
    CHECK(g.core(2).role() == role::follower);
    g.campaign(3);
    CHECK(g.core(3).role() == role::leader);

    core_options options = check_quorum;
    options.reads = read_mode::lease;
    group leases(3, options);
    leases.campaign(1);
    leases.core(2).forget_leader();
    CHECK(leases.core(2).leader() == 1);
    CHECK(leases.core(2).count(warning::cannot_forget_by_lease) == 1);
}

// Reads

TEST_CASE("reads: a quorum confirms them, from whatever node they come") {
    group g(3);
    g.campaign(1);
    g.propose(1, "a");
    log_index const committed = g.core(1).log().committed();
    for (node_id const id : {1u, 3u}) {
        g.core(id).read_index("r");
        g.settle();
        CHECK(g[id].reads == std::vector<confirmed_read>{{committed, "r"}});
    }
    g.isolate(1);
    g.core(1).read_index("lonely");
    g.settle();
    CHECK(g[1].reads.size() == 1);
    g.lost = [](message const& m) { return m.from == 3 || m.to == 3; };
    g.tick(1);  // the heartbeat asks again
    CHECK(g[1].reads.back() == confirmed_read{committed, "lonely"});
}

TEST_CASE("reads: a leader that was replaced confirms none") {
    group g(3);
    g.campaign(1);
    g.isolate(1);
    g.campaign(2);
    g.propose(2, "new");
    g.core(1).read_index("stale");
    g.settle();
    g.heal();
    g.tick(1, 3);
    CHECK(g[1].reads.empty());
}

TEST_CASE("reads: a new leader waits for the first commit of its term") {
    group g(3);
    g.campaign(1);
    g.propose(1, "a");
    g.lost = [](message const& m) { return m.kind == message_kind::append; };
    g.campaign(2);
    REQUIRE(g.core(2).role() == role::leader);
    g.core(2).read_index("early");
    g.settle();
    CHECK(g[2].reads.empty());
    g.heal();
    g.tick(2, 2);
    CHECK(g[2].reads == std::vector<confirmed_read>{{g.core(2).log().committed(), "early"}});
}

TEST_CASE("reads: a lease answers at once, a single voter too, a follower without leader never") {
    core_options options = check_quorum;
    options.reads = read_mode::lease;
    group g(3, options);
    g.core(3).read_index("nobody");
    g.campaign(1);
    g.tick(1);
    g.isolate(1);
    g.core(1).read_index("lease");
    g.settle();
    CHECK(g[1].reads.size() == 1);
    CHECK(g[3].reads.empty());
    group alone(1);
    alone.campaign(1);
    alone.core(1).read_index("x");
    alone.settle();
    CHECK(alone[1].reads.size() == 1);
}

TEST_CASE("reads: a lease ends before anyone else can lead, though the leader does not step down yet") {
    core_options options = check_quorum;
    options.reads = read_mode::lease;
    group g(3, options);
    g.campaign(1);
    g.tick(1);
    g.isolate(1);
    unsigned answered = 0;
    for (unsigned ticks = 0; ticks < 10; ++ticks) {
        g.core(1).read_index(payload(std::to_string(ticks)));
        g.settle();
        answered += g[1].reads.size() == ticks + 1;
        // At worst the others' tick comes just before the leader's.
        g.core(2).set_election_timeout(options.election_ticks);
        g.tick(3);
        g.tick(2);
        if (g.core(2).role() == role::leader) break;
        g.tick(1);
    }
    CHECK(g.core(2).role() == role::leader);
    CHECK(g.core(1).role() == role::leader);
    CHECK(answered >= 7);
    CHECK(answered < 10);
}

TEST_CASE("reads: leases are void after a transfer was begun, and after a start nobody votes until they have run out") {
    core_options options = check_quorum;
    options.reads = read_mode::lease;
    group g(3, options);
    g.campaign(1);
    g.tick(1);
    g.isolate(1);
    g.core(1).transfer_leadership(2);
    g.tick(1, 10);
    CHECK(g.core(1).transferee() == nobody);
    g.heal();
    g.tick(1);
    g.isolate(1);
    g.core(1).read_index("x");
    g.settle();
    CHECK(g[1].reads.empty());
    g.heal();
    g.tick(1);
    CHECK(g[1].reads.size() == 1);  // by the quorum

    g[2].start();
    message m = message_of(message_kind::vote, 3, 2, 9);
    m.index = 100;
    m.log_term = 9;
    g.core(2).step(m);
    CHECK(g.core(2).vote() != 3);
    g.isolate(2);
    g.core(2).set_election_timeout(1000);
    g.tick(2, options.election_ticks + 1);
    g.core(2).step(m);
    CHECK(g.core(2).vote() == 3);
}

TEST_CASE("reads: a leader that was removed from a group of two does not answer for the other") {
    core_options options = group::plain();
    options.step_down_on_removal = false;
    group g(2, options);
    g.campaign(1);
    g.change(1, {transition::automatic, {{change_kind::remove, 1}}, {}});
    REQUIRE(g.core(1).role() == role::leader);
    g.isolate(1);
    g.core(1).read_index("x");
    g.settle();
    CHECK(g[1].reads.empty());
}

TEST_CASE("reads: a lone leader that has started again does not answer before it knows what it had committed") {
    group g(1);
    g.campaign(1);
    g.propose(1, "a");
    g[1].state.commit = 1;  // that it went on was not stored
    g[1].applied_index = 0;
    g[1].start();
    g.core(1).campaign();
    ready const vote = g.core(1).take_ready();
    g[1].state = *vote.state;
    g.core(1).advance();
    REQUIRE(g.core(1).role() == role::leader);
    REQUIRE(g.core(1).log().committed() == 1);
    g.core(1).read_index("r");
    g.settle();
    CHECK(g[1].reads == std::vector<confirmed_read>{{3, "r"}});
}

// Transfer

TEST_CASE("transfer: the target takes over at once, in spite of leases") {
    for (core_options const& options : {group::plain(), pre_vote, check_quorum, both}) {
        group g(3, options);
        g.campaign(1);
        g.core(1).transfer_leadership(3);
        g.settle();
        CHECK(g.core(3).role() == role::leader);
        CHECK(g.core(1).role() == role::follower);
        CHECK(g.core(1).leader() == 3);
        g.core(1).transfer_leadership(2);  // asked of a follower
        g.settle();
        CHECK(g.core(2).role() == role::leader);
    }
}

TEST_CASE("transfer: the target is caught up first; proposals wait") {
    group g(3);
    g.campaign(1);
    g.isolate(3);
    for (int i = 0; i < 5; ++i) g.propose(1, "x");
    g.core(1).transfer_leadership(3);
    g.settle();
    CHECK(g.core(1).transferee() == 3);
    CHECK(g.propose(1, "y") == outcome::dropped);
    g.heal();
    g.tick(1);
    CHECK(g.core(3).role() == role::leader);
}

TEST_CASE("transfer: given up after an election timeout, for another target, or when the target leaves") {
    group g(4);
    g.campaign(1);
    g.isolate(3);
    g.propose(1, "x");
    g.core(1).transfer_leadership(3);
    g.tick(1, g[1].options.election_ticks);
    CHECK(g.core(1).transferee() == nobody);
    CHECK(g.propose(1, "y") == outcome::done);
    g.core(1).transfer_leadership(3);
    g.core(1).transfer_leadership(2);
    g.settle();
    CHECK(g.core(2).role() == role::leader);
}

TEST_CASE("transfer: not to a learner, a stranger, or itself") {
    group g(3, group::plain(), {3});
    g.campaign(1);
    for (node_id const to : {1u, 3u, 9u}) {
        g.core(1).transfer_leadership(to);
        g.settle();
        CHECK(g.core(1).role() == role::leader);
        CHECK(g.core(1).transferee() == nobody);
    }
}

// Learners

TEST_CASE("learners receive everything and decide nothing") {
    group g(3, group::plain(), {3});
    g.tick(3, 100);
    CHECK(g.core(3).role() == role::follower);
    g.campaign(1);
    g.propose(1, "a");
    CHECK(g[3].applied == std::vector<std::string>{"a"});
    g.isolate(2);
    g.propose(1, "b");
    CHECK(g[1].applied.size() == 1);  // the learner does not count
    g.core(3).campaign();
    CHECK(g.core(3).count(warning::cannot_be_leader) == 1);
}

TEST_CASE("learners: promotion makes a voter that keeps its place; demotion in a joint change comes last") {
    group g(4, group::plain(), {4});
    g.campaign(1);
    g.change(1, {transition::automatic, {{change_kind::add_voter, 4}}, {}});
    CHECK(g.core(4).members().voters.incoming.voters == node_set{1, 2, 3, 4});
    CHECK(g.core(1).peers().find(4)->match == g.core(1).log().last_index());
    g.change(1, {transition::joint_explicit, {{change_kind::add_learner, 2}, {change_kind::add_learner, 3}}, {}});
    CHECK(g.core(1).members().learners_next == node_set{2, 3});
    CHECK_FALSE(g.core(1).peers().find(2)->is_learner);
    g.change(1, {});
    CHECK(g.core(1).members().learners == node_set{2, 3});
    CHECK(g.core(2).peers().find(2)->is_learner);
}

TEST_CASE("learners: one that was promoted without knowing votes all the same") {
    group g(3, group::plain(), {3});
    g.campaign(1);
    g.lost = [](message const& m) { return m.to == 3; };
    g.change(1, {transition::automatic, {{change_kind::add_voter, 3}}, {}});
    REQUIRE(g.core(2).members().voters.contains(3));
    g.lost = [](message const& m) { return m.to == 1 || m.from == 1; };
    g.campaign(2);
    CHECK(g.core(2).role() == role::leader);
    g.tick(2);
    CHECK(g.core(3).members().voters.contains(3));
}

TEST_CASE(
    "learners: a demoted leader that alone knows of it, with a longer log, does not leave the others without a "
    "leader") {
    for (core_options options : {group::plain(), both}) {
        options.step_down_on_removal = true;
        group g(2, options);
        g.campaign(1);
        log_index const change = g.core(1).log().last_index() + 1;
        g.lost = [change](message const& m) {
            return m.to == 2 && m.kind == message_kind::append && m.index >= change;
        };
        g.core(1).propose_membership(member_change{change_kind::add_learner, 1});
        g.core(1).propose("only here");
        g.settle();
        REQUIRE(g.core(1).role() == role::follower);
        REQUIRE(g.core(1).members().learners == node_set{1});
        REQUIRE(g.core(2).members().voters.contains(1));
        g.heal();
        tick_all(g, 100);
        CHECK(g.core(2).role() == role::leader);
        CHECK(g.propose(2, "b") == outcome::done);
        CHECK(g[1].applied == std::vector<std::string>{"b"});
    }
}

TEST_CASE("start: what is applied, or compacted, counts as committed, whatever commit index was stored") {
    group g(1);
    g.campaign(1);
    for (char const* command : {"a", "b", "c"}) g.propose(1, command);
    g[1].state.commit = 1;
    g[1].start();
    CHECK(g.core(1).log().committed() == 4);
    CHECK(g.core(1).log().applied() == 4);
    g[1].compact();
    g[1].start();
    CHECK(g.core(1).log().committed() == 4);
    g.campaign(1);
    g.propose(1, "d");
    CHECK(g[1].applied == std::vector<std::string>{"a", "b", "c", "d"});
}

// Flow control and limits

TEST_CASE("flow: a peer that is probed gets one message, and another when a heartbeat comes back") {
    group g(2);
    g.campaign(1);
    g.core(1).report_unreachable(2);
    g.lost = [](message const& m) { return m.kind == message_kind::append; };
    g.sent.clear();
    for (int i = 0; i < 10; ++i) g.propose(1, "x");
    CHECK(count(g.sent, message_kind::append) == 1);
    g.tick(1, 3);
    CHECK(count(g.sent, message_kind::append) == 4);
    g.heal();
    g.tick(1);
    CHECK(g[2].applied.size() == 10);
    CHECK(g.core(1).peers().find(2)->state == progress_state::replicate);
}

TEST_CASE("flow: a peer that replicates gets at most a window of messages") {
    group g(2, with([](core_options& o) { o.max_inflight_messages = 3; }));
    g.campaign(1);
    g.lost = [](message const& m) { return m.kind == message_kind::append; };
    g.sent.clear();
    for (int i = 0; i < 10; ++i) g.propose(1, "x");
    CHECK(count(g.sent, message_kind::append) == 3);
    CHECK(g.core(1).peers().find(2)->is_paused());
    g.heal();
    g.tick(1);
    CHECK(g[2].applied.size() == 10);
}

TEST_CASE("flow: bytes in flight bound the window, too") {
    group g(2, with([](core_options& o) { o.max_message_bytes = 100, o.max_inflight_bytes = 250; }));
    g.campaign(1);
    g.lost = [](message const& m) { return m.kind == message_kind::append; };
    g.sent.clear();
    for (int i = 0; i < 10; ++i) g.propose(1, std::string(90, 'x'));
    CHECK(count(g.sent, message_kind::append) == 3);
    g.heal();
    g.tick(1);
    CHECK(g[2].applied.size() == 10);
}

TEST_CASE("flow: messages are bounded in size, and a backlog goes out in several at once") {
    group g(2, with([](core_options& o) { o.max_message_bytes = 100; }));
    g.campaign(1);
    g.isolate(2);
    for (int i = 0; i < 40; ++i) g.propose(1, std::string(20, 'x'));
    g.core(1).report_unreachable(2);
    g.heal();
    g.sent.clear();
    g.tick(1, 2);
    CHECK(g[2].applied.size() == 40);
    for (message const& m : g.sent) CHECK(size_of(m.entries) <= 100);
    CHECK(count(g.sent, message_kind::append) >= 14);
}

TEST_CASE("limits: a leader takes no more than so many bytes before they are committed; the first may be any") {
    group g(2, with([](core_options& o) { o.max_uncommitted_bytes = 100; }));
    g.campaign(1);
    g.isolate(2);
    CHECK(g.propose(1, std::string(500, 'x')) == outcome::done);
    CHECK(g.propose(1, "y") == outcome::dropped);
    CHECK(g.core(1).count(warning::too_much_uncommitted) == 1);
    g.change(1, {});  // empty: still taken
    g.heal();
    g.tick(1);
    CHECK(g.propose(1, "y") == outcome::done);
    CHECK(g[2].applied.size() == 2);
}

TEST_CASE("limits: entries come to be applied in bounded portions, all of them in the end") {
    group g(1, with([](core_options& o) { o.max_applying_bytes = 60; }));
    g.campaign(1);
    for (int i = 0; i < 20; ++i) g.core(1).propose(payload(std::string(20, 'x')));
    std::size_t portions = 0, all = 0;
    while (g.core(1).has_ready()) {
        ready work = g.core(1).take_ready();
        g[1].log.append(work.entries);
        CHECK(size_of(work.committed) <= 60);
        portions += !work.committed.empty();
        all += work.committed.size();
        g.core(1).advance();
    }
    CHECK(all == 20);
    CHECK(portions == 10);
}

TEST_CASE("images: a report of the transport resumes what the acknowledgement would have") {
    for (bool const arrived : {true, false}) {
        group g(3);
        g.campaign(1);
        g.isolate(3);
        for (int i = 0; i < 5; ++i) g.propose(1, "x");
        g[1].compact();
        g.lost = [](message const& m) { return m.kind == message_kind::image; };
        g.tick(1);
        REQUIRE(g.core(1).peers().find(3)->state == progress_state::image);
        g.core(1).report_image(3, arrived);
        CHECK(g.core(1).peers().find(3)->state == progress_state::probe);
        CHECK(g.core(1).peers().find(3)->next == (arrived ? 7u : 2u));
        g.heal();
        g.tick(1, 3);
        CHECK(g[3].log.last_index() == g[1].log.last_index());
    }
}

TEST_CASE("images: none is sent to who has not been heard of") {
    group g(3, check_quorum);
    g.campaign(1);
    g.isolate(3);
    g.tick(1, 25);
    for (int i = 0; i < 5; ++i) g.propose(1, "x");
    g[1].compact();
    g.core(1).report_unreachable(3);
    g.sent.clear();
    g.tick(1, 5);
    CHECK(count(g.sent, message_kind::image) == 0);
    g.heal();
    g.tick(1, 2);
    CHECK(count(g.sent, message_kind::image) == 1);
}

TEST_CASE("a reply of a stranger is told from one of a member") {
    group g(3);
    g.campaign(1);
    CHECK(g.core(1).step(message_of(message_kind::append_reply, 9, 1, 1)) == outcome::unknown_sender);
    CHECK(g.core(1).step(message_of(message_kind::append_reply, 2, 1, 1)) == outcome::done);
}

TEST_CASE("urgent messages are those that leadership hangs on") {
    CHECK(is_urgent(message_kind::heartbeat));
    CHECK(is_urgent(message_kind::vote));
    CHECK_FALSE(is_urgent(message_kind::append));
    CHECK_FALSE(is_urgent(message_kind::image));
}

TEST_CASE("a change that cannot be made is refused when it is applied, and leaves things as they are") {
    group g(3);
    g.campaign(1);
    membership const before = g.core(1).members();
    CHECK(g.core(1).apply(membership_change{}) == membership_error::not_joint);
    membership_change all{transition::joint_explicit, {}, {}};
    for (node_id id = 1; id <= 3; ++id) all.steps.push_back({change_kind::remove, id});
    CHECK(g.core(1).apply(all) == membership_error::would_have_no_voters);
    CHECK(g.core(1).members() == before);
}

// Storing in the background

TEST_CASE(
    "asynchronous: several portions are on their way to the disk; only what is stored is applied and acknowledged") {
    core_options options = group::plain();
    options.id = 1;
    options.asynchronous_writes = true;
    memory_log log;
    membership members;
    members.voters.incoming.voters = {1};
    group_node::core core(options, log, {}, members, 0, sim::random_source(1));
    core.campaign();
    ready vote = core.take_ready();
    REQUIRE(vote.after_persist.size() == 1);
    CHECK(core.role() == role::candidate);
    core.step(vote.after_persist[0]);
    REQUIRE(core.role() == role::leader);

    std::vector<ready> portions;
    for (char const* command : {"a", "b", "c"}) {
        core.propose(payload(command));
        portions.push_back(core.take_ready());
        CHECK(portions.back().committed.empty());
    }
    CHECK_FALSE(core.has_ready());
    CHECK(core.log().committed() == 0);
    std::vector<std::string> applied;
    for (ready& portion : portions) {
        log.append(portion.entries);
        for (message const& m : portion.after_persist) core.step(m);
        core.persisted(*portion.to_persist);
        ready const next = core.take_ready();
        for (entry const& e : next.committed) {
            if (!e.data.empty()) applied.emplace_back(e.data.view());
        }
        CHECK(next.committed.back().index == portion.to_persist->last.index);
        core.applied(*next.to_apply);
    }
    CHECK(applied == std::vector<std::string>{"a", "b", "c"});
    CHECK(core.log().applied() == 4);
}

TEST_CASE(
    "asynchronous: an acknowledgement of an older term vouches for nothing, though the entry looks the same (ABA)") {
    core_options options = group::plain();
    options.id = 1;
    options.asynchronous_writes = true;
    memory_log log;
    membership members;
    members.voters.incoming.voters = {1, 2, 3};
    group_node::core core(options, log, {}, members, 0, sim::random_source(1));
    auto const append = [&](node_id leader, term_number term, term_number entry_term) {
        message m = message_of(message_kind::append, leader, 1, term);
        m.entries = entries_of({entry_term});
        core.step(m);
        return core.take_ready();
    };
    ready const first = append(2, 1, 1);   // A
    ready const second = append(3, 2, 2);  // B takes its place
    ready const third = append(2, 3, 1);   // A again
    REQUIRE(first.to_persist->last == third.to_persist->last);
    // The first write is done. The second is still to come, so a reader of the stored log could yet see B.
    log.append(first.entries);
    core.persisted(*first.to_persist);
    CHECK(core.log().unstable().offset() == 1);
    log.append(second.entries);
    core.persisted(*second.to_persist);
    CHECK(core.log().unstable().offset() == 1);
    CHECK(core.log().term(1) == 1u);
    CHECK(log.term(1) == 2u);
    log.append(third.entries);
    core.persisted(*third.to_persist);
    CHECK(core.log().unstable().offset() == 2);
    CHECK(log.term(1) == 1u);
}

TEST_CASE("asynchronous: after a change of term the next acknowledgement covers what waited") {
    core_options options = group::plain();
    options.id = 1;
    options.asynchronous_writes = true;
    memory_log log;
    membership members;
    members.voters.incoming.voters = {1, 2, 3};
    group_node::core core(options, log, {}, members, 0, sim::random_source(1));
    message m = message_of(message_kind::append, 2, 1, 1);
    m.entries = entries_of({1});
    core.step(m);
    ready const first = core.take_ready();
    core.step(message_of(message_kind::heartbeat, 3, 1, 2));
    ready const second = core.take_ready();
    CHECK(second.entries.empty());
    REQUIRE(second.to_persist);
    CHECK(second.to_persist->last == entry_id{1, 1});
    log.append(first.entries);
    core.persisted(*first.to_persist);
    CHECK(core.log().unstable().has_entries());
    core.persisted(*second.to_persist);
    CHECK_FALSE(core.log().unstable().has_entries());
}

TEST_CASE("asynchronous: a change that an image has overtaken is not made again") {
    core_options options = group::plain();
    options.id = 1;
    options.asynchronous_writes = true;
    memory_log log;
    membership members;
    members.voters.incoming.voters = {1, 2, 3};
    group_node::core core(options, log, {}, members, 0, sim::random_source(1));
    entry const change{1, 1, entry_kind::membership_change,
                       payload(encode({transition::automatic, {{change_kind::remove, 3}}, {}}))};
    message m = message_of(message_kind::image, 2, 1, 1);
    m.image = std::make_shared<image const>(image{{1, 9}, members, {}});
    core.step(m);
    CHECK(core.apply(change) == membership_error::none);
    CHECK(core.members() == members);
    entry later = change;
    later.index = 10;
    CHECK(core.apply(later) == membership_error::none);
    CHECK(core.members().voters.incoming.voters == node_set{1, 2});
}

TEST_CASE("asynchronous: an image counts as applied once it is stored, in whatever term that is") {
    core_options options = group::plain();
    options.id = 1;
    options.asynchronous_writes = true;
    memory_log log;
    membership members;
    members.voters.incoming.voters = {1, 2, 3};
    group_node::core core(options, log, {}, members, 0, sim::random_source(1));
    message m = message_of(message_kind::image, 2, 1, 1);
    m.image = std::make_shared<image const>(image{{1, 9}, members, {}});
    core.step(m);
    ready const work = core.take_ready();
    REQUIRE(work.image);
    core.campaign();
    CHECK(core.count(warning::cannot_be_leader) == 1);  // its log is about to be replaced
    core.step(message_of(message_kind::heartbeat, 3, 1, 2));
    log.install(work.image);
    core.persisted(*work.to_persist);
    CHECK(core.log().applied() == 9);
    CHECK_FALSE(core.log().has_image_pending());
}
