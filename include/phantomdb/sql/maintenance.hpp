/// @file Defines what keeps a data directory safe: backup, restore, and the check of everything in it.
///
/// A backup is an image (storage/image.hpp) of one snapshot. A restored directory begins its log where the image ends.
#pragma once

#include <phantomdb/exec/stored_catalog.hpp>
#include <phantomdb/mvcc/local_shard.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace phantomdb::sql {

/// Told what is being done and how far it has come; what it throws ends the work. May be empty.
using step_progress = std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)>;

struct backup_facts {
    std::uint64_t lsn = 0;      ///< the last commit in it
    std::uint64_t entries = 0;  ///< rows, index entries and records
    std::uint64_t bytes = 0;    ///< of the file
};

/// Writes what is committed now to `file`, reads it again and compares. Commits go on meanwhile. On error there is no file.
/// Throws duplicate_file (58P02) where `file` exists, disk_full, io_error, data_corrupted.
backup_facts write_backup(mvcc::local_shard& shard, std::string const& file, step_progress const& progress = {});

/// The same for a directory that nobody has open. Of a node of a cluster, it has what that node knows to be committed. Throws
/// undefined_file (58P01) where there is no database, lock_file_exists, object_not_in_prerequisite_state (55000) where a node waits for
/// an image.
backup_facts backup_directory(std::filesystem::path const& directory, std::string const& file,
                              step_progress const& progress = {});

/// Makes `directory`, which does not exist or is empty, from a backup. It is built beside (with ".restoring" in its name),
/// compared with the backup, opened, and then renamed: on error nothing is left. Throws duplicate_file where there is something
/// in `directory`, data_corrupted where the backup is damaged, feature_not_supported for another format, disk_full, io_error.
backup_facts restore_directory(std::string const& file, std::filesystem::path const& directory,
                               step_progress const& progress = {});

struct check_report {
    /// `object` is a file with an offset, a table, an index …
    std::function<void(std::string const& object, std::string const& problem)> on_problem;
    step_progress progress{};
};

/// Reads every file of an open database, then compares tables with indexes, references and engine records (exec/consistency.hpp)
/// as of one snapshot. Commits go on meanwhile. How many problems there were. Throws what keeps it from looking: io_error.
std::uint64_t check_database(mvcc::local_shard const& shard, exec::stored_catalog const& catalog,
                             check_report const& report);

/// The same for a directory that nobody has open. It is opened as a server would. Where damage makes that impossible, this is a
/// problem too, and only files are checked. Of a node of a cluster, its log is checked, too, entry by entry. Throws undefined_file where there is no database, lock_file_exists, io_error.
std::uint64_t check_directory(std::filesystem::path const& directory, check_report const& report);

}  // namespace phantomdb::sql
