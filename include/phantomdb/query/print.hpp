/// @file Defines `print`: the IR as text, for people who debug and for tests that compare.
///
/// One relation a line, children indented below it. A column is `table.name`, or `#3.name` where its source has no name;
/// sources are numbered as in the query. Not meant to be parsed, and free to change.
#pragma once

#include <phantomdb/query/ir.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::query {

namespace detail {

class printer {
public:
    explicit printer(query_view view) : q_(view) {}

    std::string tree(node root) {
        relation_line(root, 0);
        return std::move(out_);
    }
    std::string one(node root) {
        expression(root);
        return std::move(out_);
    }

private:
    void expression(node number);
    void relation_line(node number, int depth);

    template <class Each>
    void joined(slice items, std::string_view between, Each each) {
        for (node i = 0; i < items.count; ++i) {
            if (i) out_ += between;
            each(q_.lists[static_cast<std::size_t>(items.first + i)]);
        }
    }
    void list(slice items, std::string_view between = ", ") {
        joined(items, between, [&](node e) { expression(e); });
    }
    void keys(slice items) {
        bool first = true;
        for (auto const& key : q_.keys(items)) {
            if (!std::exchange(first, false)) out_ += ", ";
            expression(key.expression);
            if (key.descending) out_ += " desc";
            if (key.nulls_first != key.descending) out_ += key.nulls_first ? " nulls first" : " nulls last";
        }
    }
    void source_name(node number) {
        auto name = q_.name(q_.sources[static_cast<std::size_t>(number)].name);
        out_ += name.empty() ? "#" + std::to_string(number) : std::string(name);
    }
    void column(node source, node number) {
        source_name(source);
        auto columns = q_.columns_of(source);
        out_ += '.';
        if (static_cast<std::size_t>(number) >= columns.size()) {
            out_ += "<key>";
            return;
        }
        auto name = q_.name(columns[static_cast<std::size_t>(number)].name);
        out_ += name.empty() ? std::to_string(number) : std::string(name);
    }
    void constant(node number) {
        auto const& l = q_.literals[static_cast<std::size_t>(number)];
        if (l.null) {
            out_ += "null";
            return;
        }
        datum raw = datum_of(q_, l);
        switch (physical_of(l.type.id)) {
            case physical::integer:
                if (l.type.id == type_id::boolean) {
                    out_ += raw.i ? "true" : "false";
                } else {
                    out_ += std::to_string(raw.i);
                }
                break;
            case physical::floating: out_ += std::to_string(raw.d); break;
            case physical::text: out_ += "'" + std::string(raw.t) + "'"; break;
            case physical::numeric: out_ += to_text(raw.n); break;
            case physical::interval:
                out_ += std::to_string(raw.v.months) + "mon " + std::to_string(raw.v.days) + "d " +
                        std::to_string(raw.v.microseconds) + "us";
                break;
            case physical::uuid: out_ += "uuid"; break;
        }
        if (l.type.id != type_id::int4 && l.type.id != type_id::boolean && l.type.id != type_id::text) type(l.type);
    }
    void type(sql_type shown) {
        out_ += "::";
        out_ += facts(shown.id).pg_name;
        if (shown.modifier < 0) return;
        out_ += shown.id == type_id::numeric
                    ? "(" + std::to_string(numeric_precision(shown)) + "," + std::to_string(numeric_scale(shown)) + ")"
                    : "(" + std::to_string(shown.modifier) + ")";
    }
    void call(std::string_view name, expression_kind, slice arguments) {
        out_ += name;
        out_ += '(';
        list(arguments);
        out_ += ')';
    }
    void function_call(query::expression const& e) {
        auto const& signature = signature_of(e.function);
        if (!signature.is_operator()) return call(signature.name, e.kind, e.arguments);
        out_ += '(';
        if (e.arguments.count == 1) {
            out_ += signature.name;
            list(e.arguments);
        } else {
            list(e.arguments, " " + std::string(signature.name) + " ");
        }
        out_ += ')';
    }
    void subquery(std::string_view word, node relation) {
        out_ += word;
        out_ += "{\n";
        std::string before = std::exchange(out_, {});
        int depth = depth_;
        relation_line(relation, depth + 2);
        depth_ = depth;
        out_ = before + out_;
        out_.append(static_cast<std::size_t>(depth_ + 1) * 2, ' ');
        out_ += '}';
    }
    static std::string_view name_of(relation_kind kind) {
        constexpr std::string_view names[] = {"nothing", "table",     "values",        "function_scan", "filter",
                                              "project", "join",      "aggregate",     "window",        "sort",
                                              "limit",   "distinct",  "set_operation", "common",        "recursive",
                                              "working", "lock_rows", "insert",        "update",        "erase"};
        return names[static_cast<std::size_t>(kind)];
    }
    static std::string_view name_of(window_function function) {
        constexpr std::string_view names[] = {"none",         "row_number",  "rank",       "dense_rank",
                                              "percent_rank", "cume_dist",   "ntile",      "lag",
                                              "lead",         "first_value", "last_value", "nth_value"};
        return names[static_cast<std::size_t>(function)];
    }

