#include <phantomdb/env/posix.hpp>
#include <phantomdb/sim/environment.hpp>
#include <phantomdb/storage/local_log.hpp>

#include "commit_log_laws.hpp"
#include "support/process.hpp"

#include <atomic>
#include <random>

using namespace phantomdb;
using namespace phantomdb::storage;

namespace {

local_log_options small_segments() {
    local_log_options options;
    options.segment_bytes = 20'000;
    options.fill_ahead_bytes = 4096;
    return options;
}

using simulated_log = local_log<sim::environment>;

std::unique_ptr<simulated_log> open_log(sim::environment& environment, log_reader const& replay = {},
                                        lsn_type after = 0) {
    return std::make_unique<simulated_log>(environment, "db/log", small_segments(), after, replay);
}

laws::records contents(sim::environment& environment) {
    laws::records found;
    open_log(environment, [&](lsn_type lsn, std::string_view payload) { found[lsn] = payload; });
    return found;
}

template <class F>
sqlstate code_of(F&& f) {
    try {
        f();
    } catch (error const& e) {
        return e.code;
    }
    return {};
}

}  // namespace

TEST_CASE("local_log on files obeys the laws of commit_log") {
    env::posix environment;
    auto const open_in = [&](std::string const& directory) {
        return [&environment, directory](log_reader const& replay) {
            return std::make_unique<local_log<env::posix>>(environment, directory, small_segments(), 0, replay);
        };
    };
    test::temporary_folder const folder;
    laws::keeps_what_it_acknowledged(open_in(folder / "a"));
    laws::gives_many_threads_one_order(open_in(folder / "b"));
    laws::forgets_from_the_front(open_in(folder / "c"));
}

TEST_CASE("local_log on a simulated disk obeys the laws of commit_log") {
    sim::environment environment;
    auto const open_in = [&](std::string const& directory) {
        return [&environment, directory](log_reader const& replay) {
            return std::make_unique<simulated_log>(environment, directory, small_segments(), 0, replay);
        };
    };
    laws::keeps_what_it_acknowledged(open_in("a"));
    laws::gives_many_threads_one_order(open_in("b"));
    laws::forgets_from_the_front(open_in("c"));
}

TEST_CASE("a loss of power at any call keeps what was acknowledged") {
    int cut = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        sim::environment environment;
        std::mt19937_64 random(seed);
        laws::records acknowledged;
        laws::records appended;
        for (int life = 0; life < 3; ++life) {
            try {
                environment.machine().add_fault({{}, random() % 60, sim::fault::for_ever, EIO});
                auto log = open_log(environment);
                for (;;) {
                    std::vector<lsn_type> group;
                    for (std::uint64_t i = random() % 4; i < 4; ++i) {
                        std::string const payload(random() % 3000, static_cast<char>('a' + random() % 26));
                        group.push_back(log->append(payload));
                        appended[group.back()] = payload;
                    }
                    log->wait_durable(group.back());
                    for (lsn_type const lsn : group) acknowledged[lsn] = appended[lsn];
                }
            } catch (error const& e) {
                REQUIRE(e.code == errc::io_error);
            }
            environment = environment.power_cut(random());
            laws::records const found = contents(environment);
            for (auto const& [lsn, payload] : acknowledged) {
                auto const at = found.find(lsn);
                if (at == found.end() || at->second != payload) FAIL("seed " << seed << " lost LSN " << lsn);
            }
            for (auto const& [lsn, payload] : found) {
                if (appended[lsn] != payload) FAIL("seed " << seed << " invented LSN " << lsn);
            }
            if (found.size() < appended.size()) ++cut;
            acknowledged = appended = found;
        }
    }
    REQUIRE(cut > 50);  // the test has met torn tails
}

