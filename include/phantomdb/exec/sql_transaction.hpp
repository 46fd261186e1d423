/// @file Defines `sql_transaction`, the transactions that plans and writers work in, and what they see.
#pragma once

#include <phantomdb/mvcc/transaction.hpp>
#include <phantomdb/storage/memory_store.hpp>

namespace phantomdb::exec {

using sql_transaction = mvcc::transaction<storage::memory_store>;
using sql_view = sql_transaction::view_type;

}  // namespace phantomdb::exec
