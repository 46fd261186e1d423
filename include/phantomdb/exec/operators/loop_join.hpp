/// @file Defines `loop_join`: keeps the right side and pairs each left row with all of it.
#pragma once

#include <phantomdb/exec/flow.hpp>

namespace phantomdb::exec {

/// For conditions without an equality, and for cross joins. O(left × right).
template <class Left, class Right, class Rows, class Joiner>
struct loop_join {
    using flow = typename Joiner::flow;

    Left left;
    Right right;
    Rows rows;
    Joiner joiner;
    bool full = false;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        auto kept = rows.make();
        right.run(context, [&](auto& unit) {
            Right::flow::for_each(unit, [&](auto const& row) { kept.push(context, row); });
            return flow_signal::more;
        });
        auto pairs = joiner.make();
        flow_signal answer = left.run(context, [&](auto& unit) {
            pairs.begin(unit);
            flow_signal signal = flow_signal::more;
            Left::flow::for_each(unit, [&](auto const& row) {
                context.call.check_cancelled();
                for (std::size_t n = 0; n < kept.size() && signal == flow_signal::more && pairs.wants_more(row); ++n) {
                    signal = pairs.candidate(context, row, kept[n], n, sink);
                }
            });
            return signal == flow_signal::stop ? signal : pairs.end(context, sink);
        });
        if (!full || answer == flow_signal::stop) return answer;
        return pairs.unmatched_right(context, kept, sink);
    }
};

}  // namespace phantomdb::exec
