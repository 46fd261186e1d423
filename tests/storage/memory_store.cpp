#include <phantomdb/storage/memory_store.hpp>

#include "storage/ordered_store_laws.hpp"
#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::storage;

TEST_CASE("memory_store agrees with a map over a million operations") {
    laws::agrees_with_a_map<memory_store>(1, 1'000'000);
}

TEST_CASE("memory_store agrees with a map, other seeds") {
    for (std::uint64_t seed = 2; seed < 8; ++seed) laws::agrees_with_a_map<memory_store>(seed, 20'000);
}

TEST_CASE("memory_store shows whole batches to other threads") { laws::readers_see_whole_batches<memory_store>(2000); }

TEST_CASE("counts of a span are exact") {
    memory_store store;
    write_batch batch;
    auto const key = [](int i) {
        std::string const digits = std::to_string(i);
        return std::string(6 - digits.size(), '0') + digits;
    };
    for (int i = 0; i < 50'000; ++i) batch.put(key(i), "v");
    store.apply(batch, 1);
    auto const snapshot = store.snapshot();
    REQUIRE(snapshot.count("", "") == 50'000);
    REQUIRE(snapshot.count(key(100), key(40'100)) == 40'000);
    REQUIRE(snapshot.count(key(7), key(8)) == 1);
    REQUIRE(snapshot.count(key(8), key(7)) == 0);
    REQUIRE(snapshot.count(key(49'999), "") == 1);
}

TEST_CASE("a tree goes back to an earlier version, and snapshots in between stay") {
    cow_tree tree;
    laws::key_source source(9);
    laws::reference expected;
    auto const change = [&](int n, lsn_type lsn) {
        for (int i = 0; i < n; ++i) {
            std::string const key = source.key();
            if (source.number(3) == 0) {
                tree.erase(key);
                expected.erase(key);
            } else {
                std::string const value = source.value();
                tree.put(key, value, lsn);
                expected[key] = {value, lsn};
            }
        }
    };
    for (int round = 0; round < 40; ++round) {
        change(300, 1);
        tree.publish(1);
        auto const savepoint = tree.snapshot();
        auto const at_savepoint = expected;
        change(200, 2);
        tree.publish(2);
        auto const between = tree.snapshot();
        auto const at_between = expected;
        change(200, 3);
        tree.restore(savepoint);
        expected = at_savepoint;
        change(50, 4);
        laws::check_equal(between, at_between);
        laws::check_equal(savepoint, at_savepoint);
        tree.restore(savepoint);
        tree.publish(5);
        expected = at_savepoint;
        laws::check_equal(tree.snapshot(), expected);
        REQUIRE(tree.size() == expected.size());
    }
}

TEST_CASE("versions nobody reads are freed") {
    memory_store store;
    auto const fill = [&](lsn_type lsn, std::size_t value_bytes) {
        write_batch batch;
        for (int i = 0; i < 2000; ++i) batch.put(std::to_string(i), std::string(value_bytes, 'v'));
        store.apply(batch, lsn);
    };
    fill(1, 100);
    auto const reader = store.snapshot();
    for (lsn_type lsn = 2; lsn < 200; ++lsn) fill(lsn, lsn % 2 == 0 ? 100 : 1500);
    fill(200, 100);
    for (lsn_type lsn = 201; lsn < 300; ++lsn) fill(lsn, 100);
    REQUIRE(store.memory_bytes() < 3'000'000);  // live data 300 kB, seen by the reader as much again, and some slack
    laws::reference expected;
    for (int i = 0; i < 2000; ++i) expected[std::to_string(i)] = {std::string(100, 'v'), 1};
    laws::check_equal(reader, expected);
}

TEST_CASE("keys beyond the limit are refused") {
    cow_tree tree;
    tree.put(std::string(max_key_bytes, 'k'), "v", 1);
    try {
        tree.put(std::string(max_key_bytes + 1, 'k'), "v", 1);
        FAIL("accepted");
    } catch (error const& e) {
        REQUIRE(e.code == errc::program_limit_exceeded);
    }
}
