/// @file Defines `row_function`: a set-returning function, as FROM uses it.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>

#include <functional>
#include <span>

namespace phantomdb::exec {

/// Calls `emit` with the columns of each row; `emit` answers whether more rows are wanted. Text given to `emit` lives during
/// that call at least; it is copied. Strict functions are not called with a NULL argument.
using row_emitter = std::function<bool(std::span<nullable_datum const>)>;
using row_function = void (*)(call_context&, call_arguments const&, row_emitter const& emit);

/// The set-returning function `id`, from the SQL library. Null for others.
row_function row_function_of(function_id id);

}  // namespace phantomdb::exec
