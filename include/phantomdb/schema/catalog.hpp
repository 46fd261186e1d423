/// @file Defines `catalog`: an immutable picture of everything that has a name, and `catalog_edit`, which makes the next one.
///
/// A catalog covers all databases of a data directory. Sessions hold it by `std::shared_ptr<catalog const>` and read it
/// from any thread without locks; a change copies the maps (the descriptors are shared) and gives the copy a new version.
/// Its records in the store are written by whoever owns the transaction: see `catalog_edit::take_changes`.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/schema/descriptor.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::schema {

/// Schemas that every database has, with PostgreSQL's object ids where it has fixed ones.
inline constexpr object_id pg_catalog_id = 11, information_schema_id = 13000, phantom_id = 14000;

/// What a name in the name space of relations stands for.
enum class relation_type : std::uint8_t { table, view, sequence, index };
struct relation_reference {
    relation_type type = relation_type::table;
    object_id id = 0;     ///< for an index: the index's own id
    object_id table = 0;  ///< for an index: its table
};

class catalog {
public:
    template <class T>
    using shared = std::shared_ptr<T const>;
    template <class T>
    using by_id = std::map<object_id, shared<T>>;

    /// Never the same for two catalogs of one process, uncommitted ones included.
    std::uint64_t version() const { return version_; }

    /// Lookups by name are O(1); they give null for what is not there.
    database_descriptor const* find_database(std::string_view name) const {
        for (auto const& [id, database] : databases_) {
            if (database->name == name) return database.get();
        }
        return nullptr;
    }
    role_descriptor const* find_role(std::string_view name) const {
        for (auto const& [id, role] : roles_) {
            if (role->name == name) return role.get();
        }
        return nullptr;
    }
    /// A schema of a database, or one that all databases have.
    schema_descriptor const* find_schema(object_id database, std::string_view name) const {
        for (auto const& [id, schema] : schemas_) {
            if (schema->name == name && (schema->database == database || schema->database == 0)) return schema.get();
        }
        return nullptr;
    }
    /// Tables, views, sequences and indexes share one name space in a schema.
    std::optional<relation_reference> find_relation(object_id schema, std::string_view name) const {
        auto found = names_.find(std::pair{schema, name});
        if (found == names_.end()) return std::nullopt;
        return found->second;
    }
    shared<table_descriptor> find_table(object_id schema, std::string_view name) const {
        auto found = find_relation(schema, name);
        return found && found->type == relation_type::table ? table(found->id) : nullptr;
    }
    shared<view_descriptor> find_view(object_id schema, std::string_view name) const {
        auto found = find_relation(schema, name);
        return found && found->type == relation_type::view ? view(found->id) : nullptr;
    }
    shared<sequence_descriptor> find_sequence(object_id schema, std::string_view name) const {
        auto found = find_relation(schema, name);
        return found && found->type == relation_type::sequence ? sequence(found->id) : nullptr;
    }

    /// Lookups by id; null for what is not there.
    shared<table_descriptor> table(object_id id) const { return get(tables_, id); }
    shared<view_descriptor> view(object_id id) const { return get(views_, id); }
    shared<sequence_descriptor> sequence(object_id id) const { return get(sequences_, id); }
    shared<schema_descriptor> schema(object_id id) const { return get(schemas_, id); }
    shared<database_descriptor> database(object_id id) const { return get(databases_, id); }
    shared<role_descriptor> role(object_id id) const { return get(roles_, id); }

    /// Everything there is, in the order of ids. Covers all databases: filter by schema.
    by_id<table_descriptor> const& tables() const { return tables_; }
    by_id<view_descriptor> const& views() const { return views_; }
    by_id<sequence_descriptor> const& sequences() const { return sequences_; }
    by_id<schema_descriptor> const& schemas() const { return schemas_; }
    by_id<database_descriptor> const& databases() const { return databases_; }
    by_id<role_descriptor> const& roles() const { return roles_; }

private:
    friend class catalog_edit;

    struct name_key_hash {
        using is_transparent = void;
        std::size_t operator()(std::pair<object_id, std::string_view> const& key) const {
            return std::hash<std::string_view>{}(key.second) ^ (std::size_t{key.first} * 0x9e3779b97f4a7c15u);
        }
        std::size_t operator()(std::pair<object_id, std::string> const& key) const {
            return (*this)(std::pair{key.first, std::string_view{key.second}});
        }
    };
    struct name_key_equal {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(A const& a, B const& b) const {
            return a.first == b.first && a.second == b.second;
        }
    };

