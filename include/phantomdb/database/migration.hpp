/// @file Defines `migrate`: how a stored database becomes what a program's schema says, as far as nothing can be lost.
///
/// Tables, columns, indexes and foreign keys that are missing are added. Columns are added where rows that are already there
/// have a value for them: the member is optional, or the table has a `default_value` for it. Nothing is ever dropped,
/// rewritten or converted: where that would be needed, the error says what differs and what to do. One thing can be
/// allowed: to move tables and indexes to the engine the program names (`migration_options::change_engines`).
/// Everything happens in one transaction, or nothing.
#pragma once

#include <phantomdb/database/bound_schema.hpp>
#include <phantomdb/exec/stored_catalog.hpp>
#include <phantomdb/exec/table_writer.hpp>
#include <phantomdb/value/text_io.hpp>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb {

/// Where the tables of a program are.
struct database_place {
    std::string database = "postgres";
    std::string schema = "public";
};

/// What a migration may do beyond adding.
struct migration_options {
    /// Rewrite tables and indexes that another engine keeps than the program says. Nobody else may write them meanwhile.
    bool change_engines = false;
};

inline schema::object_id find_home(schema::catalog const& catalog, database_place const& place) {
    auto const* database = catalog.find_database(place.database);
    if (database == nullptr) {
        throw error(errc::invalid_catalog_name, "database \"" + place.database + "\" does not exist")
            .with_hint("Create it with SQL, or leave the option `database` out.");
    }
    auto const* home = catalog.find_schema(database->id, place.schema);
    if (home == nullptr) throw error(errc::invalid_schema_name, "schema \"" + place.schema + "\" does not exist");
    return home->id;
}

namespace detail {

class migration {
public:
    migration(exec::stored_catalog& stored, exec::sql_transaction& transaction, exec::stored_catalog::shared from,
              database_place const& place, migration_options const& options)
        : stored_(stored),
          transaction_(transaction),
          from_(std::move(from)),
          edit_(*from_),
          place_(place),
          options_(options),
          home_(find_home(*from_, place)) {}

    /// The catalog after the migration, or null where nothing had to be done.
    exec::stored_catalog::shared run(std::span<table_shape const* const> shapes) {
        for (table_shape const* shape : shapes) {
            auto found = from_->find_table(home_, shape->name);
            schema::table_descriptor table = found ? *found : new_table(*shape);
            if (found) require_same_columns(table, *shape);
            bool changed = !found;
            changed |= change_engine(table, *shape);
            changed |= add_columns(table, *shape, static_cast<bool>(found));
            changed |= add_indexes(table, *shape, static_cast<bool>(found));
            if (changed) edit_.put(std::move(table));
        }
        for (table_shape const* shape : shapes) add_foreign_keys(*shape, shapes);
        auto changes = edit_.take_changes();
        if (changes.empty()) return nullptr;
        std::uint64_t version = stored_.new_version();
        auto next = std::move(edit_).finish(version);
        stored_.write(transaction_, *from_, *next, version, changes);
        move();
        fill(*next);
        return next;
    }

private:
    schema::table_descriptor new_table(table_shape const& shape) {
        schema::table_descriptor table;
        table.id = stored_.new_id();
        table.schema = home_;
        table.schema_name = place_.schema;
        table.name = shape.name;
        table.method = shape.method.value_or(schema::engine::btree);
        return table;
    }

    void require_leave(table_shape const& shape, std::string const& what, schema::engine is, schema::engine wanted,
                       std::string_view statement) const {
        if (options_.change_engines) return;
        throw_difference(shape,
                         what + " is kept by engine " + std::string(codec::engine_name(is)) + ", the program says " +
                             std::string(codec::engine_name(wanted)),
                         "Open it with the option `change_engines` to have it rewritten" + std::string(statement) +
                             ", or change the program.");
    }

    bool change_engine(schema::table_descriptor& table, table_shape const& shape) {
        if (!shape.method || *shape.method == table.method) return false;
        require_leave(shape, "it", table.method, *shape.method,
                      ", use ALTER TABLE ... SET ACCESS METHOD " + std::string(codec::engine_name(*shape.method)));
        table.method = *shape.method;
        moved_.push_back(table.id);
        return true;
    }

