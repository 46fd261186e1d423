/// @file Defines `scan_bounds`: the values that an access path is bounded by.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/value/datum.hpp>

#include <optional>

namespace phantomdb::exec {

/// Values for the bounds of an access path, in the order of the index's columns.
struct scan_bounds {
    array_view<nullable_datum> equal;
    std::optional<nullable_datum> lower, upper;
    bool lower_inclusive = false, upper_inclusive = false;
};

}  // namespace phantomdb::exec
