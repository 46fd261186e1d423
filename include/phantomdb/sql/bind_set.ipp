/// @file Implements set operations and VALUES, and ORDER BY and LIMIT over their columns.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

/// One side: a plain set operation goes on by itself, anything with ORDER BY, LIMIT or WITH of its own is a subquery.
bound_rows binding::set_side(ast statement) {
    bool own = statement.has("sortClause") || statement.has("limitCount") || statement.has("limitOffset") ||
               statement.has("withClause") || statement.has("lockingClause");
    if (statement.text("op") != "SETOP_NONE" && !own) return set_operation(statement, false);
    return select(statement, true);
}

bound_rows binding::set_operation(ast statement, bool outermost) {
    check_stack();
    if (outermost && statement.has("lockingClause")) {
        throw error(errc::feature_not_supported, "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT");
    }
    std::string_view op = statement.text("op");
    std::string_view what = op == "SETOP_UNION" ? "UNION" : op == "SETOP_INTERSECT" ? "INTERSECT" : "EXCEPT";
    bound_rows left = set_side(statement["larg"]);
    bound_rows right = set_side(statement["rarg"]);
    if (what == "EXCEPT") refuse_recursion(right.relation, what);
    if (left.columns.size() != right.columns.size()) {
        throw at(error(errc::syntax_error, "each " + std::string(what) + " query must have the same number of columns"),
                 right.columns.empty() ? -1 : right.columns[0].position - 1);
    }
    std::vector<sql_type> types = unify_columns(left, right, what);
    query::relation made;
    made.kind = relation_kind::set_operation;
    made.set = op == "SETOP_UNION"       ? query::set_kind::union_
               : op == "SETOP_INTERSECT" ? query::set_kind::intersect
                                         : query::set_kind::except;
    made.all = statement.flag("all");
    made.left = left.relation;
    made.right = right.relation;
    if (!made.all) {
        for (auto const& column : left.columns) {
            if (column.type.id == type_id::json) {
                throw at(error(errc::undefined_function, "could not identify an equality operator for type json"),
                         column.position - 1);
            }
        }
    }
    bound_rows rows;
    rows.columns = left.columns;
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
        rows.columns[i].nullable = left.columns[i].nullable || right.columns[i].nullable;
        rows.columns[i].from = {};
        rows.columns[i].type = types[i];
    }
    rows.relation = q_.add(made);
    rows.source = add_source("", rows.columns, rows.relation);
    rel(rows.relation).source = rows.source;
    return rows;
}

/// Brings both sides to the same types, and says which.
std::vector<sql_type> binding::unify_columns(bound_rows& left, bound_rows& right, std::string_view what) {
    std::vector<sql_type> types;
    for (std::size_t i = 0; i < left.columns.size(); ++i) {
        node const sides[] = {column_of(left.source, static_cast<int>(i), left.columns[i].position),
                              column_of(right.source, static_cast<int>(i), right.columns[i].position)};
        types.push_back(common_type(sides, what));
    }
    coerce_columns(left, types);
    coerce_columns(right, types);
    return types;
}

/// Gives the columns these types: in the project itself where a literal still waits for its type, else by one more project.
void binding::coerce_columns(bound_rows& rows, std::vector<sql_type> const& types) {
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (rows.columns[i].type.id == type_id::unknown) retype_column(rows, i, {types[i].id});
    }
    bool different = false;
    std::vector<target> targets;
    for (std::size_t i = 0; i < types.size(); ++i) {
        node column = column_of(rows.source, static_cast<int>(i), rows.columns[i].position);
        bool same = rows.columns[i].type.id == types[i].id;
        different = different || !same;
        targets.push_back({rows.columns[i].name, same ? column : must_coerce(column, types[i], coercion::implicit)});
    }
    if (different) {
        auto before = std::move(rows.columns);
        rows = projected(rows.relation, targets, "");
        for (std::size_t i = 0; i < before.size(); ++i) rows.columns[i].position = before[i].position;
    }
}

