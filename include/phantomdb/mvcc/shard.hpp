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
/// A directory holds: lock (the process that has it open), checkpoint-…, log/ (see storage/checkpoint.hpp, local_log.hpp).
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/env/posix.hpp>
#include <phantomdb/mvcc/transaction.hpp>
#include <phantomdb/storage/checkpoint.hpp>
#include <phantomdb/storage/local_log.hpp>
#include <phantomdb/storage/memory_store.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace phantomdb::mvcc {

struct shard_options {
    storage::local_log_options log{};
    std::uint64_t checkpoint_log_bytes = std::uint64_t{256}
                                         << 20;  ///< a checkpoint is written when the log has grown so far
    bool background = true;  ///< checkpoints and late syncs on a thread of their own; false: only `checkpoint()`
    lock_table::describe_key describe_key{};                  ///< how errors name a row
    std::function<void(error const&)> on_background_error{};  ///< a checkpoint failed; it is tried again later
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
    storage::log_statistics log{};
};

/// One store with one log in one directory. All members from any thread. Transactions must be gone before it is.
template <storage::ordered_store Store, class Log, env::environment Environment = env::posix>
class shard final : public transaction_host<Store> {
public:
    using store_type = Store;
    using transaction_type = transaction<Store>;

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
        if (background_.joinable()) {
            {
                std::lock_guard const hold(background_mutex_);
                stopping_ = true;
            }
            wake_.notify_one();
            background_.join();
        }
        try {
            log_->wait_durable(log_->last());
        } catch (error const&) {  // the commits that asked for durability have been told
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

    /// Writes a checkpoint and drops the log below it. Commits go on meanwhile. One at a time; a second caller waits.
    void checkpoint() {
        std::lock_guard const one(checkpoint_mutex_);
        auto const snapshot = store_.snapshot();
        log_->wait_durable(snapshot.lsn());  // a checkpoint must not know more than the log
        std::uint64_t const bytes = storage::write_checkpoint(environment_, directory_, snapshot);
        log_->truncate(snapshot.lsn() + 1);
        checkpoint_at_ = log_->statistics().bytes + std::max(options_.checkpoint_log_bytes, bytes / 2);
        checkpoints_.fetch_add(1, std::memory_order_relaxed);
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
        if constexpr (requires { store_.memory_bytes(); }) s.memory_bytes = store_.memory_bytes();
        s.log = log_->statistics();
        return s;
    }

    Environment& environment() { return environment_; }
    std::string const& directory() const { return directory_; }

    // ---- transaction_host ----

    typename Store::snapshot_type newest() const override { return store_.snapshot(); }
    lock_table& locks() override { return locks_; }
    void rolled_back() override { rollbacks_.fetch_add(1, std::memory_order_relaxed); }

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
        auto const batch = std::make_shared<storage::write_batch const>(std::move(request.batch));
        storage::lsn_type lsn = 0;
        {
            std::lock_guard const hold(commit_mutex_);
            if (broken_) throw *broken_;
            if (request.reads != nullptr) validate(request);
            lsn = log_->append(batch->bytes());
            recent_.push_back({lsn, batch});
        }
        if (request.synchronous) {
            log_->wait_durable(lsn);
        } else {
            log_->wait_written(lsn);
        }
        apply_up_to(lsn);
        commits_.fetch_add(1, std::memory_order_relaxed);
        if (!request.synchronous) sync_late_.store(true, std::memory_order_relaxed);
        if (!request.synchronous || wants_checkpoint()) wake_background();
        return lsn;
    }

private:
    struct recent_commit {
        storage::lsn_type lsn;
        std::shared_ptr<storage::write_batch const> batch;
    };

    shard(std::string directory, shard_options options, Environment environment)
        : environment_(std::move(environment)),
          directory_(std::move(directory)),
          options_(std::move(options)),
          locks_(options_.describe_key) {
        environment_.create_directory(directory_);
        refuse_foreign_directory();
        lock_.emplace(environment_.lock(env::join(directory_, "lock")));
        storage::lsn_type const checkpoint = storage::load_checkpoint(environment_, directory_, store_);
        log_ = std::make_unique<Log>(environment_, env::join(directory_, "log"), options_.log, checkpoint,
                                     [&](storage::lsn_type lsn, std::string_view bytes) {
                                         store_.apply(storage::write_batch::from_bytes(std::string(bytes)), lsn);
                                         ++replayed_;
                                     });
        applied_ = log_->last();
        checkpoint_at_ = options_.checkpoint_log_bytes;
        if (options_.background) background_ = std::thread([this] { run_background(); });
    }

