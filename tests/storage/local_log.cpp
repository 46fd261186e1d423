#include <phantomdb/env/posix.hpp>
#include <phantomdb/storage/local_log.hpp>

#include "../env/memory_environment.hpp"
#include "commit_log_laws.hpp"
#include "support/process.hpp"

#include <atomic>
#include <random>

using namespace phantomdb;
using namespace phantomdb::storage;
using test::memory_environment;

namespace {

local_log_options small_segments() {
    local_log_options options;
    options.segment_bytes = 20'000;
    options.fill_ahead_bytes = 4096;
    return options;
}

using memory_log = local_log<memory_environment>;

std::unique_ptr<memory_log> open_log(memory_environment& environment, log_reader const& replay = {},
                                     lsn_type after = 0) {
    return std::make_unique<memory_log>(environment, "db/log", small_segments(), after, replay);
}

laws::records contents(memory_environment& environment) {
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

TEST_CASE("local_log in memory obeys the laws of commit_log") {
    memory_environment environment;
    auto const open_in = [&](std::string const& directory) {
        return [&environment, directory](log_reader const& replay) {
            return std::make_unique<memory_log>(environment, directory, small_segments(), 0, replay);
        };
    };
    laws::keeps_what_it_acknowledged(open_in("a"));
    laws::gives_many_threads_one_order(open_in("b"));
    laws::forgets_from_the_front(open_in("c"));
}

TEST_CASE("a loss of power at any call keeps what was acknowledged") {
    int cut = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        memory_environment environment;
        std::mt19937_64 random(seed);
        laws::records acknowledged;
        laws::records appended;
        for (int life = 0; life < 3; ++life) {
            try {
                environment.disk().next_fault = {"", static_cast<int>(random() % 60), errc::io_error, true};
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
            environment.disk().lose_power(random());
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

TEST_CASE("every flipped bit in acknowledged records but the last group's is noticed") {
    memory_environment environment;
    {
        auto log = open_log(environment);
        for (int i = 0; i < 100; ++i) log->wait_durable(log->append(std::string(100 + i * 5, 'x')));
    }
    laws::records const whole = contents(environment);
    std::mt19937_64 random(7);
    std::vector<std::shared_ptr<test::memory_disk::node>> files;
    for (auto const& [name, file] : environment.disk().names) {
        if (name.starts_with("db/log/log-")) files.push_back(file);
    }
    REQUIRE(files.size() >= 2);
    int refused = 0;
    int shorter = 0;
    for (int i = 0; i < 3000; ++i) {
        auto& file = *files[random() % files.size()];
        std::string const before = file.now;
        std::size_t const at = random() % file.now.size();
        file.now[at] = static_cast<char>(file.now[at] ^ (1 << random() % 8));
        std::vector<std::string> saved;
        for (auto const& f : files) saved.push_back(f->now);
        saved[static_cast<std::size_t>(
            std::find_if(files.begin(), files.end(), [&](auto& f) { return f.get() == &file; }) - files.begin())] =
            before;
        auto const names = environment.disk().names;
        try {
            laws::records const found = contents(environment);
            for (auto const& [lsn, payload] : found) {
                if (whole.at(lsn) != payload) FAIL("a flipped bit gave a wrong record");
            }
            if (found.size() + 1 < whole.size()) FAIL("a flipped bit lost records silently");
            if (found.size() < whole.size()) ++shorter;
        } catch (error const& e) {
            if (e.code != errc::data_corrupted && e.code != errc::feature_not_supported) throw;
            ++refused;
        }
        environment.disk().names = names;
        for (std::size_t f = 0; f < files.size(); ++f) files[f]->now = saved[f];
    }
    REQUIRE(refused > 1000);
    REQUIRE(shorter < 100);
}

TEST_CASE("damage in the middle names the file, the place and what to do") {
    memory_environment environment;
    {
        auto log = open_log(environment);
        for (int i = 0; i < 10; ++i) log->wait_durable(log->append("payload " + std::to_string(i)));
    }
    auto& file = *environment.disk().names.at("db/log/log-0000000000000001");
    file.now[file.now.find("payload 4")] = 'P';
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
    memory_environment environment;
    auto log = open_log(environment);
    log->wait_durable(log->append("one"));
    lsn_type const second = log->append("two");
    environment.disk().next_fault = {"sync", 0, errc::io_error, false};
    REQUIRE(code_of([&] { log->wait_durable(second); }) == errc::io_error);
    REQUIRE(code_of([&] { log->append("three"); }) == errc::io_error);
    REQUIRE(code_of([&] { log->wait_durable(second); }) == errc::io_error);
    log.reset();
    environment.disk().lose_power(3);
    auto const found = contents(environment);
    REQUIRE(found.at(1) == "one");
}

TEST_CASE("a full disk refuses, and space freed brings writing back") {
    for (std::uint64_t room : {30ull, 200ull, 5000ull, 19'900ull, 20'050ull, 24'200ull}) {
        memory_environment environment;
        laws::records acknowledged;
        int refused = 0;
        {
            auto log = open_log(environment);
            environment.disk().capacity = environment.disk().used() + room;
            for (int i = 0; i < 60; ++i) {
                if (i == 50) environment.disk().capacity = ~std::uint64_t{0};
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
    memory_environment environment;
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
