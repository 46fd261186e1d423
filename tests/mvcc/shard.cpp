#include <phantomdb/mvcc/local_shard.hpp>
#include <phantomdb/sim/environment.hpp>

#include "support/catch.hpp"
#include "support/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <vector>

using namespace phantomdb;
using namespace phantomdb::mvcc;

namespace {

using simulated_shard =
    shard<storage::btree_store<sim::environment>, storage::local_log<sim::environment>, sim::environment>;

shard_options small_log(bool background = false) {
    shard_options options;
    options.background = background;
    options.log.segment_bytes = 16'384;
    options.log.fill_ahead_bytes = 4096;
    options.checkpoint_log_bytes = 60'000;
    return options;
}

template <class Shard>
std::map<std::string, std::string> contents(Shard const& db) {
    std::map<std::string, std::string> all;
    auto const view = db.view();
    auto scan = view.scan("", "");
    storage::slice entry;
    while (scan.next(entry)) all.emplace(entry.key, entry.value);
    return all;
}

std::int64_t number(std::string_view text) { return std::stoll(std::string(text)); }
std::int64_t number(found_value const& text) { return text ? number(*text) : 0; }

}  // namespace

TEST_CASE("what is committed is there after reopening") {
    test::temporary_folder const folder;
    for (int life = 0; life < 4; ++life) {
        auto db = local_shard::open(folder / "db");
        REQUIRE(contents(*db).size() == static_cast<std::size_t>(life * 100));
        REQUIRE(db->statistics().replayed == (life == 2   ? 0u
                                              : life == 3 ? 100u
                                                          : static_cast<std::size_t>(life * 100)));
        for (int i = 0; i < 100; ++i) {
            auto t = db->begin();
            t.put(std::to_string(life) + "/" + std::to_string(i), std::string(static_cast<std::size_t>(i * 40), 'v'));
            t.commit();
        }
        if (life == 1) db->checkpoint();
    }
}

TEST_CASE("a directory is open once") {
    test::temporary_folder const folder;
    auto db = local_shard::open(folder / "db");
    try {
        local_shard::open(folder / "db");
        FAIL("opened twice");
    } catch (error const& e) {
        REQUIRE(e.code == errc::lock_file_exists);
        REQUIRE_THAT(e.detail, test::contains(std::to_string(::getpid())));
    }
    db.reset();
    local_shard::open(folder / "db");
}

