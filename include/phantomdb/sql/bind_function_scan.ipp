/// @file Implements functions in FROM: set-returning ones and those that give one row.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

namespace phantomdb::sql {

/// A function in FROM may always refer to items on its left.
binding::from_item binding::from_function(ast item) {
    ast_list functions = item.list("functions");
    if (functions.size() != 1)
        throw error(errc::feature_not_supported, "ROWS FROM with several functions is not supported");
    if (item.has("coldeflist")) throw error(errc::feature_not_supported, "a column definition list is not supported");
    ast e = functions.front().list("items").front();
    bool before = std::exchange(scope_->lateral_active, true);
    std::string name = figure_name(e);
    node value = none;
    bool set = false;
    {
        // A set-returning call leaves its scan behind, just as in a select list.
        std::size_t known = scope_->set_functions.size();
        clause_entry entered(*this, clause::from_function);
        value = expression(e);
        set = scope_->set_functions.size() > known;
    }
    scope_->lateral_active = before;
    bound_rows rows;
    if (set) {
        rows.relation = scope_->set_functions.back();
        scope_->set_functions.pop_back();
        rows.source = rel(rows.relation).source;
        query::slice columns = q_.sources[static_cast<std::size_t>(rows.source)].columns;
        for (node i = 0; i < columns.count; ++i) {
            auto const& column = q_.columns[static_cast<std::size_t>(columns.first + i)];
            rows.columns.push_back({std::string(q_.view().name(column.name)), column.type, true, {}, 0});
        }
    } else {
        rows = projected(unary(relation_kind::nothing, none), {{name, value}}, name);
    }
    from_item made = from_rows(rows, name);
    made.lateral = uses_scope(rows.relation, scope_->number);
    scope_item& only = made.items[0];
    ast alias = item["alias"];
    if (alias) only.name = alias.text("aliasname");
    if (!set || only.columns[0].name.empty()) only.columns[0].name = only.name;
    if (item.flag("ordinality")) {  // the number of the row, counted by a window over all of them
        query::expression count;
        count.kind = expression_kind::window_call;
        count.window = query::window_function::row_number;
        count.type = {type_id::int8};
        count.nullable = false;
        node const calls[] = {q_.add(count)};
        node numbered = unary(relation_kind::window, made.relation);
        rel(numbered).expressions = q_.add_list(calls);
        node source = add_source("", {{"ordinality", {type_id::int8}, false, {}, 0}}, numbered);
        rel(numbered).source = source;
        std::vector<target> targets;
        for (auto const& column : only.columns) targets.push_back({column.name, q_.add(column.prototype)});
        targets.push_back({"ordinality", column_of(source, 0)});
        from_item whole = from_rows(projected(numbered, targets, only.name), only.name);
        whole.lateral = made.lateral;
        made = std::move(whole);
    }
    apply_alias(made.items[0], alias, "table");
    return made;
}

}  // namespace phantomdb::sql
