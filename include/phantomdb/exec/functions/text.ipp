/// @file Defines the kernels of the text functions.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/text.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::text[] = {PHANTOMDB_TEXT_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
