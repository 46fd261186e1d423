/// @file Proves that the tortures bite: what is broken on purpose is found, in the short form and by the torture meant for it.
#include "broken.hpp"
#include "tortures.hpp"

#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::torture;

namespace {

report tormented(std::string const& kind, subject const& what, workload const& work, torture_options const& options) {
    if (kind == "power") return cut_power(what, work, options);
    if (kind == "calls") return fail_calls(what, work, options);
    return fill_disk(what, work, options);
}

}  // namespace

TEST_CASE("each database that is broken on purpose is found out") {
    for (broken_database const& broken : broken_databases()) {
        torture_options options;
        options.stride = broken.torture == "power" ? 31 : broken.torture == "calls" ? 61 : 37;
        options.most_failures = 1;
        report all;
        for (workload const& work : workloads(1)) {
            if (!all.failures.empty()) break;
            all += tormented(broken.torture, broken.what, work, options);
        }
        INFO(broken.what.name << ", " << all.images << " images");
        CHECK_FALSE(all.failures.empty());
    }
}

TEST_CASE("a disk that lies about a sync is found out") {
    // The same database, the same workload: only the disk differs.
    auto const work = workloads(1).front();
    subject const honest = subject_of<log_database<>>("log");
    subject const lied_to{"log on a disk that lies", [&](sim::environment world) {
                              sim::machine_options options = world.machine().options();
                              options.sync_lies = true;
                              world.machine().set_options(options);
                              return honest.open(world);
                          }};
    torture_options options;
    options.most_failures = 1;
    CHECK(cut_power(honest, work, options).failures.empty());
    CHECK_FALSE(cut_power(lied_to, work, options).failures.empty());
}
