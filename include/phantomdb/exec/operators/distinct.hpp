/// @file Defines `distinct`: passes on the first row of each key.
#pragma once

#include <phantomdb/exec/flow.hpp>

namespace phantomdb::exec {

/// `Keys` are all columns for DISTINCT, the given expressions for DISTINCT ON. Keeps the order of its child.
template <class Child, class Keys>
struct distinct {
    using flow = typename Child::flow;

    Child child;
    Keys keys;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        auto seen = keys.make_table();
        auto first = [&](auto const& row) { return seen.insert(keys.get(context, row)).second; };
        return child.run(context, [&](auto& unit) {
            keys.prepare(context, unit);
            return flow::keep_rows(unit, first, sink);
        });
    }
};

}  // namespace phantomdb::exec
