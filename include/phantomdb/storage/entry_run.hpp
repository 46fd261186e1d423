/// @file Defines `entry_run`, neighbouring entries as a range: in a leaf of a tree as they lie there, or listed as slices.
///
/// For readers that want no list made first: what a leaf has is read in place. One type for both, so that what is compiled
/// for a reader is compiled once.
#pragma once

#include <phantomdb/storage/ordered_store.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <cstddef>
#include <iterator>
#include <span>
#include <string_view>

namespace phantomdb::storage {

/// A range of slices, borrowed from a cursor until its next call. O(1) to make and copy.
class entry_run {
public:
    /// The value of an entry of `leaf` that is kept outside of it, found by `cursor`, which lends it.
    using find_outside = std::string_view (*)(void const* cursor, tree_node const& leaf, tree_node::slot const& at);

    class iterator {
    public:
        using value_type = slice;
        using difference_type = std::ptrdiff_t;

        slice operator*() const {
            if (leaf_ == nullptr) [[unlikely]]
                return *reinterpret_cast<slice const*>(at_);
            auto const& slot = *reinterpret_cast<tree_node::slot const*>(at_);
            if (leaf_->is_outside(slot)) [[unlikely]]
                return {leaf_->key(slot), outside_(cursor_, *leaf_, slot)};
            return {leaf_->key(slot), leaf_->payload(slot)};
        }
        iterator& operator++() {
            at_ += step_;
            ahead_ -= ahead_step_;
            __builtin_prefetch(ahead_);
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(iterator const& other) const { return at_ == other.at_; }

    private:
        friend class entry_run;
        tree_node const* leaf_ = nullptr;
        char const* at_ = nullptr;
        std::ptrdiff_t step_ = 0;
        char const* ahead_ = nullptr;
        std::ptrdiff_t ahead_step_ = 0;
        void const* cursor_ = nullptr;
        find_outside outside_ = nullptr;
    };

    entry_run() = default;
    entry_run(std::span<slice const> listed) : size_(listed.size()) {  // NOLINT: a list is a run
        begin_.at_ = reinterpret_cast<char const*>(listed.data());
        begin_.step_ = sizeof(slice);
    }
    entry_run(tree_node const& leaf, unsigned first, unsigned end, void const* cursor, find_outside outside)
        : size_(end - first) {
        begin_.leaf_ = &leaf;
        begin_.at_ = reinterpret_cast<char const*>(leaf.slots() + first);
        begin_.step_ = sizeof(tree_node::slot);
        begin_.cursor_ = cursor;
        begin_.outside_ = outside;
    }
    /// Has the reader of this run ask for `leaf` on the way, from the end, where its first record mostly is. The processor
    /// does not guess this jump.
    void look_ahead(tree_node const& leaf) {
        begin_.ahead_step_ = static_cast<std::ptrdiff_t>(leaf.capacity / size_);
        begin_.ahead_ = reinterpret_cast<char const*>(&leaf) + leaf.capacity;
    }

    std::size_t size() const { return size_; }
    iterator begin() const { return begin_; }
    iterator end() const {
        iterator end = begin_;
        end.at_ += static_cast<std::ptrdiff_t>(size_) * begin_.step_;
        return end;
    }
    slice back() const {
        iterator last = begin_;
        last.at_ += (static_cast<std::ptrdiff_t>(size_) - 1) * begin_.step_;
        return *last;
    }

private:
    iterator begin_;
    std::size_t size_ = 0;
};

}  // namespace phantomdb::storage
