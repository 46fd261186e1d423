/// @file Defines `usage_counters`: what statements do to tables and indexes, counted where it happens.
///
/// A session has one; whoever runs statements hands a pointer to it down and collects (`take`) what was counted at their end. Counting is
/// an addition in memory nobody else uses: whoever counts often keeps a `usage_slot`, which looks the relation up once
/// a statement.
#pragma once

#include <phantomdb/schema/descriptor.hpp>

#include <cstdint>
#include <map>
#include <utility>

namespace phantomdb::exec {

/// Of a table: scans from end to end, and changes of rows. Of an index (a primary key too): scans through it.
struct relation_usage {
    std::uint64_t scans = 0;
    std::uint64_t rows_read = 0;  ///< rows, or entries of an index, that scans met
    std::uint64_t hits = 0;       ///< times the store was asked for something and had all of it in memory
    std::uint64_t reads = 0;      ///< pages and blocks the store has read from files for it
    std::uint64_t inserted = 0, updated = 0, deleted = 0;

    relation_usage& operator+=(relation_usage const& more) {
        scans += more.scans;
        rows_read += more.rows_read;
        hits += more.hits;
        reads += more.reads;
        inserted += more.inserted;
        updated += more.updated;
        deleted += more.deleted;
        return *this;
    }
};

/// Used by one thread at a time.
class usage_counters {
public:
    using by_relation = std::map<schema::object_id, relation_usage>;

    /// Stays where it is until `take`.
    relation_usage& of(schema::object_id relation) { return counted_[relation]; }
    bool empty() const { return counted_.empty(); }
    /// Grows with every `take`.
    std::uint64_t period() const { return period_; }
    /// What was counted since the last time.
    by_relation take() {
        ++period_;
        return std::exchange(counted_, {});
    }

private:
    by_relation counted_;
    std::uint64_t period_ = 1;
};

/// Remembers where a relation is counted.
class usage_slot {
public:
    /// `counters` may be another one each time.
    relation_usage& of(usage_counters& counters, schema::object_id relation) {
        if (counters_ != &counters || period_ != counters.period() || relation_ != relation) {
            counters_ = &counters;
            period_ = counters.period();
            relation_ = relation;
            counted_ = &counters.of(relation);
        }
        return *counted_;
    }

private:
    usage_counters* counters_ = nullptr;
    std::uint64_t period_ = 0;
    schema::object_id relation_ = 0;
    relation_usage* counted_ = nullptr;
};

}  // namespace phantomdb::exec
