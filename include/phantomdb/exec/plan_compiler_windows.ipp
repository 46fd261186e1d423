/// @file Defines the part of `plan_compiler` for windows.
#pragma once

#include <phantomdb/exec/operators/window.hpp>
#include <phantomdb/exec/plan_compiler.hpp>

namespace phantomdb::exec {

compiled plan_compiler::windowed(node number) {
    plan::plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
    query::relation const& r = q_.relations[static_cast<std::size_t>(p.relation)];
    bool by_value = r.window_frame.unit == query::frame_unit::range &&
                    (r.window_frame.start_offset != none || r.window_frame.end_offset != none);
    if (by_value) {
        throw error(errc::feature_not_supported, "RANGE frames with an offset are not supported")
            .with_hint("Use ROWS or GROUPS with an offset.");
    }
    compiled child = compile(p.left);
    std::vector<query::sort_key> parts;
    for (node e : q_.list(r.partition)) parts.push_back({e, false, false});
    auto optional = [&](node e) { return e == none ? any_expression() : expression(e, {}); };

    std::vector<window_call> calls;
    for (node e : q_.list(r.expressions)) {
        query::expression const& x = q_.expressions[static_cast<std::size_t>(e)];
        window_call call;
        call.function = x.window;
        if (x.window == query::window_function::no_function) call.aggregate.kernel = &aggregate_kernel_of(x.aggregate);
        call.arguments = row_of(q_.list(x.arguments), child.layout);
        call.argument_types = types_of(q_.list(x.arguments));
        call.filtered = x.filter != none;
        if (call.filtered) call.filter = condition(std::span<node const>(&x.filter, 1), child.layout);
        call.result = x.type;
        calls.push_back(std::move(call));
    }
    output_layout layout = child.layout + columns_of_source(r.source);
    auto partition = order(parts, child.layout);
    auto sorted = order(q_.keys(r.sort), child.layout);
    window_rows made{std::move(child.run),
                     child.layout.types,
                     layout.types,
                     std::move(partition),
                     std::move(sorted),
                     r.window_frame,
                     {optional(r.window_frame.start_offset), false},
                     {optional(r.window_frame.end_offset), false},
                     std::move(calls)};
    return {any_operator(std::make_unique<window_rows>(std::move(made)), number), layout};
}

}  // namespace phantomdb::exec
