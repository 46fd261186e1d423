/// @file Declares the torture of a whole server: see tests/phantomd/pgbench.hpp.
#pragma once

/// Kills phantomd so many times under pgbench. 0 nothing wrong, 1 failures, 2 not possible here.
int kill_under_pgbench(int cycles, unsigned seed, bool quiet);
