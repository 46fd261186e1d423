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

inline subject const* find_subject(std::string_view name) {
    for (subject const& one : subjects()) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

}  // namespace phantomdb::torture
