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

/// The names in the directory of the log that begin with `prefix`.
std::vector<std::string> files_with(sim::environment const& environment, std::string const& prefix) {
    std::vector<std::string> found = environment.machine().files();
    std::erase_if(found, [&](std::string const& path) { return !path.starts_with("db/log/" + prefix); });
    return found;
}

/// Appends, each record durable, until the log has begun `segments` segments in its life.
void fill(simulated_log& log, std::uint64_t segments, std::size_t payload = 700) {
    for (;;) {
        log_statistics const done = log.statistics();
        if (done.segments_made + done.segments_recycled >= segments) return;
        log.wait_durable(log.append(std::string(payload, 'x')));
    }
}

/// A log of one segment that was recycled, whose file held other records before; `after` is where it is needed from.
std::unique_ptr<simulated_log> recycled_log(sim::environment& environment, lsn_type& after) {
    auto log = open_log(environment);
    fill(*log, 3);
    after = log->last() - 1;
    log->truncate(log->last());
    fill(*log, 4);
    REQUIRE(log->statistics().segments_recycled == 1);
    after = log->last() - 1;
    log->truncate(log->last());
    return log;
}

/// Writes the files of a log as format 1 has them.
void write_format_1(sim::environment& environment, std::vector<std::string> const& payloads) {
    environment.create_directory("db/log");
    auto file = environment.open("db/log/log-0000000000000001", env::open_mode::create);
    std::string bytes("PhantomL");
    codec::append_fixed(bytes, std::uint32_t{1});
    codec::append_fixed(bytes, std::uint32_t{1});
    codec::append_fixed(bytes, std::uint64_t{0});
    codec::append_fixed(bytes, codec::crc32c(bytes));
    codec::append_fixed(bytes, std::uint32_t{0});
    std::uint64_t lsn = 0;
    for (std::string const& payload : payloads) {
        std::string rest;
        codec::append_fixed(rest, ++lsn);
        codec::append_fixed(rest, lsn - 1);
        codec::append_fixed(rest, std::uint32_t{1});
        codec::append_fixed(rest, std::uint32_t{0});
        std::string length;
        codec::append_fixed(length, static_cast<std::uint32_t>(payload.size()));
        bytes += length;
        codec::append_fixed(bytes, codec::crc32c(payload + length + rest));
        bytes += rest + payload;
        bytes.resize((bytes.size() + 7) / 8 * 8, '\0');
    }
    file.write_at(0, bytes);
    file.sync();
    environment.sync_directory("db/log");
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

TEST_CASE("segments that are not needed any more become the next ones") {
    sim::environment environment;
    auto log = open_log(environment);
    fill(*log, 3);
    REQUIRE(log->statistics().segments_made == 3);
    log->truncate(log->last());
    REQUIRE(files_with(environment, "spare-").size() == 2);
    REQUIRE(files_with(environment, "log-").size() == 1);
    for (std::uint64_t i = 4; i < 30; ++i) {  // from here on the log lives in three files
        fill(*log, i);
        log->truncate(log->last());
        REQUIRE(files_with(environment, "").size() == 3);
    }
    REQUIRE(log->statistics().segments_made == 3);
    REQUIRE(log->statistics().segments_recycled == 26);

    fill(*log, 31);  // the second of these has a spare file too
    REQUIRE(log->statistics().segments_made == 3);
    fill(*log, 40);
    REQUIRE(log->statistics().segments_made == 12);
    log->truncate(log->last());
    REQUIRE(files_with(environment, "spare-").size() == 2);  // no more than the limit
}

TEST_CASE("a log in recycled segments neither grows files nor creates any") {
    sim::environment environment;
    auto log = open_log(environment);
    fill(*log, 3);
    log->truncate(log->last());
    fill(*log, 4);                                                     // by now the third is as large as the others
    environment.machine().set_capacity(environment.machine().used());  // full to the last byte
    for (std::uint64_t i = 5; i < 20; ++i) {
        fill(*log, i);
        log->truncate(log->last());
    }
    REQUIRE(log->statistics().segments_made == 3);
}

TEST_CASE("how many segments are kept is an option, and spare files are found again") {
    sim::environment environment;
    lsn_type after = 0;
    {
        auto log = open_log(environment);
        fill(*log, 5);
        after = log->last() - 1;
        log->truncate(log->last());
    }
    REQUIRE(files_with(environment, "spare-").size() == 2);
    {
        auto log = open_log(environment, {}, after);
        fill(*log, 2);
        REQUIRE(log->statistics().segments_recycled == 2);
        after = log->last() - 1;
    }
    auto log = open_log(environment, {}, after);  // opening finds what is not needed, too
    REQUIRE(files_with(environment, "spare-").size() == 2);
    log.reset();
    local_log_options options = small_segments();
    options.recycled_segments = 0;
    simulated_log none(environment, "db/log", options, after);
    REQUIRE(files_with(environment, "spare-").empty());
    fill(none, 3);
    none.truncate(none.last());
    REQUIRE(files_with(environment, "").size() == 1);
    REQUIRE(none.statistics().segments_recycled == 0);
}

TEST_CASE("a log short of room gives its spare files up, and keeps some again once there is room") {
    sim::environment environment;
    auto log = open_log(environment);
    REQUIRE_FALSE(log->give_up_spares());
    fill(*log, 3);
    log->truncate(log->last());
    std::uint64_t const with_spares = environment.machine().used();
    REQUIRE(log->give_up_spares());
    REQUIRE(files_with(environment, "spare-").empty());
    REQUIRE(environment.machine().used() + 2 * 20'000 <= with_spares + 2 * 700);
    REQUIRE_FALSE(log->give_up_spares());

    // The segment after the next is the first that is not needed; it makes room, too.
    lsn_type const before = log->last();
    for (int i = 0; i < 20; ++i) log->wait_written(log->append(std::string(700, 'y')));
    std::uint64_t const made = log->statistics().segments_made;
    while (log->statistics().segments_made == made) log->wait_durable(log->append(std::string(700, 'y')));
    REQUIRE(log->give_up_spares() == false);
    log->truncate(log->last());
    REQUIRE(files_with(environment, "spare-").empty());

    fill(*log, made + 3);  // made afresh: there is room
    log->truncate(log->last());
    REQUIRE(files_with(environment, "spare-").size() == 2);
    lsn_type const after = log->last();
    log.reset();
    lsn_type last = 0;
    log = open_log(environment, [&](lsn_type lsn, std::string_view) { last = lsn; }, after - 1);
    REQUIRE(last == after);
    REQUIRE(after > before);
}

TEST_CASE("a segment that a huge record made large is not kept") {
    sim::environment environment;
    auto log = open_log(environment);
    log->wait_durable(log->append(std::string(100'000, 'x')));
    fill(*log, 3);
    log->truncate(log->last());
    REQUIRE(files_with(environment, "spare-").size() == 1);
}

TEST_CASE("a recycled segment keeps its size when the log is opened again, and loses a torn tail") {
    sim::environment environment;
    lsn_type after = 0;
    recycled_log(environment, after).reset();
    std::string const path = files_with(environment, "log-").at(0);
    std::uint64_t const size = environment.machine().contents(path).size();
    REQUIRE(size > 15'000);
    lsn_type const last = open_log(environment, {}, after)->last();
    REQUIRE(environment.machine().contents(path).size() == size);

    sim::environment torn = environment.restarted();
    {
        auto log = open_log(torn, {}, after);
        log->append("torn");
        log->append("never acknowledged");
        log->wait_written(last + 2);
        std::size_t const at = torn.machine().contents(path).text().find("torn");
        torn = torn.restarted();
        torn.machine().flip_bit(path, 8 * at);
    }
    auto log = open_log(torn, {}, after);
    REQUIRE(log->last() == last);
    REQUIRE(torn.machine().contents(path).size() < size);
    log->wait_durable(log->append("new!"));  // as long as the torn one, so that the record behind would follow
    log.reset();
    REQUIRE(open_log(torn, {}, after)->last() == last + 1);
}

TEST_CASE("a loss of power at any call while segments are recycled keeps what was acknowledged") {
    std::uint64_t places = 0;
    std::uint64_t recycled = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        bool finished = false;
        for (std::uint64_t place = 0; !finished; ++place, ++places) {
            sim::environment environment;
            std::mt19937_64 random(seed);
            laws::records acknowledged;
            laws::records appended;
            lsn_type needed = 0;  // a checkpoint holds what is up to here
            try {
                environment.machine().add_fault({{}, place, sim::fault::for_ever, EIO});
                for (int life = 0; life < 2; ++life) {
                    auto log = open_log(environment, {}, needed);
                    for (int i = 0; i < 30; ++i) {
                        std::vector<lsn_type> group;
                        for (std::uint64_t n = random() % 3; n < 3; ++n) {
                            std::string const payload(random() % 3000, static_cast<char>('a' + random() % 26));
                            group.push_back(log->append(payload));
                            appended[group.back()] = payload;
                        }
                        log->wait_durable(group.back());
                        for (lsn_type const lsn : group) acknowledged[lsn] = appended[lsn];
                        if (i % 5 == 4) {
                            needed = log->durable() - random() % 4;
                            log->truncate(needed + 1);
                        }
                    }
                    recycled += log->statistics().segments_recycled;
                }
                finished = true;
            } catch (error const& e) {
                REQUIRE(e.code == errc::io_error);
            }
            for (std::uint64_t cut = 0; cut < 8; ++cut) {
                laws::records must = acknowledged;
                laws::records may = appended;
                sim::environment left = environment.power_cut(cut < 4 ? cut : random());
                for (int again = 0; again < 2; ++again) {  // and once more: what an opening left must open
                    laws::records found;
                    auto log =
                        open_log(left, [&](lsn_type lsn, std::string_view payload) { found[lsn] = payload; }, needed);
                    for (auto at = must.upper_bound(needed); at != must.end(); ++at) {
                        if (!found.contains(at->first)) FAIL("place " << place << " lost LSN " << at->first);
                    }
                    for (auto const& [lsn, payload] : found) {
                        auto const at = may.find(lsn);
                        if (at == may.end() || at->second != payload) {
                            FAIL("place " << place << " invented LSN " << lsn);
                        }
                    }
                    lsn_type const lsn = log->append("after");
                    log->wait_durable(lsn);
                    must[lsn] = may[lsn] = "after";
                    log.reset();
                    left = left.power_cut(random());
                }
            }
        }
    }
    REQUIRE(places > 400);
    REQUIRE(recycled > 20);  // the last life of each seed alone
}

TEST_CASE("copies of logs inside payloads are never taken for records") {
    sim::environment environment;
    lsn_type after = 0;
    {
        auto log = open_log(environment);
        std::string
            hostile;  // a sound record for every segment to come, which claims that much was durable, salted by guess
        for (std::uint32_t number = 1; number < 12; ++number) {
            char header[32]{};
            codec::store_fixed(header + 8, std::uint64_t{100'000});
            codec::store_fixed(header + 16, std::uint64_t{99'999});
            codec::store_fixed(header + 24, number);
            codec::store_fixed(header + 4, detail::record_checksum(header, codec::crc32c({})));
            hostile.append(header, sizeof header);
        }
        for (int i = 0; i < 8; ++i) {
            for (int n = 0; n < 40; ++n) log->wait_durable(log->append(hostile));
            after = log->last() - 1;
            log->truncate(log->last());
        }
        for (int n = 0; n < 4; ++n) log->wait_durable(log->append("short"));
        REQUIRE(log->statistics().segments_recycled > 3);
    }
    lsn_type const last = open_log(environment, {}, after)->last();
    REQUIRE(last == 324);
}

TEST_CASE("every flipped bit in a recycled segment is noticed or harmless") {
    sim::environment environment;
    lsn_type after = 0;
    {
        auto log = recycled_log(environment, after);
        for (int i = 0; i < 15; ++i) log->wait_durable(log->append(std::string(100 + i * 5, 'z')));
    }
    laws::records whole;
    open_log(environment, [&](lsn_type lsn, std::string_view payload) { whole[lsn] = payload; }, after);
    REQUIRE(whole.size() >= 16);
    std::vector<std::string> const files = environment.machine().files();
    std::mt19937_64 random(11);
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        sim::environment damaged = environment.restarted();
        std::string const& file = files[random() % files.size()];
        damaged.machine().flip_bit(file, random() % (8 * damaged.machine().contents(file).size()));
        try {
            laws::records found;
            open_log(damaged, [&](lsn_type lsn, std::string_view payload) { found[lsn] = payload; }, after);
            if (found != whole) FAIL("a flipped bit changed what was read, silently");
        } catch (error const& e) {
            if (e.code != errc::data_corrupted && e.code != errc::feature_not_supported) throw;
            if (file.find("spare") != std::string::npos) FAIL("a spare file is of no consequence");
            ++refused;
        }
    }
    REQUIRE(refused > 20);
}

TEST_CASE("a damaged header in front of records is noticed even if nothing says that they were durable") {
    sim::environment environment;
    auto log = open_log(environment);
    fill(*log, 2);  // the last one has one record, of the last group
    std::string const path = files_with(environment, "log-").at(1);
    sim::environment killed = environment.restarted();
    killed.machine().flip_bit(path, 8 * 17);
    REQUIRE(code_of([&] { contents(killed); }) == errc::data_corrupted);
}

TEST_CASE("a log of format 1 is read, continued, and recycled") {
    sim::environment environment;
    write_format_1(environment, {"one", "two", "three"});
    {
        laws::records found;
        auto log = open_log(environment, [&](lsn_type lsn, std::string_view payload) { found[lsn] = payload; });
        REQUIRE(found == laws::records{{1, "one"}, {2, "two"}, {3, "three"}});
        log->wait_durable(log->append("four"));
    }
    lsn_type after = 0;
    {
        auto log = open_log(environment);
        REQUIRE(log->last() == 4);
        fill(*log, 3);
        after = log->last() - 1;
        log->truncate(log->last());
        fill(*log, 4);
        REQUIRE(log->statistics().segments_recycled == 1);
    }
    REQUIRE(open_log(environment, {}, after)->last() > after);
}

TEST_CASE("who reads the log while it is truncated gets all of it") {
    sim::environment environment;
    auto log = open_log(environment);
    fill(*log, 3);
    lsn_type last = 0;
    log->read(0, [&](lsn_type lsn, std::string_view payload) {
        if (lsn == 1) {
            log->truncate(log->last());
            fill(*log, 5);  // which would overwrite what is being read
        }
        REQUIRE(lsn == last + 1);
        REQUIRE(payload == std::string(700, 'x'));
        last = lsn;
    });
    REQUIRE(files_with(environment, "spare-").empty());
    REQUIRE(last > 50);
    log->truncate(log->last());
    REQUIRE(files_with(environment, "spare-").size() == 2);
}

TEST_CASE("verify names the file and the place of what is damaged, open or not") {
    sim::environment environment;
    std::vector<finding> found;
    verification to;
    to.on_finding = [&](finding const& f) { found.push_back(f); };
    auto log = open_log(environment);
    for (int i = 0; i < 200; ++i) log->wait_durable(log->append(std::string(500, 'x')));
    log->verify(to);
    CHECK(found.empty());
    std::vector<std::string> const names = environment.list("db/log");
    REQUIRE(names.size() > 3);
    constexpr std::uint64_t record = 32 + 504;
    for (std::size_t segment : {std::size_t{1}, names.size() - 1}) {
        std::string const path = "db/log/" + names[segment];
        for (std::uint64_t which : {0, 3}) {
            std::uint64_t const begins = 32 + which * record;
            auto file = environment.open(path, env::open_mode::write);
            file.write_at(begins + 100, "y");
            log->verify(to);
            verify_log(environment, "db/log", to);  // as if it were not open
            REQUIRE(found.size() == 2);
            for (finding const& f : found) {
                CHECK(f.file == path);
                CHECK(f.offset == begins);
            }
            found.clear();
            file.write_at(begins + 100, "x");
        }
    }
    log->truncate(100);  // segments that are gone are nobody's fault
    log->verify(to);
    log.reset();
    verify_log(environment, "db/log", to);
    CHECK(found.empty());
    CHECK(open_log(environment, {}, 99)->last() == 200);
}

TEST_CASE("what a crash leaves is no fault to verify, and a log can begin anywhere") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        sim::environment environment;
        begin_log(environment, "db/log", 1000);
        {
            auto log = open_log(environment, {}, 1000);
            for (int i = 0; i < 60; ++i) log->wait_durable(log->append(std::string(700, 'x')));
            CHECK(log->last() == 1060);
            for (int i = 0; i < 5; ++i) log->append(std::string(700, 'y'));
            environment.machine().add_fault({{}, seed % 4, sim::fault::for_ever, EIO});
            try {
                log->wait_durable(log->last());
            } catch (error const&) {
            }
        }
        auto const restarted = environment.power_cut(seed);
        auto again = restarted;
        verification to;
        to.on_finding = [&](finding const& f) {
            FAIL("seed " << seed << ": " << f.file << " " << f.offset << " " << f.what);
        };
        verify_log(again, "db/log", to);
        auto const log = open_log(again, {}, 1000);
        CHECK(log->last() >= 1060);
        log->verify(to);
    }
}
