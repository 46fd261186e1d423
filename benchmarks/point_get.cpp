/// One row by its primary key, as a struct: PhantomDB's `find` and SQLite's prepared statement, each call a transaction.
#include <benchmark/benchmark.h>

#include "sales.hpp"
#include "sqlite_sales.hpp"

namespace bench {
namespace {

constexpr std::int64_t row_count = 100'000;

template <class Find>
void get_rows(benchmark::State& state, Find&& find) {
    auto const keys = random_keys(row_count);
    std::size_t at = 0;
    for (auto _ : state) {
        std::int64_t const key = keys[at++ % keys.size()];
        auto const found = find(key);
        if (!found || found->id != key) state.SkipWithError("a row is missing");
        benchmark::DoNotOptimize(found);
    }
    state.SetItemsProcessed(state.iterations());
}

pdb::database<shop> filled(pdb::database<shop> db) {
    db.transact([](auto& tx) { tx.insert(make_sales(row_count)); });
    return db;
}
void fill(sqlite_sales& db) {
    db.execute("begin");
    for (auto const& row : make_sales(row_count)) db.insert(row);
    db.execute("commit");
    db.execute("pragma wal_checkpoint(truncate)");
}

void point_get_memory(benchmark::State& state) {
    static auto const db = filled(pdb::in_memory<shop>());
    get_rows(state, [](std::int64_t key) { return db.find<sales>(key); });
}
void point_get_disk(benchmark::State& state) {
    static scratch_folder const folder("get");
    static auto const db = filled(pdb::open<shop>(folder.file("shop.phantom")));
    get_rows(state, [](std::int64_t key) { return db.find<sales>(key); });
}
void point_get_sqlite_memory(benchmark::State& state) {
    static sqlite_sales db(":memory:");
    static bool const once = (fill(db), true);
    benchmark::DoNotOptimize(once);
    get_rows(state, [](std::int64_t key) { return db.find(key); });
}
void point_get_sqlite_disk(benchmark::State& state) {
    static scratch_folder const folder("get-sqlite");
    static sqlite_sales db(folder.file("shop.sqlite"));
    static bool const once = (fill(db), true);
    benchmark::DoNotOptimize(once);
    get_rows(state, [](std::int64_t key) { return db.find(key); });
}

BENCHMARK(point_get_memory);
BENCHMARK(point_get_disk);
BENCHMARK(point_get_sqlite_memory);
BENCHMARK(point_get_sqlite_disk);

}  // namespace
}  // namespace bench
