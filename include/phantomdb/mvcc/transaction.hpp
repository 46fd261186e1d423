/// @file Defines `transaction`: reads from a snapshot, writes to itself, and commits through its host.
///
///     auto shard = mvcc::local_shard::open("dir");
///     auto tx = shard->begin();                          // READ COMMITTED; options: isolation, read_only, lock_timeout …
///     auto view = tx.view();                             // what a statement sees; O(1), unaffected by later writes
///     if (auto value = view.get(key)) …                  // borrowed from the view
///     auto scan = view.scan(from, to);                   // or scan_backward; own earlier writes are merged in
///     while (std::size_t n = scan.next_chunk(slices)) …  // up to slices.size() {key, value}, borrowed from the scan
///     auto savepoint = tx.savepoint();                   // a statement that fails undoes its writes: tx.rollback_to(savepoint)
///     tx.lock_row(key);                                  // before changing a row that exists; may throw statement_restart
///     tx.put(key, value);                                // tx.erase(key)
///     tx.lock(unique_prefix); if (tx.latest(unique_prefix)) throw error(errc::unique_violation, …);
///     tx.commit();                                       // durable and visible when it returns; the destructor rolls back
///
/// A statement under READ COMMITTED begins with `refresh_snapshot()`; on `statement_restart` it rolls back to its
/// savepoint, refreshes, and runs again.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/mvcc/lock_table.hpp>
#include <phantomdb/mvcc/options.hpp>
#include <phantomdb/mvcc/read_set.hpp>
#include <phantomdb/mvcc/read_view.hpp>
#include <phantomdb/storage/cow_tree.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::mvcc {

/// What a commit hands to its host.
struct commit_request {
    storage::write_batch batch;
    storage::lsn_type snapshot = 0;   ///< what the transaction read
    read_set const* reads = nullptr;  ///< to be validated; nullptr below SERIALIZABLE
    bool synchronous = true;
    std::uint64_t epoch = 0;  ///< in which it began
};

/// Where transactions come from and commit to. All members from any thread.
template <storage::ordered_store Store>
class transaction_host {
public:
    virtual ~transaction_host() = default;

    /// The newest committed state.
    virtual typename Store::snapshot_type newest() const = 0;
    /// Validates, makes durable, applies. Returns once the batch is visible to `newest`; on error nothing is.
    virtual storage::lsn_type commit(commit_request request) = 0;
    /// A SERIALIZABLE transaction begins, and the snapshot it reads; it says so again when it ends.
    virtual typename Store::snapshot_type begin_serializable(std::uint64_t id) = 0;
    virtual void end_serializable(std::uint64_t id) = 0;
    virtual void rolled_back() = 0;
    virtual lock_table& locks() = 0;
    /// A commit is taken in the epoch alone in which its transaction began (storage/any_log.hpp).
    virtual std::uint64_t epoch() const { return 0; }
};

/// One transaction. Movable; used by one thread at a time. Independent of the kind of log. Must not outlive its host.
///
/// `put` and `erase` check nothing: whoever changes a row locks it first (`lock_row`), and whoever inserts under a key that must be
/// unique locks that key and looks at `latest`. The layers above do; locks are held to the end of the transaction.
template <storage::ordered_store Store>
class transaction {
public:
    using store_type = Store;
    using view_type = read_view<Store>;
    using savepoint_type = std::size_t;

    transaction(transaction_host<Store>& host, std::uint64_t id, transaction_options options)
        : host_(&host), options_(options), id_(id), epoch_(host.epoch()) {  // before the snapshot
        if (options_.level == isolation::serializable && !options_.read_only) {
            reads_ = std::make_unique<read_set>();
            snapshot_ = host_->begin_serializable(id);
        } else {
            snapshot_ = host_->newest();
        }
    }
    transaction(transaction&& other) noexcept
        : host_(std::exchange(other.host_, nullptr)),
          options_(other.options_),
          id_(other.id_),
          epoch_(other.epoch_),
          owner_(std::move(other.owner_)),
          snapshot_(std::move(other.snapshot_)),
          reads_(std::move(other.reads_)),
          writes_(std::move(other.writes_)),
          savepoints_(std::move(other.savepoints_)) {}
    transaction& operator=(transaction&& other) noexcept {
        if (this != &other) {
            this->~transaction();
            ::new (this) transaction(std::move(other));
        }
        return *this;
    }
    ~transaction() {
        if (is_active()) rollback();
    }