TEST_CASE("the log is bounded by checkpoints made beside the writers") {
    test::temporary_folder const folder;
    std::map<std::string, std::string> expected;
    {
        auto db = local_shard::open(folder / "db", small_log(true));
        for (int i = 0; i < 300; ++i) {
            auto t = db->begin();
            std::string const key = std::to_string(i % 50);
            expected[key] = std::string(600, static_cast<char>('a' + i % 26));
            t.put(key, expected[key]);
            t.commit();
        }
        for (int i = 0; i < 200 && db->statistics().checkpoints == 0; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        REQUIRE(db->statistics().checkpoints > 0);
        db->checkpoint();
        REQUIRE(db->statistics().log.bytes < 100'000);
    }
    auto db = local_shard::open(folder / "db", small_log());
    REQUIRE(contents(*db) == expected);
}

TEST_CASE("what is damaged in the store is refused, never read") {
    sim::environment environment;
    {
        auto db = simulated_shard::open("db", small_log(), environment);
        auto t = db->begin();
        for (int i = 0; i < 300; ++i) t.put(std::to_string(i), std::string(200, 'v'));
        t.commit();
        db->checkpoint();
    }
    std::string file;
    for (std::string const& path : environment.machine().files()) {
        if (path.find("store/") != std::string::npos) file = path;
    }
    auto const sound = contents(*simulated_shard::open("db", small_log(), environment));
    REQUIRE(sound.size() == 300);
    std::uint64_t const size = environment.machine().contents(file).size();
    std::mt19937_64 random(3);
    int refused = 0;
    for (int i = 0; i < 500; ++i) {
        sim::environment damaged = environment.restarted();
        if (i % 4 == 0) {
            auto bytes = damaged.machine().contents(file);
            bytes.resize(random() % size);
            damaged.machine().set_contents(file, bytes);
        } else {
            damaged.machine().flip_bit(file, random() % (8 * size));
        }
        try {
            if (contents(*simulated_shard::open("db", small_log(), damaged)) != sound) FAIL("read damage " << i);
        } catch (error const& e) {
            ++refused;
            if (e.code != errc::data_corrupted && e.code != errc::feature_not_supported) throw;
        }
    }
    REQUIRE(refused > 200);
}

TEST_CASE("a loss of power at any call, checkpoints included, keeps whole commits") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        sim::environment environment;
        std::mt19937_64 random(seed);
        std::int64_t acknowledged = 0;
        for (int life = 0; life < 3; ++life) {
            std::int64_t tried = acknowledged;
            try {
                environment.machine().add_fault({{}, random() % 150, sim::fault::for_ever, EIO});
                auto db = simulated_shard::open("db", small_log(), environment);
                for (;;) {
                    auto t = db->begin();
                    std::string const value = std::to_string(++tried);
                    for (int k = 0; k < 20; ++k) t.put("key" + std::to_string(k), value);
                    t.put("filler" + std::to_string(tried % 7), std::string(random() % 2000, 'f'));
                    t.commit();
                    acknowledged = tried;
                    if (random() % 10 == 0) db->checkpoint();
                }
            } catch (error const& e) {
                REQUIRE(e.code == errc::io_error);
            }
            environment = environment.power_cut(random());
            auto const db = simulated_shard::open("db", small_log(), environment);
            auto const view = db->view();
            std::int64_t const found = number(view.get("key0"));
            if (found < acknowledged || found > tried) FAIL("seed " << seed << ": " << found << " of " << acknowledged);
            for (int k = 1; k < 20; ++k) {
                if (number(view.get("key" + std::to_string(k))) != found) FAIL("seed " << seed << ": a commit is torn");
            }
            acknowledged = found;
        }
    }
}

TEST_CASE("kill -9 under load: every acknowledged commit is there, none partial") {
    test::temporary_folder const folder;
    std::set<std::uint32_t> acknowledged;
    std::uint32_t base = 0;
    for (int round = 0; round < 10; ++round) {
        int pipe_ends[2];
        REQUIRE(::pipe(pipe_ends) == 0);
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(pipe_ends[0]);
            auto options = small_log(true);
            auto db = local_shard::open(folder / "db", options);
            std::vector<std::thread> threads;
            for (std::uint32_t t = 0; t < 4; ++t) {
                threads.emplace_back([&, t] {
                    for (std::uint32_t i = base + t;; i += 4) {
                        auto tx = db->begin();
                        for (int part = 0; part < 5; ++part)
                            tx.put(std::to_string(i) + "/" + std::to_string(part), "v");
                        tx.commit();
                        if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
                    }
                });
            }
            for (auto& thread : threads) thread.join();
        }
        ::close(pipe_ends[1]);
        std::uint32_t id = 0;
        for (int first = 0; first < 10 && ::read(pipe_ends[0], &id, sizeof id) == sizeof id; ++first)
            acknowledged.insert(id);  // however slow the machine, some are acknowledged in every round
        std::this_thread::sleep_for(std::chrono::milliseconds(round * 13));
        ::kill(child, SIGKILL);
        while (::read(pipe_ends[0], &id, sizeof id) == sizeof id) {
            acknowledged.insert(id);
            base = std::max(base, id + 1);
        }
        ::close(pipe_ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        REQUIRE(WIFSIGNALED(status));

        auto const db = local_shard::open(folder / "db", small_log());
        std::map<std::uint32_t, int> parts;
        for (auto const& [key, value] : contents(*db)) ++parts[static_cast<std::uint32_t>(std::stoul(key))];
        for (auto const& [commit, count] : parts) {
            if (count != 5) FAIL("commit " << commit << " has " << count << " of 5 parts");
            base = std::max(base, commit + 1);
        }
        for (std::uint32_t const commit : acknowledged) {
            if (!parts.contains(commit)) FAIL("commit " << commit << " was acknowledged and is gone");
        }
    }
    REQUIRE(acknowledged.size() > 50);
}

