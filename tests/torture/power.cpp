/// @file The short form of the tortures; tools/torture is the long one.
#include "subjects.hpp"
#include "tortures.hpp"

#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::torture;

namespace {

void expect_clean(report const& all) {
    for (failure const& f : all.failures)
        UNSCOPED_INFO(f.torture << " of " << f.subject << ", " << f.workload << ", --only " << f.place << ": "
                                << f.what);
    CHECK(all.failures.empty());
}

}  // namespace

TEST_CASE("there are many workloads, and a seed gives the same ones") {
    auto const all = workloads(1);
    REQUIRE(all.size() >= 50);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].steps.size() >= 14);
        CHECK(all[i].steps.size() == workloads(1)[i].steps.size());
    }
}

TEST_CASE("a workload on one seed makes the same calls each time") {
    auto const all = workloads(3);
    for (subject const& what : subjects()) {
        auto const digest = [&] {
            workload_run life(what, all[16], workload_run::fresh_world(5));
            life.run();
            life.close();
            return life.world().machine().trace_digest();
        };
        CHECK(digest() == digest());
    }
}

TEST_CASE("the power is cut everywhere, in recovery too: whole acknowledged commits, and nothing else") {
    report all;
    torture_options options;
    options.stride = 151;
    options.subsets = 20;
    options.recovery_every = 24;
    for (workload const& work : workloads(1)) {
        for (subject const& what : subjects()) all += cut_power(what, work, options);
    }
    expect_clean(all);
    CHECK(all.images >= 5000);
    CHECK(all.recoveries >= 1000);
}

TEST_CASE("any call fails, once or for ever: clean errors, and nothing acknowledged is lost") {
    report all;
    torture_options options;
    options.stride = 257;
    for (workload const& work : workloads(1)) {
        for (subject const& what : subjects()) all += fail_calls(what, work, options);
    }
    expect_clean(all);
    CHECK(all.images >= 1000);
}

TEST_CASE("a full disk refuses, and takes writes again when it has room") {
    report all;
    torture_options options;
    options.stride = 37;
    for (workload const& work : workloads(1)) {
        for (subject const& what : subjects()) all += fill_disk(what, work, options);
    }
    expect_clean(all);
    CHECK(all.images >= 500);
}

TEST_CASE("a flipped bit is noticed or harmless") {
    report all;
    torture_options options;
    options.flips = 25;
    for (workload const& work : workloads(1)) {
        for (subject const& what : subjects()) all += flip_bits(what, work, options);
    }
    expect_clean(all);
    CHECK(all.detected >= 1000);
}
