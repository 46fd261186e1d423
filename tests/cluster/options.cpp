#include <phantomdb/cluster/options.hpp>

#include <vector>

#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::cluster;

namespace {

using said = std::vector<std::pair<std::string, std::string>>;

cluster_words words_of(said const& line) {
    cluster_words words;
    for (auto const& [name, value] : line) words.on_command_line(name, value);
    return words;
}
cluster_options read(said const& line) { return read_cluster_options(words_of(line)).value(); }
/// What it complains of.
std::string complaint(said const& line) {
    try {
        read_cluster_options(words_of(line));
    } catch (error const& wrong) {
        CHECK(wrong.code == errc::invalid_parameter_value);
        CHECK_FALSE(wrong.hint.empty());
        return wrong.message;
    }
    return "nothing";
}

std::string const three = "1=localhost:7001,2=127.0.0.1:7002,3=[::1]:7003";

}  // namespace

TEST_CASE("the first members of a cluster know each other") {
    CHECK_FALSE(read_cluster_options({}));
    auto const made = read({{"node-id", "3"}, {"peers", three}});
    CHECK(made.node == 3);
    CHECK(made.name == "phantomdb");
    CHECK(made.peers ==
          std::map<node_id, std::string>{{1, "localhost:7001"}, {2, "127.0.0.1:7002"}, {3, "[::1]:7003"}});
    CHECK(made.listen == "[::1]:7003");
    CHECK(made.advertise == "[::1]:7003");
    CHECK_FALSE(made.tls);

    auto const remote = read({{"node-id", "1"},
                              {"peers", "1=a.example:7000,2=b.example:7000"},
                              {"cluster-name", "shop"},
                              {"cluster-listen", "0.0.0.0:7100"},
                              {"cluster-tls-ca", "ca"},
                              {"cluster-tls-cert", "c"},
                              {"cluster-tls-key", "k"}});
    CHECK(remote.listen == "0.0.0.0:7100");
    CHECK(remote.advertise == "a.example:7000");
    CHECK(remote.tls->authority == "ca");

    auto const transport = transport_options_of(remote);
    CHECK(transport.node == 1);
    CHECK(transport.cluster == "shop");
    CHECK(transport.listen == "0.0.0.0:7100");
    CHECK(transport.peers.size() == 2);
    CHECK(transport.tls->key == "k");
}

TEST_CASE("a later one joins") {
    auto const made = read({{"node-id", "4"}, {"join", "localhost:7001"}, {"cluster-listen", "127.0.0.1:7004"}});
    CHECK(made.join == "localhost:7001");
    CHECK(made.peers.empty());
    CHECK(made.advertise == "127.0.0.1:7004");
    auto const hidden = read({{"node-id", "4"},
                              {"join", "a:1"},
                              {"cluster-listen", "0.0.0.0:0"},
                              {"cluster-advertise", "d:7000"},
                              {"cluster-tls-ca", "ca"},
                              {"cluster-tls-cert", "c"},
                              {"cluster-tls-key", "k"}});
    CHECK(hidden.advertise == "d:7000");
}

TEST_CASE("a file says the same, and the command line wins") {
    cluster_words words;
    words.on_command_line("node-id", "2");
    CHECK(words.in_file("phantomdb.node_id", "1"));
    CHECK(words.in_file("phantomdb.peers", three));
    CHECK_FALSE(words.in_file("shared_buffers", "1GB"));
    CHECK_FALSE(words.in_file("node_id", "1"));
    CHECK(read_cluster_options(words) == read({{"node-id", "2"}, {"peers", three}}));
    cluster_words wrong;
    wrong.in_file("phantomdb.node_id", "x");
    CHECK_THROWS_WITH(read_cluster_options(wrong), test::contains("\"x\" in phantomdb.node_id"));
}

