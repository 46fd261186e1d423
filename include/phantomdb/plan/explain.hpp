/// @file Defines `explain`: a plan as the lines EXPLAIN shows.
///
/// The words are PostgreSQL's where an operator has a counterpart there ("Seq Scan on …", "Hash Join", "Sort Key: …").
/// Costs are row visits, not PostgreSQL's pages.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/plan/facts.hpp>
#include <phantomdb/plan/plan.hpp>
#include <phantomdb/value/text_io.hpp>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::plan {

/// What EXPLAIN ANALYZE measured at one operator. `milliseconds` counts the operator and all below it.
struct node_actuals {
    std::uint64_t rows = 0, loops = 0;
    double milliseconds = 0;
};

/// One operator of an explained plan, with the lines below its title.
struct explained_node {
    std::string label;                                         ///< "Index Scan"
    std::string on;                                            ///< "users u", "" where there is no table
    std::string index;                                         ///< index name, "" where none
    std::vector<std::pair<std::string, std::string>> details;  ///< ("Filter", "age >= $1")
    std::int64_t rows = 0, cost = 0;
    node plan_node = none;
    std::vector<explained_node> children;
};

/// Writes expressions the way SQL does, parentheses where they might be needed.
class expression_writer {
public:
    explicit expression_writer(query::query_view query) : q_(query) {}

    std::string write(node number) const {
        using kind = query::expression_kind;
        query::expression const& e = q_.expressions[static_cast<std::size_t>(number)];
        auto arguments = q_.list(e.arguments);
        switch (e.kind) {
            case kind::column: return column(e);
            case kind::literal: return literal(q_.literals[static_cast<std::size_t>(e.detail)]);
            case kind::parameter: return "$" + std::to_string(e.detail + 1);
            case kind::call: return call(e, arguments);
            case kind::cast: return "(" + write(arguments[0]) + ")::" + std::string(facts(e.type.id).name);
            case kind::logical_and: return joined(arguments, " AND ");
            case kind::logical_or: return joined(arguments, " OR ");
            case kind::logical_not: return "(NOT " + write(arguments[0]) + ")";
            case kind::is_null: return "(" + write(arguments[0]) + " IS NULL)";
            case kind::is_not_null: return "(" + write(arguments[0]) + " IS NOT NULL)";
            case kind::is_truth: {
                constexpr char const* tests[] = {"IS TRUE",      "IS NOT TRUE", "IS FALSE",
                                                 "IS NOT FALSE", "IS UNKNOWN",  "IS NOT UNKNOWN"};
                return "(" + write(arguments[0]) + " " + tests[e.detail] + ")";
            }
            case kind::is_distinct:
                return "(" + write(arguments[0]) + (e.flag ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ") +
                       write(arguments[1]) + ")";
            case kind::case_when: {
                std::string text = "CASE";
                for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
                    text += " WHEN " + write(arguments[i]) + " THEN " + write(arguments[i + 1]);
                }
                return text + " ELSE " + write(arguments.back()) + " END";
            }
            case kind::coalesce: return "COALESCE(" + list(arguments) + ")";
            case kind::nullif: return "NULLIF(" + list(arguments) + ")";
            case kind::greatest: return "GREATEST(" + list(arguments) + ")";
            case kind::least: return "LEAST(" + list(arguments) + ")";
            case kind::in_list:
                return "(" + write(arguments[0]) + (e.flag ? " NOT IN (" : " IN (") + list(arguments.subspan(1)) + "))";
            case kind::scalar_subquery: return "(SubPlan)";
            case kind::exists: return e.flag ? "(NOT EXISTS (SubPlan))" : "EXISTS (SubPlan)";
            case kind::quantified:
                return "(" + write(arguments[0]) + " " + std::string(signature_of(e.function).name) +
                       (e.flag ? " ALL" : " ANY") + " (SubPlan))";
            case kind::aggregate:
                return std::string(signature_of(e.aggregate).name) + "(" + (e.flag ? "DISTINCT " : "") +
                       (arguments.empty() ? "*" : list(arguments)) + ")";
            case kind::window_call: return "window";
        }
        return {};
    }
    std::string list(array_view<node> numbers) const { return separated(numbers, ", "); }
    std::string conjunction(array_view<node> numbers) const { return joined(numbers, " AND "); }
    std::string keys(array_view<query::sort_key> sort_keys) const {
        std::string text;
        for (auto const& key : sort_keys) {
            if (!text.empty()) text += ", ";
            text += write(key.expression);
            if (key.descending) text += " DESC";
            if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
        }
        return text;
    }
    std::string source_name(node source) const {
        return std::string(q_.name(q_.sources[static_cast<std::size_t>(source)].name));
    }

private:
    std::string column(query::expression const& e) const {
        if (q_.is_row_key(e)) return "row key";
        std::string name(q_.name(q_.columns_of(e.source)[static_cast<std::size_t>(e.column)].name));
        // A computed column shows what it was computed from.
        query::source const& s = q_.sources[static_cast<std::size_t>(e.source)];
        if (s.relation != none) {
            query::relation const& r = q_.relations[static_cast<std::size_t>(s.relation)];
            if (r.kind == query::relation_kind::aggregate) {
                node inner =
                    e.column < r.expressions.count
                        ? q_.lists[static_cast<std::size_t>(r.expressions.first + e.column)]
                        : q_.lists[static_cast<std::size_t>(r.aggregates.first + e.column - r.expressions.count)];
                return write(inner);
            }
        }
        std::string source = source_name(e.source);
        return source.empty() ? name : source + "." + name;
    }
    std::string literal(query::literal const& l) const {
        if (l.null) return "NULL";
        std::string text;
        append_text(text, l.type, query::datum_of(q_, l), format_settings{});
        bool bare = is_number(l.type.id) || l.type.id == type_id::boolean;
        if (bare) return text;
        return "'" + text + "'::" + std::string(facts(l.type.id).name);
    }
    std::string call(query::expression const& e, array_view<node> arguments) const {
        auto const& signature = signature_of(e.function);
        std::string name(signature.name);
        if (signature.is_operator() && arguments.size() == 2) {
            return "(" + write(arguments[0]) + " " + name + " " + write(arguments[1]) + ")";
        }
        if (signature.is_operator() && arguments.size() == 1) return "(" + name + " " + write(arguments[0]) + ")";
        return name + "(" + list(arguments) + ")";
    }
    std::string separated(array_view<node> numbers, char const* by) const {
        std::string text;
        for (node n : numbers) text += (text.empty() ? "" : by) + write(n);
        return text;
    }
    std::string joined(array_view<node> numbers, char const* by) const {
        std::string text = separated(numbers, by);
        return numbers.size() > 1 ? "(" + text + ")" : text;
    }
    query::query_view q_;
};

