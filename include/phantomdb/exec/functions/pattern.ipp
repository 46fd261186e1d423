/// @file Defines the kernels of the pattern matching operators.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/pattern.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::pattern[] = {PHANTOMDB_PATTERN_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
