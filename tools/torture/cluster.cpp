#include "cluster.hpp"

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "../../tests/cluster/by_chance.hpp"

int break_clusters(int runs, int nodes, int faults, std::uint64_t seed, bool relayed, bool quiet) {
    using clock = std::chrono::steady_clock;
    auto const begun = clock::now();
    std::size_t failures = 0, operations = 0, transactions = 0, undecided = 0;
    auto const between = relayed ? phantomdb::test::network::relayed : phantomdb::test::best_network();
    bool const apart = between == phantomdb::test::network::namespaced;
    if (!quiet)
        std::fprintf(stderr, "nodes are %s\n",
                     apart ? "in network namespaces" : "on loopback, with relays between them");
    for (int run = 0; run < runs; ++run, ++seed) {
        phantomdb::test::chance_options options;
        options.nodes = nodes;
        options.between = between;
        options.seed = seed;
        options.faults = faults;
        options.on_fault = [&](std::string const& what) {
            if (quiet) return;
            std::fprintf(stderr, "%6.0f s  seed %llu: %s\n",
                         std::chrono::duration<double>(clock::now() - begun).count(),
                         static_cast<unsigned long long>(seed), what.c_str());
        };
        phantomdb::test::chance_report report;
        try {
            report = phantomdb::test::broken_by_chance(options).run();
        } catch (std::exception const& e) {
            report.problems.push_back(e.what());
        }
        operations += report.operations;
        transactions += report.transactions;
        undecided += !report.judged;
        for (auto const& problem : report.problems) {
            std::printf("seed %llu: %s\n  again: torture --cluster 1 --nodes %d --faults %d --seed %llu%s\n",
                        static_cast<unsigned long long>(seed), problem.c_str(), nodes, faults,
                        static_cast<unsigned long long>(seed), apart ? "" : " --relays");
            std::fflush(stdout);
        }
        failures += !report.problems.empty();
    }
    std::printf(
        "%d clusters of %d nodes, %zu operations and %zu transactions judged, %zu histories undecided, %zu failures, "
        "%.1f s\n",
        runs, nodes, operations, transactions, undecided, failures,
        std::chrono::duration<double>(clock::now() - begun).count());
    return failures == 0 ? 0 : 1;
}