    template <class T>
    static shared<T> get(by_id<T> const& from, object_id id) {
        auto found = from.find(id);
        return found == from.end() ? nullptr : found->second;
    }

    std::uint64_t version_ = 0;
    by_id<table_descriptor> tables_;
    by_id<view_descriptor> views_;
    by_id<sequence_descriptor> sequences_;
    by_id<schema_descriptor> schemas_;
    by_id<database_descriptor> databases_;
    by_id<role_descriptor> roles_;
    boost::unordered_flat_map<std::pair<object_id, std::string>, relation_reference, name_key_hash, name_key_equal>
        names_;
};

/// The kinds of catalog records, as they stand in the keys of the store.
enum class record_kind : char {
    header = 'H',
    database = 'D',
    schema = 'S',
    table = 'T',
    view = 'V',
    sequence = 'Q',
    role = 'R'
};

/// The next catalog under construction: a copy with changes. Not thread-safe. Names are not checked here: who edits has
/// looked them up before.
class catalog_edit {
public:
    explicit catalog_edit(catalog const& from) : made_(std::make_shared<catalog>(from)) {}

    catalog const& now() const { return *made_; }

    /// Adds a descriptor or replaces the one with the same id.
    void put(table_descriptor next) {
        forget_names(next.id);
        name(next.schema, next.name, {relation_type::table, next.id, 0});
        for (auto const& index : next.indexes) name(next.schema, index.name, {relation_type::index, index.id, next.id});
        next.version = ++change_;
        store(made_->tables_, record_kind::table, std::move(next));
    }
    void put(view_descriptor next) {
        forget_names(next.id);
        name(next.schema, next.name, {relation_type::view, next.id, 0});
        store(made_->views_, record_kind::view, std::move(next));
    }
    void put(sequence_descriptor next) {
        forget_names(next.id);
        name(next.schema, next.name, {relation_type::sequence, next.id, 0});
        store(made_->sequences_, record_kind::sequence, std::move(next));
    }
    void put(schema_descriptor next) { store(made_->schemas_, record_kind::schema, std::move(next)); }
    void put(database_descriptor next) { store(made_->databases_, record_kind::database, std::move(next)); }
    void put(role_descriptor next) { store(made_->roles_, record_kind::role, std::move(next)); }

    void erase(record_kind kind, object_id id) {
        switch (kind) {
            case record_kind::table: forget_names(id), made_->tables_.erase(id); break;
            case record_kind::view: forget_names(id), made_->views_.erase(id); break;
            case record_kind::sequence: forget_names(id), made_->sequences_.erase(id); break;
            case record_kind::schema: made_->schemas_.erase(id); break;
            case record_kind::database: made_->databases_.erase(id); break;
            case record_kind::role: made_->roles_.erase(id); break;
            case record_kind::header: PHANTOMDB_ASSERT(!"the header is not erased");
        }
        changed_[{kind, id}] = true;
    }

    /// What changed since construction, each once: the record's kind, the object's id. Look the object up to see what
    /// it is now; one that is not there any more was erased.
    std::vector<std::pair<record_kind, object_id>> take_changes() {
        std::vector<std::pair<record_kind, object_id>> list;
        for (auto const& [what, unused] : changed_) list.push_back(what);
        changed_.clear();
        return list;
    }

    /// Ends the edit. `version` must be new in this process.
    std::shared_ptr<catalog const> finish(std::uint64_t version) && {
        made_->version_ = version;
        return std::move(made_);
    }

private:
    template <class T>
    void store(catalog::by_id<T>& into, record_kind kind, T next) {
        changed_[{kind, next.id}] = true;
        object_id id = next.id;
        into[id] = std::make_shared<T const>(std::move(next));
    }
    void name(object_id schema, std::string const& text, relation_reference what) {
        made_->names_[std::pair{schema, text}] = what;
    }
    /// Removes the names of a relation and of its indexes, as they are in the old descriptor.
    void forget_names(object_id id) {
        if (auto table = made_->table(id)) {
            made_->names_.erase(std::pair{table->schema, table->name});
            for (auto const& index : table->indexes) made_->names_.erase(std::pair{table->schema, index.name});
        } else if (auto view = made_->view(id)) {
            made_->names_.erase(std::pair{view->schema, view->name});
        } else if (auto sequence = made_->sequence(id)) {
            made_->names_.erase(std::pair{sequence->schema, sequence->name});
        }
    }

    static inline std::atomic<std::uint64_t> change_{0};  // versions of tables: unique in this process, not stored
    std::shared_ptr<catalog> made_;
    std::map<std::pair<record_kind, object_id>, bool> changed_;
};

}  // namespace phantomdb::schema
