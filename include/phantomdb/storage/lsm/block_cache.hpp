/// @file Defines `block_cache`, which keeps blocks of runs in memory, up to a budget.
///
/// Every block of an open run has a slot, an array beside the run's index, so that a hit is one load and one count, without a
/// lock or a table to search. The cache itself only decides which slots have to give their block up: a clock with a second
/// chance, in parts, each with its own mutex, which only those who read from a file touch.
///
/// The word `pins` of a slot says it all: how many hold the block, or `leaving`, or `absent`.
///
///   absent → 1          by who loads it, under the mutex of the slot's part
///   0 → leaving → absent   by who drops it; between the two the block is taken out
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/storage/byte_pin.hpp>
#include <phantomdb/storage/file_reads.hpp>
#include <phantomdb/storage/lsm/block.hpp>

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// Where a block of a run is, or would be, in memory.
struct block_slot : pinned_bytes {
    static constexpr std::uint32_t absent = 0x8000'0000;
    static constexpr std::uint32_t leaving = 0xc000'0000;
    block content;
    std::atomic<bool> used{false};  ///< since the clock's hand passed

    block_slot() { pins.store(absent, std::memory_order_relaxed); }

    /// Pins the block if it is there.
    bool try_pin() {
        std::uint32_t held = pins.load(std::memory_order_relaxed);
        while ((held & absent) == 0) {
            if (pins.compare_exchange_weak(held, held + 1, std::memory_order_acquire, std::memory_order_relaxed)) {
                if (!used.load(std::memory_order_relaxed)) used.store(true, std::memory_order_relaxed);
                return true;
            }
        }
        return false;
    }
    /// Takes the block away from an unpinned slot.
    bool try_take(block& taken) {
        std::uint32_t none = 0;
        if (!pins.compare_exchange_strong(none, leaving, std::memory_order_acq_rel)) return false;
        taken = std::move(content);
        content = block();
        pins.store(absent, std::memory_order_release);
        return true;
    }
};

/// A block with its pin.
struct pinned_block {
    byte_pin pin;
    block const* content = nullptr;
};

/// Any thread.
class block_cache {
public:
    using slots = std::vector<block_slot>;

    explicit block_cache(std::uint64_t budget) : budget_(budget) {}
    block_cache(block_cache const&) = delete;
    block_cache& operator=(block_cache const&) = delete;

    /// The block of `slot`, read by `load() -> block` if it is not there. What `load` throws leaves the slot absent.
    template <class Load>
    pinned_block get(block_slot& slot, Load&& load) {
        if (slot.try_pin()) {
            part_of(slot).hits.fetch_add(1, std::memory_order_relaxed);
            return {byte_pin::adopt(&slot), &slot.content};
        }
        part& home = part_of(slot);
        {
            std::lock_guard const hold(home.loading);
            if (slot.try_pin()) return {byte_pin::adopt(&slot), &slot.content};
            misses_.fetch_add(1, std::memory_order_relaxed);
            ++file_reads();
            block loaded = load();
            std::uint64_t const bytes = loaded.memory_bytes();
            {
                std::lock_guard const hold_clock(home.clock_mutex);
                home.clock.push_back(&slot);
            }
            while (slot.pins.load(std::memory_order_acquire) != block_slot::absent) std::this_thread::yield();
            slot.content = std::move(loaded);
            slot.used.store(false, std::memory_order_relaxed);
            bytes_.fetch_add(bytes, std::memory_order_relaxed);
            slot.pins.store(1, std::memory_order_release);
        }
        pinned_block found{byte_pin::adopt(&slot), &slot.content};
        make_room(home);
        return found;
    }

    /// Takes back the slots of a run nobody reads from any more; blocks that are still pinned stay until they are not.
    /// Takes no memory: what is retired comes in a list of its own.
    void retire(std::list<slots> retired) noexcept {
        if (retired.empty() || retired.front().empty()) return;
        block_slot const* const low = retired.front().data();
        block_slot const* const high = low + retired.front().size();
        for (part& p : parts_) {
            std::lock_guard const hold(p.clock_mutex);
            std::erase_if(p.clock, [&](block_slot const* s) { return s >= low && s < high; });
        }
        if (!drop(retired.front())) {
            std::lock_guard const hold(retired_mutex_);
            retired_.splice(retired_.end(), retired);
        }
        sweep();
    }
    /// Frees what `retire` had to leave.
    void sweep() {
        std::lock_guard const hold(retired_mutex_);
        std::erase_if(retired_, [&](slots& s) { return drop(s); });
    }

    std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    std::uint64_t hits() const {
        std::uint64_t sum = 0;
        for (part const& p : parts_) sum += p.hits.load(std::memory_order_relaxed);
        return sum;
    }
    std::uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }

private:
    struct alignas(64) part {
        std::mutex loading;
        std::mutex clock_mutex;
        std::list<block_slot*> clock;  // what is in it is moved without memory
        std::atomic<std::uint64_t> hits{0};
    };
    static constexpr std::size_t part_count = 16;

    part& part_of(block_slot const& slot) {
        return parts_[reinterpret_cast<std::uintptr_t>(&slot) / sizeof(block_slot) % part_count];
    }

    /// Drops blocks until the budget holds, or all that could go have had their second chance.
    void make_room(part& first) {
        std::size_t const begin = static_cast<std::size_t>(&first - parts_);
        for (std::size_t i = 0; i < part_count && bytes() > budget_; ++i) {
            part& p = parts_[(begin + i) % part_count];
            std::lock_guard const hold(p.clock_mutex);
            for (std::size_t looks = 2 * p.clock.size(); looks > 0 && !p.clock.empty() && bytes() > budget_; --looks) {
                block_slot* const slot = p.clock.front();
                block taken;
                if (slot->used.exchange(false, std::memory_order_relaxed) || !slot->try_take(taken)) {
                    p.clock.splice(p.clock.end(), p.clock, p.clock.begin());
                } else {
                    p.clock.pop_front();
                    bytes_.fetch_sub(taken.memory_bytes(), std::memory_order_relaxed);
                }
            }
        }
    }
    /// Whether all blocks could be dropped.
    bool drop(slots& from) {
        bool all = true;
        for (block_slot& slot : from) {
            block taken;
            if (slot.try_take(taken)) {
                bytes_.fetch_sub(taken.memory_bytes(), std::memory_order_relaxed);
            } else if (slot.pins.load(std::memory_order_acquire) != block_slot::absent) {
                all = false;
            }
        }
        return all;
    }

    std::uint64_t const budget_;
    std::atomic<std::uint64_t> bytes_{0}, misses_{0};
    part parts_[part_count];
    std::mutex retired_mutex_;
    std::list<slots> retired_;
};

}  // namespace phantomdb::storage::lsm
