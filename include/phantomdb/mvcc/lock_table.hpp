/// @file Defines `lock_table`, the row locks of all transactions.
///
/// 1. A lock is on a byte string, mostly a row's key; nothing has to exist under it. It is held to the end of the transaction.
/// 2. A request is granted when it conflicts with no other holder and with nobody queued before it; a holder that asks
///    for more goes to the front of the queue.
/// 3. Who has to wait first looks for itself in what it waits for, directly or through other waiters. Finding itself it is
///    the victim (40P01). Edges of the graph only come with a new waiter, so nothing has to be watched in between.
/// 4. A release grants from the front of the queue until the first request that still conflicts.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/mvcc/interrupt.hpp>
#include <phantomdb/mvcc/options.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace phantomdb::mvcc {

/// Whether two transactions cannot hold these modes on one key at once (PostgreSQL's table of row-level locks).
constexpr bool conflicts(lock_mode a, lock_mode b) {
    lock_mode const weak = a < b ? a : b;
    lock_mode const strong = a < b ? b : a;
    switch (strong) {
        case lock_mode::update: return true;
        case lock_mode::no_key_update: return weak >= lock_mode::share;
        default: return false;
    }
}

class lock_table;

/// The locks of one transaction. Used by the transaction's thread; its fields belong to the table.
class lock_owner {
public:
    explicit lock_owner(std::uint64_t id) : id_(id) {}
    lock_owner(lock_owner const&) = delete;
    lock_owner& operator=(lock_owner const&) = delete;
    std::uint64_t id() const { return id_; }

private:
    friend class lock_table;
    struct entry;

    std::uint64_t id_;
    std::vector<entry*> held_;
    entry* waits_for_ = nullptr;  // set while queued
    lock_mode wanted_{};
    std::uint64_t search_ = 0;  // the last deadlock search that came by
    std::condition_variable granted_;
};

struct lock_owner::entry {
    struct holder {
        lock_owner* owner;
        lock_mode mode;
    };
    std::string_view key;  // borrowed from the table's map
    std::vector<holder> holders;
    std::vector<lock_owner*> queue;
};

/// Thread-safe. A grant that need not wait costs one hash table operation.
class lock_table {
public:
    /// How errors name a key; the default shows its bytes.
    using describe_key = std::function<std::string(std::string_view)>;

    explicit lock_table(describe_key describe = {}) : describe_(std::move(describe)) {}
    lock_table(lock_table const&) = delete;
    lock_table& operator=(lock_table const&) = delete;

    /// True once `owner` holds `mode` or more on `key`; false only with `lock_wait::skip`.
    /// Throws deadlock_detected, lock_not_available (nowait, or after `timeout` where that is not 0), query_canceled.
    bool acquire(lock_owner& owner, std::string_view key, lock_mode mode, lock_wait wait,
                 std::chrono::milliseconds timeout = {}, interrupt const* cancel = nullptr) {
        std::unique_lock hold(mutex_);
        entry& e = entry_of(key);
        auto const mine = std::find_if(e.holders.begin(), e.holders.end(), [&](auto& h) { return h.owner == &owner; });
        bool const upgrade = mine != e.holders.end();
        if (upgrade && mine->mode >= mode) return true;
        bool const free = !blocked_by_holder(e, owner, mode) && (upgrade || !blocked_by_queue(e, e.queue.size(), mode));
        if (!free && wait == lock_wait::skip) return drop_if_unused(e), false;
        if (!free && wait == lock_wait::nowait) {
            throw error(errc::lock_not_available, "could not obtain lock on " + name(key))
                .with_detail(blame(e, owner, mode));
        }
        reserve_for_one_more(e, owner);
        if (free) {
            grant(e, owner, mode);
            return true;
        }
        e.queue.insert(upgrade ? e.queue.begin() : e.queue.end(), &owner);
        owner.waits_for_ = &e;
        ++waiting_;
        owner.wanted_ = mode;
        try {
            std::string cycle;
            ++search_;
            if (reaches(owner, owner, cycle)) {
                throw error(errc::deadlock_detected, "deadlock detected")
                    .with_detail(cycle)
                    .with_hint("Run the transaction again; transactions that lock rows in one order never deadlock.");
            }
            await(hold, owner, timeout, cancel);
        } catch (...) {
            if (owner.waits_for_ != nullptr) leave_queue(owner);
            throw;
        }
        return true;
    }

