/// @file Defines the operators of WITH: a common table expression computed once, and the recursive one.
#pragma once

#include <phantomdb/exec/chunk_flow.hpp>

#include <memory>
#include <vector>

namespace phantomdb::exec {

/// Passes the kept rows of `rows` on.
template <class Sink>
flow_signal pass_rows(dynamic_context& context, tuple_store const& rows, std::vector<sql_type> const& types,
                      Sink& sink) {
    chunk_flow::emitter out(types);
    for (std::size_t n = 0; n < rows.size(); ++n) {
        if (out.put(context, kept_row{&rows, n}, sink) == flow_signal::stop) return flow_signal::stop;
    }
    return out.flush(sink);
}

/// One use of a CTE. The first use in a statement computes it.
struct common_rows {
    any_operator child;
    query::node relation;
    std::vector<sql_type> types;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        auto& kept = context.shared.common[relation];
        if (!kept) {
            auto made = std::make_shared<tuple_store>(types);
            arena scratch;
            dynamic_context inner = context.with_memory(scratch);
            child.run(inner, [&](chunk& unit) {
                chunk_flow::for_each(unit, [&](chunk_row const& row) { made->push(row); });
                return flow_signal::more;
            });
            kept = made;
        }
        auto rows = kept;
        return pass_rows(context, *rows, types, sink);
    }
};

/// WITH RECURSIVE: `left`, then `right` over the rows of the round before until a round brings nothing new.
struct recursive_union {
    any_operator left, right;
    query::node number;
    bool all;
    std::vector<sql_type> types;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        group_table<datum_keys> seen{datum_keys(types)};
        std::vector<nullable_datum> cells(types.size());
        auto previous = std::make_unique<tuple_store>(types), next = std::make_unique<tuple_store>(types);
        arena scratch;
        auto collect = [&](chunk& unit) {
            chunk_flow::for_each(unit, [&](chunk_row const& row) {
                if (!all) {
                    for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = row.at(i);
                    if (!seen.insert(std::span<nullable_datum const>(cells)).second) return;
                }
                next->push(row);
            });
            return flow_signal::more;
        };
        dynamic_context inner = context.with_memory(scratch);
        left.run(inner, collect);
        tuple_store* outside = context.shared.working[number];
        while (next->size() != 0) {
            context.call.check_cancelled();
            std::swap(previous, next);
            next->clear();
            if (pass_rows(context, *previous, types, sink) == flow_signal::stop) return flow_signal::stop;
            context.shared.working[number] = previous.get();
            right.run(inner, collect);
        }
        context.shared.working[number] = outside;
        return flow_signal::more;
    }
};

/// The rows of the previous round, inside a recursive CTE.
struct working_rows {
    query::node number;
    std::vector<sql_type> types;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        tuple_store* rows = context.shared.working[number];
        return rows == nullptr ? flow_signal::more : pass_rows(context, *rows, types, sink);
    }
};

}  // namespace phantomdb::exec
