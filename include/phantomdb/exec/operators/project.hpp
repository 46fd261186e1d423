/// @file Defines `project`: makes new columns from expressions over each row.
#pragma once

#include <phantomdb/exec/flow.hpp>

namespace phantomdb::exec {

template <class Child, class Projection>
struct project {
    using flow = typename Projection::template flow_after<typename Child::flow>;

    Child child;
    Projection projection;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        return child.run(context, [&](auto& unit) { return Child::flow::transform(context, unit, projection, sink); });
    }
};

}  // namespace phantomdb::exec
