/// @file Defines the look-up of set-returning functions by id.
#pragma once

#include <phantomdb/exec/functions/row_functions.hpp>

namespace phantomdb::exec {

row_function row_function_of(function_id id) {
    switch (id) {
#define X(enumerator, ...) \
    case function_id::enumerator: return rows::enumerator;
        PHANTOMDB_ROW_FUNCTIONS(X)
#undef X
        default: return nullptr;
    }
}

}  // namespace phantomdb::exec
