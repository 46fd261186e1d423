/// One row, one commit, on disk before the call returns (class D2): a shard of PhantomDB, SQLite with its log synced in full,
/// RocksDB with `sync`, and what the disk itself allows: one block written over old ones, and `fdatasync`.
#include <benchmark/benchmark.h>

#include <fcntl.h>
#include <unistd.h>
#include <atomic>

#include "shards.hpp"

namespace bench {
namespace {

/// Enough before the measurement that all write over log space they have used before or reserved.
constexpr std::uint64_t rows_before = 1500;

class shard_commits {
public:
    shard_commits() : folder_("commit"), rows_(folder_.path() + "/db") {}
    void commit(std::uint64_t key) { rows_.write({&key, 1}, true); }

private:
    storage_folder folder_;
    shard_rows<engine::btree> rows_;
};

class sqlite_commits {
public:
    sqlite_commits() : folder_("commit-sqlite") {
        require(sqlite3_open((folder_.path() + "/db").c_str(), &db_) == SQLITE_OK, "sqlite open");
        for (char const* sql : {"pragma journal_mode = wal", "pragma synchronous = full",
                                "create table t (k integer primary key, v blob)"}) {
            require(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
        }
        require(sqlite3_prepare_v2(db_, "insert into t values (?, ?)", -1, &put_, nullptr) == SQLITE_OK,
                "sqlite prepare");
    }
    sqlite_commits(sqlite_commits const&) = delete;
    sqlite_commits& operator=(sqlite_commits const&) = delete;
    ~sqlite_commits() {
        sqlite3_finalize(put_);
        sqlite3_close(db_);
    }
    void commit(std::uint64_t key) {
        sqlite3_bind_int64(put_, 1, static_cast<sqlite3_int64>(key));
        sqlite3_bind_blob(put_, 2, row_value().data(), static_cast<int>(value_bytes), SQLITE_STATIC);
        require(sqlite3_step(put_) == SQLITE_DONE, "sqlite insert");
        sqlite3_reset(put_);
    }

private:
    storage_folder folder_;
    sqlite3* db_ = nullptr;
    sqlite3_stmt* put_ = nullptr;
};

class rocksdb_commits {
public:
    rocksdb_commits() : folder_("commit-rocksdb") {
        rocksdb::Options options;
        options.create_if_missing = true;
        options.recycle_log_file_num = 2;
        rocksdb::DB* db = nullptr;
        require(rocksdb::DB::Open(options, folder_.path(), &db).ok(), "rocksdb open");
        db_.reset(db);
        options_.sync = true;
    }
    void commit(std::uint64_t key) {
        row_key const bytes(key);
        rocksdb::Slice const value(row_value().data(), value_bytes);
        require(db_->Put(options_, rocksdb::Slice(bytes.bytes.data(), 8), value).ok(), "rocksdb put");
    }

private:
    storage_folder folder_;
    std::unique_ptr<rocksdb::DB> db_;
    rocksdb::WriteOptions options_;
};

/// No database: the next 4 KiB of a file that is all written already, and `fdatasync`.
class raw_commits {
public:
    raw_commits() : folder_("commit-raw"), file_(::open((folder_.path() + "/file").c_str(), O_RDWR | O_CREAT, 0600)) {
        require(file_ >= 0, "open");
        std::string const zeros(std::size_t{1} << 20, '\0');
        for (int i = 0; i < 64; ++i) require(::write(file_, zeros.data(), zeros.size()) > 0, "write");
        require(::fsync(file_) == 0, "fsync");
    }
    raw_commits(raw_commits const&) = delete;
    raw_commits& operator=(raw_commits const&) = delete;
    ~raw_commits() { ::close(file_); }
    void commit(std::uint64_t key) {
        std::array<char, 4096> block;
        block.fill(static_cast<char>(key));
        require(::pwrite(file_, block.data(), block.size(), static_cast<off_t>(key % 16384 * 4096)) == 4096, "pwrite");
        require(::fdatasync(file_) == 0, "fdatasync");
    }

private:
    storage_folder folder_;
    int file_;
};

template <class System>
System& warm(std::atomic<std::uint64_t>& next) {
    static System system;
    static bool const once = [&] {
        while (next < rows_before) system.commit(next++);
        return true;
    }();
    benchmark::DoNotOptimize(once);
    return system;
}
template <class System>
void commit(benchmark::State& state) {
    static std::atomic<std::uint64_t> next = 0;
    System& system = warm<System>(next);
    for (auto _ : state) system.commit(next++);
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(commit<shard_commits>)->Threads(1)->Threads(32)->UseRealTime();
BENCHMARK(commit<rocksdb_commits>)->Threads(1)->Threads(32)->UseRealTime();
BENCHMARK(commit<sqlite_commits>)->UseRealTime();
BENCHMARK(commit<raw_commits>)->UseRealTime();

}  // namespace
}  // namespace bench
