#include "kill.hpp"

#include "../../tests/phantomd/pgbench.hpp"

#include <cstdio>

using namespace phantomdb::test;

int kill_under_pgbench(int cycles, unsigned seed, bool quiet) {
    if (!has_pgbench()) {
        std::fprintf(stderr, "torture: pgbench is not installed\n");
        return 2;
    }
    kill_report const report = pgbench_killer(seed).run(cycles, [&](kill_report const& r) {
        if (!quiet)
            std::fprintf(stderr, "%d kills, %ld transactions, %zu failures\n", r.cycles, r.transactions,
                         r.failures.size());
    });
    for (std::string const& failure : report.failures) std::printf("%s\n", failure.c_str());
    if (!report.failures.empty()) std::printf("  again: torture --kill %d --seed %u\n", cycles, seed);
    std::printf("%d kills, %ld transactions acknowledged, %zu failures\n", report.cycles, report.transactions,
                report.failures.size());
    return report.failures.empty() ? 0 : 1;
}