    /// The engine of an index that is there, under the name or by the columns of the key. Nothing: there is none.
    std::optional<bool> change_engine(schema::table_descriptor& table, table_shape const& shape, key_shape const& key,
                                      std::vector<std::int16_t> const& columns) {
        int at = find_index(table, key, columns);
        for (std::size_t i = 0; at < 0 && i < table.indexes.size(); ++i) {
            auto const& other = table.indexes[i];
            bool same = !key.name.empty() && other.name == key.name && other.unique == key.unique &&
                        other.keys.size() == key.columns.size();
            for (std::size_t k = 0; same && k < key.columns.size(); ++k) {
                same = other.keys[k].column == columns[static_cast<std::size_t>(key.columns[k])] &&
                       !other.keys[k].descending && !other.keys[k].nulls_first;
            }
            if (same) at = static_cast<int>(i);
        }
        if (at < 0) return std::nullopt;
        schema::index_descriptor& index = table.indexes[static_cast<std::size_t>(at)];
        bool was_hashed = index.method == schema::engine::hash;
        schema::engine wanted = key.method.value_or(was_hashed ? schema::engine::btree : index.method);
        if (index.primary || index.method == wanted) return false;
        require_leave(shape, "index \"" + index.name + "\"", index.method, wanted, "");
        index.method = wanted;
        if (was_hashed || key.is_hashed()) {  // the entries have other keys
            emptied_.push_back(index.id);
            filled_.push_back({table.id, index.id});
        } else {
            moved_.push_back(index.id);
        }
        return true;
    }

    bool add_columns(schema::table_descriptor& table, table_shape const& shape, bool has_rows) {
        bool changed = false;
        for (std::size_t i = 0; i < shape.record->members.size(); ++i) {
            auto const& member = shape.record->members[i];
            if (table.find_column(member.name) >= 0) continue;
            schema::column_descriptor column;
            column.name = member.name;
            column.type = member.type;
            column.not_null = member.not_null;
            for (auto const& one : shape.defaults) {
                if (one.column != static_cast<std::int16_t>(i)) continue;
                column.default_expression = one.expression;
                if (has_rows) column.missing = constant(member.type, one.expression);
            }
            if (has_rows && member.not_null && !column.missing) {
                throw_difference(shape,
                                 "column \"" + column.name + "\" is missing, and rows that exist have no value for it",
                                 "Make the member std::optional, or give the table a default_value for it.");
            }
            table.columns.push_back(std::move(column));
            changed = true;
        }
        return changed;
    }

    /// The value of a default that is a constant: a number, true, false, or text in quotes.
    static value constant(sql_type type, std::string_view expression) {
        std::string text(expression);
        if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
            text = text.substr(1, text.size() - 2);
            for (std::size_t at = 0; (at = text.find("''", at)) != std::string::npos; ++at) text.erase(at, 1);
        }
        arena memory;
        return value(type, parse_text(type, text, memory, format_settings{}));
    }

    bool add_indexes(schema::table_descriptor& table, table_shape const& shape, bool has_rows) {
        bool changed = false;
        auto columns = find_columns(table, shape);
        for (auto const& key : shape.keys) {
            if (auto known = change_engine(table, shape, key, columns)) {
                changed |= *known;
                continue;
            }
            if (key.primary && has_rows) {
                throw_difference(shape, "its primary key is another one", "Change the program's primary_key.");
            }
            schema::index_descriptor index;
            index.id = stored_.new_id();
            index.name = key.name.empty() ? conventional_name(table, key, columns) : std::string(key.name);
            if (edit_.now().find_relation(home_, index.name)) {
                throw error(errc::duplicate_table, "relation \"" + index.name + "\" already exists")
                    .with_hint("Give the index another name.");
            }
            index.unique = key.unique;
            index.primary = key.primary;
            index.method = key.method.value_or(schema::engine::btree);
            index.constraint = key.unique && key.name.empty();
            for (std::int16_t member : key.columns) {
                index.keys.push_back({columns[static_cast<std::size_t>(member)], false, false});
                if (key.primary) table.columns[static_cast<std::size_t>(index.keys.back().column)].not_null = true;
            }
            if (has_rows) filled_.push_back({table.id, index.id});
            table.indexes.push_back(std::move(index));
            changed = true;
        }
        return changed;
    }

    static std::string conventional_name(schema::table_descriptor const& table, key_shape const& key,
                                         std::vector<std::int16_t> const& columns) {
        std::string name = table.name;
        if (key.primary) return name + "_pkey";
        for (std::int16_t member : key.columns) {
            name += '_' + table.columns[static_cast<std::size_t>(columns[static_cast<std::size_t>(member)])].name;
        }
        return name + "_key";
    }

