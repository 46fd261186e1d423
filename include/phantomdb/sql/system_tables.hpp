/// @file Defines the system tables: pg_catalog and information_schema. Private to the library.
#pragma once

#include <phantomdb/exec/executable.hpp>
#include <phantomdb/schema/catalog.hpp>

#include <functional>

namespace phantomdb::sql {

class session_core;

/// Adds the system schemas with their tables and views. They are in no store.
void add_system_tables(schema::catalog_edit& edit);

/// What fills a system table with rows, for one session.
std::function<void(exec::dynamic_context&, exec::tuple_store&)> producer_of(session_core& session,
                                                                            schema::table_descriptor const& table);

}  // namespace phantomdb::sql
