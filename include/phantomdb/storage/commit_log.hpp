/// @file Defines the concept `commit_log`: the one place where a commit becomes durable.
#pragma once

#include <phantomdb/storage/write_batch.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string_view>

namespace phantomdb::storage {

/// Gets the records of a log in order; what it gets is borrowed.
using log_reader = std::function<void(lsn_type, std::string_view)>;

/// What a log has done since it was opened.
struct log_statistics {
    std::uint64_t records = 0;  ///< appended
    std::uint64_t groups = 0;   ///< written in one go
    std::uint64_t syncs = 0;
    std::uint64_t bytes = 0;              ///< in the log now, what a restart would read
    std::uint64_t segments_made = 0;      ///< files made afresh, which grow as they are written
    std::uint64_t segments_recycled = 0;  ///< files that held records which are not needed any more
};

/// A sequence of records, each with a position greater than the one before (positions of refused records are never used again).
/// Any thread may call anything. A record is there after a restart if `wait_durable` returned for it; other records may be or
/// not, but never with a gap: if one is there, so are all before it that were not refused.
template <class L>
concept commit_log = requires(L& log, L const& read, std::string_view payload, lsn_type lsn, log_reader const& reader) {
    /// Takes a place in the log and returns at once.
    { log.append(payload) } -> std::same_as<lsn_type>;
    /// Returns once the record would survive a loss of power. Throws disk_full or io_error if it was refused.
    log.wait_durable(lsn);
    /// Returns once the record would survive the end of this process.
    log.wait_written(lsn);
    /// Whether the record was refused; asked about records below one that is written, whose fate is known.
    { read.is_refused(lsn) } -> std::same_as<bool>;
    { read.durable() } -> std::same_as<lsn_type>;
    /// The last one given out that was not refused.
    { read.last() } -> std::same_as<lsn_type>;
    /// Gives every durable record from `lsn` on.
    log.read(lsn, reader);
    /// Records below `lsn` are not needed any more; some may stay.
    log.truncate(lsn);
    { read.statistics() } -> std::same_as<log_statistics>;
};

}  // namespace phantomdb::storage
