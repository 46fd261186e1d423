/// @file Defines `stored_reader`, which typed plans read stored rows with, and `statement_view`, what they read.
///
/// Both stand in front of compiled code: a program's queries are compiled without the store. Rows come in batches, so that
/// the call in between costs nothing that could be measured.
#pragma once

#include <phantomdb/base/function_ref.hpp>
#include <phantomdb/exec/flow.hpp>
#include <phantomdb/exec/scan_bounds.hpp>
#include <phantomdb/plan/plan.hpp>
#include <phantomdb/storage/entry_run.hpp>
#include <phantomdb/value/datum.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace phantomdb::schema {
struct table_layout;  // schema/table_layout.hpp
}

namespace phantomdb::exec {

class table_reader;    // exec/table_access.hpp
class statement_view;  // exec/statement_view.hpp

/// Column `ordinal` of a stored row, by the table's stored layout: also where the row is older than the column.
nullable_datum read_column(schema::table_layout const& layout, std::string_view row, std::size_t ordinal);

/// Reads the rows of one table by one access path. One running statement at a time.
class stored_reader {
public:
    using row_sink = function_ref<flow_signal(storage::entry_run const&)>;

    stored_reader(schema::table_layout const& layout, plan::access access, int index, bool reverse);
    stored_reader(stored_reader&&) noexcept;
    ~stored_reader();

    schema::table_layout const& layout() const { return *layout_; }

    /// Calls `sink` with rows (key, stored row) until it answers stop; borrowed until the next batch. In rising order of
    /// keys they come as they lie in the pages of the store, without a list made first; see `key_order_reader`.
    flow_signal read(statement_view const& view, scan_bounds const& bounds, row_sink sink);

private:
    schema::table_layout const* layout_;
    plan::access access_;
    bool reverse_;
    int index_;
    std::unique_ptr<table_reader> reader_;  // made when more than one row can come
};

}  // namespace phantomdb::exec
