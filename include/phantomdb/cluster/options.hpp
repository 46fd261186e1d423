/// @file Defines `cluster_options`: what a node is told about its cluster, on a command line or in a file, and what is wrong with it.
///
/// An option is `--node-id 1` on a command line and `phantomdb.node_id = 1` in a configuration file; the command line wins. Nothing
/// said at all is a server on its own. Everything is judged here, before a file or a socket is touched; names of hosts are not
/// looked up.
#pragma once

#include <phantomdb/cluster/transport.hpp>
#include <phantomdb/env/address.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace phantomdb::cluster {

/// An option's name on the command line, without dashes, and what it is for.
struct cluster_option {
    std::string_view name, help;

    /// Its name in a configuration file.
    std::string name_in_file() const {
        std::string made = "phantomdb.";
        for (char const c : name) made += c == '-' ? '_' : c;
        return made;
    }
};

inline constexpr std::array<cluster_option, 10> cluster_option_table{{
    {"node-id", "this node's number in its cluster, above 0 and never used again for another one"},
    {"peers", "the first members of the cluster, this node among them: 1=host:port,2=host:port,..."},
    {"join", "host:port of a member of the cluster that this node is to join"},
    {"cluster-name", "the cluster's name; nodes of another name are refused (default: phantomdb)"},
    {"cluster-listen", "host:port to listen on for other nodes (default: this node's address in --peers)"},
    {"cluster-advertise",
     "host:port where other nodes reach this one (default: its address in --peers, or --cluster-listen); none: they "
     "are told by "
     "their own --peers"},
    {"cluster-clients",
     "host:port where clients reach this node, for the others to tell (default: the first --listen)"},
    {"cluster-tls-ca", "certificates (PEM) of the authority that signs the nodes' certificates"},
    {"cluster-tls-cert", "certificate (PEM) of this node, for the name node-<id>"},
    {"cluster-tls-key", "key (PEM) of that certificate"},
}};

/// What was said, by `cluster_option::name`.
class cluster_words {
public:
    void on_command_line(std::string_view name, std::string value) {
        words_.insert_or_assign(std::string(name), word{std::move(value), "--" + std::string(name)});
    }
    /// A setting of a file. False if it is none of these. Comes after the command line, over which it does not win.
    bool in_file(std::string_view name, std::string value) {
        for (cluster_option const& option : cluster_option_table) {
            if (option.name_in_file() != name) continue;
            words_.try_emplace(std::string(option.name), word{std::move(value), option.name_in_file()});
            return true;
        }
        return false;
    }

    bool empty() const { return words_.empty(); }
    std::optional<std::string> find(std::string_view name) const {
        auto const found = words_.find(std::string(name));
        return found == words_.end() ? std::nullopt : std::optional(found->second.value);
    }
    /// As it was said, for messages.
    std::string called(std::string_view name) const {
        auto const found = words_.find(std::string(name));
        return found == words_.end() ? "--" + std::string(name) : found->second.called;
    }

private:
    struct word {
        std::string value, called;
    };
    std::map<std::string, word> words_;
};

struct cluster_options {
    node_id node = raft::nobody;
    std::string name = "phantomdb";
    std::map<node_id, std::string> peers;  ///< with this node; empty where it joins
    std::string join;                      ///< empty where it is one of the first
    std::string listen, advertise;
    std::string clients;  ///< empty: to be told otherwise
    std::optional<tls_files> tls;

    friend bool operator==(cluster_options const& a, cluster_options const& b) {
        auto const files = [](cluster_options const& o) {
            return o.tls ? std::array{o.tls->authority, o.tls->certificate, o.tls->key}
                         : std::array<std::filesystem::path, 3>{};
        };
        return a.node == b.node && a.name == b.name && a.peers == b.peers && a.join == b.join && a.listen == b.listen &&
               a.advertise == b.advertise && a.clients == b.clients && files(a) == files(b);
    }
};

