/// @file Implements WITH: each item is bound once; every use of it is a `common` relation with a source of its own.
///
/// When the statement is bound, an item used once becomes a plain project in its place, unless it is MATERIALIZED or
/// changes rows. Items that change rows run whether they are used or not: the statement's rows are joined with the
/// single row of a count over each of them.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

void binding::with(ast clause_node, scope& into) {
    if (!clause_node) return;
    bool recursive = clause_node.flag("recursive");
    ast_list items = clause_node.list("ctes");
    into.table_definitions = items;
    for (ast item : items) {
        std::string_view name = item.text("ctename");
        for (auto const& other : into.tables) {
            if (other->name == name) {
                throw at(error(errc::duplicate_alias,
                               "WITH query name \"" + std::string(name) + "\" specified more than once"),
                         item);
            }
        }
        if (item.has("search_clause") || item.has("cycle_clause")) {
            throw at(error(errc::feature_not_supported, "SEARCH and CYCLE are not supported"), item);
        }
        auto table = std::make_shared<common_table>();
        table->name = name;
        table->location = item.location();
        table->materialized = item.text("ctematerialized") == "CTEMaterializeAlways";
        if (recursive) into.tables.push_back(table);  // visible to itself
        common_query(item, *table, recursive);
        if (!recursive) into.tables.push_back(table);
        common_tables_.push_back(table);
        if (table->changes_rows) {
            if (into.outer) {
                throw at(error(errc::feature_not_supported,
                               "WITH clause containing a data-modifying statement must be at the top level"),
                         item);
            }
            changing_tables_.push_back(table);
        }
    }
}

void binding::common_query(ast item, common_table& table, bool recursive) {
    ast query = item["ctequery"];
    table.changes_rows = !query.is("SelectStmt");
    table.being_bound = true;
    bool may_recurse = recursive && query.is("SelectStmt") && query.text("op") == "SETOP_UNION";
    if (may_recurse) {
        recursive_query(item, table);
    } else {
        table.rows = query_of(query);
        table.has_rows = table.rows.source != none;
        rename_columns(table.rows, item.list("aliascolnames"), table.name, item.location());
    }
    table.being_bound = false;
}

/// `left UNION [ALL] right`, where right reads the rows of the previous round.
void binding::recursive_query(ast item, common_table& table) {
    ast query = item["ctequery"];
    scope_entry entered(*this);
    table.scope_number = entered.inner.number;
    with(query["withClause"], entered.inner);
    table.in_first_term = true;
    bound_rows left = set_side(query["larg"]);
    table.in_first_term = false;
    std::vector<sql_type> types;
    for (auto const& column : left.columns) {
        types.push_back(column.type.id == type_id::unknown ? sql_type{type_id::text} : column.type);
    }
    coerce_columns(left, types);
    rename_columns(left, item.list("aliascolnames"), table.name, item.location());
    table.rows = left;
    table.recursion = recursions_++;

    bound_rows right = set_side(query["rarg"]);
    bool all = query.flag("all");
    if (table.self_references > 0) {
        std::pair<std::string_view, std::int64_t> const clauses[] = {
            {"ORDER BY", query.has("sortClause") ? location_of_ast(query.list("sortClause").front()["node"]) : -1},
            {"OFFSET", query.has("limitOffset") ? location_of_ast(query["limitOffset"]) : -1},
            {"LIMIT", query.has("limitCount") ? location_of_ast(query["limitCount"]) : -1},
        };
        for (auto const& [what, location] : clauses) {
            if (location < 0) continue;
            throw at(error(errc::feature_not_supported, std::string(what) + " in a recursive query is not implemented"),
                     location);
        }
    }
    if (left.columns.size() != right.columns.size()) {
        throw at(error(errc::syntax_error, "each UNION query must have the same number of columns"),
                 right.columns.empty() ? -1 : right.columns[0].position - 1);
    }
    for (std::size_t i = 0; i < types.size(); ++i) {
        node const sides[] = {column_of(left.source, static_cast<int>(i), left.columns[i].position),
                              column_of(right.source, static_cast<int>(i), right.columns[i].position)};
        sql_type common = common_type(sides, "UNION");
        if (common.id != types[i].id) {
            throw at(error(errc::datatype_mismatch,
                           "recursive query \"" + table.name + "\" column " + std::to_string(i + 1) + " has type " +
                               std::string(facts(types[i].id).name) + " in non-recursive term but type " +
                               std::string(facts(common.id).name) + " overall")
                         .with_hint("Cast the output of the non-recursive term to the correct type."),
                     left.columns[i].position - 1);
        }
        if (common.modifier != types[i].modifier && right.columns[i].type.id != type_id::unknown) {
            throw at(
                error(errc::datatype_mismatch,
                      "recursive query \"" + table.name + "\" column " + std::to_string(i + 1) + " has type " +
                          format_type(types[i]) + " in non-recursive term but type " + format_type(common) + " overall")
                    .with_hint("Cast the output of the non-recursive term to the correct type."),
                left.columns[i].position - 1);
        }
    }
    coerce_columns(right, types);

    query::relation made;
    made.kind = table.self_references > 0 ? relation_kind::recursive : relation_kind::set_operation;
    made.left = left.relation;
    made.right = right.relation;
    made.all = all;
    made.detail = table.self_references > 0 ? table.recursion : none;
    bound_rows rows;
    rows.columns = left.columns;
    for (auto& column : rows.columns) column.nullable = true;
    rows.relation = q_.add(made);
    rows.source = add_source(table.name, rows.columns, rows.relation);
    rel(rows.relation).source = rows.source;
    table.rows = ordered_output(std::move(rows), query, "UNION/INTERSECT/EXCEPT");
    table.recursion = none;
}

