/// @file Defines databases that are wrong on purpose, each in one way: what the tortures have to find.
#pragma once

#include "checkpointed_store.hpp"
#include "database.hpp"

#include <string>
#include <utility>
#include <vector>

namespace phantomdb::torture {

/// Acknowledges before the sync.
class hasty_log : public storage::local_log<sim::environment> {
public:
    using storage::local_log<sim::environment>::local_log;
    void wait_durable(storage::lsn_type lsn) { wait_written(lsn); }
};

/// Tries again after a failed sync, and believes what the second one says.
class trusting_environment : public sim::environment {
public:
    class file_type : public sim::file {
    public:
        file_type(sim::file opened) : sim::file(std::move(opened)) {}  // NOLINT: implicit by design
        void sync() {
            try {
                sim::file::sync();
            } catch (error const&) {
                sim::file::sync();
            }
        }
    };

    trusting_environment(sim::environment world) : sim::environment(std::move(world)) {}  // NOLINT: implicit by design
    file_type open(std::string const& path, env::open_mode mode) { return sim::environment::open(path, mode); }
};
static_assert(env::environment<trusting_environment>);

/// Forgets that names have to be synced.
class nameless_environment : public sim::environment {
public:
    nameless_environment(sim::environment world) : sim::environment(std::move(world)) {}  // NOLINT: implicit by design
    void sync_directory(std::string const&) {}
};
static_assert(env::environment<nameless_environment>);

/// Does not notice that the disk has no room.
class careless_environment : public sim::environment {
public:
    class file_type : public sim::file {
    public:
        file_type(sim::file opened) : sim::file(std::move(opened)) {}  // NOLINT: implicit by design
        void write_at(std::uint64_t offset, std::string_view bytes) {
            try {
                sim::file::write_at(offset, bytes);
            } catch (error const&) {  // that is what is wrong with it
            }
        }
    };

    careless_environment(sim::environment world) : sim::environment(std::move(world)) {}  // NOLINT: implicit by design
    file_type open(std::string const& path, env::open_mode mode) { return sim::environment::open(path, mode); }
};
static_assert(env::environment<careless_environment>);

/// A store that gets batches wrong while the log is replayed, when many become visible at once: only half of each arrives.
class forgetful_store : public storage::memory_store {
public:
    void add(storage::write_batch const& batch, storage::lsn_type lsn) {
        if (added_++ == 0) return storage::memory_store::add(batch, lsn);
        storage::write_batch half;
        std::size_t n = 0;
        auto const keep = [&] { return batch.size() == 1 || n++ < batch.size() / 2; };
        batch.for_each(
            [&](std::string_view key, std::string_view value) { keep() ? half.put(key, value) : void(); },
            [&](std::string_view key) { keep() ? half.erase(key) : void(); },
            [&](std::string_view from, std::string_view to) { keep() ? half.erase_span(from, to) : void(); });
        storage::memory_store::add(half, lsn);
    }
    void publish(storage::lsn_type lsn) {
        added_ = 0;
        storage::memory_store::publish(lsn);
    }

private:
    std::size_t added_ = 0;  // since the last was published
};

/// A store whose checkpoint says that it holds one commit more than it does.
template <env::environment Environment>
class boasting_store : public checkpointed_store<Environment> {
public:
    using checkpointed_store<Environment>::checkpointed_store;
    void apply(storage::write_batch const& batch, storage::lsn_type lsn) {
        before_ = {this->snapshot(), lsn};
        checkpointed_store<Environment>::apply(batch, lsn);
    }
    storage::lsn_type checkpoint() {
        return before_.said == 0 ? checkpointed_store<Environment>::checkpoint() : this->write(before_);
    }

private:
    struct boast : storage::tree_snapshot {
        storage::lsn_type said = 0;
        storage::lsn_type lsn() const { return said; }
    };
    boast before_;
};

struct broken_database {
    subject what;
    std::string torture;  ///< which finds it
};

template <class Environment>
using memory_shard_on = mvcc::shard<storage::memory_store, storage::local_log<Environment>, Environment>;

inline std::vector<broken_database> broken_databases() {
    using sim::environment;
    return {
        {subject_of<shard_database<mvcc::shard<storage::memory_store, hasty_log, environment>>>("hasty log"), "power"},
        {subject_of<shard_database<memory_shard_on<nameless_environment>>>("nameless environment"), "power"},
        {subject_of<shard_database<mvcc::shard<forgetful_store, storage::local_log<environment>, environment>>>(
             "forgetful store"),
         "power"},
        {subject_of<store_database<boasting_store<environment>>>("boasting store"), "power"},
        {subject_of<shard_database<memory_shard_on<trusting_environment>>>("trusting environment"), "calls"},
        {subject_of<shard_database<memory_shard_on<careless_environment>>>("careless environment"), "full"},
    };
}

}  // namespace phantomdb::torture
