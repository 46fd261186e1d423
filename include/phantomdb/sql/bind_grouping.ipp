/// @file Implements what grouping means: expressions above an aggregate are rewritten to the aggregate's columns.
///
/// As in PostgreSQL, select list, HAVING and ORDER BY are first bound over the columns of FROM. Where the query groups:
///   1. the aggregate relation gets the group keys, then the aggregate calls, as its columns;
///   2. above it, every part equal to a key, and every aggregate call, becomes a reference to that column, inside of
///      correlated subqueries too;
///   3. any column of FROM that remains is an error, unless its table's primary key is among the keys: then it becomes a
///      further key, which changes no group.
/// Windows are simpler: their calls are references to the window's source from the start.
#pragma once

#include <phantomdb/sql/binding.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

/// Whether two expressions are the same but for their place in the text. Subqueries are the same only if they are one.
bool binding::equal(node a, node b) {
    if (a == b) return true;
    auto const& left = expr(a);
    auto const& right = expr(b);
    if (left.kind != right.kind || left.flag != right.flag || left.type != right.type ||
        left.function != right.function || left.aggregate != right.aggregate || left.window != right.window ||
        left.source != right.source || left.column != right.column || left.relation != right.relation ||
        (left.filter == none) != (right.filter == none) || left.arguments.count != right.arguments.count ||
        left.order.count != right.order.count) {
        return false;
    }
    if (left.kind == expression_kind::literal) {
        auto const& x = q_.literals[static_cast<std::size_t>(left.detail)];
        auto const& y = q_.literals[static_cast<std::size_t>(right.detail)];
        source_of(a).decides = source_of(b).decides = true;
        return x.null == y.null && x.low == y.low && x.high == y.high &&
               q_.view().name(x.characters) == q_.view().name(y.characters);
    }
    if (left.detail != right.detail) return false;
    if (left.filter != none && !equal(left.filter, right.filter)) return false;
    for (node i = 0; i < left.arguments.count; ++i) {
        if (!equal(argument(a, i), argument(b, i))) return false;
    }
    for (node i = 0; i < left.order.count; ++i) {
        auto const& x = q_.sort_keys[static_cast<std::size_t>(left.order.first + i)];
        auto const& y = q_.sort_keys[static_cast<std::size_t>(right.order.first + i)];
        if (x.descending != y.descending || x.nulls_first != y.nulls_first || !equal(x.expression, y.expression))
            return false;
    }
    return true;
}

/// Whether `wanted` holds for a part of `e`, the insides of subqueries included.
bool binding::contains(node e, std::function<bool(node)> const& wanted) const {
    if (wanted(e)) return true;
    auto const& whole = expr(e);
    for (node i = 0; i < whole.arguments.count; ++i) {
        if (contains(argument(e, i), wanted)) return true;
    }
    for (node i = 0; i < whole.order.count; ++i) {
        if (contains(q_.sort_keys[static_cast<std::size_t>(whole.order.first + i)].expression, wanted)) return true;
    }
    if (whole.filter != none && contains(whole.filter, wanted)) return true;
    return whole.relation != none && relation_contains(whole.relation, wanted);
}

bool binding::relation_contains(node r, std::function<bool(node)> const& wanted) const {
    auto const& whole = rel(r);
    auto in_list = [&](query::slice items, node step = 1, node first = 0) {
        for (node i = first; i < items.count; i += step) {
            if (contains(q_.lists[static_cast<std::size_t>(items.first + i)], wanted)) return true;
        }
        return false;
    };
    if (in_list(whole.expressions) || in_list(whole.aggregates) || in_list(whole.partition)) return true;
    for (node i = 0; i < whole.sort.count; ++i) {
        if (contains(q_.sort_keys[static_cast<std::size_t>(whole.sort.first + i)].expression, wanted)) return true;
    }
    for (node single : {whole.limit, whole.offset, whole.window_frame.start_offset, whole.window_frame.end_offset}) {
        if (single != none && contains(single, wanted)) return true;
    }
    return (whole.left != none && relation_contains(whole.left, wanted)) ||
           (whole.right != none && relation_contains(whole.right, wanted));
}

