// What the Raft paper demands, section by section (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm",
// extended version), on whole groups.

#include "raft/group.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <set>

using namespace phantomdb;
using namespace phantomdb::raft;
using namespace phantomdb::test;

namespace {

/// A group whose stored logs have these terms, and whose nodes are in the term of their last entry.
group group_of(std::vector<std::vector<term_number>> const& logs) {
    group g(logs.size());
    for (node_id id = 1; id <= logs.size(); ++id) {
        g[id].log.append(entries_of(logs[id - 1]));
        g[id].state.term = logs[id - 1].empty() ? 0 : logs[id - 1].back();
        g[id].start();
    }
    return g;
}
std::vector<std::string> const none;

}  // namespace

// 5.1 Terms

TEST_CASE("5.1: whoever sees a newer term adopts it and follows, whatever it was") {
    for (role was : {role::follower, role::candidate, role::leader}) {
        group g(3);
        if (was == role::candidate) g.isolate(1);
        if (was != role::follower) g.campaign(1);
        REQUIRE(g.core(1).role() == was);
        g.core(1).step(message_of(message_kind::append, 2, 1, 7));
        CHECK(g.core(1).term() == 7);
        CHECK(g.core(1).role() == role::follower);
        CHECK(g.core(1).leader() == 2);
        CHECK(g.core(1).vote() == nobody);
    }
}

TEST_CASE("5.1: a message of an older term changes nothing") {
    group g(3);
    g.core(1).step(message_of(message_kind::append, 2, 1, 5));
    g.settle();
    message old = message_of(message_kind::append, 3, 1, 4);
    old.entries = entries_of({4});
    g.core(1).step(old);
    g.settle();
    CHECK(g.core(1).leader() == 2);
    CHECK(g[1].log.last_index() == 0);
    CHECK(g.core(1).term() == 5);
}

// 5.2 Leader election

TEST_CASE("5.2: nodes start as followers, and campaign when they hear nothing") {
    group g(3);
    CHECK(g.core(1).role() == role::follower);
    for (unsigned i = 0; i < 2 * g[1].options.election_ticks; ++i) g.core(1).tick();
    CHECK(g.core(1).role() == role::candidate);
    CHECK(g.core(1).term() == 1);
    CHECK(g.core(1).vote() == 1);
    g.work();
    std::set<node_id> asked;
    for (message const& m : g.sent) {
        CHECK(m.kind == message_kind::vote);
        asked.insert(m.to);
    }
    CHECK(asked == std::set<node_id>{2, 3});
}

TEST_CASE("5.2: a leader sends heartbeats, and nobody who hears them campaigns") {
    group g(3);
    g.campaign(1);
    for (int i = 0; i < 100; ++i) {
        g.tick(1);
        g.tick(2);
        g.tick(3);
    }
    CHECK(g.core(1).role() == role::leader);
    CHECK(g.core(2).term() == 1);
    CHECK(g.core(3).term() == 1);
}

TEST_CASE("5.2: whoever has a majority's votes leads, and nobody without") {
    struct example {
        std::size_t nodes;
        std::vector<node_id> granting, refusing;
        role outcome;
    };
    for (example const& e : std::vector<example>{{1, {}, {}, role::leader},
                                                 {3, {2}, {}, role::leader},
                                                 {3, {2, 3}, {}, role::leader},
                                                 {3, {}, {2}, role::candidate},
                                                 {3, {}, {2, 3}, role::follower},
                                                 {5, {2}, {}, role::candidate},
                                                 {5, {2}, {3, 4}, role::candidate},
                                                 {5, {2, 3}, {4, 5}, role::leader},
                                                 {5, {2}, {3, 4, 5}, role::follower}}) {
        group g(e.nodes);
        g.core(1).campaign();
        g[1].work();  // its own vote
        for (node_id const id : e.granting) g.core(1).step(message_of(message_kind::vote_reply, id, 1, 1));
        for (node_id const id : e.refusing) {
            message m = message_of(message_kind::vote_reply, id, 1, 1);
            m.rejected = true;
            g.core(1).step(m);
        }
        CHECK(g.core(1).role() == e.outcome);
        CHECK(g.core(1).term() == 1);
    }
}

