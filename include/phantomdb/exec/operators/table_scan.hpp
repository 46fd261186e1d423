/// @file Defines `table_scan`: the rows of a table, by the access path the planner chose.
#pragma once

#include <phantomdb/exec/flow.hpp>
#include <phantomdb/exec/request_meter.hpp>

#include <cstdint>

namespace phantomdb::exec {

/// Counts a scan for the statement, where it counts (exec/relation_usage.hpp).
template <class Context>
class scan_counter {
public:
    /// Calls `pass` with rows that the store gave.
    template <class Stored, class Pass>
    flow_signal pass(Stored const& stored, Pass&& pass) {
        met_ += stored.size();
        meter_.pause();
        flow_signal const signal = pass();
        meter_.resume();
        return signal;
    }
    template <class Relation>
    void end(Context& context, Relation const& relation) const {
        if (context.shared.usage == nullptr) return;
        auto& counted = context.shared.usage->of(relation);
        ++counted.scans;
        counted.rows_read += met_;
        meter_.add_to(counted);
    }

private:
    request_meter meter_;
    std::uint64_t met_ = 0;
};

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
        auto const pass = [&](auto const& stored) {
            context.call.check_cancelled();
            context.call.memory.reset();
            return rows.pass(context, reader.layout(), stored, sink);
        };
        if constexpr (requires { context.shared.usage; }) {
            scan_counter<Context> counter;
            flow_signal const signal = reader.read(rows.view(context), where, [&](auto const& stored) {
                return counter.pass(stored, [&] { return pass(stored); });
            });
            counter.end(context, reader.counted_as());
            return signal;
        } else {
            return reader.read(rows.view(context), where, pass);
        }
    }
};

}  // namespace phantomdb::exec
