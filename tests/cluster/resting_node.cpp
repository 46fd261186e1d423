/// @file A node that was stopped is checked and backed up as any other database; and takes part again after that.
#include <filesystem>
#include <fstream>
#include <string>

#include "cluster/real_cluster.hpp"
#include "support/catch.hpp"

using namespace phantomdb;

namespace {

test::program_result phantomd(std::vector<std::string> options) {
    options.insert(options.begin(), test::tool("phantomd"));
    return test::run_program(std::move(options));
}

/// The last segment of a node's log.
std::filesystem::path segment_of(std::string const& folder) {
    std::filesystem::path found;
    for (auto const& file : std::filesystem::directory_iterator(folder + "/raft")) {
        if (test::read_file(file.path().string()).find("row number") != std::string::npos) found = file.path();
    }
    return found;
}

}  // namespace

TEST_CASE("a stopped node is checked, backed up and started again") {
    test::real_cluster cluster(1);
    test::temporary_folder place;
    REQUIRE(cluster.on_leader("create table t (a int primary key, b text)").ok());
    REQUIRE(cluster.on_leader("insert into t select i, 'row number ' || i from generate_series(1, 500) i").ok());
    REQUIRE(cluster.on_leader("create index on t (b)").ok());
    CHECK(cluster.on_leader("select count(*) from phantomdb_check()").value() == "0");
    std::string const folder = cluster.folder_of(1);
    // Killed: its store lacks what was not in a checkpoint, its log has it.
    cluster.stop(1, SIGKILL);

    auto const checked = phantomd({"--check", folder});
    INFO(checked.errors);
    CHECK(checked.status == 0);
    CHECK(checked.output.empty());

    auto const saved = phantomd({"-D", folder, "--backup", place / "backup"});
    INFO(saved.errors);
    REQUIRE(saved.status == 0);
    CHECK_FALSE(std::filesystem::exists(folder + "/log"));
    REQUIRE(phantomd({"-D", place / "copy", "--restore", place / "backup"}).status == 0);
    test::phantomd_server copy(place / "copy");
    test::sql_client client(copy.connection());
    CHECK(client.query("select count(*), max(b) from t where b > 'row number 2'").ok());
    CHECK(client.query("select count(*) from t").value() == "500");

    cluster.start(1);
    CHECK(cluster.on_leader("insert into t values (501, 'one more')").ok());
    CHECK(cluster.on_leader("select count(*) from t").value() == "501");
    // Now its store has more than its log knows to be committed.
    CHECK(cluster.on_leader("checkpoint").ok());
    cluster.stop(1, SIGKILL);
    CHECK(phantomd({"--check", folder}).status == 0);
    CHECK(phantomd({"-D", folder, "--backup", place / "another"}).status == 0);
    cluster.start(1);
    CHECK(cluster.on_leader("select count(*) from t").value() == "501");

    std::filesystem::path const segment = segment_of(folder);
    std::string bytes = test::read_file(segment.string());
    std::fstream(segment, std::ios::in | std::ios::out | std::ios::binary)
        .seekp(static_cast<std::streamoff>(bytes.find("row number 250")))
        .put('R');
    auto const online = cluster.on_leader("select object, problem from phantomdb_check()");
    REQUIRE(online.ok());
    REQUIRE(online.rows.size() == 1);
    CHECK_THAT(*online.rows[0][0], test::contains(segment.string()));
    CHECK_THAT(*online.rows[0][1], test::contains("damaged"));
    cluster.stop(1, SIGKILL);
    auto const found = phantomd({"--check", folder});
    INFO(found.errors);
    CHECK(found.status == 1);
    CHECK_THAT(found.output, test::contains(segment.string()) && test::contains("damaged"));
}
