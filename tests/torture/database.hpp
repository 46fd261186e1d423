/// @file Defines `database`, the face under which every store and log is tortured, and the models of it.
#pragma once

#include <phantomdb/mvcc/shard.hpp>
#include <phantomdb/sim/environment.hpp>
#include <phantomdb/storage/local_log.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::torture {

/// One change of a commit.
struct change {
    enum class kind : std::uint8_t { put, erase, erase_span };
    kind what = kind::put;
    std::string key;
    std::string value;  ///< of a span: the first key that stays
};
using changes = std::vector<change>;

inline storage::write_batch batch_of(changes const& all) {
    storage::write_batch batch;
    for (change const& c : all) {
        switch (c.what) {
            case change::kind::put: batch.put(c.key, c.value); break;
            case change::kind::erase: batch.erase(c.key); break;
            case change::kind::erase_span: batch.erase_span(c.key, c.value); break;
        }
    }
    return batch;
}

/// How a commit is made.
struct commit_options {
    bool durable = true;     ///< false: acknowledged once written, as with `synchronous` off
    bool savepoint = false;  ///< with more changes in the middle that are rolled back, where there are transactions
};

/// An open database. Used by one thread. Everything may throw `error`; destroying it is closing it.
class database {
public:
    using reader = std::function<void(std::string_view key, std::string_view value)>;

    virtual ~database() = default;
    virtual void commit(changes const& all, commit_options options) = 0;
    /// Commits that wait for the same sync.
    virtual void commit_together(std::vector<changes> const& commits) {
        for (changes const& one : commits) commit(one, {false, false});
        sync();
    }
    /// Makes durable what was committed without waiting.
    virtual void sync() = 0;
    virtual void checkpoint() = 0;
    /// One piece of background work.
    virtual void maintain() {}
    /// Everything committed, in rising order of the keys.
    virtual void read(reader const& to) = 0;
    virtual std::optional<std::string> get(std::string_view key) = 0;
    /// Throws data_corrupted where the database itself finds something wrong with its files.
    virtual void verify() {}
};

/// A kind of database: how its directory is opened, and created where there is none.
struct subject {
    std::string name;
    std::function<std::unique_ptr<database>(sim::environment)> open;
};

/// Where databases live: below a folder that is there already.
inline constexpr std::string_view database_folder = "disk/db";

/// Small, so that a few commits fill a segment.
inline storage::local_log_options small_log() {
    storage::local_log_options options;
    options.segment_bytes = 16'384;
    options.fill_ahead_bytes = 4096;
    return options;
}

/// Small, so that a cache evicts and buffers are flushed.
inline storage::store_options small_store() {
    storage::store_options options;
    options.cache_bytes = 256 * 1024;
    options.write_buffer_bytes = 32 * 1024;
    return options;
}

/// Throws data_corrupted for the first thing that `verify(to)` finds.
template <class Verify>
void verify_all(Verify&& verify) {
    std::optional<storage::finding> first;
    storage::verification to;
    to.on_finding = [&](storage::finding const& f) {
        if (!first) first = f;
    };
    verify(to);
    if (first) {
        throw error(errc::data_corrupted, "verify finds in \"" + first->file + "\" at offset " +
                                              std::to_string(first->offset) + ": " + first->what);
    }
}

template <class Snapshot>
void read_all(Snapshot const& snapshot, database::reader const& to) {
    auto cursor = snapshot.cursor();
    for (cursor.seek({}); cursor.valid(); cursor.next()) to(cursor.key(), cursor.value());
}

/// A `shard` with any store and log.
template <class Shard>
class shard_database final : public database {
public:
    explicit shard_database(sim::environment world) {
        mvcc::shard_options options;
        options.background = false;
        options.log = small_log();
        options.store = small_store();
        shard_ = Shard::open(std::string(database_folder), options, std::move(world));
    }

