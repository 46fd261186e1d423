/// @file Defines `reader_epochs`: how a cache learns that nobody looks at a frame any more.
///
/// 1. A reader enters: it writes the current epoch into a slot of its thread. It looks pages up only after that.
/// 2. A cache takes a frame out of its table, then begins a new epoch (`advance`).
/// 3. Who entered after that can't find the frame. Once every slot is empty or has a later epoch, nobody can be looking at
///    it: it may be reused.
///
/// One set of slots serves all caches of a process. Source of the idea: epoch-based reclamation, K. Fraser, "Practical
/// lock-freedom", 2004.
#pragma once

#include <atomic>
#include <cstdint>

namespace phantomdb::storage {

class reader_epochs {
public:
    /// A thread's slot. Slots are never freed, but used again by later threads.
    struct alignas(64) slot {
        std::atomic<std::uint64_t> entered{0};  ///< 0: outside
        unsigned depth = 0;                     ///< how often its thread is inside
        unsigned number = 0;
        std::atomic<bool> taken{true};
        slot* next = nullptr;
    };

    /// The slot of this thread.
    static slot& mine() {
        slot* const known = this_thread_;
        return known != nullptr ? *known : register_thread();
    }

    static void enter(slot& s) {
        // Sequentially consistent, so that what the reader finds in a table after this is newer than what a cache that
        // did not see the reader has removed.
        if (s.depth++ == 0) s.entered.exchange(now_.load(std::memory_order_relaxed), std::memory_order_seq_cst);
    }
    static void leave(slot& s) {
        if (--s.depth == 0) s.entered.store(0, std::memory_order_release);
    }

    /// Begins a new epoch and gives the one before: what was unlinked is free when `oldest()` is above it.
    static std::uint64_t advance() { return now_.fetch_add(1, std::memory_order_seq_cst); }

    /// The oldest epoch that a reader may be in.
    static std::uint64_t oldest() {
        std::uint64_t least = ~std::uint64_t{0};
        for (slot* s = first_.load(std::memory_order_acquire); s != nullptr; s = s->next) {
            std::uint64_t const entered = s->entered.load(std::memory_order_seq_cst);
            if (entered != 0 && entered < least) least = entered;
        }
        return least;
    }

private:
    struct owner {
        slot* held = nullptr;
        ~owner() {
            this_thread_ = nullptr;
            if (held != nullptr) held->taken.store(false, std::memory_order_release);
        }
    };

    static slot& register_thread() {
        static thread_local owner ends_with_thread;
        slot* found = first_.load(std::memory_order_acquire);
        for (; found != nullptr; found = found->next) {
            bool free = false;
            if (found->taken.compare_exchange_strong(free, true, std::memory_order_acquire)) break;
        }
        if (found == nullptr) {
            found = new slot;
            found->next = first_.load(std::memory_order_relaxed);
            do {
                found->number = found->next == nullptr ? 0 : found->next->number + 1;
            } while (!first_.compare_exchange_weak(found->next, found, std::memory_order_release));
        }
        ends_with_thread.held = found;
        this_thread_ = found;
        return *found;
    }

    static inline std::atomic<std::uint64_t> now_{1};
    static inline std::atomic<slot*> first_{nullptr};
    static inline thread_local constinit slot* this_thread_ = nullptr;
};

}  // namespace phantomdb::storage
