/// @file Defines the kernels of the aggregates min and max.
#pragma once

#include <phantomdb/exec/functions/extreme_aggregates.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) aggregate_kernel_for<aggregate_id::enumerator>,
aggregate_kernel const tables::extreme_aggregates[] = {PHANTOMDB_EXTREME_AGGREGATES(X)};
#undef X

}  // namespace phantomdb::exec
