/// @file Defines what definitions do to rows: filling indexes, checking new constraints, rewriting tables. Private.
#pragma once

#include <phantomdb/mvcc/move_object.hpp>
#include <phantomdb/schema/table_layout.hpp>
#include <phantomdb/sql/session_core.hpp>

#include <functional>

namespace phantomdb::sql::ddl {

/// Adds the entries of index number `index` for every row. 23505.
void fill_index(session_core& session, schema::table_descriptor const& table, std::size_t index);
/// 23514 if a row breaks the check, 23503 if one has no target.
void verify_check(session_core& session, schema::table_descriptor const& table, schema::check_descriptor const& check);
void verify_foreign_key(session_core& session, schema::table_descriptor const& table,
                        schema::foreign_key_descriptor const& key);
/// 23502 if a row has a null there.
void verify_not_null(session_core& session, schema::table_descriptor const& table, std::size_t column);
/// Removes every key that begins with this id.
void erase_all(session_core& session, schema::object_id id);
/// Writes every row and index entry anew from what `query`, run over the table as it was, gives for each of its columns.
void rewrite(session_core& session, schema::table_descriptor const& before, schema::table_descriptor const& after,
             std::string const& query);
/// Writes every key that begins with this id again, as it is: what takes an object to another engine where the store
/// does not do it by itself. `progress` is told of keys done and of about how many there are.
void write_again(session_core& session, schema::object_id id, mvcc::move_progress const& progress);
/// Runs a query and shows its rows.
void each_row_of(session_core& session, prepared_statement const& source,
                 std::function<void(schema::row_reference)> const& visit);

}  // namespace phantomdb::sql::ddl
