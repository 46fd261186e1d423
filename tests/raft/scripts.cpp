// The scripts of the corpus, every line of output as expected; and that the comparison bites.

#include "raft/script.hpp"
#include "support/catch.hpp"
#include "support/corpus.hpp"

#include <algorithm>
#include <filesystem>

using namespace phantomdb::test;

namespace {

/// Runs all scripts of a folder of the corpus; how many there are, 0 where it is missing.
std::size_t run_folder(std::string const& name) {
    std::string const folder = corpus_file("raft/" + name);
    if (folder.empty()) return 0;
    std::vector<std::string> files;
    for (auto const& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().extension() == ".txt") files.push_back(file.path().string());
    }
    std::sort(files.begin(), files.end());
    for (std::string const& file : files) {
        INFO(file);
        script_result const result = run_script_file(file);
        INFO(result.difference.value_or(""));
        CHECK_FALSE(result.difference.has_value());
        CHECK(result.cases > 0);
    }
    return files.size();
}

script_result run_text(std::string const& text) {
    cluster_script script;
    return run_script(parse_script(text), [&](script_case const& one) { return script.run(one); });
}

}  // namespace

TEST_CASE("raft scripts: quorums") {
    if (run_folder("quorum/testdata") == 0) PHANTOMDB_SKIP("no corpus");
}
TEST_CASE("raft scripts: membership changes") {
    if (run_folder("confchange/testdata") == 0) PHANTOMDB_SKIP("no corpus");
}
TEST_CASE("raft scripts: groups of nodes") {
    if (run_folder("testdata") == 0) PHANTOMDB_SKIP("no corpus");
}

TEST_CASE("raft scripts: only INFO and DEBUG lines are left out of the comparison") {
    CHECK(is_filtered("INFO 1 became leader at term 1"));
    CHECK(is_filtered("    DEBUG 1 paused"));
    CHECK_FALSE(is_filtered("WARN 1 stepped down"));
    CHECK_FALSE(is_filtered("ERROR ignoring"));
    CHECK_FALSE(is_filtered("1/3 EntryNormal \"INFO \""));
    CHECK_FALSE(is_filtered("INFORMATION"));

    std::string const start = "add-nodes 1 voters=(1) index=3\n----\nok\n\ncampaign 1\n----\n";
    CHECK_FALSE(run_text(start + "ok\n").difference);
    script_result const filtered = run_text(start + "INFO 1 is starting a new election at term 0\n");
    CHECK_FALSE(filtered.difference);
    CHECK(filtered.filtered == 1);
    CHECK(run_text(start + "WARN 1 is starting\n").difference);
    CHECK(run_text(start + "INFO x\nok then\n").difference);

    std::string const ready =
        start + "INFO x\n\nprocess-ready 1\n----\nReady MustSync=true:\nLead:0 State:StateCandidate\n";
    CHECK_FALSE(run_text(ready + "HardState Term:1 Vote:1 Commit:3\nINFO y\n").difference);
    CHECK(run_text(ready + "HardState Term:1 Vote:1 Commit:4\n").difference);
    CHECK(run_text(ready + "INFO y\n").difference);
    CHECK(run_text(ready + "HardState Term:1 Vote:1 Commit:3\nmore\n").difference);
}

TEST_CASE("raft scripts: what is no script is told") {
    CHECK(run_script_file("/nonexistent").difference);
    CHECK_THROWS(parse_script("command without output\n"));
    CHECK(run_text("no-such-command\n----\nok\n").difference);
    CHECK(run_text("campaign 7\n----\nok\n").difference);
}
