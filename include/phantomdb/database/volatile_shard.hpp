/// @file Defines `volatile_shard`, a shard that keeps nothing: transactions without files.
#pragma once

#include <phantomdb/mvcc/shard.hpp>
#include <phantomdb/storage/database_store.hpp>

#include <atomic>
#include <chrono>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb {

namespace detail {

/// An environment without files: there is nothing to read, and whoever writes has taken a wrong turn.
struct no_files {
    struct file_type {
        std::size_t read_at(std::uint64_t, std::span<char>) const { return 0; }
        void write_at(std::uint64_t, std::string_view) { refuse(); }
        void sync() {}
        std::uint64_t size() const { return 0; }
        void truncate(std::uint64_t) {}
    };
    struct lock_type {};

    file_type open(std::string const&, env::open_mode) { refuse(); }
    bool exists(std::string const&) { return false; }
    std::vector<std::string> list(std::string const&) { return {}; }
    void create_directory(std::string const&) {}
    void sync_directory(std::string const&) {}
    void rename(std::string const&, std::string const&) {}
    void remove(std::string const&) {}
    lock_type lock(std::string const&) { return {}; }
    std::chrono::system_clock::time_point now() { return std::chrono::system_clock::now(); }
    std::chrono::steady_clock::time_point steady_now() { return std::chrono::steady_clock::now(); }
    void fill_random(std::span<char> bytes) {
        std::random_device source;
        for (char& byte : bytes) byte = static_cast<char>(source());
    }

private:
    [[noreturn]] static void refuse() { throw error(errc::io_error, "a database in memory has no files"); }
};
static_assert(env::environment<no_files>);

/// A commit log that numbers commits and forgets them.
class forgetful_log {
public:
    forgetful_log(no_files&, std::string const&, storage::local_log_options const&, storage::lsn_type last,
                  storage::log_reader const&)
        : last_(last) {}

    storage::lsn_type append(std::string_view) { return last_.fetch_add(1) + 1; }
    void wait_durable(storage::lsn_type) {}
    void wait_written(storage::lsn_type) {}
    bool is_refused(storage::lsn_type) const { return false; }
    storage::lsn_type durable() const { return last_.load(); }
    storage::lsn_type last() const { return last_.load(); }
    void read(storage::lsn_type, storage::log_reader const&) const {}
    void truncate(storage::lsn_type) {}
    storage::log_statistics statistics() const { return {last_.load(), 0, 0, 0}; }

private:
    std::atomic<storage::lsn_type> last_;
};
static_assert(storage::commit_log<forgetful_log>);

}  // namespace detail

/// A database that ends with the process.
using volatile_shard = mvcc::shard<storage::database_store, detail::forgetful_log, detail::no_files>;

}  // namespace phantomdb
