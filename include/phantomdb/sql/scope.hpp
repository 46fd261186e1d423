/// @file Defines the scopes in which the binder looks names up.
///
/// Every SELECT, and every statement that changes rows, opens a `scope`; a subquery's scope has the scope it stands in as
/// `outer`. A scope holds the items of FROM in order. Which of them a name may reach follows PostgreSQL: the sides of a
/// join without an alias still answer to `table.column`, while their bare column names are taken over by the join;
/// items to the left can be reached from a LATERAL item only.
#pragma once

#include <phantomdb/query/ir.hpp>
#include <phantomdb/schema/descriptor.hpp>
#include <phantomdb/sql/ast.hpp>
#include <phantomdb/sql/result_column.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

using query::node;
using query::none;

/// Where in a statement an expression stands; decides what it may contain and how errors speak of it.
enum class clause : std::uint8_t {
    other,
    select_list,
    from_function,
    where,
    join_on,
    group_by,
    having,
    order_by,
    distinct_on,
    limit,
    offset,
    filter,
    window_partition,
    window_order,
    window_frame,
    values,
    insert_list,
    update_source,
    returning,
    stored_check,
    stored_default,
    stored_generated,
};

/// As error messages name it: "WHERE", "JOIN conditions".
std::string_view name_of(clause where);

/// The column of a table that a result column shows, for RowDescription.
struct origin {
    std::uint32_t table = 0;
    std::int16_t column = 0;
};

/// A column a name can reach: a prototype of the reference, or, for a column merged by USING, an expression.
struct scope_column {
    std::string name;
    query::expression prototype{};
    node merged = none;
};

/// One item of FROM, or the columns of a join.
struct scope_item {
    std::string name;    ///< alias or table name; empty for a join without an alias
    std::string schema;  ///< of a table without an alias
    std::vector<scope_column> columns;
    std::shared_ptr<schema::table_descriptor const> table;
    node source = none;  ///< the one source of the item, none for joins
    node relation = none;
    bool named = true;            ///< `name.column` reaches it
    bool shown = true;            ///< bare column names and `*` reach it
    bool lateral_only = false;    ///< stands to the left of the FROM item being bound
    bool lateral_allowed = true;  ///< false on the wrong side of an outer join
};

/// A column of what a query gives.
struct output_column {
    std::string name;
    sql_type type{};
    bool nullable = true;
    origin from{};
    int position = 0;  ///< byte offset + 1 of its expression, 0 unknown
};

/// A bound query: a relation whose rows are the columns of `source`.
struct bound_rows {
    node relation = none;
    node source = none;
    std::vector<output_column> columns;
};

/// A WITH item.
struct common_table {
    std::string name;
    bound_rows rows;
    std::vector<node> uses;  ///< the `common` relations that read it
    bool materialized = false;
    bool changes_rows = false;  ///< INSERT, UPDATE or DELETE
    bool has_rows = true;       ///< false for a change without RETURNING
    node recursion = none;      ///< while its recursive part is bound: the `detail` of its `working`
    int self_references = 0;
    std::int64_t location = -1;
    bool being_bound = false;
    int scope_number = 0;  ///< of the recursive query itself
    std::int64_t self_location = -1;
    bool in_first_term = false;  ///< of a recursive query, where it must not name itself
};

/// A window: the calls over it become the columns of one window relation.
struct window {
    std::string name;  ///< from the WINDOW clause
    ast definition;
    std::vector<node> partition;
    std::vector<query::sort_key> order;
    query::frame frame{};
    std::vector<node> calls;
    node source = none;
};

struct scope {
    scope* outer = nullptr;
    int number = 0;  ///< grows with nesting, never used twice in a statement
    clause where = clause::other;
    bool lateral_active = false;  ///< a LATERAL item of this scope is being bound
    std::vector<scope_item> items;
    std::vector<std::shared_ptr<common_table>> tables;  ///< of this WITH
    ast_list table_definitions;                         ///< of the whole WITH, for errors
    std::vector<node> aggregates;                       ///< the aggregate calls of this level
    std::vector<window> windows;
    std::vector<node> set_functions;  ///< function_scans made from calls in the select list
    ast_list window_definitions;
};

}  // namespace phantomdb::sql
