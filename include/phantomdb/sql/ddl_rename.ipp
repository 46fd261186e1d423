#include <phantomdb/sql/ddl.hpp>

#include <algorithm>

namespace phantomdb::sql::ddl {

namespace {

void refuse_taken(session_core& session, schema::object_id schema, std::string const& name) {
    if (session.edit().now().find_relation(schema, name)) {
        throw error(errc::duplicate_table, "relation \"" + name + "\" already exists");
    }
}

void rename_column(session_core& session, schema::relation_reference found, std::string const& from,
                   std::string const& to) {
    if (found.type == schema::relation_type::view) {
        schema::view_descriptor view = *session.edit().now().view(found.id);
        for (auto& column : view.columns) {
            if (column.name == from) column.name = to;
        }
        return session.edit().put(std::move(view));
    }
    session.lock_for_definition(found.id);
    schema::table_descriptor table = *session.edit().now().table(found.id);
    int ordinal = table.find_column(from);
    if (ordinal < 0) throw error(errc::undefined_column, "column \"" + from + "\" does not exist");
    if (table.find_column(to) >= 0) {
        throw error(errc::duplicate_column, "column \"" + to + "\" of relation \"" + table.name + "\" already exists");
    }
    // Stored expressions are text: those that name the column would no longer mean it.
    auto names_it = [&](std::string const& expression) {
        auto columns = referenced_columns(parse_expression(expression).root);
        return std::find(columns.begin(), columns.end(), from) != columns.end();
    };
    for (auto const& check : table.checks) {
        if (names_it(check.expression)) {
            throw error(errc::feature_not_supported,
                        "cannot rename column \"" + from + "\" because constraint \"" + check.name + "\" uses it")
                .with_hint("Drop the constraint first, and add it again afterwards.");
        }
    }
    for (auto const& column : table.columns) {
        if (column.generated == schema::generation::always_stored && names_it(column.default_expression)) {
            throw error(errc::feature_not_supported, "cannot rename column \"" + from +
                                                         "\" because generated column \"" + column.name + "\" uses it");
        }
    }
    table.columns[static_cast<std::size_t>(ordinal)].name = to;
    session.edit().put(std::move(table));
    check_views_over(session, found.id, "rename column \"" + from + "\"");
}

void rename_constraint(session_core& session, written_name const& name, std::string const& from, std::string const& to,
                       std::string_view text) {
    auto found = table_named(session, name, text);
    session.lock_for_definition(found->id);
    schema::table_descriptor table = *session.edit().now().table(found->id);
    bool renamed = false;
    for (auto& check : table.checks) {
        if (check.name == from) check.name = to, renamed = true;
    }
    for (auto& key : table.foreign_keys) {
        if (key.name == from) key.name = to, renamed = true;
    }
    for (auto& index : table.indexes) {
        if (!index.constraint || index.name != from) continue;
        refuse_taken(session, table.schema, to);
        index.name = to;
        renamed = true;
    }
    if (!renamed) {
        throw error(errc::undefined_object,
                    "constraint \"" + from + "\" for table \"" + table.name + "\" does not exist");
    }
    session.edit().put(std::move(table));
}

}  // namespace

std::string rename(session_core& session, ast node, std::string_view text) {
    std::string_view type = node.text("renameType");
    std::string to(node.text("newname")), from(node.text("subname"));
    session.edit();
    if (type == "OBJECT_DATABASE") {
        auto const* found = session.edit().now().find_database(from);
        if (!found) throw error(errc::invalid_catalog_name, "database \"" + from + "\" does not exist");
        if (found->id == session.database)
            throw error(errc::feature_not_supported, "current database cannot be renamed");
        if (session.edit().now().find_database(to))
            throw error(errc::duplicate_database, "database \"" + to + "\" already exists");
        schema::database_descriptor next = *found;
        next.name = to;
        session.edit().put(std::move(next));
        return "ALTER DATABASE";
    }
    if (type == "OBJECT_ROLE") {
        auto const* found = session.edit().now().find_role(from);
        if (!found) throw error(errc::undefined_object, "role \"" + from + "\" does not exist");
        if (from == session.options.user) throw error(errc::feature_not_supported, "session user cannot be renamed");
        if (session.edit().now().find_role(to))
            throw error(errc::duplicate_object, "role \"" + to + "\" already exists");
        schema::role_descriptor next = *found;
        next.name = to;
        session.edit().put(std::move(next));
        return "ALTER ROLE";
    }
    if (type == "OBJECT_SCHEMA") {
        auto const* found = session.edit().now().find_schema(session.database, from);
        if (!found) throw error(errc::invalid_schema_name, "schema \"" + from + "\" does not exist");
        if (session.edit().now().find_schema(session.database, to)) {
            throw error(errc::duplicate_schema, "schema \"" + to + "\" already exists");
        }
        schema::schema_descriptor next = *found;
        refuse_system_objects(next.id, from);
        next.name = to;
        schema::object_id id = next.id;
        session.edit().put(std::move(next));
        schema::catalog const before = session.edit().now();
        for (auto const& [table_id, table] : before.tables()) {
            if (table->schema != id) continue;
            schema::table_descriptor moved = *table;
            moved.schema_name = to;
            session.edit().put(std::move(moved));
            check_views_over(session, table_id, "rename schema \"" + from + "\"");
        }
        for (auto const& [view_id, view] : before.views()) {
            if (view->schema != id) continue;
            schema::view_descriptor moved = *view;
            moved.schema_name = to;
            session.edit().put(std::move(moved));
        }
        for (auto const& [sequence_id, sequence] : before.sequences()) {
            if (sequence->schema != id) continue;
            schema::sequence_descriptor moved = *sequence;
            moved.schema_name = to;
            session.edit().put(std::move(moved));
        }
        return "ALTER SCHEMA";
    }
    written_name name = name_of(node["relation"]);
    std::string tag = "ALTER " + std::string(object_word(type));
    auto found = find(session, name);
    if (!found) {
        if (!node.flag("missing_ok"))
            throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist");
        session.note(severity::notice, errc::undefined_table,
                     "relation \"" + name.text() + "\" does not exist, skipping");
        return tag;
    }
    if (type == "OBJECT_COLUMN") {
        rename_column(session, *found, from, to);
        return "ALTER TABLE";
    }
    if (type == "OBJECT_TABCONSTRAINT") {
        rename_constraint(session, name, from, to, text);
        return "ALTER TABLE";
    }
    schema::catalog_edit& edit = session.edit();
    switch (found->type) {
        case schema::relation_type::table: {
            session.lock_for_definition(found->id);
            schema::table_descriptor next = *edit.now().table(found->id);
            refuse_system_objects(next.schema, next.name);
            refuse_taken(session, next.schema, to);
            next.name = to;
            edit.put(std::move(next));
            check_views_over(session, found->id, "rename table \"" + name.name + "\"");
            break;
        }
        case schema::relation_type::view: {
            schema::view_descriptor next = *edit.now().view(found->id);
            refuse_taken(session, next.schema, to);
            next.name = to;
            edit.put(std::move(next));
            check_views_over(session, found->id, "rename view \"" + name.name + "\"");
            break;
        }
        case schema::relation_type::sequence: {
            schema::sequence_descriptor next = *edit.now().sequence(found->id);
            refuse_taken(session, next.schema, to);
            next.name = to;
            edit.put(std::move(next));
            break;
        }
        case schema::relation_type::index: {
            session.lock_for_definition(found->table);
            schema::table_descriptor next = *edit.now().table(found->table);
            refuse_taken(session, next.schema, to);
            for (auto& index : next.indexes) {
                if (index.id == found->id) index.name = to;
            }
            edit.put(std::move(next));
            break;
        }
    }
    return tag;
}

std::string change_schema(session_core& session, ast node, std::string_view text) {
    std::string tag = "ALTER " + std::string(object_word(node.text("objectType")));
    written_name name = name_of(node["relation"]);
    session.edit();
    auto const* place = session.edit().now().find_schema(session.database, node.text("newschema"));
    if (!place) {
        throw error(errc::invalid_schema_name, "schema \"" + std::string(node.text("newschema")) + "\" does not exist");
    }
    if (node.text("objectType") != "OBJECT_TABLE") {
        throw error(errc::feature_not_supported, tag + " SET SCHEMA is not supported");
    }
    schema::table_descriptor table = *table_named(session, name, text);
    session.lock_for_definition(table.id);
    refuse_taken(session, place->id, table.name);
    schema::object_id id = table.id, target = place->id;
    std::string target_name = place->name;
    table.schema = target;
    table.schema_name = target_name;
    session.edit().put(std::move(table));
    schema::catalog const before = session.edit().now();
    for (auto const& [sequence_id, sequence] : before.sequences()) {
        if (sequence->owner_table != id) continue;
        schema::sequence_descriptor moved = *sequence;
        moved.schema = target;
        moved.schema_name = target_name;
        session.edit().put(std::move(moved));
    }
    check_views_over(session, id, "move table \"" + name.name + "\"");
    return tag;
}

}  // namespace phantomdb::sql::ddl
