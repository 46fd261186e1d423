#pragma once

#include <phantomdb/env/address.hpp>
#include <phantomdb/server/listener.hpp>
#include <phantomdb/server/loopback.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/stat.h>

#include <csignal>
#include <list>
#include <system_error>
#include <thread>
#include <unordered_map>

namespace phantomdb::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using local = asio::local::stream_protocol;

namespace {

env::host_and_port split_address(std::string const& address) {
    auto const read = env::parse_address(address, 5432);
    if (read) return *read;
    throw error(errc::invalid_parameter_value, "\"" + address + "\" is not an address to listen on")
        .with_hint("Write it as host:port, for instance 127.0.0.1:5432.");
}

std::string text_of(tcp::endpoint const& endpoint) {
    return env::text_of({endpoint.address().to_string(), endpoint.port()});
}

[[noreturn]] void could_not_listen(std::string const& where, error_code const& why) {
    throw error(errc::io_error, "could not listen on " + where + ": " + why.message());
}

}  // namespace

struct listener::state {
    struct client {
        connection talk;
        std::thread thread;

        client(server_context& context, std::unique_ptr<transport> wire, peer_address peer)
            : talk(context, std::move(wire), std::move(peer)) {}
    };

    /// Connections that have not got so far as to count as sessions: cancel requests, handshakes, surplus ones.
    static constexpr std::size_t handshakes_beyond_sessions = 64;

    server_context& context;
    listener_options options;
    asio::io_context loop{1};
    std::list<tcp::acceptor> tcp_acceptors;
    std::list<local::acceptor> local_acceptors;
    std::filesystem::path socket_path;
    std::vector<std::string> addresses;
    int port = 5432;
    asio::signal_set signals{loop};
    asio::steady_timer sweep{loop}, stop_deadline{loop}, accept_pause{loop};
    std::unordered_map<std::uint64_t, std::unique_ptr<client>> clients;
    std::uint64_t next_client = 0;
    int stops = 0;
    bool abandoned = false;

    state(server_context& context_, listener_options options_) : context(context_), options(std::move(options_)) {}

    ~state() {
        if (!socket_path.empty()) ::unlink(socket_path.c_str());
    }

