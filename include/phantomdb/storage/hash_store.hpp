/// @file Defines `hash_store`, the engine of hash indexes.
///
/// What finds an entry by the hash of its columns is the key: it begins with it (schema/table_layout.hpp), so that keys are
/// spread evenly and their order means nothing. A B+tree over such keys of its own, in a file of its own.
#pragma once

#include <phantomdb/storage/btree/btree_store.hpp>

namespace phantomdb::storage {

template <env::environment Environment>
using hash_store = btree_store<Environment>;

}  // namespace phantomdb::storage
