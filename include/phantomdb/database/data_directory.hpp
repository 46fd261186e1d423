/// @file Defines `data_directory`: an open database as the typed side sees it, whatever its schema.
#pragma once

#include <phantomdb/base/chrono_shape.hpp>

#include <memory>
#include <string>

namespace phantomdb {

/// What can be chosen when a database is opened.
struct open_options {
    std::string database = "postgres";  ///< the database of the directory that has the tables
    std::string schema = "public";
    bool migrate = true;             ///< add what the stored database lacks; false: that is an error
    bool change_engines = false;     ///< rewrite what another engine keeps than the program says
    bool synchronous_commit = true;  ///< false: a crash may lose the last commits, never part of one
    time_limit lock_timeout{};       ///< any duration of chrono; 0: wait for ever
};

/// Store, log and catalog of one directory, or of none. Thread-safe. One process has a directory open at a time.
class data_directory {
public:
    struct engine;  // database/directory_engine.hpp

    explicit data_directory(std::unique_ptr<engine> opened) noexcept;
    ~data_directory();

    /// Opens or creates. Throws F0001 while another process has the directory open, XX001 for damaged files.
    static std::shared_ptr<data_directory> open(std::string const& directory);
    static std::shared_ptr<data_directory> in_memory();

    /// Writes a checkpoint, so that the next opening reads less.
    void checkpoint();

    engine& parts() { return *engine_; }

private:
    std::unique_ptr<engine> engine_;
};

}  // namespace phantomdb
