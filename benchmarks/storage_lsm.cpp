/// The LSM store beside LMDB and RocksDB (where installed): random inserts, gets, scans, of rows of 8 + 100 bytes.
///
/// Nothing is synced while it runs (all three write asynchronously or at the end), so what is compared is the engines. The store's
/// `maintain` runs on a thread of its own, as RocksDB's background work does; insertion ends when all is in files.
#include <phantomdb/storage/lsm/lsm_store.hpp>

#include <phantomdb/env/posix.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if __has_include(<lmdb.h>) && defined(PHANTOMDB_BENCHMARK_LMDB)
#include <lmdb.h>
#define HAS_LMDB 1
#endif
#if __has_include(<rocksdb/db.h>) && defined(PHANTOMDB_BENCHMARK_ROCKSDB)
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#define HAS_ROCKSDB 1
#endif

namespace bench {
namespace {

using namespace phantomdb;

std::uint64_t row_count() {
    char const* const asked = std::getenv("PHANTOMDB_BENCHMARK_ROWS");
    return asked == nullptr ? 2'000'000 : std::strtoull(asked, nullptr, 10);
}
constexpr std::size_t batch_rows = 100;

/// The nth key of a random order in which no key comes twice.
std::string key_of(std::uint64_t n) {
    std::uint64_t mixed = n * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 32;
    mixed *= 0xd6e8feb86659fd93;
    std::string key(8, '\0');
    for (int i = 0; i < 8; ++i) key[static_cast<std::size_t>(i)] = static_cast<char>(mixed >> (56 - 8 * i));
    return key;
}
/// 100 bytes that compress to about half.
std::string value_of(std::uint64_t n) {
    std::string value(100, 'v');
    std::uint64_t bits = n;
    for (std::size_t i = 0; i < 50; ++i) {
        bits = bits * 6364136223846793005 + 1442695040888963407;
        value[i] = static_cast<char>(bits >> 56);
    }
    return value;
}

struct folder {
    explicit folder(std::string const& name)
        : path((std::filesystem::temp_directory_path() / ("phantomdb-bench-" + name + "-" + std::to_string(::getpid())))
                   .string()) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~folder() { std::filesystem::remove_all(path); }
    std::string path;
};

class lsm_table {
public:
    lsm_table() : folder_("lsm"), store_(environment_, folder_.path + "/store", {}) {
        background_ = std::thread([this] {
            while (!stop_) {
                if (!store_.maintain()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        });
    }
    ~lsm_table() {
        stop_ = true;
        background_.join();
    }
    void insert(std::uint64_t from, std::uint64_t to) {
        batch_.clear();
        for (std::uint64_t n = from; n < to; ++n) batch_.put(key_of(n), value_of(n));
        store_.apply(batch_, ++lsn_);
    }
    void settle() { store_.checkpoint(); }
    bool get(std::string const& key) { return store_.snapshot().get(key).has_value(); }
    std::uint64_t scan() {
        auto const snapshot = store_.snapshot();
        auto cursor = snapshot.cursor();
        std::vector<storage::slice> out(1024);
        std::uint64_t sum = 0;
        cursor.seek("");
        while (std::size_t const n = cursor.next_chunk(out, "")) {
            for (std::size_t i = 0; i < n; ++i) sum += static_cast<unsigned char>(out[i].value[0]) + 1u;
        }
        return sum;
    }
    void compact() {
        while (store_.maintain()) {
        }
    }
    double written_for_each_byte(std::uint64_t rows) const {
        return static_cast<double>(store_.statistics().written_bytes) / static_cast<double>(rows * 108);
    }

private:
    folder folder_;
    env::posix environment_;
    storage::lsm_store<env::posix> store_;
    storage::write_batch batch_;
    storage::lsn_type lsn_ = 0;
    std::atomic<bool> stop_{false};
    std::thread background_;
};

#if HAS_LMDB
class lmdb_table {
public:
    lmdb_table() : folder_("lmdb") {
        check(mdb_env_create(&env_));
        check(mdb_env_set_mapsize(env_, std::size_t{16} << 30));
        check(mdb_env_open(env_, folder_.path.c_str(), MDB_NOSYNC | MDB_WRITEMAP, 0600));
        MDB_txn* txn = nullptr;
        check(mdb_txn_begin(env_, nullptr, 0, &txn));
        check(mdb_dbi_open(txn, nullptr, 0, &dbi_));
        check(mdb_txn_commit(txn));
    }
    ~lmdb_table() { mdb_env_close(env_); }
    void insert(std::uint64_t from, std::uint64_t to) {
        MDB_txn* txn = nullptr;
        check(mdb_txn_begin(env_, nullptr, 0, &txn));
        for (std::uint64_t n = from; n < to; ++n) {
            std::string key = key_of(n), value = value_of(n);
            MDB_val k{key.size(), key.data()}, v{value.size(), value.data()};
            check(mdb_put(txn, dbi_, &k, &v, 0));
        }
        check(mdb_txn_commit(txn));
    }
    void settle() { check(mdb_env_sync(env_, 1)); }
    bool get(std::string const& key) {
        MDB_txn* txn = nullptr;
        check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn));
        MDB_val k{key.size(), const_cast<char*>(key.data())}, v{};
        bool const found = mdb_get(txn, dbi_, &k, &v) == 0;
        mdb_txn_abort(txn);
        return found;
    }
    std::uint64_t scan() {
        MDB_txn* txn = nullptr;
        check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn));
        MDB_cursor* cursor = nullptr;
        check(mdb_cursor_open(txn, dbi_, &cursor));
        MDB_val k{}, v{};
        std::uint64_t sum = 0;
        while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0) sum += *static_cast<unsigned char const*>(v.mv_data) + 1u;
        mdb_cursor_close(cursor);
        mdb_txn_abort(txn);
        return sum;
    }
    void compact() {}

