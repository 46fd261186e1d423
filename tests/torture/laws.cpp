/// @file The shortest of the walks that `torture --laws` takes, for those stores whose own tests take none in this form.
#include "laws.hpp"

#include "support/catch.hpp"

using namespace phantomdb;

TEST_CASE("stores in files walk beside a map, with checkpoints and openings between") {
    for (torture::walk const& w : torture::walks()) {
        if (w.store == "memory" || w.store == "btree") continue;  // tests/storage has longer ones
        INFO(w.store);
        std::size_t told = 0;
        std::size_t const operations = w.store == "lsm" ? 100'000 : 1'000'000;
        w.take(5, operations, [&](std::size_t done) { told = done; });
        CHECK(told > operations - 3000);
    }
}
