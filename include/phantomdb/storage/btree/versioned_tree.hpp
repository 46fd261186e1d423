/// @file Defines `versioned_tree`, a B+tree whose old versions can be kept by holding on to a snapshot.
///
/// 1. Every node says in which version it was born. The writer changes a node in place when it was born in the version
///    being built; otherwise it copies the node, and its ancestors, which are on the path anyway (copy on write).
/// 2. `publish` makes the version being built the current one: from then on its nodes never change.
/// 3. A snapshot is a reference to a published version: taken and dropped from any thread in O(1), read without locks.
/// 4. A node replaced while building version r was visible in the versions [birth, r). It is freed once no live version lies in
///    there; so a long reader keeps alive the nodes it can see, and not what was written and replaced after it. Until then
///    it is listed with the newest live version that sees it: when that one dies, it passes to the next older one, or goes
///    (`tree_versions.hpp`).
/// 5. `restore` goes back to an earlier version without copying: nodes born after it are given up, those replaced since
///    are taken back.
///
/// 6. Where memory runs out, `put` and `erase` leave the tree as it was, and `publish` leaves the version being built unpublished.
///    What gives back (`restore`, `reclaim`) takes no memory that it could not do without. A span that could not be erased whole,
///    and a page that could not be read, leave the version being built in between: it must be restored.
///
/// Where nodes live is the business of `Pages`: `memory_pages`, or `cached_pages` over a file. A node is known by a word,
/// never 0, that its parent keeps; `Pages::visitor` finds a node by its word and keeps it in place.
///
/// Threads: `snapshot()` and snapshots themselves: any. Everything else: one writer at a time.
/// A snapshot must not outlive its tree.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/storage/btree/memory_pages.hpp>
#include <phantomdb/storage/btree/node_cut.hpp>
#include <phantomdb/storage/btree/tree_cursor.hpp>
#include <phantomdb/storage/btree/tree_snapshot.hpp>
#include <phantomdb/storage/btree/tree_versions.hpp>
#include <phantomdb/storage/ordered_store.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::storage {

template <class Pages>
class versioned_tree {
public:
    using version_type = tree_version<Pages>;
    using snapshot_type = basic_snapshot<Pages>;
    using cursor_type = basic_cursor<Pages>;

    /// An empty tree over pages made of `arguments`.
    template <class... Arguments>
    explicit versioned_tree(Arguments&&... arguments) : pages_(std::forward<Arguments>(arguments)...) {
        publish(0);
    }
    versioned_tree(versioned_tree const&) = delete;
    versioned_tree& operator=(versioned_tree const&) = delete;
    ~versioned_tree() {
        if (root_ != 0) pages_.release_tree(root_);
        versions_.release_all(pages_);
    }

    Pages& pages() { return pages_; }
    Pages const& pages() const { return pages_; }

    /// Becomes the tree that was published as version `number` and stored. Before anything else is done with it.
    void adopt(std::uint64_t root, std::uint64_t number, lsn_type lsn, std::uint64_t keys) {
        root_ = root;
        versions_.begin_at(number);
        keys_ = keys;
        publish(lsn);
    }

    /// Sets `key` to `value` in the version being built; `lsn` is kept beside the value. O(log n).
    /// Throws program_limit_exceeded for keys beyond `Pages::longest_key`.
    void put(std::string_view key, std::string_view value, lsn_type lsn) {
        if (key.size() > Pages::longest_key) {
            throw error(errc::program_limit_exceeded, "index row size " + std::to_string(key.size()) +
                                                          " exceeds maximum " + std::to_string(Pages::longest_key))
                .with_hint("Index a hash of the value, or a prefix of it, instead of the value.");
        }
        reserve_retired();
        dirty_ = true;
        if (pages_.prepare(path_.size())) at_end_ = false;
        if (value.size() <= Pages::inline_value_bytes) {
            if (at_end_ && append(key, lsn, static_cast<std::uint32_t>(value.size()), value)) return;
            put_payload(key, lsn, static_cast<std::uint32_t>(value.size()), value);
            return;
        }
        std::array<char, Pages::reference_bytes> reference;
        std::string_view const payload(reference.data(), reference.size());
        pages_.make_value(value, building(), reference.data());
        try {
            put_payload(key, lsn, static_cast<std::uint32_t>(reference.size()) | tree_node::outside_flag, payload);
        } catch (...) {
            pages_.release(Pages::value_piece(payload));
            throw;
        }
    }

