/// @file Defines `result_column`, one column of what a statement returns.
#pragma once

#include <phantomdb/value/type.hpp>

#include <cstdint>
#include <string>

namespace phantomdb::sql {

/// A column of a result, as RowDescription wants it.
struct result_column {
    std::string name;
    sql_type type{};
    std::uint32_t table_oid = 0;    ///< 0 where the column is computed
    std::int16_t table_column = 0;  ///< attnum, from 1
};

}  // namespace phantomdb::sql
