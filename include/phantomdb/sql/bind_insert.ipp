/// @file Implements INSERT: the rows it is given, their columns, ON CONFLICT.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::relation_kind;

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

}  // namespace phantomdb::sql
