/// @file Implements FROM: tables, views, WITH items, subqueries, functions, and joins of them.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

/// The items of FROM, joined; a single row where there are none. Afterwards all of them are in scope.
node binding::from(ast_list items) {
    node relation = none;
    for (ast item : items) {
        from_item next = from_element(item);
        check_names(scope_->items, next.items, -1);
        for (auto& each : next.items) each.lateral_only = true, each.lateral_allowed = true;
        if (relation == none) {
            relation = next.relation;
        } else {
            query::relation joined;
            joined.kind = relation_kind::join;
            joined.left = relation;
            joined.right = next.relation;
            joined.lateral = next.lateral;
            relation = q_.add(joined);
        }
        add_items(std::move(next.items));
    }
    for (auto& item : scope_->items) item.lateral_only = false;
    return relation != none ? relation : unary(relation_kind::nothing, none);
}

binding::from_item binding::from_element(ast item) {
    check_stack();
    if (item.is("RangeVar")) return from_table(item);
    if (item.is("RangeSubselect")) return from_subquery(item);
    if (item.is("RangeFunction")) return from_function(item);
    if (item.is("JoinExpr")) return from_join(item);
    throw at(
        error(errc::feature_not_supported,
              item.is("RangeTableSample") ? "TABLESAMPLE is not supported" : "this kind of FROM item is not supported"),
        item);
}

/// Puts items in scope; from now on their sources belong to it.
void binding::add_items(std::vector<scope_item> items) {
    for (auto& item : items) {
        if (item.source != none) source_scopes_[static_cast<std::size_t>(item.source)] = scope_->number;
        scope_->items.push_back(std::move(item));
    }
}

void binding::check_names(std::vector<scope_item> const& present, std::vector<scope_item> const& added,
                          std::int64_t location) {
    for (auto const& old : present) {
        for (auto const& item : added) {
            if (!old.named || !item.named || old.name.empty() || old.name != item.name) continue;
            // Two tables of different schemas may share a name as long as it is not used.
            if (old.table && item.table && !old.schema.empty() && !item.schema.empty() && old.schema != item.schema)
                continue;
            throw at(error(errc::duplicate_alias, "table name \"" + item.name + "\" specified more than once"),
                     location);
        }
    }
}

node binding::table_ordinal(std::shared_ptr<schema::table_descriptor const> const& table) {
    for (std::size_t i = 0; i < made_.tables.size(); ++i) {
        if (made_.tables[i]->id == table->id) return static_cast<node>(i);
    }
    made_.tables.push_back(table);
    return static_cast<node>(made_.tables.size() - 1);
}

/// The relation a RangeVar names; 42P01 where there is none.
schema::relation_reference binding::find_relation(ast range) const {
    std::string_view schema = range.text("schemaname"), name = range.text("relname"),
                     database = range.text("catalogname");
    if (!database.empty() && database != context_.database_name) {
        throw at(error(errc::feature_not_supported, "cross-database references are not implemented: \"" +
                                                        std::string(database) + "." + std::string(schema) + "." +
                                                        std::string(name) + "\""),
                 range);
    }
    auto found = context_.names.find(schema, name);
    if (!found) {
        std::string shown = schema.empty() ? std::string(name) : std::string(schema) + "." + std::string(name);
        error failed(errc::undefined_table, "relation \"" + shown + "\" does not exist");
        for (scope* from = scope_; from && schema.empty(); from = from->outer) {
            for (ast later : from->table_definitions) {
                if (later.text("ctename") != name) continue;
                failed.detail = "There is a WITH item named \"" + shown +
                                "\", but it cannot be referenced from this part of the query.";
                failed.hint = "Use WITH RECURSIVE, or re-order the WITH items to remove forward references.";
            }
        }
        throw at(std::move(failed), range);
    }
    return *found;
}

/// An item with a source of its own that holds rows of a table.
scope_item binding::row_item(std::shared_ptr<schema::table_descriptor const> const& table, std::string name,
                             node relation) {
    std::vector<output_column> columns;
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
        auto const& column = table->columns[i];
        columns.push_back({column.dropped ? "" : column.name,
                           column.type,
                           !column.not_null,
                           {table->id, static_cast<std::int16_t>(i + 1)},
                           0});
    }
    node source = add_source(name, columns, relation);
    scope_item item = item_of_source(source, std::move(name), relation);
    std::erase_if(item.columns, [&](auto const& column) {
        return table->columns[static_cast<std::size_t>(column.prototype.column)].dropped;
    });
    item.table = table;
    item.schema = table->schema_name;
    return item;
}

/// A scan of a table.
scope_item binding::table_item(std::shared_ptr<schema::table_descriptor const> const& table, std::string name) {
    query::relation made;
    made.kind = relation_kind::table;
    made.table = table_ordinal(table);
    node relation = q_.add(made);
    scope_item item = row_item(table, std::move(name), relation);
    rel(relation).source = item.source;
    return item;
}

