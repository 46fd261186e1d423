// Groups of nodes under faults, from seeds; and that deliberate mistakes are found.

#include "raft/simulation.hpp"

#include "raft/find_mistake.hpp"

#include "support/catch.hpp"

#include <cstdlib>

using namespace phantomdb::test;

namespace {

bool is_found(std::uint64_t seed, mistake made) {
    return finds_something([&] { return !simulation(seed, made).run(); });
}

}  // namespace

TEST_CASE("simulation: nothing is violated, and progress resumes, whatever happens") {
    char const* const wanted = std::getenv("PHANTOMDB_RAFT_SEEDS");  // more of them
    std::uint64_t const seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 300;
    simulation_counts all;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        simulation one(seed);
        auto const violation = one.run();
        INFO("seed " << seed << ": " << violation.value_or(""));
        REQUIRE_FALSE(violation.has_value());
        all.add(one.counts());
    }
    // What it is for has happened, and often.
    CHECK(all.elections > 3 * seeds);
    CHECK(all.acknowledged > 30 * seeds);
    CHECK(all.reads > 15 * seeds);
    CHECK(all.crashes > 5 * seeds);
    CHECK(all.images > seeds / 2);
    CHECK(all.changes > seeds);
    CHECK(all.transfers > seeds);
    CHECK(all.stops > seeds);
    CHECK(all.truncated > seeds / 2);
}

TEST_CASE("simulation: a seed gives the same run") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        simulation first(seed), again(seed);
        CHECK(first.run() == again.run());
        CHECK(first.counts().acknowledged == again.counts().acknowledged);
        CHECK(first.counts().elections == again.counts().elections);
        CHECK(first.counts().truncated == again.counts().truncated);
    }
}

TEST_CASE("simulation: each mistake is found within 500 seeds, and nothing where there is none") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) CHECK_FALSE(is_found(seed, mistake::none));
    for (mistake const made : mistakes) {
        std::uint64_t seed = 1;
        while (seed <= 500 && !is_found(seed, made)) ++seed;
        INFO(name_of(made));
        CHECK(seed <= 500);
    }
}
