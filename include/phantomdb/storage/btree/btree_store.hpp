/// @file Defines `btree_store`, the store used where nothing else is asked for: a B+tree in a file, or in memory.
///
/// 1. A batch changes the tree copy-on-write (`versioned_tree.hpp`) and becomes visible as a new version. Pages it made
///    stay in the cache (`page_cache.hpp`) or are written to their places in the file; no durable root means these places yet.
/// 2. A checkpoint notes the current version, and which pages are in use for it, between two batches. Beside the batches that
///    follow it writes what the file does not have of that version, and a map of the pages in use, and syncs; writes one root
///    and syncs; writes the other root and syncs (`btree_root.hpp`).
/// 3. The durable version is held like a snapshot, so that its pages stay until the next one is durable: one rule frees
///    pages, whether readers or the disk need them.
/// 4. Opening reads the root and the map. There is no log and no undo: what was applied since comes from the commit log.
#pragma once

#include <phantomdb/storage/btree/btree_root.hpp>
#include <phantomdb/storage/btree/btree_verifier.hpp>
#include <phantomdb/storage/btree/cached_pages.hpp>
#include <phantomdb/storage/btree/page_file.hpp>
#include <phantomdb/storage/btree/versioned_tree.hpp>
#include <phantomdb/storage/ordered_store.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// Model of `ordered_store` and `persistent_store`. Threads: as the latter says.
template <env::environment Environment, std::size_t PageBytes = 16384>
class btree_store {
    using pages_type = cached_pages<PageBytes>;
    using tree_type = versioned_tree<pages_type>;

public:
    using snapshot_type = basic_snapshot<pages_type>;
    using cursor_type = basic_cursor<pages_type>;
    static constexpr std::string_view file_name = "btree";

    /// A store in memory. Nothing of it is durable, and it has no limit.
    btree_store() = default;

    /// The store that is kept in `directory`, made where there is none. What was applied after its last checkpoint is not
    /// in it: see `applied`. Throws data_corrupted, feature_not_supported, io_error, disk_full.
    btree_store(Environment& environment, std::string const& directory, store_options const& options)
        : btree_store(open(environment, directory, options), options) {}

    btree_store(btree_store const&) = delete;
    btree_store& operator=(btree_store const&) = delete;

    /// O(changes × log n). Where memory runs out, nothing of the batch is applied and 53200 is thrown; where a page that has
    /// to be changed can't be read, data_corrupted or io_error.
    void apply(write_batch const& batch, lsn_type lsn) {
        add(batch, lsn);
        publish(lsn);
    }

    /// `apply` in two steps, so that a group of batches becomes visible in one: each is added, the last one published. Where
    /// one throws, everything since the last publication is taken back.
    void add(write_batch const& batch, lsn_type lsn) {
        std::lock_guard const hold(writer_);
        try {
            batch.for_each([&](std::string_view key, std::string_view value) { tree_.put(key, value, lsn); },
                           [&](std::string_view key) { tree_.erase(key); },
                           [&](std::string_view from, std::string_view to) { tree_.erase_span(from, to); });
        } catch (std::bad_alloc const&) {
            tree_.discard();
            throw_out_of_memory();
        } catch (...) {
            tree_.discard();
            throw;
        }
    }
    void publish(lsn_type lsn) {
        std::lock_guard const hold(writer_);
        try {
            tree_.publish(lsn);
        } catch (std::bad_alloc const&) {
            tree_.discard();
            throw_out_of_memory();
        }
        memory_bytes_.store(tree_.memory_bytes(), std::memory_order_relaxed);
        file_pages_.store(tree_.pages().space().pages(), std::memory_order_relaxed);
        free_pages_.store(tree_.pages().space().free_pages(), std::memory_order_relaxed);
    }

    /// Takes back what was added and not published.
    void discard() noexcept {
        std::lock_guard const hold(writer_);
        tree_.discard();
    }

    lsn_type applied() const { return tree_.snapshot().lsn(); }
    snapshot_type snapshot() const { return tree_.snapshot(); }
    std::uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

    /// See `persistent_store`. In memory it does nothing.
    lsn_type checkpoint() {
        return checkpoint([] {});
    }
    /// The same; `before_root()` is called when it is settled what this checkpoint holds, and before it counts. What that
    /// throws ends the checkpoint.
    template <class BeforeRoot>
    lsn_type checkpoint(BeforeRoot&& before_root) {
        if (file_ == nullptr) return applied();
        std::lock_guard const one(checkpoint_);
        if (file_->is_poisoned()) throw *file_->refusal();
        plan next;
        if (!capture(next)) {
            file_->recovered();  // there is nothing that could not be written
            return durable_.root.lsn;
        }
        bool root_touched = false;
        try {
            doubtful_.reserve(doubtful_.size() + 1);
            write_version(next);
            before_root();
            if (options_.before_durable) options_.before_durable(next.root.lsn);
            file_->sync();
            root_touched = true;
            for (int roots = 0; roots < 2; ++roots) {
                file_->write(next_slot_ * PageBytes, next.root.sealed(PageBytes));
                file_->sync();
                next_slot_ = 1 - next_slot_;
            }
            make_current(next);
        } catch (...) {
            if (root_touched) {
                doubtful_.push_back(std::move(next));  // the disk may have this root: what it means has to stay
            } else {
                cancel(next);
            }
            throw;
        }
        return durable_lsn_.load(std::memory_order_relaxed);
    }

