/// @file Defines `store_state`, what a store consists of at one time: memtables and runs, from the newest to the oldest.
///
/// A snapshot is an LSN and a state; so what flushing and merging make later never shows in it, and they need not keep
/// a version for anybody: runs hold each key once, the newest. Only the memtable that was the active one when the snapshot was
/// taken may have entries the snapshot must not see.
#pragma once

#include <phantomdb/storage/lsm/memtable.hpp>
#include <phantomdb/storage/lsm/sorted_run.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

struct memtable_reference {
    byte_pin pin;
    memtable* table = nullptr;
};

/// Const use from any thread.
template <env::environment Environment>
struct store_state {
    using run_pointer = std::shared_ptr<sorted_run<Environment> const>;

    memtable_reference active;
    std::vector<memtable_reference> frozen;  ///< full, and in no run yet; newest first
    std::vector<run_pointer> runs;           ///< newest first

    /// The value of `key` as of `upto`. Newest first; ends where something is found.
    std::optional<stored_value> get(std::string_view key, std::uint64_t hash, lsn_type upto) const {
        lsn_type erased = active.table->has_spans() ? active.table->covering(key, upto) : 0;
        if (auto const* const node = active.table->find(key, upto)) return found(active, *node, erased);
        for (memtable_reference const& at : frozen) {
            erased = std::max(erased, at.table->frozen_spans().covering(key));
            if (auto const* const node = at.table->find(key, upto)) return found(at, *node, erased);
        }
        pinned_block held;
        for (run_pointer const& run : runs) {
            if (run->highest() < erased) continue;
            erased = std::max(erased, run->spans().covering(key));
            auto const e = run->find(key, hash, held);
            if (!e) continue;
            if (e->erased || e->lsn < erased) return std::nullopt;
            return stored_value{e->value, e->lsn, std::move(held.pin)};
        }
        return std::nullopt;
    }

    /// Bytes of changes that are in no file yet.
    std::uint64_t pending_bytes() const {
        std::uint64_t sum = active.table->bytes();
        for (memtable_reference const& at : frozen) sum += at.table->bytes();
        return sum;
    }

private:
    static std::optional<stored_value> found(memtable_reference const& in, memtable::node const& node,
                                             lsn_type erased) {
        memtable::content const& what = node.what();
        if (what.erased || node.lsn < erased) return std::nullopt;
        return stored_value{what.value(), node.lsn, in.pin};
    }
};

}  // namespace phantomdb::storage::lsm
