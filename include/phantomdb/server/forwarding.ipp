#pragma once

#include <phantomdb/env/address.hpp>
#include <phantomdb/server/forwarding.hpp>
#include <phantomdb/server/loopback.hpp>
#include <phantomdb/server/reply.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

namespace phantomdb::server {

namespace {

constexpr std::uint32_t protocol_three = 3u << 16, ssl_request = 80877103, cancel_request = 80877102;

}  // namespace

// ---- what the server says ----

void backend_stream::take(std::string_view bytes) {
    constexpr std::size_t head_bytes = 5, most_kept = 8;
    while (!bytes.empty()) {
        if (left_ == 0) {
            std::size_t const missing = std::min(head_bytes - head_.size(), bytes.size());
            head_ += bytes.substr(0, missing);
            bytes.remove_prefix(missing);
            if (head_.size() < head_bytes) return;
            message_reader reader(head_);
            type_ = static_cast<char>(reader.byte());
            auto const length = static_cast<std::uint32_t>(reader.int32());
            if (length < 4) throw error(errc::protocol_violation, "the node that leads sent no protocol message");
            left_ = length - 4;
            kept_.clear();
            head_.clear();
            if (left_ == 0) end_message();
            continue;
        }
        std::size_t const part = std::min<std::uint64_t>(left_, bytes.size());
        if (kept_.size() < most_kept) kept_ += bytes.substr(0, std::min(part, most_kept - kept_.size()));
        bytes.remove_prefix(part);
        left_ -= part;
        if (left_ == 0) end_message();
    }
}

void backend_stream::end_message() {
    if (type_ == 'Z') {
        idle_ = kept_ == "I";
        ready_once_ = true;
    } else if (type_ == 'K' && kept_.size() == 8) {
        message_reader reader(kept_);
        std::int32_t const id = reader.int32();
        cancel_key_.emplace(id, reader.int32());
    }
}

// ---- who is passed on ----

forwarded_connections::membership::~membership() {
    std::lock_guard const lock(all_.mutex_);
    --all_.count_;
    if (key_) all_.addresses_.erase(*key_);
}

void forwarded_connections::membership::is_known_as(key of, std::string const& address) {
    std::lock_guard const lock(all_.mutex_);
    key_ = of;
    all_.addresses_[of] = address;
}

std::string forwarded_connections::find(key of) const {
    std::lock_guard const lock(mutex_);
    auto const found = addresses_.find(of);
    return found == addresses_.end() ? std::string() : found->second;
}

// ---- the way there ----

std::optional<reached_server> reach_server(std::string const& address, std::chrono::milliseconds limit) {
    namespace asio = boost::asio;
    using asio::ip::tcp;
    auto const place = env::parse_address(address);
    if (!place) return std::nullopt;
    asio::io_context loop(1);
    tcp::socket socket(loop);
    boost::system::error_code failed;
    auto const endpoints = tcp::resolver(loop).resolve(place->host, std::to_string(place->port), failed);
    if (failed) return std::nullopt;
    bool connected = false;
    asio::async_connect(socket, endpoints,
                        [&](boost::system::error_code why, tcp::endpoint const&) { connected = !why; });
    loop.run_for(limit);
    if (!connected) return std::nullopt;
    auto const there = socket.remote_endpoint(failed).address();
    socket.set_option(tcp::no_delay(true), failed);
    socket.set_option(asio::socket_base::keep_alive(true), failed);
    socket.native_non_blocking(false, failed);
    bool const loopback = is_loopback(there);
    int const descriptor = socket.release(failed);
    if (failed) return std::nullopt;
    reached_server made{std::make_unique<socket_transport>(descriptor, nullptr), loopback};
    made.wire->limit_waiting(limit);
    try {
        reply_buffer ask;
        ask.int32(8);
        ask.int32(ssl_request);
        made.wire->write(ask.bytes());
        char answer = 0;
        if (made.wire->read(&answer, 1) != 1) return std::nullopt;
        if (answer == 'S') made.wire->encrypt_as_client();
        else if (answer != 'N') return std::nullopt;
    } catch (error const&) {
        return std::nullopt;
    }
    return made;
}

void forward_cancel(std::string const& address, forwarded_connections::key of) {
    auto const there = reach_server(address, std::chrono::seconds(5));
    if (!there) return;
    reply_buffer ask;
    ask.int32(16);
    ask.int32(cancel_request);
    ask.int32(static_cast<std::uint32_t>(of.first));
    ask.int32(static_cast<std::uint32_t>(of.second));
    there->wire->write(ask.bytes());
    char nothing = 0;
    there->wire->read(&nothing, 1);  // it closes once it is done
}

std::string forwarded_startup(startup_message const& message) {
    reply_buffer body;
    body.int32(protocol_three | static_cast<std::uint32_t>(message.minor));
    auto const add = [&](std::string_view name, std::string_view text) {
        body.string(name);
        body.string(text);
    };
    for (auto const& [name, text] : message.parameters) {
        if (name != "phantomdb.on_follower") add(name, text);
    }
    for (auto const& name : message.unknown_options) add(name, "");
    add("phantomdb.on_follower", "redirect");
    body.byte('\0');
    reply_buffer made;
    made.int32(static_cast<std::uint32_t>(body.size() + 4));
    made.raw(body.bytes());
    return made.bytes();
}

// ---- back and forth ----

bool relay::fill(side& from, side& to) {
    if (from.ended || to.out.size() - to.sent >= most_waiting) return false;
    char bytes[std::size_t{32} << 10];
    auto const got = from.wire.try_read(bytes, sizeof bytes);
    from.reading_waits_to_write = got.waits_to_write;
    if (got.ended) return from.ended = true;
    if (got.bytes == 0) return false;
    std::string_view const what(bytes, got.bytes);
    if (&from == &server_) said_.take(what);
    else said_.asked();
    to.out.append(what);
    return true;
}

bool relay::drain(side& to) {
    if (!to.has_out()) return false;
    auto const put = to.wire.try_write(std::string_view(to.out).substr(to.sent));
    to.writing_waits_to_read = put.waits_to_read;
    if (put.ended) {
        to.ended = to.broken = true;
        to.out.clear();
        to.sent = 0;
        return true;
    }
    to.sent += put.bytes;
    if (to.sent == to.out.size()) to.out.clear(), to.sent = 0;
    return put.bytes > 0;
}

void relay::wait() {
    pollfd watched[2];
    side* const sides[2] = {&client_, &server_};
    for (int i = 0; i < 2; ++i) {
        side& here = *sides[i];
        side& there = *sides[1 - i];
        bool const may_read = !here.ended && there.out.size() - there.sent < most_waiting;
        short events = 0;
        if (may_read && !here.reading_waits_to_write) events |= POLLIN;
        if ((may_read && here.reading_waits_to_write) || (here.has_out() && !here.writing_waits_to_read))
            events |= POLLOUT;
        if (here.has_out() && here.writing_waits_to_read) events |= POLLIN;
        // Where nothing is to be had, a hang-up would wake at once, again and again.
        watched[i] = {events == 0 ? -1 : here.wire.descriptor(), events, 0};
    }
    ::poll(watched, 2, 200);
}

std::optional<error> relay::reason_to_end(std::chrono::steady_clock::time_point now) {
    if (with_.stopping()) return error(errc::admin_shutdown, "terminating connection due to administrator command");
    if (now < next_look_) return std::nullopt;
    next_look_ = now + std::chrono::milliseconds(100);
    if (with_.still_leads()) {
        deposed_.reset();
        return std::nullopt;
    }
    if (!deposed_) deposed_ = now;
    if (said_.idle() && !server_.has_out()) {
        return error(errc::admin_shutdown, "terminating connection because another node leads the cluster now")
            .with_hint("Connect again.");
    }
    if (now - *deposed_ < patience) return std::nullopt;
    return error(errc::connection_failure, "the node that led the cluster does not answer any more")
        .with_hint("Connect again, and find out what was done before you repeat it.");
}

void relay::run(std::string first) {
    client_.wire.unblock();
    server_.wire.unblock();
    server_.out = std::move(first);
    for (;;) {
        bool moved = fill(client_, server_);
        moved |= fill(server_, client_);
        moved |= drain(server_);
        moved |= drain(client_);
        if (!started_ && said_.ready_once() && !client_.has_out()) {
            started_ = true;
            with_.started(said_);
        }
        if (auto const why = reason_to_end(std::chrono::steady_clock::now())) return end(*why);
        if (server_.ended && !client_.has_out()) return;
        if (client_.ended && !server_.has_out()) return;
        if (!moved) wait();
    }
}

/// Tells the client, if it still listens and no message is half sent.
void relay::end(error const& why) {
    if (said_.at_boundary()) client_.out += with_.farewell(why);
    server_.ended = client_.ended = true;  // only what is left goes out
    auto const enough = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (client_.has_out() && !client_.broken && std::chrono::steady_clock::now() < enough) {
        if (!drain(client_)) wait();
    }
}

}  // namespace phantomdb::server
