/// @file Defines `memory_pages`, the pages of a tree that lives in memory alone and for a while: a transaction's write set.
///
/// Small trees stay small: a tree begins with a node of `first_node_bytes` and its nodes double up to `node_bytes`; a node
/// with long keys may grow beyond. The word of a child is its address, the reference of an outside value too.
#pragma once

#include <phantomdb/storage/byte_pin.hpp>
#include <phantomdb/storage/page_pool.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace phantomdb::storage {

/// Something a tree gives up: a node, or a value outside.
struct tree_piece {
    std::uint64_t word = 0;  ///< which; as the pages understand it
    std::uint32_t size = 0;  ///< as the pages understand it
    bool is_value = false;
};

/// A value too large for a node.
struct outsized {
    std::uint64_t birth;  ///< the tree version that made it
    std::uint64_t size;

    std::string_view value() const { return {reinterpret_cast<char const*>(this + 1), size}; }
};

/// What keeps a node in place where nothing ever moves.
struct no_hold {
    static void add(no_hold) {}
    static void clear() {}
};

/// Model of what `versioned_tree` asks of its pages; see there. One writer at a time; reading from any thread.
class memory_pages {
public:
    static constexpr std::uint32_t node_bytes = 4096;
    static constexpr std::uint32_t first_node_bytes = 512;
    static constexpr std::size_t inline_value_bytes = 1024;
    static constexpr std::size_t reference_bytes = sizeof(outsized*);
    static constexpr bool grows = true;
    static constexpr std::size_t longest_key = max_key_bytes;

    using hold = no_hold;
    using holds = no_hold;

    class visitor {
    public:
        explicit visitor(memory_pages*) {}
        static tree_node const* go(std::uint64_t word, unsigned = 0) { return node(word); }
        static void go_all(std::span<std::uint64_t const> words, unsigned, std::span<tree_node const*> out, holds&) {
            for (std::size_t i = 0; i < words.size(); ++i) out[i] = node(words[i]);
        }
        static hold keep(tree_node const&) { return {}; }
    };

    static tree_node* node(std::uint64_t word) { return reinterpret_cast<tree_node*>(word); }

    // ---- reading ----

    static std::string_view value(std::string_view reference, hold&) { return at(reference)->value(); }
    static void prefetch(std::uint64_t word) { node(word)->prefetch(); }
    static void prefetch_header(std::uint64_t word) {
        __builtin_prefetch(node(word));
        __builtin_prefetch(reinterpret_cast<char const*>(node(word)) + 64);
    }

    // ---- writing ----

    struct made {
        std::uint64_t word;
        tree_node* node;
    };
    struct owned {
        std::uint64_t word;
        tree_node* node;
        std::uint64_t birth;  ///< of what `node` is a copy of; the version being built where it is none
        tree_piece replaced;
    };

    /// Whether `release_born` knows what was born since the last publication; otherwise the tree looks for it.
    static constexpr bool knows_born() { return false; }
    static constexpr void release_born() {}
    static constexpr bool prepare(std::size_t) { return false; }
    static constexpr void prepare_more() {}
    void publish(std::uint64_t) {}

    made make(std::uint32_t capacity, std::uint16_t level, std::uint64_t birth) {
        void* const memory = capacity == node_bytes ? pages_.take() : allocate(capacity);
        allocated_ += capacity;
        tree_node* const fresh = tree_node::at(memory, capacity, level, birth);
        return {reinterpret_cast<std::uint64_t>(fresh), fresh};
    }
    /// The node itself where version `building` made it, else a copy.
    owned own(std::uint64_t word, std::uint64_t building) {
        tree_node* const old = node(word);
        if (old->birth == building) return {word, old, building, {}};
        made const copy = make(old->capacity, old->level, building);
        copy.node->copy_from(*old);
        return {copy.word, copy.node, old->birth, piece(word, *old)};
    }
    static tree_piece piece(std::uint64_t word, tree_node const& node) { return {word, node.capacity, false}; }
    static tree_piece leaf_piece(std::uint64_t word) { return piece(word, *node(word)); }
    /// When the node was made.
    static std::uint64_t birth(std::uint64_t word, std::uint64_t) { return node(word)->birth; }

    /// Keeps `value` outside and writes the reference to it.
    void make_value(std::string_view value, std::uint64_t birth, char* reference) {
        auto* const outside = static_cast<outsized*>(allocate(sizeof(outsized) + value.size()));
        *outside = {birth, value.size()};
        std::memcpy(static_cast<void*>(outside + 1), value.data(), value.size());
        allocated_ += value.size();
        std::memcpy(reference, &outside, sizeof outside);
    }
    static tree_piece value_piece(std::string_view reference) {
        return {reinterpret_cast<std::uint64_t>(at(reference)), 0, true};
    }
    static std::uint64_t value_birth(std::string_view reference) { return at(reference)->birth; }

    /// Frees what no version sees any more.
    void release(tree_piece const& piece) {
        if (piece.is_value) {
            auto* const value = reinterpret_cast<outsized*>(piece.word);
            allocated_ -= value->size;
            std::free(value);
            return;
        }
        allocated_ -= piece.size;
        if (piece.size == node_bytes) {
            pages_.give_back(node(piece.word));
        } else {
            std::free(node(piece.word));
        }
    }
    /// Frees everything below `root`: the tree goes.
    void release_tree(std::uint64_t root) {
        tree_node* const at = node(root);
        for (unsigned i = 0; i < at->count; ++i) {
            if (at->level > 0) {
                release_tree(at->child(i));
            } else if (at->is_outside(i)) {
                release(value_piece(at->payload(i)));
            }
        }
        release(piece(root, *at));
    }

    std::uint64_t memory_bytes() const { return allocated_; }

private:
    static outsized* at(std::string_view reference) {
        outsized* at;
        std::memcpy(&at, reference.data(), sizeof at);
        return at;
    }
    static void* allocate(std::size_t bytes) {
        void* const memory = std::malloc(bytes);
        if (memory == nullptr) throw std::bad_alloc();
        return memory;
    }

    std::uint64_t allocated_ = 0;
    page_pool<node_bytes> pages_;
};

}  // namespace phantomdb::storage