    /// Removes `key` from the version being built; nothing happens where it is absent. O(log n).
    void erase(std::string_view key) {
        if (!get(key)) return;
        reserve_retired();
        dirty_ = true;
        pages_.prepare(path_.size());
        tree_node* const leaf = descend(key);
        unsigned const i = leaf->lower_bound(key).index;
        give_up_value(*leaf, i);
        leaf->erase(i);
        --keys_;
        add_to_path(-1);
        shrink();
    }

    /// Removes the keys in [from, to) from the version being built; empty `to`: to the end. Subtrees within the span go as
    /// a whole: O(their pages), without a look at their keys.
    void erase_span(std::string_view from, std::string_view to) {
        if (root_ == 0 || (!to.empty() && to <= from)) return;
        cursor_type at(&pages_, root_);
        at.seek(from);
        if (!at.valid() || (!to.empty() && at.key() >= to)) return;
        at = {};
        reserve_retired();
        // Where what was born is found by walking through the tree, nothing in it may have been given up when memory runs out.
        if (!pages_.knows_born()) reserve_retired(count_pieces(root_, from, to));
        dirty_ = true;
        at_end_ = false;
        pages_.prepare(2 * path_.size());
        tree_node* const root = own(root_);
        keys_ -= prune(*root, from, to);
        settle_root();
        if (root_ == 0) return;
        // What is left on both sides of the span may be thin.
        descend(from);
        shrink();
        if (root_ != 0 && !to.empty()) {
            descend(to);
            shrink();
        }
    }

    /// What the version being built has under `key`; borrowed until the next change.
    std::optional<stored_value> get(std::string_view key) const { return snapshot_type::find(&pages_, root_, key); }
    std::uint64_t size() const { return keys_; }

    /// Makes the version being built the current one, known as `lsn`. Where memory runs out, nothing has changed.
    void publish(lsn_type lsn) {
        versions_.publish(pages_, root_, keys_, lsn);
        dirty_ = false;
        at_end_ = false;
        reclaim();
    }

    /// Whether anything changed since the last publication.
    bool is_dirty() const { return dirty_; }

    /// The current version. Any thread, lock-free.
    snapshot_type snapshot() const { return versions_.snapshot(); }

    /// Makes the version being built equal to `earlier`, one of this tree's own. Snapshots taken since stay as they are.
    /// O(nodes changed since). Where memory runs out, nothing has changed; where nothing was published since `earlier`, it never does.
    void restore(snapshot_type const& earlier) {
        std::uint64_t const kept = earlier.version()->number;
        if (kept + 1 == building() && pages_.knows_born()) {
            pages_.release_born();
        } else if (root_ != 0) {
            if (kept + 1 != building()) reserve_retired(count_since(root_, kept));
            give_up_since(root_, kept);
        }
        versions_.take_back(kept);
        root_ = earlier.version()->root;
        keys_ = earlier.version()->keys;
        dirty_ = true;
        at_end_ = false;
    }

    /// Undoes what was changed since the last publication. For trees in memory, and pages that know what was born.
    void discard() noexcept {
        if (!dirty_) return;
        restore(snapshot());
        dirty_ = false;
    }

    /// Memory for so many more `retire`.
    void reserve_retired(std::size_t more) { versions_.reserve(more); }

    /// Keeps `piece`, which is in no node, for the versions from `birth` on and before the current one, then frees it.
    void retire(tree_piece const& piece, std::uint64_t birth) { versions_.retire(piece, birth); }

    /// Calls `visit(piece)` with what versions before the current one see and the current one does not.
    template <class Visit>
    void for_each_kept(Visit&& visit) const {
        versions_.for_each_kept(visit);
    }

    /// Frees what nobody sees any more now, instead of at the next publication. What there is no memory to do waits for the next time.
    void reclaim() noexcept { versions_.reclaim(pages_); }

