/// @file Defines `sort`: orders rows by byte strings that memcmp compares, or keeps only the first few.
#pragma once

#include <phantomdb/exec/flow.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::exec {

/// Stable. `Bound` answers `count(context)` with how many rows are wanted at all, or a negative number for all; then no more than
/// about twice as many keys are kept, and a row that cannot be among them is dropped at once.
template <class Child, class Order, class Rows, class Bound, class Output>
struct sort {
    using flow = typename Child::flow;

    Child child;
    Order order;
    Rows rows;  ///< `make()`
    Bound bound;
    Output output;  ///< `make()`: an emitter

    template <class Context, class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        struct entry {
            std::uint64_t prefix;  // the first bytes, big-endian: decides most comparisons without touching the key
            std::string key;
            std::size_t row;
            bool operator<(entry const& other) const {
                if (prefix != other.prefix) return prefix < other.prefix;
                int c = key.compare(other.key);
                return c != 0 ? c < 0 : row < other.row;
            }
        };
        auto kept = rows.make();
        std::vector<entry> entries;
        std::int64_t wanted = bound.count(context);
        std::size_t most = wanted < 0 ? SIZE_MAX : static_cast<std::size_t>(wanted);
        std::size_t limit = wanted < 0 || most > SIZE_MAX / 4 ? SIZE_MAX : 2 * most + 1024;
        entry threshold{};
        bool have_threshold = false;
        std::string key;
        child.run(context, [&](auto& unit) {
            order.prepare(context, unit);
            Child::flow::for_each(unit, [&](auto const& row) {
                key.clear();
                order.append(context, key, row);
                entry made{prefix_of(key), key, SIZE_MAX};
                if (have_threshold && !(made < threshold)) return;
                made.row = kept.push(context, row);
                entries.push_back(std::move(made));
                if (entries.size() >= limit) {
                    std::nth_element(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(most),
                                     entries.end());
                    entries.resize(most + 1);
                    threshold = entries.back();
                    have_threshold = true;
                    entries.pop_back();
                }
            });
            return flow_signal::more;
        });
        std::sort(entries.begin(), entries.end());
        if (entries.size() > most) entries.resize(most);
        auto out = output.make();
        for (auto const& e : entries) {
            if (out.put(context, kept[e.row], sink) == flow_signal::stop) return flow_signal::stop;
        }
        return out.flush(sink);
    }

private:
    static std::uint64_t prefix_of(std::string_view bytes) {
        std::uint64_t prefix = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            prefix = prefix << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
        }
        return prefix;
    }
};

}  // namespace phantomdb::exec
