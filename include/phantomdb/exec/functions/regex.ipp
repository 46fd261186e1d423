/// @file Defines the kernels of the functions of regular expressions.
#pragma once

#include <phantomdb/exec/functions/kernel_tables.hpp>
#include <phantomdb/exec/functions/regex.hpp>

namespace phantomdb::exec {

#define X(enumerator, ...) kernel_for<function_id::enumerator>,
kernel const tables::regex[] = {PHANTOMDB_REGEX_FUNCTIONS(X)};
#undef X

}  // namespace phantomdb::exec
