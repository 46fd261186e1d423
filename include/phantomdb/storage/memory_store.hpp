/// @file Defines `memory_store`, the ordered store that keeps everything in memory.
#pragma once

#include <phantomdb/storage/cow_tree.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <atomic>

namespace phantomdb::storage {

/// Model of `ordered_store` over a `cow_tree`. Durable only through the log and the checkpoints kept beside it.
/// Threads: `apply` one at a time; everything else any.
class memory_store {
public:
    using snapshot_type = tree_snapshot;
    using cursor_type = tree_cursor;

    /// O(changes × log n). Where memory runs out, nothing of the batch is applied and 53200 is thrown.
    void apply(write_batch const& batch, lsn_type lsn) {
        add(batch, lsn);
        publish(lsn);
    }

    /// `apply` in two steps, so that a group of batches becomes visible in one: each is added, the last one published.
    void add(write_batch const& batch, lsn_type lsn) {
        try {
            batch.for_each([&](std::string_view key, std::string_view value) { tree_.put(key, value, lsn); },
                           [&](std::string_view key) { tree_.erase(key); },
                           [&](std::string_view from, std::string_view to) { tree_.erase_span(from, to); });
        } catch (std::bad_alloc const&) {
            throw_out_of_memory();
        }
    }
    void publish(lsn_type lsn) {
        try {
            tree_.publish(lsn);
        } catch (std::bad_alloc const&) {
            throw_out_of_memory();
        }
        memory_bytes_.store(tree_.memory_bytes(), std::memory_order_relaxed);
    }

    /// Takes back what was added and not published.
    void discard() noexcept { tree_.discard(); }

    lsn_type applied() const { return tree_.snapshot().lsn(); }
    snapshot_type snapshot() const { return tree_.snapshot(); }
    std::uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

private:
    [[noreturn]] void throw_out_of_memory() {
        tree_.discard();
        throw error(errc::out_of_memory, "out of memory")
            .with_detail("A commit did not fit into the memory of the store.");
    }

    cow_tree tree_;
    std::atomic<std::uint64_t> memory_bytes_{0};
};
static_assert(ordered_store<memory_store>);

}  // namespace phantomdb::storage