    void add_foreign_keys(table_shape const& shape, std::span<table_shape const* const> shapes) {
        for (auto const& key : shape.foreign_keys) {
            schema::table_descriptor child = *edit_.now().find_table(home_, shape.name);
            table_shape const& target = *shapes[detail::referenced_table(shapes, key)];
            schema::table_descriptor parent = *edit_.now().find_table(home_, target.name);
            schema::foreign_key_descriptor made;
            made.referenced_table = parent.id;
            made.on_delete = key.on_delete;
            auto own = find_columns(child, shape), theirs = find_columns(parent, target);
            made.name = child.name;
            for (std::size_t i = 0; i < key.columns.size(); ++i) {
                made.columns.push_back(own[static_cast<std::size_t>(key.columns[i])]);
                made.referenced_columns.push_back(theirs[static_cast<std::size_t>(key.referenced_columns[i])]);
                made.name += '_' + child.columns[static_cast<std::size_t>(made.columns.back())].name;
            }
            made.name += "_fkey";
            bool known = false;
            for (auto const& one : child.foreign_keys) {
                known = known || (one.columns == made.columns && one.referenced_table == made.referenced_table &&
                                  one.referenced_columns == made.referenced_columns);
            }
            if (known) continue;
            if (from_->find_table(home_, shape.name)) checked_.push_back({child.id, made.name});
            child.foreign_keys.push_back(std::move(made));
            schema::object_id child_id = child.id;
            bool itself = child.id == parent.id;
            if (itself) parent = child;
            if (std::ranges::find(parent.referenced_by, child_id) == parent.referenced_by.end()) {
                parent.referenced_by.push_back(child_id);
            }
            if (!itself) edit_.put(std::move(child));
            edit_.put(std::move(parent));
        }
    }

    /// Shows every entry whose key begins with an id, as it is in the store now.
    template <class Visit>
    void each_entry(schema::object_id id, Visit visit) {
        std::string from, to;
        schema::append_id(from, id);
        schema::append_id(to, id + 1);
        auto view = transaction_.view();
        auto scan = view.scan(from, to);
        storage::slice entries[256];
        while (std::size_t n = scan.next_chunk(entries)) {
            for (std::size_t i = 0; i < n; ++i) visit(entries[i].key, entries[i].value);
        }
    }

    /// Takes what has another engine now there: all its keys are written again, which moves them (codec/engine.hpp, rule 3).
    void move() {
        for (schema::object_id id : moved_) {
            each_entry(id, [&](std::string_view key, std::string_view bytes) { transaction_.put(key, bytes); });
        }
        for (schema::object_id id : emptied_) {
            each_entry(id, [&](std::string_view key, std::string_view) { transaction_.erase(key); });
        }
    }

    /// Writes the entries of new indexes, and checks new foreign keys, for rows that were there before.
    void fill(schema::catalog const& next) {
        if (filled_.empty() && checked_.empty()) return;
        exec::layout_cache layouts;
        exec::row_numbers numbers;
        exec::constraint_checks checks;
        format_settings settings;
        exec::table_writer writer({transaction_, next, layouts, numbers, checks, settings, nullptr, {}});
        auto each_row = [&](schema::object_id id, auto visit) {
            auto layout = layouts.of(next.table(id));
            std::vector<datum> values;
            std::vector<std::uint8_t> nulls;
            each_entry(id, [&](std::string_view key, std::string_view bytes) {
                layout->decode(bytes, values, nulls);
                visit(*layout, key, schema::row_reference{values.data(), nulls.data()});
            });
        };
        for (auto const& wanted : filled_) {
            each_row(wanted.first, [&](auto const& layout, std::string_view key, schema::row_reference row) {
                for (std::size_t i = 0; i < layout.indexes.size(); ++i) {
                    if (layout.indexes[i].id == wanted.second) writer.add_index_entry(layout, i, key, row);
                }
            });
        }
        for (auto const& wanted : checked_) {
            each_row(wanted.first, [&](auto const& layout, std::string_view, schema::row_reference row) {
                for (auto const& key : layout.table->foreign_keys) {
                    if (key.name == wanted.second) writer.require_reference(layout, key, row);
                }
            });
        }
        writer.finish();
    }

    exec::stored_catalog& stored_;
    exec::sql_transaction& transaction_;
    exec::stored_catalog::shared from_;
    schema::catalog_edit edit_;
    database_place const& place_;
    migration_options const& options_;
    schema::object_id home_;
    std::vector<schema::object_id> moved_, emptied_;                       // tables and indexes
    std::vector<std::pair<schema::object_id, schema::object_id>> filled_;  // table, index
    std::vector<std::pair<schema::object_id, std::string>> checked_;       // table, foreign key
};

}  // namespace detail

/// Adds to the stored catalog what the schema has and it lacks. `transaction` is committed where something changed.
/// Throws 42804 for differences that would cost data or time, 23505 and 23503 where rows break a new key.
inline void migrate(exec::stored_catalog& stored, exec::sql_transaction& transaction, database_place const& place,
                    std::span<table_shape const* const> shapes, migration_options const& options = {}) {
    stored.lock(transaction);
    transaction.refresh_snapshot();
    detail::migration work(stored, transaction, stored.current(), place, options);
    if (auto next = work.run(shapes)) stored.commit(transaction, std::move(next));
}

}  // namespace phantomdb
