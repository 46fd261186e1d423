/// @file Implements calls of window functions, and the windows they run over.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>
#include <array>

namespace phantomdb::sql {

using query::expression_kind;
using query::window_function;

namespace {

/// A function that exists over windows only. `any` stands for the type of the first argument.
struct window_signature {
    std::string_view name;
    window_function function;
    type_id result;
    std::size_t least, most;
};
constexpr type_id first_type = any_type;
constexpr std::array<window_signature, 11> window_signatures{{
    {"row_number", window_function::row_number, type_id::int8, 0, 0},
    {"rank", window_function::rank, type_id::int8, 0, 0},
    {"dense_rank", window_function::dense_rank, type_id::int8, 0, 0},
    {"percent_rank", window_function::percent_rank, type_id::float8, 0, 0},
    {"cume_dist", window_function::cume_dist, type_id::float8, 0, 0},
    {"ntile", window_function::ntile, type_id::int4, 1, 1},
    {"lag", window_function::lag, first_type, 1, 3},
    {"lead", window_function::lead, first_type, 1, 3},
    {"first_value", window_function::first_value, first_type, 1, 1},
    {"last_value", window_function::last_value, first_type, 1, 1},
    {"nth_value", window_function::nth_value, first_type, 2, 2},
}};

window_signature const* find_window_function(std::string_view name) {
    auto found = std::find_if(window_signatures.begin(), window_signatures.end(),
                              [&](auto const& each) { return each.name == name; });
    return found == window_signatures.end() ? nullptr : &*found;
}

}  // namespace

bool binding::is_window_function(std::string_view name) { return find_window_function(name) != nullptr; }

node binding::window_call(ast e, std::string_view name, std::vector<node> operands) {
    std::int64_t location = e.location();
    query::expression made;
    made.kind = expression_kind::window_call;
    made.position = static_cast<node>(location + 1);
    if (e.flag("agg_distinct")) {
        throw at(error(errc::feature_not_supported, "DISTINCT is not implemented for window functions"), location);
    }
    if (e.has("agg_order")) {
        throw at(error(errc::feature_not_supported, "aggregate ORDER BY is not implemented for window functions"),
                 location);
    }
    if (auto const* signature = find_window_function(name)) {
        if (e.has("agg_filter")) {
            throw at(error(errc::feature_not_supported, "FILTER is not implemented for non-aggregate window functions"),
                     location);
        }
        if (operands.size() < signature->least || operands.size() > signature->most)
            no_such_function(name, operands, location, false);
        made.window = signature->function;
        bool by_offset = made.window == window_function::lag || made.window == window_function::lead ||
                         made.window == window_function::nth_value;
        if (made.window == window_function::ntile) {
            if (node typed = coerce(operands[0], {type_id::int4}, coercion::implicit); typed != none)
                operands[0] = typed;
            else no_such_function(name, operands, location, false);
        } else if (signature->result == first_type) {
            std::vector<node> values{operands[0]};
            if (operands.size() == 3) values.push_back(operands[2]);
            auto common = try_common_type(values);
            if (!common) no_such_function(name, operands, location, false);
            operands[0] = must_coerce(operands[0], {*common}, coercion::implicit);
            if (operands.size() == 3) operands[2] = must_coerce(operands[2], {*common}, coercion::implicit);
        }
        if (by_offset && operands.size() > 1) {
            node typed = coerce(operands[1], {type_id::int4}, coercion::implicit);
            if (typed == none) no_such_function(name, operands, location, false);
            operands[1] = typed;
        }
        made.type = signature->result == first_type ? sql_type{type(operands[0]), -1} : sql_type{signature->result, -1};
        made.nullable = signature->result == first_type;
        made.arguments = q_.add_list(operands);
    } else {
        node aggregate = aggregate_call(e, name, std::move(operands));
        made = expr(aggregate);
    }
    switch (scope_ ? scope_->where : clause::other) {
        case clause::select_list:
        case clause::order_by:
        case clause::distinct_on: break;
        case clause::window_partition:
        case clause::window_order:
        case clause::window_frame:
            throw at(error(errc::windowing_error, "window functions are not allowed in window definitions"), location);
        default:
            throw at(error(errc::windowing_error, "window functions are not allowed in " +
                                                      std::string(scope_ ? name_of(scope_->where) : "this place")),
                     location);
    }
    for (node operand : std::vector<node>(q_.lists.begin() + made.arguments.first,
                                          q_.lists.begin() + made.arguments.first + made.arguments.count)) {
        contains(operand, [&](node part) {
            bool window = expr(part).kind == expression_kind::column &&
                          std::any_of(scope_->windows.begin(), scope_->windows.end(),
                                      [&](auto const& each) { return each.source == expr(part).source; });
            if (window)
                throw at(error(errc::windowing_error, "window function calls cannot be nested"),
                         expr(part).position - 1);
            return false;
        });
    }
    std::size_t number = find_window(e["over"]);
    window& over = scope_->windows[number];
    over.calls.push_back(q_.add(made));
    query::expression column;
    column.kind = expression_kind::column;
    column.source = over.source;
    column.column = static_cast<node>(over.calls.size() - 1);
    column.type = made.type;
    column.nullable = made.nullable;
    column.position = made.position;
    return q_.add(column);
}

/// The window of an OVER clause: one that is there already, or a new one.
std::size_t binding::find_window(ast definition) {
    if (definition.has("name")) {  // OVER w
        std::string_view name = definition.text("name");
        for (std::size_t i = 0; i < scope_->windows.size(); ++i) {
            if (scope_->windows[i].name == name) return i;
        }
        for (ast each : scope_->window_definitions) {
            if (each.text("name") != name) continue;
            window made;
            made.name = name;
            define_window(made, each);
            scope_->windows.push_back(std::move(made));
            return scope_->windows.size() - 1;
        }
        throw at(error(errc::undefined_object, "window \"" + std::string(name) + "\" does not exist"), definition);
    }
    window made;
    define_window(made, definition);
    auto same_lists = [&](window const& other) {
        if (made.partition.size() != other.partition.size() || made.order.size() != other.order.size() ||
            made.frame != other.frame)
            return false;
        for (std::size_t i = 0; i < made.partition.size(); ++i) {
            if (!equal(made.partition[i], other.partition[i])) return false;
        }
        for (std::size_t i = 0; i < made.order.size(); ++i) {
            if (made.order[i].descending != other.order[i].descending ||
                made.order[i].nulls_first != other.order[i].nulls_first ||
                !equal(made.order[i].expression, other.order[i].expression)) {
                return false;
            }
        }
        return true;
    };
    for (std::size_t i = 0; i < scope_->windows.size(); ++i) {
        if (same_lists(scope_->windows[i])) return i;
    }
    scope_->windows.push_back(std::move(made));
    return scope_->windows.size() - 1;
}

void binding::define_window(window& made, ast definition) {
    window const* base = nullptr;
    window based_on;
    if (definition.has("refname")) {
        std::string_view name = definition.text("refname");
        ast found;
        for (ast each : scope_->window_definitions) {
            if (each.identity() == definition.identity()) break;
            if (each.text("name") == name) found = each;
        }
        if (!found)
            throw at(error(errc::undefined_object, "window \"" + std::string(name) + "\" does not exist"), definition);
        define_window(based_on, found);
        base = &based_on;
        if (definition.has("partitionClause")) {
            throw at(error(errc::windowing_error,
                           "cannot override PARTITION BY clause of window \"" + std::string(name) + "\""),
                     definition);
        }
        if (definition.has("orderClause") && !base->order.empty()) {
            throw at(
                error(errc::windowing_error, "cannot override ORDER BY clause of window \"" + std::string(name) + "\""),
                definition);
        }
        made.partition = base->partition;
        made.order = base->order;
    }
    {
        clause_entry entered(*this, clause::window_partition);
        for (ast item : definition.list("partitionClause")) {
            node value = resolve_unknown(expression(item));
            check_groupable(value, location_of(value));
            made.partition.push_back(value);
        }
    }
    if (definition.has("orderClause")) {
        clause_entry entered(*this, clause::window_order);
        made.order = call_order(definition.list("orderClause"));
    }
    // The bits of PostgreSQL's frameOptions.
    enum : std::int64_t {
        range = 0x2,
        rows = 0x4,
        groups = 0x8,
        start_unbounded_preceding = 0x20,
        end_unbounded_following = 0x100,
        start_current = 0x200,
        end_current = 0x400,
        start_preceding = 0x800,
        end_preceding = 0x1000,
        start_following = 0x2000,
        end_following = 0x4000,
        exclusions = 0x38000,
    };
    std::int64_t options = definition.number("frameOptions");
    if (options & exclusions)
        throw at(error(errc::feature_not_supported, "frame exclusion is not supported"), definition);
    made.frame.unit = options & rows     ? query::frame_unit::rows
                      : options & groups ? query::frame_unit::groups
                                         : query::frame_unit::range;
    made.frame.start = options & start_current     ? query::frame_bound::current
                       : options & start_preceding ? query::frame_bound::preceding
                       : options & start_following ? query::frame_bound::following
                                                   : query::frame_bound::unbounded_preceding;
    made.frame.end = options & end_unbounded_following ? query::frame_bound::unbounded_following
                     : options & end_preceding         ? query::frame_bound::preceding
                     : options & end_following         ? query::frame_bound::following
                                                       : query::frame_bound::current;
    auto offset = [&](std::string_view field) {
        if (!definition.has(field)) return none;
        node value = expression(definition[field], clause::window_frame);
        if (made.frame.unit != query::frame_unit::range) {
            std::string what = made.frame.unit == query::frame_unit::rows ? "ROWS" : "GROUPS";
            type_id given = type(value);
            node typed = coerce(value, {type_id::int8}, coercion::implicit);
            if (typed == none) {
                throw at(error(errc::datatype_mismatch, "argument of " + what + " must be type bigint, not type " +
                                                            std::string(facts(given).name)),
                         location_of(value));
            }
            return typed;
        }
        if (made.order.size() != 1) {
            throw at(error(errc::windowing_error,
                           "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column"),
                     definition);
        }
        type_id key = type(made.order[0].expression);
        char category = facts(key).category;
        sql_type wanted = category == 'D' || category == 'T' ? sql_type{type_id::interval, -1} : sql_type{key, -1};
        node typed = coerce(value, wanted, coercion::implicit);
        bool ranged = category == 'N' || category == 'D' || category == 'T';
        if (typed == none || !ranged) {
            std::string shown(facts(is_string(key) ? type_id::text : key).name);
            if (ranged) shown += " and offset type " + std::string(facts(type(value)).name);
            throw at(error(errc::feature_not_supported,
                           "RANGE with offset PRECEDING/FOLLOWING is not supported for column type " + shown),
                     location_of(value));
        }
        return typed;
    };
    made.frame.start_offset = offset("startOffset");
    made.frame.end_offset = offset("endOffset");
    if (made.frame.unit == query::frame_unit::groups && made.order.empty()) {
        throw at(error(errc::windowing_error, "GROUPS mode requires an ORDER BY clause"), definition);
    }
    made.source = add_source(made.name, {}, none);
}

}  // namespace phantomdb::sql
