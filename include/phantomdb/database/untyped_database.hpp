/// @file Defines `untyped_database`, what of an open database does not depend on its schema; see database/database.hpp.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/function_ref.hpp>
#include <phantomdb/database/data_directory.hpp>
#include <phantomdb/database/untyped_work.hpp>
#include <phantomdb/mvcc/options.hpp>

#include <memory>
#include <span>

namespace phantomdb {

/// A directory with the tables of one program in it. Thread-safe; copies share what is open.
class untyped_database {
public:
    /// Migrates where the options say so, and reports what differs. `shapes` must stay.
    untyped_database(std::shared_ptr<data_directory> directory, open_options options,
                     array_view<table_shape const*> shapes);

    /// A transaction to commit oneself.
    untyped_work begin(mvcc::isolation level) const;

    /// Calls `attempt` with a new transaction, and again after a pause that grows where that throws 40001 or 40P01.
    void transact(mvcc::isolation level, function_ref<void(untyped_work&&)> attempt) const;

    /// The same as of `untyped_work`, over what is committed now: a single read needs no transaction around it. Takes no
    /// lock and allocates nothing for itself where this thread has seen the newest catalog of this database before.
    void find(table_shape const& table, array_view<nullable_datum> key, stored_row_sink use) const;
    void read(array_view<table_shape const*> tables, std::span<schema::table_layout const*> layouts,
              statement_sink use) const;

    data_directory& directory() const;

private:
    struct state;
    std::shared_ptr<state> shared_;
};

}  // namespace phantomdb
