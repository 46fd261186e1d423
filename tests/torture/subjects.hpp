/// @file Lists the databases that are tortured. A new store is one more line.
#pragma once

#include "database.hpp"

#include <phantomdb/storage/database_store.hpp>
#include <phantomdb/storage/memory_store.hpp>

#include <string_view>
#include <vector>

namespace phantomdb::torture {

inline std::vector<subject> const& subjects() {
    using sim::environment;
    static std::vector<subject> const all{
        subject_of<shard_database<mvcc::shard<storage::memory_store, storage::local_log<environment>, environment>>>(
            "memory"),
        subject_of<shard_database<
            mvcc::shard<storage::engines_of<environment>, storage::local_log<environment>, environment>>>("database"),
        subject_of<store_database<storage::btree_store<environment>>>("btree"),
        subject_of<store_database<storage::lsm_store<environment>>>("lsm"),
        subject_of<log_database<>>("log"),
    };
    return all;
}

/// Those that also answer any failing call with the code of its reason: what the engines in files do not yet, see
/// docs/limits.md.
inline std::vector<subject> strict_subjects() {
    std::vector<subject> strict;
    for (subject const& one : subjects()) {
        if (one.name == "memory" || one.name == "log") strict.push_back(one);
    }
    return strict;
}

inline subject const* find_subject(std::string_view name) {
    for (subject const& one : subjects()) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

}  // namespace phantomdb::torture