TEST_CASE("5.2: a second vote of the same node counts once") {
    group g(5);
    g.core(1).campaign();
    g[1].work();
    for (int i = 0; i < 3; ++i) g.core(1).step(message_of(message_kind::vote_reply, 2, 1, 1));
    CHECK(g.core(1).role() == role::candidate);
}

TEST_CASE("5.2: a node votes once a term, first come first served, also across a restart") {
    group g(3);
    g.core(1).step(message_of(message_kind::vote, 2, 1, 1));
    auto replies = g[1].work();
    REQUIRE(replies.size() == 1);
    CHECK_FALSE(replies[0].rejected);
    g[1].start();
    CHECK(g.core(1).vote() == 2);
    g.core(1).step(message_of(message_kind::vote, 3, 1, 1));
    replies = g[1].work();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].rejected);
    g.core(1).step(message_of(message_kind::vote, 2, 1, 1));  // the same again may be answered the same
    replies = g[1].work();
    REQUIRE(replies.size() == 1);
    CHECK_FALSE(replies[0].rejected);
}

TEST_CASE("5.2: a vote is sent only together with being stored") {
    group g(3);
    g.core(1).step(message_of(message_kind::vote, 2, 1, 1));
    ready const work = g.core(1).take_ready();
    CHECK(work.messages.empty());
    REQUIRE(work.after_persist.size() == 1);
    CHECK(work.must_sync);
    CHECK(work.state == hard_state{1, 2, 0});
}

TEST_CASE("5.2: a candidate that hears of a leader in its term follows it") {
    for (message_kind kind : {message_kind::append, message_kind::heartbeat}) {
        group g(3);
        g.isolate(1);
        g.campaign(1);
        g.core(1).step(message_of(kind, 2, 1, 1));
        CHECK(g.core(1).role() == role::follower);
        CHECK(g.core(1).leader() == 2);
    }
}

TEST_CASE("5.2: election timeouts are spread over one to two times the base") {
    std::set<unsigned> seen;
    for (node_id seed = 1; seed <= 400; ++seed) {
        group_node n;
        n.options = group::plain();
        n.options.id = 1;
        n.members.voters.incoming.voters = {1, 2};
        n.raft = std::make_unique<group_node::core>(n.options, n.log, n.state, n.members, 0, sim::random_source(seed));
        unsigned ticks = 0;
        while (n.raft->role() == role::follower) n.raft->tick(), ++ticks;
        seen.insert(ticks);
    }
    CHECK(*seen.begin() == 10);
    CHECK(*seen.rbegin() == 19);
    CHECK(seen.size() == 10);
}

// 5.3 Log replication

TEST_CASE("5.3: a leader commits what a majority holds, and everyone applies it in order") {
    group g(5);
    g.campaign(1);
    g.lost = [](message const& m) { return m.to == 4 || m.to == 5; };
    for (char const* command : {"a", "b", "c"}) CHECK(g.propose(1, command) == outcome::done);
    std::vector<std::string> const all{"a", "b", "c"};
    CHECK(g[1].applied == all);
    CHECK(g[2].applied == all);
    CHECK(g[5].applied == none);
    g.heal();
    g.tick(1);
    CHECK(g[4].applied == all);
    CHECK(g[5].applied == all);
}

TEST_CASE("5.3: without a majority nothing is committed") {
    group g(5);
    g.campaign(1);
    log_index const before = g.core(1).log().committed();
    g.lost = [](message const& m) { return m.to >= 3; };
    g.propose(1, "a");
    CHECK(g.core(1).log().committed() == before);
    CHECK(g[1].applied == none);
}

TEST_CASE("5.3: followers that forward make no difference") {
    group g(3);
    g.campaign(1);
    CHECK(g.propose(3, "a") == outcome::done);
    CHECK(g[2].applied == std::vector<std::string>{"a"});
    g[3].options.forward_proposals = false;
    g[3].start();
    g.tick(1);
    CHECK(g.propose(3, "b") == outcome::dropped);
}

