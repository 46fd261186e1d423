/// @file Defines `lookup_join`: finds each left row's partners through an index of the right table.
#pragma once

#include <phantomdb/exec/flow.hpp>

namespace phantomdb::exec {

/// `Lookup` reads the bounds of a row (`prepare`, then `visit(context, row, f)` calls f(right row) until it answers stop).
template <class Left, class Lookup, class Joiner>
struct lookup_join {
    using flow = typename Joiner::flow;

    Left left;
    Lookup lookup;
    Joiner joiner;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        auto pairs = joiner.make();
        return left.run(context, [&](auto& unit) {
            lookup.prepare(context, unit);
            pairs.begin(unit);
            flow_signal signal = flow_signal::more;
            Left::flow::for_each(unit, [&](auto const& row) {
                if (signal == flow_signal::stop) return;
                lookup.visit(context, row, [&](auto const& match) {
                    signal = pairs.candidate(context, row, match, 0, sink);
                    return signal == flow_signal::more && pairs.wants_more(row) ? flow_signal::more : flow_signal::stop;
                });
            });
            return signal == flow_signal::stop ? signal : pairs.end(context, sink);
        });
    }
};

}  // namespace phantomdb::exec
