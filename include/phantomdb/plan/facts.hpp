/// @file Defines what the planner knows of tables: their keys, and how many rows they have.
#pragma once

#include <phantomdb/base/growing_array.hpp>

#include <cstdint>

namespace phantomdb::plan {

/// An index as the planner sees it.
struct index_facts {
    growing_array<std::int16_t> columns;
    growing_array<std::uint8_t> descending;  ///< truth values
    growing_array<std::uint8_t> nulls_first;
    bool unique = false;
    bool primary = false;  ///< the table itself is ordered by this key
    bool hashed = false;   ///< finds rows by equality on all columns and in no other way
};

/// A table as the planner sees it. `rows` is an estimate; 0 means nothing is known (typed queries at build time).
struct table_facts {
    growing_array<index_facts> indexes;
    double rows = 0;
    growing_array<double> distinct;  ///< distinct values per column, empty or 0 where unknown
};

}  // namespace phantomdb::plan
