// The simulated groups of tests/raft, with the logs that replicas really have, on disks that lose what was not synced.

#include "cluster/disk_storage.hpp"
#include "raft/find_mistake.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <optional>
#include <string>

using namespace phantomdb;

namespace {

using disk_simulation = test::basic_simulation<test::disk_storage<>>;

template <test::neglect Of>
bool is_found_within(std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        if (test::finds_something([&] { return !test::basic_simulation<test::disk_storage<Of>>(seed).run(); }))
            return true;
    }
    return false;
}

}  // namespace

TEST_CASE("simulation on disks: nothing is violated, and progress resumes, whatever happens") {
    char const* const wanted = std::getenv("PHANTOMDB_RAFT_SEEDS");  // more of them
    std::uint64_t const seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 300;
    test::simulation_counts all;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        disk_simulation one(seed);
        std::optional<std::string> violation;
        try {
            violation = one.run();
        } catch (error const& e) {
            violation = e.message + ": " + e.detail;
        }
        INFO("seed " << seed << ": " << violation.value_or(""));
        REQUIRE_FALSE(violation.has_value());
        all.add(one.counts());
    }
    CHECK(all.acknowledged > 20 * seeds);
    CHECK(all.crashes > 5 * seeds);
    CHECK(all.images > seeds / 2);
    CHECK(all.changes > seeds);
    CHECK(all.truncated > seeds / 2);
    for (std::size_t i = 0; i < test::rare_paths; ++i) {
        INFO(test::rare_texts[i]);
        CHECK(all.rare.times[i] > 0);
    }
}

TEST_CASE("simulation on disks: what a host must not neglect is found") {
    CHECK_FALSE(is_found_within<test::neglect::none>(20));
    CHECK(is_found_within<test::neglect::of_syncs>(500));
    CHECK(is_found_within<test::neglect::of_states>(500));
    CHECK(is_found_within<test::neglect::of_images>(500));
}