TEST_CASE("every flipped bit in the records of a closed log is noticed, the last one's too") {
    sim::environment environment;
    {
        auto log = open_log(environment);
        for (int i = 0; i < 100; ++i) log->wait_durable(log->append(std::string(100 + i * 5, 'x')));
    }
    laws::records const whole = contents(environment);
    std::mt19937_64 random(7);
    std::vector<std::string> const files = environment.machine().files();
    REQUIRE(files.size() >= 2);
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        sim::environment damaged = environment.restarted();
        std::string const& file = files[random() % files.size()];
        damaged.machine().flip_bit(file, random() % (8 * damaged.machine().contents(file).size()));
        try {
            laws::records const found = contents(damaged);
            for (auto const& [lsn, payload] : found) {
                if (whole.at(lsn) != payload) FAIL("a flipped bit gave a wrong record");
            }
            if (found.size() < whole.size()) FAIL("a flipped bit lost records silently");
        } catch (error const& e) {
            if (e.code != errc::data_corrupted && e.code != errc::feature_not_supported) throw;
            ++refused;
        }
    }
    REQUIRE(refused > 1000);
}

TEST_CASE("damage in the middle names the file, the place and what to do") {
    sim::environment environment;
    {
        auto log = open_log(environment);
        for (int i = 0; i < 10; ++i) log->wait_durable(log->append("payload " + std::to_string(i)));
    }
    std::string const path = "db/log/log-0000000000000001";
    environment.machine().flip_bit(path, 8 * environment.machine().contents(path).text().find("payload 4"));
    try {
        open_log(environment);
        FAIL("opened");
    } catch (error const& e) {
        REQUIRE(e.code == errc::data_corrupted);
        REQUIRE_THAT(e.message, test::contains("db/log/log-0000000000000001") && test::contains("offset"));
        REQUIRE_THAT(e.detail, test::contains("LSN 4"));
        REQUIRE_THAT(e.hint, test::contains("backup"));
    }
}

TEST_CASE("a failed sync poisons the log, and reopening brings back what was acknowledged") {
    sim::environment environment;
    auto log = open_log(environment);
    log->wait_durable(log->append("one"));
    lsn_type const second = log->append("two");
    environment.machine().add_fault(sim::fault::in(sim::call_kind::sync));
    REQUIRE(code_of([&] { log->wait_durable(second); }) == errc::io_error);
    REQUIRE(code_of([&] { log->append("three"); }) == errc::io_error);
    REQUIRE(code_of([&] { log->wait_durable(second); }) == errc::io_error);
    log.reset();
    environment = environment.power_cut(3);
    auto const found = contents(environment);
    REQUIRE(found.at(1) == "one");
}

TEST_CASE("segments that were being removed may be there in any combination") {
    sim::environment environment;
    {
        auto log = open_log(environment);
        for (int i = 0; i < 100; ++i) log->append(std::string(1000, 'x'));
        log->wait_durable(100);
    }
    auto const names = environment.list("db/log");
    REQUIRE(names.size() >= 5);
    for (std::uint64_t left = 0; left < 8; ++left) {  // of the first three
        auto after = environment.restarted();
        for (std::size_t i = 0; i < 3; ++i) {
            if ((left >> i & 1) == 0) after.remove("db/log/" + names[i]);
        }
        std::size_t replayed = 0;
        auto log = open_log(after, [&](lsn_type, std::string_view) { ++replayed; }, 70);
        REQUIRE(log->last() == 100);
        REQUIRE(replayed == 30);
    }
}

TEST_CASE("what only the cache had when a sync failed is written again by opening") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        sim::machine_options options;
        options.seed = seed;
        sim::environment environment(options);
        {
            auto log = open_log(environment);
            log->wait_durable(log->append("one"));
            environment.machine().add_fault(sim::fault::in(sim::call_kind::sync));
            lsn_type const second = log->append(std::string(2000, '2'));
            REQUIRE(code_of([&] { log->wait_durable(second); }) == errc::io_error);
        }
        auto const found = contents(environment);  // the cache has it, so it is there, and may be relied on
        REQUIRE(found.size() == 2);
        environment = environment.power_cut(0);
        REQUIRE(contents(environment) == found);
    }
}

