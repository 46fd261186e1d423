/// @file Defines `constraint_checks`: references between rows that are still to be checked, now or at the commit.
#pragma once

#include <phantomdb/schema/descriptor.hpp>

#include <cstdint>
#include <list>
#include <map>
#include <string>

namespace phantomdb::exec {

/// A look at a foreign key that has to wait for the end of the statement or of the transaction. What it finds then counts:
/// a check whose row is gone passes, so nothing need be taken back when writes are.
struct pending_check {
    enum class kind : std::uint8_t {
        child_row,   ///< a referencing row was written: `bytes` is its row key
        parent_row,  ///< a referenced row was changed or removed: `bytes` is the stored row as it was
    };
    kind what = kind::child_row;
    schema::object_id table = 0;  ///< the referencing table, which has the foreign key
    std::string foreign_key;      ///< its name
    std::string bytes;
    bool removed = false;  ///< parent_row: erased, not updated
    std::string next;      ///< parent_row, updated: the stored row as it is now
};

/// The checks of one transaction that wait for its commit, and what SET CONSTRAINTS said. Not thread-safe.
class constraint_checks {
public:
    bool is_deferred(schema::object_id table, schema::foreign_key_descriptor const& key) const {
        if (!key.deferrable) return false;
        if (auto named = modes_.find({table, key.name}); named != modes_.end()) return named->second;
        if (all_ >= 0) return all_ == 1;
        return key.initially_deferred;
    }
    void set_all(bool deferred) { all_ = deferred, modes_.clear(); }
    void set(schema::object_id table, std::string const& name, bool deferred) { modes_[{table, name}] = deferred; }

    std::list<pending_check> waiting;

private:
    int all_ = -1;  // -1: as the keys say
    std::map<std::pair<schema::object_id, std::string>, bool> modes_;
};

}  // namespace phantomdb::exec
