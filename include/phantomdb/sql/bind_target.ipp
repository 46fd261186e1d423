/// @file Implements select lists, and what ORDER BY, GROUP BY and DISTINCT ON mean by them.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;

std::vector<target> binding::target_list(ast_list items, clause where) {
    clause_entry entered(*this, where);
    std::vector<target> targets;
    for (ast item : items) {
        ast value = item["val"];
        if (value.is("ColumnRef") && value.list("fields").back().is("A_Star")) {
            expand_star(value, targets);
            continue;
        }
        node bound = expression(value);
        // A result of type regclass prints as the relation's name; everywhere else it is its oid.
        bool result = where == clause::select_list && scope_->outer == nullptr && value.is("TypeCast");
        if (result && type(bound) == type_id::oid && value["typeName"].names("names").back() == "regclass") {
            bound = call("regclassout", {bound}, value.location());
        }
        std::string_view name = item.text("name");
        targets.push_back({name.empty() ? figure_name(value) : std::string(name), bound});
    }
    if (targets.size() > 1664) {
        throw error(errc::too_many_columns, "target lists can have at most 1664 entries");
    }
    return targets;
}

void binding::expand_star(ast reference, std::vector<target>& into) {
    ast_list fields = reference.list("fields");
    auto add = [&](scope_item const& item) {
        for (auto const& column : item.columns) into.push_back({column.name, refer(column, reference)});
    };
    if (fields.size() == 1) {
        bool any = false;
        for (auto const& item : scope_->items) {
            if (!item.shown) continue;
            any = true;
            add(item);
        }
        if (!any) throw at(error(errc::syntax_error, "SELECT * with no tables specified is not valid"), reference);
        return;
    }
    auto names = reference.names("fields");
    std::string_view table = names[names.size() - 2];
    scope* found_in = nullptr;
    scope_item* item =
        find_item(names.size() > 2 ? names[names.size() - 3] : std::string_view{}, table, found_in, reference);
    if (!item) no_such_item(table, reference);
    add(*item);
}

/// The name PostgreSQL gives a column without AS: its FigureColname.
std::string binding::figure_name(ast value) {
    // How sure the name is decides whether a type cast's name replaces it: 2 sure, 1 a type's name, 0 none.
    struct figure {
        static int of(ast e, std::string& name) {
            auto is = [&](std::string_view text) { return name = std::string(text), 2; };
            if (e.is("ColumnRef")) {
                auto names = e.names("fields");
                for (auto part = names.rbegin(); part != names.rend(); ++part) {
                    if (!part->empty()) return is(*part);
                }
                return 0;
            }
            if (e.is("A_Indirection")) {
                std::string_view last;
                for (ast step : e.list("indirection")) {
                    if (step.is("String")) last = step.text("sval");
                }
                return last.empty() ? of(e["arg"], name) : is(last);
            }
            if (e.is("FuncCall")) return is(e.names("funcname").back());
            if (e.is("A_Expr")) return e.text("kind") == "AEXPR_NULLIF" ? is("nullif") : 0;
            if (e.is("TypeCast")) {
                int sure = of(e["arg"], name);
                if (sure > 1) return sure;
                auto names = e["typeName"].names("names");
                if (names.empty()) return sure;
                name = names.back();
                return 1;
            }
            if (e.is("CollateClause")) return of(e["arg"], name);
            if (e.is("GroupingFunc")) return is("grouping");
            if (e.is("SubLink")) {
                std::string_view kind = e.text("subLinkType");
                if (kind == "EXISTS_SUBLINK") return is("exists");
                if (kind == "ARRAY_SUBLINK") return is("array");
                if (kind != "EXPR_SUBLINK") return 0;
                ast query = e["subselect"];
                while (query.has("larg")) query = query["larg"];
                ast_list targets = query.list("targetList");
                if (targets.empty()) return query.has("valuesLists") ? is("column1") : 0;
                std::string_view given = targets.front().text("name");
                return is(given.empty() ? figure_name(targets.front()["val"]) : std::string(given));
            }
            if (e.is("CaseExpr")) {
                int sure = e.has("defresult") ? of(e["defresult"], name) : 0;
                if (sure <= 1) name = "case", sure = 1;
                return sure;
            }
            if (e.is("A_ArrayExpr")) return is("array");
            if (e.is("RowExpr")) return is("row");
            if (e.is("CoalesceExpr")) return is("coalesce");
            if (e.is("MinMaxExpr")) return is(e.text("op") == "IS_LEAST" ? "least" : "greatest");
            if (e.is("SQLValueFunction")) {
                std::string word(e.text("op").substr(std::string_view("SVFOP_").size()));
                if (word.ends_with("_N")) word.resize(word.size() - 2);
                std::transform(word.begin(), word.end(), word.begin(),
                               [](char c) { return c == '_' ? c : static_cast<char>(c | 0x20); });
                return is(word);
            }
            return 0;
        }
    };
    std::string name = "?column?";
    figure::of(value, name);
    return name;
}

