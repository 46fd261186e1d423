/// @file Defines `plan_of`, the plan the compiler made for a typed query, and what can be asserted about it.
///
///     static_assert(plan_of<find_user>.access == access::primary_equal);
///     static_assert(not scans<find_user>);
///     static_assert(must_use_index<users_of_age, "by_age">);
///
/// The planner is the one SQL has (plan/planner.hpp); at build time it knows keys and no statistics.
#pragma once

#include <phantomdb/plan/planner.hpp>
#include <phantomdb/query/typed_query.hpp>

#include <cstddef>
#include <string_view>

namespace phantomdb {

using plan::access;

namespace detail {

constexpr plan::table_facts facts_of(table_shape const& table) {
    plan::table_facts made;
    for (auto const& key : table.keys) {
        plan::index_facts index;
        for (std::int16_t column : key.columns) {
            index.columns.push_back(column);
            index.descending.push_back(false);
            index.nulls_first.push_back(false);
        }
        index.unique = key.unique;
        index.primary = key.primary;
        index.hashed = key.is_hashed();
        made.indexes.push_back(std::move(index));
    }
    return made;
}

/// `Keys` false: the tables have none, as rows in a vector.
template <auto const& Query, bool Keys = true>
struct planning {
    constexpr plan::plan operator()() const {
        auto const& lowered = query::lowered<Query>;
        growing_array<plan::table_facts> facts;
        for (table_shape const* table : lowered.tables) {
            if constexpr (Keys) {
                facts.push_back(facts_of(*table));
            } else {
                facts.push_back({});
            }
        }
        return plan::make_plan(lowered.view(), facts);
    }
};

template <auto const& Query>
inline constexpr auto frozen_plan = plan::freeze(planning<Query>{});
template <auto const& Query>
inline constexpr auto frozen_plan_without_keys = plan::freeze(planning<Query, false>{});

}  // namespace detail

/// What is worth knowing of a plan at build time.
struct plan_summary {
    phantomdb::access access = phantomdb::access::absent;  ///< of the first table
    std::string_view index;                                ///< its key's name, where that was given one
    std::size_t full_scans = 0;                            ///< of stored tables, subqueries included
    std::size_t sorts = 0;
    std::size_t operators = 0;
};

namespace detail {

template <auto const& Query>
constexpr plan_summary summarize() {
    plan_summary made;
    auto const& plan = frozen_plan<Query>;
    auto const& lowered = query::lowered<Query>;
    for (auto const& node : plan.nodes) {
        ++made.operators;
        if (node.kind == plan::operator_kind::sort) ++made.sorts;
        if (node.kind == plan::operator_kind::table_scan && node.access == plan::access::full) ++made.full_scans;
    }
    if (plan::node const at = plan.view().first_scan(plan.root); at != plan::none) {
        plan::plan_node const& first = plan.nodes[at];
        made.access = first.access;
        if (first.index >= 0) {
            auto const table = lowered.ir.relations[first.relation].table;
            if (table >= 0) made.index = lowered.tables[table]->keys[first.index].name;
        }
    }
    return made;
}

}  // namespace detail

/// The plan of a query as the compiler chose it.
template <auto const& Query>
    requires(query::compiled<Query>::width > 0)
inline constexpr plan_summary plan_of = detail::summarize<Query>();

namespace detail {

/// Why the plan of a query does not use an index; empty where it does.
template <auto const& Query, fixed_string Index>
constexpr wording why_not_index() {
    auto const& lowered = query::lowered<Query>;
    for (auto const& node : frozen_plan<Query>.nodes) {
        if (node.kind != plan::operator_kind::table_scan || node.index == plan::none) continue;
        auto const table = lowered.ir.relations[node.relation].table;
        if (table >= 0 && lowered.tables[table]->keys[node.index].name == Index.view()) return {};
    }
    for (table_shape const* table : lowered.tables) {
        for (auto const& key : table->keys) {
            if (key.name != Index.view()) continue;
            if (key.is_hashed()) {
                return wording("phantomdb: the plan does not use hash index `", Index.view(),
                               "`, which finds rows by `=` alone, not by range or order");
            }
            return wording("phantomdb: the plan does not use index `", Index.view(), "`");
        }
    }
    return wording("phantomdb: no table of the query has an index called `", Index.view(), "`");
}

}  // namespace detail

/// To be asserted: the plan of a query reads through the index of that name. A sentence says why where it does not.
template <auto const& Query, fixed_string Index>
    requires(query::compiled<Query>::width > 0)
inline constexpr bool must_use_index = say<make_sentence([] { return detail::why_not_index<Query, Index>(); })>::done;

/// Whether a query reads a whole table.
template <auto const& Query>
inline constexpr bool scans = plan_of<Query>.full_scans > 0;

}  // namespace phantomdb