    void commit(changes const& all, commit_options options) override {
        for (change const& c : all) {
            remember_object(c.key);
            // Spans are erased past transactions, as dropping a table does.
            if (c.what == change::kind::erase_span) return commit_past_transactions(all, options);
        }
        mvcc::transaction_options how;
        how.synchronous = options.durable;
        auto t = shard_->begin(how);
        for (std::size_t i = 0; i < all.size(); ++i) {
            change const& c = all[i];
            if (options.savepoint && i == all.size() / 2) roll_back_some(t, all);
            t.lock(c.key);
            if (c.what == change::kind::put) {
                t.put(c.key, c.value);
            } else {
                t.erase(c.key);
            }
        }
        t.commit();
    }
    void sync() override { shard_->sync(); }
    void checkpoint() override { shard_->checkpoint(); }
    void maintain() override {
        shard_->maintain();
        if constexpr (Shard::has_engines) move_one();
    }
    void read(reader const& to) override {
        auto const view = shard_->view();
        auto scan = view.scan("", "");
        storage::slice entry;
        while (scan.next(entry)) {
            if (!codec::object_of_engine_record(entry.key)) to(entry.key, entry.value);
        }
    }
    void verify() override {
        verify_all([&](storage::verification const& to) { shard_->verify(to); });
    }
    std::optional<std::string> get(std::string_view key) override {
        auto const view = shard_->view();
        auto const found = view.get(key);
        return found ? std::optional<std::string>(*found) : std::nullopt;
    }

private:
    void commit_past_transactions(changes const& all, commit_options options) {
        shard_->commit({batch_of(all), shard_->newest().lsn(), nullptr, options.durable});
    }

    /// Takes an object that the workloads write from engine to engine, while power and calls fail.
    void move_one() {
        if (objects_.empty()) return;
        std::uint32_t const object = objects_[moves_++ % objects_.size()];
        auto const where = shard_->store().whereabouts()->where(object);
        constexpr codec::engine next[] = {codec::engine::lsm, codec::engine::hash, codec::engine::btree};
        shard_->move_object(object, next[static_cast<std::size_t>(where)]);
    }
    void remember_object(std::string_view key) {
        if (!Shard::has_engines || key.size() < 4) return;
        std::uint32_t const object = storage::object_of(key);
        if (std::find(objects_.begin(), objects_.end(), object) == objects_.end() && objects_.size() < 8)
            objects_.push_back(object);
    }

    template <class Transaction>
    static void roll_back_some(Transaction& t, changes const& all) {
        auto const before = t.savepoint();
        for (change const& c : all) t.put(c.key, "rolled back");
        auto const nested = t.savepoint();
        t.erase(all.front().key);
        t.release(nested);
        t.put("~rolled back", "too");
        t.rollback_to(before);
    }

    std::unique_ptr<Shard> shard_;
    std::vector<std::uint32_t> objects_;
    std::size_t moves_ = 0;
};

/// A `persistent_store` with a log beside it, and nothing in between.
template <class Store, class Log = storage::local_log<sim::environment>>
    requires storage::persistent_store<Store, sim::environment>
class store_database final : public database {
public:
    explicit store_database(sim::environment world) : world_(std::move(world)) {
        std::string const folder(database_folder);
        env::create_own_directory(world_, folder);
        lock_.emplace(world_.lock(folder + "/lock"));
        store_ = std::make_unique<Store>(world_, folder + "/store", small_store());
        log_ = std::make_unique<Log>(world_, folder + "/log", small_log(), store_->applied(),
                                     [&](storage::lsn_type lsn, std::string_view bytes) {
                                         store_->apply(storage::write_batch::from_bytes(std::string(bytes)), lsn);
                                     });
    }
    ~store_database() override {
        try {
            log_->wait_durable(log_->last());
        } catch (std::exception const&) {  // the commits that asked for durability have been told
        }
    }

