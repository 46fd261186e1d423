/// @file Defines `executable`: a run-time plan made ready to run.
#pragma once

#include <phantomdb/exec/any_operator.hpp>
#include <phantomdb/exec/dynamic_context.hpp>
#include <phantomdb/plan/plan.hpp>
#include <phantomdb/query/ir.hpp>
#include <phantomdb/schema/table_layout.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace phantomdb::exec {

/// `x IN (…)` with more arguments than this, x included, is hashed if all others are literals of the type of x. (Whoever
/// turns literals into parameters leaves those alone.)
inline constexpr int longest_list_not_hashed = 8;

/// Where the rows of one of a statement's tables come from.
struct table_binding {
    std::shared_ptr<schema::table_layout const> layout;
    /// System tables: fills a store with all rows (every column of the descriptor). Empty for stored tables.
    std::function<void(dynamic_context&, tuple_store&)> produce;
};

/// Operators of a run-time plan. Made once per plan, run as often as wanted, by one statement at a time.
/// Keeps references into `query`, `plan` and `tables`: whoever owns it keeps those alive.
class executable {
public:
    executable(query::query_view query, plan::plan_view plan, std::vector<table_binding> tables);
    ~executable();
    executable(executable&&) noexcept;
    executable& operator=(executable&&) noexcept;

    /// Runs the statement; `sink` gets the rows of the root (if it has any), a chunk at a time, and may stop it.
    /// Returns the number of rows that insert, update or erase changed.
    std::uint64_t run(statement_state& statement, call_context const& call, chunk_sink sink);

    /// The types of the rows `sink` gets.
    std::vector<sql_type> const& types() const;

private:
    struct content;
    std::unique_ptr<content> content_;
};

}  // namespace phantomdb::exec
