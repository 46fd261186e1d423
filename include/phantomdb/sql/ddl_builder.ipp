#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>
#include <optional>

namespace phantomdb::sql::ddl {

namespace {

std::size_t offset_of(ast node) { return static_cast<std::size_t>(std::max<std::int64_t>(node.location(), 0)); }

// serial and its likes are no types: an integer, NOT NULL and a sequence.
std::optional<type_id> serial_type(ast type_name) {
    auto names = type_name.names("names");
    if (names.size() != 1) return std::nullopt;
    if (names[0] == "serial" || names[0] == "serial4") return type_id::int4;
    if (names[0] == "bigserial" || names[0] == "serial8") return type_id::int8;
    if (names[0] == "smallserial" || names[0] == "serial2") return type_id::int2;
    return std::nullopt;
}

schema::referential_action action_of(std::string_view letter) {
    using enum schema::referential_action;
    if (letter == "r") return restrict_;
    if (letter == "c") return cascade;
    if (letter == "n") return set_null;
    if (letter == "d") return set_default;
    return no_action;
}

std::string joined(std::vector<std::string> const& names) {
    std::string all;
    for (auto const& name : names) all += (all.empty() ? "" : "_") + name;
    return all;
}

// Values of the two columns have keys of the same bytes, or can be written in the referenced type.
bool comparable(type_id from, type_id to) {
    auto group = [](type_id t) {
        return is_integer(t) ? type_id::int8 : is_string(t) && t != type_id::bpchar ? type_id::text : t;
    };
    return group(from) == group(to) || (is_integer(from) && to == type_id::numeric);
}

}  // namespace

bool table_builder::is_constraint_name(std::string_view name) const {
    auto same = [&](auto const& one) { return one.name == name; };
    return std::any_of(table.checks.begin(), table.checks.end(), same) ||
           std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), same) ||
           std::any_of(table.indexes.begin(), table.indexes.end(),
                       [&](auto const& i) { return i.constraint && i.name == name; });
}

std::string table_builder::constraint_name(ast constraint, std::string_view second, std::string_view label,
                                           bool is_relation) {
    std::string given(constraint.text("conname"));
    auto is_relation_name = [&](std::string const& name) {
        if (name == table.name) return true;
        if (std::any_of(table.indexes.begin(), table.indexes.end(), [&](auto const& i) { return i.name == name; }))
            return true;
        return session_.edit().now().find_relation(table.schema, name).has_value();
    };
    if (!given.empty()) {
        if (is_relation && is_relation_name(given))
            throw error(errc::duplicate_table, "relation \"" + given + "\" already exists");
        if (is_constraint_name(given)) {
            throw error(errc::duplicate_object,
                        "constraint \"" + given + "\" for relation \"" + table.name + "\" already exists");
        }
        return given;
    }
    for (int pass = 0;; ++pass) {
        std::string name = made_up_name(table.name, second, std::string(label) + (pass ? std::to_string(pass) : ""));
        if (!is_constraint_name(name) && !(is_relation && is_relation_name(name))) return name;
    }
}

void table_builder::set_default(schema::column_descriptor& column, ast constraint) {
    std::size_t begin = after_word(text_, offset_of(constraint), "default");
    column.default_expression = std::string(clause(text_, begin, constraint_words()));
}

void table_builder::add_sequence(schema::column_descriptor& column, std::int16_t ordinal, type_id type,
                                 ast_list options) {
    schema::sequence_descriptor sequence;
    sequence.id = session_.new_id();
    sequence.schema = table.schema;
    sequence.schema_name = table.schema_name;
    sequence.type = type;
    sequence.owner_table = table.id;
    sequence.owner_column = ordinal;
    sequence.name = free_relation_name(session_, table.schema, table.name, column.name, "seq");
    apply_sequence_options(sequence, options, text_);
    column.sequence = sequence.id;
    column.default_expression = "nextval('" + std::to_string(sequence.id) + "'::oid)";
    column.not_null = true;
    session_.edit().put(sequence);
    session_.shared.sequences.create(sequence);
    session_.new_sequences.push_back(sequence.id);
}

