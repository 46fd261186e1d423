/// @file Defines `lsm_store`, the persistent store for tables that are written more than read. Start reading here.
///
/// 1. `apply` puts a batch into the active memtable (`memtable.hpp`) and publishes its LSN. A full memtable is frozen.
/// 2. `maintain` and `checkpoint` flush frozen memtables into run files (`run_format.hpp`), oldest first, and `maintain` merges
///    runs (`merge.hpp`), a piece at a time.
/// 3. What the store consists of now is a `store_state`; a snapshot holds one, with the LSN it may see (`store_state.hpp`).
/// 4. What it consists of after a crash is what the newest manifest says (`manifest.hpp`). Each flush and each step of a merge writes one:
///    files first, then their names, then the manifest; files that no manifest kept names and no snapshot holds are removed last.
/// The log of the shard is the only write-ahead log: what is above `applied()` after opening has to be applied again.
///
/// Locks, always taken in this order: merge_mutex_ (a step of a merge, an ingestion) · flush_mutex_ (a flush) · apply_mutex_ (the
/// active memtable) · install_mutex_ (manifest and files) · state_mutex_ (a few instructions: state and LSN).
#pragma once

#include <phantomdb/storage/lsm/merge.hpp>
#include <phantomdb/storage/lsm/snapshot.hpp>
#include <phantomdb/storage/lsm/store_directory.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// Model of `persistent_store`. The environment must outlive it, and it all its snapshots, cursors and stored values.
template <env::environment Environment>
class lsm_store {
public:
    using snapshot_type = lsm::lsm_snapshot<Environment>;
    using cursor_type = lsm::lsm_cursor<Environment>;

    /// Opens the store in `directory`, which is its own, or begins one there. Throws data_corrupted, feature_not_supported (another
    /// format), disk_full, io_error.
    lsm_store(Environment& environment, std::string const& directory, store_options const& options = {})
        : options_(options),
          cache_(options.cache_bytes),
          files_(environment, directory, options, cache_),
          visible_(files_.current().applied) {
        lsm::store_state<Environment> first;
        first.active = make_memtable();
        first.runs = files_.opened_runs();
        active_ = first.active.table;
        state_ = std::make_shared<lsm::store_state<Environment> const>(std::move(first));
    }
    lsm_store(lsm_store const&) = delete;
    lsm_store& operator=(lsm_store const&) = delete;

    /// Where memory runs out, nothing of the batch is applied and 53200 is thrown. O(changes × log of the memtable).
    void apply(write_batch const& batch, lsn_type lsn) {
        std::lock_guard const hold(apply_mutex_);
        try {
            if (active_->bytes() >= options_.write_buffer_bytes && active_->has_changes()) rotate();
            active_->reserve(batch);
        } catch (std::bad_alloc const&) {
            throw error(errc::out_of_memory, "out of memory")
                .with_detail("A commit did not fit into the memory of the store.");
        }
        active_->apply(batch, lsn);
        {
            std::lock_guard const publish(state_mutex_);
            visible_ = lsn;
        }
        if (active_->span_count() <= most_active_spans) return;
        try {
            rotate();  // frozen, spans are searched, not walked through
        } catch (std::bad_alloc const&) {
            // The next batch tries again, when the memtable is full.
        }
    }

    /// `apply` of one batch that puts what `sorted` yields (pairs of key and value, in strictly rising order of the keys), straight into
    /// files: for moving a table here. In the last level, if the store has nothing between the first and the last key.
    /// Durable when it returns. Called in place of `apply`; waits for flushes and merges that are going on.
    /// Throws disk_full, io_error, and what `sorted` throws; nothing is visible then.
    template <class Range>
    void ingest(Range&& sorted, lsn_type lsn) {
        std::lock_guard const hold_merges(merge_mutex_);
        std::lock_guard const hold_flushes(flush_mutex_);
        files_.check();
        flush_all_of(freeze_active());
        PHANTOMDB_ASSERT(lsn > files_.current().applied);
        auto written = write_pieces(std::forward<Range>(sorted), lsn);
        auto pieces = files_.open_pieces(written);
        files_.install(
            [&](auto& next) {
                next.applied = lsn;
                if (!pieces.empty()) add_ingested(next.runs, std::move(pieces));
            },
            [&](auto const& runs) { change_state([&](auto& next) { next.runs = runs; }, lsn); }, written);
    }

