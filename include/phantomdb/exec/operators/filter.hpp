/// @file Defines `filter`: keeps the units that satisfy a predicate.
#pragma once

#include <phantomdb/exec/flow.hpp>

namespace phantomdb::exec {

template <class Child, class Predicate>
struct filter {
    using flow = typename Child::flow;

    Child child;
    Predicate predicate;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        return child.run(context, [&](auto& unit) { return flow::keep_if(context, unit, predicate, sink); });
    }
};

}  // namespace phantomdb::exec
