/// @file Defines the descriptors of the stored catalog: databases, schemas, tables, columns, indexes, constraints, views, sequences.
///
/// Descriptors are plain values. A `catalog` (schema/catalog.hpp) holds them immutably and shared: whoever has a
/// `std::shared_ptr<table_descriptor const>` may read it from any thread for as long as it likes; a change makes a new one.
/// Object ids are unique in a data directory; ids below 16384 belong to the system. The id of a table or index is the
/// prefix of its keys in the store.
#pragma once

#include <phantomdb/schema/table_options.hpp>
#include <phantomdb/value/type.hpp>
#include <phantomdb/value/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace phantomdb::schema {

using object_id = std::uint32_t;
inline constexpr object_id first_user_id = 16384;

/// How a column gets a value when INSERT gives none.
enum class generation : std::uint8_t { none, by_default_as_identity, always_as_identity, always_stored };

struct column_descriptor {
    std::string name;
    sql_type type{};
    bool not_null = false;
    bool dropped = false;  ///< the place in the row stays, the column is gone
    generation generated = generation::none;
    std::string default_expression;  ///< SQL text, empty for none
    std::optional<value> missing;    ///< what rows older than the column hold (a null if empty)
    object_id sequence = 0;          ///< owned by an identity or serial column
    std::string comment;
};

struct index_key {
    std::int16_t column = -1;  ///< ordinal in the table
    bool descending = false;
    bool nulls_first = false;
};

/// A secondary index, or the primary key (`primary`; then the index is the table itself and has no entries of its own).
///
/// Entry of a secondary index: key = id (4 bytes, big-endian) + encoded columns (codec/key.hpp) + the row key unless the
/// index is unique and no column is null; value = the row key (without the table's id). Where `method` is `hash` a hash
/// of the encoded columns stands before them, and a row with a null among them has no entry.
struct index_descriptor {
    object_id id = 0;
    std::string name;
    std::vector<index_key> keys;
    bool unique = false;
    bool primary = false;
    bool constraint = false;  ///< made by PRIMARY KEY or UNIQUE, shown as a constraint of the same name
    engine method = engine::btree;
    std::string comment;
};

struct check_descriptor {
    std::string name;
    std::string expression;  ///< SQL text
};

/// A foreign key, kept with the referencing table.
struct foreign_key_descriptor {
    std::string name;
    std::vector<std::int16_t> columns;
    object_id referenced_table = 0;
    std::vector<std::int16_t> referenced_columns;
    referential_action on_delete = referential_action::no_action;
    referential_action on_update = referential_action::no_action;
    bool deferrable = false;
    bool initially_deferred = false;
};

/// A table. Row: key = id (4 bytes, big-endian) + encoded primary key columns, or + an 8-byte big-endian row number where
/// there is no primary key; value = a stored row (codec/row.hpp) of all columns, dropped ones included (as nulls).
struct table_descriptor {
    object_id id = 0;
    object_id schema = 0;
    std::string schema_name;  ///< kept for messages; follows a rename
    std::string name;
    std::vector<column_descriptor> columns;
    std::vector<index_descriptor> indexes;  ///< the primary key first, if there is one
    std::vector<check_descriptor> checks;
    std::vector<foreign_key_descriptor> foreign_keys;
    std::vector<object_id> referenced_by;  ///< tables with a foreign key to this one
    engine method = engine::btree;
    std::uint64_t version = 0;  ///< grows with every change
    std::string comment;

    index_descriptor const* primary_key() const {
        return !indexes.empty() && indexes.front().primary ? &indexes.front() : nullptr;
    }
    /// Ordinal of a living column, or -1.
    int find_column(std::string_view wanted) const {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (!columns[i].dropped && columns[i].name == wanted) return static_cast<int>(i);
        }
        return -1;
    }
};

struct view_descriptor {
    object_id id = 0;
    object_id schema = 0;
    std::string schema_name;
    std::string name;
    std::string query;  ///< SQL text of the SELECT
    std::vector<column_descriptor> columns;
    std::vector<object_id> uses;  ///< tables, views and sequences the query names
    std::string comment;
};

struct sequence_descriptor {
    object_id id = 0;
    object_id schema = 0;
    std::string schema_name;
    std::string name;
    type_id type = type_id::int8;
    std::int64_t start = 1, increment = 1, minimum = 1, maximum = INT64_MAX;
    bool cycle = false;
    object_id owner_table = 0;  ///< dropped with this table's column
    std::int16_t owner_column = -1;
    std::string comment;
};

struct schema_descriptor {
    object_id id = 0;
    object_id database = 0;  ///< 0: a schema of every database
    std::string name;
    std::string comment;
};

struct database_descriptor {
    object_id id = 0;
    std::string name;
    std::string owner = "postgres";
    std::string comment;
};

struct role_descriptor {
    object_id id = 0;
    std::string name;
    bool superuser = false;
    bool can_login = true;
    std::string password;  ///< SCRAM-SHA-256 verifier as PostgreSQL stores it, empty for none
};

}  // namespace phantomdb::schema
