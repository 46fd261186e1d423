/// @file Defines the concept `persistent_store`: an ordered store that keeps itself in files beside the log.
///
/// The log is the only write-ahead log. A store becomes durable by checkpoints, each of which says which log position it
/// holds; after a crash the store is as its last checkpoint left it, and what the log has above is applied again.
///
/// Threads: `apply` by one; `checkpoint` and `maintain` by one other each, beside it; everything const by any.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace phantomdb::storage {

/// What a store may use.
struct store_options {
    std::uint64_t cache_bytes = std::uint64_t{256} << 20;        ///< memory for pages and blocks read from files
    std::uint64_t write_buffer_bytes = std::uint64_t{64} << 20;  ///< memory for changes not in a file, where collected
    std::uint64_t background_bytes_per_second = 0;  ///< limit for what `maintain` and `checkpoint` write; 0: none
    bool sync = true;  ///< false: checkpoints are not synced; a loss of power may cost everything
    /// Called before changes up to a position become durable in the store, which must not know more than its log: returns
    /// once the log has them, or throws. May be empty where the log is always ahead.
    std::function<void(lsn_type)> before_durable{};
};

/// Counted since the store was opened, but for what it is now.
struct store_statistics {
    std::uint64_t memory_bytes = 0;       ///< now: cache and buffers
    std::uint64_t file_bytes = 0;         ///< now: in files
    std::uint64_t free_bytes = 0;         ///< now: of those, unused
    std::uint64_t old_version_bytes = 0;  ///< now: kept only for snapshots that still see them
    std::uint64_t read_bytes = 0, written_bytes = 0;
    std::uint64_t cache_hits = 0, cache_misses = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t compactions = 0;
    lsn_type durable = 0;  ///< what the last checkpoint holds
};

/// Something wrong with a file.
struct finding {
    std::string file;
    std::uint64_t offset = 0;
    std::string what;
};

/// How far a long check has come, and what it found.
struct verification {
    std::function<void(finding const&)> on_finding;
    std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;  ///< bytes; may be empty
};

template <class S, class E>
concept persistent_store =
    env::environment<E> && ordered_store<S> &&
    /// Makes its directory by `env::create_own_directory`.
    std::constructible_from<S, E&, std::string const&, store_options const&> &&
    requires(S& store, S const& read, verification const& to) {
        /// Makes durable all that was applied before the call, and gives that position: the log up to it is not needed
        /// any more. Throws disk_full (the checkpoint before stays; call again later) or io_error (after a failed sync what
        /// the disk holds is unknown: every further call throws, until the store is opened again).
        { store.checkpoint() } -> std::same_as<lsn_type>;
        /// Does one piece of background work (merging, freeing, moving); true: there is more to do.
        /// Throws as `checkpoint` does.
        { store.maintain() } -> std::same_as<bool>;
        /// Why new writes have to be refused now (the disk is full and memory has no room for more; a sync failed), if they
        /// have to be. `apply` itself never fails for lack of disk space: what is in the log has to be applied.
        { read.refusal() } -> std::same_as<std::optional<error>>;
        { read.statistics() } -> std::same_as<store_statistics>;
        /// Reads all of its files as they are on the disk as of the last checkpoint and reports what is wrong with them.
        read.verify(to);
    };

}  // namespace phantomdb::storage
