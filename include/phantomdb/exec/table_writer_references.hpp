/// @file Implements the foreign keys of `table_writer`.
///
/// A referencing row takes a key-share lock on its target, so that the target stays until the end of the transaction; who
/// removes a target or changes its key takes the strongest lock, and then looks for referencing rows in the newest state.
#pragma once

#include <phantomdb/exec/table_writer.hpp>

namespace phantomdb::exec {

inline bool table_writer::has_target(schema::table_layout const& layout, schema::foreign_key_descriptor const& key,
                                     schema::row_reference row) {
    if (detail::has_null(key.columns, row)) return true;
    auto parent = layout_of(key.referenced_table);
    target_key target = key_of_target(*parent, key, layout, row);
    if (!target.possible) return false;
    if (seen_targets_.contains(target.bytes)) return true;
    if (target.is_row) {
        with_.transaction.lock(target.bytes, mvcc::lock_mode::key_share);
        if (!is_there(target.bytes)) return false;
    } else {
        auto rest = with_.transaction.latest(target.bytes);
        if (!rest) return false;
        std::string row_key;
        schema::append_id(row_key, parent->table->id);
        row_key += *rest;
        with_.transaction.lock(row_key, mvcc::lock_mode::key_share);
        auto again = with_.transaction.latest(target.bytes);
        if (!again || *again != *rest) return again ? has_target(layout, key, row) : false;
    }
    constexpr std::size_t most_remembered = 100'000;
    if (seen_targets_.size() < most_remembered) seen_targets_.insert(std::move(target.bytes));
    return true;
}

inline void table_writer::check_reference(schema::table_layout const& layout, schema::foreign_key_descriptor const& key,
                                          schema::row_reference row, std::string_view row_key) {
    if (has_target(layout, key, row)) return;
    auto& queue = with_.checks.is_deferred(layout.table->id, key) ? with_.checks.waiting : now_;
    queue.push_back({pending_check::kind::child_row, layout.table->id, key.name, std::string(row_key), false, {}});
}

inline void table_writer::note_parent_change(schema::table_layout const& layout, schema::row_reference before,
                                             schema::row_reference const* after) {
    for (schema::object_id referring_id : layout.table->referenced_by) {
        auto child = with_.catalog.table(referring_id);
        if (!child) continue;
        for (auto const& key : child->foreign_keys) {
            if (key.referenced_table != layout.table->id || detail::has_null(key.referenced_columns, before)) continue;
            if (after && !differs(layout, key.referenced_columns, before, *after)) continue;
            seen_targets_.clear();
            pending_check check{pending_check::kind::parent_row, referring_id, key.name, {}, after == nullptr, {}};
            layout.rows.encode(check.bytes, before.values, before.nulls);
            if (after) layout.rows.encode(check.next, after->values, after->nulls);
            auto action = after ? key.on_update : key.on_delete;
            bool defers =
                action == schema::referential_action::no_action && with_.checks.is_deferred(referring_id, key);
            (defers ? with_.checks.waiting : now_).push_back(std::move(check));
        }
    }
}

inline void table_writer::run(pending_check const& check) {
    auto child = layout_of(check.table);
    if (!child) return;
    for (auto const& key : child->table->foreign_keys) {
        if (key.name != check.foreign_key) continue;
        if (check.what == pending_check::kind::child_row) run_child(check, *child, key);
        else run_parent(check, *child, key);
    }
}

inline void table_writer::run_child(pending_check const& check, schema::table_layout const& child,
                                    schema::foreign_key_descriptor const& key) {
    auto bytes = with_.transaction.latest(check.bytes);
    if (!bytes) return;
    std::vector<datum> values;
    std::vector<std::uint8_t> nulls;
    child.decode(*bytes, values, nulls);
    schema::row_reference row{values.data(), nulls.data()};
    if (!has_target(child, key, row)) throw_no_target(child, key, row);
}

inline std::vector<std::pair<std::string, std::string>> table_writer::referring(
    schema::table_layout const& child, schema::foreign_key_descriptor const& key, schema::table_layout const& parent,
    schema::row_reference parent_row, std::size_t most) const {
    std::vector<std::pair<std::string, std::string>> found;
    std::vector<nullable_datum> wanted(child.rows.size());  // by column of the child
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
        auto to = static_cast<std::size_t>(key.columns[i]), from = static_cast<std::size_t>(key.referenced_columns[i]);
        type_id parent_type = parent.table->columns[from].type.id, child_type = child.table->columns[to].type.id;
        datum value = parent_row.values[from];
        if (parent_type == type_id::numeric && is_integer(child_type)) {
            // The child's whole number, if the parent's key is one.
            if (!value.n.is_finite()) return found;
            int128 whole = value.n.coefficient();
            for (int s = value.n.scale(); s > 0; --s) {
                if (whole % 10 != 0) return found;
                whole /= 10;
            }
            if (whole > INT64_MAX || whole < INT64_MIN) return found;
            value = datum{static_cast<std::int64_t>(whole)};
            parent_type = type_id::int8;
        }
        auto there = detail::in_type_of_target(value, parent_type, child_type);
        if (!there) return found;
        wanted[to] = nullable_datum{*there};
    }
    auto is_key = [&](std::int16_t column) {
        return std::find(key.columns.begin(), key.columns.end(), column) != key.columns.end();
    };
    // The index with the longest run of leading columns that are the key's; without one every row is looked at. A hash index
    // helps only where all of its columns are the key's.
    schema::table_layout::index const* best = nullptr;
    std::size_t longest = 0;
    for (auto const& index : child.indexes) {
        std::size_t run = 0;
        while (run < index.parts.size() && is_key(index.parts[run].column)) ++run;
        if (index.hashed && run < index.parts.size()) continue;
        if (run > longest) longest = run, best = &index;
    }
    std::string from;
    bool through_index = best && !best->primary;
    schema::append_id(from, through_index ? best->id : child.table->id);
    for (std::size_t i = 0; best && i < longest; ++i) {
        schema::key_part const& part = best->parts[i];
        codec::append_key(from, part.type, wanted[static_cast<std::size_t>(part.column)], part.order);
    }
    if (best && best->hashed) schema::insert_hash(from, schema::id_bytes);
    auto view = with_.transaction.latest_view();
    auto scan = view.scan(from, codec::prefix_end(from));
    storage::slice entries[64];
    std::string expected, actual;
    while (std::size_t n = scan.next_chunk(entries)) {
        for (std::size_t e = 0; e < n; ++e) {
            std::string row_key(entries[e].key);
            std::string_view bytes = entries[e].value;
            if (through_index) {
                row_key.clear();
                schema::append_id(row_key, child.table->id);
                row_key += entries[e].value;
                auto row = view.get(row_key);
                if (!row) continue;
                bytes = *row;
            }
            bool same = true;
            for (std::int16_t column : key.columns) {
                auto at = static_cast<std::size_t>(column);
                nullable_datum cell = child.read(bytes, at);
                type_id type = child.table->columns[at].type.id;
                expected.clear();
                actual.clear();
                codec::append_key(expected, type, wanted[at]);
                codec::append_key(actual, type, cell);
                same = same && expected == actual;
            }
            if (!same) continue;
            found.emplace_back(std::move(row_key), std::string(bytes));
            if (found.size() >= most) return found;
        }
    }
    return found;
}

