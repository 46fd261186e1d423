/// @file Defines the tables of kernels, one a family, each filled by its own object file of the SQL library.
#pragma once

#include <phantomdb/exec/functions/aggregate.hpp>
#include <phantomdb/exec/functions/kernel.hpp>

namespace phantomdb::exec::tables {

extern kernel const comparison[], arithmetic[], math[], numeric_math[], text[], pattern[], regex[], temporal[], json[],
    json_build[], session[], bytes[], format[], system[];
extern aggregate_kernel const numeric_aggregates[], extreme_aggregates[], collecting_aggregates[];

}  // namespace phantomdb::exec::tables
