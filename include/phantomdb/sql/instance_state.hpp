/// @file Defines `instance::shared_state`: what the sessions of a data directory share. Private to the library.
#pragma once

#include <phantomdb/exec/row_numbers.hpp>
#include <phantomdb/exec/sequences.hpp>
#include <phantomdb/exec/stored_catalog.hpp>
#include <phantomdb/mvcc/local_shard.hpp>
#include <phantomdb/sql/configuration.hpp>
#include <phantomdb/sql/instance.hpp>
#include <phantomdb/sql/statement_timer.hpp>
#include <phantomdb/sql/usage_statistics.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace phantomdb::sql {

class replicated_instance;
class session_core;

/// What pg_stat_activity knows of a session. That it is there, and what does not change, is guarded by
/// `shared_state::sessions_mutex`; what each statement changes by a mutex of its own, taken second.
struct session_activity {
    session_core* core = nullptr;
    std::string database, user, application_name, client_address;
    std::int64_t started = 0;
    std::mutex mutex;
    std::int64_t statement_started = 0;
    std::string query;
    std::string state = "idle";
};

/// What a session does to the storage of a table, as pg_stat_progress_cluster, …_vacuum and …_create_index show it.
struct maintenance_work {
    enum class kind : std::uint8_t { move, vacuum, vacuum_full, create_index };

    std::string database;
    kind what = kind::move;
    schema::object_id table = 0;
    schema::object_id index = 0;        ///< of the table, where one of them is the turn; else 0
    std::uint64_t done = 0, total = 0;  ///< keys
    std::int64_t indexes_done = 0;      ///< of those whose turn comes after the table's
};

struct instance::shared_state {
    shared_state(std::string directory, instance_options const& options);
    ~shared_state();

    std::filesystem::path temporary;            ///< removed at the end; empty for a real directory
    sql::configuration configuration;           ///< before what is opened by it
    std::unique_ptr<cluster::replica> replica;  ///< null where the log is this machine's
    std::unique_ptr<mvcc::local_shard> shard;
    std::unique_ptr<replicated_instance> replicated;
    exec::stored_catalog catalog;
    exec::row_numbers numbers;
    exec::sequence_states sequences;
    statement_timer timer;
    usage_statistics usage;
    std::atomic<std::uint64_t> advisory_owner{1};

    std::mutex sessions_mutex;
    std::map<std::int32_t, session_activity> sessions;
    std::int32_t next_session = 1;
    std::uint64_t sessions_begun = 0;
    std::uint64_t cache_hits = 0, cache_misses = 0;  ///< of the sessions that are over
    std::map<std::int32_t, maintenance_work> work;   ///< by session; guarded by `sessions_mutex`
    std::mutex backup_mutex;                         ///< held by the session that writes a backup
    std::int64_t opened_at = 0;                      ///< µs since 2000-01-01 UTC

    /// Reads the configuration again, and tells the shard. Sessions take it over at their next transaction.
    bool reload();
    /// How lock errors name a key: 'row (…) of table "t"' needs the catalog.
    std::string describe_key(std::string_view key) const;

private:
    std::unique_ptr<cluster::replica> replica_of(std::string const& directory, instance_options const& options) const;
    std::unique_ptr<mvcc::local_shard> open_shard(std::string directory, instance_options const& options);
    void join_group(instance_options const& options);
};

}  // namespace phantomdb::sql
