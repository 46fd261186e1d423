/// @file Defines `local_shard`, the embedded database: all engines and the log in files of this machine.
#pragma once

#include <phantomdb/env/posix.hpp>
#include <phantomdb/mvcc/shard.hpp>
#include <phantomdb/storage/database_store.hpp>
#include <phantomdb/storage/local_log.hpp>

namespace phantomdb::mvcc {

using local_shard = shard<storage::database_store, storage::local_log<env::posix>>;

}  // namespace phantomdb::mvcc