namespace detail {

[[noreturn]] inline void wrong_option(std::string text, std::string hint) {
    throw error(errc::invalid_parameter_value, std::move(text)).with_hint(std::move(hint));
}

inline node_id read_node_id(std::string_view text, std::string const& where) {
    node_id node = raft::nobody;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), node);
    if (failed != std::errc() || end != text.data() + text.size() || node == raft::nobody || node > INT64_MAX) {
        wrong_option("\"" + std::string(text) + "\" in " + where + " is not the number of a node",
                     "Nodes have numbers from 1 on, for instance 1, 2 and 3.");
    }
    return node;
}

inline env::host_and_port read_node_address(std::string const& text, std::string const& where, bool port_may_be_free) {
    auto const read = env::parse_address(text);
    if (!read || (read->port == 0 && !port_may_be_free)) {
        wrong_option("\"" + text + "\" in " + where + " is not an address",
                     "Write it as host:port, for instance 10.0.0.1:7000.");
    }
    return *read;
}

inline std::map<node_id, std::string> read_peers(std::string_view text, std::string const& where) {
    std::map<node_id, std::string> peers;
    std::map<std::string, node_id> by_address;
    while (true) {
        std::string_view const one = text.substr(0, text.find(','));
        std::size_t const equal = one.find('=');
        if (equal == one.npos) {
            wrong_option("\"" + std::string(one) + "\" in " + where + " is not a node with its address",
                         "Write the members as 1=host:port,2=host:port,3=host:port.");
        }
        node_id const node = read_node_id(one.substr(0, equal), where);
        std::string const address = env::text_of(read_node_address(std::string(one.substr(equal + 1)), where, false));
        if (!peers.emplace(node, address).second) {
            wrong_option("node " + std::to_string(node) + " is in " + where + " twice", "Each node has one address.");
        }
        auto const [other, is_new] = by_address.emplace(address, node);
        if (!is_new) {
            wrong_option("nodes " + std::to_string(other->second) + " and " + std::to_string(node) +
                             " have the same address in " + where,
                         "Each node has an address of its own.");
        }
        if (one.size() == text.size()) break;
        text.remove_prefix(one.size() + 1);
    }
    if (peers.size() > raft::max_nodes_on_wire) {
        wrong_option("there are more nodes in " + where + " than a cluster can have",
                     "The limit is " + std::to_string(raft::max_nodes_on_wire) + ".");
    }
    return peers;
}

inline bool is_any_host(std::string const& host) { return host == "0.0.0.0" || host == "::" || host == "*"; }
/// Whether it is sure to be this machine alone, by its name.
inline bool is_local_host(std::string const& host) {
    return host == "localhost" || host == "::1" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

}  // namespace detail

