#include <phantomdb/raft/progress.hpp>

#include "support/catch.hpp"

#include <phantomdb/sim/random.hpp>

#include <deque>

using namespace phantomdb;
using namespace phantomdb::raft;

TEST_CASE("inflights: a window of messages, freed from the front") {
    inflights window(3);
    CHECK_FALSE(window.is_full());
    window.add(5, 10);
    window.add(8, 20);
    window.add(9, 5);
    CHECK(window.is_full());
    CHECK(window.bytes() == 35);
    window.free_up_to(4);
    CHECK(window.count() == 3);
    window.free_up_to(8);
    CHECK(window.count() == 1);
    CHECK(window.bytes() == 5);
    window.free_up_to(100);
    CHECK(window.count() == 0);
    window.add(10, 1);
    window.reset();
    CHECK(window.count() == 0);
    CHECK(window.bytes() == 0);
}

TEST_CASE("inflights: bytes bound it, too, and one message may exceed them") {
    inflights window(100, 50);
    window.add(1, 49);
    CHECK_FALSE(window.is_full());
    window.add(2, 1000);
    CHECK(window.is_full());
    window.free_up_to(1);
    CHECK(window.is_full());
    window.free_up_to(2);
    CHECK_FALSE(window.is_full());
}

TEST_CASE("inflights: behaves as a queue for any order of calls") {
    sim::random_source random(4);
    for (std::size_t limit : {1u, 2u, 3u, 7u, 64u}) {
        inflights window(limit, 500);
        std::deque<std::pair<log_index, std::uint64_t>> model;
        log_index last = 0;
        for (int round = 0; round < 2000; ++round) {
            std::uint64_t bytes = 0;
            for (auto const& sent : model) bytes += sent.second;
            REQUIRE(window.count() == model.size());
            REQUIRE(window.bytes() == bytes);
            REQUIRE(window.is_full() == (model.size() == limit || bytes >= 500));
            if (!window.is_full() && random.chance(2, 3)) {
                model.push_back({last += 1 + random.below(3), random.below(60)});
                window.add(model.back().first, model.back().second);
            } else {
                log_index const up_to = last - std::min<log_index>(last, random.below(8));
                while (!model.empty() && model.front().first <= up_to) model.pop_front();
                window.free_up_to(up_to);
            }
        }
    }
}

TEST_CASE("progress: a probe sends once and waits; an acknowledgement or a refusal lets it go on") {
    progress peer;
    peer.next = 10;
    peer.sent_entries(2, 20);
    CHECK(peer.is_paused());
    CHECK(peer.next == 10);
    CHECK_FALSE(peer.reject(3, 2));  // an answer to something older
    CHECK(peer.is_paused());
    CHECK(peer.reject(9, 4));
    CHECK(peer.next == 5);
    CHECK_FALSE(peer.is_paused());
    peer.sent_entries(1, 1);
    CHECK(peer.acknowledge(5));
    CHECK_FALSE(peer.is_paused());
    CHECK_FALSE(peer.acknowledge(5));
    CHECK_FALSE(peer.acknowledge(3));
    CHECK(peer.match == 5);
    CHECK(peer.next == 6);
}

TEST_CASE("progress: a refusal never goes below what is acknowledged") {
    progress peer;
    peer.match = 5;
    peer.next = 6;
    CHECK(peer.reject(5, 1));
    CHECK(peer.next == 6);
    peer.become_replicate();
    peer.flight = inflights(10);
    peer.sent_entries(5, 1);
    CHECK(peer.next == 11);
    CHECK_FALSE(peer.reject(5, 5));  // known to agree there by now
    CHECK(peer.reject(10, 10));
    CHECK(peer.next == 6);
}

TEST_CASE("progress: replication runs ahead until its window is full") {
    progress peer;
    peer.flight = inflights(2);
    peer.become_replicate();
    peer.sent_entries(3, 1);
    CHECK_FALSE(peer.is_paused());
    CHECK(peer.next == 4);
    peer.sent_entries(1, 1);
    CHECK(peer.is_paused());
    CHECK(peer.acknowledge(3));
    peer.flight.free_up_to(3);
    CHECK_FALSE(peer.is_paused());
    peer.sent_entries(0, 0);
    CHECK(peer.next == 5);
    CHECK_FALSE(peer.is_paused());
}

TEST_CASE("progress: an image pauses everything; what comes after depends on how it ended") {
    progress peer;
    peer.match = 3;
    peer.become_image(20);
    CHECK(peer.is_paused());
    CHECK(peer.next == 21);
    SECTION("arrived") {
        peer.become_probe();
        CHECK(peer.next == 21);
    }
    SECTION("failed") {
        peer.pending_image = 0;
        peer.become_probe();
        CHECK(peer.next == 4);
    }
    SECTION("an even newer one arrived from elsewhere") {
        CHECK(peer.acknowledge(30));
        peer.become_probe();
        CHECK(peer.next == 31);
    }
    CHECK(peer.pending_image == 0);
    CHECK_FALSE(peer.is_paused());
}

TEST_CASE("progress: a commit index is sent when it can be news") {
    progress peer;
    peer.flight = inflights(10);
    peer.become_replicate();
    peer.sent_entries(5, 1);  // 1 to 5 are on their way
    CHECK(peer.wants_commit(3));
    peer.sent_commit(3);
    CHECK_FALSE(peer.wants_commit(3));
    CHECK(peer.wants_commit(9));
    peer.sent_commit(9);
    CHECK_FALSE(peer.wants_commit(12));  // it covers all that the peer will have
    peer.become_probe();                 // what was on its way may be lost, and the commit index with it
    CHECK(peer.commit_sent == 0);
}
