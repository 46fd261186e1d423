/// @file Defines `shard`, a store and its log: opening, committing, checkpoints. Where transactions begin.
///
/// A commit (journey 3 of the design):
/// 1. Under the commit mutex: a SERIALIZABLE transaction is validated against everything that entered the log since its
///    snapshot; the batch takes its place in the log and in the queue of commits.
/// 2. Wait for the log. Many commits share one sync.
/// 3. Under the apply mutex: whoever comes first applies all that is durable, in log order, and makes it visible in one step.
///    The others find their commit done.
/// 4. Row locks are released, the caller gets its answer.
///
/// In the background: checkpoints, so that the log below them can go; what the store has to tidy up; and moving objects whose
/// engine the store may choose (`engine_advice`).
///
/// Where the log is a group's (`storage::any_log`), 3 is done by the log: it hands over what the group has agreed on, of this
/// process and of others, in order (`apply_log`).
///
/// A directory holds: lock (the process that has it open), store/ (see the store), log/ (see the log), and where it is a node of a
/// group the file phantomdb.node, without which nobody may take its log for one of this machine alone.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/env/posix.hpp>
#include <phantomdb/mvcc/background_event.hpp>
#include <phantomdb/mvcc/engine_advice.hpp>
#include <phantomdb/mvcc/store_services.hpp>
#include <phantomdb/mvcc/transaction.hpp>
#include <phantomdb/storage/any_log.hpp>
#include <phantomdb/storage/hybrid/routes.hpp>
#include <phantomdb/storage/image.hpp>
#include <phantomdb/storage/local_log.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace phantomdb::mvcc {

struct shard_options {
    storage::local_log_options log{};
    storage::store_options store{};
    /// A checkpoint is written when the log has grown so far, or has not been empty for so long.
    std::uint64_t checkpoint_log_bytes = std::uint64_t{256} << 20;
    std::chrono::milliseconds checkpoint_timeout{60'000};
    engine_advice_options advice{};
    /// Checkpoints, late syncs and maintenance on threads of their own; false: only when `checkpoint` and `maintain` are called.
    bool background = true;
    lock_table::describe_key describe_key{};  ///< how errors name a row
    /// Told, on the thread that does the work, of what failed in the background and of what works again.
    background_listener on_background_event{};
    /// Called once the directory is locked, and before the store is opened.
    std::function<void()> before_opening{};
    /// Gives the log, once the directory is locked and the store is open, which has applied so far. Empty: one of this machine.
    std::function<std::unique_ptr<storage::log_kind>(storage::lsn_type applied)> open_log{};
    /// Called around the applying of what did not come from this process, for whoever keeps in memory what the store says. Calls
    /// `apply` once. `changes`: whether a key was written, as far as known.
    std::function<void(std::function<bool(std::string_view key)> const& changes, std::function<void()> const& apply)>
        around_foreign{};
};

/// Counted since the shard was opened.
struct shard_statistics {
    std::uint64_t commits = 0;  ///< with writes
    std::uint64_t rollbacks = 0;
    std::uint64_t serialization_failures = 0;
    std::uint64_t deadlocks = 0;
    std::uint64_t locked_keys = 0;  ///< now
    std::uint64_t checkpoints = 0;
    std::uint64_t replayed = 0;  ///< batches read from the log by `open`
    std::uint64_t memory_bytes = 0;
    std::uint64_t moves = 0;  ///< objects moved to another engine
    storage::log_statistics log{};
    storage::store_statistics store{};
};

/// One store with one log in one directory. All members from any thread. Transactions must be gone before it is.
template <storage::ordered_store Store, class Log, env::environment Environment = env::posix>
class shard final : public transaction_host<Store> {
public:
    using store_type = Store;
    using transaction_type = transaction<Store>;
    /// Whether the store keeps itself in files; otherwise the log is all there is of it.
    static constexpr bool in_files =
        std::constructible_from<Store, Environment&, std::string const&, storage::store_options const&>;
    static constexpr bool has_engines = requires(Store const& store) { store.whereabouts(); };
    /// Whether batches can be put into the store and made visible together.
    static constexpr bool applies_in_groups = requires(Store& store, storage::write_batch const& batch) {
        store.add(batch, 1);
        store.publish(1);
    };

