/// @file Defines `cow_tree`, an in-memory B+tree whose old versions can be kept by holding on to a root.
///
/// 1. Every node says in which version it was born. The writer changes a node in place when it was born in the version
///    being built; otherwise it copies the node, and its ancestors, which are on the path anyway (copy on write).
/// 2. `publish` makes the version being built the current one: from then on its nodes never change.
/// 3. A snapshot is a reference to a published version: taken and dropped from any thread in O(1), read without locks.
/// 4. A node replaced while building version r was visible in the versions [birth, r). It is freed once no live version lies in
///    there; so a long reader keeps alive the nodes it can see, and not what was written and replaced after it.
/// 5. `restore` goes back to an earlier version without copying: nodes born after it are given up, those replaced since
///    are taken back.
///
/// Threads: `snapshot()` and snapshots themselves: any. Everything else: one writer at a time.
/// A snapshot must not outlive its tree.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/storage/ordered_store.hpp>
#include <phantomdb/storage/page_pool.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// Keys longer than this are refused (54000).
inline constexpr std::size_t max_key_bytes = 8191;

/// The state of a tree between two publications.
struct tree_version {
    tree_node* root = nullptr;
    std::uint64_t number = 0;
    lsn_type lsn = 0;
    std::uint64_t keys = 0;
    std::atomic<std::uint32_t> references{0};
};

/// A position in one version of a tree. Models `ordered_cursor`. O(log n) to seek, O(1) amortised to step.
/// Does not keep the version alive.
class tree_cursor {
public:
    tree_cursor() = default;
    explicit tree_cursor(tree_node const* root) : root_(root) {}

    bool valid() const { return depth_ > 0; }
    std::string_view key() const { return leaf().at->key(leaf().index); }
    std::string_view value() const { return leaf().at->value(leaf().index); }
    lsn_type lsn() const { return leaf().at->word(leaf().index); }

    void seek(std::string_view key) {
        descend(key);
        if (valid() && leaf().index == leaf().at->count) step_leaf<true>();
    }

    void seek_before(std::string_view key) {
        if (key.empty()) {
            depth_ = 0;
            if (root_ != nullptr) descend_edge<false>(root_);
        } else {
            descend(key);
            if (valid()) prev();
        }
    }

    void next() {
        if (++leaf().index == leaf().at->count) step_leaf<true>();
    }
    void prev() {
        if (leaf().index-- == 0) step_leaf<false>();
    }

    std::size_t next_chunk(std::span<slice> out, std::string_view to) {
        std::size_t n = 0;
        while (valid() && n < out.size()) {
            step& here = leaf();
            unsigned limit = here.at->count;
            if (!to.empty() && here.at->key(limit - 1) >= to) limit = here.at->lower_bound(to).index;
            if (here.index >= limit) break;
            unsigned const stop =
                here.index + static_cast<unsigned>(std::min<std::size_t>(limit - here.index, out.size() - n));
            for (; here.index < stop; ++here.index) {
                // Records are in no order that the processor would guess, so those to come are asked for in time.
                __builtin_prefetch(here.at->record(std::min(here.index + 8, limit - 1)));
                out[n++] = {here.at->key(here.index), here.at->value(here.index)};
            }
            if (here.index == here.at->count) step_leaf<true>();
        }
        return n;
    }

    std::size_t prev_chunk(std::span<slice> out, std::string_view from) {
        std::size_t n = 0;
        while (valid() && n < out.size()) {
            step& here = leaf();
            unsigned limit = 0;
            if (here.at->key(0) < from) limit = here.at->lower_bound(from).index;
            if (here.index < limit) break;
            unsigned take = static_cast<unsigned>(std::min<std::size_t>(here.index - limit + 1, out.size() - n));
            bool const whole = take == here.index + 1;
            for (; take > 1; --take, --here.index) out[n++] = {here.at->key(here.index), here.at->value(here.index)};
            out[n++] = {here.at->key(here.index), here.at->value(here.index)};
            if (whole) {
                step_leaf<false>();
            } else {
                --here.index;
            }
        }
        return n;
    }

private:
    struct step {
        tree_node const* at;
        unsigned index;
    };
    static constexpr unsigned max_depth = 24;

    step& leaf() { return path_[depth_ - 1]; }
    step const& leaf() const { return path_[depth_ - 1]; }

