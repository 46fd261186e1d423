/// @file Defines what a caller can choose about a transaction: isolation, row locks, waiting, durability.
#pragma once

#include <phantomdb/base/chrono_shape.hpp>

#include <cstdint>
#include <exception>
#include <string_view>

namespace phantomdb::mvcc {

class interrupt;

/// As PostgreSQL means them; READ UNCOMMITTED is READ COMMITTED.
enum class isolation : std::uint8_t {
    read_committed,   ///< each statement sees what was committed before it began
    repeatable_read,  ///< one snapshot; writing what others changed since is refused with 40001
    serializable,     ///< also what was read must not have changed by the commit, else 40001
};

/// Row locks in rising strength (`for key share` … `for update`); each covers the weaker ones.
enum class lock_mode : std::uint8_t { key_share, share, no_key_update, update };

/// What to do about a lock somebody else holds.
enum class lock_wait : std::uint8_t {
    block,   ///< wait, up to the lock timeout
    nowait,  ///< 55P03 at once
    skip,    ///< tell the caller (`skip locked`)
};

struct transaction_options {
    isolation level = isolation::read_committed;
    bool read_only = false;       ///< `put`, `erase` are refused with 25006
    bool synchronous = true;      ///< false: `commit` returns before the log is synced; a crash may lose it
    time_limit lock_timeout{};    ///< 0: wait for ever
    interrupt* cancel = nullptr;  ///< looked at while waiting; outlives the transaction
};

/// Thrown by `transaction::lock_row` under READ COMMITTED when the row has changed since the statement's snapshot.
/// Whoever runs the statement undoes its writes (`rollback_to`), calls `refresh_snapshot` and runs it again; locks are
/// kept, so it gets further each time. Not an `error`: users never see it.
struct statement_restart : std::exception {
    char const* what() const noexcept override { return "the statement must run again on newer rows"; }
};

}  // namespace phantomdb::mvcc
