/// @file Defines the operators that change tables: insert, update, erase, and the one that locks rows.
///
/// They pass on the rows they changed, for RETURNING. What the statement reads is its view, which its own writes do not
/// touch: an update never meets rows it has made.
#pragma once

#include <phantomdb/exec/chunk_flow.hpp>
#include <phantomdb/exec/table_writer.hpp>

#include <unordered_set>
#include <utility>
#include <vector>

namespace phantomdb::exec {

/// Generated columns and CHECK conditions, over the columns of a new row.
struct row_rules {
    std::vector<std::pair<std::size_t, any_expression>> generated;  ///< column, expression
    std::vector<any_expression> checks;
    std::vector<sql_type> types;  ///< of the table's columns

    /// Completes and checks the new row that lies in `out` at its current place, columns from `offset` on.
    void apply(dynamic_context& context, schema::table_layout const& layout, chunk_builder& out, std::size_t offset) {
        if (generated.empty() && checks.empty()) return;
        std::size_t row = out.size();
        chunk one;
        auto only = static_cast<std::uint16_t>(row);
        one.selection = &only;
        one.count = 1;
        one.columns.resize(types.size());
        for (std::size_t i = 0; i < types.size(); ++i) one.columns[i] = out.buffer(offset + i).view(types[i]);
        for (auto& [column, expression] : generated) {
            out.put(offset + column, cell_at(expression->evaluate(context, one), row));
        }
        for (std::size_t i = 0; i < checks.size(); ++i) {
            kernel_input held = checks[i]->evaluate(context, one);
            if (is_null_at(held, row) || value_at(held, row).i != 0) continue;
            std::vector<datum> values;
            std::vector<std::uint8_t> nulls;
            copy_row(one, row, values, nulls);
            throw_check_violation(*layout.table, i, {values.data(), nulls.data()}, context.call.settings);
        }
    }

    /// Row `row` of the first `types.size()` columns from `offset`, as the writer wants it.
    static void copy_row(chunk const& rows, std::size_t row, std::vector<datum>& values,
                         std::vector<std::uint8_t>& nulls, std::size_t offset = 0, std::size_t width = SIZE_MAX) {
        if (width == SIZE_MAX) width = rows.columns.size();
        values.resize(width);
        nulls.resize(width);
        for (std::size_t i = 0; i < width; ++i) {
            nullable_datum cell = rows.at(offset + i, row);
            values[i] = cell.value;
            nulls[i] = cell.null;
        }
    }
};

/// What a change keeps of one row while it is written.
struct row_copy {
    std::vector<datum> values;
    std::vector<std::uint8_t> nulls;

    schema::row_reference reference() const { return {values.data(), nulls.data()}; }
    void take(chunk const& rows, std::size_t row, std::size_t offset, std::size_t width) {
        row_rules::copy_row(rows, row, values, nulls, offset, width);
    }
    void take(chunk_builder& rows, std::size_t offset, std::size_t width) {
        values.resize(width);
        nulls.resize(width);
        for (std::size_t i = 0; i < width; ++i) {
            values[i] = rows.buffer(offset + i).values()[rows.size()];
            nulls[i] = rows.buffer(offset + i).nulls()[rows.size()];
        }
    }
};

/// ON CONFLICT: which index arbitrates, and what DO UPDATE does.
struct conflict_rule {
    query::conflict_action action = query::conflict_action::fail;
    std::optional<std::size_t> index;
    std::vector<std::size_t> assigned;
    expression_row values;  ///< over the row in the way, then EXCLUDED
    conjunction filter;
};

struct insert_rows {
    any_operator child;
    std::shared_ptr<schema::table_layout const> layout;
    expression_row values;  ///< one per column of the table
    row_rules rules;
    conflict_rule conflict;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        table_writer& writer = context.shared.writer;
        chunk_builder out(rules.types);
        std::size_t width = rules.types.size();
        row_copy row;
        std::unordered_set<std::string> touched;
        flow_signal signal = child.run(context, [&](chunk& unit) {
            values.prepare(context, unit);
            for (std::size_t i = 0; i < unit.count; ++i) {
                auto cells = values.get(unit.row(i));
                for (std::size_t c = 0; c < width; ++c) out.put(c, cells[c]);
                rules.apply(context, *layout, out, 0);
                row.take(out, 0, width);
                if (conflict.action != query::conflict_action::fail) {
                    if (auto rival = writer.find_conflict(*layout, row.reference(), conflict.index)) {
                        if (conflict.action == query::conflict_action::update) {
                            if (!resolve(context, *rival, row, out, touched)) continue;
                            finish_row(context, out);
                        }
                        continue;
                    }
                }
                std::string_view key = writer.insert(*layout, row.reference());
                if (conflict.action == query::conflict_action::update) touched.emplace(key);
                finish_row(context, out);
            }
            // Rows in `out` borrow text from this unit.
            return pass(out, sink);
        });
        return signal;
    }

private:
    void finish_row(dynamic_context& context, chunk_builder& out) {
        ++context.shared.changed_rows;
        out.next_row();
    }
    template <class Sink>
    static flow_signal pass(chunk_builder& out, Sink& sink) {
        if (out.size() == 0) return flow_signal::more;
        flow_signal signal = sink(out.take());
        out.clear();
        return signal;
    }

