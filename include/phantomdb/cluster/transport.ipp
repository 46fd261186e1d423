#pragma once

#include <phantomdb/cluster/transport.hpp>

#include <phantomdb/cluster/callee.ipp>
#include <phantomdb/cluster/caller.ipp>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <set>
#include <thread>

namespace phantomdb::cluster {

using namespace links;

struct transport::state : shared_part {
    struct peer {
        std::string address;
        std::shared_ptr<caller> urgent, bulk;
    };

    std::list<tcp::acceptor> acceptors;
    asio::steady_timer sweep{loop}, accept_pause{loop};
    std::map<node_id, peer> peers;  // under the lock
    std::set<node_id> removed;      // of the thread
    std::vector<std::shared_ptr<callee>> callees;
    std::vector<std::shared_ptr<caller>> askers;
    steady::time_point last_sweep{};
    std::thread thread;
    bool started = false, stopped = false;  // under the lock
    std::mutex stopping;

    state(transport_options options_, transport_handlers handlers_) {
        options = std::move(options_);
        handlers = std::move(handlers_);
        std::random_device entropy;
        std::seed_seq seed{entropy(), entropy(), entropy(), entropy()};
        random.seed(seed);
        process = random() | 1;
        check_options();
        if (options.tls) load_tls(tls, *options.tls);
        listen();
        for (auto const& [node, address] : options.peers) {
            if (node != options.node) check_address(node, address);
        }
    }

    void check_options() const {
        auto const wrong = [](std::string text) { throw error(errc::invalid_parameter_value, std::move(text)); };
        if (options.node == raft::nobody) wrong("a node needs an id above 0");
        if (options.cluster.empty() || options.cluster.size() > 63) wrong("the name of a cluster has 1 to 63 bytes");
        if (options.first_pause.count() < 1 || options.longest_pause < options.first_pause) {
            wrong("the pauses between attempts to connect make no sense");
        }
        if (options.ping_interval.count() < 1 || options.silence_limit < 2 * options.ping_interval) {
            wrong("the silence limit has to be twice the ping interval or more");
        }
        if (options.connect_timeout.count() < 1) wrong("the time to connect has to be above 0");
        if (!options.advertise.empty()) check_address(options.node, options.advertise);
    }
    static void check_address(node_id node, std::string const& address) {
        auto const read = env::parse_address(address);
        if (read && read->port != 0) return;
        throw error(errc::invalid_parameter_value,
                    "\"" + address + "\" is not an address of node " + std::to_string(node))
            .with_hint("Write it as host:port, for instance 10.0.0.1:7000.");
    }

