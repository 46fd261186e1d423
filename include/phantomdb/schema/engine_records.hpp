/// @file Defines which engine records (codec/engine.hpp) a table asks for, and what a change of the table does to them.
#pragma once

#include <phantomdb/codec/engine.hpp>
#include <phantomdb/schema/descriptor.hpp>

#include <map>
#include <string>

namespace phantomdb::schema {

/// What keeps the keys of a table and of its indexes, by the id they begin with. The primary key has no keys of its own.
inline std::map<object_id, engine> engines_of(table_descriptor const& table) {
    std::map<object_id, engine> made{{table.id, table.method}};
    for (auto const& index : table.indexes) {
        if (!index.primary) made.emplace(index.id, index.method);
    }
    return made;
}

/// Brings the records from what `before` asked for to what `after` does; null: there is no such table.
/// `transaction` takes put(key, value) and erase(key).
template <class Transaction>
void change_engine_records(Transaction& transaction, table_descriptor const* before, table_descriptor const* after) {
    auto const was = before ? engines_of(*before) : std::map<object_id, engine>();
    auto const is = after ? engines_of(*after) : std::map<object_id, engine>();
    auto recorded = [](std::map<object_id, engine> const& in, object_id id) {
        auto found = in.find(id);
        return found == in.end() ? engine::btree : found->second;
    };
    for (auto const& [id, kept_by] : was) {
        if (kept_by != engine::btree && recorded(is, id) == engine::btree) {
            transaction.erase(codec::engine_record_key(id));
        }
    }
    for (auto const& [id, kept_by] : is) {
        if (kept_by != recorded(was, id) && kept_by != engine::btree) {
            transaction.put(codec::engine_record_key(id), codec::engine_record_value(kept_by));
        }
    }
}

}  // namespace phantomdb::schema
