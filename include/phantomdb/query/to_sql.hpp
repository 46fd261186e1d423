/// @file Defines `sql_text`, a typed query written as the SQL it means.
///
/// Arguments appear as `$1`, `$2`, … in the order the lowered query numbers them. The text is PostgreSQL's and binds to the
/// same query IR.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/query/ir.hpp>
#include <phantomdb/query/term.hpp>

#include <string>

namespace phantomdb::query {

/// The SQL of a query without problems; `lowered` is what it was lowered to.
std::string sql_text(array_view<term> terms, query_view const& lowered);

}  // namespace phantomdb::query
