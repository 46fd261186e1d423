/// @file Defines `bind`: a parse tree and the catalog's names in, a typed query in the IR out.
///
/// SELECT, VALUES, INSERT, UPDATE and DELETE are bound, wherever they stand (inside EXPLAIN, COPY, CREATE TABLE AS, DECLARE).
/// Views are expanded; defaults, generated columns and CHECK conditions of a changed table become part of the query.
/// Types are resolved as PostgreSQL resolves them, and errors have its SQLSTATE, text and position.
#pragma once

#include <phantomdb/query/ir.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/sql/ast.hpp>
#include <phantomdb/sql/result_column.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

/// How names without a schema are found: in `search_path`, in order. Put `schema::pg_catalog_id` where it shall stand,
/// first as a rule.
struct name_space {
    schema::catalog const* catalog = nullptr;
    schema::object_id database = 0;
    std::vector<schema::object_id> search_path;

    /// The relation of this name, or nothing. `schema_name` empty: by the search path.
    std::optional<schema::relation_reference> find(std::string_view schema_name, std::string_view name) const;
};

/// What binding depends on besides the statement.
struct bind_context {
    name_space names;
    format_settings const* formats = nullptr;
    std::string database_name;  ///< for `database.schema.table`
    /// Types of $1, $2, …; `unknown` is inferred. With `infer_parameters` there may be more in the statement than here.
    std::vector<sql_type> parameters;
    bool infer_parameters = false;
};

/// Where a literal of a query has its value from.
struct literal_source {
    enum class step : std::uint8_t {
        other,  ///< not from a constant of the statement's own text
        token,  ///< a constant of the text, as it stands there
        read,   ///< literal `from`, characters, read as the type of this one
        cast,   ///< literal `from`, cast
    };
    step how = step::other;
    bool explicit_cast = false;
    /// More of the query than the values of literals made from this one would be different with another value.
    bool decides = false;
    query::node from = query::none;
    std::int64_t location = -1;  ///< `token`: the byte of the script; that of the sign for a negative number
};

/// A statement ready to be planned.
struct bound_statement {
    query::query_builder query;
    /// By `relation.table`. System tables are among them (id below `schema::first_user_id`).
    std::vector<std::shared_ptr<schema::table_descriptor const>> tables;
    std::vector<result_column> columns;  ///< empty where no rows come back
    query::node output = query::none;    ///< the source whose columns are the result's, or none
    std::vector<sql_type> parameters;    ///< all resolved
    std::string tag;                     ///< "SELECT", "INSERT", "UPDATE", "DELETE"
    bool read_only = true;               ///< neither changes nor locks rows, here or in a CTE
    /// False where a literal was read by the clock ('now', 'today'). Literals are read under `bind_context::formats` in any
    /// case: whoever keeps the statement binds it again after those changed.
    bool cacheable = true;
    std::vector<literal_source> literal_sources;  ///< by literal
    std::uint64_t catalog_version = 0;
};

/// Binds a statement. `text` is the script the parse tree came from, for positions; may be empty.
/// Throws `error`; never fails otherwise. Thread-safe. Time grows linearly with the statement but for names: columns in
/// scope times references.
bound_statement bind(ast statement, std::string_view text, bind_context const& context);

/// Whether `text`, read as `to`, asks the clock: 'now', 'today', 'tomorrow', 'yesterday'.
bool asks_the_clock(std::string_view text, type_id to);

/// Whether `bind` takes the statement; everything else is a utility statement.
bool is_query(ast statement);

}  // namespace phantomdb::sql
