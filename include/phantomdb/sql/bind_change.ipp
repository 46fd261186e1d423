/// @file Implements INSERT, UPDATE and DELETE, with what belongs to the changed table: defaults, generated columns, checks.
///
/// The row after the change is a source of its own, which checks, generated columns and RETURNING refer to; the rows that
/// UPDATE and DELETE find are the source of a scan below (`target`).
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::relation_kind;

namespace {

constexpr sqlstate generated_always{"428C9"};

}  // namespace

binding::shared_table binding::changed_table(ast range, std::string_view verb) const {
    std::string name(range.text("relname"));
    if (!range.has("schemaname")) {
        if (auto common = find_common_table(name)) {
            throw at(
                error(errc::undefined_table, "relation \"" + name + "\" cannot be the target of a modifying statement"),
                range);
        }
    }
    schema::relation_reference found = find_relation(range);
    if (found.type == schema::relation_type::view) {
        throw error(errc::object_not_in_prerequisite_state, "cannot " + std::string(verb) + " view \"" + name + "\"")
            .with_detail("Views are not updatable.")
            .with_hint("Change the tables that the view reads.");
    }
    if (found.type != schema::relation_type::table) {
        throw error(errc::wrong_object_type,
                    "cannot change " + std::string(found.type == schema::relation_type::index ? "index" : "sequence") +
                        " \"" + name + "\"");
    }
    if (found.id < schema::first_user_id) {
        throw error(errc::insufficient_privilege, "permission denied: \"" + name + "\" is a system catalog");
    }
    return context_.names.catalog->table(found.id);
}

std::size_t binding::assigned_column(ast item, schema::table_descriptor const& table) const {
    std::string name(item.text("name"));
    int column = table.find_column(name);
    if (column < 0) {
        throw at(
            error(errc::undefined_column, "column \"" + name + "\" of relation \"" + table.name + "\" does not exist"),
            item);
    }
    if (item.has("indirection")) {
        throw at(error(errc::feature_not_supported, "assignment to a part of a column is not supported"), item);
    }
    return static_cast<std::size_t>(column);
}

node binding::assigned(schema::table_descriptor const& table, std::size_t column, node value) {
    auto const& into = table.columns[column];
    type_id given = type(value);
    if (node made = coerce(value, into.type, coercion::assignment); made != none) return made;
    throw at(error(errc::datatype_mismatch, "column \"" + into.name + "\" is of type " +
                                                std::string(facts(into.type.id).name) + " but expression is of type " +
                                                std::string(facts(given).name))
                 .with_hint("You will need to rewrite or cast the expression."),
             location_of(value));
}

/// Binds SQL text kept in the catalog; `row` is what its column names mean, if anything.
node binding::stored_expression(std::string_view sql, clause where, scope_item const* row) {
    parsed_expression parsed = parse_expression(sql);
    stored_scripts_.push_back(parsed.script);
    stored_text entered(*this, parsed.script.text());
    scope_entry place(*this);
    if (row) add_items({*row});
    return expression(parsed.root, where);
}

node binding::default_of(schema::table_descriptor const& table, std::size_t column) {
    auto const& into = table.columns[column];
    if (into.dropped || into.generated == schema::generation::always_stored) return add_null(into.type);
    if (!into.default_expression.empty()) {
        return assigned(table, column, stored_expression(into.default_expression, clause::stored_default, nullptr));
    }
    return add_null(into.type);
}

/// The table's CHECK conditions and generated columns, over the row after the change.
void binding::add_constraints(node change, shared_table const& table) {
    scope_item row = item_of_source(rel(change).source, table->name, change);
    row.schema = table->schema_name;
    std::vector<node> checks, generated;
    for (auto const& check : table->checks) {
        checks.push_back(to_boolean(stored_expression(check.expression, clause::stored_check, &row), "CHECK"));
    }
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
        auto const& column = table->columns[i];
        if (column.dropped || column.generated != schema::generation::always_stored) continue;
        generated.push_back(static_cast<node>(i));
        generated.push_back(
            assigned(*table, i, stored_expression(column.default_expression, clause::stored_generated, &row)));
    }
    rel(change).checks = q_.add_list(checks);
    rel(change).generated = q_.add_list(generated);
}

/// Finishes a change: constraints, RETURNING.
bound_rows binding::changed(node change, shared_table const& table, std::string name, std::vector<scope_item> others,
                            ast_list returning) {
    if (rel(change).kind != relation_kind::erase) add_constraints(change, table);
    bound_rows rows;
    rows.relation = change;
    if (returning.empty()) return rows;
    scope_item row = item_of_source(rel(change).source, std::move(name), change);
    std::erase_if(row.columns, [&](auto const& column) {
        return table->columns[static_cast<std::size_t>(column.prototype.column)].dropped;
    });
    row.schema = table->schema_name;
    row.table = table;
    scope_->items.clear();
    add_items({std::move(row)});
    add_items(std::move(others));
    std::vector<target> targets = target_list(returning, clause::returning);
    for (auto& each : targets) each.value = resolve_unknown(each.value);
    return projected(change, targets, "");
}

