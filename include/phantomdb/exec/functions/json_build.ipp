/// @file Defines the kernels of the functions that build json.
#pragma once

#include <phantomdb/exec/functions/json_build.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::json_build[] = {PHANTOMDB_JSON_BUILD_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
