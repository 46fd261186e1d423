#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/ddl_drop.hpp>
#include <phantomdb/sql/ddl_rows.hpp>

#include <algorithm>

namespace phantomdb::sql::ddl {

std::vector<schema::object_id> views_over(schema::catalog const& catalog, schema::object_id relation) {
    std::vector<schema::object_id> found;
    for (auto const& [id, view] : catalog.views()) {
        if (std::find(view->uses.begin(), view->uses.end(), relation) != view->uses.end()) found.push_back(id);
    }
    return found;
}

// ---- what goes ----

std::string dropping::description(dropped_object const& object) const {
    schema::catalog const& now = session_.edit().now();
    name_space names = session_.names();
    auto shown = [&](schema::object_id schema, std::string const& schema_name, std::string const& name) {
        bool visible = std::find(names.search_path.begin(), names.search_path.end(), schema) != names.search_path.end();
        return visible ? name : schema_name + "." + name;
    };
    auto table_name = [&](schema::object_id id) {
        auto table = now.table(id);
        return shown(table->schema, table->schema_name, table->name);
    };
    switch (object.kind) {
        case object_kind::table: return "table " + table_name(object.id);
        case object_kind::view: {
            auto view = now.view(object.id);
            return "view " + shown(view->schema, view->schema_name, view->name);
        }
        case object_kind::sequence: {
            auto sequence = now.sequence(object.id);
            return "sequence " + shown(sequence->schema, sequence->schema_name, sequence->name);
        }
        case object_kind::foreign_key: return "constraint " + object.name + " on table " + table_name(object.id);
        case object_kind::column_default:
            return "default value for column " + object.name + " of table " + table_name(object.id);
        case object_kind::schema: return "schema " + now.schema(object.id)->name;
    }
    return {};
}

bool dropping::contains(dropped_object const& object) const {
    auto same = [&](dropped_object const& one) {
        return one.kind == object.kind && one.id == object.id && one.name == object.name;
    };
    return std::any_of(targets_.begin(), targets_.end(), same) ||
           std::any_of(dependents_.begin(), dependents_.end(), same);
}

void dropping::target(dropped_object object) {
    if (!contains(object)) targets_.push_back(std::move(object));
}

void dropping::depend(dropped_object object, dropped_object const& on) {
    if (contains(object)) return;
    lines_.push_back(description(object) + " depends on " + description(on));
    dependents_.push_back(object);
    follow(object);
}

// Finds what depends on an object.
void dropping::follow(dropped_object const& object) {
    schema::catalog const& now = session_.edit().now();
    switch (object.kind) {
        case object_kind::table: {
            auto table = now.table(object.id);
            for (schema::object_id id : table->referenced_by) {
                auto child = now.table(id);
                if (!child || id == object.id || contains({object_kind::table, id, {}})) continue;
                for (auto const& key : child->foreign_keys) {
                    if (key.referenced_table == object.id) depend({object_kind::foreign_key, id, key.name}, object);
                }
            }
            for (schema::object_id id : views_over(now, object.id)) depend({object_kind::view, id, {}}, object);
            break;
        }
        case object_kind::view:
            for (schema::object_id id : views_over(now, object.id)) depend({object_kind::view, id, {}}, object);
            break;
        case object_kind::sequence:
            for (auto const& [id, table] : now.tables()) {
                if (contains({object_kind::table, id, {}})) continue;
                for (auto const& column : table->columns) {
                    if (column.dropped || column.sequence != object.id) continue;
                    if (column.generated != schema::generation::none) {
                        throw error(errc::dependent_objects_still_exist,
                                    "cannot drop " + description(object) + " because column " + column.name +
                                        " of table " + table->name + " requires it")
                            .with_hint("You can drop column " + column.name + " of table " + table->name + " instead.");
                    }
                    depend({object_kind::column_default, id, column.name}, object);
                }
            }
            break;
        case object_kind::schema:
            for (auto const& [id, table] : now.tables()) {
                if (table->schema == object.id) depend({object_kind::table, id, {}}, object);
            }
            for (auto const& [id, view] : now.views()) {
                if (view->schema == object.id) depend({object_kind::view, id, {}}, object);
            }
            for (auto const& [id, sequence] : now.sequences()) {
                bool goes_with_table =
                    sequence->owner_table != 0 && contains({object_kind::table, sequence->owner_table, {}});
                if (sequence->schema == object.id && !goes_with_table) depend({object_kind::sequence, id, {}}, object);
            }
            break;
        case object_kind::foreign_key:
        case object_kind::column_default: break;
    }
}

// ---- how it goes ----

void dropping::execute(bool cascade) {
    auto const targets = targets_;
    for (auto const& object : targets) follow(object);
    if (!dependents_.empty() && !cascade) {
        std::string detail;
        for (auto const& line : lines_) detail += (detail.empty() ? "" : "\n") + line;
        std::string what = targets_.size() == 1 ? description(targets_.front()) : "desired object(s)";
        throw error(errc::dependent_objects_still_exist, "cannot drop " + what + " because other objects depend on " +
                                                             (targets_.size() == 1 ? "it" : "them"))
            .with_detail(std::move(detail))
            .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
    }
    if (!quiet_ && dependents_.size() == 1) {
        session_.note(severity::notice, sqlstate{"00000"}, "drop cascades to " + description(dependents_.front()));
    } else if (!quiet_ && !dependents_.empty()) {
        std::string detail;
        for (auto const& object : dependents_)
            detail += (detail.empty() ? "" : "\n") + ("drop cascades to " + description(object));
        session_.note(severity::notice, sqlstate{"00000"},
                      "drop cascades to " + std::to_string(dependents_.size()) + " other objects", std::move(detail));
    }
    for (auto object = dependents_.rbegin(); object != dependents_.rend(); ++object) remove(*object);
    for (auto const& object : targets) remove(object);
}

void dropping::remove(dropped_object const& object) {
    schema::catalog_edit& edit = session_.edit();
    switch (object.kind) {
        case object_kind::table: return remove_table(object.id);
        case object_kind::view: return edit.erase(schema::record_kind::view, object.id);
        case object_kind::sequence:
            if (!edit.now().sequence(object.id)) return;  // went with its table
            return edit.erase(schema::record_kind::sequence, object.id);
        case object_kind::schema: return edit.erase(schema::record_kind::schema, object.id);
        case object_kind::foreign_key: return remove_foreign_key(session_, object.id, object.name);
        case object_kind::column_default: {
            schema::table_descriptor table = *edit.now().table(object.id);
            auto& column = table.columns[static_cast<std::size_t>(table.find_column(object.name))];
            column.default_expression.clear();
            column.sequence = 0;
            return edit.put(std::move(table));
        }
    }
}

void dropping::remove_table(schema::object_id id) {
    schema::catalog_edit& edit = session_.edit();
    auto table = edit.now().table(id);
    if (!table) return;
    session_.lock_for_definition(id);
    erase_all(session_, id);
    for (auto const& index : table->indexes) {
        if (!index.primary) erase_all(session_, index.id);
    }
    for (auto const& key : table->foreign_keys) {
        if (key.referenced_table != id) forget_reference(session_, key.referenced_table, id);
    }
    std::vector<schema::object_id> owned;
    for (auto const& [sequence_id, sequence] : edit.now().sequences()) {
        if (sequence->owner_table == id) owned.push_back(sequence_id);
    }
    for (schema::object_id sequence : owned) edit.erase(schema::record_kind::sequence, sequence);
    edit.erase(schema::record_kind::table, id);
}

void remove_foreign_key(session_core& session, schema::object_id table_id, std::string_view name) {
    schema::catalog_edit& edit = session.edit();
    if (!edit.now().table(table_id)) return;
    session.lock_for_definition(table_id);
    schema::table_descriptor table = *edit.now().table(table_id);
    std::vector<schema::object_id> targets;
    std::erase_if(table.foreign_keys, [&](schema::foreign_key_descriptor const& key) {
        if (key.name != name) return false;
        targets.push_back(key.referenced_table);
        return true;
    });
    bool still_itself = std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                                    [&](auto const& key) { return key.referenced_table == table_id; });
    if (!still_itself) std::erase(table.referenced_by, table_id);
    edit.put(std::move(table));
    for (schema::object_id target : targets) {
        if (target != table_id) forget_reference(session, target, table_id);
    }
}