void binding::retype_column(bound_rows& rows, std::size_t column, sql_type to) {
    node project = q_.sources[static_cast<std::size_t>(rows.source)].relation;
    PHANTOMDB_ASSERT(rel(project).kind == relation_kind::project);
    auto place = static_cast<std::size_t>(rel(project).expressions.first) + column;
    node typed = must_coerce(q_.lists[place], to, coercion::implicit);
    q_.lists[place] = typed;
    auto& shown =
        q_.columns[static_cast<std::size_t>(q_.sources[static_cast<std::size_t>(rows.source)].columns.first) + column];
    shown.type = rows.columns[column].type = expr(typed).type;
    shown.nullable = rows.columns[column].nullable = expr(typed).nullable;
}

bound_rows binding::values(ast statement) {
    ast_list lists = statement.list("valuesLists");
    std::size_t width = lists.front().list("items").size();
    std::vector<std::vector<node>> columns(width);
    for (ast row : lists) {
        ast_list items = row.list("items");
        if (items.size() != width) {
            throw at(error(errc::syntax_error, "VALUES lists must all be the same length"),
                     items.empty() ? row : items.front());
        }
        for (std::size_t i = 0; i < width; ++i) columns[i].push_back(expression(items[i], clause::values));
    }
    bound_rows rows;
    for (std::size_t i = 0; i < width; ++i) {
        output_column column;
        column.name = "column" + std::to_string(i + 1);
        column.type = common_type(columns[i], "VALUES");
        column.nullable = false;
        column.position = static_cast<int>(location_of(columns[i][0]) + 1);
        for (node& value : columns[i]) {
            value = must_coerce(value, {column.type.id}, coercion::implicit);
            column.nullable = column.nullable || expr(value).nullable;
        }
        rows.columns.push_back(std::move(column));
    }
    std::vector<node> flat;
    for (std::size_t row = 0; row < lists.size(); ++row) {
        for (auto const& column : columns) flat.push_back(column[row]);
    }
    rows.relation = unary(relation_kind::values, none);
    rel(rows.relation).expressions = q_.add_list(flat);
    rel(rows.relation).width = static_cast<node>(width);
    rows.source = add_source("*VALUES*", rows.columns, rows.relation);
    rel(rows.relation).source = rows.source;
    return rows;
}

/// ORDER BY, LIMIT and OFFSET over the columns of a set operation or VALUES.
bound_rows binding::ordered_output(bound_rows rows, ast statement, std::string_view what) {
    std::vector<target> targets;
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
        targets.push_back({rows.columns[i].name, column_of(rows.source, static_cast<int>(i))});
    }
    if (statement.has("sortClause")) {
        std::vector<query::sort_key> keys;
        add_items({item_of_source(rows.source, what == "VALUES" ? "*VALUES*" : "", rows.relation)});
        for (auto const& key : order_by(statement.list("sortClause"), targets)) {
            if (targets[key.target].hidden && what != "VALUES") {
                throw at(error(errc::feature_not_supported, "invalid " + std::string(what) + " ORDER BY clause")
                             .with_detail("Only result column names can be used, not expressions or functions.")
                             .with_hint(
                                 "Add the expression/function to every SELECT, or move the UNION into a FROM clause."),
                         location_of(targets[key.target].value));
            }
            keys.push_back({targets[key.target].value, key.descending, key.nulls_first});
        }
        rows.relation = unary(relation_kind::sort, rows.relation);
        rel(rows.relation).sort = q_.add_keys(keys);
    }
    node offset = limit_expression(statement["limitOffset"], clause::offset);
    node count = limit_expression(statement["limitCount"], clause::limit);
    rows.relation = limited(rows.relation, count, offset, statement.text("limitOption") == "LIMIT_OPTION_WITH_TIES");
    return rows;
}

}  // namespace phantomdb::sql