/// An item with the columns of a source.
scope_item binding::item_of_source(node source, std::string name, node relation) {
    scope_item item;
    item.name = std::move(name);
    item.source = source;
    item.relation = relation;
    query::slice columns = q_.sources[static_cast<std::size_t>(source)].columns;
    for (node i = 0; i < columns.count; ++i) {
        auto const& column = q_.columns[static_cast<std::size_t>(columns.first + i)];
        scope_column made;
        made.name = q_.view().name(column.name);
        made.prototype.kind = expression_kind::column;
        made.prototype.source = source;
        made.prototype.column = i;
        made.prototype.type = column.type;
        made.prototype.nullable = column.nullable;
        item.columns.push_back(std::move(made));
    }
    return item;
}

binding::from_item binding::from_rows(bound_rows const& rows, std::string name) {
    from_item made;
    made.relation = rows.relation;
    scope_item item = item_of_source(rows.source, std::move(name), rows.relation);
    for (std::size_t i = 0; i < item.columns.size(); ++i) item.columns[i].name = rows.columns[i].name;
    made.items.push_back(std::move(item));
    return made;
}

/// Renames an item and its columns: FROM x AS alias (a, b).
void binding::apply_alias(scope_item& item, ast alias, std::string_view shown) {
    if (!alias) return;
    ast_list names = alias.list("colnames");
    item.name = alias.text("aliasname");
    item.schema.clear();
    if (item.source != none) {
        auto& source = q_.sources[static_cast<std::size_t>(item.source)];
        source.name = q_.add_text(item.name);
    }
    if (names.size() > item.columns.size()) {
        throw error(errc::invalid_column_reference,
                    std::string(shown) + " \"" + item.name + "\" has " + std::to_string(item.columns.size()) +
                        " columns available but " + std::to_string(names.size()) + " columns specified");
    }
    for (std::size_t i = 0; i < names.size(); ++i) item.columns[i].name = names[i].text("sval");
}

binding::from_item binding::from_table(ast item) {
    std::string_view name = item.text("relname");
    from_item made;
    if (!item.has("schemaname")) {
        if (auto table = find_common_table(name)) {
            made.items.push_back(common_use(table, name, item));
            made.relation = made.items[0].relation;
            apply_alias(made.items[0], item["alias"], "table");
            return made;
        }
    }
    schema::relation_reference found = find_relation(item);
    if (found.type == schema::relation_type::view) return from_view(context_.names.catalog->view(found.id), item);
    if (found.type == schema::relation_type::index) {
        throw at(error(errc::wrong_object_type, "cannot open relation \"" + std::string(name) + "\"")
                     .with_detail("This operation is not supported for indexes."),
                 item);
    }
    if (found.type == schema::relation_type::sequence) {
        throw at(error(errc::feature_not_supported, "reading a sequence as a table is not supported"), item);
    }
    made.items.push_back(table_item(context_.names.catalog->table(found.id), std::string(name)));
    made.relation = made.items[0].relation;
    apply_alias(made.items[0], item["alias"], "table");
    return made;
}

/// A view is its query, bound as if it stood alone.
binding::from_item binding::from_view(std::shared_ptr<schema::view_descriptor const> const& view, ast item) {
    std::string full = view->schema_name + "." + view->name;
    if (std::find(views_in_progress_.begin(), views_in_progress_.end(), full) != views_in_progress_.end()) {
        throw at(error(errc::invalid_object_definition,
                       "infinite recursion detected in rules for relation \"" + view->name + "\""),
                 item);
    }
    views_in_progress_.push_back(full);
    parsed_script script = parse(view->query);
    stored_scripts_.push_back(script);
    bound_rows rows;
    {
        stored_text entered(*this, script.text());
        rows = query_of(script.statements().at(0).node);
    }
    views_in_progress_.pop_back();
    from_item made = from_rows(rows, view->name);
    for (std::size_t i = 0; i < made.items[0].columns.size() && i < view->columns.size(); ++i) {
        made.items[0].columns[i].name = view->columns[i].name;
    }
    // RowDescription names the view's own columns as their origin.
    query::slice columns = q_.sources[static_cast<std::size_t>(rows.source)].columns;
    for (node i = 0; i < columns.count; ++i) {
        origins_[static_cast<std::size_t>(columns.first + i)] = {view->id, static_cast<std::int16_t>(i + 1)};
    }
    made.items[0].schema = view->schema_name;
    apply_alias(made.items[0], item["alias"], "table");
    return made;
}

binding::from_item binding::from_subquery(ast item) {
    bool lateral = item.flag("lateral");
    bool before = std::exchange(scope_->lateral_active, lateral);
    bound_rows rows = query_of(item["subquery"]);
    scope_->lateral_active = before;
    from_item made = from_rows(rows, "");
    made.lateral = lateral && uses_scope(rows.relation, scope_->number);
    apply_alias(made.items[0], item["alias"], "table");
    return made;
}

/// Whether a relation refers to columns that the scope reads.
bool binding::uses_scope(node relation, int number) const {
    return relation_contains(relation, [&](node part) {
        return expr(part).kind == expression_kind::column &&
               source_scopes_[static_cast<std::size_t>(expr(part).source)] == number;
    });
}

}  // namespace phantomdb::sql
