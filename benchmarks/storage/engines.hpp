/// @file Defines the stores that the storage benchmarks compare, under one face: PhantomDB's B+tree, its hash and its LSM, LMDB,
/// SQLite and RocksDB.
///
/// None of them syncs (class D0: no promise about what a loss of power leaves): what is compared is the engine, not the disk.
#pragma once

#include <phantomdb/env/posix.hpp>
#include <phantomdb/storage/btree/btree_store.hpp>
#include <phantomdb/storage/lsm/lsm_store.hpp>

#include <lmdb.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include <unistd.h>

namespace bench {

namespace ps = phantomdb::storage;

/// A folder of its own in $PHANTOMDB_BENCHMARK_FOLDER or where temporary files go, removed at the end.
class storage_folder {
public:
    explicit storage_folder(std::string const& name)
        : path_(
              (parent() / ("phantomdb-benchmark-" + std::to_string(::getpid()) + "-" + name + std::to_string(++made_)))
                  .string()) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    storage_folder(storage_folder const&) = delete;
    storage_folder& operator=(storage_folder const&) = delete;
    ~storage_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string const& path() const { return path_; }

private:
    static std::filesystem::path parent() {
        char const* const chosen = std::getenv("PHANTOMDB_BENCHMARK_FOLDER");
        return chosen != nullptr ? std::filesystem::path(chosen) : std::filesystem::temp_directory_path();
    }
    static inline int made_ = 0;
    std::string path_;
};

inline void require(bool done, char const* what) {
    if (done) return;
    std::fprintf(stderr, "benchmark: %s failed\n", what);
    std::abort();
}

constexpr std::uint64_t value_bytes = 100;
constexpr std::uint64_t cache_bytes = std::uint64_t{2} << 30;

/// Rows of 8 + 100 bytes.
struct row_key {
    std::array<char, 8> bytes;
    explicit row_key(std::uint64_t n) {
        for (int i = 0; i < 8; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(n >> (56 - 8 * i));
    }
    std::string_view view() const { return {bytes.data(), bytes.size()}; }
};

/// A store of PhantomDB with the cache all engines have, and its maintenance on a thread of its own where it has any.
template <class Store>
class own_engine {
public:
    using store_type = Store;
    static constexpr bool maintains = std::is_same_v<Store, ps::lsm_store<phantomdb::env::posix>>;
    static constexpr char const* name = maintains ? "lsm" : "btree";

    own_engine() : folder_(name), store_(environment_, folder_.path(), options()) {
        if constexpr (maintains) {
            maintenance_ = std::thread([this] {
                while (!stop_) {
                    if (!store_.maintain()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
                }
            });
        }
    }
    own_engine(own_engine const&) = delete;
    own_engine& operator=(own_engine const&) = delete;
    ~own_engine() {
        stop_ = true;
        if (maintenance_.joinable()) maintenance_.join();
    }
    void put_all(std::span<std::uint64_t const> keys, std::string_view value, bool) {
        ps::write_batch batch;
        for (std::uint64_t const key : keys) batch.put(row_key(key).view(), value);
        store_.apply(batch, ++lsn_);
    }
    void flush() { store_.checkpoint(); }

    struct reader {
        typename store_type::snapshot_type snapshot;
        std::size_t get(std::uint64_t key) const {
            auto const found = snapshot.get(row_key(key).view());
            return found ? found->value.size() + static_cast<unsigned char>(found->value[50]) : 0;
        }
        std::size_t get_many(std::span<std::uint64_t const> keys) const {
            std::array<std::optional<ps::stored_value>, 32> found;
            std::array<std::string_view, 32> views;
            std::vector<row_key> bytes;
            bytes.reserve(32);
            for (std::size_t i = 0; i < keys.size(); ++i) views[i] = bytes.emplace_back(keys[i]).view();
            snapshot.get_many({views.data(), keys.size()}, std::span(found).first(keys.size()));
            std::size_t sum = 0;
            for (std::size_t i = 0; i < keys.size(); ++i) sum += static_cast<unsigned char>(found[i]->value[50]);
            return sum;
        }
        std::size_t scan() const {
            std::vector<ps::slice> out(1024);
            std::size_t rows = 0;
            std::size_t sum = 0;
            auto cursor = snapshot.cursor();
            cursor.seek({});
            while (std::size_t const n = cursor.next_chunk(out, {})) {
                for (std::size_t i = 0; i < n; ++i) sum += static_cast<unsigned char>(out[i].value[50]);
                rows += n;
            }
            return rows + (sum == 0 ? 1 : 0);
        }
    };
    reader read() { return {store_.snapshot()}; }
    store_type& store() { return store_; }

private:
    static ps::store_options options() {
        ps::store_options made;
        made.cache_bytes = cache_bytes;
        made.sync = false;
        return made;
    }
    storage_folder folder_;
    phantomdb::env::posix environment_;
    store_type store_;
    ps::lsn_type lsn_ = 0;
    std::atomic<bool> stop_{false};
    std::thread maintenance_;
};

using btree_engine = own_engine<ps::btree_store<phantomdb::env::posix, 16384>>;
using lsm_engine = own_engine<ps::lsm_store<phantomdb::env::posix>>;

class lmdb_engine {
public:
    static constexpr char const* name = "lmdb";
    lmdb_engine() : folder_(name) {
        require(mdb_env_create(&env_) == 0, "lmdb");
        mdb_env_set_mapsize(env_, std::size_t{16} << 30);
        require(mdb_env_open(env_, folder_.path().c_str(), MDB_NOSYNC | MDB_NOMETASYNC, 0600) == 0, "lmdb open");
        MDB_txn* txn = nullptr;
        require(mdb_txn_begin(env_, nullptr, 0, &txn) == 0, "lmdb begin");
        require(mdb_dbi_open(txn, nullptr, 0, &dbi_) == 0, "lmdb dbi");
        require(mdb_txn_commit(txn) == 0, "lmdb commit");
    }
    ~lmdb_engine() { mdb_env_close(env_); }
    lmdb_engine(lmdb_engine const&) = delete;
    lmdb_engine& operator=(lmdb_engine const&) = delete;