    /// Gives free space at the end of the file back to the disk. There is never more to do.
    bool maintain() {
        if (file_ == nullptr) return false;
        std::lock_guard const one(checkpoint_);
        cut_off();
        return false;
    }

    std::optional<error> refusal() const { return file_ == nullptr ? std::nullopt : file_->refusal(); }

    store_statistics statistics() const {
        store_statistics s;
        s.memory_bytes = memory_bytes();
        if (file_ == nullptr) return s;
        s.memory_bytes = tree_.pages().memory_bytes();
        s.file_bytes = file_pages_.load(std::memory_order_relaxed) * PageBytes;
        s.free_bytes = free_pages_.load(std::memory_order_relaxed) * PageBytes;
        s.read_bytes = file_->read_bytes.load(std::memory_order_relaxed);
        s.written_bytes = file_->written_bytes.load(std::memory_order_relaxed);
        s.cache_misses = tree_.pages().cache()->misses();
        s.checkpoints = checkpoints_.load(std::memory_order_relaxed);
        s.durable = durable_lsn_.load(std::memory_order_relaxed);
        return s;
    }

    /// See `persistent_store`. Checkpoints wait only while the roots are looked at.
    void verify(verification const& to) const {
        if (file_ == nullptr) return;
        held_root held;
        {
            std::lock_guard const no_checkpoint(checkpoint_);
            held = durable_;
            for (std::uint32_t i = 0; i < 2 && doubtful_.empty(); ++i) {
                std::string page(PageBytes, '\0');
                btree_root found;
                page.resize(file_->read(i * PageBytes, page));
                if (btree_root::read(page, PageBytes, found) != btree_root::reading::good ||
                    page != held.root.sealed(PageBytes)) {
                    if (to.on_finding)
                        to.on_finding({file_->path(), i * PageBytes, "this root is not the last checkpoint's"});
                }
            }
        }
        btree_verifier(*file_, PageBytes, held.root, to).run();
    }

private:
    /// A root, and the version that it means.
    struct held_root {
        btree_root root;
        snapshot_type version;
    };
    /// A checkpoint on its way.
    struct plan : held_root {
        std::string map;
    };
    struct opened {
        std::unique_ptr<page_file> file;
        btree_root root;
        page_bits used;
    };

    [[noreturn]] static void throw_out_of_memory() {
        throw error(errc::out_of_memory, "out of memory")
            .with_detail("A commit did not fit into the memory of the store.");
    }

    static opened open(Environment& environment, std::string const& directory, store_options const& options) {
        std::string const path = env::join(directory, file_name);
        env::create_own_directory(environment, directory);
        if (!environment.exists(path)) create(environment, path, options);
        // Also where it was there: whoever made it may have failed before its name was durable.
        environment.sync_directory(directory);
        opened made{std::make_unique<environment_page_file<Environment>>(environment, path, options.sync), {}, {}};
        std::uint32_t slot = 0;
        bool same = false;
        made.root = btree_root::find(*made.file, PageBytes, slot, same);
        made.used = made.root.read_map(*made.file, PageBytes);
        if (!same) {
            // Goes on as the checkpoint would have that was interrupted.
            made.file->sync();
            made.file->write((1 - slot) * PageBytes, made.root.sealed(PageBytes));
            made.file->sync();
        }
        return made;
    }

    /// Makes the file under another name first: a file of the right name has its roots.
    static void create(Environment& environment, std::string const& path, store_options const& options) {
        std::string const unfinished = path + ".new";
        {
            auto file = environment.open(unfinished, env::open_mode::create);
            std::string const page = btree_root{}.sealed(PageBytes);
            file.write_at(0, page + page);
            if (options.sync) file.sync();
        }
        environment.rename(unfinished, path);
    }

    btree_store(opened from, store_options const& options)
        : file_(std::move(from.file)),
          options_(options),
          tree_(*file_, options.cache_bytes, std::move(from.used), from.root.pages) {
        tree_.adopt(from.root.root, from.root.version, from.root.lsn, from.root.keys);
        durable_ = {from.root, tree_.snapshot()};
        durable_lsn_ = from.root.lsn;
        memory_bytes_ = tree_.memory_bytes();
        file_pages_ = tree_.pages().space().pages();
        free_pages_ = tree_.pages().space().free_pages();
    }