void forget_reference(session_core& session, schema::object_id target, schema::object_id from) {
    schema::catalog_edit& edit = session.edit();
    auto table = edit.now().table(target);
    if (!table) return;
    if (auto child = edit.now().table(from)) {
        bool others = std::any_of(child->foreign_keys.begin(), child->foreign_keys.end(),
                                  [&](auto const& key) { return key.referenced_table == target; });
        // While the child is being dropped its keys are still there; it goes as a whole.
        if (others && session.catalog().table(from) != child) return;
    }
    schema::table_descriptor next = *table;
    std::erase(next.referenced_by, from);
    edit.put(std::move(next));
}

// ---- DROP ----

namespace {

struct kind_words {
    std::string_view removed_type, word, article;
    sqlstate missing;
};
constexpr kind_words kinds[] = {{"OBJECT_TABLE", "table", "a table", errc::undefined_table},
                                {"OBJECT_VIEW", "view", "a view", errc::undefined_table},
                                {"OBJECT_SEQUENCE", "sequence", "a sequence", errc::undefined_table},
                                {"OBJECT_INDEX", "index", "an index", errc::undefined_object}};

std::string_view word_of(schema::relation_type type) {
    switch (type) {
        case schema::relation_type::table: return "table";
        case schema::relation_type::view: return "view";
        case schema::relation_type::sequence: return "sequence";
        case schema::relation_type::index: return "index";
    }
    return {};
}

void drop_index(session_core& session, schema::relation_reference found) {
    session.lock_for_definition(found.table);
    schema::table_descriptor table = *session.edit().now().table(found.table);
    auto index =
        std::find_if(table.indexes.begin(), table.indexes.end(), [&](auto const& one) { return one.id == found.id; });
    if (index->constraint) {
        std::string constraint = "constraint " + index->name + " on table " + table.name;
        throw error(errc::dependent_objects_still_exist,
                    "cannot drop index " + index->name + " because " + constraint + " requires it")
            .with_hint("You can drop " + constraint + " instead.");
    }
    require_no_reference(session, table, *index, "index " + index->name);
    erase_all(session, index->id);
    table.indexes.erase(index);
    session.edit().put(std::move(table));
}

}  // namespace

