/// @file Defines `sql_transaction`, the transactions that plans and writers work in, and what they see.
#pragma once

#include <phantomdb/mvcc/transaction.hpp>
#include <phantomdb/storage/database_store.hpp>

namespace phantomdb::exec {

using sql_transaction = mvcc::transaction<storage::database_store>;
using sql_view = sql_transaction::view_type;

}  // namespace phantomdb::exec
