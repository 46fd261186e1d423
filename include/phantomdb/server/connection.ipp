#pragma once

#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/server/connection.hpp>
#include <phantomdb/server/scram.hpp>
#include <phantomdb/sql/follower_sessions.hpp>

#include <cstring>
#include <thread>

namespace phantomdb::server {

namespace {

sql::session_options session_options_of(startup_message const& message, std::string user, std::string client_address) {
    sql::session_options options;
    options.user = std::move(user);
    options.database = message.parameter("database");
    if (options.database.empty()) options.database = options.user;
    options.application_name = message.parameter("application_name");
    options.client_address = std::move(client_address);
    options.settings = read_command_line_options(message.parameter("options"));
    for (auto const& [name, text] : message.parameters) {
        if (name != "user" && name != "database" && name != "options" && name != "application_name" &&
            name != "replication") {
            options.settings.emplace_back(name, text);
        }
    }
    return options;
}

}  // namespace

connection::connection(server_context& context, std::unique_ptr<transport> wire, peer_address peer)
    : context_(context), wire_(std::move(wire)), peer_(std::move(peer)), channel_(*wire_) {}

connection::~connection() = default;

void connection::stop() {
    stopping_ = true;
    std::lock_guard const lock(session_mutex_);
    if (session_) session_->terminate();
    wire_->stop_reading();
}

void connection::cut() {
    stop();
    wire_->cut();
}

std::optional<std::chrono::steady_clock::duration> connection::handshake_time() const {
    if (started_) return std::nullopt;
    return std::chrono::steady_clock::now() - opened_;
}

void connection::serve() noexcept {
    try {
        if (auto options = start()) converse(std::move(*options));
    } catch (error const& caught) {
        if (!channel_.broken() && caught.code != errc::connection_failure) refuse(caught);
    } catch (std::exception const& caught) {
        refuse(error(errc::internal_error, caught.what()));
    }
    wire_->cut();
}

/// Tells the client why the connection ends, if it still listens.
void connection::refuse(error const& what) {
    ++context_.counters.refused;
    context_.log.write(log_level::warning, "connection failed",
                       {{"client", peer_.text}, {"sqlstate", what.code.view()}, {"message", what.message}});
    try {
        channel_.replies().failure(what, error_severity::fatal);
        channel_.flush();
    } catch (std::exception const&) {
        // gone already
    }
}

std::optional<startup_message> connection::read_first_messages() {
    using kind = startup_message::kind;
    for (;;) {
        auto const first = channel_.next_startup();
        if (!first) return std::nullopt;
        startup_message message = read_startup(first->body);
        if (message.what == kind::start) return message;
        if (message.what == kind::cancel_request) {
            context_.sessions.cancel(message.process_id, message.cancel_key);
            forwarded_connections::key const key{message.process_id, message.cancel_key};
            if (auto const where = context_.forwarded.find(key); !where.empty()) forward_cancel(where, key);
            return std::nullopt;
        }
        bool const encrypt = message.what == kind::ssl_request && wire_->can_encrypt();
        // What came in clear behind the request would be taken for encrypted: somebody sits in between.
        if (channel_.has_unread()) {
            throw error(errc::protocol_violation, "received unencrypted data after an encryption request");
        }
        channel_.replies().byte(encrypt ? 'S' : 'N');
        channel_.flush();
        if (encrypt) wire_->encrypt();
    }
}

std::optional<sql::session_options> connection::start() {
    auto const message = read_first_messages();
    if (!message || forward(*message)) return std::nullopt;
    if (message->minor > 0 || !message->unknown_options.empty()) {
        channel_.replies().negotiate_protocol_version(message->unknown_options);
    }
    std::string user(message->parameter("user"));
    if (user.empty()) {
        throw error(errc::invalid_authorization, "no PostgreSQL user name specified in startup packet");
    }
    auto const replication = message->parameter("replication");
    if (!replication.empty() && replication != "false" && replication != "off" && replication != "0") {
        throw error(errc::feature_not_supported, "replication connections are not supported");
    }
    authenticate(user);
    if (!context_.sessions.has_room()) throw error(errc::too_many_connections, "sorry, too many clients already");
    return session_options_of(*message, std::move(user), peer_.text);
}

bool connection::wants_leader(startup_message const& message) const {
    std::string_view constexpr mode_name = "phantomdb.on_follower", reads_name = "phantomdb.read_consistency";
    std::string mode, reads;
    auto const look = [&](std::string_view name, std::string_view text) {
        if (name == mode_name) mode = text;
        if (name == reads_name) reads = text;
    };
    for (auto const& [name, text] : read_command_line_options(message.parameter("options"))) look(name, text);
    for (auto const& [name, text] : message.parameters) look(name, text);
    if (!mode.empty()) return mode == "forward";
    return reads != "local" && sql::forwards_sessions(context_.store);
}

bool connection::forward(startup_message const& message) {
    cluster::replica* const replica = context_.store.replica();
    auto* const client = dynamic_cast<socket_transport*>(wire_.get());
    if (replica == nullptr || client == nullptr || !wants_leader(message)) return false;
    if (context_.forwarded.count() >= context_.sessions.capacity())
        throw error(errc::too_many_connections, "sorry, too many clients already");
    forwarded_connections::membership member(context_.forwarded);

    // Where nobody leads, or the leader has just gone, the next one is about to be found.
    auto const until = std::chrono::steady_clock::now() + sql::cluster_timeout(context_.store);
    std::optional<reached_server> there;
    cluster::leader_place leader;
    while (!there) {
        leader = replica->leader();
        if (leader.is_self && replica->takes_writes()) return false;
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (stopping_ || left.count() <= 0) {
            throw error(sqlstate("57P03"), "the node that leads the cluster cannot be reached from this one")
                .with_detail(leader.node == 0 ? "Nobody leads at the moment."
                                              : "Node " + std::to_string(leader.node) + " leads.")
                .with_hint(
                    leader.node != 0 && !leader.is_self && leader.clients.empty()
                        ? "Start that node with --cluster-clients, so that this one knows where clients reach it."
                        : "Try again.");
        }
        if (leader.node != 0 && !leader.is_self && !leader.clients.empty()) there = reach_server(leader.clients, left);
        if (!there) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (there->loopback && !peer_.local) {
        throw error(errc::invalid_authorization, "a connection from another machine is not passed on within this one")
            .with_detail("Node " + std::to_string(leader.node) + " is reached at " + leader.clients +
                         ", where it trusts who connects.")
            .with_hint("Start it with --cluster-clients and an address that other machines reach.");
    }
    if (client->encrypted() && !there->wire->encrypted() && !there->loopback) {
        throw error(errc::invalid_authorization, "an encrypted connection is not passed on to a node without TLS")
            .with_hint("Start node " + std::to_string(leader.node) + " with --tls-cert and --tls-key.");
    }
    context_.log.write(log_level::info, "connection passed on",
                       {{"client", peer_.text}, {"node", leader.node}, {"address", leader.clients}});
    relay::hooks with;
    with.stopping = [this] { return stopping_.load(); };
    with.still_leads = [replica, node = leader.node] { return replica->leader().node == node; };
    with.started = [&](backend_stream const& said) {
        started_ = true;
        ++context_.counters.connections;
        if (auto const key = said.cancel_key()) member.is_known_as(*key, leader.clients);
    };
    with.farewell = [](error const& why) {
        reply_buffer bytes;
        bytes.failure(why, error_severity::fatal);
        return bytes.bytes();
    };
    relay(*client, *there->wire, std::move(with)).run(forwarded_startup(message) + channel_.take_unread());
    context_.log.write(log_level::info, "passed connection ended", {{"client", peer_.text}, {"node", leader.node}});
    return true;
}

void connection::authenticate(std::string const& user) {
    auto const who = context_.who_must_authenticate;
    bool const trusted = peer_.local && (who == authentication::trust ||
                                         (who == authentication::automatic && !context_.store.password_set()));
    if (!trusted && !check_password(user)) {
        throw error(errc::invalid_password, "password authentication failed for user \"" + user + "\"");
    }
    auto const role = context_.store.find_role(user);
    if (!role) throw error(errc::invalid_authorization, "role \"" + user + "\" does not exist");
    if (!role->can_login) throw error(errc::invalid_authorization, "role \"" + user + "\" is not permitted to log in");
    channel_.replies().authentication_ok();
}

bool connection::check_password(std::string const& user) {
    auto const role = context_.store.find_role(user);
    scram_exchange exchange(user, role ? sql::scram_verifier::parse(role->password) : std::nullopt, make_scram_nonce(),
                            context_.mock_secret);
    auto const next_response = [&] {
        channel_.flush();
        auto const message = channel_.next(false);
        if (!message) throw error(errc::connection_failure, "the client left while asked for its password");
        return message->body;
    };

    std::string_view const mechanisms[] = {scram_exchange::mechanism};
    channel_.replies().authentication_sasl(mechanisms);
    auto const initial = read_sasl_initial_response(next_response());
    if (initial.mechanism != scram_exchange::mechanism) {
        throw error(errc::protocol_violation, "client selected an invalid SASL authentication mechanism");
    }
    channel_.replies().authentication_sasl_continue(exchange.first(initial.response));
    auto const signature = exchange.last(next_response());
    if (signature) channel_.replies().authentication_sasl_final(*signature);
    return signature.has_value();
}

void connection::converse(sql::session_options options) {
    std::string const user = options.user, database = options.database;
    options.on_terminate = [this] {
        stopping_ = true;
        wire_->stop_reading();
    };
    sql::session session(context_.store, std::move(options));
    std::int32_t cancel_key = 0;
    std::memcpy(&cancel_key, sql::random_bytes(sizeof cancel_key).data(), sizeof cancel_key);
    session_registry::membership const member(context_.sessions, session, cancel_key);
    {
        std::lock_guard const lock(session_mutex_);
        session_ = &session;
    }
    /// No `stop` reaches the session once it begins to end.
    struct farewell {
        connection& from;
        std::int32_t id;
        ~farewell() {
            std::lock_guard const lock(from.session_mutex_);
            from.session_ = nullptr;
            from.context_.log.write(log_level::info, "session ended", {{"session", id}});
        }
    } const at_end{*this, session.id()};

    started_ = true;
    ++context_.counters.connections;
    context_.log.write(log_level::info, "session started",
                       {{"session", session.id()}, {"client", peer_.text}, {"user", user}, {"database", database}});
    conversation talk(session, channel_, context_.log, context_.counters, context_.options);
    talk.greet(cancel_key);
    talk.run(stopping_);
}

}  // namespace phantomdb::server