    /// Bytes of nodes and outside values, replaced ones that snapshots still see included.
    std::uint64_t memory_bytes() const { return pages_.memory_bytes(); }

private:
    struct step {
        tree_node* at;
        unsigned index;
    };
    /// Steps from the root down, without memory of their own.
    class steps {
    public:
        std::size_t size() const { return size_; }
        step* begin() { return all_.data(); }
        step* end() { return all_.data() + size_; }
        step& operator[](std::size_t i) { return all_[i]; }
        step& back() { return all_[size_ - 1]; }
        void clear() { size_ = 0; }
        void push_back(step s) {
            PHANTOMDB_ASSERT(size_ < all_.size());
            all_[size_++] = s;
        }
        void push_front(step s) {
            push_back(s);
            std::rotate(begin(), end() - 1, end());
        }

    private:
        std::array<step, max_tree_depth + 1> all_;  // only [0, size_) is ever read
        std::size_t size_ = 0;
    };

    std::uint64_t building() const { return versions_.building(); }

    // ---- the path from the root to a leaf, owned by the version being built ----

    tree_node* own(std::uint64_t& word) {
        typename Pages::owned const owned = pages_.own(word, building());
        if (owned.word != word) {
            word = owned.word;
            give_up(owned.replaced, owned.birth);
        }
        return owned.node;
    }
    tree_node* own_child(tree_node& parent, unsigned i) {
        std::uint64_t const before = parent.child(i);
        std::uint64_t word = before;
        tree_node* const child = own(word);
        if (word != before) parent.set_child(i, word);
        return child;
    }

    tree_node* descend(std::string_view key) {
        path_.clear();
        at_end_ = false;
        tree_node* at = own(root_);
        while (at->level > 0) {
            unsigned const i = at->child_index(key);
            tree_node* const child = own_child(*at, i);
            path_.push_back({at, i});
            at = child;
        }
        path_.push_back({at, 0});
        return at;
    }

    void add_to_path(int keys, std::uint32_t flag = 0) {
        for (std::size_t i = 0; i + 1 < path_.size(); ++i) {
            step const& s = path_[i];
            s.at->set_subtree(s.index, (s.at->length(s.index) + static_cast<std::uint32_t>(keys)) | flag);
        }
    }

    void put_payload(std::string_view key, lsn_type lsn, std::uint32_t length, std::string_view payload) {
        bool const is_first = root_ == 0;
        if (is_first) root_ = make_node(Pages::first_node_bytes, 0).word;
        try {
            bool replaces = false;
            while (!try_put(key, lsn, length, payload, replaces))
                make_room(key, tree_node::need(key.size(), payload.size()), replaces);
        } catch (...) {
            if (is_first) settle_root();  // no tree has an empty node
            throw;
        }
    }

    /// Puts a key behind all others where the path leads to the last leaf already: rising keys cost no search.
    bool append(std::string_view key, lsn_type lsn, std::uint32_t length, std::string_view payload) {
        tree_node* const leaf = path_.back().at;
        if (leaf->key(leaf->count - 1u) >= key || !leaf->fits(tree_node::need(key.size(), payload.size())))
            return false;
        leaf->insert(leaf->count, key, lsn, length, payload);
        ++keys_;
        add_to_path(1);
        return true;
    }

    /// False where there is no room: then nothing has changed, and `replaces` says whether there is an older value in the way.
    bool try_put(std::string_view key, lsn_type lsn, std::uint32_t length, std::string_view payload, bool& replaces) {
        tree_node* const leaf = descend(key);
        tree_node::found const place = leaf->lower_bound(key);
        path_.back().index = place.index;
        std::uint32_t const flag = length & tree_node::outside_flag;
        std::size_t const bytes = tree_node::need(key.size(), payload.size());
        replaces = place.exact;
        if (!leaf->fits(bytes - (place.exact ? std::min(bytes, leaf->weight(place.index)) : 0))) return false;
        if (place.exact) {
            give_up_value(*leaf, place.index);
            if (leaf->replace(place.index, lsn, length, payload)) {
                if (flag != 0) add_to_path(0, flag);
                return true;
            }
            leaf->erase(place.index);
            --keys_;
            add_to_path(-1);
        }
        leaf->insert(place.index, key, lsn, length, payload);
        ++keys_;
        add_to_path(1, flag);
        at_end_ = place.index + 1u == leaf->count && std::all_of(path_.begin(), path_.end() - 1, [](step const& s) {
                      return s.index + 1u == s.at->count;
                  });
        return true;
    }

