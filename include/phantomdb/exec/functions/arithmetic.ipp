/// @file Defines the kernels of the arithmetic operators.
#pragma once

#include <phantomdb/exec/functions/arithmetic.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::arithmetic[] = {PHANTOMDB_ARITHMETIC_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
