/// @file Implements calls of functions and aggregates.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

namespace {

bool is_aggregate_name(std::string_view name) { return !query::detail::aggregates_named(name).empty(); }

}  // namespace

node binding::call_node(ast e) {
    auto names = e.names("funcname");
    std::string_view name = names.back();
    std::string own;  // of the schema phantom, in which names are kept whole
    std::int64_t location = e.location();
    std::vector<node> operands;
    ast_list given = e.list("args");
    for (ast item : given) {
        if (item.is("NamedArgExpr"))
            throw at(error(errc::feature_not_supported, "named arguments are not supported"), item);
        operands.push_back(expression(item));
    }
    if (e.flag("func_variadic"))
        throw at(error(errc::feature_not_supported, "VARIADIC arguments are not supported"), e);
    if (names.size() > 1 && names[names.size() - 2] == "phantom") {
        own = "phantom." + std::string(name);
        name = own;
    } else if (names.size() > 1 && names[names.size() - 2] != "pg_catalog") {
        no_such_function(std::string(names[names.size() - 2]) + "." + std::string(name), operands, location, false);
    }
    bool aggregate = is_aggregate_name(name);
    bool window_only = is_window_function(name);
    if (e.has("over")) {
        if (!aggregate && !window_only) {
            throw at(error(errc::wrong_object_type, "OVER specified, but " + std::string(name) +
                                                        " is not a window function nor an aggregate function"),
                     location);
        }
        return window_call(e, name, std::move(operands));
    }
    if (window_only) {
        throw at(error(errc::wrong_object_type, "window function " + std::string(name) + " requires an OVER clause"),
                 location);
    }
    if (aggregate) return aggregate_call(e, name, std::move(operands));
    for (auto [field, words] :
         {std::pair{"agg_star", "(*) specified, but "}, std::pair{"agg_distinct", "DISTINCT specified, but "},
          std::pair{"agg_order", "ORDER BY specified, but "}, std::pair{"agg_filter", "FILTER specified, but "}}) {
        if (!e.has(field)) continue;
        std::string message = std::string_view(field) == "agg_star" ? std::string(name) + words + std::string(name)
                                                                    : words + std::string(name);
        if (std::string_view(field) == "agg_star" && !query::resolve<function_id>(name, {}))
            no_such_function(name, {}, location, false);
        throw at(error(errc::wrong_object_type, message + " is not an aggregate function"), location);
    }
    if ((name == "array_upper" || name == "array_length") && operands.size() == 2 && is_catalog_list(operands[0])) {
        auto text = [&](std::string_view characters) {
            return add_text_literal({type_id::text}, characters, location);
        };
        node bare = call("replace", {operands[0], text(","), text("")}, location);
        node commas =
            operation("-", call("length", {operands[0]}, location), call("length", {bare}, location), location);
        return operation("+", commas, add_literal({type_id::int4}, datum{std::int64_t{1}}, location), location);
    }
    // A function call over one argument may be a cast in disguise: int4(x), text(x).
    return call(name, std::move(operands), location);
}

/// A plain function by its name.
node binding::call(std::string_view name, std::vector<node> operands, std::int64_t location, bool explicit_call) {
    std::vector<type_id> types;
    for (node operand : operands) types.push_back(type(operand));
    auto found = query::resolve<function_id>(name, types);
    if (!found && operands.size() == 1 && explicit_call) {
        if (auto to = find_type(name); to && *to != type_id::void_) {
            bool text_involved = is_string(types[0]) || is_string(*to);
            if (types[0] == type_id::unknown || castable(types[0], *to) == cast_context::implicit || !text_involved) {
                if (node made = coerce(operands[0], {*to}, coercion::explicit_); made != none) return made;
            }
        }
    }
    if (!found) no_such_function(name, operands, location, found.status == query::resolution_status::ambiguous);
    auto const& signature = signature_of(found.id);
    node made = function_call(found.id, std::move(operands), location);
    if (signature.is_set_returning()) return set_function(made);
    return made;
}

namespace {

/// Functions whose first argument is a regclass in PostgreSQL: a name in quotes is looked up.
bool takes_relation(function_id id) {
    using enum function_id;
    return id == pg_relation_size || id == pg_relation_size_fork || id == pg_table_size || id == pg_indexes_size ||
           id == pg_total_relation_size;
}

}  // namespace