    // ---- growing ----

    /// After a failed `try_put`: grows or splits the leaf at the end of the path, or a node above it that has to go first.
    void make_room(std::string_view key, std::size_t bytes, bool replaces) {
        std::size_t depth = path_.size() - 1;
        for (;; --depth) {
            tree_node* const node = path_[depth].at;
            if constexpr (Pages::grows) {
                if (node->capacity < Pages::node_bytes || node->count < 4) return grow(depth, bytes);
            }
            unsigned const at = path_[depth].index;
            node_cut const where = node->level == 0 ? cut_leaf(*node, at, key, bytes, replaces) : cut_inner(*node, at);
            if (depth == 0) return split_root(where);
            if (path_[depth - 1].at->fits(tree_node::need(where.separator.size(), 0))) return split(depth, where);
            bytes = tree_node::need(where.separator.size(), 0);
        }
    }

    void grow(std::size_t depth, std::size_t bytes) {
        tree_node* const node = path_[depth].at;
        std::size_t capacity = std::max<std::size_t>(node->capacity * 2, node->used() + bytes);
        if (node->capacity < Pages::node_bytes && capacity > Pages::node_bytes &&
            node->used() + bytes <= Pages::node_bytes) {
            capacity = Pages::node_bytes;
        }
        capacity = std::min<std::size_t>((capacity + 63) & ~std::size_t{63}, 65536);
        PHANTOMDB_ASSERT(capacity >= node->used() + bytes);
        auto const larger = make_node(static_cast<std::uint32_t>(capacity), node->level);
        larger.node->take(*node, 0, node->count);
        std::uint64_t replaced = root_;
        if (depth == 0) {
            root_ = larger.word;
        } else {
            replaced = path_[depth - 1].at->child(path_[depth - 1].index);
            path_[depth - 1].at->set_child(path_[depth - 1].index, larger.word);
        }
        give_up(Pages::piece(replaced, *node), node->birth);
    }

    void split(std::size_t depth, node_cut const& where) {
        step const parent = path_[depth - 1];
        tree_node* const left = path_[depth].at;
        auto const right = make_node(std::max(left->capacity, Pages::node_bytes), left->level);
        right.node->take(*left, where.middle, left->count);
        parent.at->insert(parent.index + 1, where.separator, right.word, right.node->subtree(), {});
        if (where.middle < left->count) left->drop_tail(where.middle);
        left->appended = 0;
        parent.at->set_subtree(parent.index, left->subtree());
    }

    void split_root(node_cut const& where) {
        auto const made = make_node(Pages::node_bytes, static_cast<std::uint16_t>(path_[0].at->level + 1));
        PHANTOMDB_ASSERT(made.node->level < max_tree_depth);
        made.node->insert(0, {}, root_, path_[0].at->subtree(), {});
        path_.push_front({made.node, 0});
        root_ = made.word;
        if constexpr (Pages::grows) {
            std::size_t const bytes = tree_node::need(where.separator.size(), 0);
            if (!made.node->fits(bytes)) {
                grow(0, bytes);
                path_[0].at = Pages::node(root_);
            }
        }
        split(1, where);
    }

    // ---- shrinking ----

    /// After an erasure at the end of the path: removes empty nodes, joins thin ones with a neighbour, lowers the root.
    void shrink() {
        if constexpr (Pages::grows) {
            try {
                join_thin();
            } catch (std::bad_alloc const&) {  // thin nodes are no fault
            }
        } else {
            join_thin();
        }
    }
    void join_thin() {
        for (std::size_t depth = path_.size() - 1; depth > 0; --depth) {
            tree_node* const node = path_[depth].at;
            step const parent = path_[depth - 1];
            if (node->count == 0) {
                std::uint64_t const word = parent.at->child(parent.index);
                parent.at->erase(parent.index);
                give_up(Pages::piece(word, *node), node->birth);
            } else if (node->used() >= Pages::node_bytes / 4 || parent.at->count < 2) {
                break;
            } else if (parent.index + 1u < parent.at->count) {
                if (!join(*parent.at, parent.index)) break;
            } else if (!join(*parent.at, parent.index - 1)) {
                break;
            }
        }
        settle_root();
    }

