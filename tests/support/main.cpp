/// @file The main of every test program. Ends with a line `cases: N passed, N failed, N skipped` for tools/test.
#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
using listener_base = Catch::EventListenerBase;
#else
using listener_base = Catch::TestEventListenerBase;
#endif

#include <csignal>
#include <cstdio>
#include <string>

namespace {

int passed = 0, failed = 0, skipped = 0;
std::string skip_reason;

struct case_counter : listener_base {
    using listener_base::listener_base;

    void testCaseStarting(Catch::TestCaseInfo const& test_case) override {
        current_ = test_case.name;
        skip_reason.clear();
    }

    void testCaseEnded(Catch::TestCaseStats const& stats) override {
        bool const is_skipped = !skip_reason.empty() && stats.totals.testCases.failed == 0;
        if (is_skipped) std::printf("skipped: %s: %s\n", current_.c_str(), skip_reason.c_str());
        ++(stats.totals.testCases.failed ? failed : is_skipped ? skipped : passed);
    }

private:
    std::string current_;
};
CATCH_REGISTER_LISTENER(case_counter)

}  // namespace

void phantomdb::test::note_skip(std::string const& reason) { skip_reason = reason; }

int main(int argument_count, char* arguments[]) {
    std::signal(SIGPIPE, SIG_IGN);
    int const result = Catch::Session().run(argument_count, arguments);
    std::printf("cases: %d passed, %d failed, %d skipped\n", passed, failed, skipped);
    if (result != 0) return 1;
    return passed > 0 ? 0 : skipped > 0 ? 77 : 1;
}
