/// @file Defines how a scan finds rows in the store: bounds on a key become a span of keys, a span becomes rows.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/base/config.hpp>
#include <phantomdb/exec/flow.hpp>
#include <phantomdb/exec/scan_bounds.hpp>
#include <phantomdb/plan/plan.hpp>
#include <phantomdb/schema/table_layout.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace phantomdb::exec {

/// Keys [from, to); `empty` where no row can match (a bound is null or out of the column's range).
struct key_span {
    std::string from, to;
    bool empty = false;
    bool exact = false;  ///< `from` is the one key of a unique index or primary key
};

namespace detail {

/// Turns `key` into the first key after all that begin with it. An empty result: there is none.
inline void to_prefix_end(std::string& key) {
    while (!key.empty() && static_cast<unsigned char>(key.back()) == 0xff) key.pop_back();
    if (!key.empty()) key.back() = static_cast<char>(key.back() + 1);
}

/// Where a whole number lies relative to what an integer column can hold: -1 below, 0 within, 1 above.
inline int outside(type_id column, std::int64_t value) {
    std::int64_t low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
    if (column == type_id::int2) low = -32768, high = 32767;
    if (column == type_id::int4)
        low = std::numeric_limits<std::int32_t>::min(), high = std::numeric_limits<std::int32_t>::max();
    return value < low ? -1 : value > high ? 1 : 0;
}

}  // namespace detail

/// The span of keys of `index` (of the table itself if it is primary) that satisfies `bounds`.
inline key_span make_key_span(schema::table_layout const& layout, schema::table_layout::index const& index,
                              scan_bounds const& bounds) {
    PHANTOMDB_HOT_ASSERT(!index.hashed ||
                         (bounds.equal.size() == index.parts.size() && !bounds.lower && !bounds.upper));
    key_span made;
    schema::append_id(made.from, index.primary ? layout.table->id : index.id);
    std::size_t at = 0;
    for (; at < bounds.equal.size(); ++at) {
        nullable_datum const& cell = bounds.equal[at];
        schema::key_part const& part = index.parts[at];
        if (cell.null || (is_integer(part.type) && detail::outside(part.type, cell.value.i) != 0)) {
            made.empty = true;
            return made;
        }
        codec::append_key(made.from, part.type, cell, part.order);
    }
    if (index.hashed) schema::insert_hash(made.from, schema::id_bytes);
    if (at == index.parts.size() && index.unique && !bounds.lower && !bounds.upper) {
        made.exact = true;
        return made;
    }
    made.to = made.from;
    detail::to_prefix_end(made.to);
    if (!bounds.lower && !bounds.upper) return made;

    schema::key_part const& part = index.parts[at];
    std::string const prefix = made.from;
    auto apply = [&](std::optional<nullable_datum> const& bound, bool inclusive, bool is_lower) {
        if (!bound) return;
        if (bound->null) {
            made.empty = true;
            return;
        }
        if (is_integer(part.type)) {
            int side = detail::outside(part.type, bound->value.i);
            if (side != 0) {
                made.empty = made.empty || (side > 0) == is_lower;
                return;
            }
        }
        std::string key = prefix;
        codec::append_key(key, part.type, *bound, part.order);
        bool begins = is_lower != part.order.descending;
        if (begins != inclusive) detail::to_prefix_end(key);
        (begins ? made.from : made.to) = std::move(key);
    };
    apply(bounds.lower, bounds.lower_inclusive, true);
    apply(bounds.upper, bounds.upper_inclusive, false);
    if (!made.to.empty() && made.from >= made.to) made.empty = true;
    return made;
}

/// The keys of all rows of a table.
inline key_span whole_table(schema::table_layout const& layout) {
    key_span all;
    schema::append_id(all.from, layout.table->id);
    all.to = all.from;
    detail::to_prefix_end(all.to);
    return all;
}

/// Reads rows in rising order of their keys, all of a table or a range of its primary key, in pieces as the store has
/// them. For those who take rows one by one: they need no list of them first.
class key_order_reader {
public:
    /// `index`: where the path is a range of the primary key, that.
    key_order_reader(schema::table_layout const& layout, plan::access access, int index)
        : layout_(&layout),
          range_(access == plan::access::full ? nullptr : &layout.indexes[static_cast<std::size_t>(index)]) {}

    /// Whose scan it is, for statistics.
    schema::object_id counted_as() const { return range_ == nullptr ? layout_->table->id : range_->id; }
    schema::table_layout const& layout() const { return *layout_; }