void table_builder::add_column(ast definition) {
    std::string name(definition.text("colname"));
    if (table.find_column(name) >= 0) {
        if (is_new_) throw error(errc::duplicate_column, "column \"" + name + "\" specified more than once");
        throw error(errc::duplicate_column,
                    "column \"" + name + "\" of relation \"" + table.name + "\" already exists");
    }
    static constexpr std::string_view system_columns[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
    if (std::find(std::begin(system_columns), std::end(system_columns), name) != std::end(system_columns)) {
        throw error(errc::duplicate_column, "column name \"" + name + "\" conflicts with a system column name");
    }
    auto ordinal = static_cast<std::int16_t>(table.columns.size());
    if (table.columns.size() >= 1600) throw error(errc::too_many_columns, "tables can have at most 1600 columns");
    schema::column_descriptor column;
    column.name = name;
    auto serial = serial_type(definition["typeName"]);
    column.type = serial ? sql_type{*serial, -1} : type_of(definition["typeName"], text_);
    if (column.type.id == type_id::unknown || column.type.id == type_id::void_) {
        throw error(errc::invalid_table_definition,
                    "column \"" + name + "\" has pseudo-type " + std::string(facts(column.type.id).name));
    }
    if (serial) add_sequence(column, ordinal, *serial, {});
    table.columns.push_back(column);

    bool null_said = false, not_null_said = false;
    ast_list constraints = definition.list("constraints");
    for (ast constraint : constraints) {
        std::string_view type = constraint.text("contype");
        schema::column_descriptor& c = table.columns.back();
        auto conflicting = [&] {
            return error(errc::syntax_error, "conflicting NULL/NOT NULL declarations for column \"" + name +
                                                 "\" of table \"" + table.name + "\"")
                .at(character_position(text_, constraint.location()));
        };
        if (type == "CONSTR_NULL") {
            if (not_null_said || c.not_null) throw conflicting();
            null_said = true;
        } else if (type == "CONSTR_NOTNULL") {
            if (null_said) throw conflicting();
            not_null_said = c.not_null = true;
        } else if (type == "CONSTR_DEFAULT") {
            if (!c.default_expression.empty()) {
                throw error(errc::syntax_error, "multiple default values specified for column \"" + name +
                                                    "\" of table \"" + table.name + "\"")
                    .at(character_position(text_, constraint.location()));
            }
            set_default(c, constraint);
        } else if (type == "CONSTR_IDENTITY") {
            make_identity(ordinal, constraint);
        } else if (type == "CONSTR_GENERATED") {
            c.generated = schema::generation::always_stored;
            c.default_expression = std::string(parenthesized(text_, offset_of(constraint)));
        } else if (type == "CONSTR_ATTR_DEFERRABLE" || type == "CONSTR_ATTR_NOT_DEFERRABLE" ||
                   type == "CONSTR_ATTR_DEFERRED" || type == "CONSTR_ATTR_IMMEDIATE") {
            continue;
        } else {
            add_constraint(constraint, name);
        }
    }
    apply_attributes(constraints);
}

void table_builder::make_identity(std::int16_t ordinal, ast constraint) {
    schema::column_descriptor& column = table.columns[static_cast<std::size_t>(ordinal)];
    if (!is_integer(column.type.id)) {
        throw error(errc::invalid_parameter_value, "identity column type must be smallint, integer, or bigint");
    }
    column.generated = constraint.text("generated_when") == "a" ? schema::generation::always_as_identity
                                                                : schema::generation::by_default_as_identity;
    add_sequence(column, ordinal, column.type.id, constraint.list("options"));
}

// DEFERRABLE and INITIALLY stand as constraints of their own behind the one they mean.
void table_builder::apply_attributes(ast_list constraints) {
    for (std::size_t i = 1; i < constraints.size(); ++i) {
        std::string_view type = constraints[i].text("contype");
        if (type != "CONSTR_ATTR_DEFERRABLE" && type != "CONSTR_ATTR_DEFERRED") continue;
        std::size_t before = i;
        while (before > 0 && constraints[before].text("contype").starts_with("CONSTR_ATTR")) --before;
        std::string_view what = constraints[before].text("contype");
        if (what == "CONSTR_UNIQUE" || what == "CONSTR_PRIMARY") {
            throw error(errc::feature_not_supported, "deferrable unique constraints are not supported");
        }
        for (waiting_key& key : waiting_) {
            if (key.constraint.identity() != constraints[before].identity()) continue;
            key.deferrable = true;
            if (type == "CONSTR_ATTR_DEFERRED") key.initially_deferred = true;
        }
    }
}

std::int16_t table_builder::key_column(std::string_view name, ast constraint) {
    int found = table.find_column(name);
    if (found < 0) {
        throw error(errc::undefined_column, "column \"" + std::string(name) + "\" named in key does not exist")
            .at(character_position(text_, constraint.location()));
    }
    return static_cast<std::int16_t>(found);
}

void table_builder::add_constraint(ast constraint, std::string_view column) {
    std::string_view type = constraint.text("contype");
    if (type == "CONSTR_PRIMARY" || type == "CONSTR_UNIQUE")
        return add_key(constraint, column, type == "CONSTR_PRIMARY");
    if (type == "CONSTR_CHECK") return add_check(constraint, column);
    if (type == "CONSTR_FOREIGN") {
        waiting_.push_back(
            {constraint, std::string(column), constraint.flag("deferrable"), constraint.flag("initdeferred")});
        return;
    }
    throw error(errc::feature_not_supported, "exclusion constraints are not supported")
        .at(character_position(text_, constraint.location()));
}

void table_builder::add_key(ast constraint, std::string_view column, bool primary) {
    if (constraint.flag("deferrable")) {
        throw error(errc::feature_not_supported, "deferrable unique constraints are not supported");
    }
    if (constraint.flag("nulls_not_distinct"))
        throw error(errc::feature_not_supported, "NULLS NOT DISTINCT is not supported");
    if (primary && table.primary_key()) {
        throw error(errc::invalid_table_definition,
                    "multiple primary keys for table \"" + table.name + "\" are not allowed")
            .at(character_position(text_, constraint.location()));
    }
    schema::index_descriptor index;
    index.unique = index.constraint = true;
    index.primary = primary;
    std::vector<std::string> names;
    if (std::string existing(constraint.text("indexname")); !existing.empty()) {
        auto found =
            std::find_if(table.indexes.begin(), table.indexes.end(), [&](auto const& i) { return i.name == existing; });
        if (found == table.indexes.end())
            throw error(errc::undefined_object, "index \"" + existing + "\" does not exist");
        if (!found->unique) throw error(errc::wrong_object_type, "\"" + existing + "\" is not a unique index");
        if (primary) throw error(errc::feature_not_supported, "PRIMARY KEY USING INDEX is not supported");
        found->constraint = true;
        if (std::string name(constraint.text("conname")); !name.empty()) found->name = name;
        return;
    }
    if (constraint.has("keys")) {
        for (std::string_view key : constraint.names("keys")) names.emplace_back(key);
    } else {
        names.emplace_back(column);
    }
    for (auto const& name : names) {
        std::int16_t ordinal = key_column(name, constraint);
        for (auto const& key : index.keys) {
            if (key.column == ordinal) {
                throw error(errc::duplicate_column, "column \"" + name + "\" appears twice in " +
                                                        (primary ? "primary key" : "unique") + " constraint")
                    .at(character_position(text_, constraint.location()));
            }
        }
        index.keys.push_back({ordinal, false, false});
        auto& described = table.columns[static_cast<std::size_t>(ordinal)];
        if (described.type.id == type_id::json) {
            throw error(errc::undefined_object,
                        "data type json has no default operator class for access method \"btree\"");
        }
        if (primary) described.not_null = true;
    }
    index.name = constraint_name(constraint, primary ? std::string() : joined(names), primary ? "pkey" : "key", true);
    index.id = session_.new_id();
    new_indexes.push_back(index);
    if (primary) table.indexes.insert(table.indexes.begin(), std::move(index));
    else table.indexes.push_back(std::move(index));
}

void table_builder::add_check(ast constraint, std::string_view column) {
    schema::check_descriptor check;
    std::size_t begin = offset_of(constraint);
    std::size_t at = after_word(text_, begin, "check");
    check.expression = std::string(parenthesized(text_, at == std::string_view::npos ? begin : at));
    auto columns = referenced_columns(constraint["raw_expr"]);
    std::string second = columns.size() == 1 ? columns[0] : std::string();
    static_cast<void>(column);
    check.name = constraint_name(constraint, second, "check", false);
    new_checks.push_back(check);
    table.checks.push_back(std::move(check));
}

void table_builder::add_like(ast clause) {
    std::int64_t options = clause.number("options");
    constexpr std::int64_t comments = 1, constraints = 4, defaults = 8, generated = 16, identity = 32, indexes = 64;
    auto name = name_of(clause["relation"]);
    auto found = find(session_, name);
    if (!found) {
        throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist")
            .at(character_position(text_, name.location));
    }
    schema::table_descriptor source;
    if (found->type == schema::relation_type::table) source = *session_.catalog().table(found->id);
    else if (found->type == schema::relation_type::view) source.columns = session_.catalog().view(found->id)->columns;
    else throw error(errc::wrong_object_type, "relation \"" + name.name + "\" is invalid in LIKE clause");
    std::vector<std::int16_t> now(source.columns.size(), -1);
    for (std::size_t i = 0; i < source.columns.size(); ++i) {
        schema::column_descriptor column = source.columns[i];
        if (column.dropped) continue;
        if (table.find_column(column.name) >= 0) {
            throw error(errc::duplicate_column, "column \"" + column.name + "\" specified more than once");
        }
        now[i] = static_cast<std::int16_t>(table.columns.size());
        column.missing.reset();
        if (!(options & comments)) column.comment.clear();
        bool is_identity = column.generated == schema::generation::always_as_identity ||
                           column.generated == schema::generation::by_default_as_identity;
        bool is_stored = column.generated == schema::generation::always_stored;
        bool keeps = is_stored ? options & generated : is_identity ? options & identity : options & defaults;
        column.sequence = 0;
        if (!keeps) {
            column.default_expression.clear();
            column.generated = schema::generation::none;
        } else if (is_identity) {
            add_sequence(column, now[i], column.type.id, {});
        }
        table.columns.push_back(std::move(column));
    }
    if (options & constraints) {
        for (auto const& check : source.checks) table.checks.push_back(check), new_checks.push_back(check);
    }
    if (options & indexes) {
        for (schema::index_descriptor index : source.indexes) {
            if (index.primary && table.primary_key()) {
                throw error(errc::invalid_table_definition,
                            "multiple primary keys for table \"" + table.name + "\" are not allowed");
            }
            std::vector<std::string> names;
            for (auto& key : index.keys) {
                key.column = now[static_cast<std::size_t>(key.column)];
                names.push_back(table.columns[static_cast<std::size_t>(key.column)].name);
                if (index.primary) table.columns[static_cast<std::size_t>(key.column)].not_null = true;
            }
            index.id = session_.new_id();
            index.name = constraint_name(ast(), index.primary ? std::string() : joined(names),
                                         index.primary      ? "pkey"
                                         : index.constraint ? "key"
                                                            : "idx",
                                         true);
            new_indexes.push_back(index);
            table.indexes.insert(index.primary ? table.indexes.begin() : table.indexes.end(), index);
        }
    }
}

void table_builder::add_foreign_key(waiting_key const& waiting) {
    ast constraint = waiting.constraint;
    schema::foreign_key_descriptor key;
    std::vector<std::string> names;
    if (constraint.has("fk_attrs")) {
        for (std::string_view name : constraint.names("fk_attrs")) names.emplace_back(name);
    } else {
        names.push_back(waiting.column);
    }
    for (auto const& name : names) {
        int found = table.find_column(name);
        if (found < 0) {
            throw error(errc::undefined_column,
                        "column \"" + name + "\" referenced in foreign key constraint does not exist");
        }
        key.columns.push_back(static_cast<std::int16_t>(found));
    }
    auto target_name = name_of(constraint["pktable"]);
    schema::table_descriptor target;
    auto found = find(session_, target_name);
    bool itself = target_name.name == table.name &&
                  (target_name.schema.empty() || target_name.schema == table.schema_name) &&
                  (!found || found->id == table.id || is_new_);
    if (itself) {
        target = table;
    } else {
        if (!found) throw error(errc::undefined_table, "relation \"" + target_name.text() + "\" does not exist");
        if (found->type != schema::relation_type::table) {
            throw error(errc::wrong_object_type, "referenced relation \"" + target_name.name + "\" is not a table");
        }
        target = *session_.edit().now().table(found->id);
    }
    key.referenced_table = target.id;
    if (constraint.has("pk_attrs")) {
        for (std::string_view name : constraint.names("pk_attrs")) {
            int ordinal = target.find_column(name);
            if (ordinal < 0) {
                throw error(errc::undefined_column,
                            "column \"" + std::string(name) + "\" referenced in foreign key constraint does not exist");
            }
            key.referenced_columns.push_back(static_cast<std::int16_t>(ordinal));
        }
    } else {
        auto const* primary = target.primary_key();
        if (!primary) {
            throw error(errc::undefined_object, "there is no primary key for referenced table \"" + target.name + "\"");
        }
        for (auto const& part : primary->keys) key.referenced_columns.push_back(part.column);
    }
    if (key.columns.size() != key.referenced_columns.size()) {
        throw error(errc::invalid_foreign_key, "number of referencing and referenced columns for foreign key disagree");
    }
    auto sorted = [](std::vector<std::int16_t> ordinals) {
        std::sort(ordinals.begin(), ordinals.end());
        return ordinals;
    };
    bool has_key =
        std::any_of(target.indexes.begin(), target.indexes.end(), [&](schema::index_descriptor const& index) {
            std::vector<std::int16_t> ordinals;
            for (auto const& part : index.keys) ordinals.push_back(part.column);
            return index.unique && sorted(ordinals) == sorted(key.referenced_columns);
        });
    if (!has_key) {
        throw error(errc::invalid_foreign_key,
                    "there is no unique constraint matching given keys for referenced table \"" + target.name + "\"");
    }
    key.name = constraint_name(constraint, joined(names), "fkey", false);
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
        auto const& from = table.columns[static_cast<std::size_t>(key.columns[i])];
        auto const& to = target.columns[static_cast<std::size_t>(key.referenced_columns[i])];
        if (!comparable(from.type.id, to.type.id)) {
            throw error(errc::datatype_mismatch, "foreign key constraint \"" + key.name + "\" cannot be implemented")
                .with_detail("Key columns \"" + from.name + "\" and \"" + to.name + "\" are of incompatible types: " +
                             format_type(from.type) + " and " + format_type(to.type) + ".");
        }
    }
    if (constraint.text("fk_matchtype") == "f" && key.columns.size() > 1) {
        throw error(errc::feature_not_supported, "MATCH FULL is not supported for keys of several columns");
    }
    key.on_delete = action_of(constraint.text("fk_del_action"));
    key.on_update = action_of(constraint.text("fk_upd_action"));
    key.deferrable = waiting.deferrable || waiting.initially_deferred;
    key.initially_deferred = waiting.initially_deferred;
    table.foreign_keys.push_back(key);
    new_foreign_keys.push_back(key);
    if (itself) {
        if (std::find(table.referenced_by.begin(), table.referenced_by.end(), table.id) == table.referenced_by.end()) {
            table.referenced_by.push_back(table.id);
        }
        return;
    }
    session_.lock_for_definition(target.id);
    if (std::find(target.referenced_by.begin(), target.referenced_by.end(), table.id) == target.referenced_by.end()) {
        target.referenced_by.push_back(table.id);
        session_.edit().put(std::move(target));
    }
}

void table_builder::finish() {
    for (waiting_key const& key : waiting_) add_foreign_key(key);
    session_.edit().put(table);
    // Stored expressions are bound once, as INSERT will, so that mistakes come to light here.
    name_space names = session_.names();
    names.catalog = &session_.edit().now();
    bind_context context = session_.binding();
    context.names = names;
    std::string insert =
        "INSERT INTO " + quote_name(table.schema_name) + "." + quote_name(table.name) + " DEFAULT VALUES";
    try {
        parsed_script script = parse(insert);
        sql::bind(script.statements().front().node, {}, context);
    } catch (error& wrong) {
        wrong.position = 0;
        throw;
    }
}

}  // namespace phantomdb::sql::ddl
