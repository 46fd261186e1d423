/// @file Defines `basic_cursor`, a position in one version of a `versioned_tree`.
///
/// The leaf it is on is kept in place; of the nodes above it remembers only which they are, since as long as the version lives
/// they can be found again: so an open cursor costs a cache one page.
#pragma once

#include <phantomdb/storage/btree/memory_pages.hpp>
#include <phantomdb/storage/entry_run.hpp>
#include <phantomdb/storage/ordered_store.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace phantomdb::storage {

/// Levels that a tree has at most.
inline constexpr unsigned max_tree_depth = 40;

/// Models `ordered_cursor`. O(log n) to seek, O(1) amortised to step. Does not keep the version alive.
template <class Pages>
class basic_cursor {
public:
    basic_cursor() = default;
    basic_cursor(Pages* pages, std::uint64_t root) : pages_(pages), root_(root) {}
    basic_cursor(basic_cursor const& other) { copy(other); }
    basic_cursor(basic_cursor&& other) noexcept { take(std::move(other)); }
    basic_cursor& operator=(basic_cursor const& other) {
        if (this != &other) copy(other);
        return *this;
    }
    basic_cursor& operator=(basic_cursor&& other) noexcept {
        if (this != &other) take(std::move(other));
        return *this;
    }
    ~basic_cursor() = default;

    bool valid() const { return depth_ > 0; }
    std::string_view key() const { return leaf_->key(index_); }
    std::string_view value() const { return value_of(*leaf_, index_); }
    lsn_type lsn() const { return leaf_->word(index_); }

    void seek(std::string_view key) {
        lent_.clear();
        descend(key);
        if (valid() && index_ == leaf_->count) step_leaf<true>();
    }

    void seek_before(std::string_view key) {
        lent_.clear();
        if (key.empty()) {
            depth_ = 0;
            if (root_ == 0) return;
            moving([&] {
                typename Pages::visitor visit(pages_);
                descend_edge<false>(visit, root_, visit.go(root_));
            });
        } else {
            descend(key);
            if (valid()) step_back();
        }
    }

    void next() {
        lent_.clear();
        if (++index_ == leaf_->count) step_leaf<true>();
    }
    void prev() {
        lent_.clear();
        step_back();
    }

    /// The entries from here on, up to `most`, that are below `to` and in this leaf; moves behind them. Empty: there are none.
    entry_run next_run(std::string_view to, unsigned most = 65536) {
        lent_.clear();
        if (!valid()) return {};
        unsigned const limit = end_of_run(*leaf_, to);
        if (index_ >= limit) return {};
        entry_run made(*leaf_, index_, std::min(limit, index_ + most), this,
                       [](void const* cursor, tree_node const& leaf, tree_node::slot const& at) {
                           return static_cast<basic_cursor const*>(cursor)->value_of(leaf, at);
                       });
        index_ += static_cast<unsigned>(made.size());
        if (index_ == leaf_->count) {
            lend_and_step<true>();
            if (valid()) made.look_ahead(*leaf_);
        }
        return made;
    }

    std::size_t next_chunk(std::span<slice> out, std::string_view to) {
        lent_.clear();
        std::size_t n = 0;
        while (valid() && n < out.size()) {
            tree_node const& here = *leaf_;
            unsigned const limit = end_of_run(here, to);
            if (index_ >= limit) break;
            unsigned const stop = index_ + static_cast<unsigned>(std::min<std::size_t>(limit - index_, out.size() - n));
            for (; index_ < stop; ++index_) {
                // Records are in no order that the processor would guess, so those to come are asked for in time.
                __builtin_prefetch(here.record(std::min(index_ + 8, limit - 1)));
                out[n++] = {here.key(index_), value_of(here, index_)};
            }
            if (index_ == here.count) lend_and_step<true>();
        }
        return n;
    }

    std::size_t prev_chunk(std::span<slice> out, std::string_view from) {
        lent_.clear();
        std::size_t n = 0;
        while (valid() && n < out.size()) {
            tree_node const& here = *leaf_;
            unsigned limit = 0;
            if (here.key(0) < from) limit = here.lower_bound(from).index;
            if (index_ < limit) break;
            unsigned const take = static_cast<unsigned>(std::min<std::size_t>(index_ - limit + 1, out.size() - n));
            for (unsigned i = 0; i < take; ++i) out[n++] = {here.key(index_ - i), value_of(here, index_ - i)};
            if (take == index_ + 1) {
                lend_and_step<false>();
            } else {
                index_ -= take;
            }
        }
        return n;
    }

private:
    struct step {
        std::uint64_t word;
        unsigned index;
    };

    /// The first slot of a leaf that is not below `to`. Mostly the header tells.
    static unsigned end_of_run(tree_node const& leaf, std::string_view to) {
        return to.empty() ? leaf.count : leaf.lower_bound(to).index;
    }