    void put_all(std::span<std::uint64_t const> keys, std::string_view value, bool append) {
        MDB_txn* txn = nullptr;
        require(mdb_txn_begin(env_, nullptr, 0, &txn) == 0, "lmdb begin");
        for (std::uint64_t const n : keys) {
            row_key const key(n);
            MDB_val k{8, const_cast<char*>(key.bytes.data())};
            MDB_val v{value.size(), const_cast<char*>(value.data())};
            require(mdb_put(txn, dbi_, &k, &v, append ? MDB_APPEND : 0) == 0, "lmdb put");
        }
        require(mdb_txn_commit(txn) == 0, "lmdb commit");
    }
    void flush() {}

    struct reader {
        MDB_txn* txn;
        MDB_dbi dbi;
        reader(MDB_env* env, MDB_dbi d) : txn(nullptr), dbi(d) {
            require(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == 0, "lmdb read");
        }
        reader(reader const&) = delete;
        reader& operator=(reader const&) = delete;
        ~reader() { mdb_txn_abort(txn); }
        std::size_t get(std::uint64_t n) const {
            row_key const key(n);
            MDB_val k{8, const_cast<char*>(key.bytes.data())};
            MDB_val v;
            if (mdb_get(txn, dbi, &k, &v) != 0) return 0;
            return v.mv_size + static_cast<unsigned char const*>(v.mv_data)[50];
        }
        std::size_t get_many(std::span<std::uint64_t const> keys) const {
            std::size_t sum = 0;
            for (std::uint64_t const n : keys) sum += get(n);
            return sum;
        }
        std::size_t scan() const {
            MDB_cursor* cursor = nullptr;
            require(mdb_cursor_open(txn, dbi, &cursor) == 0, "lmdb cursor");
            MDB_val k, v;
            std::size_t rows = 0;
            std::size_t sum = 0;
            while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0) {
                sum += static_cast<unsigned char const*>(v.mv_data)[50];
                ++rows;
            }
            mdb_cursor_close(cursor);
            return rows + (sum == 0 ? 1 : 0);
        }
    };
    reader read() { return {env_, dbi_}; }

private:
    storage_folder folder_;
    MDB_env* env_ = nullptr;
    MDB_dbi dbi_ = 0;
};

class sqlite_engine {
public:
    static constexpr char const* name = "sqlite";
    sqlite_engine() : folder_(name) {
        require(sqlite3_open((folder_.path() + "/db").c_str(), &db_) == SQLITE_OK, "sqlite open");
        run("pragma journal_mode=wal");
        run("pragma synchronous=off");
        run("pragma cache_size=-2000000");
        run("create table t (k integer primary key, v blob) ");
        put_ = prepare("insert or replace into t values (?, ?)");
        get_ = prepare("select v from t where k = ?");
        scan_ = prepare("select k, v from t order by k");
    }
    ~sqlite_engine() {
        for (sqlite3_stmt* s : {put_, get_, scan_}) sqlite3_finalize(s);
        sqlite3_close(db_);
    }
    sqlite_engine(sqlite_engine const&) = delete;
    sqlite_engine& operator=(sqlite_engine const&) = delete;

