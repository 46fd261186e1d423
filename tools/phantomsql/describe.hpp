/// @file Defines the catalog queries behind \d and its kin. They run on phantomd and on PostgreSQL alike.
#pragma once

#include <string>
#include <vector>

namespace phantomsql {

/// A query whose result is printed under a title.
struct listing {
    std::string title;
    std::string query;
};

/// A name pattern as psql has them: `*` and `?` are wildcards, `schema.name`. Gives a condition over the two columns.
std::string pattern_condition(std::string const& pattern, std::string const& schema_column,
                              std::string const& name_column);

/// \dt, \di, \dv, \ds (kinds as in pg_class.relkind), \d without a name ("rvmS"). `wide` as with a plus behind the command:
/// also what keeps them, sizes and comments.
listing list_relations(std::string const& kinds, std::string const& pattern, bool wide);
listing list_databases();
listing list_schemas(std::string const& pattern);
listing list_roles();

/// The parts of \d NAME for one relation, by its oid.
std::string find_relations(std::string const& pattern);
std::string columns_of(std::string const& oid);
std::string indexes_of(std::string const& oid);
/// The access method of a table: "heap", "lsm", …
std::string method_of(std::string const& oid);
std::string checks_of(std::string const& oid);
std::string foreign_keys_of(std::string const& oid);
std::string references_to(std::string const& oid);

}  // namespace phantomsql