    void settle_root() {
        while (root_ != 0) {
            tree_node* const root = own(root_);
            if (root->count > 1 || (root->count == 1 && root->level == 0)) return;
            std::uint64_t const below = root->count == 0 ? 0 : root->child(0);
            give_up(Pages::piece(root_, *root), root->birth);
            root_ = below;
        }
    }

    /// Moves child i + 1 into child i where both fill three quarters of a page at most.
    bool join(tree_node& parent, unsigned i) {
        typename Pages::hold right_hold;
        tree_node const& right = stay(parent.child(i + 1), right_hold);
        std::string_view const separator = parent.key(i + 1);
        std::size_t const bytes = right.used() - sizeof(tree_node) + (right.level > 0 ? separator.size() : 0);
        typename Pages::hold left_hold;
        tree_node const& before = stay(parent.child(i), left_hold);
        if (before.used() + bytes > Pages::node_bytes * 3 / 4 || before.capacity < Pages::node_bytes) return false;
        tree_node* const left = own_child(parent, i);
        left->take(right, 0, right.count, separator);
        parent.set_subtree(i, left->subtree());
        tree_piece const piece = Pages::piece(parent.child(i + 1), right);
        std::uint64_t const birth = right.birth;
        parent.erase(i + 1);
        right_hold = {};
        left_hold = {};
        give_up(piece, birth);
        return true;
    }

    /// Removes [from, to) below `at`, which is owned. The keys removed.
    std::uint64_t prune(tree_node& at, std::string_view from, std::string_view to) {
        std::uint64_t removed = 0;
        if (at.level == 0) {
            unsigned const begin = at.lower_bound(from).index;
            unsigned const end = to.empty() ? at.count : at.lower_bound(to).index;
            for (unsigned i = end; i > begin; --i) {
                give_up_value(at, i - 1);
                at.erase(i - 1);
            }
            return end - begin;
        }
        unsigned const first = from.empty() ? 0 : at.child_index(from);
        unsigned last = at.count - 1u;
        if (!to.empty()) last = std::max(at.lower_bound(to).index, 1u) - 1;
        auto const within = [&](unsigned i, std::string_view lower, std::string_view upper) {
            pages_.prepare_more();
            std::uint64_t const gone = prune(*own_child(at, i), lower, upper);
            removed += gone;
            return gone;
        };
        std::uint64_t word;
        if (first == last) {
            within(first, from, to);
            tidy(at, first);
            return removed;
        }
        within(last, {}, to);
        tidy(at, last);
        for (unsigned i = last; i-- > first + 1;) {
            word = at.child(i);
            removed +=
                give_up_below(word, at.level - 1u, (at.length(i) & tree_node::outside_flag) != 0, at.keys_below(i));
            at.erase(i);
        }
        within(first, from, {});
        tidy(at, first);
        return removed;
    }

    /// After a change below child i: brings the counts up to date, or removes it where it is empty.
    void tidy(tree_node& at, unsigned i) {
        tree_node* const child = own_child(at, i);
        if (child->count > 0) return at.set_subtree(i, child->subtree());
        std::uint64_t const word = at.child(i);
        at.erase(i);
        give_up(Pages::piece(word, *child), child->birth);
    }

