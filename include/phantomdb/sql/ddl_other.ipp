#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/ddl_drop.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>
#include <charconv>

namespace phantomdb::sql::ddl {

// ---- databases and schemas ----

namespace {

void refuse_block(session_core& session, std::string_view what) {
    if (session.block != block_state::block) return;
    throw error(errc::active_sql_transaction, std::string(what) + " cannot run inside a transaction block");
}

std::string text_of(ast argument) {
    if (argument.is("TypeName")) return std::string(argument.names("names").back());
    if (argument.is("List")) return std::string(argument.list("items").front().text("sval"));
    return std::string(argument.text("sval"));
}

}  // namespace

std::string create_database(session_core& session, ast node) {
    refuse_block(session, "CREATE DATABASE");
    std::string name(node.text("dbname"));
    schema::database_descriptor database;
    database.name = name;
    database.owner = session.options.user;
    schema::catalog_edit& edit = session.edit();
    for (ast option : node.list("options")) {
        std::string_view what = option.text("defname");
        std::string value = text_of(option["arg"]);
        if (what == "encoding") {
            std::string upper = value;
            for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
            if (upper != "UTF8" && upper != "UTF-8" && upper != "UNICODE" && !value.empty()) {
                throw error(errc::feature_not_supported, "encoding \"" + value + "\" is not supported")
                    .with_hint("Use UTF8.");
            }
        } else if (what == "owner") {
            if (!edit.now().find_role(value))
                throw error(errc::undefined_object, "role \"" + value + "\" does not exist");
            database.owner = value;
        } else if (what == "template") {
            if (value != "template0" && value != "template1") {
                throw error(errc::feature_not_supported, "copying database \"" + value + "\" is not supported");
            }
        }
    }
    if (edit.now().find_database(name))
        throw error(errc::duplicate_database, "database \"" + name + "\" already exists");
    database.id = session.new_id();
    schema::schema_descriptor home;
    home.id = session.new_id();
    home.database = database.id;
    home.name = "public";
    edit.put(std::move(database));
    edit.put(std::move(home));
    return "CREATE DATABASE";
}

std::string drop_database(session_core& session, ast node) {
    refuse_block(session, "DROP DATABASE");
    std::string name(node.text("dbname"));
    schema::catalog_edit& edit = session.edit();
    auto const* found = edit.now().find_database(name);
    if (!found) {
        if (!node.flag("missing_ok"))
            throw error(errc::invalid_catalog_name, "database \"" + name + "\" does not exist");
        session.note(severity::notice, errc::invalid_catalog_name,
                     "database \"" + name + "\" does not exist, skipping");
        return "DROP DATABASE";
    }
    schema::object_id id = found->id;
    if (id == session.database) throw error(errc::object_in_use, "cannot drop the currently open database");
    if (name == "template1") throw error(errc::wrong_object_type, "cannot drop a template database");
    {
        std::lock_guard hold(session.shared.sessions_mutex);
        std::size_t others = 0;
        for (auto const& [number, activity] : session.shared.sessions) others += activity.database == name;
        if (others > 0) {
            throw error(errc::object_in_use, "database \"" + name + "\" is being accessed by other users")
                .with_detail(others == 1
                                 ? "There is 1 other session using the database."
                                 : "There are " + std::to_string(others) + " other sessions using the database.");
        }
    }
    dropping plan(session);
    plan.be_quiet();
    for (auto const& [schema_id, one] : edit.now().schemas()) {
        if (one->database == id) plan.target({object_kind::schema, schema_id, {}});
    }
    plan.execute(true);
    edit.erase(schema::record_kind::database, id);
    return "DROP DATABASE";
}

std::string create_schema(session_core& session, prepared_statement const& prepared) {
    ast node = prepared.node();
    std::string name(node.text("schemaname"));
    if (name.empty()) name = node["authrole"].text("rolename");
    schema::catalog_edit& edit = session.edit();
    if (name.starts_with("pg_")) {
        throw error(errc::reserved_name, "unacceptable schema name \"" + name + "\"")
            .with_detail("The prefix \"pg_\" is reserved for system schemas.");
    }
    if (edit.now().find_schema(session.database, name)) {
        if (!node.flag("if_not_exists")) throw error(errc::duplicate_schema, "schema \"" + name + "\" already exists");
        session.note(severity::notice, errc::duplicate_schema, "schema \"" + name + "\" already exists, skipping");
        return "CREATE SCHEMA";
    }
    if (!node.list("schemaElts").empty()) {
        throw error(errc::feature_not_supported, "CREATE SCHEMA with elements is not supported")
            .with_hint("Create the elements in statements of their own.");
    }
    schema::schema_descriptor made;
    made.id = session.new_id();
    made.database = session.database;
    made.name = name;
    edit.put(std::move(made));
    return "CREATE SCHEMA";
}

// ---- sequences ----

namespace {

std::int64_t number_of(ast option, std::string_view text) {
    ast argument = option["arg"];
    if (argument.is("Float") || argument.has("fval")) {
        std::string_view digits = argument.text("fval");
        std::int64_t value = 0;
        auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (problem != std::errc{} || end != digits.data() + digits.size()) {
            throw error(errc::numeric_value_out_of_range,
                        "value \"" + std::string(digits) + "\" is out of range for type bigint");
        }
        return value;
    }
    return integer_constant(option, text);
}

}  // namespace

void apply_sequence_options(schema::sequence_descriptor& sequence, ast_list options, std::string_view text,
                            std::optional<std::int64_t>* restart) {
    std::optional<std::int64_t> start, minimum, maximum;
    bool default_minimum = false, default_maximum = false, fresh = restart == nullptr;
    for (ast option : options) {
        std::string_view what = option.text("defname");
        bool has_value = static_cast<bool>(option["arg"]);
        if (what == "as") {
            sequence.type = type_of(option["arg"], text).id;
            if (!is_integer(sequence.type)) {
                throw error(errc::invalid_parameter_value, "sequence type must be smallint, integer, or bigint");
            }
        } else if (what == "increment") {
            sequence.increment = number_of(option, text);
            if (sequence.increment == 0) throw error(errc::invalid_parameter_value, "INCREMENT must not be zero");
        } else if (what == "start") {
            start = number_of(option, text);
        } else if (what == "minvalue") {
            if (has_value) minimum = number_of(option, text);
            else default_minimum = true;
        } else if (what == "maxvalue") {
            if (has_value) maximum = number_of(option, text);
            else default_maximum = true;
        } else if (what == "cycle") {
            sequence.cycle = option["arg"].flag("boolval");
        } else if (what == "restart" && restart) {
            *restart = has_value ? number_of(option, text) : sequence.start;
        }
    }
    bool up = sequence.increment > 0;
    std::int64_t widest = sequence.type == type_id::int2   ? INT16_MAX
                          : sequence.type == type_id::int4 ? INT32_MAX
                                                           : INT64_MAX;
    if (minimum) sequence.minimum = *minimum;
    else if (fresh || default_minimum) sequence.minimum = up ? 1 : -widest - 1;
    if (maximum) sequence.maximum = *maximum;
    else if (fresh || default_maximum) sequence.maximum = up ? widest : -1;
    if (start) sequence.start = *start;
    else if (fresh) sequence.start = up ? sequence.minimum : sequence.maximum;
    auto out_of_type = [&](std::string_view which, std::int64_t value) {
        return error(errc::invalid_parameter_value, std::string(which) + " (" + std::to_string(value) +
                                                        ") is out of range for sequence data type " +
                                                        std::string(facts(sequence.type).name));
    };
    if (sequence.maximum > widest || sequence.maximum < -widest - 1) throw out_of_type("MAXVALUE", sequence.maximum);
    if (sequence.minimum > widest || sequence.minimum < -widest - 1) throw out_of_type("MINVALUE", sequence.minimum);
    if (sequence.minimum >= sequence.maximum) {
        throw error(errc::invalid_parameter_value, "MINVALUE (" + std::to_string(sequence.minimum) +
                                                       ") must be less than MAXVALUE (" +
                                                       std::to_string(sequence.maximum) + ")");
    }
    auto within = [&](std::string_view which, std::int64_t value) {
        if (value < sequence.minimum) {
            throw error(errc::invalid_parameter_value, std::string(which) + " value (" + std::to_string(value) +
                                                           ") cannot be less than MINVALUE (" +
                                                           std::to_string(sequence.minimum) + ")");
        }
        if (value > sequence.maximum) {
            throw error(errc::invalid_parameter_value, std::string(which) + " value (" + std::to_string(value) +
                                                           ") cannot be greater than MAXVALUE (" +
                                                           std::to_string(sequence.maximum) + ")");
        }
    };
    within("START", sequence.start);
    if (restart && *restart) within("RESTART", **restart);
}

namespace {

void apply_owner(session_core& session, schema::sequence_descriptor& sequence, ast_list options) {
    for (ast option : options) {
        if (option.text("defname") != "owned_by") continue;
        ast_list names = option["arg"].list("items");
        if (names.size() == 1) {
            if (names.front().text("sval") != "none") {
                throw error(errc::syntax_error, "invalid OWNED BY option")
                    .with_hint("Specify OWNED BY table.column or OWNED BY NONE.");
            }
            sequence.owner_table = 0;
            sequence.owner_column = -1;
            continue;
        }
        written_name table_name;
        table_name.name = names[names.size() - 2].text("sval");
        if (names.size() > 2) table_name.schema = names[names.size() - 3].text("sval");
        auto table = table_named(session, table_name, {});
        sequence.owner_column = column_named(*table, names.back().text("sval"));
        sequence.owner_table = table->id;
    }
}

}  // namespace

std::string create_sequence(session_core& session, ast node, std::string_view text) {
    auto name = name_of(node["sequence"]);
    schema::catalog_edit& edit = session.edit();
    auto const& place = session.creation_schema(name.schema);
    if (edit.now().find_relation(place.id, name.name)) {
        if (!node.flag("if_not_exists"))
            throw error(errc::duplicate_table, "relation \"" + name.name + "\" already exists");
        session.note(severity::notice, errc::duplicate_table,
                     "relation \"" + name.name + "\" already exists, skipping");
        return "CREATE SEQUENCE";
    }
    place_for(session, name);
    schema::sequence_descriptor sequence;
    sequence.schema = place.id;
    sequence.schema_name = place.name;
    sequence.name = name.name;
    apply_sequence_options(sequence, node.list("options"), text);
    apply_owner(session, sequence, node.list("options"));
    sequence.id = session.new_id();
    session.shared.sequences.create(sequence);
    session.new_sequences.push_back(sequence.id);
    edit.put(std::move(sequence));
    return "CREATE SEQUENCE";
}

std::string alter_sequence(session_core& session, ast node, std::string_view text) {
    auto name = name_of(node["sequence"]);
    auto found = find(session, name);
    if (!found) {
        if (!node.flag("missing_ok"))
            throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist");
        session.note(severity::notice, errc::undefined_table,
                     "relation \"" + name.text() + "\" does not exist, skipping");
        return "ALTER SEQUENCE";
    }
    if (found->type != schema::relation_type::sequence) {
        throw error(errc::wrong_object_type, "\"" + name.name + "\" is not a sequence");
    }
    schema::sequence_descriptor sequence = *session.edit().now().sequence(found->id);
    std::optional<std::int64_t> restart;
    apply_sequence_options(sequence, node.list("options"), text, &restart);
    apply_owner(session, sequence, node.list("options"));
    if (restart) session.shared.sequences.set(sequence, *restart, false);
    session.edit().put(std::move(sequence));
    return "ALTER SEQUENCE";
}

// ---- comments ----

std::string comment_on(session_core& session, ast node, std::string_view text) {
    std::string_view type = node.text("objtype");
    std::string comment(node.text("comment"));
    schema::catalog_edit& edit = session.edit();
    ast object = node["object"];
    ast_list parts = object.list("items");
    auto missing = [&](std::string_view what, std::string const& name) {
        return error(errc::undefined_object, std::string(what) + " \"" + name + "\" does not exist");
    };
    if (type == "OBJECT_COLUMN" || type == "OBJECT_TABCONSTRAINT") {
        written_name owner;
        owner.name = parts[parts.size() - 2].text("sval");
        if (parts.size() > 2) owner.schema = parts[parts.size() - 3].text("sval");
        std::string_view name = parts.back().text("sval");
        if (auto found = find(session, owner);
            found && found->type == schema::relation_type::view && type == "OBJECT_COLUMN") {
            schema::view_descriptor view = *edit.now().view(found->id);
            auto column =
                std::find_if(view.columns.begin(), view.columns.end(), [&](auto const& c) { return c.name == name; });
            if (column == view.columns.end()) throw missing("column", std::string(name));
            column->comment = comment;
            edit.put(std::move(view));
            return "COMMENT";
        }
        schema::table_descriptor table = *table_named(session, owner, text);
        if (type == "OBJECT_COLUMN") {
            table.columns[static_cast<std::size_t>(column_named(table, name))].comment = comment;
        } else {
            auto index = std::find_if(table.indexes.begin(), table.indexes.end(),
                                      [&](auto const& one) { return one.constraint && one.name == name; });
            if (index == table.indexes.end()) {
                throw error(errc::feature_not_supported, "comments on this kind of constraint are not supported");
            }
            index->comment = comment;
        }
        edit.put(std::move(table));
        return "COMMENT";
    }
    if (type == "OBJECT_SCHEMA" || type == "OBJECT_DATABASE") {
        std::string name(object.text("sval"));
        if (type == "OBJECT_SCHEMA") {
            auto const* found = edit.now().find_schema(session.database, name);
            if (!found) throw error(errc::invalid_schema_name, "schema \"" + name + "\" does not exist");
            schema::schema_descriptor next = *found;
            next.comment = comment;
            edit.put(std::move(next));
        } else {
            auto const* found = edit.now().find_database(name);
            if (!found) throw error(errc::invalid_catalog_name, "database \"" + name + "\" does not exist");
            schema::database_descriptor next = *found;
            next.comment = comment;
            edit.put(std::move(next));
        }
        return "COMMENT";
    }
    if (type == "OBJECT_ROLE" || type == "OBJECT_EXTENSION") return "COMMENT";
    if (type != "OBJECT_TABLE" && type != "OBJECT_VIEW" && type != "OBJECT_INDEX" && type != "OBJECT_SEQUENCE") {
        throw error(errc::feature_not_supported, "comments on this kind of object are not supported")
            .with_detail(std::string(type));
    }
    written_name name = name_of(parts);
    auto found = find(session, name);
    if (!found) throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist");
    switch (found->type) {
        case schema::relation_type::table: {
            schema::table_descriptor next = *edit.now().table(found->id);
            next.comment = comment;
            edit.put(std::move(next));
            break;
        }
        case schema::relation_type::view: {
            schema::view_descriptor next = *edit.now().view(found->id);
            next.comment = comment;
            edit.put(std::move(next));
            break;
        }
        case schema::relation_type::sequence: {
            schema::sequence_descriptor next = *edit.now().sequence(found->id);
            next.comment = comment;
            edit.put(std::move(next));
            break;
        }
        case schema::relation_type::index: {
            schema::table_descriptor next = *edit.now().table(found->table);
            for (auto& index : next.indexes) {
                if (index.id == found->id) index.comment = comment;
            }
            edit.put(std::move(next));
            break;
        }
    }
    return "COMMENT";
}

}  // namespace phantomdb::sql::ddl
