/// @file Defines `engine`, what keeps the bytes of a table or index, and the records that say so to the store.
///
/// A store sees keys and log positions only. Which engine an object's keys belong to is therefore written as a record of
/// its own, in the same commit that makes the object:
///
///     key     u32 big-endian `engine_records_id` · u32 big-endian object id (a table's or an index's: how its keys begin)
///     value   u8 `engine` · what a store adds for itself, see storage/hybrid/routes.hpp
///
/// What a store may rely on, in log order:
/// 1. No record: the object is kept by `engine::btree`. Whatever is not a table or index of users has none.
/// 2. The record of a new object is in the batch that brings its first key, or in one before it. As keys of a batch are sorted
///    and `engine_records_id` is below every object's id, it stands before them there.
/// 3. A record that names another engine than the one that holds the object (or none) empties it: of the keys it had nothing
///    stays, and what the same batch puts is all it has afterwards. So a store may drop what the old engine holds in one
///    step; the batch erases the keys all the same, for stores that know no engines. A record that names the engine
///    where the object is, because the store has moved it there or for it always was, changes nothing about its keys.
#pragma once

#include <phantomdb/base/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::codec {

/// The numbers are part of the disk format.
enum class engine : std::uint8_t {
    btree = 0,   ///< pages in key order; the default
    lsm = 1,     ///< sorted runs that are merged in the background: many writes, little space
    hash = 2,    ///< indexes only: an entry is found by the hash of its columns, in no order
    hybrid = 3,  ///< b-tree or log-structured, as the engine sees fit
};
inline constexpr int engine_count = 4;

/// How keys of engine records begin. Below every id of a table or index.
inline constexpr std::uint32_t engine_records_id = 4;
inline constexpr std::size_t engine_record_key_bytes = 8;

inline std::string engine_record_key(std::uint32_t object) {
    std::string key;
    for (std::uint32_t id : {engine_records_id, object}) {
        for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(id >> shift));
    }
    return key;
}

inline std::string engine_record_value(engine kept_by) { return {static_cast<char>(kept_by)}; }

/// The object whose record has this key; nothing if it is no engine record's.
inline std::optional<std::uint32_t> object_of_engine_record(std::string_view key) {
    if (key.size() != engine_record_key_bytes) return std::nullopt;
    std::uint32_t ids[2] = {};
    for (std::size_t i = 0; i < key.size(); ++i) ids[i / 4] = ids[i / 4] << 8 | static_cast<unsigned char>(key[i]);
    if (ids[0] != engine_records_id) return std::nullopt;
    return ids[1];
}

/// Throws data_corrupted for what is no engine.
inline engine engine_of_record(std::string_view value) {
    if (value.empty() || static_cast<unsigned char>(value.front()) >= engine_count) {
        throw error(errc::data_corrupted, "a stored record names an engine that is not known");
    }
    return static_cast<engine>(value.front());
}

/// As SQL's USING has it.
constexpr std::string_view engine_name(engine one) {
    constexpr std::string_view names[engine_count] = {"btree", "lsm", "hash", "hybrid"};
    return names[static_cast<int>(one)];
}

}  // namespace phantomdb::codec
