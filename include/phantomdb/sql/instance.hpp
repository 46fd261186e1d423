/// @file Defines `instance`: an open data directory that sessions share.
#pragma once

#include <phantomdb/mvcc/background_event.hpp>
#include <phantomdb/schema/descriptor.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::cluster {
class replica;
struct replica_options;
}  // namespace phantomdb::cluster

namespace phantomdb::sql {

struct instance_options {
    bool create = true;              ///< make a new data directory where there is none
    bool synchronous_commit = true;  ///< default of the setting of that name
    /// Settings by name, as on the command line: they win over the files of the directory (sql/configuration.hpp).
    std::map<std::string, std::string> settings;
    // The same for those who embed: what is said here wins over `settings`. In parentheses the setting each stands for.
    std::optional<std::uint64_t> cache_bytes;                  ///< memory for what is read from files (shared_buffers)
    std::optional<std::uint64_t> write_buffer_bytes;           ///< (phantomdb.lsm_write_buffer)
    std::optional<std::uint64_t> background_bytes_per_second;  ///< 0: no limit (phantomdb.background_write_rate)
    std::optional<bool> sync;                                  ///< (fsync)
    std::optional<std::uint64_t> checkpoint_log_bytes;         ///< (max_wal_size)
    std::optional<std::uint64_t> checkpoint_seconds;           ///< (checkpoint_timeout)
    std::optional<bool> recycle_log;                           ///< (wal_recycle)
    /// Told what opening is doing ("replaying log", done, total); may be empty.
    std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)> progress;
    /// Told of checkpoints and other work in the background that fails or works again, on the thread that does it; may be empty.
    mvcc::background_listener on_background_event;
    /// Makes this a node of a group: its log and part of its directory are the replica's. `directory` of its options is set here.
    std::shared_ptr<cluster::replica_options const> replica;
    /// Asked while a node waits for its group; true gives up, with 57P01.
    std::function<bool()> gives_up;
};

/// One data directory, opened by one process. Thread-safe. A second process gets 55006 naming the holder's process id.
/// A new directory has the role `postgres` and the databases `postgres`, `template1`.
/// Outlives its sessions; destruction flushes and releases the directory.
class instance {
public:
    static instance open(std::filesystem::path const& directory, instance_options options = {});
    static instance in_memory();
    instance(instance&&) noexcept;
    instance& operator=(instance&&) noexcept;
    ~instance();

    /// For authentication: the role, if there is one.
    std::optional<schema::role_descriptor> find_role(std::string_view name) const;
    bool has_database(std::string_view name) const;
    /// Whether any role has a password.
    bool password_set() const;

    /// Counters for logs and health checks.
    struct statistics {
        std::uint64_t commits = 0, rollbacks = 0, log_bytes = 0, log_flushes = 0, sessions = 0;
        /// Simple queries that found their statement compiled, and those that did not.
        std::uint64_t cache_hits = 0, cache_misses = 0;
    };
    statistics counters() const;
    /// Null where the directory is no node's.
    cluster::replica* replica() const;

    struct shared_state;
    shared_state& shared() const { return *state_; }

private:
    explicit instance(std::unique_ptr<shared_state> made);
    std::unique_ptr<shared_state> state_;
};

}  // namespace phantomdb::sql
