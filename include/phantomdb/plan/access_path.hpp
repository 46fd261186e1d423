/// @file Defines how a table scan finds its rows: matching conjuncts against the keys of a table.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/plan/expression_facts.hpp>
#include <phantomdb/plan/facts.hpp>
#include <phantomdb/plan/plan.hpp>

#include <optional>

namespace phantomdb::plan {

/// Rows assumed of a table nothing is known of.
inline constexpr double default_rows = 1000;

/// A conjunct of the form `column op bound`, turned so that the column stands left.
struct column_comparison {
    node conjunct = none;
    node column = none;
    node bound = none;
    comparison op = comparison::no;
};

/// One way into a table, with what it leaves to be filtered.
struct access_choice {
    access kind = access::full;
    node index = none;
    growing_array<node> equal;
    key_bound lower{}, upper{};
    growing_array<node> residual;
    bool reverse = false;
    double rows = default_rows;     ///< after the residual
    double visited = default_rows;  ///< rows touched
};

/// Share of rows a conjunct lets through, by its shape.
constexpr double selectivity(query_view const& q, node conjunct) {
    expression const& e = q.expressions[conjunct];
    switch (comparison_of(q, e)) {
        case comparison::equal: return 0.05;
        case comparison::no: break;
        default: return 0.33;
    }
    if (e.kind == expression_kind::in_list) return e.flag ? 0.9 : 0.05 * static_cast<double>(e.arguments.count);
    if (e.kind == expression_kind::is_null) return 0.1;
    return 0.5;
}

/// Recognises `column op bound` (either way round) on `source`, where the bound uses none of the `unbound` sources.
constexpr std::optional<column_comparison> as_comparison(query_view const& q, node conjunct, node source,
                                                         source_set const& unbound) {
    expression const& e = q.expressions[conjunct];
    comparison op = comparison_of(q, e);
    if (op == comparison::no) return std::nullopt;
    for (int side = 0; side < 2; ++side) {
        node column = without_relabels(q, q.lists[e.arguments.first + side]);
        node bound = q.lists[e.arguments.first + 1 - side];
        expression const& c = q.expressions[column];
        if (c.kind != expression_kind::column || c.source != source || q.is_row_key(c)) continue;
        if (!seekable(c.type.id, q.expressions[bound].type.id)) continue;
        if (is_volatile(q, bound) || has_subquery(q, bound) || uses(q, bound).touches(unbound)) continue;
        return column_comparison{conjunct, c.column, bound, side == 0 ? op : mirrored(op)};
    }
    return std::nullopt;
}

/// Whether a scan of `index` yields rows in the order of `keys` (all columns of `source`), and if so whether backwards.
/// Columns in `fixed` have one value only and may be left out or stand anywhere.
constexpr std::optional<bool> order_of_index(query_view const& q, index_facts const& index, node source,
                                             array_view<query::sort_key> keys, growing_array<node> const& fixed) {
    auto is_fixed = [&](node column) {
        for (node f : fixed) {
            if (f == column) return true;
        }
        return false;
    };
    std::size_t at = 0;
    std::optional<bool> reverse;
    for (auto const& key : keys) {
        expression const& e = q.expressions[without_relabels(q, key.expression)];
        if (e.kind != expression_kind::column || e.source != source) return std::nullopt;
        if (is_fixed(e.column)) continue;
        if (index.hashed) return std::nullopt;
        while (at < index.columns.size() && index.columns[at] != e.column && is_fixed(index.columns[at])) ++at;
        if (at == index.columns.size()) {
            // The whole unique key precedes: later keys cannot matter.
            if (index.unique && at > 0) break;
            return std::nullopt;
        }
        if (index.columns[at] != e.column) return std::nullopt;
        bool flipped = key.descending != index.descending[at];
        bool nullable = q.columns_of(source)[static_cast<std::size_t>(e.column)].nullable;
        if (nullable && (key.nulls_first != index.nulls_first[at]) != flipped) return std::nullopt;
        if (reverse && *reverse != flipped) return std::nullopt;
        reverse = flipped;
        ++at;
    }
    return reverse.value_or(false);
}

/// The cheapest way into a table for these conjuncts.
///
/// By rule: the whole of a unique key, then the longest equal prefix, then a range on the next column, then everything.
/// A hash index is a way in only where all of its columns are known, and is then preferred to an ordered one of the same columns.
/// `unbound` are the sources whose columns are not known yet when the scan starts. `wanted` is an order that would be
/// welcome; `hurried` says that only a few rows of it are (a LIMIT above), which justifies following a secondary index.
constexpr access_choice choose_access(query_view const& q, table_facts const& table, node source,
                                      growing_array<node> const& conjuncts, source_set const& unbound,
                                      array_view<query::sort_key> wanted, bool hurried) {
    double const total = table.rows > 0 ? table.rows : default_rows;
    growing_array<column_comparison> usable;
    for (node c : conjuncts) {
        if (auto found = as_comparison(q, c, source, unbound)) usable.push_back(*found);
    }

    access_choice best;
    best.visited = total;
    double best_cost = total;
    if (!wanted.empty()) {
        for (std::size_t i = 0; i < table.indexes.size(); ++i) {
            auto reverse = order_of_index(q, table.indexes[i], source, wanted, {});
            if (!reverse || (!table.indexes[i].primary && !hurried)) continue;
            best.index = static_cast<node>(i);
            best.kind = table.indexes[i].primary ? access::full : access::index_range;
            best.reverse = *reverse;
            break;
        }
    }

    growing_array<node> consumed;
    for (std::size_t i = 0; i < table.indexes.size(); ++i) {
        index_facts const& index = table.indexes[i];
        access_choice candidate;
        candidate.index = static_cast<node>(i);
        growing_array<node> used, fixed;
        double rows = total;
        std::size_t matched = 0;
        for (; matched < index.columns.size(); ++matched) {
            column_comparison const* hit = nullptr;
            for (auto const& u : usable) {
                if (u.op == comparison::equal && u.column == index.columns[matched]) hit = &u;
            }
            if (hit == nullptr) break;
            candidate.equal.push_back(hit->bound);
            used.push_back(hit->conjunct);
            fixed.push_back(hit->column);
            auto column = static_cast<std::size_t>(hit->column);
            double distinct = column < table.distinct.size() && table.distinct[column] > 0
                                  ? table.distinct[column]
                                  : (total < 20 ? total : 20.0 + total / 100);
            rows = rows / distinct;
        }
        if (index.hashed && matched < index.columns.size()) continue;
        bool whole = matched == index.columns.size() && index.unique;
        if (whole) rows = 1;
        bool ranged = false;
        if (matched < index.columns.size()) {
            bool nullable = q.columns_of(source)[static_cast<std::size_t>(index.columns[matched])].nullable;
            for (auto const& u : usable) {
                if (u.column != index.columns[matched] || u.op == comparison::equal) continue;
                bool from_below = u.op == comparison::greater || u.op == comparison::greater_equal;
                bool inclusive = u.op == comparison::greater_equal || u.op == comparison::less_equal;
                key_bound& bound = from_below ? candidate.lower : candidate.upper;
                if (bound.expression != none) continue;
                bound = {u.bound, inclusive};
                rows *= 0.33;
                ranged = true;
                if (!nullable) used.push_back(u.conjunct);
            }
        }
        if (matched == 0 && !ranged) continue;
        if (index.primary) {
            candidate.kind = whole ? access::primary_equal : access::primary_range;
        } else {
            candidate.kind = whole ? access::index_equal : access::index_range;
        }
        candidate.visited = rows < 1 ? 1 : rows;
        // Following an index entry to its row costs about as much as scanning four rows.
        // The whole of a unique key wins by rule, also where the table looks small now.
        // A hash leads to its entries in one step, a tree from page to page.
        double cost = whole ? 0 : (index.hashed ? 1 : 2) + candidate.visited * (index.primary ? 1.0 : 4.0);
        bool ordered = false;
        if (!wanted.empty()) {
            if (auto reverse = order_of_index(q, index, source, wanted, fixed)) {
                candidate.reverse = *reverse;
                ordered = true;
            }
        }
        if (ordered) cost *= 0.9;
        if (cost < best_cost) {
            best_cost = cost;
            best = candidate;
            consumed = used;
        }
    }

    best.rows = best.visited;
    for (node c : conjuncts) {
        bool done = false;
        for (node u : consumed) done = done || u == c;
        if (done) continue;
        best.residual.push_back(c);
        best.rows *= selectivity(q, c);
    }
    if (best.rows < 1) best.rows = 1;
    return best;
}

}  // namespace phantomdb::plan