    void put_all(std::span<std::uint64_t const> keys, std::string_view value, bool) {
        run("begin");
        for (std::uint64_t const n : keys) {
            sqlite3_bind_int64(put_, 1, static_cast<sqlite3_int64>(n));
            sqlite3_bind_blob(put_, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
            require(sqlite3_step(put_) == SQLITE_DONE, "sqlite put");
            sqlite3_reset(put_);
        }
        run("commit");
    }
    void flush() {}

    struct reader {
        sqlite_engine* of;
        std::size_t get(std::uint64_t n) const {
            sqlite3_bind_int64(of->get_, 1, static_cast<sqlite3_int64>(n));
            std::size_t sum = 0;
            if (sqlite3_step(of->get_) == SQLITE_ROW) {
                sum = static_cast<std::size_t>(sqlite3_column_bytes(of->get_, 0)) +
                      static_cast<unsigned char const*>(sqlite3_column_blob(of->get_, 0))[50];
            }
            sqlite3_reset(of->get_);
            return sum;
        }
        std::size_t get_many(std::span<std::uint64_t const> keys) const {
            std::size_t sum = 0;
            for (std::uint64_t const n : keys) sum += get(n);
            return sum;
        }
        std::size_t scan() const {
            std::size_t rows = 0;
            while (sqlite3_step(of->scan_) == SQLITE_ROW) {
                rows += static_cast<unsigned char const*>(sqlite3_column_blob(of->scan_, 1))[50] != 0 ? 1 : 0;
            }
            sqlite3_reset(of->scan_);
            return rows;
        }
    };
    reader read() { return {this}; }

private:
    void run(char const* sql) { require(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql); }
    sqlite3_stmt* prepare(char const* sql) {
        sqlite3_stmt* made = nullptr;
        require(sqlite3_prepare_v2(db_, sql, -1, &made, nullptr) == SQLITE_OK, sql);
        return made;
    }
    storage_folder folder_;
    sqlite3* db_ = nullptr;
    sqlite3_stmt *put_ = nullptr, *get_ = nullptr, *scan_ = nullptr;
};

class rocksdb_engine {
public:
    static constexpr char const* name = "rocksdb";
    rocksdb_engine() : folder_(name) {
        rocksdb::Options options;
        options.create_if_missing = true;
        options.write_buffer_size = std::size_t{64} << 20;
        rocksdb::BlockBasedTableOptions table;
        table.block_cache = rocksdb::NewLRUCache(std::size_t{2} << 30);
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
        options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
        options.compression = rocksdb::kNoCompression;
        rocksdb::DB* db = nullptr;
        auto const opened = rocksdb::DB::Open(options, folder_.path(), &db);
        require(opened.ok(), ("rocksdb open: " + opened.ToString()).c_str());
        db_.reset(db);
    }
    void put_all(std::span<std::uint64_t const> keys, std::string_view value, bool) {
        rocksdb::WriteBatch batch;
        for (std::uint64_t const n : keys) batch.Put({row_key(n).view().data(), 8}, {value.data(), value.size()});
        rocksdb::WriteOptions options;
        options.disableWAL = true;
        require(db_->Write(options, &batch).ok(), "rocksdb write");
    }
    void flush() {
        require(db_->Flush({}).ok(), "rocksdb flush");
        require(db_->CompactRange({}, nullptr, nullptr).ok(), "rocksdb compaction");
    }

    struct reader {
        rocksdb::DB* db;
        std::size_t get(std::uint64_t n) const {
            row_key const key(n);
            rocksdb::PinnableSlice value;
            if (!db->Get({}, db->DefaultColumnFamily(), {key.bytes.data(), 8}, &value).ok()) return 0;
            return value.size() + static_cast<unsigned char>(value.data()[50]);
        }
        std::size_t get_many(std::span<std::uint64_t const> keys) const {
            std::size_t sum = 0;
            for (std::uint64_t const n : keys) sum += get(n);
            return sum;
        }
        std::size_t scan() const {
            std::unique_ptr<rocksdb::Iterator> const at(db->NewIterator({}));
            std::size_t rows = 0;
            for (at->SeekToFirst(); at->Valid(); at->Next()) rows += at->value().data()[50] != 0 ? 1 : 0;
            return rows;
        }
    };
    reader read() { return {db_.get()}; }

private:
    storage_folder folder_;
    std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace bench