inline void table_writer::run_parent(pending_check const& check, schema::table_layout const& child,
                                     schema::foreign_key_descriptor const& key) {
    using enum schema::referential_action;
    auto parent = layout_of(key.referenced_table);
    if (!parent) return;
    std::vector<datum> old_values, values;
    std::vector<std::uint8_t> old_nulls, nulls;
    parent->decode(check.bytes, old_values, old_nulls);
    schema::row_reference old_row{old_values.data(), old_nulls.data()};
    auto action = check.removed ? key.on_delete : key.on_update;

    if (action == no_action || action == restrict_) {
        if (referring(child, key, *parent, old_row, 1).empty()) return;
        if (action == no_action) {
            // Another row may have taken the key meanwhile.
            for (auto const& index : parent->indexes) {
                if (!index.unique || index.parts.size() != key.referenced_columns.size()) continue;
                bool same = std::all_of(index.parts.begin(), index.parts.end(), [&](schema::key_part const& part) {
                    return std::find(key.referenced_columns.begin(), key.referenced_columns.end(), part.column) !=
                           key.referenced_columns.end();
                });
                if (!same) continue;
                std::string target;
                if (index.primary) target = schema::row_key(*parent, old_row);
                else schema::make_entry_key(target, index, old_row, {});
                if (is_there(target)) return;
            }
        }
        throw_still_referenced(child, key, *parent, old_row);
    }

    std::vector<datum> new_values;
    std::vector<std::uint8_t> new_nulls;
    if (!check.removed) parent->decode(check.next, new_values, new_nulls);
    for (auto const& [row_key, bytes] : referring(child, key, *parent, old_row, SIZE_MAX)) {
        child.decode(bytes, values, nulls);
        schema::row_reference before{values.data(), nulls.data()};
        if (action == cascade && check.removed) {
            erase(child, row_key, before);
            continue;
        }
        std::vector<datum> next_values = values;
        std::vector<std::uint8_t> next_nulls = nulls;
        std::vector<value> defaults;  // keep their text alive
        defaults.reserve(key.columns.size());
        for (std::size_t i = 0; i < key.columns.size(); ++i) {
            auto to = static_cast<std::size_t>(key.columns[i]),
                 from = static_cast<std::size_t>(key.referenced_columns[i]);
            nullable_datum next;
            if (action == cascade) {
                next.null = new_nulls[from] != 0;
                next.value = new_values[from];
                type_id parent_type = parent->table->columns[from].type.id,
                        child_type = child.table->columns[to].type.id;
                if (!next.null && parent_type != child_type &&
                    !detail::in_type_of_target(next.value, parent_type, child_type)) {
                    throw error(errc::numeric_value_out_of_range,
                                std::string(facts(child_type).name) + " out of range");
                }
            } else if (action == set_default) {
                if (!with_.default_of) {
                    throw error(errc::feature_not_supported,
                                "SET DEFAULT of \"" + key.name + "\" needs SQL to compute the default");
                }
                defaults.push_back(with_.default_of(*child.table, to));
                next = defaults.back().get();
            }
            next_values[to] = next.value;
            next_nulls[to] = next.null;
        }
        update(child, row_key, before, {next_values.data(), next_nulls.data()});
    }
}