    void listen() {
        auto const target = env::parse_address(options.listen);
        if (!target) {
            throw error(errc::invalid_parameter_value, "\"" + options.listen + "\" is not an address to listen on")
                .with_hint("Write it as host:port, for instance 127.0.0.1:7000.");
        }
        error_code failed;
        auto const could_not = [&] {
            throw error(errc::io_error, "could not listen on " + options.listen + ": " + failed.message());
        };
        auto const found =
            tcp::resolver(loop).resolve(target->host, std::to_string(target->port), tcp::resolver::passive, failed);
        if (failed) could_not();
        port = target->port;
        for (auto const& resolved : found) {
            tcp::endpoint endpoint = resolved.endpoint();
            if (!is_loopback(endpoint.address()) && !encrypts() && !options.plaintext_beyond_loopback) {
                throw error(errc::invalid_authorization,
                            "refusing to listen for nodes on " + options.listen +
                                ": it can be reached from other machines, and there are no "
                                "certificates")
                    .with_hint("Give the node a certificate of the cluster's authority.");
            }
            endpoint.port(port);  // the addresses of one name share the port that was free
            auto& acceptor = acceptors.emplace_back(loop, endpoint.protocol());
            acceptor.set_option(tcp::acceptor::reuse_address(true));
            if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true));
            acceptor.bind(endpoint, failed);
            if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
            if (failed) could_not();
            port = acceptor.local_endpoint().port();
        }
    }

    void start() {
        {
            std::lock_guard hold(mutex);
            PHANTOMDB_ASSERT(!started);
            started = true;
        }
        asio::post(loop, [this] {
            for (auto& acceptor : acceptors) accept_on(acceptor);
            for (auto const& [node, address] : options.peers) {
                if (node != options.node) place(node, address);
            }
            look_after_all();
        });
        thread = std::thread([this] { loop.run(); });
    }
    void stop() {
        std::lock_guard one(stopping);
        {
            std::lock_guard hold(mutex);
            if (std::exchange(stopped, true) || !started) return;
        }
        asio::post(loop, [this] {
            handlers = {};
            for (auto& acceptor : acceptors) acceptor.close();
            for (auto& [node, known] : peers) known.urgent->end(), known.bulk->end();
            for (auto& each : askers) each->end();
            for (auto& each : callees) each->end("this node stops");
            loop.stop();
        });
        thread.join();
    }

    // -- callers

    void place(node_id node, std::string const& address) {
        std::shared_ptr<caller> urgent, bulk;
        {
            std::lock_guard hold(mutex);
            auto& known = peers[node];
            if (known.address == address) return;
            if (!known.urgent) {
                known.urgent = std::make_shared<caller>(*this, node, lane::urgent);
                known.bulk = std::make_shared<caller>(*this, node, lane::bulk);
            }
            known.address = address;
            urgent = known.urgent, bulk = known.bulk;
        }
        urgent->call(address);
        bulk->call(address);
    }
    void remove(node_id node) {
        removed.insert(node);
        peer gone;
        {
            std::lock_guard hold(mutex);
            auto const found = peers.find(node);
            if (found != peers.end()) gone = std::move(found->second), peers.erase(found);
        }
        if (gone.urgent) gone.urgent->end(), gone.bulk->end();
        for (auto const& each : callees) {
            if (each->who().from == node) each->end("it was removed");
        }
    }

    template <class Item>
    bool send(Item item, lane use, std::size_t bytes) {
        std::lock_guard hold(mutex);
        auto const found = peers.find(item.to);
        if (found == peers.end() || stopped) return false;
        return (use == lane::urgent ? found->second.urgent : found->second.bulk)->offer(std::move(item), bytes);
    }

    // -- callees

    void accept_on(tcp::acceptor& acceptor) {
        acceptor.async_accept([this, &acceptor](error_code failed, tcp::socket socket) {
            if (failed == asio::error::operation_aborted) return;
            if (!failed) {
                admit(std::move(socket));
                return accept_on(acceptor);
            }
            // Out of descriptors or memory: the next attempt would fail as well.
            tell(transport_event::kind::refused_caller, raft::nobody, "could not accept: " + failed.message());
            accept_pause.expires_after(std::chrono::milliseconds(100));
            accept_pause.async_wait([this, &acceptor](error_code cancelled) {
                if (!cancelled) accept_on(acceptor);
            });
        });
    }
    void admit(tcp::socket socket) {
        forget_ended();
        if (callees.size() >= options.max_incoming) {
            std::lock_guard hold(mutex);
            ++totals.refused_callers;
            return;  // which closes it
        }
        auto const who = std::make_shared<callee>(
            *this, std::move(socket), [this](callee& caller_, hello const& said) { return judge(caller_, said); });
        callees.push_back(who);
        who->begin();
    }
    void forget_ended() {
        std::erase_if(callees, [](auto const& each) { return each->ended(); });
        std::lock_guard hold(mutex);
        totals.incoming = callees.size();
    }

    hello_reply judge(callee& who, hello const& said) {
        if (said.newest_protocol < oldest_protocol_version || said.oldest_protocol > protocol_version) {
            return refuse(refusal::wrong_protocol, "protocols " + std::to_string(oldest_protocol_version) + " to " +
                                                       std::to_string(protocol_version) + " are spoken here");
        }
        if (said.cluster != options.cluster) {
            return refuse(refusal::wrong_cluster, "this is a node of \"" + options.cluster + "\"");
        }
        bool const asks = said.to == raft::nobody;
        if (said.to != options.node && !asks)
            return refuse(refusal::wrong_node, "this is node " + std::to_string(options.node));
        if (said.from == options.node || said.from == raft::nobody) {
            return refuse(refusal::same_node, "node " + std::to_string(said.from) + " cannot call here");
        }
        if (!who.has_certificate_of(said.from)) {
            return refuse(refusal::wrong_identity, "the certificate is not that of node " + std::to_string(said.from));
        }
        if (removed.contains(said.from)) return refuse(refusal::removed_node, "it is no member any more");
        for (auto const& other : callees) {
            if (other.get() == &who || !other->greeted() || other->ended() || other->who().from != said.from) continue;
            if (other->who().process != said.process) {
                // After a restart the old connections end by themselves: then the next attempt is welcome.
                return refuse(refusal::duplicate_node,
                              "another process is connected as node " + std::to_string(said.from));
            }
            if (other->who().use == said.use) other->end("it calls anew");
        }
        if (handlers.greeting) {
            if (std::string why = handlers.greeting(said); !why.empty()) return refuse(refusal::other_data, why);
        }
        learn(said);
        hello_reply welcome{refusal::none, std::min(said.newest_protocol, protocol_version), {}};
        if (asks) {
            welcome.node = options.node;
            std::lock_guard hold(mutex);
            for (auto const& [node, known] : peers) {
                if (node != said.from) welcome.peers.emplace_back(node, known.address);
            }
        }
        return welcome;
    }
    /// A node that has moved, or was not known, can be answered from now on.
    void learn(hello const& said) {
        auto const address = env::parse_address(said.address);
        if (!address || address->port == 0) return;
        {
            std::lock_guard hold(mutex);
            auto const known = peers.find(said.from);
            if (known != peers.end() && known->second.address == said.address) return;
        }
        tell(transport_event::kind::learned, said.from, said.address);
        // Not now: this is amid reading.
        asio::post(loop, [this, node = said.from, where = said.address] {
            if (!removed.contains(node)) place(node, where);
        });
    }

    void look_after_all() {
        auto const interval =
            std::min(options.ping_interval, options.connect_timeout) / 2 + std::chrono::milliseconds(1);
        auto const now = steady::now();
        // Whoever was away for long has not heard anybody meanwhile: signs of life may wait to be read.
        bool const was_away = now - last_sweep > 3 * interval;
        last_sweep = now;
        if (!was_away) {
            for (auto const& each : callees) each->look_after(now);
            std::vector<std::shared_ptr<caller>> all;
            {
                std::lock_guard hold(mutex);
                for (auto const& [node, known] : peers) all.push_back(known.urgent), all.push_back(known.bulk);
            }
            for (auto const& each : all) each->look_after(now);
            for (auto const& each : askers) each->look_after(now);
        }
        forget_ended();
        sweep.expires_after(interval);
        sweep.async_wait([this](error_code cancelled) {
            if (!cancelled) look_after_all();
        });
    }
};

