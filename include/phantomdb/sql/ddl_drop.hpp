/// @file Defines `dropping`: objects on their way out, with what depends on them. Private to the library.
#pragma once

#include <phantomdb/sql/session_core.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql::ddl {

enum class object_kind : std::uint8_t { table, view, sequence, schema, foreign_key, column_default };

/// `id` is the table's for foreign keys and defaults; `name` theirs.
struct dropped_object {
    object_kind kind = object_kind::table;
    schema::object_id id = 0;
    std::string name;
};

/// Collects targets, finds what depends on them, and removes all of it or refuses with 2BP01.
class dropping {
public:
    explicit dropping(session_core& session) : session_(session) {}

    void target(dropped_object object);
    /// Something that goes with a target although nothing of the kinds above leads to it.
    void depend(dropped_object object, dropped_object const& on);
    /// Says nothing about what goes with the targets.
    void be_quiet() { quiet_ = true; }
    void execute(bool cascade);
    std::string description(dropped_object const& object) const;

private:
    bool contains(dropped_object const& object) const;
    void follow(dropped_object const& object);
    void remove(dropped_object const& object);
    void remove_table(schema::object_id id);

    session_core& session_;
    std::vector<dropped_object> targets_, dependents_;
    std::vector<std::string> lines_;
    bool quiet_ = false;
};

void remove_foreign_key(session_core& session, schema::object_id table, std::string_view name);
/// `from` no longer refers to `target`, unless another of its foreign keys does.
void forget_reference(session_core& session, schema::object_id target, schema::object_id from);
/// 2BP01 if a foreign key needs this unique index; `what` names it.
void require_no_reference(session_core& session, schema::table_descriptor const& table,
                          schema::index_descriptor const& index, std::string const& what);

}  // namespace phantomdb::sql::ddl
