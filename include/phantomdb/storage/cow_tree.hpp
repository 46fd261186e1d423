/// @file Defines `cow_tree`, the tree in memory that a transaction's write set is made of.
#pragma once

#include <phantomdb/storage/btree/memory_pages.hpp>
#include <phantomdb/storage/btree/versioned_tree.hpp>

namespace phantomdb::storage {

using cow_tree = versioned_tree<memory_pages>;
using tree_snapshot = basic_snapshot<memory_pages>;
using tree_cursor = basic_cursor<memory_pages>;
static_assert(store_snapshot<tree_snapshot> && ordered_cursor<tree_cursor>);

}  // namespace phantomdb::storage
