/// @file Defines what a shard may offer beyond transactions, depending on its store, and how to ask for it where it may be missing:
/// moving objects between engines, giving back the room of what nobody sees any more, tuning, statistics.
#pragma once

#include <phantomdb/codec/engine.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <cstdint>
#include <functional>

namespace phantomdb::mvcc {

/// Told while a move goes on: keys moved, and about how many there are. May throw, to give the move up.
using move_progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// `shard.move_object(object, to, progress)` takes the keys of an object to an engine, while others read and write them.
/// When it returns the engine record (codec/engine.hpp) says `to` and reads go there; no key and no version is lost. When it
/// throws, the object is where it was. Moving to where the object is already does nothing. One move of an object at a
/// time: a second one waits. An object that is dropped meanwhile is done.
///
/// A shard without it has its objects moved by whoever asks, in a transaction that writes every key again
/// (see rule 3 of codec/engine.hpp).
template <class Shard>
concept moves_objects = requires(Shard& shard, std::uint32_t object, codec::engine to, move_progress const& progress) {
    shard.move_object(object, to, progress);
};

/// Moves an object where the shard can; false where it cannot.
template <class Shard>
bool try_move_object(Shard& shard, std::uint32_t object, codec::engine to, move_progress const& progress) {
    if constexpr (moves_objects<Shard>) {
        shard.move_object(object, to, progress);
        return true;
    } else {
        static_cast<void>(shard), static_cast<void>(object), static_cast<void>(to), static_cast<void>(progress);
        return false;
    }
}

/// `shard.reclaim(object, whole, progress)` gives back the room of erased keys and of versions that nobody sees any more; `whole`
/// as VACUUM FULL: as much as can be, however long it takes. False where the shard has nothing to do.
template <class Shard>
bool try_reclaim(Shard& shard, std::uint32_t object, bool whole, move_progress const& progress) {
    if constexpr (requires { shard.reclaim(object, whole, progress); }) {
        shard.reclaim(object, whole, progress);
        return true;
    } else {
        static_cast<void>(shard), static_cast<void>(object), static_cast<void>(whole), static_cast<void>(progress);
        return false;
    }
}

/// What may be said to a shard while it is open, or when it is opened.
struct store_tuning {
    storage::store_options store{};                                 ///< cache, write buffer, rate, sync
    std::uint64_t checkpoint_log_bytes = std::uint64_t{256} << 20;  ///< a checkpoint when the log has grown so far
    std::uint64_t checkpoint_seconds = 300;                         ///< and after so long, if something was written
    bool recycle_log = true;                                        ///< use files of the log again
};

/// `shard.tune(tuning)` puts new values in force, from any thread.
template <class Shard>
concept can_be_tuned = requires(Shard& shard, store_tuning const& tuning) { shard.tune(tuning); };

/// False where the shard has to be opened anew.
template <class Shard>
bool try_tune(Shard& shard, store_tuning const& tuning) {
    if constexpr (can_be_tuned<Shard>) {
        shard.tune(tuning);
        return true;
    } else {
        static_cast<void>(shard), static_cast<void>(tuning);
        return false;
    }
}

/// `shard.store_statistics()`, or what the shard's own statistics know of it.
template <class Shard>
storage::store_statistics store_statistics_of(Shard const& shard) {
    if constexpr (requires { shard.store_statistics(); }) {
        return shard.store_statistics();
    } else {
        storage::store_statistics made;
        auto const counted = shard.statistics();
        made.memory_bytes = counted.memory_bytes;
        made.checkpoints = counted.checkpoints;
        return made;
    }
}

}  // namespace phantomdb::mvcc