TEST_CASE("many threads move money: no level loses any") {
    auto const level = GENERATE(isolation::read_committed, isolation::repeatable_read, isolation::serializable);
    sim::environment environment;
    auto db = simulated_shard::open("db", small_log(true), environment);
    constexpr int accounts = 10;
    constexpr std::int64_t each = 1000;
    {
        auto t = db->begin();
        for (int i = 0; i < accounts; ++i) t.put("account" + std::to_string(i), std::to_string(each));
        t.commit();
    }
    std::atomic<int> moved{0};
    std::atomic<int> retried{0};
    std::atomic<int> wrong{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n) {
        threads.emplace_back([&, n] {
            std::mt19937 random(static_cast<unsigned>(n));
            for (int i = 0; i < 300; ++i) {
                std::string const from = "account" + std::to_string(random() % accounts);
                std::string const to = "account" + std::to_string(random() % accounts);
                if (from == to) continue;
                for (bool done = false; !done;) {
                    auto t = db->begin(level);
                    try {
                        for (;;) {  // one statement, run again under READ COMMITTED
                            auto const savepoint = t.savepoint();
                            try {
                                t.lock_row(from);
                                t.lock_row(to);
                                std::int64_t const amount = random() % 50;
                                t.put(from, std::to_string(number(t.get(from)) - amount));
                                t.put(to, std::to_string(number(t.get(to)) + amount));
                                break;
                            } catch (statement_restart const&) {
                                t.rollback_to(savepoint);
                                t.refresh_snapshot();
                                ++retried;
                            }
                        }
                        t.commit();
                        done = true;
                        ++moved;
                    } catch (error const& e) {
                        if (e.code != errc::serialization_failure && e.code != errc::deadlock_detected) ++wrong;
                        ++retried;
                    }
                }
            }
        });
    }
    std::thread auditor([&] {
        while (!stop) {
            auto t = db->begin(isolation::repeatable_read);
            std::int64_t sum = 0;
            auto const view = t.view();
            auto scan = view.scan("account", "account:");
            storage::slice entry;
            while (scan.next(entry)) sum += number(entry.value);
            if (sum != accounts * each) ++wrong;
        }
    });
    for (auto& thread : threads) thread.join();
    stop = true;
    auditor.join();
    REQUIRE(wrong == 0);
    std::int64_t sum = 0;
    for (auto const& [key, value] : contents(*db)) sum += number(value);
    REQUIRE(sum == accounts * each);
    auto const expected = contents(*db);
    db.reset();
    REQUIRE(contents(*simulated_shard::open("db", small_log(), environment)) == expected);
}