/// `e` with every part that `replace` gives something for replaced; `e` itself where nothing changes.
node binding::rewritten(node e, replacement const& replace) {
    if (node found = replace(e); found != none) return found;
    query::expression whole = expr(e);
    bool changed = false;
    std::vector<node> operands(arguments(e).begin(), arguments(e).end());
    for (node& operand : operands) {
        node next = rewritten(operand, replace);
        changed = changed || next != operand;
        operand = next;
    }
    std::vector<query::sort_key> keys(q_.sort_keys.begin() + whole.order.first,
                                      q_.sort_keys.begin() + whole.order.first + whole.order.count);
    for (auto& key : keys) {
        node next = rewritten(key.expression, replace);
        changed = changed || next != key.expression;
        key.expression = next;
    }
    if (whole.filter != none) {
        node next = rewritten(whole.filter, replace);
        changed = changed || next != whole.filter;
        whole.filter = next;
    }
    if (whole.relation != none) rewrite_relation(whole.relation, replace);
    if (!changed) return e;
    whole.arguments = q_.add_list(operands);
    whole.order = q_.add_keys(keys);
    return q_.add(whole);
}

void binding::rewrite_list(query::slice items, replacement const& replace) {
    for (node i = 0; i < items.count; ++i) {
        auto place = static_cast<std::size_t>(items.first + i);
        node next = rewritten(q_.lists[place], replace);
        q_.lists[place] = next;
    }
}

/// The same inside of a subquery, in place.
void binding::rewrite_relation(node r, replacement const& replace) {
    query::relation whole = rel(r);
    rewrite_list(whole.expressions, replace);
    rewrite_list(whole.aggregates, replace);
    rewrite_list(whole.partition, replace);
    for (node i = 0; i < whole.sort.count; ++i) {
        auto place = static_cast<std::size_t>(whole.sort.first + i);
        node next = rewritten(q_.sort_keys[place].expression, replace);
        q_.sort_keys[place].expression = next;
    }
    auto single = [&](node e) { return e == none ? none : rewritten(e, replace); };
    node limit = single(whole.limit), offset = single(whole.offset);
    node start = single(whole.window_frame.start_offset), end = single(whole.window_frame.end_offset);
    rel(r).limit = limit, rel(r).offset = offset;
    rel(r).window_frame.start_offset = start, rel(r).window_frame.end_offset = end;
    if (whole.left != none) rewrite_relation(whole.left, replace);
    if (whole.right != none) rewrite_relation(whole.right, replace);
}

/// "table.column", as errors name a column.
std::string binding::column_label(node column) const {
    auto const& e = expr(column);
    for (scope* from = scope_; from; from = from->outer) {
        for (auto const& item : from->items) {
            if (item.source != e.source || item.name.empty()) continue;
            for (auto const& each : item.columns) {
                if (each.merged == none && each.prototype.column == e.column) return item.name + "." + each.name;
            }
        }
    }
    auto const& source = q_.sources[static_cast<std::size_t>(e.source)];
    std::string_view table = q_.view().name(source.name);
    std::string_view name = q_.view().name(q_.columns[static_cast<std::size_t>(source.columns.first + e.column)].name);
    return table.empty() ? std::string(name) : std::string(table) + "." + std::string(name);
}

