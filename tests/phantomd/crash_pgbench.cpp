#include "pgbench.hpp"
#include "support/catch.hpp"

using namespace phantomdb::test;

TEST_CASE("kill -9 under pgbench: the money stays whole, and what was acknowledged is there") {
    if (!has_pgbench()) PHANTOMDB_SKIP("pgbench is not installed");
    kill_report const report = pgbench_killer(42).run(10);
    for (std::string const& failure : report.failures) UNSCOPED_INFO(failure);
    CHECK(report.failures.empty());
    CHECK(report.transactions > 10);
}