TEST_CASE("concurrent SERIALIZABLE transactions are as good as one after the other") {
    // Each transaction reads both counters of a pair and raises one of them when the sum allows it: serially never above 1.
    sim::environment environment;
    auto db = simulated_shard::open("db", small_log(), environment);
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n) {
        threads.emplace_back([&, n] {
            for (int i = 0; i < 300; ++i) {
                std::string const pair = "pair" + std::to_string(i) + "/";
                try {
                    auto t = db->begin(isolation::serializable);
                    bool const empty = !t.view().get(pair + "a") && !t.view().get(pair + "b");
                    if (empty) t.put(pair + (n % 2 == 0 ? "a" : "b"), std::to_string(n));
                    t.commit();
                } catch (error const& e) {
                    if (e.code == errc::serialization_failure) ++failures;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(contents(*db).size() == 300);
}

TEST_CASE("commits with synchronous off are synced soon, and by closing") {
    test::temporary_folder const folder;
    {
        auto db = local_shard::open(folder / "db");
        transaction_options options;
        options.synchronous = false;
        for (int i = 0; i < 500; ++i) {
            auto t = db->begin(options);
            t.put(std::to_string(i), "v");
            t.commit();
        }
        REQUIRE(db->statistics().log.syncs < 100);
        std::uint64_t const before = db->statistics().log.syncs;
        for (int i = 0; i < 300 && db->statistics().log.syncs == before; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        REQUIRE(db->statistics().log.syncs > before);
    }
    REQUIRE(contents(*local_shard::open(folder / "db")).size() == 500);
}

TEST_CASE("a checkpoint that finds the disk full has the room of the log's spare files") {
    sim::environment environment;
    shard_options options = small_log();
    options.log.segment_bytes = 400'000;
    auto db = simulated_shard::open("db", options, environment);
    std::map<std::string, std::string> expected;
    auto const write = [&](int from, int to) {
        for (int i = from; i < to; ++i) {
            auto t = db->begin();
            t.put(std::to_string(i), expected[std::to_string(i)] = std::string(1000, static_cast<char>('a' + i % 26)));
            t.commit();
        }
    };
    auto const spares = [&] {
        auto const files = environment.machine().files();
        return std::count_if(files.begin(), files.end(),
                             [](std::string const& path) { return path.starts_with("db/log/spare-"); });
    };
    write(0, 900);
    db->checkpoint();
    REQUIRE(spares() == 2);
    write(0, 10);  // the log goes on in one of them
    REQUIRE(spares() == 1);
    environment.machine().set_capacity(environment.machine().used());
    write(1000, 1060);
    db->checkpoint();
    REQUIRE(spares() == 0);
    db->checkpoint();
    REQUIRE(contents(*db) == expected);
    db.reset();
    auto restarted = environment.restarted();
    REQUIRE(contents(*simulated_shard::open("db", options, restarted)) == expected);
}

TEST_CASE("a log without room is made shorter by a checkpoint, and the shard tells when that fails and when it works") {
    sim::environment environment;
    std::mutex mutex;
    std::condition_variable told;
    std::vector<background_event> events;
    shard_options options = small_log(true);
    options.log.recycled_segments = 0;
    options.checkpoint_log_bytes = std::uint64_t{1} << 30;
    options.checkpoint_timeout = std::chrono::milliseconds(20);
    options.on_background_event = [&](background_event const& event) {
        std::lock_guard const hold(mutex);
        events.push_back(event);
        told.notify_all();
    };
    auto db = simulated_shard::open("db", options, environment);
    environment.machine().set_capacity(environment.machine().used() + 300'000);
    std::optional<error> refused;
    int written = 0;
    for (; !refused && written < 100'000; ++written) {
        try {
            auto t = db->begin();
            t.put(std::to_string(written), std::string(1000, 'v'));
            t.commit();
        } catch (error const& e) {
            refused = e;
        }
    }
    REQUIRE(refused);
    REQUIRE(refused->code == errc::disk_full);
    std::unique_lock hold(mutex);
    auto const wait_for = [&](bool failure) {
        return told.wait_for(hold, std::chrono::seconds(60),
                             [&] { return !events.empty() && events.back().failure.has_value() == failure; });
    };
    REQUIRE(wait_for(true));
    background_event const failed = events.back();
    REQUIRE(failed.task == background_task::checkpoint);
    REQUIRE(failed.failure->code == errc::disk_full);
    REQUIRE(failed.next_try == options.checkpoint_timeout);
    REQUIRE(failed.writes_refused);
    environment.machine().set_capacity(~std::uint64_t{0});
    REQUIRE(wait_for(false));
    REQUIRE(events.back().task == background_task::checkpoint);
    hold.unlock();
    auto t = db->begin();
    t.put("after", "1");
    t.commit();
    REQUIRE(contents(*db).size() == static_cast<std::size_t>(written));
}