/// Puts an aggregate over `relation` and rewrites targets and HAVING to it.
node binding::grouped(node relation, std::vector<target>& targets, std::vector<std::size_t> const& groups,
                      node& having) {
    std::vector<node> keys;
    for (std::size_t number : groups) {
        node key = targets[number].value;
        bool known = std::any_of(keys.begin(), keys.end(), [&](node other) { return equal(other, key); });
        if (!known) keys.push_back(key);
    }
    std::vector<node> const calls = scope_->aggregates;

    // Tables whose whole primary key is grouped by: their other columns are settled too.
    std::vector<node> settled;
    for (auto const& item : scope_->items) {
        auto const* primary = item.table ? item.table->primary_key() : nullptr;
        if (!primary) continue;
        bool whole = std::all_of(primary->keys.begin(), primary->keys.end(), [&](auto const& part) {
            return std::any_of(keys.begin(), keys.end(), [&](node key) {
                auto const& e = expr(key);
                return e.kind == expression_kind::column && e.source == item.source && e.column == part.column;
            });
        });
        if (whole) settled.push_back(item.source);
    }

    node made = unary(relation_kind::aggregate, relation);
    node source = add_source("", {}, made);
    rel(made).source = source;
    // Columns of keys come first, but their number is known last: calls are numbered from a base that moves at the end.
    constexpr node call_base = 1 << 20;
    auto reference = [&](node original, node column) {
        query::expression e;
        e.kind = expression_kind::column;
        e.source = source;
        e.column = column;
        e.type = expr(original).type;
        e.nullable = expr(original).nullable;
        e.position = static_cast<node>(location_of(original) + 1);
        return q_.add(e);
    };
    std::vector<node> references;
    bool in_subquery = false;
    replacement replace = [&](node e) -> node {
        for (std::size_t i = 0; i < calls.size(); ++i) {
            if (calls[i] == e) {
                auto same = std::find_if(calls.begin(), calls.end(), [&](node other) { return equal(other, e); });
                node column = reference(e, call_base + static_cast<node>(same - calls.begin()));
                references.push_back(column);
                return column;
            }
        }
        // Inside of a subquery, an expression without columns means itself.
        auto is_key = [&](node key) {
            return equal(key, e) && expr(e).kind != expression_kind::literal &&
                   (!in_subquery ||
                    contains(key, [&](node part) { return expr(part).kind == expression_kind::column; }));
        };
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (is_key(keys[i])) return reference(e, static_cast<node>(i));
        }
        auto const& part = expr(e);
        if (part.kind == expression_kind::column &&
            source_scopes_[static_cast<std::size_t>(part.source)] == scope_->number) {
            if (std::find(settled.begin(), settled.end(), part.source) != settled.end()) {
                keys.push_back(e);
                return reference(e, static_cast<node>(keys.size() - 1));
            }
            std::string label = "\"" + column_label(e) + "\"";
            throw at(error(errc::grouping_error,
                           in_subquery ? "subquery uses ungrouped column " + label + " from outer query"
                                       : "column " + label +
                                             " must appear in the GROUP BY clause or be used in an aggregate function"),
                     part.position - 1);
        }
        if (part.relation != none) {  // the operand stands outside of the subquery, the rest inside
            query::expression whole = part;
            std::vector<node> operands(arguments(e).begin(), arguments(e).end());
            for (node& operand : operands) operand = rewritten(operand, replace);
            bool before = std::exchange(in_subquery, true);
            rewrite_relation(whole.relation, replace);
            in_subquery = before;
            whole.arguments = q_.add_list(operands);
            return q_.add(whole);
        }
        return none;
    };
    for (auto& each : targets) each.value = rewritten(each.value, replace);
    if (having != none) having = rewritten(having, replace);
    for (auto& over : scope_->windows) {
        for (node& call : over.calls) call = rewritten(call, replace);
        for (node& part : over.partition) part = rewritten(part, replace);
        for (auto& key : over.order) key.expression = rewritten(key.expression, replace);
    }
    for (node scan : scope_->set_functions) rewrite_relation(scan, replace);

    // Each different call once.
    std::vector<node> distinct_calls, numbers(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        auto same = std::find_if(distinct_calls.begin(), distinct_calls.end(),
                                 [&](node other) { return equal(other, calls[i]); });
        numbers[i] = static_cast<node>(same - distinct_calls.begin());
        if (same == distinct_calls.end()) distinct_calls.push_back(calls[i]);
    }
    for (node column : references) {
        node& number = expr(column).column;
        number = static_cast<node>(keys.size()) + numbers[static_cast<std::size_t>(number - call_base)];
    }

    query::slice columns{static_cast<node>(q_.columns.size()), 0};
    auto add_column = [&](node value) {
        query::column column;
        column.type = expr(value).type;
        column.nullable = expr(value).nullable;
        if (expr(value).kind == expression_kind::column) {
            query::slice inner = q_.sources[static_cast<std::size_t>(expr(value).source)].columns;
            auto place = static_cast<std::size_t>(inner.first + expr(value).column);
            column.name = q_.columns[place].name;
            origins_.push_back(origins_[place]);
        } else {
            origins_.push_back({});
        }
        q_.columns.push_back(column);
        ++columns.count;
    };
    for (node key : keys) add_column(key);
    for (node call : distinct_calls) add_column(call);
    q_.sources[static_cast<std::size_t>(source)].columns = columns;
    rel(made).expressions = q_.add_list(keys);
    rel(made).aggregates = q_.add_list(distinct_calls);
    return made;
}

/// Puts the windows that have calls over `relation`, one relation each.
node binding::windowed(node relation) {
    for (auto const& over : scope_->windows) {
        if (over.calls.empty()) continue;
        node made = unary(relation_kind::window, relation);
        rel(made).source = over.source;
        rel(made).expressions = q_.add_list(over.calls);
        rel(made).partition = q_.add_list(over.partition);
        rel(made).sort = q_.add_keys(over.order);
        rel(made).window_frame = over.frame;
        query::slice columns{static_cast<node>(q_.columns.size()), static_cast<node>(over.calls.size())};
        for (node call : over.calls) {
            query::column column;
            column.type = expr(call).type;
            column.nullable = expr(call).nullable;
            q_.columns.push_back(column);
            origins_.push_back({});
        }
        q_.sources[static_cast<std::size_t>(over.source)].columns = columns;
        q_.sources[static_cast<std::size_t>(over.source)].relation = made;
        relation = made;
    }
    return relation;
}

}  // namespace phantomdb::sql
