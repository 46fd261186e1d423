/// How close a typed query comes to the loop one would write by hand: keep some rows, sum a column.
#include <phantomdb/database/rows.hpp>

#include <benchmark/benchmark.h>

#include "sales.hpp"

namespace bench {
namespace {

constexpr std::int64_t row_count = 100'000;

std::vector<sale> const& rows() {
    static std::vector<sale> const made = make_sales(row_count);
    return made;
}

/// Not inlined, so that no benchmark knows more about the rows or the bound than a real caller would.
[[gnu::noinline]] std::int64_t hand_written(std::vector<sale> const& from, int least) {
    std::int64_t sum = 0;
    for (sale const& row : from) {
        if (row.quantity >= least) sum += row.customer;
    }
    return sum;
}
template <class Source>
[[gnu::noinline]] std::int64_t typed(Source const& from, int least) {
    return std::get<0>(*from.template run<quantity_of_large>("least"_arg = least).first()).value_or(0);
}

void report(benchmark::State& state, bool right) {
    if (!right) state.SkipWithError("the sum is wrong");
    state.SetItemsProcessed(state.iterations() * row_count);
}

/// The bound that skips as many per cent of the rows as the argument says, in no order that could be predicted.
int bound_of(benchmark::State const& state) { return static_cast<int>(state.range(0)) + 1; }

void filter_sum_loop(benchmark::State& state) {
    int const least = bound_of(state);
    auto const& from = rows();
    for (auto _ : state) benchmark::DoNotOptimize(hand_written(from, least));
    state.SetItemsProcessed(state.iterations() * row_count);
}

void filter_sum_rows(benchmark::State& state) {
    int const least = bound_of(state);
    auto const from = pdb::from_rows(rows());
    for (auto _ : state) benchmark::DoNotOptimize(typed(from, least));
    report(state, typed(from, least) == hand_written(rows(), least));
}

void filter_sum_store(benchmark::State& state) {
    static auto const from = [] {
        auto db = pdb::in_memory<shop>();
        db.transact([](auto& tx) { tx.insert(rows()); });
        return db;
    }();
    int const least = bound_of(state);
    for (auto _ : state) benchmark::DoNotOptimize(typed(from, least));
    report(state, typed(from, least) == hand_written(rows(), least));
}

BENCHMARK(filter_sum_loop)->Arg(5)->Arg(50);
BENCHMARK(filter_sum_rows)->Arg(5)->Arg(50);
BENCHMARK(filter_sum_store)->Arg(5)->Arg(50);

}  // namespace
}  // namespace bench
