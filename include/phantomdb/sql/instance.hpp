/// @file Defines `instance`: an open data directory that sessions share.
#pragma once

#include <phantomdb/schema/descriptor.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::sql {

struct instance_options {
    bool create = true;              ///< make a new data directory where there is none
    bool synchronous_commit = true;  ///< default of the setting of that name
    std::size_t checkpoint_log_bytes = std::size_t{256} << 20;
    /// Told what opening is doing ("replaying log", done, total); may be empty.
    std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)> progress;
};

/// One data directory, opened by one process. Thread-safe. A second process gets 55006 naming the holder's process id.
/// A new directory has the role `postgres` and the databases `postgres`, `template1`.
/// Outlives its sessions; destruction flushes and releases the directory.
class instance {
public:
    static instance open(std::filesystem::path const& directory, instance_options options = {});
    static instance in_memory();
    instance(instance&&) noexcept;
    instance& operator=(instance&&) noexcept;
    ~instance();

    /// For authentication: the role, if there is one.
    std::optional<schema::role_descriptor> find_role(std::string_view name) const;
    bool has_database(std::string_view name) const;
    /// Whether any role has a password.
    bool password_set() const;

    /// Counters for logs and health checks.
    struct statistics {
        std::uint64_t commits = 0, rollbacks = 0, log_bytes = 0, log_flushes = 0, sessions = 0;
        /// Simple queries that found their statement compiled, and those that did not.
        std::uint64_t cache_hits = 0, cache_misses = 0;
    };
    statistics counters() const;

    struct shared_state;
    shared_state& shared() const { return *state_; }

private:
    explicit instance(std::unique_ptr<shared_state> made);
    std::unique_ptr<shared_state> state_;
};

}  // namespace phantomdb::sql