/// The target an item of ORDER BY, GROUP BY or DISTINCT ON means: an output name, an output's number, or an expression.
std::size_t binding::output_target(ast item, std::vector<target>& targets, clause where, bool output_names_first) {
    if (item.is("ColumnRef") && item.list("fields").size() == 1 && !item.list("fields").front().is("A_Star")) {
        std::string_view name = item.names("fields")[0];
        bool by_output = output_names_first;
        if (!by_output) {  // GROUP BY: columns of FROM go before output names
            clause_entry entered(*this, where);
            by_output = find_column(*scope_, nullptr, name, item) == none;
        }
        std::optional<std::size_t> found;
        for (std::size_t i = 0; by_output && i < targets.size(); ++i) {
            if (targets[i].hidden || targets[i].name != name) continue;
            if (found && !equal(targets[*found].value, targets[i].value)) {
                throw at(error(errc::ambiguous_column,
                               std::string(name_of(where)) + " \"" + std::string(name) + "\" is ambiguous"),
                         item);
            }
            if (!found) found = i;
        }
        if (found) {
            if (where == clause::group_by) {
                contains(targets[*found].value, [&](node part) {
                    if (expr(part).kind == expression_kind::aggregate) {
                        throw at(error(errc::grouping_error, "aggregate functions are not allowed in GROUP BY"),
                                 expr(part).position - 1);
                    }
                    return false;
                });
            }
            targets[*found].value = resolve_unknown(targets[*found].value);
            return *found;
        }
    }
    if (item.is("A_Const")) {
        if (!item.has("ival")) {
            throw at(error(errc::syntax_error, "non-integer constant in " + std::string(name_of(where))), item);
        }
        std::int64_t wanted = integer_constant(item, text_);
        std::int64_t number = 0;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            if (targets[i].hidden || ++number != wanted) continue;
            targets[i].value = resolve_unknown(targets[i].value);
            if (where == clause::group_by) {
                contains(targets[i].value, [&](node part) {
                    if (expr(part).kind == expression_kind::aggregate) {
                        throw at(error(errc::grouping_error, "aggregate functions are not allowed in GROUP BY"),
                                 expr(part).position - 1);
                    }
                    return false;
                });
            }
            return i;
        }
        throw at(error(errc::invalid_column_reference,
                       std::string(name_of(where)) + " position " + std::to_string(wanted) + " is not in select list"),
                 item);
    }
    return expression_target(item, targets, where);
}

/// The target equal to an expression; a hidden one is made where there is none.
std::size_t binding::expression_target(ast item, std::vector<target>& targets, clause where) {
    node value = resolve_unknown(expression(item, where));
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (equal(targets[i].value, value)) return i;
    }
    targets.push_back({"", value, true});
    return targets.size() - 1;
}

std::vector<target_order> binding::order_by(ast_list items, std::vector<target>& targets) {
    std::vector<target_order> order;
    for (ast item : items) {
        if (item.text("sortby_dir") == "SORTBY_USING") {
            throw at(error(errc::feature_not_supported, "ORDER BY ... USING is not supported"), item);
        }
        target_order key;
        key.target = output_target(item["node"], targets, clause::order_by, true);
        check_sortable(targets[key.target].value, item["node"].location());
        key.descending = item.text("sortby_dir") == "SORTBY_DESC";
        std::string_view nulls = item.text("sortby_nulls");
        key.nulls_first = nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && key.descending);
        bool repeated =
            std::any_of(order.begin(), order.end(), [&](auto const& each) { return each.target == key.target; });
        if (!repeated) order.push_back(key);
    }
    return order;
}

void binding::check_sortable(node value, std::int64_t location) {
    if (type(value) != type_id::json) return;
    throw at(error(errc::undefined_function, "could not identify an ordering operator for type json")
                 .with_hint("Use an explicit ordering operator or modify the query."),
             location);
}

void binding::check_groupable(node value, std::int64_t location) {
    if (type(value) != type_id::json) return;
    throw at(error(errc::undefined_function, "could not identify an equality operator for type json"), location);
}

}  // namespace phantomdb::sql
