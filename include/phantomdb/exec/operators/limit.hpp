/// @file Defines `limit`: skips rows, then passes on at most so many, then stops its child.
#pragma once

#include <phantomdb/exec/flow.hpp>

#include <cstdint>
#include <limits>

namespace phantomdb::exec {

/// `Count` answers `count(context)` with the number of rows, or a negative number for "all of them".
template <class Child, class Skip, class Take>
struct limit {
    using flow = typename Child::flow;

    Child child;
    Skip skip;
    Take take;

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        std::int64_t wanted = take.count(context), over = skip.count(context);
        std::uint64_t to_skip = over < 0 ? 0 : static_cast<std::uint64_t>(over);
        std::uint64_t left =
            wanted < 0 ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(wanted);
        if (left == 0) return flow_signal::more;
        flow_signal answer = flow_signal::more;
        child.run(context, [&](auto& unit) {
            std::uint64_t rows = flow::size(unit);
            if (to_skip >= rows) {
                to_skip -= rows;
                return flow_signal::more;
            }
            answer = flow::cut(unit, to_skip, left, sink);
            std::uint64_t passed = rows - to_skip < left ? rows - to_skip : left;
            to_skip = 0;
            left -= passed;
            return left == 0 ? flow_signal::stop : answer;
        });
        return answer;
    }
};

}  // namespace phantomdb::exec
