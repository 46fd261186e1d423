/// @file Defines the operator half of `plan_compiler`: everything that reads.
#pragma once

#include <phantomdb/exec/operators/aggregate.hpp>
#include <phantomdb/exec/operators/apply_join.hpp>
#include <phantomdb/exec/operators/common.hpp>
#include <phantomdb/exec/operators/distinct.hpp>
#include <phantomdb/exec/operators/filter.hpp>
#include <phantomdb/exec/operators/hash_join.hpp>
#include <phantomdb/exec/operators/limit.hpp>
#include <phantomdb/exec/operators/lookup_join.hpp>
#include <phantomdb/exec/operators/loop_join.hpp>
#include <phantomdb/exec/operators/project.hpp>
#include <phantomdb/exec/operators/set_operation.hpp>
#include <phantomdb/exec/operators/sort.hpp>
#include <phantomdb/exec/operators/sources.hpp>
#include <phantomdb/exec/operators/table_scan.hpp>
#include <phantomdb/exec/plan_compiler.hpp>

namespace phantomdb::exec {

namespace detail {

/// Puts an operator template's fields in place and erases its type.
template <class Operator, class... Fields>
any_operator erased(node plan_node, Fields&&... fields) {
    return any_operator(std::unique_ptr<Operator>(new Operator{std::forward<Fields>(fields)...}), plan_node);
}

/// The rows of an index lookup, decoded column by column into the joiner's output.
struct chunk_lookup {
    table_reader reader;
    dynamic_bounds bounds;
    std::vector<std::size_t> columns;
    usage_slot counted{};

    struct match {
        chunk_lookup const* of;
        storage::slice stored;
        nullable_datum at(std::size_t column) const {
            auto const& layout = of->reader.layout();
            std::size_t ordinal = of->columns[column];
            if (ordinal == layout.rows.size()) return datum{stored.key};
            return layout.read(stored.value, ordinal);
        }
    };

