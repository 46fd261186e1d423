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

/// Ordinals of the columns INSERT names, or of all.
std::vector<std::size_t> binding::insert_columns(ast statement, schema::table_descriptor const& table) const {
    std::vector<std::size_t> columns;
    if (!statement.has("cols")) {
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (!table.columns[i].dropped) columns.push_back(i);
        }
        return columns;
    }
    for (ast item : statement.list("cols")) {
        std::size_t column = assigned_column(item, table);
        if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
            throw at(
                error(errc::duplicate_column, "column \"" + table.columns[column].name + "\" specified more than once"),
                item);
        }
        columns.push_back(column);
    }
    return columns;
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

void binding::check_row_width(std::size_t values, std::size_t columns, ast_list given, ast_list column_items) const {
    if (values > columns) {
        std::int64_t location = given.size() > columns ? location_of_ast(given[columns]) : -1;
        throw at(error(errc::syntax_error, "INSERT has more expressions than target columns"), location);
    }
    if (values < columns && !column_items.empty()) {
        throw at(error(errc::syntax_error, "INSERT has more target columns than expressions"), column_items[values]);
    }
}

/// The rows to insert, and an expression over them for each of `columns` (fewer if the rows are narrower).
node binding::insert_rows(ast statement, shared_table const& table, std::vector<std::size_t> const& columns,
                          std::vector<node>& values) {
    ast select = statement["selectStmt"];
    if (!select) return unary(relation_kind::nothing, none);  // DEFAULT VALUES
    ast_list lists = select.list("valuesLists");
    ast_list column_items = statement.list("cols");
    bool plain_values =
        !lists.empty() && !select.has("sortClause") && !select.has("limitCount") && !select.has("limitOffset");
    if (!plain_values) {
        bound_rows rows = query_of(select, true);
        if (rows.columns.size() > columns.size()) {
            throw at(error(errc::syntax_error, "INSERT has more expressions than target columns"),
                     rows.columns[columns.size()].position - 1);
        }
        check_row_width(rows.columns.size(), columns.size(), {}, column_items);
        for (std::size_t i = 0; i < rows.columns.size(); ++i) {
            if (rows.columns[i].type.id == type_id::unknown)
                retype_column(rows, i, {table->columns[columns[i]].type.id});
            values.push_back(
                assigned(*table, columns[i], column_of(rows.source, static_cast<int>(i), rows.columns[i].position)));
        }
        return rows.relation;
    }
    with(select["withClause"], *scope_);
    auto value_of = [&](ast item, std::size_t column) {
        if (item.is("SetToDefault")) return default_of(*table, column);
        return assigned(*table, column, expression(item, clause::values));
    };
    if (lists.size() == 1) {  // one row needs no relation of its own
        ast_list items = lists.front().list("items");
        check_row_width(items.size(), columns.size(), items, column_items);
        for (std::size_t i = 0; i < items.size(); ++i) values.push_back(value_of(items[i], columns[i]));
        return unary(relation_kind::nothing, none);
    }
    std::size_t width = lists.front().list("items").size();
    std::vector<node> flat;
    std::vector<output_column> shown(width);
    flat.reserve(width * lists.size());
    for (ast row : lists) {
        ast_list items = row.list("items");
        if (items.size() != width) {
            throw at(error(errc::syntax_error, "VALUES lists must all be the same length"),
                     items.empty() ? -1 : location_of_ast(items.front()));
        }
        check_row_width(width, columns.size(), items, column_items);
        for (std::size_t i = 0; i < width; ++i) {
            flat.push_back(value_of(items[i], columns[i]));
            shown[i].type = table->columns[columns[i]].type;
        }
    }
    node relation = unary(relation_kind::values, none);
    rel(relation).expressions = q_.add_list(flat);
    rel(relation).width = static_cast<node>(width);
    node source = add_source("*VALUES*", shown, relation);
    rel(relation).source = source;
    for (std::size_t i = 0; i < width; ++i) values.push_back(column_of(source, static_cast<int>(i)));
    return relation;
}

