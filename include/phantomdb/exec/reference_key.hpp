/// @file Defines where in the store the row is that a foreign key refers to.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/key.hpp>
#include <phantomdb/schema/table_layout.hpp>
#include <phantomdb/value/numeric.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace phantomdb::exec {

namespace detail {

/// A value of the referencing column as the referenced column has it; nothing if it cannot have such a value.
inline std::optional<datum> in_type_of_target(datum from, type_id type, type_id target) {
    if (type == target) return from;
    if (is_integer(type) && target == type_id::numeric) return datum{numeric::from(from.i)};
    if (is_integer(type) && is_integer(target)) {
        std::int64_t widest = facts(target).width == 2 ? INT16_MAX : facts(target).width == 4 ? INT32_MAX : INT64_MAX;
        if (from.i > widest || from.i < -widest - 1) return std::nullopt;
    }
    return from;
}

inline bool has_null(std::vector<std::int16_t> const& columns, schema::row_reference row) {
    for (std::int16_t column : columns) {
        if (row.nulls[column] != 0) return true;
    }
    return false;
}

}  // namespace detail

/// The key in the store that says whether the target of a reference exists.
struct target_key {
    std::string bytes;
    bool is_row = false;   ///< the target's own row; otherwise an entry of a unique index
    bool possible = true;  ///< false: the referenced columns cannot hold such a value
};

/// For a row of `child` none of whose columns of `key` is null. Throws internal_error where the parent has no unique index on
/// the referenced columns.
inline target_key key_of_target(schema::table_layout const& parent, schema::foreign_key_descriptor const& key,
                                schema::table_layout const& child, schema::row_reference row) {
    for (auto const& index : parent.indexes) {
        if (!index.unique || index.parts.size() != key.columns.size()) continue;
        target_key made;
        made.is_row = index.primary;
        schema::append_id(made.bytes, index.primary ? parent.table->id : index.id);
        bool matches = true;
        for (schema::key_part const& part : index.parts) {
            auto at = std::find(key.referenced_columns.begin(), key.referenced_columns.end(), part.column);
            if (at == key.referenced_columns.end()) {
                matches = false;
                break;
            }
            auto column =
                static_cast<std::size_t>(key.columns[static_cast<std::size_t>(at - key.referenced_columns.begin())]);
            auto there = detail::in_type_of_target(row.values[column], child.table->columns[column].type.id, part.type);
            if (!there) {
                made.possible = false;
                return made;
            }
            codec::append_key(made.bytes, part.type, nullable_datum{*there}, part.order);
        }
        if (matches) return made;
    }
    throw error(errc::internal_error, "foreign key \"" + key.name + "\" has no unique index to refer to");
}

}  // namespace phantomdb::exec
