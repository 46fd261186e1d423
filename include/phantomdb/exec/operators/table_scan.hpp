/// @file Defines `table_scan`: the rows of a table, by the access path the planner chose.
#pragma once

#include <phantomdb/exec/flow.hpp>

#include <cstdint>

namespace phantomdb::exec {

/// Adds a scan to what the statement counts, where it counts (exec/relation_usage.hpp).
template <class Context, class Relation>
void count_scan(Context& context, Relation const& relation, std::uint64_t met, std::uint64_t batches) {
    if (context.shared.usage == nullptr) return;
    auto& counted = context.shared.usage->of(relation);
    ++counted.scans;
    counted.rows_read += met;
    counted.requests += batches + 1;
}

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
        std::uint64_t met = 0, batches = 0;
        flow_signal const signal = reader.read(rows.view(context), where, [&](auto const& stored) {
            context.call.check_cancelled();
            context.call.memory.reset();
            met += stored.size();
            ++batches;
            return rows.pass(context, reader.layout(), stored, sink);
        });
        if constexpr (requires { context.shared.usage; }) count_scan(context, reader.counted_as(), met, batches);
        return signal;
    }
};

}  // namespace phantomdb::exec
