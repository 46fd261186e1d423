/// @file Defines `basic_snapshot`, a reference to one version of a `versioned_tree`.
#pragma once

#include <phantomdb/storage/btree/tree_cursor.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// The state of a tree between two publications.
template <class Pages>
struct tree_version {
    /// Replaced by a later version, and kept because this one, made since `birth`, is the newest that sees it.
    struct kept_piece {
        tree_piece piece;
        std::uint64_t birth, until;
    };

    Pages* pages = nullptr;
    std::uint64_t root = 0;  ///< the word of the root; 0: no keys
    std::uint64_t number = 0;
    lsn_type lsn = 0;
    std::uint64_t keys = 0;
    std::atomic<std::uint32_t> references{0};
    std::vector<kept_piece> kept;  ///< the writer's
};

/// Models `store_snapshot`. Taken, copied and dropped by any thread.
template <class Pages>
class basic_snapshot {
public:
    using version_type = tree_version<Pages>;

    basic_snapshot() = default;
    explicit basic_snapshot(version_type* counted) : version_(counted) {}
    basic_snapshot(basic_snapshot const& other) noexcept : version_(other.version_) {
        if (version_ != nullptr) version_->references.fetch_add(1, std::memory_order_relaxed);
    }
    basic_snapshot(basic_snapshot&& other) noexcept : version_(std::exchange(other.version_, nullptr)) {}
    basic_snapshot& operator=(basic_snapshot other) noexcept {
        std::swap(version_, other.version_);
        return *this;
    }
    ~basic_snapshot() {
        if (version_ != nullptr) version_->references.fetch_sub(1, std::memory_order_release);
    }

    explicit operator bool() const { return version_ != nullptr; }
    lsn_type lsn() const { return version_->lsn; }
    std::uint64_t size() const { return version_->keys; }
    basic_cursor<Pages> cursor() const { return basic_cursor<Pages>(version_->pages, version_->root); }
    version_type const* version() const { return version_; }

    /// O(log n).
    std::optional<stored_value> get(std::string_view key) const { return find(version_->pages, version_->root, key); }

    /// `get` for many keys at once: the reads of all of them are in flight together, so that each costs a fraction.
    void get_many(std::span<std::string_view const> keys, std::span<std::optional<stored_value>> out) const {
        for (std::size_t begin = 0; begin < keys.size(); begin += together) {
            std::size_t const n = std::min(together, keys.size() - begin);
            find_together(keys.subspan(begin, n), out.subspan(begin, n));
        }
    }

    /// Keys in [from, to), exactly up to 2 billion. O(log n) steps over the slots of a node.
    std::uint64_t count(std::string_view from, std::string_view to) const {
        std::uint64_t const end = to.empty() ? version_->keys : rank(to);
        std::uint64_t const begin = from.empty() ? 0 : rank(from);
        return end > begin ? end - begin : 0;
    }

    /// What the tree below `root` has under `key`.
    static std::optional<stored_value> find(Pages* pages, std::uint64_t root, std::string_view key) {
        if (root == 0) return std::nullopt;
        typename Pages::visitor visit(pages);
        tree_node const* at = visit.go(root);
        while (at->level > 0) {
            at = visit.go(at->child(at->child_index(key)), at->level - 1u);
            at->prefetch();
        }
        unsigned const i = at->find_from(at->prefetch_record(key), key);
        if (i == at->count) return std::nullopt;
        return entry(pages, visit, *at, i);
    }

private:
    static constexpr std::size_t together = 16;

    /// Entry i of a leaf that `visit` keeps in place.
    static stored_value entry(Pages* pages, typename Pages::visitor& visit, tree_node const& leaf, unsigned i) {
        typename Pages::hold hold = visit.keep(leaf);
        std::string_view value = leaf.payload(i);
        lsn_type const lsn = leaf.word(i);
        if (leaf.is_outside(i)) [[unlikely]]
            value = pages->value(value, hold);
        if constexpr (requires { stored_value{value, lsn, std::move(hold)}; }) {
            return {value, lsn, std::move(hold)};
        } else {
            return {value, lsn, {}};
        }
    }

    void find_together(std::span<std::string_view const> keys, std::span<std::optional<stored_value>> out) const {
        std::array<tree_node const*, together> at;
        std::array<std::uint64_t, together> word;
        std::array<unsigned, together> slot;
        Pages* const pages = version_->pages;
        std::size_t const n = keys.size();
        if (version_->root == 0) {
            std::fill_n(out.begin(), n, std::nullopt);
            return;
        }
        typename Pages::holds holds;
        typename Pages::visitor visit(pages);
        tree_node const* const root = visit.go(version_->root);
        unsigned level = root->level;
        at.fill(root);
        while (level > 0) {  // all leaves are equally deep
            --level;
            for (std::size_t i = 0; i < n; ++i) {
                word[i] = at[i]->child(at[i]->child_index(keys[i]));
                pages->prefetch_header(word[i]);
            }
            visit.go_all({word.data(), n}, level, {at.data(), n}, holds);
        }
        tree_node::prefetch_records<together>({at.data(), n}, keys, {slot.data(), n});
        for (std::size_t i = 0; i < n; ++i) {
            unsigned const found = at[i]->find_from(slot[i], keys[i]);
            out[i].reset();
            if (found != at[i]->count) out[i] = entry(pages, visit, *at[i], found);
        }
    }

    std::uint64_t rank(std::string_view key) const {
        if (version_->root == 0) return 0;
        typename Pages::visitor visit(version_->pages);
        tree_node const* at = visit.go(version_->root);
        std::uint64_t below = 0;
        while (at->level > 0) {
            unsigned const i = at->child_index(key);
            for (unsigned left = 0; left < i; ++left) below += at->keys_below(left);
            at = visit.go(at->child(i), at->level - 1u);
        }
        return below + at->lower_bound(key).index;
    }

    version_type* version_ = nullptr;
};

}  // namespace phantomdb::storage