    void push(tree_node const* at, unsigned index) {
        PHANTOMDB_HOT_ASSERT(depth_ < max_depth);
        path_[depth_++] = {at, index};
    }

    void descend(std::string_view key) {
        depth_ = 0;
        tree_node const* at = root_;
        if (at == nullptr) return;
        while (at->level > 0) {
            unsigned const i = at->child_index(key);
            push(at, i);
            at = at->child(i);
        }
        push(at, at->lower_bound(key).index);
    }

    /// To the first (or last) entry below `at`.
    template <bool First>
    void descend_edge(tree_node const* at) {
        for (; at->level > 0; at = at->child(leaf().index)) push(at, First ? 0 : at->count - 1u);
        push(at, First ? 0 : at->count - 1u);
    }

    /// To the first entry of the next leaf, or the last of the previous one; invalid where there is none.
    template <bool Forward>
    void step_leaf() {
        while (--depth_ > 0) {
            step& parent = leaf();
            if (Forward ? parent.index + 1u < parent.at->count : parent.index > 0) {
                parent.index += Forward ? 1u : ~0u;
                if (parent.at->level == 1) prefetch_sibling<Forward>(parent);
                return descend_edge<Forward>(parent.at->child(parent.index));
            }
        }
    }

    /// Asks for the leaf after the one we are about to read.
    template <bool Forward>
    static void prefetch_sibling(step const& parent) {
        if (Forward ? parent.index + 1u >= parent.at->count : parent.index == 0) return;
        parent.at->child(parent.index + (Forward ? 1u : ~0u))->prefetch();
    }

    tree_node const* root_ = nullptr;
    unsigned depth_ = 0;
    std::array<step, max_depth> path_;  // only [0, depth_) is ever read
};

/// A reference to one version of a tree. Models `store_snapshot`.
class tree_snapshot {
public:
    tree_snapshot() = default;
    explicit tree_snapshot(tree_version* counted) : version_(counted) {}
    tree_snapshot(tree_snapshot const& other) noexcept : version_(other.version_) {
        if (version_ != nullptr) version_->references.fetch_add(1, std::memory_order_relaxed);
    }
    tree_snapshot(tree_snapshot&& other) noexcept : version_(std::exchange(other.version_, nullptr)) {}
    tree_snapshot& operator=(tree_snapshot other) noexcept {
        std::swap(version_, other.version_);
        return *this;
    }
    ~tree_snapshot() {
        if (version_ != nullptr) version_->references.fetch_sub(1, std::memory_order_release);
    }

    explicit operator bool() const { return version_ != nullptr; }
    lsn_type lsn() const { return version_->lsn; }
    std::uint64_t size() const { return version_->keys; }
    tree_cursor cursor() const { return tree_cursor(version_->root); }
    tree_version const* version() const { return version_; }

    /// O(log n).
    std::optional<stored_value> get(std::string_view key) const { return find(version_->root, key); }

    /// `get` for many keys at once: the reads of all of them are in flight together, so that each costs a fraction.
    void get_many(std::span<std::string_view const> keys, std::span<std::optional<stored_value>> out) const {
        constexpr std::size_t together = 16;
        for (std::size_t begin = 0; begin < keys.size(); begin += together) {
            std::size_t const n = std::min(together, keys.size() - begin);
            find_together(keys.subspan(begin, n), out.subspan(begin, n));
        }
    }

    /// Keys in [from, to), exactly. O(log n) steps over the slots of a node.
    std::uint64_t count(std::string_view from, std::string_view to) const {
        std::uint64_t const end = to.empty() ? version_->keys : rank(to);
        std::uint64_t const begin = from.empty() ? 0 : rank(from);
        return end > begin ? end - begin : 0;
    }

