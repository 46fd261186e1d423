/// @file Defines the bytes of a page in a file, and what is checked of them before anybody trusts them.
///
///     seal     u32 CRC32C of all that follows in the page · u32 page number · u32 kind (1: node) · 20 bytes 0
///     node     as `tree_node` draws it; its birth is the version of the tree that made the page
///
/// In an inner node, the word of a child is     u32 page number | u32 the lower half of the child's birth << 32
/// so that a page whose last write was lost, or went elsewhere, is not taken for the right one.
///
/// In a leaf, the reference to a value outside  u64 birth · u64 first page · u32 size in bytes · u32 CRC32C of the value
/// is; the value lies in pages of its own, one after the other, the last filled up with zeros.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/btree/frame.hpp>
#include <phantomdb/storage/btree/tree_cursor.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace phantomdb::storage {

static_assert(std::endian::native == std::endian::little, "trees in files are little-endian, as the machine has to be");

inline constexpr std::uint32_t node_page_kind = 1;
/// Pages before the first of the tree: the roots.
inline constexpr std::uint32_t first_tree_page = 2;
inline constexpr unsigned any_level = ~0u;

inline std::uint64_t child_word(std::uint32_t page, std::uint64_t birth) { return page | (birth << 32); }
inline std::uint32_t page_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
/// The birth in a word, made whole: it was at `now` or less than 2^32 versions before.
inline std::uint64_t birth_of(std::uint64_t word, std::uint64_t now) {
    return now - static_cast<std::uint32_t>(static_cast<std::uint32_t>(now) - static_cast<std::uint32_t>(word >> 32));
}

/// Where a value outside is.
struct value_reference {
    std::uint64_t birth;
    std::uint64_t place;  ///< the first page; where there is no file, the address of the buffer
    std::uint32_t size;
    std::uint32_t checksum;

    static value_reference of(std::string_view bytes) {
        value_reference made;
        std::memcpy(&made, bytes.data(), sizeof made);
        return made;
    }
};
static_assert(sizeof(value_reference) == 24);

inline std::uint32_t pages_for(std::uint64_t bytes, std::size_t page_bytes) {
    return static_cast<std::uint32_t>((bytes + page_bytes - 1) / page_bytes);
}

/// Writes what the file keeps of the page in `from` to `to`: `page_bytes` bytes.
inline void seal_page(frame& from, std::uint32_t page, std::size_t page_bytes, char* to) {
    tree_node const& node = *from.node();
    std::size_t const low = sizeof(tree_node) + node.count * sizeof(tree_node::slot);
    std::memset(to, 0, sizeof(frame));
    std::memcpy(to + sizeof(frame), &node, low);
    std::memset(to + sizeof(frame) + low, 0, node.heap - low);
    std::memcpy(to + sizeof(frame) + node.heap, reinterpret_cast<char const*>(&node) + node.heap,
                node.capacity - node.heap);
    codec::store_fixed(to + 4, page);
    codec::store_fixed(to + 8, node_page_kind);
    codec::store_fixed(to, codec::crc32c({to + 4, page_bytes - 4}));
}

/// Whether nothing in `node`, whose memory is `capacity` bytes, leads out of it or of a file of `pages` pages. O(count).
inline bool is_sound(tree_node const& node, std::size_t capacity, std::size_t page_bytes, std::uint64_t pages) {
    if (node.capacity != capacity || node.level >= max_tree_depth || node.count == 0) return false;
    std::size_t const low = sizeof(tree_node) + node.count * sizeof(tree_node::slot);
    if (low > node.heap || node.heap > capacity) return false;
    unsigned const from = node.first_compared();
    std::size_t records = 0;
    for (unsigned i = 0; i < node.count; ++i) {
        tree_node::slot const& slot = node.slots()[i];
        if (slot.offset < node.heap || slot.offset + tree_node::record_overhead + slot.key_length > capacity)
            return false;
        std::size_t const record = tree_node::record_overhead + slot.key_length + node.payload(i).size();
        if (slot.offset + record > capacity) return false;
        records += record;
        if (i < from ? slot.key_length != 0 : slot.key_length < node.prefix) return false;
        if (i >= from && slot.head != node.head_of(node.key(i))) return false;
        if (i > from && node.key(i - 1) >= node.key(i)) return false;
        if (node.level > 0) {
            std::uint32_t const child = page_of(node.child(i));
            if (child < first_tree_page || child >= pages) return false;
        } else if (node.is_outside(i)) {
            if (node.payload(i).size() != sizeof(value_reference)) return false;
            auto const value = value_reference::of(node.payload(i));
            if (value.place < first_tree_page || value.place >= pages || value.size == 0) return false;
            if (pages_for(value.size, page_bytes) > pages - value.place) return false;
        }
    }
    if (records + node.garbage != capacity - node.heap) return false;
    if (node.count <= from) return true;
    // Keys are in order, so what the first and the last have in common all have.
    std::string_view const first = node.key(from);
    if (common_prefix(first, node.key(node.count - 1u)) < node.prefix) return false;
    std::size_t const copied = std::min<std::size_t>(node.prefix, sizeof node.prefix_copy);
    return std::memcmp(node.prefix_copy, first.data(), copied) == 0;
}

/// What is wrong with the `page_bytes` bytes at `bytes`, read from the place of the page that `word` means; empty: nothing.
inline std::string_view fault_of_page(char const* bytes, std::uint64_t word, unsigned level, std::size_t page_bytes,
                                      std::uint64_t pages) {
    if (codec::load_fixed<std::uint32_t>(bytes) != codec::crc32c({bytes + 4, page_bytes - 4})) {
        return "its checksum is wrong";
    }
    if (codec::load_fixed<std::uint32_t>(bytes + 4) != page_of(word) ||
        codec::load_fixed<std::uint32_t>(bytes + 8) != node_page_kind) {
        return "another page is in its place";
    }
    auto const& node = *reinterpret_cast<tree_node const*>(bytes + sizeof(frame));
    if (static_cast<std::uint32_t>(node.birth) != static_cast<std::uint32_t>(word >> 32)) {
        return "an older or newer state of it is in its place";
    }
    if (!is_sound(node, page_bytes - sizeof(frame), page_bytes, pages) || (level != any_level && node.level != level)) {
        return "its contents contradict each other";
    }
    return {};
}

inline error damaged_page(std::string const& path, std::uint32_t page, std::size_t page_bytes, std::string_view fault) {
    return error(errc::data_corrupted, "file \"" + path + "\" is damaged: page " + std::to_string(page) +
                                           " at offset " + std::to_string(std::uint64_t{page} * page_bytes) + ": " +
                                           std::string(fault))
        .with_hint("Restore the directory from a backup. What lies in other pages can still be read.");
}

}  // namespace phantomdb::storage