    lsn_type applied() const {
        std::lock_guard const hold(state_mutex_);
        return visible_;
    }
    snapshot_type snapshot() const {
        std::lock_guard const hold(state_mutex_);
        return {state_, visible_};
    }

    lsn_type checkpoint() {
        std::lock_guard const hold(flush_mutex_);
        files_.check();
        lsn_type const upto = freeze_active();
        flush_all_of(upto);
        if (files_.durable() < upto) {
            log_has(upto);
            full_unless_done([&] { files_.install([&](auto& next) { next.applied = upto; }, [](auto const&) {}); });
        }
        checkpoints_.fetch_add(1, std::memory_order_relaxed);
        return upto;
    }

    /// Which of its states on the disk this is: what opening it again goes on with has at least the same, or is an older one.
    std::uint64_t generation() const { return files_.generation(); }

    bool maintain() {
        files_.check();
        if (!flush_one() && !files_.remove_unneeded() && !merge_piece()) files_.release_last();
        auto const now = state();
        return !now->frozen.empty() || lsm::choose_merge<Environment>(now->runs) || files_.has_removable();
    }

    /// Merges all that was applied before the call into one run, without erased keys and replaced versions, however much that writes;
    /// `step()` is called before each piece, and may throw to leave the rest to `maintain`. Files that are not needed any more go
    /// with `maintain`. Throws as `checkpoint` does.
    template <class Step>
    void merge_fully(Step&& step) {
        checkpoint();
        auto const finish = [&] {
            do {
                step();
            } while (merge_piece());
        };
        finish();
        if (merge_piece(true)) finish();
    }

    std::optional<error> refusal() const {
        if (auto poison = files_.health().poison()) return poison;
        std::uint64_t const pending = state()->pending_bytes();
        if (files_.health().is_full() && pending > most_buffers_full * options_.write_buffer_bytes) {
            return error(errc::disk_full, "the disk is full")
                .with_detail("Changes that could not be written yet take " + std::to_string(pending) +
                             " bytes of memory.")
                .with_hint("Free space on the disk. Reading goes on meanwhile, and writing once there is space again.");
        }
        return std::nullopt;
    }

    store_statistics statistics() const {
        store_statistics s;
        files_.count(s);
        auto const now = state();
        s.memory_bytes = cache_.bytes() + memtable_bytes_.load(std::memory_order_relaxed);
        for (auto const& run : now->runs) {
            for (auto const& piece : run->pieces()) s.memory_bytes += piece.file->memory_bytes();
        }
        std::uint64_t const pending = now->pending_bytes();
        std::uint64_t const memtables = memtable_bytes_.load(std::memory_order_relaxed);
        s.old_version_bytes += memtables > pending ? memtables - pending : 0;
        s.cache_hits = cache_.hits();
        s.cache_misses = cache_.misses();
        s.checkpoints = checkpoints_.load(std::memory_order_relaxed);
        s.compactions = merges_.load(std::memory_order_relaxed);
        return s;
    }

    /// Reads past the cache, and all it finds out about a file it tells; goes on with the next block after one that is damaged.
    void verify(verification const& to) const { files_.verify(to); }

private:
    using state_type = lsm::store_state<Environment>;
    using run_type = lsm::sorted_run<Environment>;
    using piece_type = lsm::run_piece<Environment>;

    static constexpr std::size_t most_active_spans = 128;
    static constexpr std::uint64_t most_buffers_full = 4;

    std::uint64_t piece_bytes() const { return 2 * options_.write_buffer_bytes; }

    lsm::memtable_reference make_memtable() {
        lsm::memtable_reference made;
        made.pin = lsm::memtable::make(memtable_bytes_, made.table);
        return made;
    }
    std::shared_ptr<state_type const> state() const {
        std::lock_guard const hold(state_mutex_);
        return state_;
    }
    /// Makes another state of the current one, and another LSN if one is given.
    template <class Change>
    void change_state(Change&& change, lsn_type lsn = 0) {
        std::shared_ptr<state_type const> old;  // goes when the mutex is free: it may be the last to hold a memtable
        std::lock_guard const hold(state_mutex_);
        auto next = std::make_shared<state_type>(*state_);
        change(*next);
        old = std::exchange(state_, std::move(next));
        if (lsn != 0) visible_ = lsn;
    }

