/// @file Defines the definition statements: what changes the catalog. Private to the library; see session_core.hpp.
#pragma once

#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/sql/ast.hpp>
#include <phantomdb/sql/session_core.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql::ddl {

/// Runs a definition statement and gives its command tag; nothing if the statement is none.
std::optional<std::string> run(session_core& session, prepared_statement const& prepared);

/// OBJECT_TABLE → TABLE, as it stands in command tags.
std::string_view object_word(std::string_view type);

// --- names (ddl_names.ipp)

/// A name as it was written: `schema` is empty where none was.
struct written_name {
    std::string schema, name;
    std::int64_t location = -1;
    std::string text() const { return schema.empty() ? name : schema + "." + name; }
};
written_name name_of(ast range_variable);
written_name name_of(ast_list parts);

std::optional<schema::relation_reference> find(session_core& session, written_name const& name);
/// 42P01, or 42809 '"x" is not a table'.
std::shared_ptr<schema::table_descriptor const> table_named(session_core& session, written_name const& name,
                                                            std::string_view text);
/// The schema a new object goes to. 3F000 at the name's place.
schema::schema_descriptor const& schema_for(session_core& session, written_name const& name, std::string_view text);
/// Where a new relation goes; 42P07 if the name is taken there.
schema::schema_descriptor const& place_for(session_core& session, written_name const& name, std::string_view text = {});
/// PostgreSQL's way of making up names: `table_column_key`, cut to 63 bytes, numbered until free.
std::string made_up_name(std::string_view first, std::string_view second, std::string_view label);
std::string free_relation_name(session_core& session, schema::object_id schema, std::string_view first,
                               std::string_view second, std::string_view label);
/// Ordinal of a column; 42703 'column "x" of relation "t" does not exist'.
std::int16_t column_named(schema::table_descriptor const& table, std::string_view name);
void refuse_system_objects(schema::object_id schema, std::string_view name);

// --- tables (ddl_table.ipp)

std::string create_table(session_core& session, ast node, std::string_view text);
std::string create_table_as(session_core& session, prepared_statement const& prepared);
std::string alter_table(session_core& session, ast node, std::string_view text);
std::string rename(session_core& session, ast node, std::string_view text);
std::string create_index(session_core& session, ast node, std::string_view text);
std::string change_schema(session_core& session, ast node, std::string_view text);
std::string drop(session_core& session, ast node, std::string_view text);
std::string truncate(session_core& session, ast node, std::string_view text);

/// A definition of columns and constraints under way; knits them into a table. One per CREATE or ALTER TABLE.
class table_builder {
public:
    table_builder(session_core& session, std::string_view text, schema::table_descriptor start, bool is_new)
        : session_(session), text_(text), table(std::move(start)), is_new_(is_new) {}

    /// Adds a column with its constraints.
    void add_column(ast definition);
    /// Adds a table constraint; `column` where it stands behind a column. `name` overrides a made-up name.
    void add_constraint(ast constraint, std::string_view column = {});
    void add_like(ast clause);
    /// Makes a column an identity column; `constraint` has its options.
    void make_identity(std::int16_t ordinal, ast constraint);
    /// Foreign keys come last: they may refer to keys of the same table. Checks that stored expressions can be bound.
    void finish();

private:
    struct waiting_key {
        ast constraint;
        std::string column;
        bool deferrable = false, initially_deferred = false;
    };
    void add_key(ast constraint, std::string_view column, bool primary);
    void add_check(ast constraint, std::string_view column);
    void add_foreign_key(waiting_key const& waiting);
    void apply_attributes(ast_list constraints);
    std::int16_t key_column(std::string_view name, ast constraint);
    void set_default(schema::column_descriptor& column, ast constraint);
    void add_sequence(schema::column_descriptor& column, std::int16_t ordinal, type_id type, ast_list options);
    std::string constraint_name(ast constraint, std::string_view second, std::string_view label, bool is_relation);
    bool is_constraint_name(std::string_view name) const;

    session_core& session_;
    std::string_view text_;

public:
    schema::table_descriptor table;
    std::vector<schema::index_descriptor> new_indexes;  ///< to be filled from the rows
    std::vector<schema::check_descriptor> new_checks;   ///< to be checked against the rows
    std::vector<schema::foreign_key_descriptor> new_foreign_keys;

private:
    bool is_new_;
    std::vector<waiting_key> waiting_;
};

/// Names of the columns a parse tree refers to, each once.
std::vector<std::string> referenced_columns(ast tree);
/// Relations a query names, resolved now.
std::vector<schema::object_id> referenced_relations(session_core& session, ast query);
/// A sequence's options applied to its descriptor. `restart` gets the value of RESTART.
void apply_sequence_options(schema::sequence_descriptor& sequence, ast_list options, std::string_view text,
                            std::optional<std::int64_t>* restart = nullptr);

// --- the rest (ddl_other.ipp, ddl_view.ipp, ddl_role.ipp)

std::string create_database(session_core& session, ast node);
std::string drop_database(session_core& session, ast node);
std::string create_schema(session_core& session, prepared_statement const& prepared);
std::string create_sequence(session_core& session, ast node, std::string_view text);
std::string alter_sequence(session_core& session, ast node, std::string_view text);
std::string create_view(session_core& session, prepared_statement const& prepared);
std::string comment_on(session_core& session, ast node, std::string_view text);
std::string create_role(session_core& session, ast node, std::string_view text);
std::string alter_role(session_core& session, ast node, std::string_view text);
std::string drop_role(session_core& session, ast node);
/// Views that name this relation, directly.
std::vector<schema::object_id> views_over(schema::catalog const& catalog, schema::object_id relation);
/// Binds the views over a relation against the edited catalog; 2BP01 or 0A000 if one of them no longer means the same.
void check_views_over(session_core& session, schema::object_id relation, std::string_view action);

}  // namespace phantomdb::sql::ddl
