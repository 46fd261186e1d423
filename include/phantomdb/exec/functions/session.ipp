/// @file Defines the kernels of the functions that tell facts.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/session.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::session[] = {PHANTOMDB_SESSION_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
