/// @file Defines `apply_join`: runs the right side anew for each left row, whose columns it reads (LATERAL).
#pragma once

#include <phantomdb/exec/chunk_flow.hpp>
#include <phantomdb/exec/subquery_expression.hpp>

#include <vector>

namespace phantomdb::exec {

struct apply_join {
    using flow = chunk_flow;

    any_operator left, right;
    std::vector<outer_binding> bindings;
    chunk_flow::joiners joiner;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        auto pairs = joiner.make();
        arena memory;
        return left.run(context, [&](chunk& unit) {
            pairs.begin(unit);
            for (std::size_t i = 0; i < unit.count; ++i) {
                chunk_row row{&unit, unit.row(i)};
                for (auto const& b : bindings) context.shared.outer[b.slot] = row.at(b.position);
                dynamic_context inner = context.with_memory(memory);
                flow_signal signal = flow_signal::more;
                right.run(inner, [&](chunk& matches) {
                    chunk_flow::for_each(matches, [&](chunk_row const& match) {
                        if (signal == flow_signal::more && pairs.wants_more(row)) {
                            signal = pairs.candidate(context, row, match, 0, sink);
                        }
                    });
                    // The text of these matches goes with this call: pass the pairs on now.
                    if (signal == flow_signal::more) signal = pairs.settle(context, sink);
                    return signal == flow_signal::more && pairs.wants_more(row) ? flow_signal::more : flow_signal::stop;
                });
                if (signal == flow_signal::stop) return signal;
            }
            return pairs.end(context, sink);
        });
    }
};

}  // namespace phantomdb::exec
