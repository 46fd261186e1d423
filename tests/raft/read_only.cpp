#include <phantomdb/raft/read_only.hpp>

#include "support/catch.hpp"

using namespace phantomdb::raft;

namespace {
joint_majority const three{{{1, 2, 3}}, {}};
}

TEST_CASE("read queue: a quorum's answer to a newer round confirms the older ones, in order") {
    read_queue queue;
    CHECK(queue.round() == 0);
    queue.add(1, 10, "a");
    queue.acknowledge(1, queue.round());
    queue.add(2, 11, "b");
    queue.acknowledge(1, queue.round());
    CHECK(queue.round() == 2);
    CHECK(queue.take_confirmed(three).empty());
    queue.acknowledge(3, 2);
    auto const reads = queue.take_confirmed(three);
    REQUIRE(reads.size() == 2);
    CHECK(reads[0].reader == 1);
    CHECK(reads[0].answer == confirmed_read{10, "a"});
    CHECK(reads[1].answer == confirmed_read{11, "b"});
    CHECK(queue.round() == 0);
}

TEST_CASE("read queue: an answer to an older round confirms no newer one, and a late one takes nothing back") {
    read_queue queue;
    queue.add(1, 10, "a");
    queue.acknowledge(1, 1);
    queue.add(1, 11, "b");
    queue.acknowledge(1, 2);
    queue.acknowledge(2, 1);
    CHECK(queue.take_confirmed(three).size() == 1);
    CHECK(queue.round() == 2);
    queue.acknowledge(3, 2);
    queue.acknowledge(3, 1);
    CHECK(queue.take_confirmed(three).size() == 1);
    queue.add(1, 12, "c");
    CHECK(queue.round() == 3);
    CHECK(queue.take_confirmed(three).empty());
}

TEST_CASE("read queue: joint voters confirm with both halves") {
    joint_majority const joint{{{1, 2, 3}}, {{1, 4, 5}}};
    read_queue queue;
    queue.add(1, 10, "a");
    queue.acknowledge(1, 1);
    queue.acknowledge(2, 1);
    CHECK(queue.take_confirmed(joint).empty());
    queue.acknowledge(5, 1);
    CHECK(queue.take_confirmed(joint).size() == 1);
}
