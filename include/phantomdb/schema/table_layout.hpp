/// @file Defines `table_layout`: a table descriptor made ready for work on rows and keys.
///
/// Where rows and index entries lie (see schema/descriptor.hpp for the picture):
///   row           id of the table · primary key columns (codec/key.hpp, never null) or u64 big-endian row number  →  stored row
///   index entry   id of the index · key columns, null marker always there [· rest of the row key]                 →  rest of the row key
///   hash entry    id of the index · u64 big-endian hash64(key columns) · key columns · rest of the row key        →  rest of the row key
/// "Rest of the row key" is the row key without the table's id. A unique index leaves it out of the entry's key unless a
/// column is null, so that equal keys collide. Hash indexes are never unique; they have no entry where a column is null, and
/// equality on all of their columns is one span whose keys share their first 12 bytes.
#pragma once

#include <phantomdb/codec/hash64.hpp>
#include <phantomdb/codec/key.hpp>
#include <phantomdb/codec/row.hpp>
#include <phantomdb/schema/descriptor.hpp>
#include <phantomdb/schema/store_keys.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::schema {

/// One column of a key: where its value is in the row, how it is written.
struct key_part {
    std::int16_t column = 0;
    type_id type = type_id::unknown;
    codec::key_order order{};
};

inline std::vector<key_part> key_parts(table_descriptor const& table, index_descriptor const& index) {
    std::vector<key_part> parts;
    for (index_key const& key : index.keys) {
        parts.push_back({key.column,
                         table.columns[static_cast<std::size_t>(key.column)].type.id,
                         {key.descending, key.nulls_first, index.primary}});
    }
    return parts;
}

/// A row in flight: one datum and one null byte per column of the table.
struct row_reference {
    datum const* values = nullptr;
    std::uint8_t const* nulls = nullptr;

    nullable_datum at(std::size_t column) const {
        nullable_datum cell;
        cell.value = values[column];
        cell.null = nulls[column] != 0;
        return cell;
    }
};

/// Immutable once made; read from any thread. Making one is O(columns): keep it for as long as the descriptor is current.
struct table_layout {
    struct index {
        object_id id = 0;
        std::vector<key_part> parts;
        bool unique = false, primary = false;
        bool hashed = false;  ///< found by the hash of all columns, in no order
    };

    std::shared_ptr<table_descriptor const> table;
    codec::row_layout rows;
    std::vector<index> indexes;     ///< in the order of the descriptor
    std::vector<key_part> row_key;  ///< empty: rows are numbered

    explicit table_layout(std::shared_ptr<table_descriptor const> described) : table(std::move(described)) {
        std::vector<type_id> types;
        for (auto const& column : table->columns) types.push_back(column.type.id);
        rows = codec::make_row_layout(types);
        for (auto const& one : table->indexes)
            indexes.push_back({one.id, key_parts(*table, one), one.unique, one.primary, one.method == engine::hash});
        if (auto const* primary = table->primary_key()) row_key = key_parts(*table, *primary);
    }

    bool is_numbered() const { return row_key.empty(); }
    index const* primary() const { return is_numbered() ? nullptr : &indexes.front(); }

    /// What a row that is older than the column has in it.
    nullable_datum missing(std::size_t column) const {
        auto const& value = table->columns[column].missing;
        return value ? value->get() : nullable_datum{};
    }

    nullable_datum read(std::string_view row, std::size_t column) const {
        return rows.read(row, column, missing(column));
    }

    /// Decodes every column of a stored row; text is borrowed from `row`.
    void decode(std::string_view row, std::vector<datum>& values, std::vector<std::uint8_t>& nulls) const {
        values.resize(rows.size());
        nulls.resize(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            nullable_datum cell = read(row, i);
            values[i] = cell.value;
            nulls[i] = cell.null;
        }
    }
};

/// Appends the key columns of a row.
inline void append_columns(std::string& key, std::vector<key_part> const& parts, row_reference row) {
    for (key_part const& part : parts) {
        codec::append_key(key, part.type, row.at(static_cast<std::size_t>(part.column)), part.order);
    }
}

/// The key of a row of a table with a primary key.
inline std::string row_key(table_layout const& layout, row_reference row) {
    std::string key;
    append_id(key, layout.table->id);
    append_columns(key, layout.row_key, row);
    return key;
}

/// The key of row `number` of a table without a primary key.
inline std::string numbered_row_key(object_id table, std::uint64_t number) {
    std::string key;
    append_id(key, table);
    for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
    return key;
}

inline bool has_null(table_layout::index const& index, row_reference row) {
    for (key_part const& part : index.parts) {
        if (row.nulls[part.column] != 0) return true;
    }
    return false;
}

/// Whether the index's own columns do not tell entries apart: not unique, or a column is null.
inline bool needs_row_key(table_layout::index const& index, row_reference row) {
    return !index.unique || has_null(index, row);
}

/// Whether the index has an entry for this row. Equality finds no nulls, and a hash index knows nothing else.
inline bool has_entry(table_layout::index const& index, row_reference row) {
    return !index.hashed || !has_null(index, row);
}

/// Puts the hash of what follows its place into the key of a hash index: the encoded columns from byte `at` on.
inline void insert_hash(std::string& key, std::size_t at) {
    std::uint64_t const hash = codec::hash64(std::string_view(key).substr(at));
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(hash >> (56 - 8 * i));
    key.insert(at, bytes, sizeof bytes);
}

/// Makes the key of an index entry in `key` (cleared first). Only for rows the index has an entry for.
inline void make_entry_key(std::string& key, table_layout::index const& index, row_reference row,
                           std::string_view row_key) {
    key.clear();
    append_id(key, index.id);
    append_columns(key, index.parts, row);
    if (index.hashed) insert_hash(key, id_bytes);
    if (needs_row_key(index, row)) key.append(row_key.substr(id_bytes));
}

}  // namespace phantomdb::schema
