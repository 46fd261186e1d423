/// @file Defines the expression half of `plan_compiler`.
#pragma once

#include <phantomdb/exec/plan_compiler.hpp>
#include <phantomdb/exec/subquery_expression.hpp>

namespace phantomdb::exec {

value plan_compiler::constant(query::literal const& l) const {
    return l.null ? value(l.type) : value(l.type, query::datum_of(q_, l));
}

std::size_t plan_compiler::slot_of(node source, node column) {
    return slots_.try_emplace({source, column}, slots_.size()).first->second;
}

std::vector<any_expression> plan_compiler::expressions(std::span<node const> numbers, output_layout const& in) {
    std::vector<any_expression> made;
    for (node n : numbers) made.push_back(expression(n, in));
    return made;
}

expression_row plan_compiler::row_of(std::span<node const> numbers, output_layout const& in) {
    return expression_row(expressions(numbers, in));
}

conjunction plan_compiler::condition(std::span<node const> conjuncts, output_layout const& in) {
    return conjunction(expressions(conjuncts, in));
}

std::vector<sql_type> plan_compiler::types_of(std::span<node const> numbers) const {
    std::vector<sql_type> types;
    for (node n : numbers) types.push_back(q_.expressions[static_cast<std::size_t>(n)].type);
    return types;
}

chunk_flow::key_reader plan_compiler::keys(std::span<node const> numbers, output_layout const& in) {
    return chunk_flow::key_reader(row_of(numbers, in), types_of(numbers));
}

chunk_flow::order_reader plan_compiler::order(std::span<query::sort_key const> sort_keys, output_layout const& in) {
    std::vector<node> numbers;
    std::vector<std::pair<type_id, codec::key_order>> parts;
    for (auto const& key : sort_keys) {
        numbers.push_back(key.expression);
        parts.emplace_back(q_.expressions[static_cast<std::size_t>(key.expression)].type.id,
                           codec::key_order{key.descending, key.nulls_first, false});
    }
    return chunk_flow::order_reader(row_of(numbers, in), std::move(parts));
}

any_expression plan_compiler::expression(node number, output_layout const& in) {
    using kind = query::expression_kind;
    query::expression const& e = q_.expressions[static_cast<std::size_t>(number)];
    auto arguments = q_.list(e.arguments);
    auto argument_type = [&](std::size_t i) { return q_.expressions[static_cast<std::size_t>(arguments[i])].type; };
    switch (e.kind) {
        case kind::column: {
            int position = in.position(e.source, e.column);
            if (position >= 0) return std::make_unique<column_expression>(static_cast<std::size_t>(position), e.type);
            return std::make_unique<slot_expression>(slot_expression::where::outer, slot_of(e.source, e.column),
                                                     e.type);
        }
        case kind::literal:
            return std::make_unique<constant_expression>(constant(q_.literals[static_cast<std::size_t>(e.detail)]));
        case kind::parameter:
            return std::make_unique<slot_expression>(slot_expression::where::parameters,
                                                     static_cast<std::size_t>(e.detail), e.type);
        case kind::call:
            return std::make_unique<call_expression>(kernel_of(e.function), expressions(arguments, in), e.type);
        case kind::cast:
            return std::make_unique<cast_expression>(expression(arguments[0], in), argument_type(0), e.type, e.flag);
        case kind::logical_and:
        case kind::logical_or:
            return std::make_unique<logical_expression>(expressions(arguments, in), e.kind == kind::logical_or);
        case kind::logical_not:
            return std::make_unique<test_expression>(expression(arguments[0], in), test_expression::test::negate);
        case kind::is_null:
            return std::make_unique<test_expression>(expression(arguments[0], in), test_expression::test::null);
        case kind::is_not_null:
            return std::make_unique<test_expression>(expression(arguments[0], in), test_expression::test::not_null);
        case kind::is_truth:
            return std::make_unique<test_expression>(expression(arguments[0], in), test_expression::test::truth,
                                                     static_cast<query::truth_test>(e.detail));
        case kind::is_distinct:
        case kind::nullif: {
            using form = equality_expression::form;
            form which = e.kind == kind::nullif ? form::nullif : e.flag ? form::not_distinct : form::distinct;
            return std::make_unique<equality_expression>(expression(arguments[0], in), expression(arguments[1], in),
                                                         kernel_of(e.function), which, e.type);
        }
        case kind::case_when: return std::make_unique<case_expression>(expressions(arguments, in), e.type);
        case kind::coalesce: return std::make_unique<coalesce_expression>(expressions(arguments, in), e.type);
        case kind::greatest:
        case kind::least:
            return std::make_unique<extreme_expression>(expressions(arguments, in), e.type, e.kind == kind::greatest);
        case kind::in_list: {
            // Long lists of constants are hashed, if "=" means equality of values of one type.
            std::optional<sql_type> hashed;
            if (arguments.size() > longest_list_not_hashed) {
                hashed = argument_type(0);
                for (std::size_t i = 1; i < arguments.size(); ++i) {
                    auto const& item = q_.expressions[static_cast<std::size_t>(arguments[i])];
                    if (item.kind != kind::literal || item.type.id != argument_type(0).id) hashed.reset();
                    if (!hashed) break;
                }
            }
            return std::make_unique<in_list_expression>(expression(arguments[0], in),
                                                        expressions(arguments.subspan(1), in), kernel_of(e.function),
                                                        e.flag, hashed);
        }
        case kind::scalar_subquery:
        case kind::exists:
        case kind::quantified: return subquery(e, in);
        case kind::aggregate:
        case kind::window_call: break;
    }
    bug("an aggregate stands only in an aggregate, a window call only in a window", __FILE__, __LINE__);
}

any_expression plan_compiler::subquery(query::expression const& e, output_layout const& in) {
    // Columns the subquery takes from outside: those of the row at hand are bound here, others further out.
    std::set<std::pair<node, node>> outside;
    plan::source_set inside = plan::defined_in(q_, e.relation);
    auto collect = [&](auto&& self, node number) -> void {
        query::expression const& inner = q_.expressions[static_cast<std::size_t>(number)];
        if (inner.kind == query::expression_kind::column && !inside.has(inner.source)) {
            outside.insert({inner.source, inner.column});
        }
        plan::for_each_operand(q_, inner, [&](node operand) { self(self, operand); });
        if (inner.relation == none) return;
        inside.add(plan::defined_in(q_, inner.relation));
        plan::for_each_relation(q_, inner.relation, [&](query::relation const& r) {
            plan::for_each_expression(q_, r, [&](node x) { self(self, x); });
        });
    };
    plan::for_each_relation(q_, e.relation, [&](query::relation const& r) {
        plan::for_each_expression(q_, r, [&](node x) { collect(collect, x); });
    });

    std::vector<outer_binding> bindings;
    for (auto const& [source, column] : outside) {
        int position = in.position(source, column);
        if (position >= 0) bindings.push_back({slot_of(source, column), static_cast<std::size_t>(position)});
    }
    bool independent = outside.empty();
    compiled inner = compile(plan_.subplan_of(e.relation));
    switch (e.kind) {
        case query::expression_kind::exists:
            return std::make_unique<exists_subquery>(std::move(inner.run), std::move(bindings), independent, e.flag);
        case query::expression_kind::quantified: {
            node operand = q_.list(e.arguments)[0];
            sql_type left = q_.expressions[static_cast<std::size_t>(operand)].type;
            sql_type element = inner.layout.types.at(0);
            bool hashed = !e.flag && signature_of(e.function).name == "=" &&
                          (left.id == element.id || (is_integer(left.id) && is_integer(element.id)));
            return std::make_unique<quantified_subquery>(expression(operand, in), std::move(inner.run),
                                                         std::move(bindings), independent, kernel_of(e.function),
                                                         e.flag, element, hashed);
        }
        default:
            return std::make_unique<scalar_subquery>(std::move(inner.run), std::move(bindings), independent, e.type);
    }
}

chunk_aggregate plan_compiler::aggregate_call(node number, output_layout const& in) {
    query::expression const& e = q_.expressions[static_cast<std::size_t>(number)];
    chunk_aggregate made;
    made.kernel = &aggregate_kernel_of(e.aggregate);
    made.arguments = row_of(q_.list(e.arguments), in);
    made.argument_types = types_of(q_.list(e.arguments));
    if (e.filter != none) made.filter = condition(std::span<node const>(&e.filter, 1), in);
    made.distinct = e.flag;
    if (e.order.count != 0) made.order = order(q_.keys(e.order), in);
    made.result = e.type;
    return made;
}

}  // namespace phantomdb::exec
