/// @file Declares the long walks of the stores: see tests/torture/laws.hpp.
#pragma once

#include <cstdint>
#include <string>

/// So many random operations for each store (or the one named) beside a map. 0 nothing wrong, 1 a law broken, 2 no such store.
int walk_beside_a_map(std::string const& store, std::uint64_t seed, std::uint64_t operations, bool quiet);
