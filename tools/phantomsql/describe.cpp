// The catalog queries behind \d and its kin.

#include "describe.hpp"

namespace phantomsql {
namespace {

std::string quoted(std::string const& text) {
    std::string made = "'";
    for (char c : text) made += c == '\'' ? "''" : std::string(1, c);
    return made + "'";
}

/// From a shell pattern to LIKE's, folding to lower case outside of double quotes.
std::string like_of(std::string const& pattern) {
    std::string made;
    bool inside = false;
    for (char c : pattern) {
        if (c == '"') inside = !inside;
        else if (c == '*' && !inside) made += '%';
        else if (c == '?' && !inside) made += '_';
        else if (c == '%' || c == '_' || c == '\\') made += std::string("\\") + c;
        else made += inside || c < 'A' || c > 'Z' ? c : static_cast<char>(c - 'A' + 'a');
    }
    return made;
}

constexpr char const* kind_word =
    "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' "
    "WHEN 'S' THEN 'sequence' WHEN 'p' THEN 'partitioned table' ELSE c.relkind::text END";

}  // namespace

std::string pattern_condition(std::string const& pattern, std::string const& schema_column,
                              std::string const& name_column) {
    std::size_t dot = std::string::npos;
    bool inside = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '"') inside = !inside;
        if (pattern[i] == '.' && !inside) dot = i;
    }
    std::string made;
    if (dot != std::string::npos && !schema_column.empty()) {
        made = schema_column + " LIKE " + quoted(like_of(pattern.substr(0, dot))) + " AND ";
    }
    return made + name_column + " LIKE " +
           quoted(like_of(dot == std::string::npos ? pattern : pattern.substr(dot + 1)));
}

listing list_relations(std::string const& kinds, std::string const& pattern, bool wide) {
    std::string in;
    for (char k : kinds) in += (in.empty() ? "'" : ", '") + std::string(1, k) + "'";
    bool indexes = kinds == "i";
    std::string query = std::string("SELECT n.nspname AS \"Schema\", c.relname AS \"Name\", ") + kind_word +
                        " AS \"Type\", pg_catalog.pg_get_userbyid(c.relowner) AS \"Owner\"";
    if (indexes) query += ", t.relname AS \"Table\"";
    if (wide) {
        query +=
            ", am.amname AS \"Access method\", pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid)) AS "
            "\"Size\", pg_catalog.obj_description(c.oid, 'pg_class') AS \"Description\"";
    }
    query += " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";
    if (wide) query += " LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam";
    if (indexes) {
        query += " JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid";
    }
    query += " WHERE c.relkind IN (" + in + ")";
    if (pattern.empty()) {
        query += " AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND n.nspname <> 'phantom'";
    } else {
        query += " AND " + pattern_condition(pattern, "n.nspname", "c.relname");
    }
    return {"List of relations", query + " ORDER BY 1, 2"};
}

listing list_databases() {
    return {"List of databases",
            "SELECT d.datname AS \"Name\", pg_catalog.pg_get_userbyid(d.datdba) AS \"Owner\", "
            "pg_catalog.pg_encoding_to_char(d.encoding) AS \"Encoding\", d.datcollate AS \"Collate\", d.datctype AS "
            "\"Ctype\" "
            "FROM pg_catalog.pg_database d ORDER BY 1"};
}

listing list_schemas(std::string const& pattern) {
    std::string where =
        pattern.empty() ? "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND n.nspname <> 'phantom'"
                        : pattern_condition(pattern, "", "n.nspname");
    return {"List of schemas",
            "SELECT n.nspname AS \"Name\", pg_catalog.pg_get_userbyid(n.nspowner) AS \"Owner\" FROM "
            "pg_catalog.pg_namespace n "
            "WHERE " +
                where + " ORDER BY 1"};
}

listing list_roles() {
    return {"List of roles",
            "SELECT r.rolname AS \"Role name\", CASE WHEN r.rolsuper THEN 'Superuser' ELSE '' END || "
            "CASE WHEN r.rolcanlogin THEN '' ELSE 'Cannot login' END AS \"Attributes\" FROM pg_catalog.pg_roles r "
            "WHERE r.rolname NOT LIKE 'pg\\_%' ORDER BY 1"};
}

std::string find_relations(std::string const& pattern) {
    return "SELECT c.oid::text, n.nspname, c.relname, c.relkind::text FROM pg_catalog.pg_class c JOIN "
           "pg_catalog.pg_namespace n "
           "ON n.oid = c.relnamespace WHERE c.relkind IN ('r','v','i','S','m','p') AND " +
           pattern_condition(pattern, "n.nspname", "c.relname") +
           (pattern.find('.') == std::string::npos ? " AND pg_catalog.pg_table_is_visible(c.oid)" : "") +
           " ORDER BY 2, 3";
}

std::string columns_of(std::string const& oid) {
    return "SELECT a.attname AS \"Column\", pg_catalog.format_type(a.atttypid, a.atttypmod) AS \"Type\", "
           "CASE WHEN a.attnotnull THEN 'not null' ELSE '' END AS \"Nullable\", "
           "coalesce((SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d "
           "WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), "
           "CASE a.attidentity WHEN 'a' THEN 'generated always as identity' WHEN 'd' THEN 'generated by default as "
           "identity' "
           "ELSE '' END) AS \"Default\" "
           "FROM pg_catalog.pg_attribute a WHERE a.attrelid = " +
           oid + " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
}

std::string indexes_of(std::string const& oid) {
    return "SELECT c.relname, i.indisprimary, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid), "
           "(SELECT count(*) FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN "
           "('p','u')) > 0 "
           "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = " +
           oid + " ORDER BY i.indisprimary DESC, c.relname";
}

std::string method_of(std::string const& oid) {
    return "SELECT am.amname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE c.oid = " +
           oid;
}

std::string checks_of(std::string const& oid) {
    return "SELECT conname, pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE conrelid = " +
           oid + " AND contype = 'c' ORDER BY 1";
}

std::string foreign_keys_of(std::string const& oid) {
    return "SELECT conname, pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE conrelid = " +
           oid + " AND contype = 'f' ORDER BY 1";
}

std::string references_to(std::string const& oid) {
    return "SELECT k.conname, c.relname, pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k "
           "JOIN pg_catalog.pg_class c ON c.oid = k.conrelid WHERE k.confrelid = " +
           oid + " AND k.contype = 'f' ORDER BY 1";
}

}  // namespace phantomsql
