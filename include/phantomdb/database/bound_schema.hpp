/// @file Defines `bound_schema`: a compile-time schema laid over the stored catalog.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/schema/table.hpp>
#include <phantomdb/schema/table_layout.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb {

/// A table of the program and the stored table it stands for.
struct bound_table {
    table_shape const* shape = nullptr;
    std::shared_ptr<schema::table_layout const> stored;   ///< as the catalog has it; rows are written with it
    std::shared_ptr<schema::table_layout const> planned;  ///< the same with its indexes in the order of `shape->keys`
    std::vector<std::int16_t> columns;                    ///< by member of the struct: ordinal of the stored column
};

/// All tables of a schema, as of one version of the catalog. Immutable once made; read from any thread.
struct bound_schema {
    std::uint64_t version = 0;
    std::vector<bound_table> tables;  ///< in the order of the schema

    bound_table const& of(table_shape const& shape) const {
        for (auto const& table : tables) {
            if (table.shape == &shape) return table;
        }
        throw error(errc::undefined_table, "table \"" + std::string(shape.name) +
                                               "\" is not part of the schema this database was opened with");
    }
};

namespace detail {

/// Whether a stored column can be read and written as a member of type `wanted`.
constexpr bool is_compatible(type_id stored, type_id wanted) {
    return stored == wanted || ((stored == type_id::text || stored == type_id::varchar) && wanted == type_id::text);
}

/// The stored index a key of the program stands for: the same columns in the same order, as unique, and hashed if the key is.
/// -1: none.
inline int find_index(schema::table_descriptor const& table, key_shape const& key,
                      std::vector<std::int16_t> const& columns) {
    for (std::size_t i = 0; i < table.indexes.size(); ++i) {
        auto const& index = table.indexes[i];
        if (index.primary != key.primary || (key.unique && !index.unique)) continue;
        if ((index.method == schema::engine::hash) != key.is_hashed()) continue;
        bool same = index.keys.size() == key.columns.size();
        for (std::size_t k = 0; same && k < key.columns.size(); ++k) {
            auto const& part = index.keys[k];
            same = part.column == columns[static_cast<std::size_t>(key.columns[k])] && !part.descending &&
                   !part.nulls_first;
        }
        if (same) return static_cast<int>(i);
    }
    return -1;
}

/// The ordinals of the struct's members in the stored table; -1 for columns that aren't there.
inline std::vector<std::int16_t> find_columns(schema::table_descriptor const& table, table_shape const& shape) {
    std::vector<std::int16_t> made;
    for (auto const& member : shape.record->members) {
        made.push_back(static_cast<std::int16_t>(table.find_column(member.name)));
    }
    return made;
}

[[noreturn]] inline void throw_difference(table_shape const& shape, std::string const& what, std::string hint) {
    throw error(errc::datatype_mismatch,
                "stored table \"" + std::string(shape.name) + "\" differs from the program: " + what)
        .with_hint(std::move(hint));
}

/// Refuses columns whose stored type or nullability the program can't live with.
inline void require_same_columns(schema::table_descriptor const& table, table_shape const& shape) {
    auto columns = find_columns(table, shape);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i] < 0) continue;
        auto const& member = shape.record->members[i];
        auto const& column = table.columns[static_cast<std::size_t>(columns[i])];
        std::string name = "column \"" + column.name + "\"";
        if (!is_compatible(column.type.id, member.type.id)) {
            throw_difference(shape,
                             name + " is stored as " + std::string(facts(column.type.id).name) + ", the member is " +
                                 std::string(facts(member.type.id).name),
                             "Change the member's type, or the column's with ALTER TABLE.");
        }
        if (member.not_null && !column.not_null) {
            throw_difference(shape, name + " may be null, the member may not",
                             "Make the member std::optional, or the column NOT NULL with ALTER TABLE.");
        }
    }
}

}  // namespace detail

/// Lays the tables of a schema over a catalog. Throws 42P01 for tables, 42703 for columns that aren't there, 42804 for those that
/// differ, 42704 for missing indexes. Nothing is changed.
inline std::shared_ptr<bound_schema const> bind_schema(schema::catalog const& catalog, schema::object_id home,
                                                       std::span<table_shape const* const> shapes) {
    auto made = std::make_shared<bound_schema>();
    made->version = catalog.version();
    for (table_shape const* shape : shapes) {
        auto table = catalog.find_table(home, shape->name);
        if (!table) throw error(errc::undefined_table, "relation \"" + std::string(shape->name) + "\" does not exist");
        detail::require_same_columns(*table, *shape);
        bound_table bound;
        bound.shape = shape;
        bound.columns = detail::find_columns(*table, *shape);
        for (std::size_t i = 0; i < bound.columns.size(); ++i) {
            if (bound.columns[i] >= 0 && bound.columns[i] != static_cast<std::int16_t>(i)) {
                detail::throw_difference(
                    *shape, "column \"" + std::string(shape->record->members[i].name) + "\" stands in another place",
                    "Order the members of struct " + std::string(shape->record->name) +
                        " as the columns of the table; columns the program doesn't know may follow them.");
            }
            if (bound.columns[i] >= 0) continue;
            throw error(errc::undefined_column, "column \"" + std::string(shape->record->members[i].name) +
                                                    "\" of table \"" + std::string(shape->name) + "\" does not exist");
        }
        auto planned = std::make_shared<schema::table_descriptor>(*table);
        planned->indexes.clear();
        for (auto const& key : shape->keys) {
            int found = detail::find_index(*table, key, bound.columns);
            if (found < 0) {
                throw error(errc::undefined_object, "table \"" + std::string(shape->name) +
                                                        "\" has no index over the columns of a key of the program");
            }
            planned->indexes.push_back(table->indexes[static_cast<std::size_t>(found)]);
        }
        bound.stored = std::make_shared<schema::table_layout const>(table);
        bound.planned = std::make_shared<schema::table_layout const>(std::move(planned));
        made->tables.push_back(std::move(bound));
    }
    return made;
}

}  // namespace phantomdb