/// Names of the indexes of the statement's tables: (table ordinal, index ordinal).
using index_names = std::function<std::string(node table, node index)>;

namespace detail {

class explainer {
public:
    explainer(query::query_view query, plan_view plan, index_names const& names)
        : q_(query), plan_(plan), names_(names), text_(query) {}

    explained_node explain(node number) {
        plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
        query::relation const nothing{};
        query::relation const& r = p.relation == none ? nothing : q_.relations[static_cast<std::size_t>(p.relation)];
        explained_node made;
        made.rows = p.rows;
        made.cost = p.cost;
        made.plan_node = number;
        describe(p, r, made);
        if (p.filter.count != 0) {
            bool join = p.kind == operator_kind::hash_join || p.kind == operator_kind::loop_join ||
                        p.kind == operator_kind::apply_join || p.kind == operator_kind::lookup_join;
            made.details.emplace_back(join ? "Join Filter" : "Filter", text_.conjunction(plan_.list(p.filter)));
        }
        if (p.left != none) made.children.push_back(explain(p.left));
        if (p.right != none) made.children.push_back(explain(p.right));
        if (p.kind == operator_kind::common) add_subplan(made, r.left, "CTE");
        subplans_of(p, r, made);
        return made;
    }

private:
    void add_subplan(explained_node& to, node relation, char const* what) {
        explained_node child = explain(plan_.subplan_of(relation));
        child.label = std::string(what) + ": " + child.label;
        to.children.push_back(std::move(child));
    }
    void subplans_in(node e, explained_node& to) {
        query::expression const& x = q_.expressions[static_cast<std::size_t>(e)];
        for (node argument : q_.list(x.arguments)) subplans_in(argument, to);
        if (x.relation != none && plan_.subplan_of(x.relation) != none) add_subplan(to, x.relation, "SubPlan");
    }
    void subplans_of(plan_node const& p, query::relation const& r, explained_node& to) {
        for (node e : plan_.list(p.filter)) subplans_in(e, to);
        if (p.kind == operator_kind::project || p.kind == operator_kind::values || p.kind == operator_kind::update) {
            for (node e : q_.list(r.expressions)) subplans_in(e, to);
        }
    }
    std::string join_label(plan_node const& p, char const* method) const {
        constexpr char const* kinds[] = {"", " Left", " Right", " Full", " Semi", " Anti"};
        std::string label(method);
        bool loop = label == "Nested Loop";
        return label + kinds[static_cast<int>(p.join)] + (loop && p.join == query::join_kind::inner ? "" : " Join");
    }
    void scan(plan_node const& p, query::relation const& r, explained_node& made) {
        std::string table = text_.source_name(r.source);
        made.on = table;
        if (p.access == access::full && p.index == none) {
            made.label = "Seq Scan";
            return;
        }
        made.label = p.reverse ? "Index Scan Backward" : "Index Scan";
        if (names_) made.index = names_(r.table, p.index);
        std::string condition;
        auto add = [&](std::string part) { condition += (condition.empty() ? "" : " AND ") + part; };
        auto columns = columns_(r.table, p.index);
        std::size_t at = 0;
        for (node e : plan_.list(p.equal))
            add("(" + column_name(r.source, columns, at++) + " = " + text_.write(e) + ")");
        if (p.lower.expression != none) {
            add("(" + column_name(r.source, columns, at) + (p.lower.inclusive ? " >= " : " > ") +
                text_.write(p.lower.expression) + ")");
        }
        if (p.upper.expression != none) {
            add("(" + column_name(r.source, columns, at) + (p.upper.inclusive ? " <= " : " < ") +
                text_.write(p.upper.expression) + ")");
        }
        if (!condition.empty()) made.details.emplace_back("Index Cond", condition);
    }
    std::string column_name(node source, growing_array<std::int16_t> const& columns, std::size_t at) const {
        if (at >= columns.size()) return "key";
        return std::string(q_.name(q_.columns_of(source)[static_cast<std::size_t>(columns[at])].name));
    }
    void describe(plan_node const& p, query::relation const& r, explained_node& made) {
        switch (p.kind) {
            case operator_kind::one_row: made.label = "Result"; break;
            case operator_kind::table_scan: scan(p, r, made); break;
            case operator_kind::values: made.label = "Values Scan"; break;
            case operator_kind::function_scan:
                made.label = "Function Scan";
                made.on = text_.source_name(r.source);
                break;
            case operator_kind::filter: made.label = "Filter"; break;
            case operator_kind::project:
                made.label = "Project";
                made.details.emplace_back("Output", text_.list(q_.list(r.expressions)));
                break;
            case operator_kind::hash_join: {
                made.label = join_label(p, "Hash");
                std::string condition;
                auto left = plan_.list(p.left_keys), right = plan_.list(p.right_keys);
                for (std::size_t i = 0; i < left.size(); ++i) {
                    condition += (i == 0 ? "(" : " AND (") + text_.write(left[i]) + " = " + text_.write(right[i]) + ")";
                }
                made.details.emplace_back("Hash Cond", condition);
                break;
            }
            case operator_kind::loop_join:
            case operator_kind::lookup_join:
            case operator_kind::apply_join: made.label = join_label(p, "Nested Loop"); break;
            case operator_kind::aggregate:
                made.label = r.expressions.count == 0 ? "Aggregate" : "HashAggregate";
                if (r.expressions.count != 0)
                    made.details.emplace_back("Group Key", text_.list(q_.list(r.expressions)));
                break;
            case operator_kind::window: made.label = "WindowAgg"; break;
            case operator_kind::sort:
                made.label = "Sort";
                made.details.emplace_back("Sort Key", text_.keys(q_.keys(r.sort)));
                if (p.bound != none) made.details.emplace_back("Keeps", "the first rows only (top-N)");
                break;
            case operator_kind::limit: made.label = "Limit"; break;
            case operator_kind::distinct: made.label = "Unique"; break;
            case operator_kind::set_operation: {
                constexpr char const* kinds[] = {"Union", "Intersect", "Except"};
                made.label = r.all && r.set == query::set_kind::union_ ? "Append" : kinds[static_cast<int>(r.set)];
                if (r.all && r.set != query::set_kind::union_) made.label += " All";
                break;
            }
            case operator_kind::common: made.label = "CTE Scan"; break;
            case operator_kind::recursive: made.label = "Recursive Union"; break;
            case operator_kind::working: made.label = "WorkTable Scan"; break;
            case operator_kind::lock_rows: made.label = "LockRows"; break;
            case operator_kind::insert: made.label = "Insert"; break;
            case operator_kind::update: made.label = "Update"; break;
            case operator_kind::erase: made.label = "Delete"; break;
        }
        if (p.kind == operator_kind::insert && r.source != none) made.on = text_.source_name(r.source);
        if ((p.kind == operator_kind::update || p.kind == operator_kind::erase) && r.target != none) {
            made.on = text_.source_name(r.target);
        }
    }

public:
    std::function<growing_array<std::int16_t>(node table, node index)> columns_;

private:
    query::query_view q_;
    plan_view plan_;
    index_names const& names_;
    expression_writer text_;
};

inline void write_text(std::string& out, explained_node const& n, int depth, array_view<node_actuals> actuals,
                       bool costs) {
    std::string indent(static_cast<std::size_t>(depth) * 6, ' ');
    if (depth > 0) indent.replace(indent.size() - 4, 4, "->  ");
    out += indent + n.label;
    if (!n.index.empty()) out += " using " + n.index;
    if (!n.on.empty()) out += " on " + n.on;
    char numbers[160];
    if (costs) {
        std::snprintf(numbers, sizeof numbers, "  (cost=%lld rows=%lld)", static_cast<long long>(n.cost),
                      static_cast<long long>(n.rows));
        out += numbers;
    }
    auto place = static_cast<std::size_t>(n.plan_node);
    if (place < actuals.size()) {
        node_actuals const& a = actuals[place];
        if (a.loops == 0) {
            out += " (never executed)";
        } else {
            std::snprintf(numbers, sizeof numbers, " (actual time=%.3f rows=%llu loops=%llu)", a.milliseconds,
                          static_cast<unsigned long long>(a.rows), static_cast<unsigned long long>(a.loops));
            out += numbers;
        }
    }
    out += '\n';
    std::string below(depth == 0 ? 2 : static_cast<std::size_t>(depth) * 6 + 2, ' ');
    for (auto const& [what, text] : n.details) out += below + what + ": " + text + "\n";
    for (auto const& child : n.children) write_text(out, child, depth + 1, actuals, costs);
}

}  // namespace detail

/// The tree EXPLAIN shows. `tables` are the facts the plan was made with.
inline explained_node explain(query::query_view query, plan_view plan, array_view<table_facts> tables,
                              index_names const& names = {}) {
    detail::explainer made(query, plan, names);
    made.columns_ = [tables](node table, node index) -> growing_array<std::int16_t> {
        auto t = static_cast<std::size_t>(table), i = static_cast<std::size_t>(index < 0 ? 0 : index);
        if (t >= tables.size() || i >= tables[t].indexes.size()) return {};
        return tables[t].indexes[i].columns;
    };
    return made.explain(plan.root);
}

/// As lines of text, each ended by a newline. `actuals`, by plan node, for EXPLAIN ANALYZE.
inline std::string explain_text(explained_node const& root, array_view<node_actuals> actuals = {}, bool costs = true) {
    std::string out;
    detail::write_text(out, root, 0, actuals, costs);
    return out;
}

}  // namespace phantomdb::plan
