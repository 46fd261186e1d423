/// @file Defines the kernels of the aggregates that collect.
#pragma once

#include <phantomdb/exec/functions/collecting_aggregates.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) aggregate_kernel_for<aggregate_id::enumerator>,
aggregate_kernel const tables::collecting_aggregates[] = {PHANTOMDB_COLLECTING_AGGREGATES(X)};
#undef X

}  // namespace phantomdb::exec