void require_no_reference(session_core& session, schema::table_descriptor const& table,
                          schema::index_descriptor const& index, std::string const& what) {
    if (!index.unique) return;
    auto covers = [](schema::index_descriptor const& one, std::vector<std::int16_t> const& columns) {
        if (!one.unique || one.keys.size() != columns.size()) return false;
        return std::all_of(one.keys.begin(), one.keys.end(), [&](auto const& key) {
            return std::find(columns.begin(), columns.end(), key.column) != columns.end();
        });
    };
    for (schema::object_id id : table.referenced_by) {
        auto child = session.edit().now().table(id);
        for (auto const& key : child->foreign_keys) {
            if (key.referenced_table != table.id || !covers(index, key.referenced_columns)) continue;
            bool another = std::any_of(table.indexes.begin(), table.indexes.end(), [&](auto const& one) {
                return one.id != index.id && covers(one, key.referenced_columns);
            });
            if (another) continue;
            throw error(errc::dependent_objects_still_exist,
                        "cannot drop " + what + " because other objects depend on it")
                .with_detail("constraint " + key.name + " on table " + child->name + " depends on " + what)
                .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
        }
    }
}

std::string drop(session_core& session, ast node, std::string_view) {
    std::string_view type = node.text("removeType");
    bool missing_ok = node.flag("missing_ok"), cascade = node.text("behavior") == "DROP_CASCADE";
    session.edit();
    dropping plan(session);
    if (type == "OBJECT_SCHEMA") {
        for (ast object : node.list("objects")) {
            std::string name(object.text("sval"));
            auto const* found = session.edit().now().find_schema(session.database, name);
            if (!found) {
                if (!missing_ok) throw error(errc::invalid_schema_name, "schema \"" + name + "\" does not exist");
                session.note(severity::notice, errc::invalid_schema_name,
                             "schema \"" + name + "\" does not exist, skipping");
                continue;
            }
            if (found->database == 0) {
                throw error(errc::dependent_objects_still_exist,
                            "cannot drop schema " + name + " because it is required by the database system");
            }
            plan.target({object_kind::schema, found->id, {}});
        }
        plan.execute(cascade);
        return "DROP SCHEMA";
    }
    auto kind = std::find_if(std::begin(kinds), std::end(kinds),
                             [&](kind_words const& one) { return one.removed_type == type; });
    if (kind == std::end(kinds)) {
        if (missing_ok) {
            // There are no objects of the kinds that are not supported.
            session.note(severity::notice, errc::undefined_object, "the object does not exist, skipping");
            return "DROP " + std::string(type.substr(std::min<std::size_t>(type.size(), 7)));
        }
        throw error(errc::feature_not_supported, "this kind of object is not supported").with_detail(std::string(type));
    }
    std::string word(kind->word);
    for (ast object : node.list("objects")) {
        written_name name = name_of(object.list("items"));
        auto found = find(session, name);
        if (!found || word_of(found->type) != kind->word) {
            if (found) {
                std::string actual(word_of(found->type));
                std::string upper = actual;
                for (char& c : upper) c = static_cast<char>(c - 32);
                throw error(errc::wrong_object_type, "\"" + name.name + "\" is not " + std::string(kind->article))
                    .with_hint("Use DROP " + upper + " to remove " + (actual == "index" ? "an " : "a ") + actual + ".");
            }
            bool no_schema = !name.schema.empty() && !session.edit().now().find_schema(session.database, name.schema);
            std::string what = no_schema ? "schema \"" + name.schema + "\"" : word + " \"" + name.text() + "\"";
            if (!missing_ok)
                throw error(no_schema ? errc::invalid_schema_name : kind->missing, what + " does not exist");
            session.note(severity::notice, no_schema ? errc::invalid_schema_name : kind->missing,
                         what + " does not exist, skipping");
            continue;
        }
        switch (found->type) {
            case schema::relation_type::table: {
                auto table = session.edit().now().table(found->id);
                refuse_system_objects(table->schema, table->name);
                session.lock_for_definition(found->id);
                plan.target({object_kind::table, found->id, {}});
                break;
            }
            case schema::relation_type::view:
                refuse_system_objects(session.edit().now().view(found->id)->schema, name.name);
                plan.target({object_kind::view, found->id, {}});
                break;
            case schema::relation_type::sequence: plan.target({object_kind::sequence, found->id, {}}); break;
            case schema::relation_type::index: drop_index(session, *found); break;
        }
    }
    plan.execute(cascade);
    std::string upper = word;
    for (char& c : upper) c = static_cast<char>(c - 32);
    return "DROP " + upper;
}

}  // namespace phantomdb::sql::ddl
