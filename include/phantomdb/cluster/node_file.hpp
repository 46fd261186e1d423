/// @file Defines `node_file`: what a node must not forget about itself and about those it has met, in the file phantomdb.node.
///
/// Lines of text; the first one names the format, the last one is a checksum of what is before it. Written whole, under another
/// name, and renamed.
///
///     phantomdb node 1
///     cluster shop
///     node 2
///     data 11807391214230581761
///     peer 1 970283746152837465 10.0.0.1:7000
///     crc32c 2914873620
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/raft/ids.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace phantomdb::cluster {

/// Another node, as it was met last.
struct known_peer {
    std::uint64_t data = 0;  ///< as in `hello`; 0: never met
    std::string address;

    friend bool operator==(known_peer const&, known_peer const&) = default;
};

struct node_file {
    static constexpr std::string_view name = "phantomdb.node";

    std::string cluster;
    raft::node_id node = raft::nobody;
    std::uint64_t data = 0;  ///< chosen when the directory was made
    std::map<raft::node_id, known_peer> peers;

    friend bool operator==(node_file const&, node_file const&) = default;
};

namespace detail {

inline constexpr std::string_view node_file_head = "phantomdb node 1\n";

}  // namespace detail

inline std::string text_of(node_file const& file) {
    std::ostringstream out;
    out << detail::node_file_head << "cluster " << file.cluster << "\nnode " << file.node << "\ndata " << file.data
        << '\n';
    for (auto const& [node, peer] : file.peers)
        out << "peer " << node << ' ' << peer.data << ' ' << (peer.address.empty() ? "-" : peer.address) << '\n';
    std::string text = out.str();
    return text + "crc32c " + std::to_string(codec::crc32c(text)) + '\n';
}

/// Throws data_corrupted for other texts, feature_not_supported for one of another version.
inline node_file read_node_file(std::string const& text, std::string const& path) {
    std::string_view constexpr head = detail::node_file_head;
    std::size_t const end = text.rfind("crc32c ");
    bool const sound =
        text.starts_with("phantomdb node ") && end != text.npos &&
        text.substr(end) == "crc32c " + std::to_string(codec::crc32c(std::string_view(text).substr(0, end))) + "\n";
    if (!sound) {
        throw error(errc::data_corrupted, "file \"" + path + "\" is damaged")
            .with_hint(
                "It says who this node is. Remove the node from its cluster, and let it join again under a new "
                "number.");
    }
    if (!text.starts_with(head))
        throw error(errc::feature_not_supported, "file \"" + path + "\" is of another version of PhantomDB");
    node_file made;
    std::istringstream lines(text.substr(head.size(), end - head.size()));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        words >> word;
        if (word == "cluster") {
            made.cluster = line.substr(line.find(' ') + 1);
        } else if (word == "node") {
            words >> made.node;
        } else if (word == "data") {
            words >> made.data;
        } else if (word == "peer") {
            raft::node_id node = raft::nobody;
            known_peer peer;
            words >> node >> peer.data >> peer.address;
            if (peer.address == "-") peer.address.clear();
            made.peers.emplace(node, std::move(peer));
        }
    }
    return made;
}

/// Nothing where there is no such file.
template <env::environment Environment>
std::optional<node_file> load_node_file(Environment& environment, std::string const& directory) {
    std::string const path = env::join(directory, node_file::name);
    if (!environment.exists(path)) return std::nullopt;
    auto const file = environment.open(path, env::open_mode::read);
    std::string text(file.size(), '\0');
    text.resize(file.read_at(0, text));
    return read_node_file(text, path);
}

/// Durable when it returns.
template <env::environment Environment>
void store_node_file(Environment& environment, std::string const& directory, node_file const& what) {
    std::string const path = env::join(directory, node_file::name), unfinished = path + ".part";
    {
        auto file = environment.open(unfinished, env::open_mode::create);
        file.write_at(0, text_of(what));
        file.sync();
    }
    environment.rename(unfinished, path);
    environment.sync_directory(directory);
}

}  // namespace phantomdb::cluster
