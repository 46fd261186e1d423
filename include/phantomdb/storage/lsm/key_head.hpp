/// @file Defines `key_head`, the first bytes of a key as a number, so that most comparisons need not go where the key is.
#pragma once

#include <phantomdb/codec/varint.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace phantomdb::storage::lsm {

/// The first eight bytes of `key`, zeros where it is shorter. Heads that differ are ordered as their keys; equal heads
/// decide nothing.
inline std::uint64_t key_head(std::string_view key) {
    std::uint64_t head = 0;
    if (key.size() >= sizeof head) {
        std::memcpy(&head, key.data(), sizeof head);
    } else if (!key.empty()) {
        std::memcpy(&head, key.data(), key.size());
    }
    return codec::to_big(head);
}

/// As `key_head`, of four bytes.
inline std::uint32_t short_head(std::string_view key) {
    std::uint32_t head = 0;
    if (key.size() >= sizeof head) {
        std::memcpy(&head, key.data(), sizeof head);
    } else if (!key.empty()) {
        std::memcpy(&head, key.data(), key.size());
    }
    return codec::to_big(head);
}

inline std::size_t shared_prefix(std::string_view a, std::string_view b) {
    std::size_t const most = std::min(a.size(), b.size());
    std::size_t n = 0;
    while (n < most && a[n] == b[n]) ++n;
    return n;
}

}  // namespace phantomdb::storage::lsm
