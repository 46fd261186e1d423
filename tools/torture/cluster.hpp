/// @file Declares the torture of a whole cluster: see tests/cluster/by_chance.hpp.
#pragma once

#include <cstdint>

/// Breaks so many clusters in ways by chance, each from its seed. 0 nothing wrong, 1 failures.
/// With `relayed`, nodes are on loopback even where each could have a network namespace of its own.
int break_clusters(int runs, int nodes, int faults, std::uint64_t seed, bool relayed, bool quiet);
