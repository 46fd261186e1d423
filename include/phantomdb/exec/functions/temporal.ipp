/// @file Defines the kernels of the date and time functions.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/temporal.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::temporal[] = {PHANTOMDB_TEMPORAL_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
