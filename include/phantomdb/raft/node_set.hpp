/// @file Defines `node_set`: a few nodes, in ascending order.
#pragma once

#include <phantomdb/raft/ids.hpp>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace phantomdb::raft {

/// A set of nodes in a sorted array: groups are small, and everything that visits nodes does so in this order.
class node_set {
public:
    node_set() = default;
    node_set(std::initializer_list<node_id> nodes) {
        for (node_id const node : nodes) insert(node);
    }

    bool contains(node_id node) const { return std::binary_search(nodes_.begin(), nodes_.end(), node); }
    void insert(node_id node) {
        auto const at = std::lower_bound(nodes_.begin(), nodes_.end(), node);
        if (at == nodes_.end() || *at != node) nodes_.insert(at, node);
    }
    void erase(node_id node) {
        auto const at = std::lower_bound(nodes_.begin(), nodes_.end(), node);
        if (at != nodes_.end() && *at == node) nodes_.erase(at);
    }
    void clear() { nodes_.clear(); }

    bool empty() const { return nodes_.empty(); }
    std::size_t size() const { return nodes_.size(); }
    auto begin() const { return nodes_.begin(); }
    auto end() const { return nodes_.end(); }

    friend bool operator==(node_set const&, node_set const&) = default;

private:
    std::vector<node_id> nodes_;
};

/// The nodes of both.
inline node_set united(node_set const& a, node_set b) {
    for (node_id const node : a) b.insert(node);
    return b;
}

/// How many nodes are in one of the two only.
inline std::size_t difference(node_set const& a, node_set const& b) {
    return 2 * united(a, b).size() - a.size() - b.size();
}

/// As in `(1 2 3)`.
inline std::string describe(node_set const& nodes) {
    std::string text = "(";
    for (node_id const node : nodes) {
        if (text.size() > 1) text += ' ';
        text += std::to_string(node);
    }
    return text + ')';
}

}  // namespace phantomdb::raft
