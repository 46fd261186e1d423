#include <phantomdb/mvcc/lock_table.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <random>
#include <thread>

using namespace phantomdb;
using namespace phantomdb::mvcc;
using namespace std::chrono_literals;

namespace {

template <class F>
error caught(F&& f) {
    try {
        f();
    } catch (error const& e) {
        return e;
    }
    return error(sqlstate{}, "nothing was thrown");
}

void wait_until(std::atomic<bool> const& flag) {
    while (!flag) std::this_thread::yield();
}

}  // namespace

TEST_CASE("row locks conflict as PostgreSQL's do") {
    using m = lock_mode;
    m const modes[] = {m::key_share, m::share, m::no_key_update, m::update};
    bool const expected[4][4] = {
        {false, false, false, true}, {false, false, true, true}, {false, true, true, true}, {true, true, true, true}};
    for (int a = 0; a < 4; ++a) {
        for (int b = 0; b < 4; ++b) REQUIRE(conflicts(modes[a], modes[b]) == expected[a][b]);
    }
}

TEST_CASE("a lock can be taken again, and made stronger") {
    lock_table locks;
    lock_owner a(1);
    lock_owner b(2);
    REQUIRE(locks.acquire(a, "k", lock_mode::share, lock_wait::block));
    REQUIRE(locks.acquire(a, "k", lock_mode::key_share, lock_wait::block));
    REQUIRE(locks.acquire(b, "k", lock_mode::share, lock_wait::block));
    REQUIRE_FALSE(locks.acquire(a, "k", lock_mode::update, lock_wait::skip));
    locks.release_all(b);
    REQUIRE(locks.acquire(a, "k", lock_mode::update, lock_wait::skip));
    REQUIRE_FALSE(locks.acquire(b, "k", lock_mode::key_share, lock_wait::skip));
    REQUIRE(locks.holds(a, "k", lock_mode::update));
    locks.release_all(a);
    REQUIRE(locks.locked_keys() == 0);
}

TEST_CASE("nowait, timeout and cancel leave the queue in order") {
    lock_table locks([](std::string_view key) { return "row " + std::string(key); });
    lock_owner a(1);
    lock_owner b(2);
    locks.acquire(a, "k", lock_mode::update, lock_wait::block);
    error const nowait = caught([&] { locks.acquire(b, "k", lock_mode::share, lock_wait::nowait); });
    REQUIRE(nowait.code == errc::lock_not_available);
    REQUIRE(nowait.message == "could not obtain lock on row k");
    REQUIRE(nowait.detail == "Transaction 1 holds a lock on row k.");

    error const late = caught([&] { locks.acquire(b, "k", lock_mode::share, lock_wait::block, 20ms); });
    REQUIRE(late.code == errc::lock_not_available);
    REQUIRE(late.message == "canceling statement due to lock timeout");

    interrupt cancel;
    std::thread other([&] {
        std::this_thread::sleep_for(20ms);
        cancel.raise(interrupt_reason::user_request);
    });
    error const canceled = caught([&] { locks.acquire(b, "k", lock_mode::share, lock_wait::block, 0ms, &cancel); });
    other.join();
    REQUIRE(canceled.code == errc::query_canceled);
    locks.release_all(a);
    REQUIRE(locks.locked_keys() == 0);
    REQUIRE(locks.acquire(b, "k", lock_mode::update, lock_wait::nowait));
    locks.release_all(b);
}

TEST_CASE("waiters are served in turn: readers do not starve a writer") {
    lock_table locks;
    lock_owner reader(1);
    lock_owner writer(2);
    lock_owner late_reader(3);
    locks.acquire(reader, "k", lock_mode::share, lock_wait::block);
    std::atomic<bool> written{false};
    std::thread waiting([&] {
        locks.acquire(writer, "k", lock_mode::update, lock_wait::block);
        written = true;
        locks.release_all(writer);
    });
    while (locks.waiting() == 0) std::this_thread::yield();
    REQUIRE_FALSE(locks.acquire(late_reader, "k", lock_mode::share, lock_wait::skip));
    REQUIRE_FALSE(written);
    locks.release_all(reader);
    wait_until(written);
    waiting.join();
    REQUIRE(locks.locked_keys() == 0);
}

TEST_CASE("a deadlock is found at once, and the error names both sides") {
    lock_table locks;
    lock_owner a(7);
    lock_owner b(8);
    locks.acquire(a, "x", lock_mode::update, lock_wait::block);
    locks.acquire(b, "y", lock_mode::update, lock_wait::block);
    std::thread other([&] {
        locks.acquire(a, "y", lock_mode::update, lock_wait::block);
        locks.release_all(a);
    });
    while (locks.waiting() == 0) std::this_thread::yield();
    error const found = caught([&] { locks.acquire(b, "x", lock_mode::update, lock_wait::block); });
    REQUIRE(found.code == errc::deadlock_detected);
    REQUIRE(found.detail ==
            "Transaction 8 waits for a lock on key \\x78, held by transaction 7.\n"
            "Transaction 7 waits for a lock on key \\x79, held by transaction 8.");
    locks.release_all(b);
    other.join();
    REQUIRE(locks.deadlocks() == 1);
}

TEST_CASE("two readers that both want to write are a deadlock") {
    lock_table locks;
    lock_owner a(1);
    lock_owner b(2);
    locks.acquire(a, "k", lock_mode::share, lock_wait::block);
    locks.acquire(b, "k", lock_mode::share, lock_wait::block);
    std::thread other([&] {
        locks.acquire(a, "k", lock_mode::update, lock_wait::block);
        locks.release_all(a);
    });
    while (locks.waiting() == 0) std::this_thread::yield();
    error const found = caught([&] { locks.acquire(b, "k", lock_mode::update, lock_wait::block); });
    REQUIRE(found.code == errc::deadlock_detected);
    locks.release_all(b);
    other.join();
}

TEST_CASE("many threads over few keys: exclusion holds, and every wait ends") {
    lock_table locks;
    constexpr int keys = 6;
    std::atomic<int> writers[keys]{};
    std::atomic<int> readers[keys]{};
    std::atomic<int> broken{0};
    std::atomic<int> deadlocks{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            std::mt19937 random(static_cast<unsigned>(t));
            for (int i = 0; i < 2000; ++i) {
                lock_owner owner(static_cast<std::uint64_t>(t * 10000 + i));
                std::vector<std::pair<int, bool>> held;
                try {
                    for (int n = 0; n < 3; ++n) {
                        int const key = static_cast<int>(random() % keys);
                        bool const write = random() % 2 == 0;
                        if (std::any_of(held.begin(), held.end(), [&](auto& h) { return h.first == key; })) continue;
                        locks.acquire(owner, std::to_string(key), write ? lock_mode::update : lock_mode::share,
                                      lock_wait::block);
                        held.push_back({key, write});
                        if (write ? writers[key]++ != 0 || readers[key] != 0 : (++readers[key], writers[key] != 0))
                            ++broken;
                    }
                } catch (error const& e) {
                    if (e.code != errc::deadlock_detected) ++broken;
                    ++deadlocks;
                }
                for (auto [key, write] : held) --(write ? writers : readers)[key];
                locks.release_all(owner);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(broken == 0);
    REQUIRE(locks.locked_keys() == 0);
    REQUIRE(locks.deadlocks() == static_cast<std::uint64_t>(deadlocks.load()));
}