    /// Gives up the node `word` and all below it: `keys` keys. The keys.
    std::uint64_t give_up_below(std::uint64_t word, unsigned level, bool values, std::uint64_t keys) {
        if (level == 0 && !values) {  // need not be read
            // As the word tells the birth, it may be older, by 2^32 versions. Nobody may be left who could tell.
            bool const sure = building() - versions_.oldest() < std::uint64_t{1} << 32;
            give_up(pages_.leaf_piece(word), sure ? pages_.birth(word, building()) : 0);
            return keys;
        }
        typename Pages::hold hold;
        tree_node const& node = stay(word, hold);
        for (unsigned i = 0; i < node.count; ++i) {
            if (level == 0) {
                give_up_value(node, i);
            } else {
                give_up_below(node.child(i), level - 1, (node.length(i) & tree_node::outside_flag) != 0, 0);
            }
        }
        tree_piece const piece = Pages::piece(word, node);
        std::uint64_t const birth = node.birth;
        hold = {};
        give_up(piece, birth);
        return keys;
    }

    // ---- memory ----

    /// The node, which `hold` keeps in place.
    tree_node const& stay(std::uint64_t word, typename Pages::hold& hold) {
        typename Pages::visitor visit(&pages_);
        tree_node const* const node = visit.go(word);
        hold = visit.keep(*node);
        return *node;
    }

    typename Pages::made make_node(std::uint32_t capacity, std::uint16_t level) {
        return pages_.make(capacity, level, building());
    }

    /// Memory for what one change gives up: nodes on the path, their neighbours, and a value. Where earlier versions are empty it
    /// gives up nothing that they see.
    void reserve_retired() {
        if (versions_.is_only_empty()) return;
        reserve_retired(3 * max_tree_depth + 8);
    }

    /// How much `erase_span` gives up below `word`, at most.
    std::size_t count_pieces(std::uint64_t word, std::string_view from, std::string_view to) {
        typename Pages::hold hold;
        tree_node const& node = stay(word, hold);
        std::size_t pieces = 1;
        if (node.level == 0) {
            for (unsigned i = 0; i < node.count; ++i) pieces += node.is_outside(i) ? 1 : 0;
            return pieces;
        }
        unsigned const first = from.empty() ? 0 : node.child_index(from);
        unsigned const last = to.empty() ? node.count - 1u : std::max(node.lower_bound(to).index, 1u) - 1;
        for (unsigned i = first; i <= last; ++i)
            pieces += count_pieces(node.child(i), i == first ? from : "", i == last ? to : "");
        return pieces;
    }
    /// How much `give_up_since` gives up, at most.
    std::size_t count_since(std::uint64_t word, std::uint64_t kept) {
        if (pages_.birth(word, building()) <= kept) return 0;
        typename Pages::hold hold;
        tree_node const& node = stay(word, hold);
        if (node.birth <= kept) return 0;
        std::size_t pieces = 1;
        for (unsigned i = 0; i < node.count; ++i) {
            if (node.level > 0) {
                pieces += count_since(node.child(i), kept);
            } else if (node.is_outside(i)) {
                ++pieces;
            }
        }
        return pieces;
    }

    void give_up_value(tree_node const& leaf, unsigned i) {
        if (leaf.is_outside(i)) give_up(Pages::value_piece(leaf.payload(i)), Pages::value_birth(leaf.payload(i)));
    }

    /// Frees `piece` now where no version can have seen it, else later.
    void give_up(tree_piece const& piece, std::uint64_t birth) { versions_.give_up(pages_, piece, birth); }

    /// Gives up what is reachable from `word` and was born after version `kept`.
    void give_up_since(std::uint64_t word, std::uint64_t kept) {
        if (pages_.birth(word, building()) <= kept) return;
        typename Pages::hold hold;
        tree_node const& node = stay(word, hold);
        if (node.birth <= kept) return;
        for (unsigned i = 0; i < node.count; ++i) {
            if (node.level > 0) {
                give_up_since(node.child(i), kept);
            } else if (node.is_outside(i) && Pages::value_birth(node.payload(i)) > kept) {
                give_up_value(node, i);
            }
        }
        tree_piece const piece = Pages::piece(word, node);
        std::uint64_t const birth = node.birth;
        hold = {};
        give_up(piece, birth);
    }

    mutable Pages pages_;
    std::uint64_t root_ = 0;
    std::uint64_t keys_ = 0;
    bool dirty_ = false;
    bool at_end_ = false;  // `path_` leads to the last leaf and is owned by the version being built
    steps path_;
    tree_versions<Pages> versions_;
};

}  // namespace phantomdb::storage