    /// Calls `sink(rows)` until it answers stop; `rows` is a range of slices, borrowed until the next call.
    template <class View, class Sink>
    flow_signal read(View const& view, scan_bounds const& bounds, Sink&& sink) {
        key_span span = range_ == nullptr ? whole_table(*layout_) : make_key_span(*layout_, *range_, bounds);
        if (span.empty) return flow_signal::more;
        if (span.exact) {
            span.to = span.from;
            detail::to_prefix_end(span.to);
        }
        auto scan = view.scan(span.from, span.to);
        for (auto run = scan.next_run(); run.size() > 0; run = scan.next_run()) {
            if (sink(run) == flow_signal::stop) return flow_signal::stop;
        }
        return flow_signal::more;
    }

private:
    schema::table_layout const* layout_;
    schema::table_layout::index const* range_;
};

/// Reads the rows of one table by one access path. Keeps buffers between calls; one running statement at a time.
class table_reader {
public:
    static constexpr std::size_t batch = chunk_capacity;

    table_reader(schema::table_layout const& layout, plan::access access, int index, bool reverse)
        : layout_(&layout),
          access_(access),
          reverse_(reverse),
          index_(index >= 0 ? &layout.indexes[static_cast<std::size_t>(index)] : layout.primary()) {}

    schema::table_layout const& layout() const { return *layout_; }
    /// What a scan is counted under: the index it goes through, or the table that is read from end to end.
    schema::object_id counted_as() const {
        bool whole = index_ == nullptr || (access_ == plan::access::full && index_->primary);
        return whole ? layout_->table->id : index_->id;
    }

    /// Calls `sink(std::span<storage::slice const>)` with rows (key, stored row) until it answers stop.
    /// What it passes is borrowed until the next batch.
    template <class View, class Sink>
    flow_signal read(View const& view, scan_bounds const& bounds, Sink&& sink) {
        bool through_index = index_ != nullptr && !index_->primary;
        if (access_ == plan::access::full && !through_index) {
            return walk(view, whole_table(*layout_), sink);
        }
        key_span span = make_key_span(*layout_, *index_, bounds);
        if (span.empty) return flow_signal::more;
        if (!through_index) {
            if (!span.exact) return walk(view, span, sink);
            auto row = view.get(span.from);
            if (!row) return flow_signal::more;
            storage::slice const found{span.from, *row};
            return sink(std::span<storage::slice const>(&found, 1));
        }
        if (index_buffers_ == nullptr) index_buffers_ = std::make_unique<index_buffers>();
        auto& entries = index_buffers_->entries;
        if (span.exact) {
            auto rest = view.get(span.from);
            if (!rest) return flow_signal::more;
            entries[0] = {span.from, *rest};
            return fetch(view, 1, sink);
        }
        auto step = [&](auto scan) {
            while (std::size_t n = scan.next_chunk(std::span(entries))) {
                if (fetch(view, n, sink) == flow_signal::stop) return flow_signal::stop;
            }
            return flow_signal::more;
        };
        return reverse_ ? step(view.scan_backward(span.from, span.to)) : step(view.scan(span.from, span.to));
    }

private:
    template <class View, class Sink>
    flow_signal walk(View const& view, key_span const& span, Sink& sink) {
        if (slices_.size() < batch) slices_.resize(batch);
        auto step = [&](auto scan) {
            while (std::size_t n = scan.next_chunk(std::span(slices_))) {
                if (sink(std::span<storage::slice const>(slices_.data(), n)) == flow_signal::stop)
                    return flow_signal::stop;
            }
            return flow_signal::more;
        };
        return reverse_ ? step(view.scan_backward(span.from, span.to)) : step(view.scan(span.from, span.to));
    }

    static constexpr std::size_t entry_batch = 128;
    struct index_buffers {
        std::array<storage::slice, entry_batch> entries;
        std::array<std::string, entry_batch> keys;
    };

    /// From index entries to rows.
    template <class View, class Sink>
    flow_signal fetch(View const& view, std::size_t count, Sink& sink) {
        std::array<std::string_view, entry_batch> keys;
        std::array<std::optional<storage::stored_value>, entry_batch> rows;  // pin what they give out
        std::array<storage::slice, entry_batch> slices;
        for (std::size_t i = 0; i < count; ++i) {
            std::string& key = index_buffers_->keys[i];
            key.clear();
            schema::append_id(key, layout_->table->id);
            key.append(index_buffers_->entries[i].value);
            keys[i] = key;
        }
        view.get_many(std::span(keys).first(count), std::span(rows).first(count));
        for (std::size_t i = 0; i < count; ++i) {
            if (!rows[i]) {
                throw error(errc::index_corrupted,
                            "index entry without a row in table \"" + layout_->table->name + "\"")
                    .with_hint("Rebuild the index: drop it and create it again.");
            }
            slices[i] = {keys[i], rows[i]->value};
        }
        return sink(std::span<storage::slice const>(slices.data(), count));
    }

    schema::table_layout const* layout_;
    plan::access access_;
    bool reverse_;
    schema::table_layout::index const* index_;
    std::vector<storage::slice> slices_;
    std::unique_ptr<index_buffers> index_buffers_;  // made when first needed
};

}  // namespace phantomdb::exec