TEST_CASE("the name of the log's directory is durable, also where the first attempt to make it failed") {
    sim::environment environment;
    environment.machine().add_fault(sim::fault::in(sim::call_kind::sync_directory, 1));
    REQUIRE(code_of([&] { open_log(environment); }) == errc::io_error);
    {
        auto log = open_log(environment);
        log->wait_durable(log->append("one"));
    }
    environment = environment.power_cut(0);
    REQUIRE(contents(environment).size() == 1);
}

TEST_CASE("a group that found no room comes back neither after a restart nor after a loss of power") {
    for (std::uint64_t room = 100; room < 12'000; room += 700) {
        sim::environment environment;
        auto log = open_log(environment);
        log->wait_durable(log->append("one"));
        environment.machine().set_capacity(environment.machine().used() + room);
        lsn_type last = 0;
        for (int i = 0; i < 12; ++i) last = log->append(std::string(1000, static_cast<char>('a' + i)));
        if (code_of([&] { log->wait_durable(last); }) == sqlstate{}) continue;
        environment.machine().set_capacity(~std::uint64_t{0});
        laws::records const expected{{1, "one"}};
        auto restarted = environment.restarted();
        REQUIRE(contents(restarted) == expected);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            auto after = environment.power_cut(seed);
            REQUIRE(contents(after) == expected);
        }
        REQUIRE(log->last() == 1);
        log->wait_durable(log->last());  // what was refused is over
    }
}

TEST_CASE("a full disk refuses, and space freed brings writing back") {
    for (std::uint64_t room : {30ull, 200ull, 5000ull, 19'900ull, 20'050ull, 24'200ull}) {
        sim::environment environment;
        laws::records acknowledged;
        int refused = 0;
        {
            auto log = open_log(environment);
            environment.machine().set_capacity(environment.machine().used() + room);
            for (int i = 0; i < 60; ++i) {
                if (i == 50) environment.machine().set_capacity(~std::uint64_t{0});
                std::string const payload(700, static_cast<char>('A' + i));
                lsn_type const lsn = log->append(payload);
                sqlstate const code = code_of([&] { log->wait_durable(lsn); });
                if (code == sqlstate{}) {
                    acknowledged[lsn] = payload;
                } else {
                    REQUIRE(code == errc::disk_full);
                    REQUIRE(log->is_refused(lsn));
                    REQUIRE(i < 50);
                    ++refused;
                }
            }
            REQUIRE(refused > 0);
            laws::records read;
            log->read(0, [&](lsn_type lsn, std::string_view payload) { read[lsn] = payload; });
            REQUIRE(read == acknowledged);
        }
        REQUIRE(contents(environment) == acknowledged);
    }
}

TEST_CASE("a log without its first records is refused, unless a checkpoint has them") {
    sim::environment environment;
    {
        auto log = open_log(environment);
        for (int i = 0; i < 100; ++i) log->append(std::string(1000, 'x'));
        log->wait_durable(100);
        log->truncate(90);
    }
    REQUIRE(code_of([&] { open_log(environment); }) == errc::data_corrupted);
    lsn_type first = 0;
    auto log = open_log(environment, [&](lsn_type lsn, std::string_view) { first = first == 0 ? lsn : first; }, 89);
    REQUIRE(first == 90);
    REQUIRE(log->last() == 100);
    log.reset();
    REQUIRE(code_of([&] { open_log(environment, {}, 101); }) == errc::data_corrupted);
}

TEST_CASE("committers that come together share a sync") {
    test::temporary_folder const folder;
    env::posix environment;
    local_log<env::posix> log(environment, folder / "log");
    std::vector<std::thread> threads;
    for (int t = 0; t < 16; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) log.wait_durable(log.append("payload"));
        });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(log.statistics().records == 800);
    REQUIRE(log.statistics().syncs < 700);
}
