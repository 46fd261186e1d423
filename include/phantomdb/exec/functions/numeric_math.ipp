/// @file Defines the kernels of the mathematical functions of numeric.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/numeric_math.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::numeric_math[] = {PHANTOMDB_NUMERIC_MATH_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