    std::string_view value_of(tree_node const& leaf, unsigned i) const { return value_of(leaf, leaf.slots()[i]); }
    std::string_view value_of(tree_node const& leaf, tree_node::slot const& slot) const {
        std::string_view const payload = leaf.payload(slot);
        if (!leaf.is_outside(slot)) [[likely]]
            return payload;
        typename Pages::hold hold;
        std::string_view const value = pages_->value(payload, hold);
        lent_.add(std::move(hold));
        return value;
    }

    void push(std::uint64_t word, unsigned index) {
        PHANTOMDB_HOT_ASSERT(depth_ < max_tree_depth);
        path_[depth_++] = {word, index};
    }

    /// Where reading a page fails half way, the cursor is nowhere.
    template <class Move>
    void moving(Move&& move) {
        try {
            move();
        } catch (...) {
            depth_ = 0;
            throw;
        }
    }

    void descend(std::string_view key) {
        depth_ = 0;
        if (root_ == 0) return;
        moving([&] {
            typename Pages::visitor visit(pages_);
            std::uint64_t word = root_;
            tree_node const* at = visit.go(word);
            while (at->level > 0) {
                unsigned const i = at->child_index(key);
                push(word, i);
                word = at->child(i);
                at = visit.go(word, at->level - 1u);
                at->prefetch();
            }
            settle(visit, word, at, at->lower_bound(key).index);
        });
    }

    /// Stays at slot `index` of the leaf `at`.
    void settle(typename Pages::visitor& visit, std::uint64_t word, tree_node const* at, unsigned index) {
        push(word, 0);
        leaf_hold_ = visit.keep(*at);
        leaf_ = at;
        index_ = index;
    }

    /// To the first (or last) entry below `at`.
    template <bool First>
    void descend_edge(typename Pages::visitor& visit, std::uint64_t word, tree_node const* at) {
        while (at->level > 0) {
            unsigned const i = First ? 0 : at->count - 1u;
            push(word, i);
            word = at->child(i);
            at = visit.go(word, at->level - 1u);
        }
        settle(visit, word, at, First ? 0 : at->count - 1u);
    }

    void step_back() {
        if (index_-- == 0) step_leaf<false>();
    }

    template <bool Forward>
    void lend_and_step() {
        lent_.add(std::move(leaf_hold_));
        step_leaf<Forward>();
    }

    /// To the first entry of the next leaf, or the last of the previous one; invalid where there is none.
    template <bool Forward>
    void step_leaf() {
        moving([&] { find_leaf<Forward>(); });
    }
    template <bool Forward>
    void find_leaf() {
        typename Pages::visitor visit(pages_);
        while (--depth_ > 0) {
            step& parent = path_[depth_ - 1];
            tree_node const* const at = visit.go(parent.word);
            if (Forward ? parent.index + 1u >= at->count : parent.index == 0) continue;
            parent.index += Forward ? 1u : ~0u;
            std::uint64_t const word = at->child(parent.index);
            if (at->level == 1) prefetch_sibling<Forward>(*at, parent.index);
            return descend_edge<Forward>(visit, word, visit.go(word, at->level - 1u));
        }
        leaf_hold_ = {};
    }

    /// Asks for the leaf after the one we are about to read.
    template <bool Forward>
    void prefetch_sibling(tree_node const& parent, unsigned index) {
        if (Forward ? index + 1u >= parent.count : index == 0) return;
        pages_->prefetch(parent.child(index + (Forward ? 1u : ~0u)));
    }

    void copy(basic_cursor const& other) {
        pages_ = other.pages_;
        root_ = other.root_;
        leaf_hold_ = other.leaf_hold_;
        lent_.clear();
        place(other);
    }
    void take(basic_cursor&& other) noexcept {
        pages_ = other.pages_;
        root_ = other.root_;
        leaf_hold_ = std::move(other.leaf_hold_);
        lent_ = std::move(other.lent_);
        place(other);
    }
    void place(basic_cursor const& other) {
        leaf_ = other.leaf_;
        index_ = other.index_;
        depth_ = other.depth_;
        std::copy_n(other.path_.begin(), depth_, path_.begin());
    }

    Pages* pages_ = nullptr;
    std::uint64_t root_ = 0;
    tree_node const* leaf_ = nullptr;
    unsigned index_ = 0;
    unsigned depth_ = 0;
    [[no_unique_address]] typename Pages::hold leaf_hold_;
    [[no_unique_address]] mutable typename Pages::holds lent_;  // of what was lent since the last call that moved
    std::array<step, max_tree_depth> path_;                     // only [0, depth_) is ever read
};

}  // namespace phantomdb::storage
