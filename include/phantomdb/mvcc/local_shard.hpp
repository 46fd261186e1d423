/// @file Defines `local_shard`, a database in files of this machine: all engines, and a log that may be a group's.
#pragma once

#include <phantomdb/env/posix.hpp>
#include <phantomdb/mvcc/shard.hpp>
#include <phantomdb/storage/any_log.hpp>
#include <phantomdb/storage/database_store.hpp>

namespace phantomdb::mvcc {

using local_shard = shard<storage::database_store, storage::any_log>;

}  // namespace phantomdb::mvcc
