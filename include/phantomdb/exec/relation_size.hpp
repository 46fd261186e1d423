/// @file Defines `stored_bytes`: how much room an object's keys and values take.
#pragma once

#include <phantomdb/schema/store_keys.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb::exec {

/// Bytes of keys and values that begin with `object`. A store that knows says so: `snapshot.bytes(from, to)`. Of others the
/// first entries are looked at and stand for the rest, of which the store knows the number; small objects come out exactly.
/// O(log n). `View` is a mvcc::read_view.
template <class View>
std::uint64_t stored_bytes(View const& view, schema::object_id object) {
    std::string from, to;
    schema::append_id(from, object);
    schema::append_id(to, object + 1);
    if constexpr (requires { view.base().bytes(from, to); }) {
        return view.base().bytes(from, to);
    } else {
        constexpr std::uint64_t most_looked_at = 4096;
        std::array<storage::slice, 256> entries;
        std::uint64_t seen = 0, bytes = 0;
        auto scan = view.scan(from, to);
        bool all = false;
        while (seen < most_looked_at) {
            std::size_t const n = scan.next_chunk(std::span<storage::slice>(entries));
            for (std::size_t i = 0; i < n; ++i) bytes += entries[i].key.size() + entries[i].value.size();
            seen += n;
            if (n == 0) {
                all = true;
                break;
            }
        }
        if (all || seen == 0) return bytes;
        std::uint64_t const count = view.estimate(from, to);
        return count <= seen ? bytes
                             : static_cast<std::uint64_t>(static_cast<double>(bytes) / static_cast<double>(seen) *
                                                          static_cast<double>(count));
    }
}

}  // namespace phantomdb::exec