/// Throws if `relation` reads the previous round of a recursive query.
void binding::refuse_recursion(node relation, std::string_view place) const {
    if (relation == none || recursions_ == 0) return;
    if (rel(relation).kind == relation_kind::working) {
        for (scope* from = scope_; from; from = from->outer) {
            for (auto const& table : from->tables) {
                if (table->recursion != rel(relation).detail) continue;
                throw at(error(errc::invalid_recursion, "recursive reference to query \"" + table->name +
                                                            "\" must not appear within " + std::string(place)),
                         table->self_location);
            }
        }
    }
    refuse_recursion(rel(relation).left, place);
    refuse_recursion(rel(relation).right, place);
}

void binding::rename_columns(bound_rows& rows, ast_list names, std::string_view table, std::int64_t location) {
    if (names.size() > rows.columns.size()) {
        throw at(error(errc::invalid_column_reference,
                       "WITH query \"" + std::string(table) + "\" has " + std::to_string(rows.columns.size()) +
                           " columns available but " + std::to_string(names.size()) + " columns specified"),
                 location);
    }
    for (std::size_t i = 0; i < names.size(); ++i) rows.columns[i].name = names[i].text("sval");
}

std::shared_ptr<common_table> binding::find_common_table(std::string_view name) const {
    for (scope* from = scope_; from; from = from->outer) {
        for (auto const& table : from->tables) {
            if (table->name == name) return table;
        }
    }
    return nullptr;
}

/// A use of a WITH item in FROM.
scope_item binding::common_use(std::shared_ptr<common_table> const& table, std::string_view alias, ast reference) {
    bool inside = table->being_bound;
    if (inside) {
        ++table->self_references;
        if (table->in_first_term) {
            throw at(error(errc::invalid_recursion, "recursive reference to query \"" + table->name +
                                                        "\" must not appear within its non-recursive term"),
                     reference);
        }
        if (table->recursion == none) {
            throw at(error(errc::invalid_recursion,
                           table->changes_rows
                               ? "recursive query \"" + table->name + "\" must not contain data-modifying statements"
                               : "recursive query \"" + table->name +
                                     "\" does not have the form non-recursive-term UNION [ALL] recursive-term"),
                     table->location);
        }
        if (table->self_references > 1) {
            throw at(error(errc::invalid_recursion,
                           "recursive reference to query \"" + table->name + "\" must not appear more than once"),
                     reference);
        }
    }
    if (!table->has_rows) {
        throw at(
            error(errc::feature_not_supported, "WITH query \"" + table->name + "\" does not have a RETURNING clause"),
            reference);
    }
    for (scope* from = inside ? scope_->outer : nullptr; from && from->number > table->scope_number;
         from = from->outer) {
        if (from->where == clause::other) continue;  // a subquery in FROM
        throw at(error(errc::invalid_recursion,
                       "recursive reference to query \"" + table->name + "\" must not appear within a subquery"),
                 reference);
    }
    if (inside) table->self_location = reference.location();
    query::relation made;
    made.kind = inside ? relation_kind::working : relation_kind::common;
    made.detail = inside ? table->recursion : none;
    made.left = inside ? none : table->rows.relation;
    node relation = q_.add(made);
    auto columns = table->rows.columns;
    if (inside) {
        for (auto& column : columns) column.nullable = true;
    }
    node source = add_source(table->name, columns, relation);
    rel(relation).source = source;
    if (!inside) table->uses.push_back(relation);
    return item_of_source(source, std::string(alias), relation);
}

/// Items that are used once need not be kept: they become projects in place.
void binding::settle_common_tables() {
    for (auto const& table : common_tables_) {
        if (table->uses.size() != 1 || table->materialized || table->changes_rows) continue;
        query::relation& use = rel(table->uses[0]);
        use.kind = relation_kind::project;
        node count = static_cast<node>(table->rows.columns.size());
        std::vector<node> columns;
        for (node i = 0; i < count; ++i) columns.push_back(column_of(table->rows.source, i));
        rel(table->uses[0]).expressions = q_.add_list(columns);
    }
}

/// Makes the statement run its changing WITH items to their end.
void binding::run_changing_tables(bound_rows& rows) {
    if (changing_tables_.empty()) return;
    // Below a change, so that what it did is counted alone; else on top.
    node change = rows.relation;
    auto is_change = [&](node r) {
        return rel(r).kind == relation_kind::insert || rel(r).kind == relation_kind::update ||
               rel(r).kind == relation_kind::erase;
    };
    while (change != none && !is_change(change))
        change = rel(change).kind == relation_kind::project ? rel(change).left : none;
    node relation = change == none ? rows.relation : rel(change).left;
    for (auto const& table : changing_tables_) {
        query::relation use;
        use.kind = relation_kind::common;
        use.left = table->rows.relation;
        node read = q_.add(use);
        node source = add_source(table->name, table->rows.columns, read);
        rel(read).source = source;
        node counted = unary(relation_kind::aggregate, read);
        query::expression count;
        count.kind = expression_kind::aggregate;
        count.aggregate = aggregate_id::count_all;
        count.type = {type_id::int8};
        count.nullable = false;
        node const calls[] = {q_.add(count)};
        rel(counted).aggregates = q_.add_list(calls);
        node counts = add_source("", {{"count", {type_id::int8}, false, {}, 0}}, counted);
        rel(counted).source = counts;
        query::relation joined;
        joined.kind = relation_kind::join;
        joined.left = counted;
        joined.right = relation;
        relation = q_.add(joined);
    }
    if (change != none) {
        rel(change).left = relation;
        return;
    }
    std::vector<target> targets;
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
        targets.push_back({rows.columns[i].name, column_of(rows.source, static_cast<int>(i))});
    }
    rows = projected(relation, targets, "");
}

}  // namespace phantomdb::sql
