/// @file Defines the kernels of the functions that ask the session.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/system.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::system[] = {PHANTOMDB_SYSTEM_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