    /// Opens the database in `directory`, and creates it where there is none: newest checkpoint, then the log above it.
    /// Throws lock_file_exists (another process has it open), data_corrupted, io_error, disk_full.
    static std::unique_ptr<shard> open(std::string directory, shard_options options = {},
                                       Environment environment = {}) {
        return std::unique_ptr<shard>(new shard(std::move(directory), std::move(options), std::move(environment)));
    }

    shard(shard const&) = delete;
    shard& operator=(shard const&) = delete;

    /// Ends after a last sync. What is committed is safe without it.
    ~shard() override {
        {
            std::lock_guard const hold(background_mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        if (background_.joinable()) background_.join();
        if (maintenance_.joinable()) maintenance_.join();
        try {
            log_->wait_durable(log_->last());
        } catch (std::exception const&) {  // the commits that asked for durability have been told
        }
    }

    transaction_type begin(transaction_options options = {}) {
        return transaction_type(*this, next_transaction_.fetch_add(1, std::memory_order_relaxed), options);
    }
    transaction_type begin(isolation level) {
        transaction_options options;
        options.level = level;
        return begin(options);
    }

    /// What is committed now, to read without a transaction.
    read_view<Store> view() const { return {store_.snapshot(), {}, nullptr}; }

    /// Makes the store durable as it is and drops the log below. Commits go on meanwhile. One at a time; a second caller waits.
    /// Where the store is in memory, only the log is made durable.
    void checkpoint() {
        if constexpr (in_files) {
            std::lock_guard const one(checkpoint_mutex_);
            storage::lsn_type const lsn = checkpoint_store();
            log_->truncate(lsn + 1);
            checkpoint_at_ = log_->statistics().bytes + options_.checkpoint_log_bytes;
            checkpointed_ = lsn;
            checkpoints_.fetch_add(1, std::memory_order_relaxed);
        } else {
            sync();
        }
    }

    /// Lets the store tidy up, and moves what it would rather have elsewhere; returns when there is nothing left to do.
    void maintain() {
        std::lock_guard const one(maintenance_mutex_);
        if constexpr (in_files) {
            while (!stopping_.load(std::memory_order_relaxed) && store_.maintain()) {
            }
        }
        if constexpr (has_engines) {
            if (!log_applies()) follow_advice();
        }
    }

    /// Moves an object to another engine while it is read and written (mvcc/store_services.hpp); returns when it is there. What it
    /// was asked to be in stays as it is: that is for DDL to say. Nothing happens where the object is there already, where
    /// the store may choose, or where all is in memory. Any thread; one move at a time, a second caller waits. On error
    /// (io_error, disk_full, what `progress` throws) the object stays where it was.
    void move_object(std::uint32_t object, codec::engine target, move_progress const& progress = {})
        requires has_engines
    {
        if (log_applies()) {
            throw error(errc::feature_not_supported, "a replicated database cannot move tables to another engine")
                .with_hint("Make a table that uses the engine, and copy the rows.");
        }
        std::lock_guard const one(move_mutex_);
        if (!store_.has_engines() || target == codec::engine::hybrid) return;
        storage::route moving;
        moving.object = object;
        if (auto const known = store_.whereabouts(); auto const* found = known->find(object)) moving = *found;
        if (moving.where == target) return;
        moving.moving_to = target;
        commit_route(moving);
        try {
            copy(object, target, progress);
        } catch (...) {
            moving.moving_to.reset();
            try {
                commit_route(moving);
            } catch (std::exception const&) {  // opening the database again gives the move up
            }
            throw;
        }
        // It may have been dropped, or been asked to be elsewhere, meanwhile.
        auto const known = store_.whereabouts();
        auto const* const now = known->find(object);
        if (now == nullptr || now->moving_to != target) return;
        moving = *now;
        moving.where = target;
        moving.moving_to.reset();
        commit_route(moving);
        moves_.fetch_add(1, std::memory_order_relaxed);
    }

    /// Gives back the room of what was erased and of versions that nobody sees any more (VACUUM): what the last checkpoint
    /// kept goes with the next one. Engines don't do so by object; `whole` merges the LSM engine fully where it holds the object.
    /// Commits go on meanwhile. What `progress` throws ends it, with nothing lost.
    void reclaim(std::uint32_t object, bool whole, move_progress const& progress)
        requires in_files
    {
        checkpoint();
        std::lock_guard const one(maintenance_mutex_);
        if constexpr (has_engines) {
            auto const step = [&] {
                if (progress) progress(0, 0);
            };
            if (whole) store_.merge_fully(object, step);
        }
        auto const tidy_up = [&] {
            while (!stopping_.load(std::memory_order_relaxed) && store_.maintain()) {
            }
        };
        tidy_up();
        if constexpr (has_engines) {
            {
                std::lock_guard const applying(apply_mutex_);
                store_.refresh();
            }
            tidy_up();
        }
    }

    /// How many checkpoints the store has seen: what commits before one have replaced, the one after it does not keep.
    std::uint64_t checkpoints() const { return checkpoints_.load(std::memory_order_relaxed); }

    storage::store_statistics store_statistics() const
        requires in_files
    {
        return store_.statistics();
    }

    /// Reads the files of the store and the log and reports what is wrong with them. Commits go on meanwhile.
    void verify(storage::verification const& to) const {
        if constexpr (in_files) store_.verify(to);
        if constexpr (requires { log_->verify(to); }) log_->verify(to);
    }

    /// Syncs what was committed with `synchronous` false.
    void sync() { log_->wait_durable(log_->last()); }

    shard_statistics statistics() const {
        shard_statistics s;
        s.commits = commits_.load(std::memory_order_relaxed);
        s.rollbacks = rollbacks_.load(std::memory_order_relaxed);
        s.serialization_failures = serialization_failures_.load(std::memory_order_relaxed);
        s.deadlocks = locks_.deadlocks();
        s.locked_keys = locks_.locked_keys();
        s.checkpoints = checkpoints_.load(std::memory_order_relaxed);
        s.replayed = replayed_;
        s.moves = moves_.load(std::memory_order_relaxed);
        if constexpr (requires { store_.statistics(); }) {
            s.store = store_.statistics();
            s.memory_bytes = s.store.memory_bytes;
        } else if constexpr (requires { store_.memory_bytes(); }) {
            s.memory_bytes = store_.memory_bytes();
        }
        s.log = log_->statistics();
        return s;
    }

    Environment& environment() { return environment_; }
    std::string const& directory() const { return directory_; }
    Store const& store() const { return store_; }

    // ---- transaction_host ----

    typename Store::snapshot_type newest() const override { return store_.snapshot(); }
    lock_table& locks() override { return locks_; }
    void rolled_back() override { rollbacks_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t epoch() const override {
        if constexpr (has_any_log) return log_->epoch();
        return 0;
    }

    typename Store::snapshot_type begin_serializable(std::uint64_t id) override {
        std::lock_guard const hold(commit_mutex_);
        auto snapshot = store_.snapshot();
        serializable_.emplace(id, snapshot.lsn());
        return snapshot;
    }
    void end_serializable(std::uint64_t id) override {
        std::lock_guard const hold(commit_mutex_);
        serializable_.erase(id);
        forget_old_commits();
    }

    storage::lsn_type commit(commit_request request) override {
        if constexpr (in_files) {
            if (auto refused = store_.refusal()) {
                wake_background();  // a checkpoint ends it, once there is room
                throw *refused;
            }
        }
        auto const batch = std::make_shared<storage::write_batch const>(std::move(request.batch));
        storage::lsn_type lsn = 0;
        {
            std::lock_guard const hold(commit_mutex_);
            if (broken_ != nullptr) throw_broken();
            if (request.reads != nullptr) validate(request);
            recent_.push_back({0, batch});  // needs memory, so before the log has it
            try {
                recent_.back().lsn = lsn = append(*batch, request.epoch);
            } catch (...) {
                recent_.pop_back();
                throw;
            }
        }
        wait_for_log(lsn, request);
        if (!log_applies()) apply_up_to(lsn);
        commits_.fetch_add(1, std::memory_order_relaxed);
        if (!request.synchronous && !log_applies()) sync_late_.store(true, std::memory_order_relaxed);
        if (!request.synchronous || wants_checkpoint()) wake_background();
        return lsn;
    }

    // ---- for a log that applies; called one at a time ----

    /// Applies what the log hands over, in its order and above what was applied before, and makes it visible. Throws what the store
    /// throws; then nothing more can be applied until the database is opened again.
    void apply_log(std::span<storage::logged_batch const> batches) {
        std::lock_guard const one(apply_mutex_);
        try {
            while (!batches.empty()) {
                std::size_t n = 1;
                while (n < batches.size() && batches[n].is_own == batches[0].is_own) ++n;
                apply_run(batches.first(n));
                batches = batches.subspan(n);
            }
        } catch (...) {
            std::lock_guard const hold(commit_mutex_);
            if (broken_ == nullptr) broken_ = std::current_exception();
            throw_broken();
        }
        if (wants_checkpoint()) wake_background();
    }

    /// This process is the only one that appends, from now on and until the epoch ends; everything before is applied.
    void begin_epoch() {
        std::lock_guard const hold(commit_mutex_);
        recent_.clear();  // of epochs before: who waits for one of these cannot commit any more
    }

    /// Puts the content of an image in the place of all there is, visible in one step, as of `lsn`: that of the image, or of what
    /// came behind it in the log and is no batch. It was verified, and `lsn` is above `store().applied()`. Where this is
    /// interrupted for ever, the store has to be made anew from the image.
    void install_image(std::string const& file, storage::lsn_type lsn)
        requires(in_files && applies_in_groups)
    {
        std::lock_guard const one(apply_mutex_);
        storage::image_reader<Environment> reader(environment_, file);
        PHANTOMDB_ASSERT(lsn > store_.applied() && lsn >= reader.lsn());
        auto const install = [&] {
            storage::write_batch batch;
            if constexpr (has_engines) {
                auto const known = store_.whereabouts();
                for (storage::route const& r : known->all()) batch.erase(codec::engine_record_key(r.object));
            }
            batch.erase_span({}, {});
            store_.add(batch, lsn - 1);
            batch.clear();
            reader.read_entries([&](std::string_view key, std::string_view value) {
                batch.put(key, value);
                if (batch.bytes().size() < storage::detail::image_block_bytes) return;
                store_.add(batch, lsn);
                batch.clear();
            });
            store_.add(batch, lsn);
            store_.publish(lsn);
            std::lock_guard const hold(commit_mutex_);
            applied_ = lsn;
            recent_.clear();
        };
        try {
            around([](std::string_view) { return true; }, install);
        } catch (...) {
            std::lock_guard const hold(commit_mutex_);
            if (broken_ == nullptr) broken_ = std::current_exception();
            throw_broken();
        }
    }

private:
    static constexpr bool has_any_log = std::same_as<Log, storage::any_log>;
    bool log_applies() const {
        if constexpr (has_any_log) return log_->applies();
        return false;
    }
    storage::lsn_type append(storage::write_batch const& batch, std::uint64_t epoch) {
        if constexpr (has_any_log) return log_->append(batch.bytes(), epoch);
        return log_->append(batch.bytes());
    }

    struct recent_commit {
        storage::lsn_type lsn;
        std::shared_ptr<storage::write_batch const> batch;
    };

    shard(std::string directory, shard_options options, Environment environment)
        : environment_(std::move(environment)),
          directory_(std::move(directory)),
          options_(std::move(options)),
          lock_(lock(environment_, directory_, options_.open_log != nullptr)),
          store_(open_store()),
          locks_(options_.describe_key) {
        replay();
        applied_ = log_applies() ? store_.applied() : log_->last();
        checkpointed_ = applied_ - std::min<storage::lsn_type>(applied_, replayed_ > 0);
        checkpoint_at_ = options_.checkpoint_log_bytes;
        if constexpr (has_engines) {
            if (!log_applies()) give_up_moves();
        }
        if (!options_.background) return;
        background_ = std::thread([this] { run_background(); });
        if constexpr (in_files) maintenance_ = std::thread([this] { run_maintenance(); });
    }

    static typename Environment::lock_type lock(Environment& environment, std::string const& directory, bool in_group) {
        env::create_own_directory(environment, directory);
        refuse_foreign_directory(environment, directory);
        if (!in_group && environment.exists(env::join(directory, node_file))) {
            throw error(errc::object_not_in_prerequisite_state,
                        "directory \"" + directory + "\" belongs to a node of a cluster")
                .with_hint("Start phantomd on it with the --node-id it had.");
        }
        return environment.lock(env::join(directory, "lock"));
    }
    /// A mistyped path is not to fill a directory of other things with files. 55000 where nothing in it is ours.
    static void refuse_foreign_directory(Environment& environment, std::string const& directory) {
        bool foreign = false;
        for (std::string const& name : environment.list(directory)) {
            if (name.starts_with("checkpoint-")) {
                throw error(errc::feature_not_supported,
                            "directory \"" + directory + "\" was written by an earlier version of PhantomDB")
                    .with_hint("Read it with that version, and load what it has into a new directory.");
            }
            if (name == "lock" || name == "log" || name == "store" || name.starts_with("phantomdb.")) return;
            foreign = foreign || name != "lost+found";
        }
        if (!foreign) return;
        throw error(errc::object_not_in_prerequisite_state,
                    "directory \"" + directory + "\" is not empty and holds no database")
            .with_hint("Name a directory that is empty or does not exist yet.");
    }
    Store open_store() {
        if (options_.before_opening) options_.before_opening();
        if constexpr (in_files) {
            storage::store_options options = options_.store;
            options.before_durable = [this](storage::lsn_type lsn) {
                if (log_ != nullptr) log_->wait_durable(lsn);
            };
            return Store(environment_, env::join(directory_, "store"), options);
        } else {
            return Store();
        }
    }

    /// Opens the log and applies what it has above the checkpoint. Nobody reads meanwhile, so nothing has to be visible before
    /// the end: a page that many commits have changed is copied once.
    void replay() {
        storage::lsn_type added = 0;
        auto const apply_record = [&](storage::lsn_type lsn, std::string_view bytes) {
            auto const batch = storage::write_batch::from_bytes(std::string(bytes));
            if constexpr (applies_in_groups) {
                store_.add(batch, lsn);
                added = lsn;
            } else {
                store_.apply(batch, lsn);
            }
            ++replayed_;
        };
        std::string const place = env::join(directory_, "log");
        if constexpr (has_any_log) {
            using local = storage::local_kind<storage::local_log<Environment>>;
            log_ = std::make_unique<Log>(options_.open_log ? options_.open_log(store_.applied())
                                                           : std::make_unique<local>(environment_, place, options_.log,
                                                                                     store_.applied(), apply_record));
        } else {
            log_ = std::make_unique<Log>(environment_, place, options_.log, store_.applied(), apply_record);
        }
        if constexpr (applies_in_groups) {
            if (added != 0) store_.publish(added);
        }
    }

    // ---- moving objects ----

    static constexpr std::size_t rows_a_piece = 256;  // copied between two commits

    void commit_route(storage::route const& r) {
        commit_request request;
        if (r.asked_for == codec::engine::btree && r.where == codec::engine::btree && !r.moving_to) {
            request.batch.erase(codec::engine_record_key(r.object));
        } else {
            request.batch.put(codec::engine_record_key(r.object), storage::encode_route(r));
        }
        commit(std::move(request));
    }

    void copy(std::uint32_t object, codec::engine target, move_progress const& progress) {
        std::string const from = storage::object_prefix(object);
        std::uint64_t const total = progress ? store_.snapshot().count(from, storage::object_end(object)) : 0;
        std::uint64_t done = 0;
        for (std::optional<std::string> next = from; next;) {
            {
                std::lock_guard const applying(apply_mutex_);
                next = store_.copy_piece(object, *next, rows_a_piece);
            }
            done += rows_a_piece;
            if (progress) progress(std::min(done, total), total);
        }
        std::lock_guard const no_checkpoint(checkpoint_mutex_);
        store_.make_durable(target);
    }

    /// Moves that a crash has interrupted.
    void give_up_moves() {
        auto const known = store_.whereabouts();
        for (storage::route r : known->all()) {
            if (!r.moving_to) continue;
            r.moving_to.reset();
            try {
                commit_route(r);
            } catch (std::exception const& e) {
                // The next opening tries again; meanwhile both engines are kept the same.
                tell_failure(background_task::engine_move, e, {});
            }
        }
    }

    void follow_advice() {
        if (!store_.has_engines()) return;
        for (auto const& [object, target] : advice_.look(*store_.whereabouts(), environment_.steady_now())) {
            if (stopping_.load(std::memory_order_relaxed)) return;
            move_object(object, target);
        }
    }

    // ---- what a log hands over ----

    void around(std::function<bool(std::string_view)> const& changes, std::function<void()> const& apply) {
        if (options_.around_foreign) options_.around_foreign(changes, apply);
        else apply();
    }
    void apply_run(std::span<storage::logged_batch const> batches) {
        std::vector<recent_commit> group;
        group.reserve(batches.size());
        for (storage::logged_batch const& b : batches) {
            group.push_back({b.lsn, std::make_shared<storage::write_batch const>(
                                        storage::write_batch::from_bytes(std::string(b.bytes)))});
        }
        auto const apply_group = [&] {
            apply(group);
            std::lock_guard const hold(commit_mutex_);
            applied_ = group.back().lsn;
            forget_old_commits();
        };
        if (batches[0].is_own) return apply_group();
        around(
            [&](std::string_view key) {
                bool found = false;
                auto const look = [&](std::string_view changed, auto&&...) { found = found || changed == key; };
                for (recent_commit const& commit : group) commit.batch->for_each(look, look, look);
                return found;
            },
            apply_group);
    }

    // ---- committing ----

    void wait_for_log(storage::lsn_type lsn, commit_request const& request) {
        try {
            if constexpr (has_any_log) {
                if (request.synchronous) log_->wait_durable(lsn, request.epoch);
                else log_->wait_written(lsn, request.epoch);
            } else if (request.synchronous) {
                log_->wait_durable(lsn);
            } else {
                log_->wait_written(lsn);
            }
        } catch (error const& e) {
            if (e.code == errc::disk_full) {  // what a checkpoint sets free of the log is room
                log_lacks_room_.store(true, std::memory_order_relaxed);
                wake_background();
            }
            throw;
        }
    }

    /// Refuses the commit of a transaction that has read what others have changed since its snapshot.
    void validate(commit_request const& request) {
        for (auto commit = recent_.rbegin(); commit != recent_.rend() && commit->lsn > request.snapshot; ++commit) {
            auto const check = [&](std::string_view key) {
                if (!request.reads->contains(key)) return;
                serialization_failures_.fetch_add(1, std::memory_order_relaxed);
                throw error(errc::serialization_failure,
                            "could not serialize access due to read/write dependencies among transactions")
                    .with_detail("A transaction that committed meanwhile has changed what this one has read.")
                    .with_hint("The transaction might succeed if retried.");
            };
            // Spans are erased by maintenance alone, which removes what no transaction can read.
            commit->batch->for_each([&](std::string_view key, std::string_view) { check(key); }, check,
                                    [](std::string_view, std::string_view) {});
        }
    }

    /// Applies, in the order of the log, every commit up to `lsn`, which the log holds, and what is durable behind it.
    void apply_up_to(storage::lsn_type lsn) {
        std::lock_guard const one(apply_mutex_);
        try {
            std::vector<recent_commit> const group = commits_up_to(lsn);
            if (!group.empty()) apply(group);
        } catch (...) {
            std::lock_guard const hold(commit_mutex_);
            if (broken_ == nullptr) broken_ = std::current_exception();
            throw_broken();
        }
        std::lock_guard const hold(commit_mutex_);
        applied_ = std::max(applied_, lsn);
        forget_old_commits();
    }

    /// What is to be applied for `lsn` to be visible, and what is durable behind it; moves `lsn` there.
    std::vector<recent_commit> commits_up_to(storage::lsn_type& lsn) {
        std::lock_guard const hold(commit_mutex_);
        if (broken_ != nullptr) throw_broken();
        std::vector<recent_commit> group;
        if (applied_ >= lsn) return group;
        lsn = std::max(lsn, log_->durable());  // the others of this group find theirs done
        auto const first = std::upper_bound(recent_.begin(), recent_.end(), applied_,
                                            [](auto at, recent_commit const& commit) { return at < commit.lsn; });
        for (auto commit = first; commit != recent_.end() && commit->lsn <= lsn; ++commit) {
            if (!log_->is_refused(commit->lsn)) group.push_back(*commit);
        }
        return group;
    }

    /// The log has commits that the store has not got.
    [[noreturn]] void throw_broken() const {
        sqlstate code = errc::out_of_memory;
        std::string message = "commits cannot be applied any more: ";
        try {
            std::rethrow_exception(broken_);
        } catch (error const& e) {
            code = e.code;
            message = e.message.starts_with(message) ? e.message : message + e.message;
        } catch (std::exception const& e) {
            message += e.what();
        }
        throw error(code, std::move(message)).with_hint("The commit log has them. Open the database again.");
    }

    /// Makes a group visible in one step where the store can.
    void apply(std::vector<recent_commit> const& group) {
        if constexpr (applies_in_groups) {
            for (recent_commit const& commit : group) store_.add(*commit.batch, commit.lsn);
            store_.publish(group.back().lsn);
        } else {
            for (recent_commit const& commit : group) store_.apply(*commit.batch, commit.lsn);
        }
    }

    /// Commits stay until they are applied and no SERIALIZABLE transaction began before them.
    void forget_old_commits() {
        storage::lsn_type needed_from = applied_;
        for (auto const& [id, snapshot] : serializable_) needed_from = std::min(needed_from, snapshot);
        while (!recent_.empty() && recent_.front().lsn <= needed_from) recent_.pop_front();
    }

    // ---- checkpoints, and what is done in the background ----

    /// A full disk has no room for files that the log keeps only to be fast.
    storage::lsn_type checkpoint_store() {
        if constexpr (requires { log_->give_up_spares(); }) {
            try {
                return store_.checkpoint();
            } catch (error const& e) {
                if (e.code != errc::disk_full || !log_->give_up_spares()) throw;
            }
        }
        return store_.checkpoint();
    }

    /// The log was refused room, and holds what a checkpoint would make unneeded. Asked once for each time.
    bool may_make_room() {
        if (!log_lacks_room_.exchange(false, std::memory_order_relaxed)) return false;
        if constexpr (requires { log_->give_up_spares(); }) log_->give_up_spares();
        return store_.applied() > checkpointed_;
    }

    bool is_refusing() const {
        if constexpr (in_files) return store_.refusal().has_value();
        return false;
    }
    bool wants_checkpoint() const { return log_->statistics().bytes >= checkpoint_at_.load(std::memory_order_relaxed); }

    void wake_background() {
        if (!options_.background) return;
        {
            std::lock_guard const hold(background_mutex_);
            woken_ = true;
        }
        wake_.notify_all();
    }

    void run_background() {
        std::unique_lock hold(background_mutex_);
        woken_ = true;  // the log may be long already
        bool failed = false;
        for (;;) {
            auto const pause = failed ? pause_after_failure() : options_.checkpoint_timeout;
            bool const in_time = wake_.wait_for(hold, pause, [&] { return (woken_ && !failed) || stopping_; });
            if (sync_late_.load(std::memory_order_relaxed))
                wake_.wait_for(hold, late_sync, [&] { return stopping_.load(); });
            if (stopping_) return;
            woken_ = false;
            hold.unlock();
            background_task doing = background_task::log_sync;
            try {
                if (sync_late_.exchange(false, std::memory_order_relaxed)) sync();
                doing = background_task::checkpoint;
                bool const room = may_make_room();
                if (failed || room || is_refusing() || wants_checkpoint() ||
                    (!in_time && store_.applied() > checkpointed_))
                    checkpoint();
                if (std::exchange(failed, false)) tell({doing, {}, {}, false});
            } catch (std::exception const& e) {
                failed = true;
                checkpoint_at_ += options_.checkpoint_log_bytes / 4;
                tell_failure(doing, e, pause_after_failure());
            }
            hold.lock();
        }
    }

    void run_maintenance() {
        bool failed = false;
        std::unique_lock hold(background_mutex_);
        while (
            !wake_.wait_for(hold, failed ? after_failure_pause : maintenance_pause, [&] { return stopping_.load(); })) {
            hold.unlock();
            try {
                maintain();
                if (std::exchange(failed, false)) tell({background_task::maintenance, {}, {}, false});
            } catch (std::exception const& e) {
                failed = true;
                tell_failure(background_task::maintenance, e, after_failure_pause);
            }
            hold.lock();
        }
    }

    std::chrono::milliseconds pause_after_failure() const {
        return std::min(options_.checkpoint_timeout, after_failure_pause);
    }

    void tell_failure(background_task task, std::exception const& e,
                      std::chrono::milliseconds next_try) const noexcept {
        try {
            auto const* const known = dynamic_cast<error const*>(&e);
            tell({task, known != nullptr ? *known : error(errc::out_of_memory, e.what()), next_try, is_refusing()});
        } catch (std::exception const&) {  // there is no memory to tell with
        }
    }
    void tell(background_event const& event) const noexcept {
        if (!options_.on_background_event) return;
        try {
            options_.on_background_event(event);
        } catch (std::exception const&) {
        }
    }

    static constexpr char const* node_file = "phantomdb.node";
    static constexpr std::chrono::milliseconds maintenance_pause{100}, after_failure_pause{2000};
    /// Commits with `synchronous` false are synced this long after the first of them, at the latest.
    static constexpr std::chrono::milliseconds late_sync{200};

    Environment environment_;
    std::string directory_;
    shard_options options_;
    typename Environment::lock_type lock_;
    Store store_;
    std::unique_ptr<Log> log_;
    lock_table locks_;
    std::atomic<std::uint64_t> next_transaction_{1};

    std::mutex commit_mutex_;
    std::deque<recent_commit> recent_;                         // by LSN
    std::map<std::uint64_t, storage::lsn_type> serializable_;  // transactions at work, and what they read
    storage::lsn_type applied_ = 0;
    std::exception_ptr broken_;
    std::mutex apply_mutex_;  // taken before commit_mutex_

    std::mutex maintenance_mutex_;                 // before the following
    std::mutex move_mutex_;                        // before the following
    std::mutex checkpoint_mutex_;                  // before `apply_mutex_`
    std::atomic<std::uint64_t> checkpoint_at_{0};  // bytes of log
    std::atomic<storage::lsn_type> checkpointed_{0};
    engine_advice advice_{options_.advice};  // of whoever calls `maintain`

    std::thread background_, maintenance_;
    std::mutex background_mutex_;
    std::condition_variable wake_;
    bool woken_ = false;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> sync_late_{false};
    std::atomic<bool> log_lacks_room_{false};

    std::atomic<std::uint64_t> commits_{0}, rollbacks_{0}, serialization_failures_{0}, checkpoints_{0}, moves_{0};
    std::uint64_t replayed_ = 0;
};

}  // namespace phantomdb::mvcc