    query_view q_;
    std::string out_;
    int depth_ = 0;
};

inline void printer::expression(node number) {
    auto const& e = q_.expressions[static_cast<std::size_t>(number)];
    auto argument = [&](node i) { expression(q_.lists[static_cast<std::size_t>(e.arguments.first + i)]); };
    switch (e.kind) {
        case expression_kind::column: return column(e.source, e.column);
        case expression_kind::literal: return constant(e.detail);
        case expression_kind::parameter: out_ += "$" + std::to_string(e.detail + 1); return;
        case expression_kind::call: return function_call(e);
        case expression_kind::cast:
            argument(0);
            type(e.type);
            return;
        case expression_kind::logical_and:
        case expression_kind::logical_or:
            out_ += '(';
            list(e.arguments, e.kind == expression_kind::logical_and ? " and " : " or ");
            out_ += ')';
            return;
        case expression_kind::logical_not: return call("not", e.kind, e.arguments);
        case expression_kind::is_null: return call("is_null", e.kind, e.arguments);
        case expression_kind::is_not_null: return call("is_not_null", e.kind, e.arguments);
        case expression_kind::is_truth: {
            constexpr std::string_view words[] = {"is_true",      "is_not_true", "is_false",
                                                  "is_not_false", "is_unknown",  "is_not_unknown"};
            return call(words[e.detail], e.kind, e.arguments);
        }
        case expression_kind::is_distinct: return call(e.flag ? "is_not_distinct" : "is_distinct", e.kind, e.arguments);
        case expression_kind::case_when: return call("case", e.kind, e.arguments);
        case expression_kind::coalesce: return call("coalesce", e.kind, e.arguments);
        case expression_kind::nullif: return call("nullif", e.kind, e.arguments);
        case expression_kind::greatest: return call("greatest", e.kind, e.arguments);
        case expression_kind::least: return call("least", e.kind, e.arguments);
        case expression_kind::in_list: return call(e.flag ? "not_in" : "in", e.kind, e.arguments);
        case expression_kind::scalar_subquery: return subquery("scalar", e.relation);
        case expression_kind::exists: return subquery(e.flag ? "not exists" : "exists", e.relation);
        case expression_kind::quantified:
            argument(0);
            out_ += " " + std::string(signature_of(e.function).name);
            return subquery(e.flag ? " all" : " any", e.relation);
        case expression_kind::aggregate:
        case expression_kind::window_call:
            out_ += e.window != window_function::no_function ? name_of(e.window) : signature_of(e.aggregate).name;
            out_ += e.flag ? "(distinct " : "(";
            list(e.arguments);
            if (e.order.count) out_ += " order by ", keys(e.order);
            out_ += ')';
            if (e.filter != none) out_ += " filter ", expression(e.filter);
            return;
    }
}

inline void printer::relation_line(node number, int depth) {
    auto const& r = q_.relations[static_cast<std::size_t>(number)];
    depth_ = depth;
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
    if (r.kind == relation_kind::join) {
        constexpr std::string_view joins[] = {"", "left ", "right ", "full ", "semi ", "anti "};
        out_ += joins[static_cast<std::size_t>(r.join)];
    }
    if (r.kind == relation_kind::set_operation) {
        constexpr std::string_view sets[] = {"union", "intersect", "except"};
        out_ += sets[static_cast<std::size_t>(r.set)];
    } else {
        out_ += name_of(r.kind);
    }
    if (r.all) out_ += " all";
    if (r.lateral) out_ += " lateral";
    if (r.source != none) out_ += " ", source_name(r.source);
    auto part = [&](std::string_view word, slice items) {
        if (items.count == 0) return;
        out_ += word;
        list(items);
    };
    part(r.kind == relation_kind::join ? " on " : r.kind == relation_kind::aggregate ? " by " : ": ", r.expressions);
    part(" compute ", r.aggregates);
    part(" partition by ", r.partition);
    if (r.sort.count) out_ += r.kind == relation_kind::window ? " order by " : ": ", keys(r.sort);
    if (r.kind == relation_kind::window) {
        constexpr std::string_view units[] = {"range", "rows", "groups"};
        constexpr std::string_view bounds[] = {"unbounded preceding", "preceding", "current row", "following",
                                               "unbounded following"};
        auto bound = [&](frame_bound b, node offset) {
            out_ += ' ';
            if (offset != none) expression(offset), out_ += ' ';
            out_ += bounds[static_cast<std::size_t>(b)];
        };
        out_ += ' ';
        out_ += units[static_cast<std::size_t>(r.window_frame.unit)];
        bound(r.window_frame.start, r.window_frame.start_offset);
        bound(r.window_frame.end, r.window_frame.end_offset);
    }
    if (r.limit != none) out_ += " ", expression(r.limit);
    if (r.offset != none) out_ += " offset ", expression(r.offset);
    if (r.with_ties) out_ += " with ties";
    auto ordinals = [&](std::string_view word, slice items) {
        if (items.count == 0) return;
        out_ += word;
        joined(items, ", ", [&](node i) { out_ += std::to_string(i); });
    };
    ordinals(" into ", r.assigned);
    part(" check ", r.checks);
    if (r.generated.count) {
        out_ += " generated";
        for (node i = 0; i < r.generated.count; i += 2) {
            out_ += " " + std::to_string(q_.lists[static_cast<std::size_t>(r.generated.first + i)]) + " = ";
            expression(q_.lists[static_cast<std::size_t>(r.generated.first + i + 1)]);
        }
    }
    if (r.conflict != conflict_action::fail) {
        out_ += r.conflict == conflict_action::nothing ? " on conflict nothing" : " on conflict update";
        if (r.conflict_index != none) out_ += " index " + std::to_string(r.conflict_index);
        ordinals(" set ", r.conflict_assigned);
        part(" to ", r.conflict_expressions);
        if (r.conflict_filter != none) out_ += " where ", expression(r.conflict_filter);
    }
    if (r.kind == relation_kind::lock_rows) {
        constexpr std::string_view strengths[] = {"key share", "share", "no key update", "update"};
        constexpr std::string_view waits[] = {"", " skip locked", " nowait"};
        out_ += " ";
        source_name(r.target);
        out_ += " for ";
        out_ += strengths[static_cast<std::size_t>(r.lock)];
        out_ += waits[static_cast<std::size_t>(r.wait)];
    }
    out_ += '\n';
    if (r.left != none) relation_line(r.left, depth + 1);
    if (r.right != none) relation_line(r.right, depth + 1);
    depth_ = depth;
}

}  // namespace detail

/// The tree of relations from `root` (the query's, if not given) down.
inline std::string print(query_view q, node root = none) {
    return detail::printer(q).tree(root == none ? q.root : root);
}

/// One expression.
inline std::string print_expression(query_view q, node e) { return detail::printer(q).one(e); }

}  // namespace phantomdb::query
