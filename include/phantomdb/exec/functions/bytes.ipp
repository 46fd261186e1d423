/// @file Defines the kernels of the functions of bytes, digests and quoting.
#pragma once

#include <phantomdb/exec/functions/bytes.hpp>
#include <phantomdb/exec/functions/kernel_tables.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::bytes[] = {PHANTOMDB_BYTES_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
