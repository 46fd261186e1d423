/// @file Defines where a node that is full is cut in two.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/storage/tree_node.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace phantomdb::storage {

/// How a node is cut in two: the right half begins with slot `middle`; `separator` is above all that stays on the left.
struct node_cut {
    unsigned middle;
    std::string_view separator;
};

inline std::string_view shortest_between(std::string_view below, std::string_view above) {
    return above.substr(0, common_prefix(below, above) + 1);
}

/// As if the new entry were there already, at slot `at`, before or in place of what is there: half the bytes to each side, or
/// where keys come in rising order the new one alone to the right. A side may be left empty, for the new entry.
inline node_cut cut_leaf(tree_node const& node, unsigned at, std::string_view key, std::size_t bytes, bool replaces) {
    unsigned const n = node.count - (replaces ? 1u : 0u);  // the last entry, as if
    auto const slot_of = [&](unsigned i) { return replaces || i < at ? i : i - 1; };
    auto const weight = [&](unsigned i) { return i == at ? bytes : node.weight(slot_of(i)); };
    auto const key_of = [&](unsigned i) { return i == at ? key : node.key(slot_of(i)); };
    std::size_t const room = node.capacity - sizeof(tree_node);
    std::size_t const all = node.used() - sizeof(tree_node) + bytes - (replaces ? node.weight(at) : 0);
    unsigned first_right = n;
    if (at < n || node.appended == 0) {
        std::size_t left = 0;
        first_right = 0;
        while (first_right < n && left < all / 2) left += weight(first_right++);
        first_right = std::max(first_right, 1u);
        if (left > room || all - left > room) {
            // One entry is large. Beside it there is a place where both sides fit, or else the next try finds one.
            first_right = std::max(at, 1u);
        }
    }
    return {replaces || first_right <= at ? first_right : first_right - 1,
            shortest_between(key_of(first_right - 1), key_of(first_right))};
}

inline node_cut cut_inner(tree_node const& node, unsigned at) {
    unsigned const n = node.count;
    PHANTOMDB_HOT_ASSERT(n > 1);
    if (at + 1 >= n && node.appended != 0) return {n - 1, node.key(n - 1)};
    std::size_t const half = (node.used() - sizeof(tree_node)) / 2;
    std::size_t left = 0;
    unsigned i = 0;
    while (i < n - 1 && left < half) left += node.weight(i++);
    i = std::max(i, 1u);
    return {i, node.key(i)};
}

}  // namespace phantomdb::storage