inline void table_writer::throw_no_target(schema::table_layout const& child, schema::foreign_key_descriptor const& key,
                                          schema::row_reference row) const {
    auto parent = with_.catalog.table(key.referenced_table);
    throw error(errc::foreign_key_violation, "insert or update on table \"" + child.table->name +
                                                 "\" violates foreign key constraint \"" + key.name + "\"")
        .with_detail(key_text(*child.table, key.columns, row, with_.settings) + " is not present in table \"" +
                     parent->name + "\".")
        .on_table(child.table->schema_name, child.table->name)
        .on_constraint(key.name);
}

inline void table_writer::throw_still_referenced(schema::table_layout const& child,
                                                 schema::foreign_key_descriptor const& key,
                                                 schema::table_layout const& parent,
                                                 schema::row_reference parent_row) const {
    throw error(errc::foreign_key_violation, "update or delete on table \"" + parent.table->name +
                                                 "\" violates foreign key constraint \"" + key.name + "\" on table \"" +
                                                 child.table->name + "\"")
        .with_detail(key_text(*parent.table, key.referenced_columns, parent_row, with_.settings) +
                     " is still referenced from table \"" + child.table->name + "\".")
        .on_table(child.table->schema_name, child.table->name)
        .on_constraint(key.name);
}

}  // namespace phantomdb::exec
