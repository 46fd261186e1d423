/// One row, one transaction, on disk before the call returns: PhantomDB's default, and SQLite with its log synced in full.
#include <benchmark/benchmark.h>

#include "sales.hpp"
#include "sqlite_sales.hpp"

namespace bench {
namespace {

/// Enough before the measurement that both write over log space they have used before or reserved.
constexpr std::int64_t rows_before = 1500;

template <class Insert>
void insert_rows(benchmark::State& state, std::int64_t& next, Insert&& insert) {
    while (next < rows_before) insert(make_sale(next++));
    for (auto _ : state) insert(make_sale(next++));
    state.SetItemsProcessed(state.iterations());
}

void durable_insert(benchmark::State& state) {
    static scratch_folder const folder("insert");
    static auto db = pdb::open<shop>(folder.file("shop.phantom"));
    static std::int64_t next = 0;
    insert_rows(state, next, [](sale const& row) { db.insert(row); });
}
void durable_insert_sqlite(benchmark::State& state) {
    static scratch_folder const folder("insert-sqlite");
    static sqlite_sales db(folder.file("shop.sqlite"));
    static std::int64_t next = 0;
    insert_rows(state, next, [](sale const& row) { db.insert(row); });
}

BENCHMARK(durable_insert)->UseRealTime();
BENCHMARK(durable_insert_sqlite)->UseRealTime();

}  // namespace
}  // namespace bench
