/// @file Defines the kernels of the aggregates that compute.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/numeric_aggregates.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) aggregate_kernel_for<aggregate_id::enumerator>,
aggregate_kernel const tables::numeric_aggregates[] = {PHANTOMDB_NUMERIC_AGGREGATES(X)};
#undef X

}  // namespace phantomdb::exec
