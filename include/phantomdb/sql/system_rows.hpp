/// @file Defines `system_rows` and `system_table`: how system tables are described and filled. Private to the library.
#pragma once

#include <phantomdb/exec/chunk.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/sql/catalog_text.hpp>
#include <phantomdb/sql/session_core.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace phantomdb::sql {

/// Collects the rows of one system table for one session.
class system_rows {
public:
    system_rows(session_core& of, exec::tuple_store& into)
        : session(of), catalog(of.catalog()), into_(into), names_(of.names()) {}

    session_core& session;
    schema::catalog const& catalog;

    /// One value per column: numbers, booleans, text, or nullptr for NULL.
    template <class... Values>
    void add(Values const&... values) {
        row_.clear();
        (row_.push_back(cell(values)), ...);
        PHANTOMDB_ASSERT(row_.size() == into_.types().size());
        into_.push(row_);
    }

    bool is_visible(schema::object_id schema) const {
        return std::find(names_.search_path.begin(), names_.search_path.end(), schema) != names_.search_path.end();
    }
    std::function<bool(schema::object_id)> visibility() const {
        return [this](schema::object_id schema) { return is_visible(schema); };
    }
    /// Whether a schema is of the session's database.
    bool is_here(schema::object_id id) const {
        auto schema = catalog.schema(id);
        return schema && (schema->database == session.database || schema->database == 0);
    }

    template <class Visit>
    void each_table(Visit const& visit) const {
        for (auto const& [id, table] : catalog.tables()) {
            if (is_here(table->schema)) visit(*table);
        }
    }
    template <class Visit>
    void each_view(Visit const& visit) const {
        for (auto const& [id, view] : catalog.views()) {
            if (is_here(view->schema)) visit(*view);
        }
    }
    template <class Visit>
    void each_sequence(Visit const& visit) const {
        for (auto const& [id, sequence] : catalog.sequences()) {
            if (is_here(sequence->schema)) visit(*sequence);
        }
    }

private:
    static nullable_datum cell(std::nullptr_t) { return {}; }
    static nullable_datum cell(bool value) { return datum{static_cast<std::int64_t>(value)}; }
    static nullable_datum cell(double value) { return datum{value}; }
    static nullable_datum cell(nullable_datum value) { return value; }
    template <class T>
        requires std::is_integral_v<T>
    static nullable_datum cell(T value) {
        return datum{static_cast<std::int64_t>(value)};
    }
    static nullable_datum cell(std::string_view value) { return datum{value}; }
    static nullable_datum cell(std::string const& value) { return datum{std::string_view{value}}; }
    static nullable_datum cell(char const* value) { return datum{std::string_view{value}}; }

    exec::tuple_store& into_;
    name_space names_;
    std::vector<nullable_datum> row_;
};

/// A system table: `columns` is "name type, name type, …" with PostgreSQL's short type names.
struct system_table {
    schema::object_id id = 0;
    schema::object_id schema = 0;
    std::string_view name;
    std::string_view columns;
    void (*fill)(system_rows&) = nullptr;  ///< null: always empty
};

/// pg_catalog (system_catalog.ipp, system_statistics.ipp) and information_schema (information_schema.ipp).
std::vector<system_table> const& pg_catalog_tables();
std::vector<system_table> const& statistics_tables();
std::vector<system_table> const& information_schema_tables();
/// phantom (cluster_tables.ipp).
std::vector<system_table> const& cluster_tables();

/// Where the object ids of functions begin; they follow the order of `function_id`.
inline constexpr schema::object_id first_function_id = 10000;

/// Roles have one owner here.
inline constexpr schema::object_id postgres_role = 10;

}  // namespace phantomdb::sql
