/// @file Defines `frame`, the memory that holds one page: a page in memory begins with it, as a page in a file with its seal.
#pragma once

#include <phantomdb/storage/byte_pin.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <atomic>
#include <cstdint>

namespace phantomdb::storage {

/// Its pins keep what `get` and cursors lend in place. The node follows it directly.
struct frame : pinned_bytes {
    enum class state_type : std::uint8_t {
        idle,      ///< holds nothing
        resident,  ///< in the table of pages
        leaving,   ///< not in the table any more; readers may still look at it
        gone,      ///< as `leaving`, and pinned
    };

    std::uint32_t page = 0;  ///< which page it holds; `gone`: whose number is free once the frame is; 0: none
    std::atomic<state_type> state{state_type::idle};
    std::atomic<std::uint8_t> heat{0};  ///< how often the clock passes it by before it goes
    std::uint16_t unused = 0;
    std::uint64_t left_at = 0;  ///< the epoch in which it left the table

    tree_node* node() { return reinterpret_cast<tree_node*>(this + 1); }
    static frame* of(tree_node const* node) { return reinterpret_cast<frame*>(const_cast<tree_node*>(node)) - 1; }

    /// An inner page is looked at more often than any one leaf, and without it none of its leaves is found.
    static constexpr std::uint8_t inner_heat = 3;
    static constexpr std::uint8_t leaf_heat = 1;
    void warm(std::uint8_t least) {
        if (heat.load(std::memory_order_relaxed) < least) heat.store(least, std::memory_order_relaxed);
    }
};
static_assert(sizeof(frame) == 32);

}  // namespace phantomdb::storage