    void listen(std::string const& address) {
        auto const [host, port_number] = split_address(address);
        error_code failed;
        auto const endpoints =
            tcp::resolver(loop).resolve(host, std::to_string(port_number), tcp::resolver::passive, failed);
        if (failed) {
            throw error(errc::io_error, "could not listen on " + address + ": " + failed.message())
                .with_hint("Write it as host:port, for instance 127.0.0.1:5432.");
        }
        asio::ip::port_type shared_port = 0;  // the addresses of one name (localhost) share the port that was free
        for (auto const& resolved : endpoints) {
            tcp::endpoint endpoint = resolved.endpoint();
            if (!is_loopback(endpoint.address()) && !context.store.password_set()) {
                throw error(errc::invalid_authorization, "refusing to listen on " + address +
                                                             ": it can be reached from other machines, and no role "
                                                             "has a password")
                    .with_hint("Set one first: phantomsql DIR -c \"alter role postgres password '...'\".");
            }
            if (endpoint.port() == 0) endpoint.port(shared_port);
            auto& acceptor = tcp_acceptors.emplace_back(loop, endpoint.protocol());
            acceptor.set_option(tcp::acceptor::reuse_address(true));
            if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true));
            acceptor.bind(endpoint, failed);
            if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
            if (failed) could_not_listen(text_of(endpoint), failed);
            shared_port = acceptor.local_endpoint().port();
            if (addresses.empty()) port = shared_port;
            addresses.push_back(text_of(acceptor.local_endpoint()));
        }
    }

    void listen_locally() {
        auto const path = options.socket_folder / (".s.PGSQL." + std::to_string(port));
        local::endpoint endpoint;
        try {
            endpoint = local::endpoint(path.string());
        } catch (std::system_error const& too_long) {
            could_not_listen(path.string(), too_long.code());
        }
        error_code failed;
        local::socket probe(loop);
        if (!probe.connect(endpoint, failed)) {
            could_not_listen(path.string(), boost::system::errc::make_error_code(boost::system::errc::address_in_use));
        }
        if (failed == boost::system::errc::connection_refused)
            ::unlink(path.c_str());  // left behind by a killed server
        failed.clear();
        auto& acceptor = local_acceptors.emplace_back(loop, endpoint.protocol());
        acceptor.bind(endpoint, failed);
        if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
        if (failed) could_not_listen(path.string(), failed);
        ::chmod(path.c_str(), 0777);  // who may connect is for authentication to say, as in PostgreSQL
        socket_path = path;
        addresses.push_back(path.string());
    }

    template <class Acceptor>
    void accept_on(Acceptor& acceptor) {
        acceptor.async_accept([this, &acceptor](error_code failed, auto socket) {
            if (failed == asio::error::operation_aborted || stops > 0) return;
            if (!failed) {
                admit(std::move(socket));
                return accept_on(acceptor);
            }
            // Out of descriptors or memory: the next attempt would fail as well.
            context.log.write(log_level::error, "accept failed", {{"message", failed.message()}});
            accept_pause.expires_after(std::chrono::milliseconds(100));
            accept_pause.async_wait([this, &acceptor](error_code cancelled) {
                if (!cancelled) accept_on(acceptor);
            });
        });
    }

    peer_address prepare(tcp::socket& socket) {
        error_code failed;
        auto const endpoint = socket.remote_endpoint(failed);
        socket.set_option(tcp::no_delay(true), failed);
        socket.set_option(asio::socket_base::keep_alive(true), failed);
        return {text_of(endpoint), is_loopback(endpoint.address())};
    }
    peer_address prepare(local::socket&) { return {"unix", true}; }

    template <class Socket>
    void admit(Socket socket) {
        if (clients.size() >= options.max_connections + handshakes_beyond_sessions) {
            context.log.write(log_level::warning, "connection refused", {{"clients", clients.size()}});
            return;
        }
        peer_address peer = prepare(socket);
        error_code failed;
        socket.native_non_blocking(false, failed);
        // Taken from Asio, whose poll would otherwise wake this thread for each byte a client sends.
        int const descriptor = socket.release(failed);
        if (failed) return;
        auto wire = std::make_unique<socket_transport>(descriptor, options.tls);
        std::uint64_t const id = next_client++;
        auto& place = clients[id] = std::make_unique<client>(context, std::move(wire), std::move(peer));
        try {
            place->thread = std::thread([this, id, &talk = place->talk] {
                talk.serve();
                asio::post(loop, [this, id] { forget(id); });
            });
        } catch (std::system_error const& no_thread) {
            context.log.write(log_level::error, "no thread for a connection", {{"message", no_thread.what()}});
            clients.erase(id);
        }
    }

    void forget(std::uint64_t id) {
        auto const found = clients.find(id);
        found->second->thread.join();
        clients.erase(found);
        if (stops > 0 && clients.empty()) loop.stop();
    }

    void sweep_handshakes() {
        sweep.expires_after(std::chrono::seconds(1));
        sweep.async_wait([this](error_code cancelled) {
            if (cancelled) return;
            for (auto& [id, each] : clients) {
                auto const waiting = each->talk.handshake_time();
                if (waiting && *waiting > options.login_timeout) each->talk.cut();
            }
            sweep_handshakes();
        });
    }

    void await_signal() {
        signals.async_wait([this](error_code cancelled, int) {
            if (cancelled) return;
            stop();
            await_signal();
        });
    }

    void stop() {
        ++stops;
        context.log.write(log_level::info, stops == 1 ? "stopping" : "stopping at once", {{"clients", clients.size()}});
        for (auto& acceptor : tcp_acceptors) acceptor.close();
        for (auto& acceptor : local_acceptors) acceptor.close();
        for (auto& [id, each] : clients) stops == 1 ? each->talk.stop() : each->talk.cut();
        if (clients.empty()) return loop.stop();
        stop_deadline.expires_after(stops == 1 ? options.stop_patience : std::chrono::seconds(5));
        stop_deadline.async_wait([this](error_code cancelled) {
            if (cancelled) return;
            if (stops == 1) return stop();
            abandoned = true;
            loop.stop();
        });
    }
};

listener::listener(server_context& context, listener_options options) : state_(new state(context, std::move(options))) {
    for (auto const& address : state_->options.addresses) state_->listen(address);
    if (!state_->options.socket_folder.empty()) state_->listen_locally();
    if (state_->addresses.empty()) throw error(errc::invalid_parameter_value, "there is no address to listen on");
}

listener::~listener() {
    if (state_->abandoned) static_cast<void>(state_.release());  // its threads still use it
}

std::vector<std::string> const& listener::addresses() const { return state_->addresses; }
int listener::port() const { return state_->port; }

bool listener::run() {
    for (auto& acceptor : state_->tcp_acceptors) state_->accept_on(acceptor);
    for (auto& acceptor : state_->local_acceptors) state_->accept_on(acceptor);
    state_->signals.add(SIGTERM);
    state_->signals.add(SIGINT);
    state_->await_signal();
    state_->sweep_handshakes();
    state_->loop.run();
    return !state_->abandoned;
}

void listener::stop() {
    asio::post(state_->loop, [state = state_.get()] { state->stop(); });
}

}  // namespace phantomdb::server
