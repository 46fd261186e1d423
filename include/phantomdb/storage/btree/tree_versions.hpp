/// @file Defines `tree_versions`: the versions of a tree that somebody may still see, and what was replaced since each.
///
/// 1. A version is published with a number, the root, and a count of who refers to it: the tree while it is the current one, and
///    snapshots. One that nobody refers to is dead, and becomes a spare one at the next `reclaim`.
/// 2. What the version being built replaces is retired: it was visible in the versions [birth, number of the one being built).
/// 3. `reclaim` frees what is retired and lies in no live version's sight, and lists the rest with the newest live version that
///    sees it. When that one dies, its list is retired once more.
#pragma once

#include <phantomdb/storage/btree/tree_snapshot.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// Threads: `snapshot` any; everything else: one writer at a time. Snapshots must not outlive it, nor it the pages.
template <class Pages>
class tree_versions {
public:
    using version_type = tree_version<Pages>;
    using snapshot_type = basic_snapshot<Pages>;

    tree_versions() = default;
    tree_versions(tree_versions const&) = delete;
    tree_versions& operator=(tree_versions const&) = delete;

    /// The number of the version being built.
    std::uint64_t building() const { return building_; }
    /// The number of the oldest version that somebody may see.
    std::uint64_t oldest() const { return versions_.front()->number; }
    /// Whether there is one version, and no key in it.
    bool is_only_empty() const { return versions_.size() == 1 && versions_.front()->root == 0; }

    /// The version being built gets another number. Before anything was replaced in it.
    void begin_at(std::uint64_t number) { building_ = number; }

    /// Makes the version being built the current one. Where memory runs out, nothing has changed.
    void publish(Pages& pages, std::uint64_t root, std::uint64_t keys, lsn_type lsn) {
        make_capacity(versions_, versions_.size() + 1);
        make_capacity(spare_, versions_.size() + spare_.size() + 1);  // so that none has to be freed
        auto made = take_version();
        made->pages = &pages;
        made->root = root;
        made->number = building_;
        made->lsn = lsn;
        made->keys = keys;
        made->references.fetch_add(1,
                                   std::memory_order_relaxed);  // the tree's own, beside what `snapshot` may be undoing
        versions_.push_back(std::move(made));
        pages.publish(building_);
        version_type* const replaced = current_.exchange(versions_.back().get());
        if (replaced != nullptr) replaced->references.fetch_sub(1, std::memory_order_release);
        ++building_;
    }

    /// The current version. Any thread, lock-free.
    ///
    /// The count is raised first, and what was counted is looked at again: still current, it had not been dropped before
    /// the count went up, and `reclaim` sees the count. Otherwise the version may be a spare one by now; its memory is
    /// there as long as the tree, and the count goes back. (Hazard by reference count, over type-stable memory.)
    snapshot_type snapshot() const {
        for (version_type* seen = current_.load();;) {
            seen->references.fetch_add(1);
            version_type* const now = current_.load();
            if (now == seen) return snapshot_type(seen);
            seen->references.fetch_sub(1, std::memory_order_release);
            seen = now;
        }
    }

    /// Memory for so many more `give_up` and `retire`, which take none of their own then.
    void reserve(std::size_t more) { make_capacity(retired_, retired_.size() + more); }

    /// The version being built does not have `piece`, which was born in version `birth`, any more: freed now where no version can
    /// have seen it, else later.
    void give_up(Pages& pages, tree_piece const& piece, std::uint64_t birth) {
        if (birth == building_) {
            pages.release(piece);
        } else {
            retired_.push_back({piece, birth, building_});
        }
    }
    /// Keeps `piece` for the versions from `birth` on and before the current one, then frees it.
    void retire(tree_piece const& piece, std::uint64_t birth) {
        retired_.push_back({piece, birth, current_.load()->number});
    }
    /// What version `number` sees is not given up any more.
    void take_back(std::uint64_t number) {
        auto const comes_back = [&](auto const& p) { return p.birth <= number && p.until > number; };
        std::erase_if(retired_, comes_back);
        for (auto const& version : versions_) {
            if (version->number >= number) std::erase_if(version->kept, comes_back);
        }
    }

    /// Calls `visit(piece)` with what versions before the current one see and the current one does not.
    template <class Visit>
    void for_each_kept(Visit&& visit) const {
        for (auto const& version : versions_) {
            for (auto const& kept : version->kept) {
                if (kept.until < building_) visit(kept.piece);
            }
        }
        for (auto const& kept : retired_) {
            if (kept.until < building_) visit(kept.piece);
        }
    }

    /// Frees what nobody sees any more. What there is no memory to do waits for the next time.
    void reclaim(Pages& pages) noexcept {
        for (std::size_t i = 0; i < versions_.size();) {
            if (versions_[i]->references.load() != 0 ||
                !try_capacity(retired_, retired_.size() + versions_[i]->kept.size())) {
                ++i;
                continue;
            }
            auto& gone = versions_[i]->kept;
            retired_.insert(retired_.end(), gone.begin(), gone.end());
            gone.clear();
            spare_.push_back(std::move(versions_[i]));
            versions_.erase(versions_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        std::erase_if(retired_, [&](auto const& piece) {
            version_type* const seen_by = newest_in(piece.birth, piece.until);
            if (seen_by == nullptr) {
                pages.release(piece.piece);
            } else if (try_capacity(seen_by->kept, seen_by->kept.size() + 1)) {
                seen_by->kept.push_back(piece);
            } else {
                return false;
            }
            return true;
        });
    }

    /// Frees all that was replaced. The last that is done with it.
    void release_all(Pages& pages) {
        for (auto const& version : versions_) {
            for (auto const& kept : version->kept) pages.release(kept.piece);
        }
        for (auto const& kept : retired_) pages.release(kept.piece);
    }

private:
    /// Room for `size` elements, so that adding them takes no memory. Doubles.
    template <class T>
    static void make_capacity(std::vector<T>& list, std::size_t size) {
        if (list.capacity() < size) list.reserve(std::max(size, 2 * list.capacity()));
    }
    template <class T>
    static bool try_capacity(std::vector<T>& list, std::size_t size) {
        try {
            make_capacity(list, size);
            return true;
        } catch (std::bad_alloc const&) {
            return false;
        }
    }

    std::unique_ptr<version_type> take_version() {
        if (spare_.empty()) return std::make_unique<version_type>();
        auto version = std::move(spare_.back());
        spare_.pop_back();
        return version;
    }

    /// The newest live version with a number in [from, until).
    version_type* newest_in(std::uint64_t from, std::uint64_t until) {
        auto const above = std::lower_bound(versions_.begin(), versions_.end(), until,
                                            [](auto const& version, std::uint64_t n) { return version->number < n; });
        if (above == versions_.begin()) return nullptr;
        version_type* const newest = std::prev(above)->get();
        return newest->number >= from ? newest : nullptr;
    }

    std::uint64_t building_ = 1;
    std::vector<typename version_type::kept_piece> retired_;  // since the last publication
    std::vector<std::unique_ptr<version_type>> versions_;     // by number; the last is the current one
    std::vector<std::unique_ptr<version_type>> spare_;
    std::atomic<version_type*> current_{nullptr};
};

}  // namespace phantomdb::storage
