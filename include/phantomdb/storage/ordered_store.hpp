/// @file Defines the concept `ordered_store`: where the bytes of tables and indexes live, sorted by key.
///
/// A store is changed by one thread at a time, batch after batch in log order; it is read through snapshots, by any number of
/// threads at once and without locks. A snapshot is what the store held after one batch, for as long as the snapshot lives.
/// Keys are byte strings in memcmp order; in a span [from, to) an empty `to` means "to the end".
///
/// Bytes live in pages that come and go, so borrowed ones have an owner: what `get` gives lives as long as the
/// `stored_value` (its pin); what a cursor gives lives until that cursor is used again, assigned to or destroyed.
#pragma once

#include <phantomdb/storage/byte_pin.hpp>
#include <phantomdb/storage/slice.hpp>
#include <phantomdb/storage/write_batch.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <string_view>

namespace phantomdb::storage {

/// A value with the log position of the batch that wrote it. The bytes live as long as the pin, or a copy of it.
struct stored_value {
    std::string_view value;
    lsn_type lsn = 0;
    byte_pin pin{};
};

/// A position in a snapshot, before which and after which there are keys. The snapshot must outlive it. Borrowed bytes live
/// until the next call that is not const; copies are independent. A cursor may also have `next_run(to, most)`: neighbours from
/// here on that are below `to`, as an `entry_run`. `seek*`, `next` and `prev` leave it on a key or, where there is none, not
/// `valid()`; after that only a seek helps.
template <class C>
concept ordered_cursor =
    std::copyable<C> && requires(C& cursor, C const& at, std::string_view key, std::span<slice> out) {
        cursor.seek(key);         // the first key not below `key`
        cursor.seek_before(key);  // the last key below `key`; the very last where `key` is empty
        cursor.next();
        cursor.prev();
        { at.valid() } -> std::convertible_to<bool>;
        { at.key() } -> std::convertible_to<std::string_view>;
        { at.value() } -> std::convertible_to<std::string_view>;
        { at.lsn() } -> std::convertible_to<lsn_type>;
        /// Copies references to the entries from here on whose keys are below `key` into `out`, and moves behind them.
        { cursor.next_chunk(out, key) } -> std::same_as<std::size_t>;
        /// The same backwards: from here down to the first key not below `key`.
        { cursor.prev_chunk(out, key) } -> std::same_as<std::size_t>;
    };

template <class S>
concept store_snapshot = std::copyable<S> && requires(S const& snapshot, std::string_view key) {
    { snapshot.lsn() } -> std::convertible_to<lsn_type>;
    { snapshot.get(key) } -> std::same_as<std::optional<stored_value>>;
    { snapshot.count(key, key) } -> std::convertible_to<std::uint64_t>;  // keys in [from, to), roughly; for the planner
    { snapshot.cursor() } -> ordered_cursor;
};

template <class S>
concept ordered_store = requires(S& store, S const& read, write_batch const& batch, lsn_type lsn) {
    typename S::snapshot_type;
    typename S::cursor_type;
    store.apply(batch, lsn);  // one thread at a time, `lsn` rising; all of it becomes visible at once, or on error none
    { read.applied() } -> std::convertible_to<lsn_type>;
    { read.snapshot() } -> std::same_as<typename S::snapshot_type>;  // any thread, O(1)
    requires store_snapshot<typename S::snapshot_type>;
    requires ordered_cursor<typename S::cursor_type>;
};

}  // namespace phantomdb::storage
