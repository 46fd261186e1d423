#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/source_text.hpp>

#include <algorithm>

namespace phantomdb::sql::ddl {

written_name name_of(ast range_variable) {
    return {std::string(range_variable.text("schemaname")), std::string(range_variable.text("relname")),
            range_variable.location()};
}

written_name name_of(ast_list parts) {
    written_name made;
    std::vector<std::string> names;
    for (ast part : parts) names.emplace_back(part.text("sval"));
    if (!names.empty()) made.name = names.back();
    if (names.size() > 1) made.schema = names[names.size() - 2];
    return made;
}

std::optional<schema::relation_reference> find(session_core& session, written_name const& name) {
    return session.names().find(name.schema, name.name);
}

std::shared_ptr<schema::table_descriptor const> table_named(session_core& session, written_name const& name,
                                                            std::string_view text) {
    auto found = find(session, name);
    if (!found) {
        throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist")
            .at(character_position(text, name.location));
    }
    if (found->type != schema::relation_type::table) {
        throw error(errc::wrong_object_type, "\"" + name.name + "\" is not a table");
    }
    auto table = session.catalog().table(found->id);
    refuse_system_objects(table->schema, table->name);
    return table;
}

void refuse_system_objects(schema::object_id schema, std::string_view name) {
    if (schema < schema::first_user_id &&
        (schema == schema::pg_catalog_id || schema == schema::information_schema_id || schema == schema::phantom_id)) {
        throw error(errc::insufficient_privilege,
                    "permission denied: \"" + std::string(name) + "\" is a system catalog");
    }
}

schema::schema_descriptor const& schema_for(session_core& session, written_name const& name, std::string_view text) {
    try {
        return session.creation_schema(name.schema);
    } catch (error& refused) {
        if (!name.schema.empty()) refused.position = character_position(text, name.location);
        throw;
    }
}

schema::schema_descriptor const& place_for(session_core& session, written_name const& name, std::string_view text) {
    schema::schema_descriptor const& place = schema_for(session, name, text);
    if (place.id == schema::pg_catalog_id || place.id == schema::information_schema_id ||
        place.id == schema::phantom_id) {
        throw error(errc::insufficient_privilege,
                    "permission denied to create \"" + place.name + "." + name.name + "\"")
            .with_detail("System catalog modifications are currently disallowed.");
    }
    if (session.catalog().find_relation(place.id, name.name)) {
        throw error(errc::duplicate_table, "relation \"" + name.name + "\" already exists");
    }
    return place;
}

namespace {
// Cut at a character boundary.
void cut(std::string& text, std::size_t bytes) {
    while (bytes > 0 && bytes < text.size() && (text[bytes] & 0xc0) == 0x80) --bytes;
    if (bytes < text.size()) text.resize(bytes);
}
}  // namespace

std::string made_up_name(std::string_view first, std::string_view second, std::string_view label) {
    constexpr std::size_t longest = 63;
    std::string a(first), b(second);
    std::size_t overhead = (label.empty() ? 0 : label.size() + 1) + (b.empty() ? 0 : 1);
    std::size_t a_bytes = a.size(), b_bytes = b.size();
    while (a_bytes + b_bytes > longest - overhead) {
        if (a_bytes > b_bytes) --a_bytes;
        else --b_bytes;
    }
    cut(a, a_bytes);
    cut(b, b_bytes);
    if (!b.empty()) a += "_" + b;
    if (!label.empty()) a += "_" + std::string(label);
    return a;
}

std::string free_relation_name(session_core& session, schema::object_id schema, std::string_view first,
                               std::string_view second, std::string_view label) {
    for (int pass = 0;; ++pass) {
        std::string name = made_up_name(first, second, std::string(label) + (pass ? std::to_string(pass) : ""));
        if (!session.edit().now().find_relation(schema, name)) return name;
    }
}

std::int16_t column_named(schema::table_descriptor const& table, std::string_view name) {
    int found = table.find_column(name);
    if (found < 0) {
        throw error(errc::undefined_column,
                    "column \"" + std::string(name) + "\" of relation \"" + table.name + "\" does not exist");
    }
    return static_cast<std::int16_t>(found);
}

namespace {

template <class Visit>
void walk(boost::json::value const& node, Visit const& visit) {
    if (auto const* object = node.if_object()) {
        for (auto const& field : *object) {
            visit(field.key(), field.value());
            walk(field.value(), visit);
        }
    } else if (auto const* array = node.if_array()) {
        for (auto const& element : *array) walk(element, visit);
    }
}

template <class Visit>
void walk(ast tree, Visit const& visit) {
    auto const* root = static_cast<boost::json::value const*>(tree.identity());
    if (!root) return;
    if (!tree.kind().empty()) visit(tree.kind(), *root);
    walk(*root, visit);
}

}  // namespace

std::vector<std::string> referenced_columns(ast tree) {
    std::vector<std::string> names;
    walk(tree, [&](std::string_view kind, boost::json::value const& fields) {
        if (kind != "ColumnRef") return;
        auto parts = ast(&fields).names("fields");
        if (parts.empty() || parts.back().empty()) return;
        if (std::find(names.begin(), names.end(), parts.back()) == names.end()) names.emplace_back(parts.back());
    });
    return names;
}

std::vector<schema::object_id> referenced_relations(session_core& session, ast query) {
    std::vector<schema::object_id> ids;
    auto add = [&](schema::object_id id) {
        if (id >= schema::first_user_id && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    };
    walk(query, [&](std::string_view kind, boost::json::value const& fields) {
        if (kind == "RangeVar") {
            if (auto found = find(session, name_of(ast(&fields)))) add(found->id);
        }
    });
    return ids;
}

}  // namespace phantomdb::sql::ddl
