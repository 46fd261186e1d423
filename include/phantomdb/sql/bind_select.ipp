/// @file Implements SELECT. The relations of one, from the bottom up:
///
///     FROM → filter (WHERE) → aggregate → filter (HAVING) → windows → set-returning calls of the select list, then
///       plain:        sort → lock_rows → limit → project
///       DISTINCT:     project → distinct → sort → limit
///       DISTINCT ON:  project with its keys → sort → distinct → limit → project without them
///
/// Where ORDER BY names a result that would differ if computed twice, the project comes first there, too.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

bound_rows binding::select(ast statement, bool keep_unknown) {
    check_stack();
    if (statement.has("intoClause")) {
        throw at(error(errc::syntax_error, "SELECT ... INTO is not allowed here"), statement["intoClause"]["rel"]);
    }
    if (statement.text("op") != "SETOP_NONE" || statement.has("valuesLists")) {
        scope_entry entered(*this);
        with(statement["withClause"], entered.inner);
        bool is_values = statement.has("valuesLists");
        bound_rows rows = is_values ? values(statement) : set_operation(statement, true);
        rows = ordered_output(std::move(rows), statement, is_values ? "VALUES" : "UNION/INTERSECT/EXCEPT");
        return rows;
    }
    return simple_select(statement, keep_unknown);
}