TEST_CASE("5.3: a proposal without a leader is refused") {
    group g(3);
    CHECK(g.propose(1, "a") == outcome::dropped);
    g.isolate(1);
    g.campaign(1);
    CHECK(g.core(1).role() == role::candidate);
    CHECK(g.propose(1, "a") == outcome::dropped);
}

TEST_CASE("5.3: followers refuse entries that do not follow theirs") {
    group g = group_of({{1, 2}, {}, {}});
    message m = message_of(message_kind::append, 2, 1, 3);
    m.index = 3;
    m.log_term = 3;
    g.core(1).step(m);
    auto const replies = g[1].work();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].rejected);
    CHECK(replies[0].hint == 2);
    CHECK(replies[0].log_term == 2);
}

TEST_CASE("5.3: figure 7: whatever followers have, the leader makes their logs its own") {
    std::vector<term_number> const leader{1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
    std::vector<std::vector<term_number>> const followers{
        {1, 1, 1, 4, 4, 5, 5, 6, 6},           // a: misses one
        {1, 1, 1, 4},                          // b: misses many
        {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},     // c: one too many
        {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},  // d: of a later term
        {1, 1, 1, 4, 4, 4, 4},                 // e: both
        {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},     // f: both
    };
    for (auto const& follower : followers) {
        // The third node makes it win: its log is empty.
        group g = group_of({leader, follower, {}});
        g[1].state.term = 8;
        g[1].start();
        g.isolate(2);
        g.campaign(1);
        REQUIRE(g.core(1).role() == role::leader);
        g.heal();
        g.tick(1);
        g.propose(1, "x");
        CHECK(terms_of(g[2].log) == terms_of(g[1].log));
        CHECK(terms_of(g[2].log).size() == leader.size() + 2);
        CHECK(g[2].applied == std::vector<std::string>{"x"});
    }
}

TEST_CASE("5.3: a long conflict is found in a round a term, not a round an entry") {
    std::vector<term_number> mine(1, 1), its(1, 1);
    for (int i = 0; i < 200; ++i) mine.push_back(5), its.push_back(2 + static_cast<term_number>(i / 100));
    group g = group_of({mine, its, {}});
    g.isolate(2);
    g.campaign(1);
    g.heal();
    g.sent.clear();
    g.tick(1);
    CHECK(terms_of(g[2].log) == terms_of(g[1].log));
    CHECK(std::count_if(g.sent.begin(), g.sent.end(),
                        [](message const& m) { return m.kind == message_kind::append_reply && m.rejected; }) <= 3);
}

// 5.4 Safety

TEST_CASE("5.4.1: only a candidate whose log is up to date is voted for") {
    struct example {
        std::vector<term_number> mine;
        entry_id candidate;
        bool granted;
    };
    for (example const& e : std::vector<example>{{{1}, {1, 1}, true},
                                                 {{1}, {1, 2}, true},
                                                 {{1, 1}, {1, 1}, false},
                                                 {{1}, {2, 1}, true},
                                                 {{1, 1}, {2, 1}, true},
                                                 {{2}, {1, 1}, false},
                                                 {{2}, {1, 5}, false}}) {
        group g = group_of({e.mine, {}, {}});
        message m = message_of(message_kind::vote, 2, 1, 5);
        m.log_term = e.candidate.term;
        m.index = e.candidate.index;
        g.core(1).step(m);
        auto const replies = g[1].work();
        REQUIRE(replies.size() == 1);
        CHECK(replies[0].rejected == !e.granted);
    }
}

TEST_CASE("5.4.1: a node with an old log does not become leader while others have more") {
    group g(3);
    g.campaign(1);
    g.isolate(3);
    g.propose(1, "a");
    g.heal();
    g.campaign(3);
    CHECK(g.core(3).role() == role::follower);
    g.campaign(2);
    CHECK(g.core(2).role() == role::leader);
    CHECK(g[3].applied == std::vector<std::string>{"a"});
}

TEST_CASE("5.4.2: figure 8: entries of older terms are committed only with one of the leader's own") {
    // S1 has an entry of term 2 on a majority, and leads in term 4: not committed by that alone.
    group g = group_of({{1, 2}, {1, 2}, {1, 2}, {1}, {1, 3}});
    g[1].state.term = 3;
    g[1].start();
    g.lost = [](message const& m) {
        return m.from == 5 || m.to == 5 || (m.kind == message_kind::append && m.index >= 2);
    };
    g.core(1).campaign();
    g.settle();
    REQUIRE(g.core(1).role() == role::leader);
    for (node_id id : {2u, 3u}) {
        message m = message_of(message_kind::append_reply, id, 1, 4);
        m.index = 2;
        g.core(1).step(m);
    }
    CHECK(g.core(1).log().committed() == 0);
    g.heal();
    g.tick(1);
    g.tick(1);
    CHECK(g.core(1).log().committed() == 3);
    CHECK(terms_of(g[5].log) == std::vector<term_number>{1, 2, 4});
}

TEST_CASE("5.4.3: what was acknowledged survives every leader that follows") {
    group g(5);
    std::vector<std::string> acknowledged;
    for (int round = 0; round < 30; ++round) {
        node_id const leader = 1 + static_cast<node_id>(round * 3 % 5), away = 1 + static_cast<node_id>(round % 5);
        if (away != leader) g.isolate(away);
        g.campaign(leader);
        if (g.core(leader).role() == role::leader) {
            std::string const command = std::to_string(round);
            g.propose(leader, command);
            if (!g[leader].applied.empty() && g[leader].applied.back() == command) acknowledged.push_back(command);
        }
        g.heal();
    }
    REQUIRE(acknowledged.size() > 10);
    g.campaign(2);
    g.campaign(4);
    g.campaign(1);
    for (node_id id = 1; id <= 5; ++id) CHECK(g[id].applied == acknowledged);
}

// 5.5 Crashes

TEST_CASE("5.5: a node that comes back goes on where it was") {
    group g(3);
    g.campaign(1);
    g.propose(1, "a");
    g[2].start();
    g[3].start();
    CHECK(g.core(2).term() == 1);
    g.propose(1, "b");
    CHECK(g[2].applied == std::vector<std::string>{"a", "b"});
    g[1].start();  // the leader does not know that it led
    CHECK(g.core(1).role() == role::follower);
    g.campaign(1);
    g.propose(1, "c");
    CHECK(g[3].applied == std::vector<std::string>{"a", "b", "c"});
}

// 6 Cluster membership changes

TEST_CASE("6: a group grows from one node to three, with an image for those who join") {
    group g(1);
    g[1].log.install(std::make_shared<image const>(image{{1, 5}, g[1].members, {}}));
    g[1].applied_index = 5;
    g[1].start();
    g.campaign(1);
    g.propose(1, "a");
    g[1].compact();
    for (node_id id : {2u, 3u}) {
        g.add();
        g.change(1, {transition::automatic, {{change_kind::add_voter, id}}, {}});
        g.tick(1);
    }
    CHECK(g.core(1).members().voters.incoming.voters == node_set{1, 2, 3});
    CHECK(g.core(3).members() == g.core(1).members());
    g.isolate(2);
    g.propose(1, "b");
    CHECK(g[3].applied == std::vector<std::string>{"b"});
    g.heal();
    g.tick(1);
    g.campaign(3);
    CHECK(g.core(3).role() == role::leader);
}

TEST_CASE("6: a joint change takes both majorities") {
    group g(6);
    // Only 1 to 3 are members at first.
    for (node_id id = 1; id <= 6; ++id) {
        g[id].members.voters.incoming.voters = {1, 2, 3};
        g[id].start();
    }
    g.campaign(1);
    membership_change const swap{
        transition::joint_explicit,
        {{change_kind::remove, 2}, {change_kind::remove, 3}, {change_kind::add_voter, 4}, {change_kind::add_voter, 5}},
        {}};
    g.change(1, swap);
    REQUIRE(g.core(1).members().is_joint());
    CHECK(describe(g.core(1).members()) == "voters=(1 4 5)&&(1 2 3)");
    g.lost = [](message const& m) { return m.to == 4 || m.to == 5; };
    g.propose(1, "needs the new ones");
    CHECK(g[1].applied == none);
    g.lost = [](message const& m) { return m.to == 2 || m.to == 3; };
    g.tick(1);
    g.propose(1, "needs the old ones");
    CHECK(g[1].applied == std::vector<std::string>{"needs the new ones"});
    g.heal();
    g.tick(1);
    CHECK(g[1].applied.size() == 2);
    g.change(1, {});
    CHECK(describe(g.core(1).members()) == "voters=(1 4 5)");
    CHECK(describe(g.core(4).members()) == "voters=(1 4 5)");
}

TEST_CASE("6: one change at a time") {
    group g(3);
    g.campaign(1);
    g.lost = [](message const& m) { return m.to != 1; };
    g.change(1, {transition::automatic, {{change_kind::remove, 3}}, {}});
    log_index const last = g.core(1).log().last_index();
    g.change(1, {transition::automatic, {{change_kind::remove, 2}}, {}});
    auto const second = g.core(1).log().entries(last + 1, last + 2, no_limit);
    REQUIRE(second->size() == 1);
    CHECK((*second)[0].kind == entry_kind::command);  // took the place of what was refused
    g.heal();
    g.tick(1);
    CHECK(g.core(1).members().voters.incoming.voters == node_set{1, 2});
    g.change(1, {});  // there is no joint membership to leave
    CHECK(g.core(1).members().voters.incoming.voters == node_set{1, 2});
}

TEST_CASE("6: a leader that is removed commits its removal and steps down") {
    core_options options = group::plain();
    for (bool const step_down : {true, false}) {
        options.step_down_on_removal = step_down;
        group g(3, options);
        g.campaign(1);
        g.change(1, {transition::automatic, {{change_kind::remove, 1}}, {}});
        CHECK(g.core(1).role() == (step_down ? role::follower : role::leader));
        CHECK(g.core(2).members().voters.incoming.voters == node_set{2, 3});
        CHECK(g.propose(1, "x") == outcome::dropped);
        g.core(1).campaign();
        CHECK(g.core(1).role() != role::candidate);
        g.campaign(2);
        g.propose(2, "y");
        CHECK(g[3].applied == std::vector<std::string>{"y"});
    }
}

TEST_CASE("6: nobody campaigns before it has applied the changes it knows to be committed") {
    group g(3);
    g.campaign(1);
    g.core(2).step([] {
        message m = message_of(message_kind::append, 1, 2, 1);
        m.index = 1;
        m.log_term = 1;
        m.commit = 2;
        m.entries.push_back({1, 2, entry_kind::membership_change,
                             payload(encode({transition::automatic, {{change_kind::remove, 2}}, {}}))});
        return m;
    }());
    g.core(2).campaign();
    CHECK(g.core(2).role() == role::follower);
    CHECK(g.core(2).count(warning::change_not_applied) == 1);
    g[2].work();
    g.core(2).campaign();
    CHECK(g.core(2).count(warning::cannot_be_leader) == 1);
}

// 7 Log compaction

TEST_CASE("7: who needs entries that are gone gets an image, and goes on from there") {
    group g(3);
    g.campaign(1);
    g.isolate(3);
    for (int i = 0; i < 10; ++i) g.propose(1, std::to_string(i));
    g[1].compact();
    CHECK(g[1].log.first_index() == 12);
    g.heal();
    g.tick(1);
    g.tick(1);
    CHECK(g[3].log.first_index() == 12);
    CHECK(g.core(1).peers().find(3)->state == progress_state::replicate);
    g.propose(1, "after");
    CHECK(g[3].applied == std::vector<std::string>{"after"});
}

TEST_CASE("7: an image that brings nothing new is acknowledged and ignored") {
    group g(3);
    g.campaign(1);
    g.propose(1, "a");
    message m = message_of(message_kind::image, 1, 2, 1);
    m.image = std::make_shared<image const>(image{{1, 1}, g[1].members, {}});
    g.core(2).step(m);
    auto const replies = g[2].work();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].index == 2);
    CHECK(g[2].log.last_index() == 2);
    image stranger{{1, 50}, {}, {}};
    stranger.members.voters.incoming.voters = {1, 3};
    m.image = std::make_shared<image const>(stranger);
    g.core(2).step(m);
    CHECK(g.core(2).count(warning::image_without_us) == 1);
    CHECK(g.core(2).log().last_index() == 2);
}
