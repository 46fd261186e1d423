/// @file Defines `table_scan`: the rows of a table, by the access path the planner chose.
#pragma once

#include <phantomdb/exec/flow.hpp>

namespace phantomdb::exec {

/// `Bounds` evaluates the bounds of the access path (from parameters, literals or outer rows); `Rows` turns stored rows
/// into units of the flow: typed rows that decode a field when it is read, or chunks of decoded columns.
template <class Reader, class Bounds, class Rows>
struct table_scan {
    using flow = typename Rows::flow;

    Reader reader;
    Bounds bounds;
    Rows rows;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        auto&& where = bounds.evaluate(context);
        return reader.read(rows.view(context), where, [&](auto stored) {
            context.call.check_cancelled();
            context.call.memory.reset();
            return rows.pass(context, reader.layout(), stored, sink);
        });
    }
};

}  // namespace phantomdb::exec