bound_rows binding::simple_select(ast statement, bool keep_unknown) {
    scope_entry entered(*this);
    scope& inner = entered.inner;
    with(statement["withClause"], inner);
    inner.window_definitions = statement.list("windowClause");

    node relation = from(statement.list("fromClause"));
    std::vector<target> targets = target_list(statement.list("targetList"), clause::select_list);
    if (targets.empty() && statement.has("distinctClause")) {
        throw at(error(errc::syntax_error, "SELECT DISTINCT must have at least one column"), -1);
    }
    std::vector<node> where;
    if (statement.has("whereClause")) add_conjuncts(condition(statement["whereClause"], clause::where, "WHERE"), where);
    node having = statement.has("havingClause") ? condition(statement["havingClause"], clause::having, "HAVING") : none;

    std::vector<target_order> order = order_by(statement.list("sortClause"), targets);

    std::vector<std::size_t> groups;
    for (ast item : statement.list("groupClause")) {
        if (item.is("GroupingSet")) {
            if (item.text("kind") == "GROUPING_SET_EMPTY") continue;
            throw at(error(errc::feature_not_supported, "GROUPING SETS, ROLLUP and CUBE are not supported"), item);
        }
        ast_list parts = item.is("RowExpr") ? item.list("args") : ast_list();
        auto add = [&](ast part) {
            std::size_t number = output_target(part, targets, clause::group_by, false);
            check_groupable(targets[number].value, location_of(targets[number].value));
            groups.push_back(number);
        };
        if (item.is("RowExpr")) {
            for (ast part : parts) add(part);
        } else {
            add(item);
        }
    }

    // DISTINCT is a list with one empty element; DISTINCT ON a list of expressions.
    bool distinct = statement.has("distinctClause");
    bool distinct_on = distinct && !statement.list("distinctClause").front().kind().empty();
    std::vector<std::size_t> distinct_keys;
    if (distinct_on) {
        for (ast item : statement.list("distinctClause")) {
            std::size_t number = output_target(item, targets, clause::distinct_on, true);
            check_groupable(targets[number].value, location_of(targets[number].value));
            distinct_keys.push_back(number);
        }
        // ORDER BY has to begin with these, in any order.
        bool other = false;
        std::vector<std::size_t> sorted_by;
        auto refuse = [&](std::size_t number) {
            auto place = std::find(distinct_keys.begin(), distinct_keys.end(), number) - distinct_keys.begin();
            throw at(error(errc::invalid_column_reference,
                           "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"),
                     location_of_ast(statement.list("distinctClause")[static_cast<std::size_t>(place)]));
        };
        for (auto const& key : order) {
            bool listed = std::find(distinct_keys.begin(), distinct_keys.end(), key.target) != distinct_keys.end();
            if (listed && other) refuse(key.target);
            if (listed) sorted_by.push_back(key.target);
            other = other || !listed;
        }
        for (std::size_t number : distinct_keys) {
            if (other && std::find(sorted_by.begin(), sorted_by.end(), number) == sorted_by.end()) refuse(number);
        }
    } else if (distinct) {
        for (auto const& key : order) {
            if (!targets[key.target].hidden) continue;
            throw at(error(errc::invalid_column_reference,
                           "for SELECT DISTINCT, ORDER BY expressions must appear in select list"),
                     location_of(targets[key.target].value));
        }
        for (auto const& each : targets) {
            if (!each.hidden) check_groupable(each.value, location_of(each.value));
        }
    }
    node offset = limit_expression(statement["limitOffset"], clause::offset);
    node count = limit_expression(statement["limitCount"], clause::limit);
    bool with_ties = statement.text("limitOption") == "LIMIT_OPTION_WITH_TIES";
    if (with_ties && order.empty()) {
        throw error(errc::syntax_error, "WITH TIES cannot be specified without ORDER BY clause");
    }
    for (ast definition : inner.window_definitions) {  // unused ones are checked as well
        bool used = std::any_of(inner.windows.begin(), inner.windows.end(),
                                [&](auto const& each) { return each.name == definition.text("name"); });
        if (!used) {
            window unused;
            define_window(unused, definition);
        }
    }
    if (!keep_unknown || distinct) {
        for (auto& each : targets) each.value = resolve_unknown(each.value);
    }

    relation = filtered(relation, where);
    for (auto const& item : inner.items) {
        bool self = item.relation != none && rel(item.relation).kind == relation_kind::working;
        if (!self || inner.aggregates.empty()) continue;
        throw at(
            error(errc::invalid_recursion, "aggregate functions are not allowed in a recursive query's recursive term"),
            expr(inner.aggregates[0]).position - 1);
    }
    bool grouping = !inner.aggregates.empty() || statement.has("groupClause") || having != none;
    if (grouping) {
        relation = grouped(relation, targets, groups, having);
        if (having != none) {
            std::vector<node> conjuncts;
            add_conjuncts(having, conjuncts);
            relation = filtered(relation, conjuncts);
        }
    }
    relation = windowed(relation);
    for (node scan : inner.set_functions) {
        query::relation joined;
        joined.kind = relation_kind::join;
        joined.left = relation;
        joined.right = scan;
        joined.lateral = true;
        relation = q_.add(joined);
    }

    auto keys_over = [&](auto const& value_of) {
        std::vector<query::sort_key> keys;
        for (auto const& each : order) keys.push_back({value_of(each.target), each.descending, each.nulls_first});
        return keys;
    };
    auto sorted = [&](node below, std::vector<query::sort_key> const& keys) {
        if (keys.empty()) return below;
        node made = unary(relation_kind::sort, below);
        rel(made).sort = q_.add_keys(keys);
        return made;
    };
    bool plain = !grouping && inner.windows.empty() && !distinct && inner.set_functions.empty();
    ast_list locking = statement.list("lockingClause");
    auto computed_once = [&](target_order const& key) {
        return !targets[key.target].hidden && contains(targets[key.target].value, [&](node part) {
            return expr(part).kind == expression_kind::call &&
                   signature_of(expr(part).function).changes() == volatility::volatile_;
        });
    };
    if (!distinct && std::none_of(order.begin(), order.end(), computed_once)) {
        relation = sorted(relation, keys_over([&](std::size_t i) { return targets[i].value; }));
        relation = locked(relation, locking, plain);
        return projected(limited(relation, count, offset, with_ties), targets, "");
    }
    if (!locking.empty()) relation = locked(relation, locking, plain);

    // The project first, with hidden columns where sorting needs them.
    std::vector<target> all = targets;
    bool hidden = std::any_of(all.begin(), all.end(), [](target const& each) { return each.hidden; }) &&
                  (distinct_on || !distinct);
    if (hidden) {
        for (auto& each : all) each.hidden = false;
    }
    std::vector<int> places;  // column of each target
    for (auto const& each : all) places.push_back(each.hidden ? -1 : static_cast<int>(places.size()));
    bound_rows rows = projected(relation, all, "");
    auto column = [&](std::size_t i) { return column_of(rows.source, places[i]); };
    auto add_distinct = [&] {
        rows.relation = unary(relation_kind::distinct, rows.relation);
        std::vector<node> on;
        for (std::size_t number : distinct_keys) on.push_back(column(number));
        rel(rows.relation).expressions = q_.add_list(on);
    };
    if (distinct && !distinct_on) add_distinct();
    rows.relation = sorted(rows.relation, keys_over(column));
    if (distinct_on) add_distinct();
    rows.relation = limited(rows.relation, count, offset, with_ties);
    if (!hidden) return rows;
    std::vector<target> shown;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (!targets[i].hidden) shown.push_back({targets[i].name, column(i)});
    }
    return projected(rows.relation, shown, "");
}

