/// @file Defines `explain` and `to_sql`: a typed query's plan and its SQL, as text.
#pragma once

#include <phantomdb/database/planned.hpp>
#include <phantomdb/query/to_sql.hpp>

#include <string>

namespace phantomdb {

/// The SQL a query means, with arguments as $1, $2, ….
template <auto const& Query>
std::string to_sql() {
    static_assert(say<query::compiled<Query>::problem>::done);
    return query::sql_text(Query.terms, query::lowered<Query>.view());
}

namespace detail {

/// The operators of a plan, one a line.
std::string plan_text(plan::plan_view const& plan, query::query_view const& query,
                      array_view<table_shape const*> tables);

}  // namespace detail

/// The plan the compiler chose, one operator a line, and the SQL of the query.
template <auto const& Query>
std::string explain() {
    static_assert(say<query::compiled<Query>::problem>::done);
    auto const& lowered = query::lowered<Query>;
    return detail::plan_text(detail::frozen_plan<Query>.view(), lowered.view(), lowered.tables) + to_sql<Query>() +
           '\n';
}

}  // namespace phantomdb