    static std::optional<stored_value> find(tree_node const* at, std::string_view key) {
        if (at == nullptr) return std::nullopt;
        while (at->level > 0) {
            at = at->child(at->child_index(key));
            at->prefetch();
        }
        unsigned const i = at->find(key);
        if (i == at->count) return std::nullopt;
        return stored_value{at->value(i), at->word(i), {}};
    }

private:
    void find_together(std::span<std::string_view const> keys, std::span<std::optional<stored_value>> out) const {
        std::array<tree_node const*, 16> at;
        std::array<unsigned, 16> slot;
        if (version_->root == nullptr) return std::fill(out.begin(), out.end(), std::nullopt);
        at.fill(version_->root);
        for (unsigned level = version_->root->level; level > 0; --level) {  // all leaves are equally deep
            for (std::size_t i = 0; i < keys.size(); ++i) {
                at[i] = at[i]->child(at[i]->child_index(keys[i]));
                at[i]->prefetch();
            }
        }
        for (std::size_t i = 0; i < keys.size(); ++i) slot[i] = at[i]->prefetch_record(keys[i]);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            unsigned const found = at[i]->find_from(slot[i], keys[i]);
            out[i].reset();
            if (found != at[i]->count) out[i] = stored_value{at[i]->value(found), at[i]->word(found), {}};
        }
    }

    std::uint64_t rank(std::string_view key) const {
        tree_node const* at = version_->root;
        if (at == nullptr) return 0;
        std::uint64_t below = 0;
        while (at->level > 0) {
            unsigned const i = at->child_index(key);
            for (unsigned left = 0; left < i; ++left) below += at->length(left);
            at = at->child(i);
        }
        return below + at->lower_bound(key).index;
    }

    tree_version* version_ = nullptr;
};

class cow_tree {
public:
    static constexpr std::uint32_t page_bytes = 4096;
    static constexpr std::uint32_t first_page_bytes = 512;
    static constexpr std::size_t inline_value_bytes = 1024;

    cow_tree() {
        path_.reserve(32);
        publish(0);
    }
    cow_tree(cow_tree const&) = delete;
    cow_tree& operator=(cow_tree const&) = delete;
    ~cow_tree() {
        if (root_ != nullptr) free_subtree(root_);
        for (retired const& r : retired_) release(r.memory, r.page);
    }

    /// Sets `key` to `value` in the version being built; `lsn` is kept beside the value. O(log n).
    /// Throws program_limit_exceeded for keys beyond `max_key_bytes`.
    void put(std::string_view key, std::string_view value, lsn_type lsn) {
        if (key.size() > max_key_bytes) {
            throw error(errc::program_limit_exceeded, "index row size " + std::to_string(key.size()) +
                                                          " exceeds maximum " + std::to_string(max_key_bytes))
                .with_hint("Index a hash of the value, or a prefix of it, instead of the value.");
        }
        reserve_retired();
        dirty_ = true;
        outsized* const outside = value.size() > inline_value_bytes ? outsized::make(building_, value) : nullptr;
        if (outside != nullptr) allocated_ += value.size();
        std::string_view const payload =
            outside == nullptr ? value : std::string_view(reinterpret_cast<char const*>(&outside), sizeof outside);
        auto const length = static_cast<std::uint32_t>(outside == nullptr ? value.size() : tree_node::outsized_flag);
        try {
            while (!try_put(key, lsn, length, payload)) make_room(tree_node::need(key.size(), payload.size()));
        } catch (...) {  // no memory, and the value is in no node yet
            if (outside != nullptr) release(outside, 0);
            throw;
        }
    }

    /// Removes `key` from the version being built; nothing happens where it is absent. O(log n).
    void erase(std::string_view key) {
        if (!get(key)) return;
        reserve_retired();
        dirty_ = true;
        tree_node* const leaf = descend(key);
        unsigned const i = leaf->lower_bound(key).index;
        if (outsized* const value = leaf->outside(i)) give_up(value, value->birth, 0);
        leaf->erase(i);
        --keys_;
        add_to_path(-1);
        shrink();
    }

    /// Removes the keys in [from, to) from the version being built; empty `to`: to the end. O(keys removed × log n).
    void erase_span(std::string_view from, std::string_view to) {
        std::string key;
        for (;;) {
            tree_cursor at(root_);
            at.seek(from);
            if (!at.valid() || (!to.empty() && at.key() >= to)) return;
            key = at.key();
            erase(key);
        }
    }

    /// What the version being built has under `key`; borrowed until the next change.
    std::optional<stored_value> get(std::string_view key) const { return tree_snapshot::find(root_, key); }
    std::uint64_t size() const { return keys_; }

    /// Makes the version being built the current one, known as `lsn`.
    void publish(lsn_type lsn) {
        if (std::size_t const all = spare_versions_.size() + versions_.size() + 1; spare_versions_.capacity() < all)
            spare_versions_.reserve(2 * all);
        auto made = take_version();
        made->root = root_;
        made->number = building_;
        made->lsn = lsn;
        made->keys = keys_;
        made->references.store(1, std::memory_order_relaxed);  // the tree's own
        tree_version* replaced = nullptr;
        versions_.push_back(std::move(made));
        {
            std::lock_guard const hold(current_mutex_);
            replaced = std::exchange(current_, versions_.back().get());
        }
        if (replaced != nullptr) replaced->references.fetch_sub(1, std::memory_order_release);
        ++building_;
        dirty_ = false;
        reclaim();
    }

