/// @file Defines what exec/stored_reader.hpp declares.
#pragma once

#include <phantomdb/exec/statement_view.hpp>
#include <phantomdb/exec/stored_reader.hpp>
#include <phantomdb/exec/table_access.hpp>

#include <utility>

namespace phantomdb::exec {

nullable_datum read_column(schema::table_layout const& layout, std::string_view row, std::size_t ordinal) {
    return layout.read(row, ordinal);
}

stored_reader::stored_reader(schema::table_layout const& layout, plan::access access, int index, bool reverse)
    : layout_(&layout), access_(access), reverse_(reverse), index_(index) {}
stored_reader::stored_reader(stored_reader&&) noexcept = default;
stored_reader::~stored_reader() = default;

flow_signal stored_reader::read(statement_view const& view, scan_bounds const& bounds, row_sink sink) {
    auto const& seen = static_cast<sql_view const&>(view);
    bool const by_key = access_ == plan::access::primary_equal && !layout_->is_numbered();
    if (by_key) {
        key_span const span = make_key_span(*layout_, *layout_->primary(), bounds);
        if (span.empty) return flow_signal::more;
        if (span.exact) {  // a reader's buffers would cost more than the row
            auto const row = seen.get(span.from);
            if (!row) return flow_signal::more;
            storage::slice const found{span.from, *row};
            return sink(std::span<storage::slice const>(&found, 1));
        }
    }
    if (!reverse_ && (access_ == plan::access::full || access_ == plan::access::primary_range)) {
        return key_order_reader(*layout_, access_, index_).read(seen, bounds, sink);
    }
    if (reader_ == nullptr) reader_ = std::make_unique<table_reader>(*layout_, access_, index_, reverse_);
    return reader_->read(seen, bounds, sink);
}

}  // namespace phantomdb::exec