    /// Notes the current version and what is in use for it. False where it is durable already.
    bool capture(plan& made) {
        std::lock_guard const hold(writer_);
        made.version = tree_.snapshot();
        if (made.version.version()->number == durable_.version.version()->number) return false;
        tree_.pages().trim();
        try {
            plan_root(made);
        } catch (...) {
            release_map(made);
            throw;
        }
        return true;
    }
    void plan_root(plan& made) {
        auto& pages = tree_.pages();
        std::uint32_t count = 1;
        while (map_bytes(std::uint64_t{pages.space().pages()} + count) > std::uint64_t{count} * PageBytes) ++count;
        made.root.map = pages.take_run(count);
        page_bits used = pages.used_by_published([&](auto&& visit) { tree_.for_each_kept(visit); });
        used.clear(durable_.root.map.first, durable_.root.map.count);
        for (plan const& other : doubtful_) used.clear(other.root.map.first, other.root.map.count);
        used.set(made.root.map.first, made.root.map.count);
        auto const& version = *made.version.version();
        made.root.pages = pages.space().pages();
        made.root.generation = next_generation_ = std::max(next_generation_, durable_.root.generation) + 1;
        made.root.lsn = version.lsn;
        made.root.version = version.number;
        made.root.keys = version.keys;
        made.root.root = version.root;
        made.map.assign(std::size_t{count} * PageBytes, '\0');
        std::memcpy(made.map.data(), used.words().data(), used.words().size() * 8);
        made.root.map_checksum = codec::crc32c(made.map);
    }
    void release_map(plan const& given_up) noexcept {
        if (given_up.root.map.count > 0)
            tree_.pages().release({given_up.root.map.first, given_up.root.map.count, true});
    }
    static std::uint64_t map_bytes(std::uint64_t pages) { return (pages + 63) / 64 * 8; }

    /// Gives up a checkpoint of which no root can be on the disk.
    void cancel(plan const& given_up) {
        std::lock_guard const hold(writer_);
        release_map(given_up);
    }

    void write_version(plan const& next) {
        auto const pace = [&](std::size_t bytes) {
            if (options_.background_bytes_per_second == 0) return;
            std::this_thread::sleep_for(std::chrono::nanoseconds(static_cast<std::uint64_t>(
                1e9 * static_cast<double>(bytes) / static_cast<double>(options_.background_bytes_per_second))));
        };
        tree_.pages().cache()->write_dirty(next.root.pages, next.root.version, pace);
        tree_.pages().values()->write_dirty(next.root.version, pace);
        file_->write(std::uint64_t{next.root.map.first} * PageBytes, next.map);
    }

    /// `next` is durable, in both roots. Where memory runs out, nothing has changed.
    void make_current(plan& next) {
        std::lock_guard const hold(writer_);
        tree_.reserve_retired(1 + doubtful_.size());
        file_->recovered();
        // The maps are kept as long as somebody may read by them (`verify`).
        auto const retire = [&](held_root const& old) {
            if (old.root.map.count > 0) tree_.retire({old.root.map.first, old.root.map.count, true}, old.root.version);
        };
        retire(durable_);
        for (plan const& other : doubtful_) retire(other);
        doubtful_.clear();
        durable_ = {next.root, std::move(next.version)};
        durable_lsn_.store(durable_.root.lsn, std::memory_order_relaxed);
        checkpoints_.fetch_add(1, std::memory_order_relaxed);
        tree_.reclaim();
        free_pages_.store(tree_.pages().space().free_pages(), std::memory_order_relaxed);
    }

    /// Nothing lies behind the end of the durable version's pages, if no batch has made the file longer since.
    void cut_off() {
        std::lock_guard const hold(writer_);
        std::uint64_t const end = std::uint64_t{tree_.pages().space().pages()} * PageBytes;
        if (tree_.pages().space().pages() > durable_.root.pages || file_->is_poisoned() || file_->is_failing()) return;
        if (file_->size() > end) file_->truncate(end);
    }

    std::unique_ptr<page_file> file_;
    store_options options_;
    mutable std::mutex checkpoint_;  // one checkpoint at a time; before `writer_`
    std::mutex writer_;              // a batch, or a short look at what the writer has
    tree_type tree_;
    held_root durable_;  // after the tree: goes before it
    std::vector<plan> doubtful_;
    std::uint64_t next_generation_ = 0;
    std::uint64_t next_slot_ = 0;  // which root to write first: not the one that may be the only good one
    std::atomic<lsn_type> durable_lsn_{0};
    std::atomic<std::uint64_t> memory_bytes_{0}, file_pages_{0}, free_pages_{0}, checkpoints_{0};
};

}  // namespace phantomdb::storage
