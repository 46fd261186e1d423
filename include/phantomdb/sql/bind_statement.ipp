/// @file Implements `bind`: whole statements, their parameters and what comes out of them.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/sql/binding.hpp>

#include <algorithm>

namespace phantomdb::sql {

namespace {

/// Bytes of stack the binder may use before it gives up on a statement.
constexpr std::ptrdiff_t stack_allowance = 3 * 1024 * 1024;

}  // namespace

std::optional<schema::relation_reference> name_space::find(std::string_view schema_name, std::string_view name) const {
    if (!schema_name.empty()) {
        auto const* found = catalog->find_schema(database, schema_name);
        return found ? catalog->find_relation(found->id, name) : std::nullopt;
    }
    for (schema::object_id place : search_path) {
        if (auto found = catalog->find_relation(place, name)) return found;
    }
    return std::nullopt;
}

bool is_query(ast statement) {
    return (statement.is("SelectStmt") && !statement.has("intoClause")) || statement.is("InsertStmt") ||
           statement.is("UpdateStmt") || statement.is("DeleteStmt");
}

bound_statement bind(ast statement, std::string_view text, bind_context const& context) {
    return binding(context, text).take(statement);
}

binding::binding(bind_context const& context, std::string_view text) : context_(context), text_(text), q_(made_.query) {
    made_.parameters = context.parameters;
    made_.catalog_version = context.names.catalog->version();
}

bound_statement binding::take(ast statement) {
    stack_base_ = static_cast<char const*>(__builtin_frame_address(0));
    bound_rows rows = query_of(statement);
    made_.tag = statement.is("InsertStmt")   ? "INSERT"
                : statement.is("UpdateStmt") ? "UPDATE"
                : statement.is("DeleteStmt") ? "DELETE"
                                             : "SELECT";
    run_changing_tables(rows);
    finish_parameters();
    settle_common_tables();
    q_.root = rows.relation;
    made_.output = rows.source;
    note_columns(rows);
    return std::move(made_);
}

bound_rows binding::query_of(ast statement, bool keep_unknown) {
    if (statement.is("InsertStmt")) return insert(statement);
    if (statement.is("UpdateStmt")) return update(statement);
    if (statement.is("DeleteStmt")) return erase(statement);
    if (statement.is("SelectStmt") || statement.has("op")) return select(statement, keep_unknown);
    throw error(errc::feature_not_supported, "this statement cannot be used as a query");
}

void binding::note_columns(bound_rows const& rows) {
    for (auto const& column : rows.columns) {
        made_.columns.push_back({column.name, column.type, column.from.table, column.from.column});
    }
}

/// Gives every parameter its final type. References made before the type was known are told.
void binding::finish_parameters() {
    for (std::size_t i = 0; i < made_.parameters.size(); ++i) {
        if (made_.parameters[i].id == type_id::unknown && context_.infer_parameters) {
            throw error(errc::indeterminate_datatype,
                        "could not determine data type of parameter $" + std::to_string(i + 1));
        }
    }
    for (auto const& type : made_.parameters) {
        query::parameter made;
        made.type = type;
        q_.parameters.push_back(made);
    }
    for (auto& e : q_.expressions) {
        if (e.kind == query::expression_kind::parameter) e.type = made_.parameters[static_cast<std::size_t>(e.detail)];
    }
}

void binding::check_stack() const {
    // Not the address of a variable: a sanitizer may keep those elsewhere.
    std::ptrdiff_t used = stack_base_ - static_cast<char const*>(__builtin_frame_address(0));
    if (used > stack_allowance || used < -stack_allowance) {
        throw error(errc::statement_too_complex, "stack depth limit exceeded")
            .with_hint(
                "The statement nests expressions too deep; write it as lists (IN, VALUES, AND) or in several "
                "statements.");
    }
}

error binding::at(error failed, std::int64_t location) const {
    if (positions_ && !text_.empty() && location >= 0) failed.position = character_position(text_, location);
    return failed;
}

std::span<node const> binding::arguments(node e) const {
    query::slice items = expr(e).arguments;
    return std::span<node const>(q_.lists).subspan(static_cast<std::size_t>(items.first),
                                                   static_cast<std::size_t>(items.count));
}

std::int64_t binding::location_of(node e) const {
    std::int64_t leftmost = expr(e).position - 1;
    if (expr(e).kind == query::expression_kind::column) return leftmost;
    for (node operand : arguments(e)) {
        std::int64_t found = location_of(operand);
        if (found >= 0 && (leftmost < 0 || found < leftmost)) leftmost = found;
    }
    return leftmost;
}

std::int64_t binding::location_of_ast(ast e) {
    std::int64_t leftmost = e.location();
    for (ast operand : {e["lexpr"], e["arg"]}) {
        if (!operand) continue;
        std::int64_t found = location_of_ast(operand);
        if (found >= 0 && (leftmost < 0 || found < leftmost)) leftmost = found;
    }
    return leftmost;
}

node binding::unary(query::relation_kind kind, node left) {
    query::relation made;
    made.kind = kind;
    made.left = left;
    return q_.add(made);
}

node binding::filtered(node relation, std::vector<node> const& conjuncts) {
    if (conjuncts.empty()) return relation;
    node made = unary(query::relation_kind::filter, relation);
    rel(made).expressions = q_.add_list(conjuncts);
    return made;
}

node binding::add_source(std::string_view name, std::vector<output_column> const& columns, node relation) {
    std::vector<query::column> made;
    for (auto const& column : columns) {
        query::column next;
        next.type = column.type;
        next.nullable = column.nullable;
        next.name = q_.add_text(column.name);
        made.push_back(next);
        origins_.push_back(column.from);
    }
    node source = q_.add_source(name, made, relation);
    source_scopes_.resize(static_cast<std::size_t>(source) + 1, -1);
    return source;
}

node binding::column_of(node source, int column, int position) {
    query::slice columns = q_.sources[static_cast<std::size_t>(source)].columns;
    auto const& shown = q_.columns[static_cast<std::size_t>(columns.first + column)];
    query::expression made;
    made.kind = query::expression_kind::column;
    made.source = source;
    made.column = column;
    made.type = shown.type;
    made.nullable = shown.nullable;
    made.position = position;
    return q_.add(made);
}

/// A project of the visible targets.
bound_rows binding::projected(node relation, std::vector<target> const& targets, std::string_view name) {
    bound_rows rows;
    std::vector<node> values;
    for (auto const& each : targets) {
        if (each.hidden) continue;
        auto const& value = expr(each.value);
        output_column column{each.name, value.type, value.nullable, {}, static_cast<int>(location_of(each.value) + 1)};
        if (value.kind == query::expression_kind::column) {
            query::slice columns = q_.sources[static_cast<std::size_t>(value.source)].columns;
            if (value.column < columns.count)
                column.from = origins_[static_cast<std::size_t>(columns.first + value.column)];
        }
        rows.columns.push_back(std::move(column));
        values.push_back(each.value);
    }
    rows.relation = unary(query::relation_kind::project, relation);
    rel(rows.relation).expressions = q_.add_list(values);
    rows.source = add_source(name, rows.columns, rows.relation);
    rel(rows.relation).source = rows.source;
    return rows;
}

}  // namespace phantomdb::sql