    /// Whether anything changed since the last publication.
    bool is_dirty() const { return dirty_; }

    /// The current version. Any thread.
    tree_snapshot snapshot() const {
        std::lock_guard const hold(current_mutex_);
        current_->references.fetch_add(1, std::memory_order_relaxed);
        return tree_snapshot(current_);
    }

    /// Makes the version being built equal to `earlier`, one of this tree's own. Snapshots taken since stay as they are.
    /// O(nodes changed since).
    void restore(tree_snapshot const& earlier) {
        std::uint64_t const kept = earlier.version()->number;
        give_up_since(root_, kept);
        std::erase_if(retired_, [&](retired const& r) { return r.birth <= kept && r.until > kept; });
        root_ = earlier.version()->root;
        keys_ = earlier.version()->keys;
        dirty_ = true;
    }

    /// Bytes of nodes and outsized values, replaced ones that snapshots still see included.
    std::uint64_t memory_bytes() const { return allocated_; }

private:
    struct retired {
        void* memory;
        std::uint64_t birth, until;  ///< seen by the versions [birth, until)
        std::uint32_t page;          ///< capacity of a node; 0: an outsized value
    };
    struct step {
        tree_node* at;
        unsigned index;
    };

    // ---- the path from the root to a leaf, owned by the version being built ----

    tree_node* descend(std::string_view key) {
        path_.clear();
        root_ = own(root_);
        tree_node* at = root_;
        while (at->level > 0) {
            unsigned const i = at->child_index(key);
            tree_node* const child = own(at->child(i));
            at->set_child(i, child);
            path_.push_back({at, i});
            at = child;
        }
        path_.push_back({at, 0});
        return at;
    }

    tree_node* own(tree_node* node) {
        if (node->birth == building_) return node;
        tree_node* const copy = make_node(node->capacity, node->level);
        std::size_t const low = sizeof(tree_node) + node->count * sizeof(tree_node::slot);
        std::memcpy(static_cast<void*>(copy), node, low);
        std::memcpy(reinterpret_cast<char*>(copy) + node->heap, reinterpret_cast<char const*>(node) + node->heap,
                    node->capacity - node->heap);
        copy->birth = building_;
        give_up(node, node->birth, node->capacity);
        return copy;
    }

    void add_to_path(int keys) {
        for (std::size_t i = 0; i + 1 < path_.size(); ++i) {
            step const& s = path_[i];
            s.at->set_subtree(s.index, s.at->length(s.index) + static_cast<std::uint64_t>(std::int64_t{keys}));
        }
    }

    bool try_put(std::string_view key, lsn_type lsn, std::uint32_t length, std::string_view payload) {
        if (root_ == nullptr) root_ = make_node(first_page_bytes, 0);
        tree_node* const leaf = descend(key);
        tree_node::found const place = leaf->lower_bound(key);
        path_.back().index = place.index;
        if (!place.exact) {
            if (!leaf->fits(tree_node::need(key.size(), payload.size()))) return false;
            leaf->insert(place.index, key, lsn, length, payload);
            ++keys_;
            add_to_path(1);
            return true;
        }
        outsized* const old = leaf->outside(place.index);
        if (!leaf->replace(place.index, lsn, length, payload)) {
            if (leaf->used() - leaf->weight(place.index) + tree_node::need(key.size(), payload.size()) >
                leaf->capacity) {
                return false;
            }
            leaf->erase(place.index);
            leaf->insert(place.index, key, lsn, length, payload);
        }
        if (old != nullptr) give_up(old, old->birth, 0);
        return true;
    }

    /// After a failed `try_put`: grows or splits the leaf at the end of the path, or a node above it that has to go first.
    void make_room(std::size_t bytes) {
        std::size_t depth = path_.size() - 1;
        for (;; --depth) {
            tree_node* const node = path_[depth].at;
            if (node->capacity < page_bytes || node->count < 4) return grow(depth, bytes);
            unsigned const middle = split_point(*node, path_[depth].index);
            std::string_view const separator = separator_of(*node, middle);
            if (depth == 0) return split_root(middle, separator);
            if (path_[depth - 1].at->fits(tree_node::need(separator.size(), 0))) return split(depth, middle, separator);
            bytes = tree_node::need(separator.size(), 0);
        }
    }