    /// Under apply_mutex_. Throws std::bad_alloc with nothing changed.
    void rotate() {
        lsm::memtable_reference fresh = make_memtable();
        lsm::memtable* const table = fresh.table;
        active_->freeze();
        change_state([&](auto& next) {
            next.frozen.insert(next.frozen.begin(), std::move(next.active));
            next.active = std::move(fresh);
        });
        active_ = table;
    }
    /// Freezes the active memtable if it has anything; the LSN up to which everything is frozen.
    lsn_type freeze_active() {
        std::lock_guard const hold(apply_mutex_);
        if (active_->has_changes()) rotate();
        return applied();
    }

    // ---- flushing ----

    /// Flushes one memtable, unless there is none or somebody else is at it.
    void log_has(lsn_type upto) const {
        if (options_.before_durable) options_.before_durable(upto);
    }

    bool flush_one() {
        std::unique_lock const hold(flush_mutex_, std::try_to_lock);
        if (!hold || state()->frozen.empty()) return false;
        flush_oldest();
        return true;
    }
    /// Under flush_mutex_.
    void flush_all_of(lsn_type upto) {
        for (;;) {
            auto const now = state();
            if (now->frozen.empty() || now->frozen.back().table->first_lsn() > upto) return;
            flush_oldest();
        }
    }
    /// Under flush_mutex_: turns the oldest frozen memtable into a run.
    void flush_oldest() {
        full_unless_done([&] {
            auto const now = state();
            lsm::memtable const& table = *now->frozen.back().table;
            auto writer = files_.make_writer(lsm::upper_style, table.first_lsn());
            write_newest(table, now->runs.empty(), *writer);
            std::vector<typename lsm::store_directory<Environment>::written> written;
            if (!writer->empty()) written.push_back({std::move(writer), {}});
            for (auto& w : written) w.record = w.writer->finish();
            auto pieces = files_.open_pieces(written);
            log_has(table.last_lsn());
            files_.install(
                [&](auto& next) {
                    next.applied = table.last_lsn();
                    if (pieces.empty()) return;
                    next.runs.insert(next.runs.begin(),
                                     std::make_shared<run_type const>(0, lsm::run_role::settled, std::move(pieces)));
                },
                [&](auto const& runs) {
                    change_state([&](auto& next) {
                        next.runs = runs;
                        next.frozen.pop_back();
                    });
                },
                written);
        });
    }
    /// Of each key the newest version, unless a span has erased it.
    static void write_newest(lsm::memtable const& table, bool oldest, lsm::run_writer<Environment>& to) {
        std::string_view last;
        bool first = true;
        for (lsm::memtable::node const* n = table.first(); n != nullptr; n = lsm::memtable::next(n)) {
            if (!first && n->key() == last) continue;
            first = false;
            last = n->key();
            lsm::memtable::content const& what = n->what();
            if ((oldest && what.erased) || table.frozen_spans().covering(last) > n->lsn) continue;
            to.add({last, what.value(), n->lsn, what.erased});
        }
        if (!oldest) to.add_spans(table.frozen_spans());
    }
    /// Remembers whether the disk is full, for `refusal`.
    template <class Do>
    void full_unless_done(Do&& act) {
        try {
            act();
        } catch (error const& e) {
            if (e.code == errc::disk_full) files_.health().set_full(true);
            throw;
        }
        files_.health().set_full(false);
    }

    // ---- merging ----