    void commit(changes const& all, commit_options options) override {
        if (broken_) throw error(*broken_, "the store fell behind its log; open it again");
        if (auto const refused = store_->refusal()) throw *refused;
        auto const batch = batch_of(all);
        storage::lsn_type const lsn = log_->append(batch.bytes());
        if (options.durable) {
            log_->wait_durable(lsn);
        } else {
            log_->wait_written(lsn);
        }
        broken_ = errc::out_of_memory;
        try {
            store_->apply(batch, lsn);
        } catch (error const& e) {
            broken_ = e.code;
            throw;
        }
        broken_.reset();
    }
    void sync() override { log_->wait_durable(log_->last()); }
    void checkpoint() override {
        log_->wait_durable(store_->applied());
        storage::lsn_type const upto = store_->checkpoint();
        log_->truncate(upto + 1);
    }
    void maintain() override { store_->maintain(); }
    void read(reader const& to) override { read_all(store_->snapshot(), to); }
    std::optional<std::string> get(std::string_view key) override {
        auto const snapshot = store_->snapshot();
        auto const found = snapshot.get(key);
        return found ? std::optional<std::string>(found->value) : std::nullopt;
    }
    void verify() override {
        verify_all([&](storage::verification const& to) { std::as_const(*store_).verify(to); });
    }

private:
    sim::environment world_;
    std::optional<sim::environment::lock_type> lock_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Log> log_;
    std::optional<sqlstate> broken_;  // the store has not got what the log has, for this reason
};

/// A log alone, read into a map. Its commits do share syncs.
template <class Log = storage::local_log<sim::environment>>
class log_database final : public database {
public:
    explicit log_database(sim::environment world) : world_(std::move(world)) {
        log_ = std::make_unique<Log>(world_, std::string(database_folder), small_log(), 0,
                                     [&](storage::lsn_type, std::string_view bytes) {
                                         apply(storage::write_batch::from_bytes(std::string(bytes)));
                                     });
    }

    ~log_database() override {
        try {
            sync();
        } catch (std::exception const&) {  // the commits that asked for durability have been told
        }
    }

    void commit(changes const& all, commit_options options) override {
        auto const batch = batch_of(all);
        storage::lsn_type const lsn = log_->append(batch.bytes());
        if (options.durable) {
            log_->wait_durable(lsn);
        } else {
            log_->wait_written(lsn);
        }
        apply(batch);
    }
    void commit_together(std::vector<changes> const& commits) override {
        storage::lsn_type last = 0;
        for (changes const& one : commits) last = log_->append(batch_of(one).bytes());
        log_->wait_durable(last);
        for (changes const& one : commits) apply(batch_of(one));
    }
    void sync() override { log_->wait_durable(log_->last()); }
    void checkpoint() override { sync(); }
    void read(reader const& to) override {
        for (auto const& [key, value] : contents_) to(key, value);
    }
    std::optional<std::string> get(std::string_view key) override {
        auto const at = contents_.find(key);
        return at == contents_.end() ? std::nullopt : std::optional<std::string>(at->second);
    }

private:
    void apply(storage::write_batch const& batch) {
        sim::machine_memory const memory;  // the map is no part of what is tortured
        batch.for_each([&](std::string_view key, std::string_view value) { contents_[std::string(key)] = value; },
                       [&](std::string_view key) { contents_.erase(std::string(key)); },
                       [&](std::string_view from, std::string_view to) {
                           contents_.erase(contents_.lower_bound(from),
                                           to.empty() ? contents_.end() : contents_.lower_bound(to));
                       });
    }

    sim::environment world_;
    std::map<std::string, std::string, std::less<>> contents_;
    std::unique_ptr<Log> log_;
};

template <class Database>
subject subject_of(std::string name) {
    return {std::move(name),
            [](sim::environment world) -> std::unique_ptr<database> { return std::make_unique<Database>(world); }};
}

}  // namespace phantomdb::torture