    /// A mistyped path is not to fill a directory of other things with files. 55000 where nothing in it is ours.
    void refuse_foreign_directory() {
        bool foreign = false;
        for (std::string const& name : environment_.list(directory_)) {
            if (name == "lock" || name == "log" || name.find("checkpoint") != name.npos) return;
            foreign = foreign || name != "lost+found";
        }
        if (!foreign) return;
        throw error(errc::object_not_in_prerequisite_state,
                    "directory \"" + directory_ + "\" is not empty and holds no database")
            .with_hint("Name a directory that is empty or does not exist yet.");
    }

    // ---- committing ----

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
            commit->batch->for_each([&](std::string_view key, std::string_view) { check(key); }, check);
        }
    }

    /// Applies, in the order of the log, every commit up to `lsn`, which the log holds, and what is durable behind it.
    void apply_up_to(storage::lsn_type lsn) {
        std::lock_guard const one(apply_mutex_);
        std::vector<recent_commit> group;
        {
            std::lock_guard const hold(commit_mutex_);
            if (broken_) throw *broken_;
            if (applied_ >= lsn) return;
            lsn = std::max(lsn, log_->durable());  // the others of this group find theirs done
            auto const first = std::upper_bound(recent_.begin(), recent_.end(), applied_,
                                                [](auto at, recent_commit const& commit) { return at < commit.lsn; });
            for (auto commit = first; commit != recent_.end() && commit->lsn <= lsn; ++commit) {
                if (!log_->is_refused(commit->lsn)) group.push_back(*commit);
            }
        }
        try {
            apply(group);
        } catch (error const& e) {
            std::lock_guard const hold(commit_mutex_);
            broken_ = error(e.code, "commits cannot be applied any more: " + e.message);
            broken_->hint = "The commit log has them. Open the database again.";
            throw *broken_;
        }
        std::lock_guard const hold(commit_mutex_);
        applied_ = lsn;
        forget_old_commits();
    }

    /// Makes a group visible in one step where the store can.
    void apply(std::vector<recent_commit> const& group) {
        if constexpr (requires(storage::write_batch const& batch) {
                          store_.add(batch, 1);
                          store_.publish(1);
                      }) {
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

    // ---- in the background ----

    bool wants_checkpoint() const { return log_->statistics().bytes >= checkpoint_at_.load(std::memory_order_relaxed); }

    void wake_background() {
        if (!options_.background) return;
        {
            std::lock_guard const hold(background_mutex_);
            woken_ = true;
        }
        wake_.notify_one();
    }

    void run_background() {
        std::unique_lock hold(background_mutex_);
        woken_ = true;  // the log may be long already
        for (;;) {
            wake_.wait(hold, [&] { return woken_ || stopping_; });
            if (sync_late_.load(std::memory_order_relaxed)) wake_.wait_for(hold, late_sync, [&] { return stopping_; });
            if (stopping_) return;
            woken_ = false;
            hold.unlock();
            try {
                if (sync_late_.exchange(false, std::memory_order_relaxed)) sync();
                if (wants_checkpoint()) checkpoint();
            } catch (error const& e) {
                checkpoint_at_ += options_.checkpoint_log_bytes / 4;
                if (options_.on_background_error) options_.on_background_error(e);
            }
            hold.lock();
        }
    }

    /// Commits with `synchronous` false are synced this long after the first of them, at the latest.
    static constexpr std::chrono::milliseconds late_sync{200};

    Environment environment_;
    std::string directory_;
    shard_options options_;
    std::optional<typename Environment::lock_type> lock_;
    Store store_;
    std::unique_ptr<Log> log_;
    lock_table locks_;
    std::atomic<std::uint64_t> next_transaction_{1};

    std::mutex commit_mutex_;
    std::deque<recent_commit> recent_;                         // by LSN
    std::map<std::uint64_t, storage::lsn_type> serializable_;  // transactions at work, and what they read
    storage::lsn_type applied_ = 0;
    std::optional<error> broken_;
    std::mutex apply_mutex_;  // taken before commit_mutex_

    std::mutex checkpoint_mutex_;
    std::atomic<std::uint64_t> checkpoint_at_{0};  // bytes of log

    std::thread background_;
    std::mutex background_mutex_;
    std::condition_variable wake_;
    bool woken_ = false;
    bool stopping_ = false;
    std::atomic<bool> sync_late_{false};

    std::atomic<std::uint64_t> commits_{0}, rollbacks_{0}, serialization_failures_{0}, checkpoints_{0};
    std::uint64_t replayed_ = 0;
};

/// The embedded database: everything in memory, durable through files of this machine.
using local_shard = shard<storage::memory_store, storage::local_log<env::posix>>;

}  // namespace phantomdb::mvcc