node binding::limit_expression(ast value, clause where) {
    if (!value) return none;
    if (value.is("A_Const") && value.flag("isnull")) return none;  // LIMIT ALL, LIMIT NULL
    node bound = expression(value, where);
    type_id given = type(bound);
    node made = coerce(bound, {type_id::int8}, coercion::assignment);
    std::string what(name_of(where));
    if (made == none) {
        throw at(error(errc::datatype_mismatch,
                       "argument of " + what + " must be type bigint, not type " + std::string(facts(given).name)),
                 location_of(bound));
    }
    contains(made, [&](node part) {
        bool here = expr(part).kind == expression_kind::column &&
                    source_scopes_[static_cast<std::size_t>(expr(part).source)] == scope_->number;
        if (here) {
            throw at(error(errc::invalid_column_reference, "argument of " + what + " must not contain variables"),
                     expr(part).position - 1);
        }
        return false;
    });
    return made;
}

node binding::limited(node relation, node count, node offset, bool with_ties) {
    if (count == none && offset == none) return relation;
    node made = unary(relation_kind::limit, relation);
    rel(made).limit = count;
    rel(made).offset = offset;
    rel(made).with_ties = with_ties;
    return made;
}

/// FOR UPDATE and its kin.
node binding::locked(node relation, ast_list locking, bool plain) {
    for (ast item : locking) {
        std::string_view strength = item.text("strength");
        std::string words = strength == "LCS_FORUPDATE"        ? "FOR UPDATE"
                            : strength == "LCS_FORNOKEYUPDATE" ? "FOR NO KEY UPDATE"
                            : strength == "LCS_FORSHARE"       ? "FOR SHARE"
                                                               : "FOR KEY SHARE";
        if (!plain) {
            std::string_view what = !scope_->windows.empty()         ? "window functions"
                                    : !scope_->set_functions.empty() ? "set-returning functions in the target list"
                                    : !scope_->aggregates.empty()    ? "aggregate functions"
                                                                     : "DISTINCT or GROUP BY clause";
            if (what == "DISTINCT or GROUP BY clause") what = "DISTINCT clause";
            throw error(errc::feature_not_supported, words + " is not allowed with " + std::string(what));
        }
        query::relation made;
        made.kind = relation_kind::lock_rows;
        made.lock = strength == "LCS_FORUPDATE"        ? query::lock_strength::update
                    : strength == "LCS_FORNOKEYUPDATE" ? query::lock_strength::no_key_update
                    : strength == "LCS_FORSHARE"       ? query::lock_strength::share
                                                       : query::lock_strength::key_share;
        std::string_view wait = item.text("waitPolicy");
        made.wait = wait == "LockWaitSkip"    ? query::lock_wait::skip
                    : wait == "LockWaitError" ? query::lock_wait::fail
                                              : query::lock_wait::wait;
        made_.read_only = false;
        auto lock = [&](scope_item const& target_item) {
            made.left = relation;
            made.target = target_item.source;
            relation = q_.add(made);
        };
        if (!item.has("lockedRels")) {
            for (auto const& each : scope_->items) {
                if (each.table) lock(each);
            }
            continue;
        }
        for (ast wanted : item.list("lockedRels")) {
            std::string_view name = wanted.text("relname");
            auto found = std::find_if(scope_->items.begin(), scope_->items.end(),
                                      [&](auto const& each) { return each.named && each.name == name; });
            if (found == scope_->items.end()) {
                throw at(error(errc::undefined_table, "relation \"" + std::string(name) + "\" in " + words +
                                                          " clause not found in FROM clause"),
                         wanted);
            }
            if (found->table) lock(*found);
        }
    }
    return relation;
}

}  // namespace phantomdb::sql
