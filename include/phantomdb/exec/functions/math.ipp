/// @file Defines the kernels of the mathematical functions.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/math.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::math[] = {PHANTOMDB_MATH_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
