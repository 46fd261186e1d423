#include "laws.hpp"

#include "../../tests/torture/laws.hpp"

#include <chrono>
#include <cstdio>
#include <exception>

using namespace phantomdb;
using clock_type = std::chrono::steady_clock;

int walk_beside_a_map(std::string const& store, std::uint64_t seed, std::uint64_t operations, bool quiet) {
    int failures = 0;
    bool tried = false;
    for (torture::walk const& w : torture::walks()) {
        if (!store.empty() && w.store != store) continue;
        tried = true;
        auto const begun = clock_type::now();
        auto shown = begun;
        std::size_t reached = 0;
        auto const progress = [&](std::size_t done) {
            reached = done;
            if (quiet || clock_type::now() - shown < std::chrono::seconds(1)) return;
            shown = clock_type::now();
            std::fprintf(stderr, "%6.0f s  %s: %zu of %llu operations\n",
                         std::chrono::duration<double>(shown - begun).count(), w.store.c_str(), done,
                         static_cast<unsigned long long>(operations));
        };
        try {
            w.take(seed, operations, progress);
            std::printf("%s: %zu operations as in a map, %.0f s\n", w.store.c_str(), reached,
                        std::chrono::duration<double>(clock_type::now() - begun).count());
        } catch (std::exception const& e) {
            ++failures;
            std::printf("%s: after %zu operations: %s\n  again: torture --laws %llu --store %s --seed %llu\n",
                        w.store.c_str(), reached, e.what(), static_cast<unsigned long long>(operations),
                        w.store.c_str(), static_cast<unsigned long long>(seed));
        }
        std::fflush(stdout);
    }
    if (!tried) std::fprintf(stderr, "torture: no store \"%s\" has walks\n", store.c_str());
    return !tried ? 2 : failures == 0 ? 0 : 1;
}