    /// DO UPDATE on the row in the way. False where its WHERE says no.
    bool resolve(dynamic_context& context, table_writer::conflict const& rival, row_copy const& proposed,
                 chunk_builder& out, std::unordered_set<std::string>& touched) {
        if (!touched.insert(rival.row_key).second) {
            throw error(errc::cardinality_violation, "ON CONFLICT DO UPDATE command cannot affect row a second time")
                .with_hint(
                    "Ensure that no rows proposed for insertion within the same command have duplicate constrained "
                    "values.");
        }
        table_writer& writer = context.shared.writer;
        writer.transaction().lock_row(rival.row_key);
        auto stored = writer.transaction().latest(rival.row_key);
        PHANTOMDB_ASSERT(stored.has_value());
        std::string_view bytes = context.call.memory.copy(*stored);
        row_copy before;
        layout->decode(bytes, before.values, before.nulls);

        std::size_t width = rules.types.size();
        chunk one;
        one.count = 1;
        for (std::size_t c = 0; c < width; ++c)
            one.columns.push_back({&before.values[c], &before.nulls[c], 0, rules.types[c]});
        for (std::size_t c = 0; c < width; ++c) {
            one.columns.push_back({&proposed.values[c], &proposed.nulls[c], 0, rules.types[c]});
        }
        chunk judged = one;
        conflict.filter.narrow(context, judged);
        if (judged.count == 0) return false;
        conflict.values.prepare(context, one);
        auto cells = conflict.values.get(0);
        for (std::size_t c = 0; c < width; ++c) {
            nullable_datum kept;
            kept.value = before.values[c];
            kept.null = before.nulls[c] != 0;
            out.put(c, kept);
        }
        for (std::size_t k = 0; k < conflict.assigned.size(); ++k) out.put(conflict.assigned[k], cells[k]);
        rules.apply(context, *layout, out, 0);
        row_copy after;
        after.take(out, 0, width);
        writer.update(*layout, rival.row_key, before.reference(), after.reference());
        return true;
    }
};

/// `offset` is where the target's columns begin in the child's chunks, its row key right after them.
struct update_rows {
    any_operator child;
    std::shared_ptr<schema::table_layout const> layout;
    std::size_t offset;
    std::vector<std::size_t> assigned;
    expression_row values;  ///< over the child's columns
    row_rules rules;
    std::vector<sql_type> types;  ///< of the child's columns

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        chunk_builder out(types);
        std::size_t width = rules.types.size();
        row_copy before, after;
        std::unordered_set<std::string> done;  // a row that joins several times is changed once
        return child.run(context, [&](chunk& unit) {
            values.prepare(context, unit);
            for (std::size_t i = 0; i < unit.count; ++i) {
                std::size_t row = unit.row(i);
                std::string_view key = unit.at(offset + width, row).value.t;
                if (!done.emplace(key).second) continue;
                before.take(unit, row, offset, width);
                for (std::size_t c = 0; c < types.size(); ++c) out.put(c, unit.at(c, row));
                auto cells = values.get(row);
                for (std::size_t k = 0; k < assigned.size(); ++k) out.put(offset + assigned[k], cells[k]);
                rules.apply(context, *layout, out, offset);
                after.take(out, offset, width);
                context.shared.writer.update(*layout, key, before.reference(), after.reference());
                ++context.shared.changed_rows;
                out.next_row();
            }
            if (out.size() == 0) return flow_signal::more;
            flow_signal signal = sink(out.take());
            out.clear();
            return signal;
        });
    }
};

struct erase_rows {
    any_operator child;
    std::shared_ptr<schema::table_layout const> layout;
    std::size_t offset;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        std::size_t width = layout->rows.size();
        row_copy before;
        std::unordered_set<std::string> done;
        return child.run(context, [&](chunk& unit) {
            auto fresh = [&](chunk_row const& row) {
                std::string_view key = row.at(offset + width).value.t;
                if (!done.emplace(key).second) return false;
                before.take(unit, row.number, offset, width);
                context.shared.writer.erase(*layout, key, before.reference());
                ++context.shared.changed_rows;
                return true;
            };
            return chunk_flow::keep_rows(unit, fresh, sink);
        });
    }
};

/// FOR UPDATE and its kin. With SKIP LOCKED, rows somebody else holds are left out.
struct lock_rows {
    any_operator child;
    std::size_t key_position;
    mvcc::lock_mode mode;
    mvcc::lock_wait wait;

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        return child.run(context, [&](chunk& unit) {
            auto held = [&](chunk_row const& row) {
                nullable_datum key = row.at(key_position);
                return key.null || context.shared.transaction.lock_row(key.value.t, mode, wait);
            };
            return chunk_flow::keep_rows(unit, held, sink);
        });
    }
};

}  // namespace phantomdb::exec
