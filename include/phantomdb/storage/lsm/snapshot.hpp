/// @file Defines `lsm_snapshot`, what a store held after one batch.
#pragma once

#include <phantomdb/storage/lsm/bloom_filter.hpp>
#include <phantomdb/storage/lsm/cursor.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
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

    /// Keys in [from, to), about: exact where they are few, else what memtables and indexes say, less what samples show to be
    /// erased or written more than once. Some tens of microseconds at most, but for blocks that have to be read.
    std::uint64_t count(std::string_view from, std::string_view to) const {
        if (!to.empty() && to <= from) return 0;
        std::uint64_t sum = 0, largest = 0;
        bool plain = true;
        memtable const* largest_table = nullptr;
        sorted_run<Environment> const* largest_run = nullptr;
        auto const add = [&](std::uint64_t n, memtable const* table, sorted_run<Environment> const* run) {
            sum += n;
            if (n < largest) return;
            largest = n;
            largest_table = table;
            largest_run = run;
        };
        auto const add_table = [&](memtable const& table) {
            add(table.count(from, to), &table, nullptr);
            if (table.has_spans() || table.erasures() > table.entries() / 16) plain = false;
        };
        add_table(*state_->active.table);
        for (memtable_reference const& at : state_->frozen) add_table(*at.table);
        for (auto const& run : state_->runs) {
            add(run->entries_between(from, to), nullptr, run.get());
            if (!run->spans().empty() || run->erasures() > run->entries() / 16) plain = false;
        }
        if (sum <= few) {
            std::uint64_t const exact = count_exactly(from, to);
            if (exact != unknown) return exact;
        }
        if (plain && largest >= sum - sum / 8) return largest;

        std::vector<std::string> samples;
        if (largest_run != nullptr) {
            samples = spread(*largest_run, from, to);
        } else {
            std::vector<memtable::node const*> nodes;
            largest_table->sample(from, to, sample_count,
                                  [&](memtable::node const* n, std::uint64_t) { nodes.push_back(n); });
            for (std::size_t i = 0; i < sample_count && i < nodes.size(); ++i)
                samples.emplace_back(nodes[i * nodes.size() / sample_count]->key());
        }
        return count_by_samples(std::move(samples), from, to);
    }

private:
    static constexpr std::uint64_t few = 1024;
    static constexpr std::uint64_t unknown = ~std::uint64_t{0};
    static constexpr std::size_t sample_count = 16, sample_entries = 64;

    /// `unknown` where it would take long.
    std::uint64_t count_exactly(std::string_view from, std::string_view to) const {
        auto cursor = this->cursor();
        std::uint64_t n = 0;
        slice out[64];
        cursor.seek(from);
        while (std::size_t const more = cursor.next_chunk(out, to)) {
            n += more;
            if (cursor.passed() > 8 * few) return unknown;
        }
        return n;
    }
    /// Keys that cut [from, to) into pieces with about the same number of the run's entries.
    static std::vector<std::string> spread(sorted_run<Environment> const& run, std::string_view from,
                                           std::string_view to) {
        std::vector<std::string> found;
        std::uint64_t const step = std::max<std::uint64_t>(run.entries_between(from, to) / sample_count, 1);
        std::uint64_t before = 0, next = from.empty() ? 0 : run.entries_below(from);
        for (auto const& piece : run.keyed()) {
            auto const& index = piece.file->index();
            for (std::uint64_t const all = index.entries_before(index.size()); next < before + all; next += step) {
                // The block that holds entry `next - before`.
                std::size_t a = 0, b = index.size();
                while (b - a > 1) {
                    std::size_t const middle = a + (b - a) / 2;
                    (index.entries_before(middle) <= next - before ? a : b) = middle;
                }
                std::string_view const key =
                    a == 0 ? std::string_view(piece.file->properties().least) : index.last(a - 1);
                if (!to.empty() && key >= to) return found;
                if (key >= from && key >= piece.from && (found.empty() || key > found.back())) found.emplace_back(key);
            }
            before += index.entries_before(index.size());
        }
        return found;
    }
    /// Counts from each of these keys to the next, or `to`: exactly where little is there, else by what shows of the first ones.
    std::uint64_t count_by_samples(std::vector<std::string> samples, std::string_view from, std::string_view to) const {
        if (samples.empty() || samples.front() > from) samples.insert(samples.begin(), std::string(from));
        auto cursor = this->cursor();
        double sum = 0;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            std::string_view const end = i + 1 < samples.size() ? std::string_view(samples[i + 1]) : to;
            std::uint64_t const before = cursor.passed();
            std::uint64_t showing = 0;
            bool whole = true;
            for (cursor.seek(samples[i]); cursor.valid() && (end.empty() || cursor.key() < end); cursor.next()) {
                whole = cursor.passed() - before < sample_entries;
                if (!whole) break;
                ++showing;
            }
            if (whole) {
                sum += static_cast<double>(showing);
            } else {
                sum += static_cast<double>(showing) / static_cast<double>(cursor.passed() - before) *
                       static_cast<double>(entries_between(samples[i], end));
            }
        }
        return static_cast<std::uint64_t>(sum);
    }
    /// Of all memtables and runs.
    std::uint64_t entries_between(std::string_view from, std::string_view to) const {
        std::uint64_t sum = state_->active.table->count(from, to);
        for (memtable_reference const& at : state_->frozen) sum += at.table->count(from, to);
        for (auto const& run : state_->runs) sum += run->entries_between(from, to);
        return sum;
    }

    std::shared_ptr<store_state<Environment> const> state_;
    lsn_type lsn_ = 0;
};

}  // namespace phantomdb::storage::lsm
