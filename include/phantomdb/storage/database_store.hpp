/// @file Defines `database_store`, the store that databases are kept in.
#pragma once

#include <phantomdb/env/posix.hpp>
#include <phantomdb/storage/btree/btree_store.hpp>
#include <phantomdb/storage/hash_store.hpp>
#include <phantomdb/storage/hybrid/hybrid_store.hpp>
#include <phantomdb/storage/lsm/lsm_store.hpp>

namespace phantomdb::storage {

/// All engines over one environment; without a directory, in memory.
template <env::environment Environment>
using engines_of = hybrid_store<btree_store<Environment>, lsm_store<Environment>, hash_store<Environment>>;

using database_store = engines_of<env::posix>;
static_assert(ordered_store<database_store> && persistent_store<database_store, env::posix>);

}  // namespace phantomdb::storage
