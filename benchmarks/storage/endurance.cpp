/// What a store costs in the long run: bytes written and used after many updates, memory while all is read, the time to
/// recover, and how long readers wait while checkpoints and compactions go on.
///
/// Each runs once; the figures are its counters. $PHANTOMDB_BENCHMARK_UPDATES sets the number of updates (10,000,000).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <random>

#include "shards.hpp"

namespace bench {
namespace {

constexpr std::uint64_t row_bytes = 8 + value_bytes;

std::uint64_t update_count() {
    char const* const asked = std::getenv("PHANTOMDB_BENCHMARK_UPDATES");
    return asked == nullptr ? 10'000'000 : std::strtoull(asked, nullptr, 10);
}
std::uint64_t file_bytes(std::string const& folder) {
    std::uint64_t sum = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) sum += entry.file_size();
    }
    return sum;
}
/// Bytes this process has handed to files, as Linux counts them.
std::uint64_t written_bytes() {
    std::ifstream counts("/proc/self/io");
    std::string word;
    std::uint64_t value = 0;
    while (counts >> word >> value) {
        if (word == "wchar:") return value;
    }
    return 0;
}
std::uint64_t resident_bytes() {
    std::ifstream counts("/proc/self/statm");
    std::uint64_t pages = 0, resident = 0;
    counts >> pages >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

constexpr std::uint64_t rows_in_transaction = 100;

template <engine Engine>
void write_many(shard_rows<Engine>& to, std::uint64_t count, std::uint64_t keys, std::mt19937_64& random) {
    std::array<std::uint64_t, rows_in_transaction> some;
    for (std::uint64_t done = 0; done < count; done += rows_in_transaction) {
        for (auto& key : some) key = random() % keys;
        to.write(some, false);
    }
}
template <engine Engine>
void load_rows(shard_rows<Engine>& to, std::uint64_t count) {
    std::vector<std::uint64_t> some(1000);
    for (std::uint64_t from = 0; from < count; from += some.size()) {
        for (std::size_t i = 0; i < some.size(); ++i) some[i] = from + i;
        to.write(some, false);
    }
}

/// Updates of random rows among a tenth as many, checkpoints and compaction at their defaults.
/// written_per_byte: bytes handed to files, log included, for each byte of a row written; used_per_byte: bytes of the files at
/// the end, log left out, for each byte of a row that is there.
template <engine Engine>
void updates(benchmark::State& state) {
    for (auto _ : state) {
        storage_folder const folder("updates");
        shard_rows<Engine> shard(folder.path() + "/db");
        std::uint64_t const rows = update_count() / 10;
        std::mt19937_64 random(11);
        load_rows(shard, rows);
        shard->checkpoint();
        std::uint64_t const before = written_bytes();
        write_many(shard, update_count(), rows, random);
        shard->checkpoint();
        shard->maintain();
        auto const put = static_cast<double>(update_count() * row_bytes);
        state.counters["written_per_byte"] = static_cast<double>(written_bytes() - before) / put;
        shard->checkpoint();
        state.counters["used_per_byte"] =
            static_cast<double>(file_bytes(folder.path() + "/db/store")) / static_cast<double>(rows * row_bytes);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(update_count()));
}

/// Reads ten times the cache. over_budget: growth of the process beyond the memory the store may use.
template <class Store>
void scan_of_ten_caches(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        storage_folder const folder("budget");
        phantomdb::env::posix environment;
        ps::store_options options;
        options.cache_bytes = std::uint64_t{32} << 20;
        options.write_buffer_bytes = std::uint64_t{16} << 20;
        options.sync = false;
        std::uint64_t const rows = 10 * options.cache_bytes / row_bytes;
        {
            Store store(environment, folder.path() + "/store", options);
            ps::write_batch batch;
            ps::lsn_type lsn = 0;
            for (std::uint64_t key = 0; key < rows; ++key) {
                batch.put(row_key(key).view(), row_value());
                if (key % 1000 == 999 || key + 1 == rows) store.apply(batch, ++lsn), batch.clear();
            }
            store.checkpoint();
        }
        std::uint64_t const before = resident_bytes();
        Store store(environment, folder.path() + "/store", options);
        state.ResumeTiming();
        std::uint64_t met = 0, most = 0;
        {
            auto const snapshot = store.snapshot();
            auto cursor = snapshot.cursor();
            std::vector<ps::slice> out(1024);
            cursor.seek({});
            while (std::size_t const n = cursor.next_chunk(out, {})) {
                if (met / 100'000 != (met + n) / 100'000) most = std::max(most, resident_bytes());
                met += n;
            }
        }
        if (met != rows) state.SkipWithError("rows are missing");
        auto const budget = static_cast<double>(options.cache_bytes + options.write_buffer_bytes);
        state.counters["used_MiB"] = static_cast<double>(most - std::min(most, before)) / 1048576;
        state.counters["budget_MiB"] = budget / 1048576;
        state.SetItemsProcessed(static_cast<std::int64_t>(rows));
    }
}

