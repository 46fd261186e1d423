/// @file Defines `statement_view`, what a statement of the typed side reads: a view of its transaction.
#pragma once

#include <phantomdb/exec/sql_transaction.hpp>

#include <utility>

namespace phantomdb::exec {

/// A view under a name that programs can be compiled against without the store.
class statement_view : public sql_view {
public:
    explicit statement_view(sql_view seen) : sql_view(std::move(seen)) {}
};

}  // namespace phantomdb::exec
