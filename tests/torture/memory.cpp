/// @file Allocations that fail, in the short form.
#include "subjects.hpp"
#include "tortures.hpp"

#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::torture;

TEST_CASE("the switch fails the allocation it was told to") {
    bool failed = false;
    {
        sim::failing_allocations const arm(1);
        std::string const first(100, 'x');
        try {
            std::string const second(100, 'y');
        } catch (std::bad_alloc const&) {
            failed = true;
        }
        std::string const third(100, 'z');
        CHECK(arm.counted() == 3);
    }
    CHECK(failed);
    std::string const after(100, 'x');
}

TEST_CASE("any allocation fails, once or for ever: no crash, and nothing acknowledged is lost") {
    report all;
    torture_options options;
    options.stride = 1499;
    for (workload const& work : workloads(1)) {
        for (subject const& what : subjects()) all += fail_allocations(what, work, options);
    }
    for (failure const& f : all.failures)
        UNSCOPED_INFO(f.torture << " of " << f.subject << ", " << f.workload << ", --only " << f.place << ": "
                                << f.what);
    CHECK(all.failures.empty());
    CHECK(all.images >= 1000);
}