    void grow(std::size_t depth, std::size_t bytes) {
        tree_node* const node = path_[depth].at;
        std::size_t capacity = std::max<std::size_t>(node->capacity * 2, node->used() + bytes);
        if (node->capacity < page_bytes && capacity > page_bytes && node->used() + bytes <= page_bytes)
            capacity = page_bytes;
        capacity = std::min<std::size_t>((capacity + 63) & ~std::size_t{63}, 65536);
        PHANTOMDB_ASSERT(capacity >= node->used() + bytes);
        tree_node* const larger = make_node(static_cast<std::uint32_t>(capacity), node->level);
        larger->take(*node, 0, node->count);
        replace_on_path(depth, larger);
        give_up(node, node->birth, node->capacity);
    }

    void replace_on_path(std::size_t depth, tree_node* node) {
        if (depth == 0) {
            root_ = node;
        } else {
            path_[depth - 1].at->set_child(path_[depth - 1].index, node);
        }
    }

    /// First slot of the right half: half the bytes, or where keys come in rising order all but the last.
    static unsigned split_point(tree_node const& node, unsigned insert_at) {
        if (insert_at + (node.level > 0 ? 1u : 0u) >= node.count && node.appended != 0) return node.count - 1u;
        std::size_t const half = (node.used() - sizeof(tree_node)) / 2;
        std::size_t left = 0;
        unsigned i = 0;
        while (i < node.count - 1u && left < half) left += node.weight(i++);
        return std::max(i, 1u);
    }

    /// The shortest key that is above slot `middle - 1` and not above slot `middle`; an inner node's own key there.
    static std::string_view separator_of(tree_node const& node, unsigned middle) {
        std::string_view const right = node.key(middle);
        if (node.level > 0) return right;
        return right.substr(0, common_prefix(node.key(middle - 1), right) + 1);
    }

    void split(std::size_t depth, unsigned middle, std::string_view separator) {
        step const parent = path_[depth - 1];
        tree_node* const left = path_[depth].at;
        tree_node* const right = make_node(std::max(left->capacity, page_bytes), left->level);
        right->take(*left, middle, left->count);
        parent.at->insert(parent.index + 1, separator, reinterpret_cast<std::uint64_t>(right), 0, {});
        parent.at->set_subtree(parent.index + 1, right->subtree_keys());
        left->drop_tail(middle);
        left->appended = 0;
        parent.at->set_subtree(parent.index, left->subtree_keys());
    }

    void split_root(unsigned middle, std::string_view separator) {
        tree_node* const root = make_node(page_bytes, static_cast<std::uint16_t>(root_->level + 1));
        root->insert(0, {}, reinterpret_cast<std::uint64_t>(root_), 0, {});
        path_.insert(path_.begin(), {root, 0});
        root_ = root;
        if (!root->fits(tree_node::need(separator.size(), 0))) grow(0, tree_node::need(separator.size(), 0));
        path_[0].at = root_;
        split(1, middle, separator);
    }

    /// After an erasure at the end of the path: removes empty nodes, joins thin ones with a neighbour, lowers the root.
    void shrink() {
        for (std::size_t depth = path_.size() - 1; depth > 0; --depth) {
            tree_node* const node = path_[depth].at;
            step const parent = path_[depth - 1];
            if (node->count == 0) {
                parent.at->erase(parent.index);
                give_up(node, node->birth, node->capacity);
            } else if (node->used() >= page_bytes / 4 || parent.at->count < 2) {
                break;
            } else if (parent.index + 1u < parent.at->count) {
                if (!join(parent.at, parent.index)) break;
            } else if (!join(parent.at, parent.index - 1)) {
                break;
            }
        }
        while (root_ != nullptr && root_->level > 0 && root_->count == 1) {
            tree_node* const only = root_->child(0);
            give_up(root_, root_->birth, root_->capacity);
            root_ = only;
        }
        if (root_ != nullptr && root_->count == 0) {
            give_up(root_, root_->birth, root_->capacity);
            root_ = nullptr;
        }
    }

