/// @file Defines `bloom_filter`, which tells of most keys a run does not have that it does not have them.
///
///     filter    u8 probes · lines of 64 bytes
///
/// All probes of a key fall into one line, so that a look costs one miss of the caches.
/// The line is the upper half of the hash, scaled; probe i is bit (hash · odd^(i + 1)) >> 55 of it.
/// Source: F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007.
#pragma once

#include <phantomdb/codec/varint.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::storage::lsm {

/// The hash of a key that filters are made from; part of the format.
inline std::uint64_t key_hash(std::string_view key) {
    auto const mix = [](std::uint64_t a, std::uint64_t b) {
        __extension__ using wide = unsigned __int128;
        wide const product = static_cast<wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    std::uint64_t hash = 0x2d358dccaa6c78a5 ^ key.size();
    while (key.size() > 8) {
        hash = mix(hash ^ codec::load_fixed<std::uint64_t>(key.data()), 0x8bb84b93962eacc9);
        key.remove_prefix(8);
    }
    char last[8]{};
    if (!key.empty()) std::memcpy(last, key.data(), key.size());
    hash = mix(hash ^ codec::load_fixed<std::uint64_t>(last), 0x4b33a62ed433d4a3);
    return mix(hash, 0x9e3779b97f4a7c15 ^ (hash >> 29));
}

/// Read by any thread.
class bloom_filter {
public:
    static constexpr std::size_t line_bytes = 64;

    bloom_filter() = default;

    /// A filter of about `bits_per_key` for the keys with these hashes, as bytes. 10 bits: 1 % of wrong answers; 16: 0.1 %.
    static std::string make(std::span<std::uint64_t const> hashes, unsigned bits_per_key) {
        std::uint64_t const lines = (hashes.size() * bits_per_key + line_bytes * 8 - 1) / (line_bytes * 8);
        unsigned const probes = std::clamp(bits_per_key * 2 / 3, 1u, 10u);
        std::string bytes(1 + lines * line_bytes, '\0');
        bytes[0] = static_cast<char>(probes);
        for (std::uint64_t hash : hashes) {
            char* const line = bytes.data() + 1 + line_of(hash, lines) * line_bytes;
            for (unsigned i = 0; i < probes; ++i) {
                hash *= odd;
                std::uint64_t const bit = hash >> 55;
                line[bit / 8] = static_cast<char>(line[bit / 8] | (1 << (bit % 8)));
            }
        }
        return bytes;
    }

    /// False where these are not a filter's bytes.
    bool open(std::string bytes) {
        if (bytes.empty() || bytes.size() % line_bytes != 1 || bytes[0] < 1 || bytes[0] > 10) return false;
        bytes_ = std::move(bytes);
        lines_ = bytes_.size() / line_bytes;
        return true;
    }

    /// False: the key with this hash is not there.
    bool may_hold(std::uint64_t hash) const {
        if (lines_ == 0) return false;
        char const* const line = bytes_.data() + 1 + line_of(hash, lines_) * line_bytes;
        for (char i = 0; i < bytes_[0]; ++i) {
            hash *= odd;
            std::uint64_t const bit = hash >> 55;
            if ((line[bit / 8] >> (bit % 8) & 1) == 0) return false;
        }
        return true;
    }
    std::size_t bytes() const { return bytes_.size(); }

private:
    static constexpr std::uint64_t odd = 0x9fb21c651e98df25;
    static std::uint64_t line_of(std::uint64_t hash, std::uint64_t lines) { return ((hash >> 32) * lines) >> 32; }

    std::string bytes_;
    std::uint64_t lines_ = 0;
};

}  // namespace phantomdb::storage::lsm
