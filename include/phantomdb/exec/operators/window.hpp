/// @file Defines `window_rows`: window functions and aggregates over frames.
///
/// 1. All rows are kept, with the bytes of their partition and order keys, and sorted by both.
/// 2. Each partition is walked row by row; the frame of a row is a run [start, end) of the partition.
/// 3. An aggregate whose frames only grow at the end is carried along; otherwise it is added up anew per frame.
#pragma once

#include <phantomdb/exec/chunk_aggregates.hpp>
#include <phantomdb/exec/chunk_flow.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace phantomdb::exec {

struct window_call {
    query::window_function function = query::window_function::no_function;
    chunk_aggregate aggregate;  ///< used where `function` is no_function
    expression_row arguments;
    std::vector<sql_type> argument_types;
    conjunction filter;
    bool filtered = false;
    sql_type result{};
};

struct window_rows {
    any_operator child;
    std::vector<sql_type> types;      ///< of the child's columns
    std::vector<sql_type> all_types;  ///< the child's columns, then the results
    chunk_flow::order_reader partition, order;
    query::frame frame;
    chunk_flow::row_count start_offset, end_offset;
    std::vector<window_call> calls;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        tuple_store rows(types);
        std::vector<tuple_store> arguments;
        std::vector<std::vector<bool>> counted(calls.size());
        for (auto& call : calls) arguments.emplace_back(call.argument_types);
        std::vector<entry> sorted;
        child.run(context, [&](chunk& unit) {
            partition.prepare(context, unit);
            order.prepare(context, unit);
            for (std::size_t k = 0; k < calls.size(); ++k) gather(context, calls[k], unit, arguments[k], counted[k]);
            chunk_flow::for_each(unit, [&](chunk_row const& row) {
                entry made;
                partition.append(context, made.partition, row);
                order.append(context, made.order, row);
                made.row = rows.push(row);
                sorted.push_back(std::move(made));
            });
            return flow_signal::more;
        });
        std::sort(sorted.begin(), sorted.end(), [](entry const& a, entry const& b) {
            if (int c = a.partition.compare(b.partition); c != 0) return c < 0;
            if (int c = a.order.compare(b.order); c != 0) return c < 0;
            return a.row < b.row;
        });

        std::int64_t before = start_offset.count(context), after = end_offset.count(context);
        chunk_builder out(all_types);
        arena results;  // text of the results in `out` and of the partition at hand
        std::vector<std::vector<nullable_datum>> columns(calls.size());
        for (std::size_t first = 0; first < sorted.size();) {
            std::size_t last = first;
            while (last < sorted.size() && sorted[last].partition == sorted[first].partition) ++last;
            context.call.check_cancelled();
            std::span<entry const> part(sorted.data() + first, last - first);
            bounds limits = frames(part, before, after);
            dynamic_context inner = context.with_memory(results);
            for (std::size_t k = 0; k < calls.size(); ++k) {
                compute(inner, calls[k], arguments[k], counted[k], part, limits, columns[k]);
            }
            for (std::size_t i = 0; i < part.size(); ++i) {
                for (std::size_t c = 0; c < types.size(); ++c) out.put(c, rows.at(part[i].row, c));
                for (std::size_t k = 0; k < calls.size(); ++k) out.put(types.size() + k, columns[k][i]);
                out.next_row();
                if (!out.full()) continue;
                if (sink(out.take()) == flow_signal::stop) return flow_signal::stop;
                out.clear();
            }
            // What is left in `out` borrows from `results`: pass it on before the next partition reuses them.
            if (results.reserved() > (std::size_t{1} << 20) && out.size() != 0) {
                if (sink(out.take()) == flow_signal::stop) return flow_signal::stop;
                out.clear();
            }
            if (out.size() == 0) results.reset();
            first = last;
        }
        return out.size() == 0 ? flow_signal::more : sink(out.take());
    }

