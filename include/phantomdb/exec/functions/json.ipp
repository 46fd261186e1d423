/// @file Defines the kernels of the functions that read and change json.
#pragma once

#include <phantomdb/exec/functions/json.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::json[] = {PHANTOMDB_JSON_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
