/// The stores below everything, next to LMDB, SQLite and RocksDB: rows of 8 + 100 bytes, one thread that calls, nothing synced.
/// `tools/bench storage` runs these and makes a table of them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "engines.hpp"

namespace bench {
namespace {

constexpr std::uint64_t rows = 2'000'000;
constexpr std::size_t rows_in_batch = 1000;

std::vector<std::uint64_t> shuffled(std::uint64_t count) {
    std::vector<std::uint64_t> keys(count);
    for (std::uint64_t i = 0; i < count; ++i) keys[i] = i;
    std::shuffle(keys.begin(), keys.end(), std::mt19937_64(7));
    return keys;
}
std::string const& value() {
    static std::string const made(value_bytes, 'v');
    return made;
}

template <class Engine>
void load(Engine& into, std::span<std::uint64_t const> keys, bool append) {
    for (std::size_t at = 0; at < keys.size(); at += rows_in_batch) {
        into.put_all(keys.subspan(at, std::min(rows_in_batch, keys.size() - at)), value(), append);
    }
}

/// Loaded in rising order, once for all benchmarks that only read.
template <class Engine>
Engine& loaded(std::uint64_t count) {
    // What a library keeps for the whole process has to be made before the engine, to outlive it.
    [[maybe_unused]] static bool const is_library_ready = (Engine(), true);
    static std::unique_ptr<Engine> engine;
    static std::uint64_t has = 0;
    if (has != count) {
        engine.reset();
        engine = std::make_unique<Engine>();
        std::vector<std::uint64_t> keys(count);
        for (std::uint64_t i = 0; i < count; ++i) keys[i] = i;
        load(*engine, keys, true);
        engine->flush();
        has = count;
    }
    return *engine;
}

template <class Engine>
void get(benchmark::State& state) {
    auto const count = static_cast<std::uint64_t>(state.range(0));
    auto const reader = loaded<Engine>(count).read();
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> keys(1 << 16);
    for (auto& key : keys) key = random() % count;
    std::size_t at = 0;
    for (auto _ : state) {
        if (at % keys.size() == 0) {
            state.PauseTiming();
            for (auto& key : keys) key = random() % count;
            state.ResumeTiming();
        }
        benchmark::DoNotOptimize(reader.get(keys[at++ % keys.size()]));
    }
    state.SetItemsProcessed(state.iterations());
}
template <class Engine>
void get_32(benchmark::State& state) {
    auto const reader = loaded<Engine>(rows).read();
    std::mt19937_64 random(1);
    std::array<std::uint64_t, 32> keys;
    for (auto _ : state) {
        for (auto& key : keys) key = random() % rows;
        benchmark::DoNotOptimize(reader.get_many(keys));
    }
    state.SetItemsProcessed(state.iterations() * 32);
}
template <class Engine>
void scan(benchmark::State& state) {
    auto const reader = loaded<Engine>(rows).read();
    for (auto _ : state) {
        if (reader.scan() != rows) state.SkipWithError("rows are missing");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}
template <class Engine>
void insert_random(benchmark::State& state) {
    auto const keys = shuffled(rows);
    for (auto _ : state) {
        state.PauseTiming();
        auto engine = std::make_unique<Engine>();
        state.ResumeTiming();
        load(*engine, keys, false);
        engine->flush();
        state.PauseTiming();
        engine.reset();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}
template <class Engine>
void load_sorted(benchmark::State& state) {
    std::vector<std::uint64_t> keys(rows);
    for (std::uint64_t i = 0; i < rows; ++i) keys[i] = i;
    for (auto _ : state) {
        state.PauseTiming();
        auto engine = std::make_unique<Engine>();
        state.ResumeTiming();
        load(*engine, keys, true);
        engine->flush();
        state.PauseTiming();
        engine.reset();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}
/// One row changed, one commit: what copying a path costs.
template <class Engine>
void commit_one(benchmark::State& state) {
    auto& engine = loaded<Engine>(rows);
    std::mt19937_64 random(1);
    for (auto _ : state) {
        std::uint64_t const key = random() % rows;
        engine.put_all({&key, 1}, value(), false);
    }
    state.SetItemsProcessed(state.iterations());
}

#define PHANTOMDB_STORAGE_BENCHMARKS(engine) \
    BENCHMARK(get<engine>)->Arg(10'000)->Arg(2'000'000)->Arg(10'000'000)->UseRealTime(); \
    BENCHMARK(get_32<engine>)->UseRealTime(); \
    BENCHMARK(scan<engine>)->UseRealTime()->Unit(benchmark::kMillisecond); \
    BENCHMARK(commit_one<engine>)->UseRealTime(); \
    BENCHMARK(insert_random<engine>)->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond); \
    BENCHMARK(load_sorted<engine>)->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond)

PHANTOMDB_STORAGE_BENCHMARKS(btree_engine);
PHANTOMDB_STORAGE_BENCHMARKS(lsm_engine);
PHANTOMDB_STORAGE_BENCHMARKS(lmdb_engine);
PHANTOMDB_STORAGE_BENCHMARKS(sqlite_engine);
PHANTOMDB_STORAGE_BENCHMARKS(rocksdb_engine);

}  // namespace
}  // namespace bench