transport::transport(transport_options options, transport_handlers handlers)
    : state_(std::make_unique<state>(std::move(options), std::move(handlers))) {}
transport::~transport() { stop(); }

void transport::start() { state_->start(); }
void transport::stop() { state_->stop(); }
std::uint16_t transport::port() const { return state_->port; }

bool transport::send(raft::message message) {
    lane const use = raft::is_urgent(message.kind) ? lane::urgent : lane::bulk;
    std::size_t const bytes =
        64 + raft::size_of(message.entries) + message.context.size() + (message.image ? message.image->data.size() : 0);
    return state_->send(std::move(message), use, bytes);
}
bool transport::send(image_piece piece) {
    std::size_t const bytes = 128 + piece.bytes.size();
    return state_->send(std::move(piece), lane::bulk, bytes);
}
bool transport::send(image_piece_reply reply) {
    std::size_t const bytes = 64 + reply.message.size();
    return state_->send(std::move(reply), lane::urgent, bytes);
}

void transport::ask(std::string const& address) {
    state::check_address(raft::nobody, address);
    asio::post(state_->loop, [state = state_.get(), address] {
        state->askers.push_back(std::make_shared<caller>(*state, raft::nobody, lane::urgent));
        state->askers.back()->call(address);
    });
}
void transport::set_peer(node_id node, std::string const& address) {
    state::check_address(node, address);
    if (node == raft::nobody || node == state_->options.node) return;
    asio::post(state_->loop, [state = state_.get(), node, address] {
        state->removed.erase(node);
        state->place(node, address);
    });
}
void transport::remove_peer(node_id node) {
    asio::post(state_->loop, [state = state_.get(), node] { state->remove(node); });
}

transport_statistics transport::statistics() const {
    std::lock_guard hold(state_->mutex);
    transport_statistics made = state_->totals;
    for (auto const& [node, known] : state_->peers) {
        made.peers.push_back({node, known.address, known.urgent->numbers(), known.bulk->numbers()});
    }
    return made;
}

std::string_view name_of(transport_event::kind what) {
    switch (what) {
        case transport_event::kind::connected: return "connected";
        case transport_event::kind::lost: return "connection lost";
        case transport_event::kind::refused: return "refused by node";
        case transport_event::kind::accepted: return "accepted";
        case transport_event::kind::refused_caller: return "caller refused";
        case transport_event::kind::closed: return "caller gone";
        case transport_event::kind::learned: return "address learned";
        case transport_event::kind::dropped: return "message dropped";
    }
    return "unknown";
}

std::string_view name_of(refusal why) {
    switch (why) {
        case refusal::none: return "welcome";
        case refusal::wrong_cluster: return "wrong cluster";
        case refusal::wrong_node: return "wrong node";
        case refusal::same_node: return "same node";
        case refusal::duplicate_node: return "duplicate node";
        case refusal::wrong_identity: return "wrong certificate";
        case refusal::removed_node: return "removed node";
        case refusal::wrong_protocol: return "wrong protocol";
        case refusal::other_data: return "other data";
    }
    return "unknown";
}

}  // namespace phantomdb::cluster
