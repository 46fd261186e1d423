/// @file Defines `host_and_port`: an address as people write it.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace phantomdb::env {

/// A name or number of a host, without brackets, and a port.
struct host_and_port {
    std::string host;
    std::uint16_t port = 0;

    friend bool operator==(host_and_port const&, host_and_port const&) = default;
};

/// Reads `host:port`, `[v6]:port`, and `host` alone where there is a `default_port`. Nothing where it is none of these: resolvers
/// take more, ports beyond 65535 (modulo 65536) and a number alone for an IPv4 address among it.
inline std::optional<host_and_port> parse_address(std::string_view text,
                                                  std::optional<std::uint16_t> default_port = {}) {
    std::size_t const colon = text.rfind(':'), bracket = text.rfind(']');
    bool const has_port = colon != text.npos && (bracket == text.npos || colon > bracket);
    if (!has_port && !default_port) return std::nullopt;
    std::string_view host = text.substr(0, has_port ? colon : text.npos);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.find_first_not_of("0123456789") == host.npos) return std::nullopt;
    host_and_port made{std::string(host), default_port.value_or(0)};
    if (has_port) {
        std::string_view const port = text.substr(colon + 1);
        auto const [end, failed] = std::from_chars(port.data(), port.data() + port.size(), made.port);
        if (failed != std::errc() || end != port.data() + port.size()) return std::nullopt;
    }
    return made;
}

/// As `parse_address` reads it: an IPv6 address gets brackets.
inline std::string text_of(host_and_port const& address) {
    bool const v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace phantomdb::env