TEST_CASE("what makes no sense is refused with the reason") {
    CHECK(complaint({{"peers", three}}) == "--peers needs --node-id");
    CHECK(complaint({{"cluster-tls-ca", "ca"}}) == "--cluster-tls-ca needs --node-id");
    CHECK(complaint({{"node-id", "1"}}) == "--node-id needs --peers or --join");
    CHECK(complaint({{"node-id", "1"}, {"peers", three}, {"join", "localhost:1"}}) ==
          "--peers and --join exclude each other");
    for (auto const* id : {"0", "-1", "x", "", "1x", "99999999999999999999", "9223372036854775808"}) {
        CHECK(complaint({{"node-id", id}, {"peers", three}}) ==
              "\"" + std::string(id) + "\" in --node-id is not the number of a node");
    }
    auto const peers = [](std::string const& list) { return complaint({{"node-id", "1"}, {"peers", list}}); };
    CHECK(peers("") == "\"\" in --peers is not a node with its address");
    CHECK(peers("localhost:7001") == "\"localhost:7001\" in --peers is not a node with its address");
    CHECK(peers("1=localhost:7001,") == "\"\" in --peers is not a node with its address");
    CHECK(peers("one=localhost:7001") == "\"one\" in --peers is not the number of a node");
    CHECK(peers("1=localhost") == "\"localhost\" in --peers is not an address");
    CHECK(peers("1=localhost:0") == "\"localhost:0\" in --peers is not an address");
    CHECK(peers("1=localhost:7001,1=localhost:7002") == "node 1 is in --peers twice");
    CHECK(peers("1=localhost:7001,2=localhost:7001") == "nodes 1 and 2 have the same address in --peers");
    CHECK(peers("2=localhost:7002,3=localhost:7003") == "node 1 is not in --peers");
    CHECK(peers("1=0.0.0.0:7001") == "others cannot reach node 1 at \"0.0.0.0:7001\"");
    CHECK(peers("1=localhost:7001,2=10.0.0.2:7002") ==
          "refusing to speak with node 2 at \"10.0.0.2:7002\" without certificates");
    CHECK(peers("1=10.0.0.1:7001") == "refusing to speak with other nodes at \"10.0.0.1:7001\" without certificates");
    CHECK(peers("1=127.evil.example:7001").starts_with("refusing to speak"));
    std::string many;
    for (int node = 1; node <= 1025; ++node) {
        many += (node > 1 ? "," : "") + std::to_string(node) + "=localhost:" + std::to_string(node);
    }
    CHECK(peers(many) == "there are more nodes in --peers than a cluster can have");

    auto const with = [](said more) {
        more.insert(more.begin(), {{"node-id", "1"}, {"peers", three}});
        return complaint(more);
    };
    CHECK(with({}) == "nothing");
    CHECK(with({{"cluster-name", ""}}) == "\"\" is not a name for a cluster");
    CHECK(with({{"cluster-name", std::string(64, 'x')}}).ends_with("is not a name for a cluster"));
    CHECK(with({{"cluster-listen", "7001"}}) == "\"7001\" in --cluster-listen is not an address");
    CHECK(with({{"cluster-listen", "0.0.0.0:7001"}}) ==
          "refusing to speak with other nodes at \"0.0.0.0:7001\" without certificates");
    CHECK(with({{"cluster-advertise", "localhost:0"}}) == "\"localhost:0\" in --cluster-advertise is not an address");
    CHECK(with({{"cluster-advertise", "[::]:1"}}) == "others cannot reach node 1 at \"[::]:1\"");
    CHECK(with({{"cluster-tls-ca", "ca"}}) == "TLS between nodes lacks --cluster-tls-cert");
    CHECK(with({{"cluster-tls-cert", "c"}, {"cluster-tls-key", "k"}}) == "TLS between nodes lacks --cluster-tls-ca");
    CHECK(with({{"cluster-tls-ca", "ca"}, {"cluster-tls-cert", "c"}, {"cluster-tls-key", ""}}) ==
          "TLS between nodes lacks --cluster-tls-key");

    CHECK(complaint({{"node-id", "4"}, {"join", "localhost:1"}}) == "--join needs --cluster-listen");
    CHECK(complaint({{"node-id", "4"}, {"join", "x"}, {"cluster-listen", "localhost:2"}}) ==
          "\"x\" in --join is not an address");
    CHECK(complaint({{"node-id", "4"}, {"join", "localhost:2"}, {"cluster-listen", "localhost:2"}}) ==
          "node 4 cannot join itself");
    CHECK(complaint({{"node-id", "4"}, {"join", "localhost:1"}, {"cluster-listen", "localhost:0"}}) ==
          "others cannot reach node 4 at \"localhost:0\"");
}
