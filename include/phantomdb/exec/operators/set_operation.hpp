/// @file Defines `set_operation`: UNION, INTERSECT and EXCEPT, with and without ALL.
#pragma once

#include <phantomdb/exec/chunk_flow.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace phantomdb::exec {

/// UNION ALL streams. UNION passes on each row when it first appears. INTERSECT and EXCEPT count the right side's rows,
/// then stream the left side against the counts. Nulls equal nulls.
struct set_operation {
    any_operator left, right;
    query::set_kind kind;
    bool all;
    std::vector<sql_type> types;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        if (kind == query::set_kind::union_ && all) {
            if (left.run(context, sink) == flow_signal::stop) return flow_signal::stop;
            return right.run(context, sink);
        }
        group_table<datum_keys> groups{datum_keys(types)};
        std::vector<nullable_datum> cells(types.size());
        auto key_of = [&](chunk_row const& row) {
            for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = row.at(i);
            return std::span<nullable_datum const>(cells);
        };
        if (kind == query::set_kind::union_) {
            auto fresh = [&](chunk_row const& row) { return groups.insert(key_of(row)).second; };
            auto pass = [&](chunk& unit) { return chunk_flow::keep_rows(unit, fresh, sink); };
            if (left.run(context, pass) == flow_signal::stop) return flow_signal::stop;
            return right.run(context, pass);
        }
        std::vector<std::uint64_t> count;  // right rows per group
        right.run(context, [&](chunk& unit) {
            chunk_flow::for_each(unit, [&](chunk_row const& row) {
                auto [group, fresh] = groups.insert(key_of(row));
                if (fresh) count.push_back(0);
                ++count[group];
            });
            return flow_signal::more;
        });
        bool intersect = kind == query::set_kind::intersect;
        auto keep = [&](chunk_row const& row) {
            auto [group, fresh] = groups.insert(key_of(row));
            if (fresh) count.push_back(0);
            std::uint64_t& left_over = count[group];
            if (all) {
                if (left_over == 0) return !intersect;
                --left_over;
                return intersect;
            }
            // Without ALL each row comes out at most once: afterwards the group is marked as done.
            constexpr std::uint64_t done = UINT64_MAX;
            if (left_over == done) return false;
            bool wanted = (left_over != 0) == intersect;
            left_over = done;
            return wanted;
        };
        return left.run(context, [&](chunk& unit) { return chunk_flow::keep_rows(unit, keep, sink); });
    }
};

}  // namespace phantomdb::exec