/// Judges what was said. Nothing where nothing was said; 22023, with what to do about it, where it makes no sense.
inline std::optional<cluster_options> read_cluster_options(cluster_words const& words) {
    using namespace detail;
    if (words.empty()) return std::nullopt;
    cluster_options made;
    auto const node = words.find("node-id"), peers = words.find("peers"), join = words.find("join");
    if (!node) {
        for (cluster_option const& option : cluster_option_table) {
            if (!words.find(option.name)) continue;
            wrong_option(words.called(option.name) + " needs --node-id", "Say which node of the cluster this one is.");
        }
    }
    made.node = read_node_id(*node, words.called("node-id"));
    std::string const me = "node " + std::to_string(made.node);
    if (peers && join) {
        wrong_option(words.called("peers") + " and " + words.called("join") + " exclude each other",
                     "The first members of a cluster are started with --peers, later ones with --join.");
    }
    if (!peers && !join) {
        wrong_option(words.called("node-id") + " needs --peers or --join",
                     "The first members of a cluster are started with --peers, later ones with --join.");
    }
    if (auto const name = words.find("cluster-name")) {
        if (name->empty() || name->size() > 63) {
            wrong_option("\"" + *name + "\" is not a name for a cluster", "It has 1 to 63 bytes.");
        }
        made.name = *name;
    }

    if (peers) {
        made.peers = read_peers(*peers, words.called("peers"));
        if (!made.peers.contains(made.node)) {
            wrong_option(me + " is not in " + words.called("peers"), "List all first members, this one among them.");
        }
        made.listen = made.advertise = made.peers[made.node];
    } else {
        made.join = env::text_of(read_node_address(*join, words.called("join"), false));
        if (!words.find("cluster-listen")) {
            wrong_option(words.called("join") + " needs --cluster-listen",
                         "Say where this node listens for the others.");
        }
    }
    if (auto const listen = words.find("cluster-listen")) {
        auto const target = read_node_address(*listen, words.called("cluster-listen"), true);
        made.listen = env::text_of(target);
        if (made.advertise.empty() && !is_any_host(target.host) && target.port != 0) made.advertise = made.listen;
    }
    auto const advertise = words.find("cluster-advertise");
    bool const tells_nothing = advertise == "none";
    if (tells_nothing) {
        made.advertise.clear();
    } else if (advertise) {
        auto const target = read_node_address(*advertise, words.called("cluster-advertise"), false);
        if (is_any_host(target.host)) {
            wrong_option("others cannot reach " + me + " at \"" + *advertise + "\"",
                         "Give a name or a number that is this machine's.");
        }
        made.advertise = env::text_of(target);
    }
    if (auto const clients = words.find("cluster-clients"))
        made.clients = env::text_of(read_node_address(*clients, words.called("cluster-clients"), false));
    for (auto const& [other, address] : made.peers) {
        if (!is_any_host(env::parse_address(address)->host)) continue;
        wrong_option("others cannot reach node " + std::to_string(other) + " at \"" + address + "\"",
                     "Give a name or a number of the node's machine.");
    }
    if (made.advertise.empty() && !tells_nothing) {
        wrong_option("others cannot reach " + me + " at \"" + made.listen + "\"",
                     "Say where they can: --cluster-advertise host:port.");
    }
    if (!made.join.empty() && (made.join == made.listen || made.join == made.advertise)) {
        wrong_option(me + " cannot join itself", "Give the address of a member: --join host:port.");
    }

    auto const ca = words.find("cluster-tls-ca"), certificate = words.find("cluster-tls-cert"),
               key = words.find("cluster-tls-key");
    if (ca || certificate || key) {
        for (auto const* part : {"cluster-tls-ca", "cluster-tls-cert", "cluster-tls-key"}) {
            auto const file = words.find(part);
            if (file && !file->empty()) continue;
            wrong_option("TLS between nodes lacks --" + std::string(part),
                         "It takes the authority, the certificate, and its key.");
        }
        made.tls = tls_files{*ca, *certificate, *key};
        return made;
    }
    for (auto const* address : {&made.listen, &made.advertise, &made.join}) {
        auto const target = env::parse_address(*address);  // empty: none
        if (target && !is_local_host(target->host)) {
            wrong_option("refusing to speak with other nodes at \"" + *address + "\" without certificates",
                         "Give this node one: --cluster-tls-ca, --cluster-tls-cert and --cluster-tls-key.");
        }
    }
    for (auto const& [other, address] : made.peers) {
        if (is_local_host(env::parse_address(address)->host)) continue;
        wrong_option(
            "refusing to speak with node " + std::to_string(other) + " at \"" + address + "\" without certificates",
            "Give this node one: --cluster-tls-ca, --cluster-tls-cert and --cluster-tls-key.");
    }
    return made;
}

/// What a transport needs of it.
inline transport_options transport_options_of(cluster_options const& options) {
    transport_options made;
    made.cluster = options.name;
    made.node = options.node;
    made.listen = options.listen;
    made.advertise = options.advertise;
    made.clients = options.clients;
    made.peers = options.peers;
    made.tls = options.tls;
    return made;
}

}  // namespace phantomdb::cluster
