/// @file Defines `hash_aggregate`: one row per group of equal keys, or one row for everything.
#pragma once

#include <phantomdb/exec/flow.hpp>

#include <cstddef>

namespace phantomdb::exec {

/// Adds every unit to the only group. A loop over many units may work on a copy of the states where these say `is_copied`:
/// what nobody else knows the address of is kept in registers.
template <class Context, class States>
struct lone_group_sink {
    Context& context;
    States& state;

    template <class Unit>
    flow_signal operator()(Unit& unit) const {
        state.add_all(context, unit);
        return flow_signal::more;
    }
    States copied_states() const
        requires States::is_copied
    {
        return state;
    }
};

/// `Keys` number the groups; `States` hold the aggregates of each: `grow(groups)`, `add(context, unit, group_of_row)`,
/// `row(context, groups, n)` makes the row of group n. Without keys there is exactly one group, also for no input.
/// Groups come out in order of first appearance.
template <class Child, class Keys, class States, class Output>
struct hash_aggregate {
    using flow = typename Output::flow;

    Child child;
    Keys keys;
    States states;  ///< `make()`
    Output output;  ///< `make()`: an emitter

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        auto state = states.make();
        auto groups = keys.make_table();
        if constexpr (requires { Keys::none_at_all; }) {
            state.grow(1);
            child.run(context, lone_group_sink<Context, decltype(state)>{context, state});
        } else {
            if (keys.size() == 0) state.grow(1);
            child.run(context, [&](auto& unit) {
                if (keys.size() == 0) {
                    state.add_all(context, unit);
                    return flow_signal::more;
                }
                keys.prepare(context, unit);
                Child::flow::for_each(unit, [&](auto const& row) {
                    auto [group, fresh] = groups.insert(keys.get(context, row));
                    if (fresh) state.grow(groups.size());
                    state.assign(row, group);
                });
                state.add(context, unit);
                return flow_signal::more;
            });
        }
        auto out = output.make();
        std::size_t count = state.size();
        for (std::size_t n = 0; n < count; ++n) {
            if (out.put(context, state.row(context, groups, n), sink) == flow_signal::stop) return flow_signal::stop;
        }
        return out.flush(sink);
    }
};

}  // namespace phantomdb::exec
