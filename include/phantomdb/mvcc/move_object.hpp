/// @file Defines `moves_objects`, what a shard offers whose store can take a table or index from one engine to another online.
#pragma once

#include <phantomdb/codec/engine.hpp>

#include <cstdint>
#include <functional>

namespace phantomdb::mvcc {

/// Told while a move goes on: keys moved, and about how many there are. May throw, to give the move up.
using move_progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// `shard.move_object(object, to, progress)` takes the keys of an object to an engine, while others read and write them.
/// When it returns the engine record (codec/engine.hpp) says `to` and reads go there; no key and no version is lost. When it throws,
/// the object is where it was. Moving to where the object is already does nothing. One move of an object at a
/// time: a second one waits. An object that is dropped meanwhile is done.
///
/// A shard without it has its objects moved by whoever asks, in a transaction that writes every key again
/// (see rule 3 of codec/engine.hpp).
template <class Shard>
concept moves_objects =
    requires(Shard& shard, std::uint32_t object, codec::engine to, move_progress const& progress) {
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

}  // namespace phantomdb::mvcc
