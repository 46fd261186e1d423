/// @file Defines `plan`: the chosen operators as a value.
///
/// A plan is a tree in one array, over the expressions of the query it was made for. It names expressions by index and
/// adds none, so a plan frozen at build time and a plan made at run time look alike to whoever instantiates operators.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/ir.hpp>

#include <array>
#include <cstdint>

namespace phantomdb::plan {

using query::node;
using query::none;
using query::slice;

enum class operator_kind : std::uint8_t {
    one_row,
    table_scan,  ///< `access`, `index`, `equal`, `lower`, `upper`; `filter` on what comes out
    values,
    function_scan,
    filter,  ///< `filter`
    project,
    hash_join,    ///< build on `right`: `left_keys` = `right_keys`; `filter`: the rest of the join condition
    loop_join,    ///< `right` is run once and kept; `filter`: the join condition
    lookup_join,  ///< `right` is a table_scan whose bounds refer to the left row; `filter`: the rest
    apply_join,   ///< `right` is run anew for each left row (lateral); `filter`: the join condition
    aggregate,
    window,
    sort,  ///< keeps only the first `bound` rows where given
    limit,
    distinct,
    set_operation,
    common,
    recursive,
    working,
    lock_rows,
    insert,
    update,
    erase,
};

/// How a table_scan reaches its rows.
enum class access : std::uint8_t {
    absent,         ///< no table
    full,           ///< every row, in key order
    primary_equal,  ///< one row by its whole primary key
    primary_range,  ///< a run of the primary key: equal on a prefix, perhaps bounded on the next column
    index_equal,    ///< at most one row by the whole key of a unique index
    index_range,    ///< a run of an index
};

/// A bound on the key column after the equal prefix.
struct key_bound {
    node expression = none;
    bool inclusive = false;
    friend constexpr bool operator==(key_bound const&, key_bound const&) = default;
};

struct plan_node {
    operator_kind kind = operator_kind::one_row;
    plan::access access = plan::access::absent;
    bool reverse = false;  ///< table_scan: from the last key to the first
    query::join_kind join = query::join_kind::inner;
    node relation = none;            ///< the relation of the query this node stands for
    node left = none, right = none;  ///< plan nodes
    node index = none;               ///< table_scan: ordinal in `table_facts::indexes`
    slice filter{};                  ///< into `lists`: conjuncts
    slice equal{};                   ///< into `lists`: one expression per key column of the prefix
    key_bound lower{}, upper{};
    slice left_keys{}, right_keys{};         ///< into `lists`
    node bound = none, bound_offset = none;  ///< sort: LIMIT and OFFSET expressions above it
    std::int64_t rows = 0;                   ///< estimate
    std::int64_t cost = 0;                   ///< estimate, in row visits
    friend constexpr bool operator==(plan_node const&, plan_node const&) = default;
};

/// The plan of a subquery expression or of a shared `common` relation.
struct subplan {
    node relation = none;
    node root = none;
    friend constexpr bool operator==(subplan const&, subplan const&) = default;
};

/// A plan wherever its arrays live.
struct plan_view {
    array_view<plan_node> nodes;
    array_view<node> lists;
    array_view<subplan> subplans;
    node root = none;

    constexpr array_view<node> list(slice s) const { return lists.subspan(s.first, s.count); }
    /// The plan of relation `wanted`, or none.
    constexpr node subplan_of(node wanted) const {
        for (subplan const& s : subplans) {
            if (s.relation == wanted) return s.root;
        }
        return none;
    }
    /// The leftmost table scan below `from`, or none: what "the access path of a query" means for a query of one table.
    constexpr node first_scan(node from) const {
        while (from != none && nodes[from].kind != operator_kind::table_scan) from = nodes[from].left;
        return from;
    }
};

/// A plan under construction, and the form of run-time plans. Usable in constant expressions.
struct plan {
    growing_array<plan_node> nodes;
    growing_array<node> lists;
    growing_array<subplan> subplans;
    node root = none;

    constexpr plan_view view() const { return {nodes, lists, subplans, root}; }
    constexpr slice add_list(growing_array<node> const& items) {
        slice made{static_cast<node>(lists.size()), static_cast<node>(items.size())};
        lists.append(items);
        return made;
    }
    constexpr node add(plan_node const& made) { return nodes.push_back(made), static_cast<node>(nodes.size() - 1); }
};

struct plan_sizes {
    std::size_t nodes = 0, lists = 0, subplans = 0;
};

/// A finished plan as a structural value.
template <plan_sizes Sizes>
struct plan_value {
    std::array<plan_node, Sizes.nodes> nodes{};
    std::array<node, Sizes.lists> lists{};
    std::array<subplan, Sizes.subplans> subplans{};
    node root = none;

    constexpr plan_view view() const { return {nodes, lists, subplans, root}; }
};

/// Turns what `Build{}()` returns (a `plan`) into a `plan_value` inside the compiler.
template <class Build>
consteval auto freeze(Build build) {
    constexpr plan_sizes sizes = [] {
        plan made = Build{}();
        return plan_sizes{made.nodes.size(), made.lists.size(), made.subplans.size()};
    }();
    plan_value<sizes> frozen;
    plan made = build();
    for (std::size_t i = 0; i < made.nodes.size(); ++i) frozen.nodes[i] = made.nodes[i];
    for (std::size_t i = 0; i < made.lists.size(); ++i) frozen.lists[i] = made.lists[i];
    for (std::size_t i = 0; i < made.subplans.size(); ++i) frozen.subplans[i] = made.subplans[i];
    frozen.root = made.root;
    return frozen;
}

}  // namespace phantomdb::plan