/// SET: ordinals of the columns, and what they become.
void binding::assignments(ast_list items, schema::table_descriptor const& table, std::vector<node>& columns,
                          std::vector<node>& values) {
    for (ast item : items) {
        std::size_t column = assigned_column(item, table);
        if (std::find(columns.begin(), columns.end(), static_cast<node>(column)) != columns.end()) {
            throw error(errc::syntax_error,
                        "multiple assignments to same column \"" + table.columns[column].name + "\"");
        }
        ast value = item["val"];
        auto generated = table.columns[column].generated;
        bool fixed =
            generated == schema::generation::always_stored || generated == schema::generation::always_as_identity;
        node bound = assignment_value(value, table, column);
        if (fixed && !value.is("SetToDefault")) {
            error failed(generated_always,
                         "column \"" + table.columns[column].name + "\" can only be updated to DEFAULT");
            failed.detail = generated == schema::generation::always_stored
                                ? "Column \"" + table.columns[column].name + "\" is a generated column."
                                : "Column \"" + table.columns[column].name +
                                      "\" is an identity column defined as GENERATED ALWAYS.";
            throw failed;
        }
        if (generated == schema::generation::always_stored) continue;  // computed anyway
        columns.push_back(static_cast<node>(column));
        values.push_back(bound);
    }
}

node binding::assignment_value(ast value, schema::table_descriptor const& table, std::size_t column) {
    if (value.is("SetToDefault")) return default_of(table, column);
    if (!value.is("MultiAssignRef")) return assigned(table, column, expression(value, clause::update_source));
    // (a, b) = (…): one column's share of it.
    ast given = value["source"];
    auto number = static_cast<std::size_t>(value.number("colno") - 1),
         count = static_cast<std::size_t>(value.number("ncolumns"));
    if (given.is("RowExpr")) {
        ast_list fields = given.list("args");
        if (fields.size() != count)
            throw at(error(errc::syntax_error, "number of columns does not match number of values"), given);
        return assignment_value(fields[number], table, column);
    }
    if (!given.is("SubLink") || given.text("subLinkType") != "EXPR_SUBLINK") {
        throw at(error(errc::feature_not_supported,
                       "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression"),
                 given);
    }
    clause_entry entered(*this, clause::update_source);
    bound_rows rows = query_of(given["subselect"]);
    if (rows.columns.size() != count)
        throw at(error(errc::syntax_error, "number of columns does not match number of values"), given);
    rows = projected(rows.relation, {{"", column_of(rows.source, static_cast<int>(number))}}, "");
    query::expression made;
    made.kind = query::expression_kind::scalar_subquery;
    made.type = rows.columns[0].type;
    made.relation = rows.relation;
    made.position = static_cast<node>(given.location() + 1);
    return assigned(table, column, q_.add(made));
}

bound_rows binding::update(ast statement) {
    scope_entry entered(*this);
    made_.read_only = false;
    with(statement["withClause"], entered.inner);
    ast range = statement["relation"];
    shared_table table = changed_table(range, "update");
    std::string name(range.has("alias") ? range["alias"].text("aliasname") : range.text("relname"));
    scope_item item = table_item(table, name);
    node target_source = item.source, relation = item.relation;
    add_items({std::move(item)});
    if (statement.has("fromClause")) {
        query::relation joined;
        joined.kind = relation_kind::join;
        joined.left = relation;
        joined.right = from(statement.list("fromClause"));
        relation = q_.add(joined);
    }
    std::vector<node> columns, values, where;
    assignments(statement.list("targetList"), *table, columns, values);
    if (statement.has("whereClause")) add_conjuncts(condition(statement["whereClause"], clause::where, "WHERE"), where);

    query::relation made;
    made.kind = relation_kind::update;
    made.left = filtered(relation, where);
    made.table = table_ordinal(table);
    made.target = target_source;
    made.assigned = q_.add_list(columns);
    made.expressions = q_.add_list(values);
    node change = q_.add(made);
    node source = row_item(table, name, change).source;
    rel(change).source = source;
    std::vector<scope_item> others(std::make_move_iterator(scope_->items.begin() + 1),
                                   std::make_move_iterator(scope_->items.end()));
    return changed(change, table, name, std::move(others), statement.list("returningList"));
}

bound_rows binding::erase(ast statement) {
    scope_entry entered(*this);
    made_.read_only = false;
    with(statement["withClause"], entered.inner);
    ast range = statement["relation"];
    shared_table table = changed_table(range, "delete from");
    std::string name(range.has("alias") ? range["alias"].text("aliasname") : range.text("relname"));
    scope_item item = table_item(table, name);
    node target_source = item.source, relation = item.relation;
    add_items({std::move(item)});
    if (statement.has("usingClause")) {
        query::relation joined;
        joined.kind = relation_kind::join;
        joined.left = relation;
        joined.right = from(statement.list("usingClause"));
        relation = q_.add(joined);
    }
    std::vector<node> where;
    if (statement.has("whereClause")) add_conjuncts(condition(statement["whereClause"], clause::where, "WHERE"), where);

    query::relation made;
    made.kind = relation_kind::erase;
    made.left = filtered(relation, where);
    made.table = table_ordinal(table);
    made.target = target_source;
    node change = q_.add(made);
    node source = row_item(table, name, change).source;
    rel(change).source = source;
    std::vector<scope_item> others(std::make_move_iterator(scope_->items.begin() + 1),
                                   std::make_move_iterator(scope_->items.end()));
    return changed(change, table, name, std::move(others), statement.list("returningList"));
}

}  // namespace phantomdb::sql
