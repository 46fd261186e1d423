/// @file Defines how SQL writes types: `TypeName` nodes to `sql_type`, and back to text for messages.
#pragma once

#include <phantomdb/sql/ast.hpp>
#include <phantomdb/value/type.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::sql {

/// The type of this internal or SQL name ("int4", "varchar", "text"), if there is one.
std::optional<type_id> find_type(std::string_view name);

/// The type a `TypeName` node means. 42704 for an unknown name, 0A000 for arrays, 22023 for impossible modifiers; errors have
/// their position in `text`.
sql_type type_of(ast type_name, std::string_view text);

/// As PostgreSQL's format_type: "character varying(20)", "numeric(10,2)".
std::string format_type(sql_type type);

}  // namespace phantomdb::sql
