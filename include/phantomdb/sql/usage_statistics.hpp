/// @file Defines `usage_statistics`: what all sessions have counted since the instance was opened. Behind pg_stat_*.
#pragma once

#include <phantomdb/exec/relation_usage.hpp>

#include <cstdint>
#include <map>
#include <mutex>

namespace phantomdb::sql {

/// Of one table or index.
struct relation_statistics : exec::relation_usage {
    std::uint64_t modified_since_analyze = 0, inserted_since_vacuum = 0;
    std::int64_t last_vacuum = 0, last_analyze = 0;  ///< µs since 2000-01-01 UTC; 0: never
    std::uint64_t vacuums = 0, analyzes = 0;
    std::uint64_t replaced = 0;     ///< rows updated or deleted by commits since the last checkpoint or VACUUM
    std::uint64_t checkpoints = 0;  ///< that there had been when the last of them was counted
};

/// Of one database.
struct database_statistics {
    std::uint64_t commits = 0, rollbacks = 0, sessions = 0;
    std::uint64_t rows_read = 0, rows_fetched = 0, hits = 0, reads = 0, inserted = 0, updated = 0, deleted = 0;
    std::int64_t reset_at = 0;
};

/// Thread-safe. Counts are in memory; opening begins at zero.
class usage_statistics {
public:
    /// Adds what a session counted. `is_index(id)` tells indexes from tables.
    template <class IsIndex>
    void add(schema::object_id database, exec::usage_counters::by_relation const& counted, IsIndex const& is_index) {
        std::lock_guard hold(mutex_);
        database_statistics& all = databases_[database];
        for (auto const& [id, more] : counted) {
            relation_statistics& one = relations_[id];
            one += more;
            one.modified_since_analyze += more.inserted + more.updated + more.deleted;
            one.inserted_since_vacuum += more.inserted;
            (is_index(id) ? all.rows_fetched : all.rows_read) += more.rows_read;
            all.hits += more.hits;
            all.reads += more.reads;
            all.inserted += more.inserted;
            all.updated += more.updated;
            all.deleted += more.deleted;
        }
    }
    void session_began(schema::object_id database) {
        std::lock_guard hold(mutex_);
        ++databases_[database].sessions;
    }
    void committed(schema::object_id database) {
        std::lock_guard hold(mutex_);
        ++databases_[database].commits;
    }
    void rolled_back(schema::object_id database) {
        std::lock_guard hold(mutex_);
        ++databases_[database].rollbacks;
    }
    /// A commit has updated or deleted so many rows of tables; there have been so many checkpoints.
    void replaced(std::map<schema::object_id, std::uint64_t> const& rows, std::uint64_t checkpoints) {
        std::lock_guard hold(mutex_);
        for (auto const& [table, more] : rows) {
            relation_statistics& one = relations_[table];
            if (one.checkpoints != checkpoints) one.replaced = 0;
            one.checkpoints = checkpoints;
            one.replaced += more;
        }
    }
    void vacuumed(schema::object_id table, std::int64_t now) {
        std::lock_guard hold(mutex_);
        relation_statistics& one = relations_[table];
        one.replaced = 0;
        one.last_vacuum = now;
        ++one.vacuums;
        one.inserted_since_vacuum = 0;
    }
    void analyzed(schema::object_id table, std::int64_t now) {
        std::lock_guard hold(mutex_);
        relation_statistics& one = relations_[table];
        one.last_analyze = now;
        ++one.analyzes;
        one.modified_since_analyze = 0;
    }
    /// Back to zero: a database with all that `is_its(relation)` says is in it.
    template <class IsIts>
    void reset(schema::object_id database, std::int64_t now, IsIts const& is_its) {
        std::lock_guard hold(mutex_);
        databases_[database] = {};
        databases_[database].reset_at = now;
        std::erase_if(relations_, [&](auto const& one) { return is_its(one.first); });
    }
    void forget(schema::object_id relation) {
        std::lock_guard hold(mutex_);
        relations_.erase(relation);
    }

    relation_statistics relation(schema::object_id id) const {
        std::lock_guard hold(mutex_);
        auto found = relations_.find(id);
        return found == relations_.end() ? relation_statistics{} : found->second;
    }
    database_statistics database(schema::object_id id) const {
        std::lock_guard hold(mutex_);
        auto found = databases_.find(id);
        return found == databases_.end() ? database_statistics{} : found->second;
    }

private:
    mutable std::mutex mutex_;
    std::map<schema::object_id, relation_statistics> relations_;
    std::map<schema::object_id, database_statistics> databases_;
};

}  // namespace phantomdb::sql
