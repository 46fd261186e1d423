/// @file Implements joins: what each side shows, USING and NATURAL, which columns become null.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

void binding::make_nullable(std::vector<scope_item>& items) {
    for (auto& item : items) {
        for (auto& column : item.columns) {
            column.prototype.nullable = true;
            if (column.merged != none) expr(column.merged).nullable = true;
        }
    }
}

binding::from_item binding::from_join(ast item) {
    std::string_view kind = item.text("jointype");
    query::relation joined;
    joined.kind = relation_kind::join;
    joined.join = kind == "JOIN_LEFT"    ? query::join_kind::left_outer
                  : kind == "JOIN_RIGHT" ? query::join_kind::right_outer
                  : kind == "JOIN_FULL"  ? query::join_kind::full_outer
                                         : query::join_kind::inner;
    bool keeps_left = joined.join == query::join_kind::left_outer || joined.join == query::join_kind::full_outer;
    bool keeps_right = joined.join == query::join_kind::right_outer || joined.join == query::join_kind::full_outer;

    from_item left = from_element(item["larg"]);
    // The right side sees the left one if it is LATERAL.
    std::size_t outside = scope_->items.size();
    auto visible = left.items;
    for (auto& each : visible) each.lateral_only = true, each.lateral_allowed = !keeps_right;
    add_items(std::move(visible));
    from_item right = from_element(item["rarg"]);
    if (keeps_left) refuse_recursion(right.relation, "an outer join");
    if (keeps_right) refuse_recursion(left.relation, "an outer join");
    scope_->items.resize(outside);
    check_names(left.items, right.items, -1);
    joined.lateral = right.lateral;
    joined.left = left.relation;
    joined.right = right.relation;

    // The columns a side shows, in order, with the item they belong to.
    auto shown = [](from_item& side) {
        std::vector<scope_column*> columns;
        for (auto& each : side.items) {
            if (!each.shown) continue;
            for (auto& column : each.columns) columns.push_back(&column);
        }
        return columns;
    };
    std::vector<scope_column*> left_columns = shown(left), right_columns = shown(right);
    std::vector<std::string> shared;
    if (item.flag("isNatural")) {
        for (auto const* column : left_columns) {
            bool both = std::any_of(right_columns.begin(), right_columns.end(),
                                    [&](auto const* other) { return other->name == column->name; });
            if (both) shared.push_back(column->name);
        }
    } else {
        for (auto name : item.names("usingClause")) shared.emplace_back(name);
    }

    std::vector<node> conjuncts;
    std::vector<std::pair<scope_column*, scope_column*>> pairs;
    if (!shared.empty()) {
        for (std::size_t i = 0; i < shared.size(); ++i) {
            auto const& name = shared[i];
            if (std::count(shared.begin(), shared.begin() + static_cast<std::ptrdiff_t>(i), name) > 0) {
                throw error(errc::duplicate_column,
                            "column name \"" + name + "\" appears more than once in USING clause");
            }
            auto find = [&](std::vector<scope_column*> const& columns, std::string_view side) {
                scope_column* found = nullptr;
                for (auto* column : columns) {
                    if (column->name != name) continue;
                    if (found) {
                        throw error(errc::ambiguous_column, "common column name \"" + name +
                                                                "\" appears more than once in " + std::string(side) +
                                                                " table");
                    }
                    found = column;
                }
                if (!found) {
                    throw error(errc::undefined_column, "column \"" + name +
                                                            "\" specified in USING clause does not exist in " +
                                                            std::string(side) + " table");
                }
                return found;
            };
            scope_column* l = find(left_columns, "left");
            scope_column* r = find(right_columns, "right");
            pairs.emplace_back(l, r);
            node l_value = l->merged != none ? l->merged : q_.add(l->prototype);
            node r_value = r->merged != none ? r->merged : q_.add(r->prototype);
            conjuncts.push_back(to_boolean(operation("=", l_value, r_value, -1), "JOIN/USING"));
        }
    } else if (item.has("quals")) {
        // Only the two sides can be seen in ON.
        auto saved = std::move(scope_->items);
        scope_->items.clear();
        auto inside = left.items;
        inside.insert(inside.end(), right.items.begin(), right.items.end());
        add_items(std::move(inside));
        add_conjuncts(condition(item["quals"], clause::join_on, "JOIN/ON"), conjuncts);
        scope_->items = std::move(saved);
    }
    joined.expressions = q_.add_list(conjuncts);

    from_item made;
    made.lateral = left.lateral || right.lateral;  // perhaps to what stands left of the whole join
    std::vector<scope_column> merged;
    for (auto [l, r] : pairs) {
        scope_column column;
        column.name = l->name;
        node l_value = l->merged != none ? l->merged : q_.add(l->prototype);
        node r_value = r->merged != none ? r->merged : q_.add(r->prototype);
        node const sides[] = {l_value, r_value};
        sql_type common = common_type(sides, "JOIN/USING");
        if (joined.join == query::join_kind::full_outer) {
            if (keeps_left) expr(r_value).nullable = expr(l_value).nullable = true;
            node const both[] = {must_coerce(l_value, common, coercion::implicit),
                                 must_coerce(r_value, common, coercion::implicit)};
            query::expression value;
            value.kind = expression_kind::coalesce;
            value.type = common;
            value.arguments = q_.add_list(both);
            column.merged = q_.add(value);
        } else {
            scope_column const& from_side = joined.join == query::join_kind::right_outer ? *r : *l;
            node value = joined.join == query::join_kind::right_outer ? r_value : l_value;
            node typed = must_coerce(value, common, coercion::implicit);
            if (typed == value && from_side.merged == none) {
                column.prototype = from_side.prototype;
                column.prototype.type = common;
            } else {
                column.merged = typed;
            }
        }
        merged.push_back(std::move(column));
    }
    if (keeps_left) make_nullable(right.items);
    if (keeps_right) make_nullable(left.items);

    ast alias = item["alias"];
    made.relation = q_.add(joined);
    bool takes_over = !pairs.empty() || alias;
    if (takes_over) {
        scope_item whole;
        whole.columns = merged;
        auto is_merged = [&](scope_column const* column) {
            return std::any_of(pairs.begin(), pairs.end(),
                               [&](auto const& pair) { return pair.first == column || pair.second == column; });
        };
        for (auto const* column : left_columns) {
            if (!is_merged(column)) whole.columns.push_back(*column);
        }
        for (auto const* column : right_columns) {
            if (!is_merged(column)) whole.columns.push_back(*column);
        }
        whole.named = false;
        for (auto* side : {&left, &right}) {
            for (auto& each : side->items) {
                each.shown = false;
                if (alias) each.named = false;
                made.items.push_back(std::move(each));
            }
        }
        if (ast using_alias = item["join_using_alias"]) {
            scope_item only_merged;
            only_merged.columns = merged;
            only_merged.name = using_alias.text("aliasname");
            only_merged.shown = false;
            made.items.push_back(std::move(only_merged));
        }
        if (alias) {
            whole.named = true;
            apply_alias(whole, alias, "join expression");
        }
        made.items.push_back(std::move(whole));
    } else {
        for (auto* side : {&left, &right}) {
            for (auto& each : side->items) made.items.push_back(std::move(each));
        }
    }
    return made;
}

}  // namespace phantomdb::sql