    bool is_active() const { return host_ != nullptr; }
    std::uint64_t id() const { return id_; }
    isolation level() const { return options_.level; }
    std::uint64_t epoch() const { return epoch_; }
    bool is_read_only() const { return options_.read_only; }
    bool has_writes() const { return writes_ != nullptr && writes_->tree.size() > 0; }
    storage::lsn_type snapshot_lsn() const { return snapshot_.lsn(); }

    /// May be changed before the first statement that needs them, as SET TRANSACTION does; the level only through `begin`.
    void set_read_only(bool read_only) { options_.read_only = read_only; }
    void set_synchronous(bool synchronous) { options_.synchronous = synchronous; }
    void set_lock_timeout(time_limit timeout) { options_.lock_timeout = timeout; }

    // ---- reading ----

    /// What is seen now: the snapshot and the own writes so far.
    view_type view() const { return {snapshot_, own_writes(writes_), reads_.get()}; }
    /// What is committed now, whatever the snapshot, and the own writes. For checks that must not miss anything, under a lock.
    view_type latest_view() const { return {host_->newest(), own_writes(writes_), nullptr}; }

    /// The value under `key`; borrowed until the next `put`, `erase`, `refresh_snapshot` or end.
    found_value get(std::string_view key) const {
        if (reads_ != nullptr) reads_->add_key(key);
        if (writes_ != nullptr) {
            if (auto mine = writes_->tree.get(key)) {
                if (mine->lsn == erased_mark) return {};
                return mine;
            }
        }
        return snapshot_.get(key);
    }
    /// The newest committed value under `key`, or the own one.
    std::optional<std::string> latest(std::string_view key) const {
        if (writes_ != nullptr) {  // without a view of the own writes: making one would have the next write copy pages
            if (auto const mine = writes_->tree.get(key)) {
                if (mine->lsn == erased_mark) return std::nullopt;
                return std::string(mine->value);
            }
        }
        auto const newest = host_->newest();
        auto const found = newest.get(key);
        return found ? std::optional<std::string>(found->value) : std::nullopt;
    }

    /// The next statement of a READ COMMITTED transaction sees what is committed now. Other levels keep their snapshot.
    void refresh_snapshot() {
        if (options_.level == isolation::read_committed) snapshot_ = host_->newest();
    }

    // ---- writing ----

    /// Throws read_only_sql_transaction, program_limit_exceeded (keys beyond storage::max_key_bytes).
    void put(std::string_view key, std::string_view value) { writes().put(key, value, written_mark); }
    void erase(std::string_view key) { writes().put(key, {}, erased_mark); }

    /// Locks any byte string; nothing need be stored under it. True when held; false only with `lock_wait::skip`.
    /// Throws deadlock_detected, lock_not_available, query_canceled.
    bool lock(std::string_view key, lock_mode mode = lock_mode::update, lock_wait wait = lock_wait::block) {
        if (owner_ == nullptr) owner_ = std::make_unique<lock_owner>(id_);
        return host_->locks().acquire(*owner_, key, mode, wait, std::chrono::milliseconds(options_.lock_timeout.count),
                                      options_.cancel);
    }