bound_rows binding::insert(ast statement) {
    scope_entry entered(*this);
    made_.read_only = false;
    with(statement["withClause"], entered.inner);
    ast range = statement["relation"];
    shared_table table = changed_table(range, "insert into");
    std::string name(range.has("alias") ? range["alias"].text("aliasname") : range.text("relname"));

    // The new row cannot be named by what is inserted, but errors know of it.
    scope_item unseen = row_item(table, name, none);
    node source = unseen.source;
    unseen.named = unseen.shown = false;
    add_items({std::move(unseen)});
    std::vector<std::size_t> columns = insert_columns(statement, *table);
    std::vector<node> given;
    node rows = insert_rows(statement, table, columns, given);

    // Values for identity and generated columns are not for the user to give, DEFAULT aside.
    std::string_view overriding = statement.text("override");
    auto all_default = [&](std::size_t place) {
        ast_list lists = statement["selectStmt"].list("valuesLists");
        return !lists.empty() && std::all_of(lists.begin(), lists.end(), [&](ast row) {
            ast_list items = row.list("items");
            return place < items.size() && items[place].is("SetToDefault");
        });
    };
    std::vector<node> values(table->columns.size(), none);
    for (std::size_t i = 0; i < given.size(); ++i) {
        auto const& column = table->columns[columns[i]];
        bool identity = column.generated == schema::generation::always_as_identity;
        bool by_default = column.generated == schema::generation::by_default_as_identity;
        bool stored = column.generated == schema::generation::always_stored;
        if ((identity && overriding != "OVERRIDING_SYSTEM_VALUE" && overriding != "OVERRIDING_USER_VALUE") || stored) {
            if (!all_default(i)) {
                error failed(generated_always, "cannot insert a non-DEFAULT value into column \"" + column.name + "\"");
                failed.detail =
                    identity ? "Column \"" + column.name + "\" is an identity column defined as GENERATED ALWAYS."
                             : "Column \"" + column.name + "\" is a generated column.";
                if (identity) failed.hint = "Use OVERRIDING SYSTEM VALUE to override.";
                throw failed;
            }
        }
        if (stored || ((identity || by_default) && overriding == "OVERRIDING_USER_VALUE")) continue;
        values[columns[i]] = given[i];
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] == none) values[i] = default_of(*table, i);
    }

    query::relation made;
    made.kind = relation_kind::insert;
    made.left = rows;
    made.table = table_ordinal(table);
    made.expressions = q_.add_list(values);
    node change = q_.add(made);
    rel(change).source = source;
    q_.sources[static_cast<std::size_t>(source)].relation = change;
    if (statement.has("onConflictClause")) on_conflict(statement["onConflictClause"], change, table, name);
    return changed(change, table, name, {}, statement.list("returningList"));
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

node binding::conflict_index(ast infer, schema::table_descriptor const& table) const {
    if (std::string_view name = infer.text("conname"); !name.empty()) {
        for (std::size_t i = 0; i < table.indexes.size(); ++i) {
            if (table.indexes[i].name == name && table.indexes[i].constraint) return static_cast<node>(i);
        }
        throw error(errc::undefined_object,
                    "constraint \"" + std::string(name) + "\" for table \"" + table.name + "\" does not exist");
    }
    std::vector<int> wanted;
    for (ast element : infer.list("indexElems")) {
        std::string_view column = element.text("name");
        if (column.empty())
            throw at(error(errc::feature_not_supported, "ON CONFLICT over expressions is not supported"), infer);
        int number = table.find_column(column);
        if (number < 0)
            throw at(error(errc::undefined_column, "column \"" + std::string(column) + "\" does not exist"), infer);
        if (std::find(wanted.begin(), wanted.end(), number) == wanted.end()) wanted.push_back(number);
    }
    for (std::size_t i = 0; i < table.indexes.size(); ++i) {
        auto const& index = table.indexes[i];
        bool same = index.unique && index.keys.size() == wanted.size() &&
                    std::all_of(index.keys.begin(), index.keys.end(), [&](auto const& key) {
                        return std::find(wanted.begin(), wanted.end(), key.column) != wanted.end();
                    });
        if (same) return static_cast<node>(i);
    }
    throw error(errc::invalid_column_reference,
                "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

void binding::on_conflict(ast clause_node, node change, shared_table const& table, std::string const& name) {
    bool nothing = clause_node.text("action") == "ONCONFLICT_NOTHING";
    ast infer = clause_node["infer"];
    if (!nothing && !infer) {
        throw at(error(errc::syntax_error, "ON CONFLICT DO UPDATE requires inference specification or constraint name")
                     .with_hint("For example, ON CONFLICT (column_name)."),
                 clause_node);
    }
    node index = infer ? conflict_index(infer, *table) : none;
    rel(change).conflict = nothing ? query::conflict_action::nothing : query::conflict_action::update;
    rel(change).conflict_index = index;
    if (nothing) return;

    scope_item row = row_item(table, name, change);
    scope_item excluded = row_item(table, "excluded", change);
    excluded.schema.clear();
    rel(change).target = row.source;
    rel(change).excluded = excluded.source;
    scope_->items.clear();
    add_items({std::move(row), std::move(excluded)});
    std::vector<node> columns, values;
    assignments(clause_node.list("targetList"), *table, columns, values);
    rel(change).conflict_assigned = q_.add_list(columns);
    rel(change).conflict_expressions = q_.add_list(values);
    if (clause_node.has("whereClause")) {
        node filter = condition(clause_node["whereClause"], clause::where, "WHERE");
        rel(change).conflict_filter = filter;
    }
    scope_->items.clear();
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
