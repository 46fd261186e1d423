/// @file A client that speaks the protocol byte by byte, for what libpq is too polite to send.
#pragma once

#include <poll.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/process.hpp"

namespace phantomdb::test {

inline std::string big_endian(std::uint32_t number, int bytes) {
    std::string octets;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) octets += static_cast<char>(number >> shift);
    return octets;
}

inline std::string message(char type, std::string const& body) {
    return type + big_endian(static_cast<std::uint32_t>(body.size() + 4), 4) + body;
}

inline std::string zero_ended(std::string const& text) { return text + '\0'; }

inline std::string query(std::string const& text) { return message('Q', zero_ended(text)); }

inline std::string parse(std::string const& name, std::string const& text,
                         std::vector<std::uint32_t> const& types = {}) {
    std::string body = zero_ended(name) + zero_ended(text) + big_endian(static_cast<std::uint32_t>(types.size()), 2);
    for (auto const type : types) body += big_endian(type, 4);
    return message('P', body);
}

/// All parameters in one format, all results in another.
inline std::string bind(std::string const& portal, std::string const& statement,
                        std::vector<std::optional<std::string>> const& parameters = {}, unsigned parameter_format = 0,
                        unsigned result_format = 0) {
    std::string body = zero_ended(portal) + zero_ended(statement) + big_endian(1, 2) + big_endian(parameter_format, 2) +
                       big_endian(static_cast<std::uint32_t>(parameters.size()), 2);
    for (auto const& parameter : parameters) {
        body += parameter ? big_endian(static_cast<std::uint32_t>(parameter->size()), 4) + *parameter
                          : big_endian(0xffffffffu, 4);
    }
    return message('B', body + big_endian(1, 2) + big_endian(result_format, 2));
}

inline std::string describe(char kind, std::string const& name) { return message('D', kind + zero_ended(name)); }
inline std::string close(char kind, std::string const& name) { return message('C', kind + zero_ended(name)); }
inline std::string execute(std::string const& portal, std::uint32_t max_rows = 0) {
    return message('E', zero_ended(portal) + big_endian(max_rows, 4));
}
inline std::string sync_point() { return message('S', ""); }
inline std::string flush() { return message('H', ""); }

inline std::string startup(std::vector<std::pair<std::string, std::string>> const& parameters,
                           std::uint32_t minor = 0) {
    std::string body = big_endian((3u << 16) | minor, 4);
    for (auto const& [name, text] : parameters) body += zero_ended(name) + zero_ended(text);
    body += '\0';
    return big_endian(static_cast<std::uint32_t>(body.size() + 4), 4) + body;
}

/// One message of the server.
struct reply {
    char type;
    std::string body;

    /// A field of an error or notice, "" if it isn't there.
    std::string field(char code) const {
        for (std::size_t at = 0; at < body.size() && body[at] != '\0';) {
            std::size_t const end = body.find('\0', at);
            if (body[at] == code) return body.substr(at + 1, end - at - 1);
            at = end + 1;
        }
        return "";
    }
};

/// A TCP connection to a loopback port.
class wire_client {
public:
    explicit wire_client(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            throw std::system_error(errno, std::generic_category(), "connect");
        }
    }
    wire_client(wire_client const&) = delete;
    wire_client& operator=(wire_client const&) = delete;
    ~wire_client() { ::close(socket_); }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t const sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;  // what the server said before it closed is what matters
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void finish_sending() { ::shutdown(socket_, SHUT_WR); }

    /// The next message; nothing at the end of the stream or when `limit` passes without one.
    std::optional<reply> next(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
        while (input_.size() < 5 || input_.size() < 1 + length()) {
            if (!fill(limit)) return std::nullopt;
        }
        reply read{input_[0], input_.substr(5, length() - 4)};
        input_.erase(0, 1 + length());
        return read;
    }

    /// All messages up to and with the next one of `type`, or up to the end.
    std::vector<reply> until(char type) {
        std::vector<reply> replies;
        while (auto each = next()) {
            replies.push_back(std::move(*each));
            if (replies.back().type == type) break;
        }
        return replies;
    }

    /// One byte that is no message (the answer to SSLRequest).
    char next_byte() {
        while (input_.empty() && fill(std::chrono::seconds(20))) continue;
        char const byte = input_.empty() ? '\0' : input_[0];
        if (!input_.empty()) input_.erase(0, 1);
        return byte;
    }

    /// Whether the server has closed its side, once all its messages are read.
    bool at_end(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
        return input_.empty() && !fill(limit) && ended_;
    }

    /// Starts a session of `postgres`; its replies up to ReadyForQuery.
    std::vector<reply> start() {
        send(startup({{"user", "postgres"}, {"database", "postgres"}}));
        return until('Z');
    }

private:
    std::size_t length() const {
        std::size_t number = 0;
        for (std::size_t i = 1; i < 5; ++i) number = number << 8 | static_cast<std::uint8_t>(input_[i]);
        return number;
    }

    bool fill(std::chrono::milliseconds limit) {
        pollfd wanted{socket_, POLLIN, 0};
        if (::poll(&wanted, 1, static_cast<int>(limit.count())) <= 0) return false;
        char bytes[8192];
        ssize_t const got = ::recv(socket_, bytes, sizeof bytes, 0);
        ended_ = got <= 0;
        if (!ended_) input_.append(bytes, static_cast<std::size_t>(got));
        return !ended_;
    }

    int socket_;
    std::string input_;
    bool ended_ = false;
};

/// The types of messages, in order: "1T2DCZ".
inline std::string types_of(std::vector<reply> const& replies) {
    std::string types;
    for (auto const& each : replies) types += each.type;
    return types;
}

}  // namespace phantomdb::test
