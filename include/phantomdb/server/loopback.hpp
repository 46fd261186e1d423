/// @file Defines `is_loopback`: whether who is at an address is on this machine.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace phantomdb::server {

/// Also of IPv4 addresses that are written as IPv6 ones.
inline bool is_loopback(boost::asio::ip::address const& address) {
    namespace ip = boost::asio::ip;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback();
}

}  // namespace phantomdb::server