private:
    struct entry {
        std::string partition, order;
        std::size_t row = 0;
    };
    /// Per row of a partition: its peers [first, last) and its frame [start, end).
    struct bounds {
        std::vector<std::size_t> peer_first, peer_last, start, end, group;
    };

    static void gather(dynamic_context& context, window_call& call, chunk const& unit, tuple_store& kept,
                       std::vector<bool>& counted) {
        call.arguments.prepare(context, unit);
        std::vector<bool> passes(call.filtered ? chunk_capacity : 0);
        if (call.filtered) {
            chunk narrowed = unit;
            call.filter.narrow(context, narrowed);
            for (std::size_t i = 0; i < narrowed.count; ++i) passes[narrowed.row(i)] = true;
        }
        std::vector<nullable_datum> cells;
        for (std::size_t i = 0; i < unit.count; ++i) {
            auto row = call.arguments.get(unit.row(i));
            cells.assign(row.begin(), row.end());
            kept.push(cells);
            counted.push_back(!call.filtered || passes[unit.row(i)]);
        }
    }

    bounds frames(std::span<entry const> part, std::int64_t before, std::int64_t after) const {
        std::size_t n = part.size();
        bounds made;
        made.peer_first.resize(n);
        made.peer_last.resize(n);
        made.group.resize(n);
        std::vector<std::size_t> group_first;  // first row of each peer group
        for (std::size_t i = 0; i < n; ++i) {
            if (i == 0 || part[i].order != part[i - 1].order) group_first.push_back(i);
            made.group[i] = group_first.size() - 1;
        }
        group_first.push_back(n);
        for (std::size_t i = 0; i < n; ++i) {
            made.peer_first[i] = group_first[made.group[i]];
            made.peer_last[i] = group_first[made.group[i] + 1];
        }
        auto offset_row = [&](std::size_t i, query::frame_bound bound, std::int64_t distance, bool is_start) {
            std::int64_t signed_distance = bound == query::frame_bound::preceding ? -distance : distance;
            auto clamp = [](std::int64_t v, std::int64_t high) { return v < 0 ? 0 : v > high ? high : v; };
            if (frame.unit == query::frame_unit::rows) {
                std::int64_t at = static_cast<std::int64_t>(i) + signed_distance + (is_start ? 0 : 1);
                return static_cast<std::size_t>(clamp(at, static_cast<std::int64_t>(n)));
            }
            std::int64_t groups = static_cast<std::int64_t>(group_first.size()) - 1;
            std::int64_t at = static_cast<std::int64_t>(made.group[i]) + signed_distance + (is_start ? 0 : 1);
            return group_first[static_cast<std::size_t>(clamp(at, groups))];
        };
        made.start.resize(n);
        made.end.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            bool by_row = frame.unit == query::frame_unit::rows;
            switch (frame.start) {
                case query::frame_bound::unbounded_preceding: made.start[i] = 0; break;
                case query::frame_bound::current: made.start[i] = by_row ? i : made.peer_first[i]; break;
                case query::frame_bound::unbounded_following: made.start[i] = n; break;
                default: made.start[i] = offset_row(i, frame.start, before, true);
            }
            switch (frame.end) {
                case query::frame_bound::unbounded_following: made.end[i] = n; break;
                case query::frame_bound::current: made.end[i] = by_row ? i + 1 : made.peer_last[i]; break;
                case query::frame_bound::unbounded_preceding: made.end[i] = 0; break;
                default: made.end[i] = offset_row(i, frame.end, after, false);
            }
            made.end[i] = std::max(made.end[i], made.start[i]);
        }
        return made;
    }

    static void compute(dynamic_context& context, window_call& call, tuple_store const& arguments,
                        std::vector<bool> const& counted, std::span<entry const> part, bounds const& limits,
                        std::vector<nullable_datum>& out) {
        using f = query::window_function;
        std::size_t n = part.size();
        out.assign(n, {});
        if (call.function == f::no_function) return aggregate(context, call, arguments, counted, part, limits, out);
        auto argument = [&](std::size_t i, std::size_t k) { return arguments.at(part[i].row, k); };
        auto number = [](std::size_t v) { return nullable_datum{datum{static_cast<std::int64_t>(v)}}; };
        auto share = [](double v) { return nullable_datum{datum{v}}; };
        for (std::size_t i = 0; i < n; ++i) {
            switch (call.function) {
                case f::row_number: out[i] = number(i + 1); break;
                case f::rank: out[i] = number(limits.peer_first[i] + 1); break;
                case f::dense_rank: out[i] = number(limits.group[i] + 1); break;
                case f::percent_rank:
                    out[i] = share(n == 1 ? 0 : static_cast<double>(limits.peer_first[i]) / static_cast<double>(n - 1));
                    break;
                case f::cume_dist:
                    out[i] = share(static_cast<double>(limits.peer_last[i]) / static_cast<double>(n));
                    break;
                case f::ntile: {
                    nullable_datum buckets = argument(i, 0);
                    if (buckets.null) break;
                    if (buckets.value.i <= 0) {
                        throw error(errc::invalid_parameter_value, "argument of ntile must be greater than zero");
                    }
                    std::size_t count = static_cast<std::size_t>(buckets.value.i);
                    std::size_t size = n / count, larger = n % count;
                    out[i] = number(i < larger * (size + 1) ? i / (size + 1) + 1
                                                            : larger + (i - larger * (size + 1)) / size + 1);
                    break;
                }
                case f::lag:
                case f::lead: {
                    nullable_datum by =
                        arguments.types().size() > 1 ? argument(i, 1) : nullable_datum{datum{std::int64_t{1}}};
                    if (by.null) break;
                    std::int64_t to =
                        static_cast<std::int64_t>(i) + (call.function == f::lead ? by.value.i : -by.value.i);
                    if (to >= 0 && to < static_cast<std::int64_t>(n))
                        out[i] = argument(static_cast<std::size_t>(to), 0);
                    else if (arguments.types().size() > 2) out[i] = argument(i, 2);
                    break;
                }
                case f::first_value:
                    if (limits.start[i] < limits.end[i]) out[i] = argument(limits.start[i], 0);
                    break;
                case f::last_value:
                    if (limits.start[i] < limits.end[i]) out[i] = argument(limits.end[i] - 1, 0);
                    break;
                case f::nth_value: {
                    nullable_datum nth = argument(i, 1);
                    if (nth.null) break;
                    if (nth.value.i <= 0) {
                        throw error(errc::invalid_parameter_value, "argument of nth_value must be greater than zero");
                    }
                    std::size_t at = limits.start[i] + static_cast<std::size_t>(nth.value.i) - 1;
                    if (at < limits.end[i]) out[i] = argument(at, 0);
                    break;
                }
                case f::no_function: break;
            }
        }
    }

    static void aggregate(dynamic_context& context, window_call& call, tuple_store const& arguments,
                          std::vector<bool> const& counted, std::span<entry const> part, bounds const& limits,
                          std::vector<nullable_datum>& out) {
        aggregate_kernel const& functions = *call.aggregate.kernel;
        std::size_t room = (functions.size + 15) / 16 * 16;
        struct holder {
            aggregate_kernel const& of;
            std::byte* bytes;
            explicit holder(aggregate_kernel const& k, std::size_t size)
                : of(k), bytes(static_cast<std::byte*>(::operator new(size, detail::state_alignment))) {
                of.init(bytes);
            }
            holder(holder const&) = delete;
            holder& operator=(holder const&) = delete;
            ~holder() {
                if (of.destroy != nullptr) of.destroy(bytes);
                ::operator delete(bytes, detail::state_alignment);
            }
            void restart() {
                if (of.destroy != nullptr) of.destroy(bytes);
                of.init(bytes);
            }
        } state(functions, room);

        std::size_t width = arguments.types().size();
        std::vector<nullable_datum> cells(width);
        std::vector<std::uint8_t> nulls(width);
        std::vector<kernel_input> inputs(width);
        auto add = [&](std::size_t i) {
            if (!counted[part[i].row]) return;
            for (std::size_t k = 0; k < width; ++k) {
                cells[k] = arguments.at(part[i].row, k);
                nulls[k] = cells[k].null;
                inputs[k] = {&cells[k].value, &nulls[k], 0, arguments.types()[k]};
            }
            functions.add(context.call, {inputs, nullptr, 1, state.bytes, room, nullptr});
        };
        std::size_t from = 0, to = 0;  // what `state` holds
        for (std::size_t i = 0; i < part.size(); ++i) {
            bool same = i != 0 && limits.start[i] == limits.start[i - 1] && limits.end[i] == limits.end[i - 1];
            if (same) {
                out[i] = out[i - 1];
                continue;
            }
            if (limits.start[i] != from || limits.end[i] < to) {
                state.restart();
                from = to = limits.start[i];
            }
            for (; to < limits.end[i]; ++to) add(to);
            out[i] = functions.finish(context.call, state.bytes);
        }
    }
};

}  // namespace phantomdb::exec
