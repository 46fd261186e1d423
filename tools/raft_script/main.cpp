// Runs scripts of the Raft core and says of each file whether all of its output is as expected, else where it first differs.
//
//     raft_script FILE...
//
// Log lines of level INFO and DEBUG in the expected output are not compared, and counted as filtered (see
// tests/raft/script_file.hpp); everything else is. Ends with 0 if all files pass.

#include "raft/script.hpp"

#include <cstdio>

int main(int argument_count, char* arguments[]) {
    if (argument_count < 2) {
        std::fprintf(stderr, "usage: raft_script FILE...\n");
        return 2;
    }
    int failed = 0;
    for (int i = 1; i < argument_count; ++i) {
        auto const result = phantomdb::test::run_script_file(arguments[i]);
        std::printf("%s %s: %zu cases, %zu lines compared, %zu INFO and DEBUG lines filtered\n",
                    result.difference ? "fail" : "pass", arguments[i], result.cases, result.compared, result.filtered);
        if (result.difference) std::printf("%s\n", result.difference->c_str());
        failed += result.difference.has_value();
    }
    std::printf("%d passed, %d failed\n", argument_count - 1 - failed, failed);
    return failed == 0 ? 0 : 1;
}