private:
    static void check(int code) {
        if (code != 0) throw std::runtime_error(mdb_strerror(code));
    }
    folder folder_;
    MDB_env* env_ = nullptr;
    MDB_dbi dbi_ = 0;
};
#endif

#if HAS_ROCKSDB
class rocksdb_table {
public:
    rocksdb_table() : folder_("rocksdb") {
        rocksdb::Options options;
        options.create_if_missing = true;
        rocksdb::BlockBasedTableOptions table;
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
        table.block_cache = rocksdb::NewLRUCache(std::size_t{256} << 20);
        table.block_size = 16384;
        options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
        rocksdb::DB* db = nullptr;
        check(rocksdb::DB::Open(options, folder_.path, &db));
        db_.reset(db);
    }
    void insert(std::uint64_t from, std::uint64_t to) {
        rocksdb::WriteBatch batch;
        for (std::uint64_t n = from; n < to; ++n) check(batch.Put(key_of(n), value_of(n)));
        rocksdb::WriteOptions options;
        options.disableWAL = true;
        check(db_->Write(options, &batch));
    }
    void settle() { check(db_->Flush(rocksdb::FlushOptions())); }
    bool get(std::string const& key) {
        std::string value;
        return db_->Get(rocksdb::ReadOptions(), key, &value).ok();
    }
    std::uint64_t scan() {
        std::unique_ptr<rocksdb::Iterator> const at(db_->NewIterator(rocksdb::ReadOptions()));
        std::uint64_t sum = 0;
        for (at->SeekToFirst(); at->Valid(); at->Next()) sum += static_cast<unsigned char>(at->value()[0]) + 1u;
        return sum;
    }
    void compact() { check(db_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr)); }

private:
    static void check(rocksdb::Status const& status) {
        if (!status.ok()) throw std::runtime_error(status.ToString());
    }
    folder folder_;
    std::unique_ptr<rocksdb::DB> db_;
};
#endif

template <class Table>
void fill(Table& table) {
    for (std::uint64_t n = 0, rows = row_count(); n < rows; n += batch_rows)
        table.insert(n, std::min(n + batch_rows, rows));
    table.settle();
}
template <class Table>
Table& filled() {
    static Table table;
    static bool const once = (fill(table), true);
    benchmark::DoNotOptimize(once);
    return table;
}

template <class Table>
void storage_random_insert(benchmark::State& state) {
    for (auto _ : state) {
        Table table;
        fill(table);
        if constexpr (requires { table.written_for_each_byte(1); }) {
            state.PauseTiming();
            table.compact();
            state.counters["written/byte"] = table.written_for_each_byte(row_count());
            state.ResumeTiming();
        }
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(row_count()) * state.iterations());
}
template <class Table>
void storage_random_get(benchmark::State& state) {
    Table& table = filled<Table>();
    std::uint64_t n = 1;
    for (auto _ : state) {
        n = n * 6364136223846793005 + 1442695040888963407;
        if (!table.get(key_of((n >> 20) % row_count()))) state.SkipWithError("a row is missing");
    }
    state.SetItemsProcessed(state.iterations());
}
template <class Table>
void storage_scan(benchmark::State& state) {
    Table& table = filled<Table>();
    for (auto _ : state) benchmark::DoNotOptimize(table.scan());
    state.SetItemsProcessed(static_cast<std::int64_t>(row_count()) * state.iterations());
}

#define MEASURE(TABLE) \
    BENCHMARK(storage_random_insert<TABLE>)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1); \
    BENCHMARK(storage_random_get<TABLE>)->UseRealTime(); \
    BENCHMARK(storage_scan<TABLE>)->Unit(benchmark::kMillisecond)->UseRealTime()

MEASURE(lsm_table);
#if HAS_LMDB
MEASURE(lmdb_table);
#endif
#if HAS_ROCKSDB
MEASURE(rocksdb_table);
#endif

}  // namespace
}  // namespace bench