node binding::function_call(function_id id, std::vector<node> operands, std::int64_t location) {
    auto const& signature = signature_of(id);
    query::resolution<function_id> found{query::resolution_status::found, id};
    query::expression made;
    made.kind = expression_kind::call;
    made.function = id;
    made.position = static_cast<node>(location + 1);
    bool any_nullable = false;
    type_id polymorphic = type_id::text;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        type_id given = type(operands[i]);
        type_id wanted = found.target(i, given);
        if (is_polymorphic(signature.argument(i))) polymorphic = wanted;
        if (i == 0 && takes_relation(id)) operands[i] = to_object_id(operands[i], "regclass", location);
        operands[i] = must_coerce(operands[i], {wanted}, coercion::implicit);
        any_nullable = any_nullable || expr(operands[i]).nullable;
    }
    made.type = {is_polymorphic(signature.result) ? polymorphic : signature.result};
    // Operators on plain values give a value for values; documents and functions may not.
    char category = facts(made.type.id).category;
    made.nullable = any_nullable || !signature.is_operator() || !signature.is_strict() || category == 'U';
    for (node operand : operands) {
        if (type(operand) == type_id::jsonb || type(operand) == type_id::json) made.nullable = true;
    }
    made.arguments = q_.add_list(operands);
    return q_.add(made);
}

void binding::no_such_function(std::string_view name, std::vector<node> const& operands, std::int64_t location,
                               bool ambiguous) {
    std::string shown(name);
    shown += "(";
    for (std::size_t i = 0; i < operands.size(); ++i) {
        if (i) shown += ", ";
        shown += facts(type(operands[i])).name;
    }
    shown += ")";
    if (ambiguous) {
        throw at(
            error(errc::ambiguous_function, "function " + shown + " is not unique")
                .with_hint("Could not choose a best candidate function. You might need to add explicit type casts."),
            location);
    }
    throw at(
        error(errc::undefined_function, "function " + shown + " does not exist")
            .with_hint(
                "No function matches the given name and argument types. You might need to add explicit type casts."),
        location);
}

/// A set-returning call in the select list becomes an item of FROM, one row of output per element.
node binding::set_function(node called) {
    if (!scope_ || (scope_->where != clause::select_list && scope_->where != clause::from_function)) {
        throw at(error(errc::feature_not_supported, "set-returning functions are not allowed in " +
                                                        std::string(scope_ ? name_of(scope_->where) : "this place")),
                 expr(called).position - 1);
    }
    query::relation scan;
    scan.kind = relation_kind::function_scan;
    node const calls[] = {called};
    scan.expressions = q_.add_list(calls);
    node made = q_.add(scan);
    std::string_view name = signature_of(expr(called).function).name;
    std::vector<output_column> columns;
    if (name.starts_with("json_each") || name.starts_with("jsonb_each")) {
        if (scope_->where == clause::select_list) {
            throw at(error(errc::feature_not_supported, "function " + std::string(name) + " is supported in FROM only"),
                     expr(called).position - 1);
        }
        columns.push_back({"key", {type_id::text}, false, {}, 0});
    }
    bool const checks = expr(called).function == function_id::phantomdb_check;
    if (checks) {
        if (scope_->where == clause::select_list) {
            throw at(error(errc::feature_not_supported, "function " + std::string(name) + " is supported in FROM only"),
                     expr(called).position - 1);
        }
        columns.push_back({"object", {type_id::text}, false, {}, 0});
    }
    // Without an alias for its column, a function in FROM names it after itself, unless it has a name for it.
    bool named = !columns.empty() || name.find("array_elements") != std::string_view::npos;
    columns.push_back({checks ? "problem" : named ? "value" : "", expr(called).type, true, {}, 0});
    node source = add_source("", columns, made);
    rel(made).source = source;
    scope_->set_functions.push_back(made);
    return column_of(rel(made).source, 0, expr(called).position);
}

/// The scope an aggregate belongs to: that of the innermost column in its arguments, or this one.
scope* binding::aggregate_owner(std::vector<node> const& operands) const {
    int innermost = -1;
    auto look = [&](node part) {
        if (expr(part).kind == expression_kind::column) {
            int number = source_scopes_[static_cast<std::size_t>(expr(part).source)];
            if (number <= scope_->number) innermost = std::max(innermost, number);
        }
        return false;
    };
    for (node operand : operands) contains(operand, look);
    for (scope* from = scope_; from; from = from->outer) {
        if (innermost >= 0 && from->number == innermost) return from;
    }
    return scope_;
}