    /// Moves child i + 1 into child i where both fill three quarters of a page at most.
    bool join(tree_node* parent, unsigned i) {
        tree_node* const right = parent->child(i + 1);
        std::string_view const separator = parent->key(i + 1);
        std::size_t const bytes = right->used() - sizeof(tree_node) + (right->level > 0 ? separator.size() : 0);
        tree_node* left = parent->child(i);
        if (left->used() + bytes > page_bytes * 3 / 4 || left->capacity < page_bytes) return false;
        left = own(left);
        parent->set_child(i, left);
        left->take(*right, 0, right->count, right->level > 0 ? &separator : nullptr);
        parent->set_subtree(i, std::uint64_t{parent->length(i)} + parent->length(i + 1));
        parent->erase(i + 1);
        give_up(right, right->birth, right->capacity);
        return true;
    }

    // ---- memory ----

    tree_node* make_node(std::uint32_t capacity, std::uint16_t level) {
        tree_node* const made = capacity == page_bytes ? tree_node::at(pages_.take(), capacity, level, building_)
                                                       : tree_node::make(capacity, level, building_);
        allocated_ += capacity;
        return made;
    }

    /// Memory for what one change gives up, so that giving up takes none and a change that finds no memory leaves a sound tree.
    void reserve_retired() {
        constexpr std::size_t most = 64;  // a node a level, its neighbour, and a value
        if (retired_.capacity() - retired_.size() < most)
            retired_.reserve(std::max(retired_.size() + most, 2 * retired_.capacity()));
    }

    /// Frees `memory` now where no version can have seen it, else later.
    void give_up(void* memory, std::uint64_t birth, std::uint32_t page) {
        if (birth == building_) {
            release(memory, page);
        } else {
            retired_.push_back({memory, birth, building_, page});
        }
    }

    void release(void* memory, std::uint32_t page) {
        allocated_ -= page == 0 ? static_cast<outsized*>(memory)->size : page;
        if (page == page_bytes) {
            pages_.give_back(memory);
        } else {
            std::free(memory);
        }
    }

    /// Gives up what is reachable from `node` and was born after version `kept`.
    void give_up_since(tree_node* node, std::uint64_t kept) {
        if (node == nullptr || node->birth <= kept) return;
        for (unsigned i = 0; i < node->count; ++i) {
            if (node->level > 0) {
                give_up_since(node->child(i), kept);
            } else if (outsized* const value = node->outside(i); value != nullptr && value->birth > kept) {
                give_up(value, value->birth, 0);
            }
        }
        give_up(node, node->birth, node->capacity);
    }

    void free_subtree(tree_node* node) {
        for (unsigned i = 0; i < node->count; ++i) {
            if (node->level > 0) {
                free_subtree(node->child(i));
            } else {
                std::free(node->outside(i));
            }
        }
        if (node->capacity != page_bytes) std::free(node);
    }

    std::unique_ptr<tree_version> take_version() {
        if (spare_versions_.empty()) return std::make_unique<tree_version>();
        auto version = std::move(spare_versions_.back());
        spare_versions_.pop_back();
        return version;
    }

    /// Drops versions without a reference, and frees what no remaining version sees. O(1) amortised.
    void reclaim() {
        for (std::size_t i = 0; i < versions_.size();) {
            if (versions_[i]->references.load(std::memory_order_acquire) != 0) {
                ++i;
                continue;
            }
            spare_versions_.push_back(std::move(versions_[i]));
            versions_.erase(versions_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (retired_.size() < reclaim_at_) return;
        std::erase_if(retired_, [&](retired const& r) {
            auto const seen =
                std::lower_bound(versions_.begin(), versions_.end(), r.birth,
                                 [](auto const& version, std::uint64_t b) { return version->number < b; });
            if (seen != versions_.end() && (*seen)->number < r.until) return false;
            release(r.memory, r.page);
            return true;
        });
        reclaim_at_ = std::max<std::size_t>(64, retired_.size() * 2);
    }

    tree_node* root_ = nullptr;
    std::uint64_t building_ = 1;
    std::uint64_t keys_ = 0;
    std::uint64_t allocated_ = 0;
    bool dirty_ = false;
    std::vector<step> path_;
    std::vector<retired> retired_;
    page_pool<page_bytes> pages_;
    std::size_t reclaim_at_ = 64;
    std::vector<std::unique_ptr<tree_version>> versions_;  // by number; the last is the current one
    std::vector<std::unique_ptr<tree_version>> spare_versions_;
    mutable std::mutex current_mutex_;
    tree_version* current_ = nullptr;
};

}  // namespace phantomdb::storage
