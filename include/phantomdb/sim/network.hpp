/// @file Defines `network`: a simulated one that loses, delays, doubles and reorders what is sent, and can be cut.
#pragma once

#include <phantomdb/sim/random.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace phantomdb::sim {

/// How bad a network is. Times are in the simulation's own unit. Reordering comes of delays that differ.
struct network_conditions {
    std::uint64_t delay_min = 1;
    std::uint64_t delay_max = 1;
    unsigned lost_per_mille = 0;
    unsigned doubled_per_mille = 0;
    unsigned late_per_mille = 0;  ///< delayed by up to `late_max` beyond the others
    std::uint64_t late_max = 0;
};

/// Carries packets between nodes that are named by numbers. A value: the same seed and calls give the same arrivals.
template <class Packet>
class network {
public:
    using node = std::uint64_t;

    struct delivery {
        node from = 0, to = 0;
        Packet packet;
    };

    explicit network(std::uint64_t seed) : random_(seed) {}

    network_conditions conditions;

    /// Sends at time `now`. What is on its way when a link is cut still arrives.
    void send(std::uint64_t now, node from, node to, Packet packet) {
        if (is_cut(from, to) || random_.below(1000) < conditions.lost_per_mille) return;
        if (random_.below(1000) < conditions.doubled_per_mille) schedule(now, {from, to, packet});
        schedule(now, {from, to, std::move(packet)});
    }

    /// Nothing that is sent from now on from `from` arrives at `to`; the way back stays.
    void cut(node from, node to) { cut_.insert({from, to}); }
    void restore(node from, node to) { cut_.erase({from, to}); }
    bool is_cut(node from, node to) const { return cut_.contains({from, to}); }
    /// Restores all links.
    void heal() { cut_.clear(); }
    /// Loses what is on its way to `to`, as when its machine stops.
    void lose_arrivals(node to) {
        for (auto at = arrivals_.begin(); at != arrivals_.end();) at = at->second.to == to ? arrivals_.erase(at) : ++at;
    }

    /// The next packet that arrives at `now` or before.
    std::optional<delivery> receive(std::uint64_t now) {
        auto const first = arrivals_.begin();
        if (first == arrivals_.end() || first->first.first > now) return std::nullopt;
        std::optional<delivery> found(std::move(first->second));
        arrivals_.erase(first);
        return found;
    }
    std::size_t on_the_way() const { return arrivals_.size(); }

private:
    void schedule(std::uint64_t now, delivery one) {
        std::uint64_t at = now + conditions.delay_min + random_.below(conditions.delay_max - conditions.delay_min + 1);
        if (random_.below(1000) < conditions.late_per_mille) at += random_.below(conditions.late_max + 1);
        arrivals_.emplace(std::pair(at, number_++), std::move(one));
    }

    random_source random_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, delivery> arrivals_;  // by time, then by order of sending
    std::uint64_t number_ = 0;
    std::set<std::pair<node, node>> cut_;
};

}  // namespace phantomdb::sim
