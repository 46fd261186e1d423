/// @file Defines `configuration`: what a data directory's files and the command line say about the settings, for all sessions.
///
/// By rising priority: the built-in value; `phantomdb.conf` (written by people); `phantomdb.auto.conf` (written by ALTER
/// SYSTEM); the command line. Sessions put their own on top (settings.hpp). A file has a line a setting,
///
///     name = value      # or: name value; values in quotes where they have other characters than letters, digits and ._:/+-
///
/// Reading again (`reload`) changes what may change while the server runs; the rest waits for the next start and is
/// marked so. A wrong value leaves the setting as it was; a line that cannot be read leaves everything as it was.
#pragma once

#include <phantomdb/env/posix.hpp>
#include <phantomdb/sql/settings.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

/// A line of a configuration file, as pg_file_settings shows it.
struct configuration_line {
    std::string file;
    int line = 0;
    std::string name, value;
    bool applied = false;
    std::string problem;  ///< empty: none
};

/// The lines of a file's text that say something. A line that cannot be read has a `problem`.
std::vector<configuration_line> parse_configuration(std::string_view text, std::string const& file);

/// Thread-safe.
class configuration {
public:
    /// Values by lower-case name, in the units of their settings. Immutable.
    struct snapshot {
        std::uint64_t version = 0;
        configured_values values;
        std::vector<configuration_line> lines;
    };

    /// Reads the files of a directory. 22023, 42704, 42601 with file and line for what they say wrongly: a server does not
    /// start with half of what it was told.
    configuration(std::string directory, std::map<std::string, std::string> command_line);

    std::shared_ptr<snapshot const> now() const;
    std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

    /// Reads the files again. False where nothing could be taken over.
    bool reload();

    /// ALTER SYSTEM SET and RESET (no value), for the next reload. 42704, 22023, 55P02.
    void alter_system(std::string_view name, std::optional<std::string> const& value);
    void alter_system_reset_all();

    /// The value in force: of the configuration, or else the built-in one.
    std::string value(std::string_view name) const;
    std::int64_t number(std::string_view name) const;

    std::string const& file() const { return file_; }

private:
    std::vector<configuration_line> read(std::string const& file) const;
    void write_automatic(std::vector<configuration_line> const& lines);
    /// Judges lines and puts the good ones in force.
    std::shared_ptr<snapshot const> judge(snapshot const* before) const;

    std::string directory_, file_, automatic_file_;
    std::map<std::string, std::string> command_line_;
    mutable env::posix environment_;
    mutable std::mutex mutex_;  // guards `current_`
    std::mutex writing_;        // one ALTER SYSTEM or reload at a time
    std::shared_ptr<snapshot const> current_;
    std::atomic<std::uint64_t> version_{0};
};

}  // namespace phantomdb::sql