    /// One step of a merge; false where there is nothing to merge. `whole`: also of one that is not worth it yet.
    bool merge_piece(bool whole = false) {
        std::lock_guard const hold(merge_mutex_);
        auto const now = state();
        auto choice = lsm::choose_merge<Environment>(now->runs);
        if (!choice && whole) choice = lsm::merge_of_all<Environment>(now->runs);
        if (!choice) return false;
        lsm::run_list<Environment> const inputs(now->runs.begin() + static_cast<std::ptrdiff_t>(choice->first),
                                                now->runs.begin() + static_cast<std::ptrdiff_t>(choice->end));
        lsn_type lowest = ~lsn_type{0};
        for (auto const& run : inputs) lowest = std::min(lowest, run->lowest());
        auto const style = choice->level == lsm::last_level ? lsm::last_style : lsm::upper_style;
        auto step = lsm::merge_some<Environment>(
            inputs, choice->oldest, piece_bytes(), [&] { return files_.make_writer(style, lowest); },
            [&] { flush_one(); });

        std::vector<typename lsm::store_directory<Environment>::written> written;
        if (step.written != nullptr) written.push_back({std::move(step.written), {}});
        for (auto& w : written) w.record = w.writer->finish();
        auto pieces = files_.open_pieces(written);
        for (piece_type& piece : step.handed_on) pieces.push_back(std::move(piece));
        files_.install([&](auto& next) { put_output(next.runs, inputs, *choice, step, std::move(pieces)); },
                       [&](auto const& runs) { change_state([&](auto& next) { next.runs = runs; }); }, written);
        if (step.finished) merges_.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    /// Runs may have been added in front meanwhile, by flushes; the inputs are where they were from the other end.
    static void put_output(lsm::run_list<Environment>& runs, lsm::run_list<Environment> const& inputs,
                           lsm::merge_choice const& choice, lsm::merge_step<Environment> const& step,
                           std::vector<piece_type> pieces) {
        auto const first = std::find(runs.begin(), runs.end(), inputs.front());
        PHANTOMDB_ASSERT(runs.end() - first >= static_cast<std::ptrdiff_t>(inputs.size()));
        auto after = first + static_cast<std::ptrdiff_t>(inputs.size());
        std::vector<piece_type> made;
        if (choice.started) {
            made = (*after)->pieces();
            ++after;
        }
        for (piece_type& piece : pieces) made.push_back(std::move(piece));
        lsm::run_list<Environment> in_their_place;
        if (!step.finished) {
            for (auto const& input : inputs) in_their_place.push_back(lsm::rest_of(*input, step.upto));
        }
        if (!step.finished || !made.empty()) {
            in_their_place.push_back(std::make_shared<run_type const>(
                choice.level, step.finished ? lsm::run_role::settled : lsm::run_role::output, std::move(made)));
        }
        auto const at = runs.erase(first, after);
        runs.insert(at, in_their_place.begin(), in_their_place.end());
    }

    // ---- ingesting ----

    template <class Range>
    auto write_pieces(Range&& sorted, lsn_type lsn) {
        std::vector<typename lsm::store_directory<Environment>::written> written;
        std::string last;
        for (auto&& [key, value] : sorted) {
            if (written.empty() || written.back().writer->bytes() >= piece_bytes()) {
                if (!written.empty()) written.back().record = written.back().writer->finish();
                written.push_back({files_.make_writer(lsm::last_style, lsn), {}});
            }
            PHANTOMDB_ASSERT(last.empty() || key > last);
            last = key;
            written.back().writer->add({key, value, lsn, false});
        }
        if (!written.empty()) written.back().record = written.back().writer->finish();
        return written;
    }
    /// Into the last level where nothing touches them and nothing is being merged, else as the newest run.
    static void add_ingested(lsm::run_list<Environment>& runs, std::vector<piece_type> pieces) {
        std::string const& least = pieces.front().file->properties().least;
        std::string const& greatest = pieces.back().file->properties().greatest;
        bool free = true;
        for (auto const& run : runs)
            free = free && run->role() == lsm::run_role::settled && !run->touches(least, greatest);
        bool const has_last = !runs.empty() && runs.back()->level() == lsm::last_level;
        if (!free) {
            runs.insert(runs.begin(), std::make_shared<run_type const>(0, lsm::run_role::settled, std::move(pieces)));
        } else if (!has_last) {
            runs.push_back(
                std::make_shared<run_type const>(lsm::last_level, lsm::run_role::settled, std::move(pieces)));
        } else {
            std::vector<piece_type> all = runs.back()->pieces();
            auto const at = std::find_if(all.begin(), all.end(),
                                         [&](piece_type const& p) { return p.file->properties().least > greatest; });
            all.insert(at, pieces.begin(), pieces.end());
            runs.back() = std::make_shared<run_type const>(lsm::last_level, lsm::run_role::settled, std::move(all));
        }
    }

    store_options const options_;
    std::atomic<std::uint64_t> memtable_bytes_{0};
    lsm::block_cache cache_;
    lsm::store_directory<Environment> files_;

    std::mutex merge_mutex_;
    std::mutex flush_mutex_;
    std::mutex apply_mutex_;
    lsm::memtable* active_ = nullptr;  // under apply_mutex_

    mutable std::mutex state_mutex_;
    std::shared_ptr<lsm::store_state<Environment> const> state_;
    lsn_type visible_ = 0;

    std::atomic<std::uint64_t> checkpoints_{0}, merges_{0};
};

}  // namespace phantomdb::storage