    /// Whether `owner` holds `mode` or more on `key`.
    bool holds(lock_owner const& owner, std::string_view key, lock_mode mode) const {
        std::lock_guard const hold(mutex_);
        auto const at = entries_.find(key);
        if (at == entries_.end()) return false;
        return std::any_of(at->second.holders.begin(), at->second.holders.end(),
                           [&](auto const& h) { return h.owner == &owner && h.mode >= mode; });
    }

    /// Gives back everything `owner` holds. O(locks held), and the waiters granted.
    void release_all(lock_owner& owner) {
        if (owner.held_.empty()) return;
        std::lock_guard const hold(mutex_);
        for (entry* e : owner.held_) {
            std::erase_if(e->holders, [&](auto& h) { return h.owner == &owner; });
            grant_queued(*e);
            drop_if_unused(*e);
        }
        owner.held_.clear();
    }

    /// Keys locked now.
    std::size_t locked_keys() const {
        std::lock_guard const hold(mutex_);
        return entries_.size();
    }
    /// Transactions that wait now.
    std::size_t waiting() const {
        std::lock_guard const hold(mutex_);
        return waiting_;
    }
    /// Deadlocks found so far.
    std::uint64_t deadlocks() const {
        std::lock_guard const hold(mutex_);
        return deadlocks_;
    }

private:
    using entry = lock_owner::entry;

    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
    };

    entry& entry_of(std::string_view key) {
        auto at = entries_.find(key);
        if (at == entries_.end()) {
            at = entries_.try_emplace(std::string(key)).first;
            at->second.key = at->first;
        }
        return at->second;
    }

    /// Memory for `owner` and all who wait to become holders, so that granting, which is done while locks are given back, takes
    /// none.
    void reserve_for_one_more(entry& e, lock_owner& owner) {
        try {
            auto const grow = [](auto& list, std::size_t size) {
                if (list.capacity() < size) list.reserve(std::max(size, 2 * list.capacity()));
            };
            grow(owner.held_, owner.held_.size() + 1);
            grow(e.holders, e.holders.size() + e.queue.size() + 1);
            grow(e.queue, e.queue.size() + 1);
        } catch (...) {
            drop_if_unused(e);
            throw;
        }
    }

    void drop_if_unused(entry& e) {
        if (e.holders.empty() && e.queue.empty()) entries_.erase(entries_.find(e.key));
    }

    static bool blocked_by_holder(entry const& e, lock_owner const& owner, lock_mode mode) {
        return std::any_of(e.holders.begin(), e.holders.end(),
                           [&](auto const& h) { return h.owner != &owner && conflicts(h.mode, mode); });
    }
    static bool blocked_by_queue(entry const& e, std::size_t before, lock_mode mode) {
        return std::any_of(e.queue.begin(), e.queue.begin() + static_cast<std::ptrdiff_t>(before),
                           [&](lock_owner const* w) { return conflicts(w->wanted_, mode); });
    }

    static void grant(entry& e, lock_owner& owner, lock_mode mode) {
        for (auto& h : e.holders) {
            if (h.owner == &owner) {
                h.mode = mode;
                return;
            }
        }
        e.holders.push_back({&owner, mode});
        owner.held_.push_back(&e);
    }

    void grant_queued(entry& e) {
        while (!e.queue.empty()) {
            lock_owner& next = *e.queue.front();
            if (blocked_by_holder(e, next, next.wanted_)) return;
            grant(e, next, next.wanted_);
            next.waits_for_ = nullptr;
            --waiting_;
            e.queue.erase(e.queue.begin());
            next.granted_.notify_one();
        }
    }

    void leave_queue(lock_owner& owner) {
        entry& e = *owner.waits_for_;
        std::erase(e.queue, &owner);
        owner.waits_for_ = nullptr;
        --waiting_;
        grant_queued(e);
        drop_if_unused(e);
    }

    void await(std::unique_lock<std::mutex>& hold, lock_owner& owner, std::chrono::milliseconds timeout,
               interrupt const* cancel) {
        auto const start = std::chrono::steady_clock::now();
        auto const granted = [&] { return owner.waits_for_ == nullptr; };
        while (!granted()) {
            // Interrupts don't know what their session waits for, so the waiter looks at them now and then.
            auto pause = cancel != nullptr ? interrupt_poll : std::chrono::milliseconds::max();
            if (timeout.count() > 0) {
                auto const waited = std::chrono::steady_clock::now() - start;
                auto const left = std::chrono::ceil<std::chrono::milliseconds>(timeout - waited);
                if (left.count() <= 0) {
                    throw error(errc::lock_not_available, "canceling statement due to lock timeout")
                        .with_detail(blame(*owner.waits_for_, owner, owner.wanted_));
                }
                pause = std::min(pause, left);
            }
            if (cancel != nullptr && cancel->is_raised()) cancel->stop();
            if (pause == std::chrono::milliseconds::max()) {
                owner.granted_.wait(hold, granted);
            } else {
                owner.granted_.wait_for(hold, pause, granted);
            }
        }
    }

    /// Whether `from`, a waiter, waits for `target`; then `cycle` tells how. Depth-first, each waiter once.
    bool reaches(lock_owner& from, lock_owner const& target, std::string& cycle) {
        entry const& e = *from.waits_for_;
        from.search_ = search_;
        auto const step = [&](lock_owner& blocker, bool queued) {
            if (&blocker == &target) {
                ++deadlocks_;
            } else {
                if (blocker.waits_for_ == nullptr || blocker.search_ == search_) return false;
                if (!reaches(blocker, target, cycle)) return false;
            }
            cycle = "Transaction " + std::to_string(from.id_) + " waits for a lock on " + name(e.key) +
                    (queued ? ", queued behind" : ", held by") + " transaction " + std::to_string(blocker.id_) + "." +
                    (cycle.empty() ? "" : "\n") + cycle;
            return true;
        };
        for (auto const& h : e.holders) {
            if (h.owner != &from && conflicts(h.mode, from.wanted_) && step(*h.owner, false)) return true;
        }
        for (lock_owner* waiter : e.queue) {
            if (waiter == &from) break;
            if (conflicts(waiter->wanted_, from.wanted_) && step(*waiter, true)) return true;
        }
        return false;
    }

    std::string name(std::string_view key) const {
        if (describe_) return describe_(key);
        constexpr std::size_t shown = 24;
        std::string text = "key \\x";
        for (unsigned char const byte : key.substr(0, shown)) {
            text += "0123456789abcdef"[byte >> 4];
            text += "0123456789abcdef"[byte & 15];
        }
        return key.size() > shown ? text + "…" : text;
    }

    std::string blame(entry const& e, lock_owner const& owner, lock_mode mode) const {
        for (auto const& h : e.holders) {
            if (h.owner != &owner && conflicts(h.mode, mode)) {
                return "Transaction " + std::to_string(h.owner->id_) + " holds a lock on " + name(e.key) + ".";
            }
        }
        return "Other transactions wait for a lock on " + name(e.key) + ".";
    }

    static constexpr std::chrono::milliseconds interrupt_poll{10};

    describe_key describe_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, entry, hash, std::equal_to<>> entries_;
    std::size_t waiting_ = 0;
    std::uint64_t deadlocks_ = 0;
    std::uint64_t search_ = 0;  // number of the deadlock search under way
};

}  // namespace phantomdb::mvcc
