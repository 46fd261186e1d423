/// @file A few faults by chance on real processes; `torture --cluster` does it for as long as one likes.
#include <string>

#include "cluster/by_chance.hpp"
#include "support/catch.hpp"

using namespace phantomdb;

TEST_CASE("what is acknowledged outlasts faults by chance") {
    test::chance_options options;
    options.between = GENERATE(test::network::relayed, test::network::namespaced);
    if (options.between == test::network::namespaced && !test::namespaces::possible())
        PHANTOMDB_SKIP("this machine gives no network namespaces");
    options.seed = 4;
    options.faults = 3;
    std::string faults;
    options.on_fault = [&](std::string const& what) { faults += what + "\n"; };
    test::broken_by_chance one(options);
    auto const report = one.run();
    INFO(faults);
    for (auto const& problem : report.problems) FAIL_CHECK(problem);
    CHECK(report.operations > 100);
    CHECK(report.transactions > 20);
}
