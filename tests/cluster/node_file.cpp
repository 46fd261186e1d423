#include <phantomdb/cluster/node_file.hpp>
#include <phantomdb/env/posix.hpp>

#include <string>

#include "support/catch.hpp"
#include "support/process.hpp"

using namespace phantomdb;
using namespace phantomdb::cluster;

namespace {

node_file some() {
    node_file made;
    made.cluster = "a shop";
    made.node = 2;
    made.data = 0xfedcba9876543210;
    made.peers[1] = {77, "10.0.0.1:7000"};
    made.peers[3] = {0, ""};
    return made;
}

}  // namespace

TEST_CASE("what a node knows of itself and of others comes back from its file") {
    test::temporary_folder folder;
    env::posix environment;
    CHECK_FALSE(load_node_file(environment, folder.path().string()));
    store_node_file(environment, folder.path().string(), some());
    CHECK(load_node_file(environment, folder.path().string()) == some());
    auto changed = some();
    changed.peers[3] = {5, "[::1]:7002"};
    store_node_file(environment, folder.path().string(), changed);
    CHECK(load_node_file(environment, folder.path().string()) == changed);
}

TEST_CASE("a damaged node file is refused, whatever bit is wrong and wherever it ends") {
    std::string const text = text_of(some());
    REQUIRE(read_node_file(text, "f") == some());
    auto const code_of = [](std::string const& bytes) {
        try {
            read_node_file(bytes, "f");
        } catch (error const& refused) {
            return std::string(refused.code.view());
        }
        return std::string();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string wrong = text;
        wrong[i] = static_cast<char>(wrong[i] ^ 1);
        INFO(wrong);
        CHECK(code_of(wrong) == "XX001");
        CHECK(code_of(text.substr(0, i)) == "XX001");
    }
    std::string const newer = "phantomdb node 2\nwho knows\n";
    CHECK(code_of(newer + "crc32c " + std::to_string(codec::crc32c(newer)) + "\n") == "0A000");
}