/// The time `open` takes when 256 MiB of log are above the last checkpoint.
template <engine Engine>
void recovery(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        storage_folder const folder("recovery");
        pm::shard_options options;
        options.checkpoint_log_bytes = std::uint64_t{1} << 40;
        options.checkpoint_timeout = std::chrono::hours(24);
        std::uint64_t replayed = 0;
        {
            shard_rows<Engine> shard(folder.path() + "/db", options);
            load_rows(shard, 500'000);
            shard->checkpoint();
            std::mt19937_64 random(13);
            std::uint64_t const from = shard->statistics().log.bytes;
            while (shard->statistics().log.bytes - from < std::uint64_t{256} << 20)
                write_many(shard, 10'000, 500'000, random);
        }
        state.ResumeTiming();
        auto shard = std::make_unique<shard_rows<Engine>>(folder.path() + "/db", options);
        state.PauseTiming();
        replayed = (*shard)->statistics().replayed;
        if (replayed == 0) state.SkipWithError("nothing was recovered");
        state.counters["transactions"] = static_cast<double>(replayed);
        shard.reset();
        state.ResumeTiming();
    }
}

struct waits {
    double median = 0, p99 = 0, most = 0;  ///< microseconds
};
template <engine Engine>
waits read_for(shard_rows<Engine>& from, std::uint64_t rows, std::chrono::milliseconds how_long,
               std::mt19937_64& random) {
    using clock = std::chrono::steady_clock;
    std::vector<double> took;
    took.reserve(1 << 22);
    for (auto const end = clock::now() + how_long; clock::now() < end;) {
        std::uint64_t const key = random() % rows;
        auto const begun = clock::now();
        benchmark::DoNotOptimize(from.has(key));
        took.push_back(std::chrono::duration<double, std::micro>(clock::now() - begun).count());
    }
    std::sort(took.begin(), took.end());
    auto const at = [&](double part) {
        return took[static_cast<std::size_t>(part * static_cast<double>(took.size() - 1))];
    };
    return {at(0.5), at(0.99), at(1)};
}

/// Gets by one thread, alone and then while another writes and checkpoints without pause (and the LSM compacts).
template <engine Engine>
void reads_beside_checkpoints(benchmark::State& state) {
    for (auto _ : state) {
        storage_folder const folder("waits");
        shard_rows<Engine> shard(folder.path() + "/db");
        constexpr std::uint64_t rows = 1'000'000;
        load_rows(shard, rows);
        shard->checkpoint();
        shard->maintain();
        std::mt19937_64 random(17);
        waits const alone = read_for(shard, rows, std::chrono::seconds(3), random);
        std::atomic<bool> stop = false;
        std::uint64_t const before = shard->statistics().checkpoints;
        std::thread writer([&] {
            std::mt19937_64 other(19);
            while (!stop) write_many(shard, 20'000, rows, other), shard->checkpoint();
        });
        waits const beside = read_for(shard, rows, std::chrono::seconds(8), random);
        stop = true;
        writer.join();
        state.counters["checkpoints"] = static_cast<double>(shard->statistics().checkpoints - before);
        state.counters["alone_median_us"] = alone.median;
        state.counters["alone_p99_us"] = alone.p99;
        state.counters["beside_median_us"] = beside.median;
        state.counters["beside_p99_us"] = beside.p99;
        state.counters["beside_most_us"] = beside.most;
    }
}

#define PHANTOMDB_ONCE(...) BENCHMARK(__VA_ARGS__)->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond)
PHANTOMDB_ONCE(updates<engine::btree>);
PHANTOMDB_ONCE(updates<engine::lsm>);
PHANTOMDB_ONCE(scan_of_ten_caches<ps::btree_store<phantomdb::env::posix, 16384>>)->Name("scan_of_ten_caches<btree>");
PHANTOMDB_ONCE(scan_of_ten_caches<ps::lsm_store<phantomdb::env::posix>>)->Name("scan_of_ten_caches<lsm>");
PHANTOMDB_ONCE(recovery<engine::btree>);
PHANTOMDB_ONCE(recovery<engine::lsm>);
PHANTOMDB_ONCE(reads_beside_checkpoints<engine::btree>);
PHANTOMDB_ONCE(reads_beside_checkpoints<engine::lsm>);

}  // namespace
}  // namespace bench
