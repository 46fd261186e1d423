/// @file Defines how keys in the store begin: with the id of the table, index or kind of record they belong to.
#pragma once

#include <phantomdb/schema/descriptor.hpp>

#include <cstddef>
#include <string>

namespace phantomdb::schema {

inline constexpr std::size_t id_bytes = 4;

/// Prefixes of keys that belong to no table: catalog records, the states of sequences, names to lock, and which engine
/// keeps which object (codec/engine.hpp).
inline constexpr object_id catalog_records_id = 1, sequence_states_id = 2, lock_names_id = 3;
using codec::engine_records_id;  // 4
/// What clients may ask about their transactions (sql/transaction_outcome.hpp).
inline constexpr object_id transaction_outcomes_id = 5;

/// Appends an id as it begins a key.
inline void append_id(std::string& key, object_id id) {
    char const bytes[id_bytes] = {static_cast<char>(id >> 24), static_cast<char>(id >> 16), static_cast<char>(id >> 8),
                                  static_cast<char>(id)};
    key.append(bytes, id_bytes);
}

}  // namespace phantomdb::schema
