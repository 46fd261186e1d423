/// @file Defines `lsm_snapshot`, what a store held after one batch.
#pragma once

#include <phantomdb/storage/lsm/bloom_filter.hpp>
#include <phantomdb/storage/lsm/cursor.hpp>
#include <phantomdb/storage/lsm/key_count.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// Model of `store_snapshot`. Keeps the memtables and runs it sees, on the disk too, as long as it lives; the store must
/// outlive it. Copies share; const use from any thread. Reading throws data_corrupted, io_error.
template <env::environment Environment>
class lsm_snapshot {
public:
    lsm_snapshot(std::shared_ptr<store_state<Environment> const> state, lsn_type lsn)
        : state_(std::move(state)), lsn_(lsn) {}

    lsn_type lsn() const { return lsn_; }
    std::optional<stored_value> get(std::string_view key) const { return state_->get(key, key_hash(key), lsn_); }
    lsm_cursor<Environment> cursor() const { return {*state_, lsn_}; }

    /// `get` for many: out[i] becomes what there is under keys[i]. In the order of the keys, so that those of one block
    /// find it in the caches.
    void get_many(std::span<std::string_view const> keys, std::span<std::optional<stored_value>> out) const {
        std::vector<std::uint32_t> order(keys.size());
        std::iota(order.begin(), order.end(), 0u);
        std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return keys[a] < keys[b]; });
        for (std::uint32_t const i : order) out[i] = get(keys[i]);
    }

    /// Keys in [from, to), about (`key_counter`): exact where they are few. Some tens of microseconds, but for blocks that have to
    /// be read.
    std::uint64_t count(std::string_view from, std::string_view to) const { return count_kept(from, to).showing; }
    /// The same, with the entries that are kept for them until they are merged away. For statistics.
    key_count count_kept(std::string_view from, std::string_view to) const {
        if (!to.empty() && to <= from) return {};
        return key_counter<Environment>(*state_, lsn_).count(from, to);
    }

private:
    std::shared_ptr<store_state<Environment> const> state_;
    lsn_type lsn_ = 0;
};

}  // namespace phantomdb::storage::lsm
