/// @file Defines `hash_join`: keeps the right side by key, then looks up each left row.
#pragma once

#include <phantomdb/exec/flow.hpp>
#include <phantomdb/exec/group_table.hpp>
#include <phantomdb/query/ir.hpp>

#include <cstdint>
#include <vector>

namespace phantomdb::exec {

/// 1. Run the right side; keep its rows, chained per distinct key. Rows with a null in the key match nothing.
/// 2. Run the left side; each row's key leads to its chain; every link is a candidate for the joiner, which knows the kind of
///    join and the rest of the condition.
/// 3. A full join then passes on the right rows nothing matched.
template <class Left, class Right, class LeftKeys, class RightKeys, class Rows, class Joiner>
struct hash_join {
    using flow = typename Joiner::flow;

    Left left;
    Right right;
    LeftKeys left_keys;
    RightKeys right_keys;
    Rows rows;      ///< how right rows are kept: `make()`
    Joiner joiner;  ///< how rows are paired: `make()`
    bool full = false;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        auto kept = rows.make();
        auto groups = right_keys.make_table();
        std::vector<std::uint32_t> first, next;  // chains, by group and by row
        constexpr std::uint32_t end = 0xffffffffu;
        right.run(context, [&](auto& unit) {
            right_keys.prepare(context, unit);
            Right::flow::for_each(unit, [&](auto const& row) {
                auto&& key = right_keys.get(context, row);
                bool null = RightKeys::is_null(key);
                if (null && !full) return;
                auto number = static_cast<std::uint32_t>(kept.push(context, row));
                next.push_back(end);
                if (null) return;
                auto [group, fresh] = groups.insert(key);
                if (fresh) first.push_back(end);
                next[number] = first[group];
                first[group] = number;
            });
            return flow_signal::more;
        });
        // Chains were built back to front; turn them so that matches come in the order of the right side.
        for (auto& head : first) {
            std::uint32_t turned = end;
            for (std::uint32_t at = head; at != end;) {
                std::uint32_t following = next[at];
                next[at] = turned;
                turned = at;
                at = following;
            }
            head = turned;
        }

        auto pairs = joiner.make();
        flow_signal answer = left.run(context, [&](auto& unit) {
            left_keys.prepare(context, unit);
            pairs.begin(unit);
            flow_signal signal = flow_signal::more;
            Left::flow::for_each(unit, [&](auto const& row) {
                if (signal == flow_signal::stop) return;
                auto&& key = left_keys.get(context, row);
                if (LeftKeys::is_null(key)) return;
                std::uint32_t group = groups.find(key);
                if (group == groups.none) return;
                for (std::uint32_t at = first[group]; at != end && pairs.wants_more(row); at = next[at]) {
                    signal = pairs.candidate(context, row, kept[at], at, sink);
                    if (signal == flow_signal::stop) return;
                }
            });
            return signal == flow_signal::stop ? signal : pairs.end(context, sink);
        });
        if (!full || answer == flow_signal::stop) return answer;
        return pairs.unmatched_right(context, kept, sink);
    }
};

}  // namespace phantomdb::exec
