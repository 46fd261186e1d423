/// @file Defines `dynamic_context`: what operators and expressions of a run-time plan share while a statement runs.
#pragma once

#include <phantomdb/exec/call_context.hpp>
#include <phantomdb/exec/chunk.hpp>
#include <phantomdb/exec/relation_usage.hpp>
#include <phantomdb/exec/sql_transaction.hpp>
#include <phantomdb/exec/table_access.hpp>
#include <phantomdb/query/ir.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace phantomdb::exec {

class table_writer;

/// Rows and time of one operator, for EXPLAIN ANALYZE.
struct operator_counters {
    std::uint64_t rows = 0, loops = 0;
    std::int64_t nanoseconds = 0;
};

/// One per statement. Not thread-safe.
struct statement_state {
    sql_transaction& transaction;
    sql_view view;  ///< what the statement sees, whatever it writes meanwhile
    table_writer& writer;
    std::span<nullable_datum const> parameters;
    std::vector<nullable_datum> outer;                           ///< columns of outer rows that subqueries use, by slot
    std::map<query::node, std::shared_ptr<tuple_store>> common;  ///< finished CTEs, by relation
    std::map<query::node, tuple_store*> working;                 ///< the round a recursive CTE reads, by its number
    std::uint64_t execution = 0;                                 ///< differs from one run of an executable to the next
    std::uint64_t changed_rows = 0;                              ///< by insert, update, erase at the root
    std::vector<operator_counters>* counters = nullptr;          ///< by plan node; null: nobody asked
    usage_counters* usage = nullptr;                             ///< null: nobody asked
};

/// What is handed down a run. A subquery gets a copy with scratch memory of its own, so that making its rows does not free
/// the text of the row it is evaluated for.
struct dynamic_context {
    statement_state& shared;
    call_context call;

    dynamic_context with_memory(arena& scratch) const { return {shared, call.with_memory(scratch)}; }
};

}  // namespace phantomdb::exec
