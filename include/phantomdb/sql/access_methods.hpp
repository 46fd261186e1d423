/// @file Defines the access methods of SQL: what USING and SET ACCESS METHOD may name, and which engine each stands for.
///
/// PostgreSQL has methods of tables and methods of indexes, and rows of pg_am for both. An engine that keeps either has a
/// row for each. `heap` is PostgreSQL's name for the default of tables; `btree` is taken there too.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/schema/descriptor.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace phantomdb::sql {

struct access_method {
    schema::object_id id = 0;
    std::string_view name, handler;
    bool of_tables = false;
    schema::engine kept_by = schema::engine::btree;
};

/// The rows of pg_am, with PostgreSQL's object ids where it has the method.
inline constexpr access_method access_methods[] = {
    {2, "heap", "heap_tableam_handler", true, schema::engine::btree},
    {403, "btree", "bthandler", false, schema::engine::btree},
    {405, "hash", "hashhandler", false, schema::engine::hash},
    {9001, "lsm", "lsm_tableam_handler", true, schema::engine::lsm},
    {9002, "hybrid", "hybrid_tableam_handler", true, schema::engine::hybrid},
    {9003, "lsm", "lsmhandler", false, schema::engine::lsm},
    {9004, "hybrid", "hybridhandler", false, schema::engine::hybrid},
};

inline access_method const& method_of_table(schema::engine kept_by) {
    return *std::ranges::find_if(access_methods, [&](auto const& m) { return m.of_tables && m.kept_by == kept_by; });
}
inline access_method const& method_of_index(schema::engine kept_by) {
    return *std::ranges::find_if(access_methods, [&](auto const& m) { return !m.of_tables && m.kept_by == kept_by; });
}
/// A primary key is the table itself, and kept by the table's engine.
inline access_method const& method_of_index(schema::table_descriptor const& table,
                                            schema::index_descriptor const& index) {
    return method_of_index(index.primary ? table.method : index.method);
}

/// The method of tables of this name, or null. 55000 if it is one of indexes only.
inline access_method const* find_table_method(std::string_view name) {
    if (name == "btree") name = "heap";
    access_method const* other = nullptr;
    for (access_method const& one : access_methods) {
        if (one.name != name) continue;
        if (one.of_tables) return &one;
        other = &one;
    }
    if (other) {
        throw error(errc::object_not_in_prerequisite_state,
                    "access method \"" + std::string(name) + "\" is not of type TABLE");
    }
    return nullptr;
}

/// 42704, 55000.
inline schema::engine table_engine_named(std::string_view name) {
    if (auto const* found = find_table_method(name)) return found->kept_by;
    throw error(errc::undefined_object, "access method \"" + std::string(name) + "\" does not exist");
}

/// 42704; 55000; 0A000 for what PostgreSQL has and PhantomDB has not.
inline schema::engine index_engine_named(std::string_view name) {
    for (access_method const& one : access_methods) {
        if (!one.of_tables && one.name == name) return one.kept_by;
    }
    for (std::string_view missing : {"gin", "gist", "spgist", "brin"}) {
        if (name != missing) continue;
        throw error(errc::feature_not_supported, "access method \"" + std::string(name) + "\" is not supported")
            .with_hint("Use btree, the default.");
    }
    if (name == "heap") {
        throw error(errc::object_not_in_prerequisite_state, "access method \"heap\" is not of type INDEX");
    }
    throw error(errc::undefined_object, "access method \"" + std::string(name) + "\" does not exist");
}

}  // namespace phantomdb::sql
