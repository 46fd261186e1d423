/// @file Defines `dependency_graph`: which transaction has to come before which, why, and the circles in that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::testing {

/// Why a transaction comes before another, as bits of a set.
enum dependency : std::uint8_t {
    write_write = 1,  ///< the other has overwritten what it wrote
    write_read = 2,   ///< the other has read what it wrote
    read_write = 4,   ///< the other has overwritten what it read
    real_time = 8,    ///< it had ended before the other began
};

/// A directed graph over numbered transactions. A value.
class dependency_graph {
public:
    struct edge {
        std::size_t from = 0, to = 0;
        dependency why = write_write;
        std::string on;  ///< key and value, for people

        friend bool operator==(edge const&, edge const&) = default;
    };
    /// Edges that lead from a transaction back to itself.
    using circle = std::vector<edge>;

    explicit dependency_graph(std::size_t transactions) : out_(transactions) {}

    /// Edges from a transaction to itself say nothing and are left out.
    void add(edge e) {
        if (e.from != e.to) out_[e.from].push_back(std::move(e));
    }

    /// For each transaction the number of its strongly connected component under edges in `allowed`: Tarjan ("Depth-first search and
    /// linear graph algorithms", 1972), without recursion. O(transactions + edges).
    std::vector<std::size_t> components(unsigned allowed) const {
        constexpr std::size_t none = ~std::size_t{0};
        std::size_t const n = out_.size();
        std::vector<std::size_t> component(n, none), index(n, none), low(n, 0), stack;
        std::vector<std::pair<std::size_t, std::size_t>> visit;  // a transaction, its next edge
        std::size_t next_index = 0, next_component = 0;
        for (std::size_t root = 0; root < n; ++root) {
            if (index[root] != none) continue;
            visit.emplace_back(root, 0);
            while (!visit.empty()) {
                auto const [at, place] = visit.back();
                if (place == 0) index[at] = low[at] = next_index++, stack.push_back(at);
                if (place < out_[at].size()) {
                    ++visit.back().second;
                    edge const& e = out_[at][place];
                    if ((e.why & allowed) == 0) continue;
                    if (index[e.to] == none) visit.emplace_back(e.to, 0);
                    else if (component[e.to] == none) low[at] = std::min(low[at], index[e.to]);
                    continue;
                }
                visit.pop_back();
                if (!visit.empty()) low[visit.back().first] = std::min(low[visit.back().first], low[at]);
                if (low[at] != index[at]) continue;
                for (std::size_t member = none; member != at;) {
                    member = stack.back();
                    stack.pop_back();
                    component[member] = next_component;
                }
                ++next_component;
            }
        }
        return component;
    }

    /// A shortest circle that begins with an edge in `first` and goes on by edges in `then`. O(edges of `first` × edges), for those
    /// alone that lie within a component.
    std::optional<circle> find_circle(unsigned first, unsigned then) const {
        auto const component = components(first | then);
        std::optional<circle> best;
        for (auto const& edges : out_) {
            for (edge const& e : edges) {
                if ((e.why & first) == 0 || component[e.from] != component[e.to]) continue;
                auto way = path(e.to, e.from, then, component, best ? best->size() - 1 : out_.size());
                if (!way) continue;
                way->insert(way->begin(), e);
                if (!best || way->size() < best->size()) best = std::move(way);
                if (best->size() == 2) return best;
            }
        }
        return best;
    }

private:
    /// A shortest way of at most `most` edges, within a component.
    std::optional<circle> path(std::size_t from, std::size_t to, unsigned allowed,
                               std::vector<std::size_t> const& component, std::size_t most) const {
        std::vector<edge const*> came(out_.size(), nullptr);
        std::deque<std::pair<std::size_t, std::size_t>> next{{from, 0}};
        while (!next.empty()) {
            auto const [at, length] = next.front();
            next.pop_front();
            if (length >= most) return std::nullopt;
            for (edge const& e : out_[at]) {
                if ((e.why & allowed) == 0 || came[e.to] || e.to == from || component[e.to] != component[from])
                    continue;
                came[e.to] = &e;
                if (e.to != to) {
                    next.emplace_back(e.to, length + 1);
                    continue;
                }
                circle way;
                for (std::size_t step = to; step != from; step = came[step]->from) way.push_back(*came[step]);
                std::reverse(way.begin(), way.end());
                return way;
            }
        }
        return std::nullopt;
    }

    std::vector<std::vector<edge>> out_;
};

}  // namespace phantomdb::testing