    void prepare(dynamic_context& context, chunk const& unit) { bounds.prepare(context, unit); }
    template <class F>
    void visit(dynamic_context& context, chunk_row const& row, F&& f) {
        std::uint64_t met = 0;
        request_meter meter;
        reader.read(context.shared.view, bounds.at(row.number), [&](std::span<storage::slice const> found) {
            meter.pause();
            met += found.size();
            flow_signal signal = flow_signal::more;
            for (auto const& stored : found) {
                signal = f(match{this, stored});
                if (signal == flow_signal::stop) break;
            }
            meter.resume();
            return signal;
        });
        if (context.shared.usage == nullptr) return;
        relation_usage& here = counted.of(*context.shared.usage, reader.counted_as());
        ++here.scans;
        here.rows_read += met;
        meter.add_to(here);
    }
};

}  // namespace detail

plan_compiler::plan_compiler(query::query_view query, plan::plan_view plan, std::vector<table_binding> const& tables)
    : q_(query), plan_(plan), tables_(tables), needed_(query.sources.size()) {
    find_needed_columns();
}

void plan_compiler::find_needed_columns() {
    for (auto const& e : q_.expressions) {
        if (e.kind == query::expression_kind::column) needed_[static_cast<std::size_t>(e.source)].insert(e.column);
    }
    // A row to be changed or locked is needed whole, with its key.
    for (auto const& r : q_.relations) {
        if (r.target == none) continue;
        auto& all = needed_[static_cast<std::size_t>(r.target)];
        for (node c = 0; c <= q_.sources[static_cast<std::size_t>(r.target)].columns.count; ++c) all.insert(c);
    }
}

output_layout plan_compiler::columns_of_source(node source) const {
    output_layout layout;
    auto columns = q_.columns_of(source);
    for (std::size_t i = 0; i < columns.size(); ++i) layout.add(source, static_cast<node>(i), columns[i].type);
    return layout;
}

/// The columns of a table that the statement uses.
output_layout plan_compiler::table_columns(node source) const {
    output_layout layout;
    auto columns = q_.columns_of(source);
    for (node c : needed_[static_cast<std::size_t>(source)]) {
        bool key = c == static_cast<node>(columns.size());
        layout.add(source, c, key ? sql_type{type_id::bytea, -1} : columns[static_cast<std::size_t>(c)].type);
    }
    return layout;
}

stored_chunks plan_compiler::chunks_of(output_layout const& layout, node) const {
    std::vector<std::size_t> ordinals;
    for (auto const& c : layout.columns) ordinals.push_back(static_cast<std::size_t>(c.second));
    return stored_chunks(std::move(ordinals), layout.types);
}

table_reader plan_compiler::reader_of(plan::plan_node const& p) const {
    auto const& r = q_.relations[static_cast<std::size_t>(p.relation)];
    return table_reader(*tables_[static_cast<std::size_t>(r.table)].layout, p.access, p.index, p.reverse);
}

dynamic_bounds plan_compiler::bounds_of(plan::plan_node const& p, output_layout const& in) {
    dynamic_bounds made;
    made.equal = row_of(plan_.list(p.equal), in);
    if (p.lower.expression != none) made.lower = expression(p.lower.expression, in);
    if (p.upper.expression != none) made.upper = expression(p.upper.expression, in);
    made.lower_inclusive = p.lower.inclusive;
    made.upper_inclusive = p.upper.inclusive;
    return made;
}

compiled plan_compiler::filtered(compiled child, slice conjuncts, node number) {
    if (conjuncts.count == 0) return child;
    using made = filter<any_operator, conjunction>;
    conjunction predicate = condition(plan_.list(conjuncts), child.layout);
    return {detail::erased<made>(number, std::move(child.run), std::move(predicate)), child.layout};
}

compiled plan_compiler::scan(node number) {
    plan::plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
    auto const& r = q_.relations[static_cast<std::size_t>(p.relation)];
    output_layout layout = table_columns(r.source);
    auto const& binding = tables_[static_cast<std::size_t>(r.table)];
    compiled made{{}, layout};
    if (binding.produce) {
        std::vector<std::size_t> ordinals;
        for (auto const& c : layout.columns) ordinals.push_back(static_cast<std::size_t>(c.second));
        std::vector<sql_type> all;
        for (auto const& c : binding.layout->table->columns) all.push_back(c.type);
        made.run = detail::erased<produced_rows>(number, &binding, std::move(ordinals), layout.types, std::move(all));
    } else {
        using operation = table_scan<table_reader, dynamic_bounds, stored_chunks>;
        made.run = detail::erased<operation>(number, reader_of(p), bounds_of(p, {}), chunks_of(layout, r.source));
    }
    return filtered(std::move(made), p.filter, number);
}

compiled plan_compiler::joined(node number) {
    using plan::operator_kind;
    plan::plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
    compiled left = compile(p.left);
    bool existence = p.join == query::join_kind::semi || p.join == query::join_kind::anti;
    bool full = p.join == query::join_kind::full_outer;

    if (p.kind == operator_kind::lookup_join) {
        plan::plan_node const& inner = plan_.nodes[static_cast<std::size_t>(p.right)];
        auto const& r = q_.relations[static_cast<std::size_t>(inner.relation)];
        auto const& binding = tables_[static_cast<std::size_t>(r.table)];
        PHANTOMDB_ASSERT(!binding.produce);
        output_layout right = table_columns(r.source);
        std::vector<std::size_t> ordinals;
        for (auto const& c : right.columns) ordinals.push_back(static_cast<std::size_t>(c.second));
        output_layout both = left.layout + right;
        std::vector<node> conjuncts(plan_.list(inner.filter).begin(), plan_.list(inner.filter).end());
        for (node c : plan_.list(p.filter)) conjuncts.push_back(c);
        detail::chunk_lookup lookup{reader_of(inner), bounds_of(inner, left.layout), std::move(ordinals)};
        chunk_flow::joiners pairs{p.join, left.layout.types.size(), both.types, condition(conjuncts, both)};
        using operation = lookup_join<any_operator, detail::chunk_lookup, chunk_flow::joiners>;
        return {detail::erased<operation>(number, std::move(left.run), std::move(lookup), std::move(pairs)),
                existence ? left.layout : both};
    }

    compiled right = compile(p.right);
    output_layout both = left.layout + right.layout;
    output_layout out = existence ? left.layout : both;
    chunk_flow::joiners pairs{p.join, left.layout.types.size(), both.types, condition(plan_.list(p.filter), both)};
    chunk_flow::row_stores rows{right.layout.types};
    if (p.kind == operator_kind::hash_join) {
        // Both sides hash as the type of the right keys; the planner took only pairs for which that is sound.
        auto right_keys = keys(plan_.list(p.right_keys), right.layout);
        auto left_keys = keys(plan_.list(p.left_keys), left.layout);
        using operation = hash_join<any_operator, any_operator, chunk_flow::key_reader, chunk_flow::key_reader,
                                    chunk_flow::row_stores, chunk_flow::joiners>;
        return {detail::erased<operation>(number, std::move(left.run), std::move(right.run), std::move(left_keys),
                                          std::move(right_keys), std::move(rows), std::move(pairs), full),
                out};
    }
    if (p.kind == operator_kind::apply_join) {
        // The right side reads the left row's columns through outer slots.
        std::vector<outer_binding> bindings;
        for (std::size_t i = 0; i < left.layout.columns.size(); ++i) {
            auto slot = slots_.find(left.layout.columns[i]);
            if (slot != slots_.end()) bindings.push_back({slot->second, i});
        }
        return {detail::erased<apply_join>(number, std::move(left.run), std::move(right.run), std::move(bindings),
                                           std::move(pairs)),
                out};
    }
    using operation = loop_join<any_operator, any_operator, chunk_flow::row_stores, chunk_flow::joiners>;
    return {detail::erased<operation>(number, std::move(left.run), std::move(right.run), std::move(rows),
                                      std::move(pairs), full),
            out};
}

compiled plan_compiler::aggregated(node number) {
    plan::plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
    auto const& r = q_.relations[static_cast<std::size_t>(p.relation)];
    compiled child = compile(p.left);
    auto key_numbers = q_.list(r.expressions);
    chunk_aggregates states;
    states.key_types = types_of(key_numbers);
    for (node a : q_.list(r.aggregates)) states.calls.push_back(aggregate_call(a, child.layout));
    output_layout layout = columns_of_source(r.source);
    auto key_reader = keys(key_numbers, child.layout);
    using operation = hash_aggregate<any_operator, chunk_flow::key_reader, chunk_aggregates, chunk_flow::emitters>;
    return {detail::erased<operation>(number, std::move(child.run), std::move(key_reader), std::move(states),
                                      chunk_flow::emitters{layout.types}),
            layout};
}

compiled plan_compiler::simple(node number) {
    using plan::operator_kind;
    plan::plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
    query::relation const& r = q_.relations[static_cast<std::size_t>(p.relation)];
    auto optional = [&](node e) { return e == none ? any_expression() : expression(e, {}); };
    switch (p.kind) {
        case operator_kind::project: {
            compiled child = compile(p.left);
            chunk_flow::projection columns(expressions(q_.list(r.expressions), child.layout));
            using operation = project<any_operator, chunk_flow::projection>;
            return {detail::erased<operation>(number, std::move(child.run), std::move(columns)),
                    columns_of_source(r.source)};
        }
        case operator_kind::sort: {
            compiled child = compile(p.left);
            using operation = sort<any_operator, chunk_flow::order_reader, chunk_flow::row_stores,
                                   chunk_flow::row_bound, chunk_flow::emitters>;
            chunk_flow::row_bound bound{{optional(p.bound), false}, {optional(p.bound_offset), true}};
            auto keys_in_order = order(q_.keys(r.sort), child.layout);
            return {detail::erased<operation>(number, std::move(child.run), std::move(keys_in_order),
                                              chunk_flow::row_stores{child.layout.types}, std::move(bound),
                                              chunk_flow::emitters{child.layout.types}),
                    child.layout};
        }
        case operator_kind::limit: {
            compiled child = compile(p.left);
            chunk_flow::row_count skip{optional(r.offset), true}, take{optional(r.limit), false};
            if (r.with_ties) {
                // Ties are told by the keys of the sort below.
                node sorted = r.left;
                while (q_.relations[static_cast<std::size_t>(sorted)].kind != query::relation_kind::sort) {
                    sorted = q_.relations[static_cast<std::size_t>(sorted)].left;
                    PHANTOMDB_ASSERT(sorted != none);
                }
                auto keys_in_order = order(q_.keys(q_.relations[static_cast<std::size_t>(sorted)].sort), child.layout);
                return {detail::erased<limit_with_ties>(number, std::move(child.run), std::move(skip), std::move(take),
                                                        std::move(keys_in_order)),
                        child.layout};
            }
            using operation = limit<any_operator, chunk_flow::row_count, chunk_flow::row_count>;
            return {detail::erased<operation>(number, std::move(child.run), std::move(skip), std::move(take)),
                    child.layout};
        }
        case operator_kind::distinct: {
            compiled child = compile(p.left);
            chunk_flow::key_reader reader;
            if (r.expressions.count != 0) {
                reader = keys(q_.list(r.expressions), child.layout);
            } else {
                std::vector<any_expression> all;
                for (std::size_t i = 0; i < child.layout.types.size(); ++i) {
                    all.push_back(std::make_unique<column_expression>(i, child.layout.types[i]));
                }
                reader = chunk_flow::key_reader(expression_row(std::move(all)), child.layout.types);
            }
            using operation = distinct<any_operator, chunk_flow::key_reader>;
            return {detail::erased<operation>(number, std::move(child.run), std::move(reader)), child.layout};
        }
        case operator_kind::values: {
            auto items = q_.list(r.expressions);
            std::vector<std::vector<any_expression>> rows;
            for (std::size_t i = 0; r.width != 0 && i < items.size(); i += static_cast<std::size_t>(r.width)) {
                rows.push_back(expressions(items.subspan(i, static_cast<std::size_t>(r.width)), {}));
            }
            output_layout layout = columns_of_source(r.source);
            return {detail::erased<value_rows>(number, std::move(rows), layout.types), layout};
        }
        case operator_kind::function_scan: {
            output_layout layout = columns_of_source(r.source);
            query::expression const& call = q_.expressions[static_cast<std::size_t>(q_.list(r.expressions)[0])];
            return {detail::erased<function_rows>(number, call.function, row_of(q_.list(call.arguments), {}),
                                                  types_of(q_.list(call.arguments)), layout.types),
                    layout};
        }
        case operator_kind::set_operation: {
            compiled left = compile(p.left), right = compile(p.right);
            output_layout layout = columns_of_source(r.source);
            return {detail::erased<set_operation>(number, std::move(left.run), std::move(right.run), r.set, r.all,
                                                  layout.types),
                    layout};
        }
        case operator_kind::common: {
            compiled child = compile(plan_.subplan_of(r.left));
            output_layout layout = columns_of_source(r.source);
            return {detail::erased<common_rows>(number, std::move(child.run), r.left, layout.types), layout};
        }
        case operator_kind::recursive: {
            compiled left = compile(p.left), right = compile(p.right);
            output_layout layout = columns_of_source(r.source);
            return {detail::erased<recursive_union>(number, std::move(left.run), std::move(right.run), r.detail, r.all,
                                                    layout.types),
                    layout};
        }
        case operator_kind::working: {
            output_layout layout = columns_of_source(r.source);
            return {detail::erased<working_rows>(number, r.detail, layout.types), layout};
        }
        default: return {detail::erased<one_row>(number), {}};
    }
}

compiled plan_compiler::compile(node number) {
    using plan::operator_kind;
    PHANTOMDB_ASSERT(number != none);
    plan::plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
    switch (p.kind) {
        case operator_kind::table_scan: return scan(number);
        case operator_kind::filter: return filtered(compile(p.left), p.filter, number);
        case operator_kind::hash_join:
        case operator_kind::loop_join:
        case operator_kind::lookup_join:
        case operator_kind::apply_join: return joined(number);
        case operator_kind::aggregate: return aggregated(number);
        case operator_kind::window: return windowed(number);
        case operator_kind::lock_rows:
        case operator_kind::insert:
        case operator_kind::update:
        case operator_kind::erase: return changing(number);
        default: return simple(number);
    }
}

}  // namespace phantomdb::exec