void binding::check_aggregate_place(scope const& owner, std::int64_t location) const {
    std::string where(name_of(owner.where));
    switch (owner.where) {
        case clause::select_list:
        case clause::having:
        case clause::order_by:
        case clause::distinct_on:
        case clause::window_partition:
        case clause::window_order: return;
        case clause::other: where = "this place"; break;
        default: break;
    }
    throw at(error(errc::grouping_error, "aggregate functions are not allowed in " + where), location);
}

std::vector<query::sort_key> binding::call_order(ast_list items) {
    std::vector<query::sort_key> keys;
    for (ast item : items) {
        node value = resolve_unknown(expression(item["node"]));
        check_sortable(value, location_of(value));
        query::sort_key key;
        key.expression = value;
        key.descending = item.text("sortby_dir") == "SORTBY_DESC";
        std::string_view nulls = item.text("sortby_nulls");
        key.nulls_first = nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && key.descending);
        keys.push_back(key);
    }
    return keys;
}

node binding::aggregate_call(ast e, std::string_view name, std::vector<node> operands) {
    std::int64_t location = e.location();
    if (e.flag("agg_within_group")) {
        throw at(error(errc::feature_not_supported, "ordered-set aggregates are not supported"), location);
    }
    std::vector<type_id> types;
    for (node operand : operands) types.push_back(type(operand));
    if (operands.empty() && !e.flag("agg_star")) {
        if (name == "count") {
            throw at(error(errc::wrong_object_type, "count(*) must be used to call a parameterless aggregate function"),
                     location);
        }
        no_such_function(name, operands, location, false);
    }
    auto found = query::resolve<aggregate_id>(name, types);
    if (!found) no_such_function(name, operands, location, found.status == query::resolution_status::ambiguous);
    auto const& signature = signature_of(found.id);
    query::expression made;
    made.kind = e.has("over") ? expression_kind::window_call : expression_kind::aggregate;
    made.aggregate = found.id;
    made.position = static_cast<node>(location + 1);
    made.flag = e.flag("agg_distinct");
    type_id polymorphic = type_id::text;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        type_id wanted = found.target(i, types[i]);
        if (is_polymorphic(signature.argument(i))) polymorphic = wanted;
        operands[i] = must_coerce(operands[i], {wanted}, coercion::implicit);
    }
    made.type = {is_polymorphic(signature.result) ? polymorphic : signature.result};
    made.nullable = name != "count";
    made.arguments = q_.add_list(operands);

    auto keys = call_order(e.list("agg_order"));
    if (made.flag) {
        if (operands.empty())
            throw at(error(errc::syntax_error, "DISTINCT specified, but the aggregate has no argument"), location);
        for (node operand : operands) check_groupable(operand, location_of(operand));
        for (auto const& key : keys) {
            bool argument = std::any_of(operands.begin(), operands.end(),
                                        [&](node operand) { return equal(operand, key.expression); });
            if (!argument) {
                throw at(error(errc::invalid_column_reference,
                               "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list"),
                         location_of(key.expression));
            }
        }
    }
    made.order = q_.add_keys(keys);
    scope* owner = aggregate_owner(operands);
    if (e.has("agg_filter")) made.filter = condition(e["agg_filter"], clause::filter, "FILTER");
    if (e.has("over")) return q_.add(made);

    check_aggregate_place(*owner, location);
    auto nested = [&](node part) {
        return (expr(part).kind == expression_kind::aggregate &&
                std::find(owner->aggregates.begin(), owner->aggregates.end(), part) != owner->aggregates.end());
    };
    auto check_nested = [&](node operand) {
        contains(operand, [&](node part) {
            if (nested(part)) {
                throw at(error(errc::grouping_error, "aggregate function calls cannot be nested"),
                         expr(part).position - 1);
            }
            bool window = expr(part).kind == expression_kind::column &&
                          std::any_of(scope_->windows.begin(), scope_->windows.end(),
                                      [&](auto const& each) { return each.source == expr(part).source; });
            if (window) {
                throw at(error(errc::grouping_error, "aggregate function calls cannot contain window function calls"),
                         expr(part).position - 1);
            }
            return false;
        });
    };
    for (node operand : operands) check_nested(operand);
    for (auto const& key : keys) check_nested(key.expression);
    node call = q_.add(made);
    owner->aggregates.push_back(call);
    return call;
}

}  // namespace phantomdb::sql
