/// @file Defines the kernels of the functions that print and read by templates.
#pragma once

#include <phantomdb/exec/functions/format.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::format[] = {PHANTOMDB_FORMAT_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
