/// @file Defines the kernels of the comparison operators.
#pragma once

#include <phantomdb/exec/functions/comparison.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::comparison[] = {PHANTOMDB_COMPARISON_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