    /// Locks a row that the statement has seen, and makes sure that it is still the row it saw: if somebody changed or
    /// removed it since the snapshot, throws `statement_restart` under READ COMMITTED and serialization_failure above.
    bool lock_row(std::string_view key, lock_mode mode = lock_mode::update, lock_wait wait = lock_wait::block) {
        if (!lock(key, mode, wait)) return false;
        if (writes_ != nullptr && writes_->tree.get(key)) return true;
        auto const newest = host_->newest();
        if (newest.lsn() == snapshot_.lsn()) return true;
        auto const now = newest.get(key);
        if (now ? now->lsn <= snapshot_.lsn() : !snapshot_.get(key)) return true;
        if (options_.level == isolation::read_committed) throw statement_restart();
        throw error(errc::serialization_failure, now ? "could not serialize access due to concurrent update"
                                                     : "could not serialize access due to concurrent delete")
            .with_detail("The row was changed by a transaction that committed after this one took its snapshot.")
            .with_hint("Run the transaction again.");
    }

    // ---- savepoints ----

    /// Marks this point. O(1).
    savepoint_type savepoint() {
        savepoints_.emplace_back(writes_);
        return savepoints_.size() - 1;
    }
    /// Undoes every write since `savepoint`, which stays; later savepoints are gone. Locks are kept. O(pages changed since).
    void rollback_to(savepoint_type savepoint) {
        PHANTOMDB_ASSERT(savepoint < savepoints_.size());
        savepoints_.resize(savepoint + 1);
        if (writes_ != nullptr) writes_->tree.restore(savepoints_.back() ? *savepoints_.back() : writes_->empty);
    }
    /// Forgets `savepoint` and later ones, and keeps what was written.
    void release(savepoint_type savepoint) {
        PHANTOMDB_ASSERT(savepoint < savepoints_.size());
        savepoints_.resize(savepoint);
    }

    // ---- the end ----

    /// Makes the writes durable and visible, all or none. The transaction is over, also when this throws:
    /// serialization_failure (SERIALIZABLE), io_error, disk_full. Without writes it costs nothing and never fails.
    /// Returns the position in the log, 0 without writes.
    storage::lsn_type commit() {
        PHANTOMDB_ASSERT(is_active());
        if (!has_writes()) {
            finish();
            return 0;
        }
        commit_request request{own_batch(), snapshot_.lsn(), reads_.get(), options_.synchronous, epoch_};
        storage::lsn_type lsn = 0;
        try {
            lsn = host_->commit(std::move(request));
        } catch (...) {
            host_->rolled_back();
            finish();
            throw;
        }
        finish();
        return lsn;
    }

    /// Forgets the writes and gives back the locks.
    void rollback() {
        PHANTOMDB_ASSERT(is_active());
        host_->rolled_back();
        finish();
    }

private:
    storage::cow_tree& writes() {
        PHANTOMDB_HOT_ASSERT(is_active());
        if (options_.read_only) [[unlikely]] {
            throw error(errc::read_only_sql_transaction, "cannot write in a read-only transaction");
        }
        if (writes_ == nullptr) writes_ = std::make_shared<write_set>();
        return writes_->tree;
    }

    storage::write_batch own_batch() const {
        storage::write_batch batch;
        own_writes const own(writes_);
        auto cursor = own->cursor();
        for (cursor.seek({}); cursor.valid(); cursor.next()) {
            if (cursor.lsn() == written_mark) {
                batch.put(cursor.key(), cursor.value());
            } else {
                batch.erase(cursor.key());
            }
        }
        return batch;
    }

    void finish() {
        transaction_host<Store>& host = *std::exchange(host_, nullptr);
        if (owner_ != nullptr) host.locks().release_all(*owner_);
        if (reads_ != nullptr) host.end_serializable(id_);
        savepoints_.clear();
        writes_.reset();
        snapshot_ = {};
    }

    transaction_host<Store>* host_;
    transaction_options options_;
    std::uint64_t id_;
    std::uint64_t epoch_;
    std::unique_ptr<lock_owner> owner_;  // made for the first lock
    typename Store::snapshot_type snapshot_;
    std::unique_ptr<read_set> reads_;
    std::shared_ptr<write_set> writes_;
    std::vector<own_writes> savepoints_;  // empty where nothing had been written
};

}  // namespace phantomdb::mvcc
