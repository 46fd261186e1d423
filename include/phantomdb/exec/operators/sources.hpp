/// @file Defines the operators that make rows from nothing but expressions: one row, VALUES, functions, system tables.
#pragma once

#include <phantomdb/exec/chunk_flow.hpp>
#include <phantomdb/exec/executable.hpp>
#include <phantomdb/exec/functions/row_function.hpp>

#include <vector>

namespace phantomdb::exec {

/// SELECT without FROM.
struct one_row {
    template <class Sink>
    flow_signal run(dynamic_context&, Sink&& sink) {
        chunk unit;
        unit.count = 1;
        return sink(unit);
    }
};

struct value_rows {
    std::vector<std::vector<any_expression>> rows;
    std::vector<sql_type> types;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        chunk_builder out(types);
        chunk nothing;
        nothing.count = 1;
        for (auto& row : rows) {
            for (std::size_t i = 0; i < row.size(); ++i) out.put(i, cell_at(row[i]->evaluate(context, nothing), 0));
            out.next_row();
            if (!out.full()) continue;
            if (sink(out.take()) == flow_signal::stop) return flow_signal::stop;
            out.clear();
            context.call.memory.reset();
        }
        return out.size() == 0 ? flow_signal::more : sink(out.take());
    }
};

/// A set-returning function in FROM. `ordinality`: the last column counts the rows.
struct function_rows {
    function_id function;
    expression_row arguments;
    std::vector<sql_type> argument_types;
    std::vector<sql_type> types;
    bool ordinality = false;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        chunk nothing;
        nothing.count = 1;
        arguments.prepare(context, nothing);
        auto row = arguments.get(0);
        std::vector<nullable_datum> cells(row.begin(), row.end());
        if (signature_of(function).is_strict() && has_null(cells)) return flow_signal::more;
        std::vector<kernel_input> inputs(cells.size());
        for (std::size_t i = 0; i < cells.size(); ++i) inputs[i].type = argument_types[i];

        chunk_builder out(types);
        arena memory;  // the text of the rows in `out`
        flow_signal signal = flow_signal::more;
        std::int64_t number = 0;
        auto emit = [&](std::span<nullable_datum const> columns) {
            for (std::size_t i = 0; i < columns.size() && i < types.size(); ++i) {
                nullable_datum cell = columns[i];
                if (!cell.null && physical_of(types[i].id) == physical::text)
                    cell.value = datum{memory.copy(cell.value.t)};
                out.put(i, cell);
            }
            if (ordinality) out.put(types.size() - 1, datum{++number});
            out.next_row();
            if (out.full()) {
                context.call.check_cancelled();
                signal = sink(out.take());
                out.clear();
                memory.reset();
            }
            return signal == flow_signal::more;
        };
        row_function_of(function)(context.call, {cells.data(), inputs.data(), cells.size()}, emit);
        if (signal == flow_signal::stop || out.size() == 0) return signal;
        return sink(out.take());
    }
};

/// The rows of a system table, made by C++ code over the catalog.
struct produced_rows {
    table_binding const* table;
    std::vector<std::size_t> columns;
    std::vector<sql_type> types;
    std::vector<sql_type> all_types;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        tuple_store rows(all_types);
        table->produce(context, rows);
        chunk_builder out(types);
        for (std::size_t r = 0; r < rows.size(); ++r) {
            for (std::size_t i = 0; i < columns.size(); ++i) {
                out.put(i, columns[i] < all_types.size() ? rows.at(r, columns[i]) : nullable_datum{});
            }
            out.next_row();
            if (!out.full()) continue;
            if (sink(out.take()) == flow_signal::stop) return flow_signal::stop;
            out.clear();
        }
        return out.size() == 0 ? flow_signal::more : sink(out.take());
    }
};

/// FETCH FIRST … ROWS WITH TIES: after the last row come those that sort equal to it.
struct limit_with_ties {
    any_operator child;
    chunk_flow::row_count skip, take;
    chunk_flow::order_reader order;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        std::int64_t over = skip.count(context), wanted = take.count(context);
        if (over < 0) over = 0;
        if (wanted == 0) return flow_signal::more;
        std::int64_t seen = 0;
        std::string last, key;
        return child.run(context, [&](chunk& unit) {
            order.prepare(context, unit);
            bool done = false;
            auto keep = [&](chunk_row const& row) {
                ++seen;
                if (done || seen <= over) return false;
                if (wanted < 0 || seen < over + wanted) return true;
                key.clear();
                order.append(context, key, row);
                if (seen == over + wanted) last = key;
                done = key != last;
                return !done;
            };
            flow_signal signal = chunk_flow::keep_rows(unit, keep, sink);
            return done ? flow_signal::stop : signal;
        });
    }
};

}  // namespace phantomdb::exec
