/// @file Defines `table_writer`: how rows get into tables and out of them, with everything that hangs on them.
///
/// A change of a row
///   1. refuses nulls where there must be none;
///   2. locks what must not move: the row itself, and the keys that must stay unique;
///   3. writes the row and the entries of every index whose key changed;
///   4. looks at foreign keys: a reference whose target is there passes at once, the rest waits for the end of the statement
///      (or of the transaction, where deferred), since later changes may still put things right;
///   5. at the end of the statement carries out ON DELETE and ON UPDATE actions and checks what waits.
/// CHECK conditions and generated columns are expressions, and belong to who makes the row.
#pragma once

#include <phantomdb/exec/constraint_checks.hpp>
#include <phantomdb/exec/reference_key.hpp>
#include <phantomdb/exec/relation_usage.hpp>
#include <phantomdb/exec/request_meter.hpp>
#include <phantomdb/exec/row_errors.hpp>
#include <phantomdb/exec/row_numbers.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/schema/table_layout.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::exec {

/// Layouts of the tables of a catalog, made when first asked for and kept as long as the table is the same. Not thread-safe.
class layout_cache {
public:
    std::shared_ptr<schema::table_layout const> of(std::shared_ptr<schema::table_descriptor const> const& table) {
        auto& found = layouts_[table->id];
        if (!found || found->table != table) found = std::make_shared<schema::table_layout const>(table);
        return found;
    }

private:
    std::map<schema::object_id, std::shared_ptr<schema::table_layout const>> layouts_;
};

/// What a writer works with; borrowed, and outlives it.
struct writer_surroundings {
    sql_transaction& transaction;
    schema::catalog const& catalog;
    layout_cache& layouts;
    row_numbers& numbers;
    constraint_checks& checks;
    format_settings const& settings;
    /// Tables nobody else can write now (made by this transaction, or locked whole): their rows need no locks.
    std::set<schema::object_id> const* exclusive = nullptr;
    /// The default of a column, for ON DELETE SET DEFAULT; may be empty (then 0A000).
    std::function<value(schema::table_descriptor const&, std::size_t column)> default_of;
    usage_counters* usage = nullptr;  ///< where changes are counted; null: nowhere
};

/// Writes rows for one statement. Not thread-safe. Call `finish` at the end of the statement. When anything throws, the
/// statement's writes must be undone (`transaction.rollback_to`).
class table_writer {
public:
    explicit table_writer(writer_surroundings with) : with_(std::move(with)) {}

    /// Adds a row; gives its key, borrowed until the next call. 23502, 23505.
    std::string_view insert(schema::table_layout const& layout, schema::row_reference row) {
        request_meter const meter;
        refuse_nulls(layout, row);
        make_row_key(layout, row);
        bool locks = !is_exclusive(layout);
        if (!layout.is_numbered()) {
            if (locks) with_.transaction.lock(row_key_);
            if (is_there(row_key_)) throw_duplicate(*layout.table, 0, row, with_.settings);
        }
        for (std::size_t i = 0; i < layout.indexes.size(); ++i) {
            if (!layout.indexes[i].primary) add_entry(layout, i, row, locks);
        }
        row_bytes_.clear();
        layout.rows.encode(row_bytes_, row.values, row.nulls);
        with_.transaction.put(row_key_, row_bytes_);
        for (auto const& key : layout.table->foreign_keys) check_reference(layout, key, row, row_key_);
        if (with_.usage) ++counted(layout, meter).inserted;
        return row_key_;
    }

    /// A row that keeps this one from being inserted: its key, by unique index `index` (none: by any). Locks the unique keys
    /// it looked at, so that the answer stays true. For INSERT … ON CONFLICT.
    struct conflict {
        std::string row_key;
        std::size_t index = 0;
    };
    std::optional<conflict> find_conflict(schema::table_layout const& layout, schema::row_reference row,
                                          std::optional<std::size_t> index = std::nullopt) {
        refuse_nulls(layout, row);
        for (std::size_t i = 0; i < layout.indexes.size(); ++i) {
            auto const& one = layout.indexes[i];
            if ((index && *index != i) || !one.unique) continue;
            if (one.primary) {
                row_key_ = schema::row_key(layout, row);
                with_.transaction.lock(row_key_);
                if (is_there(row_key_)) return conflict{row_key_, i};
            } else if (!schema::needs_row_key(one, row)) {
                schema::make_entry_key(entry_key_, one, row, {});
                with_.transaction.lock(entry_key_);
                if (auto rest = with_.transaction.latest(entry_key_)) {
                    std::string key;
                    schema::append_id(key, layout.table->id);
                    return conflict{key + *rest, i};
                }
            }
        }
        return std::nullopt;
    }

    /// Changes the row under `key` from `before` to `after`; gives its key now. Locks it first: may throw statement_restart.
    std::string_view update(schema::table_layout const& layout, std::string_view key, schema::row_reference before,
                            schema::row_reference after) {
        request_meter const meter;
        refuse_nulls(layout, after);
        bool locks = !is_exclusive(layout);
        std::string const old_key(key);
        row_key_ = layout.is_numbered() ? old_key : schema::row_key(layout, after);
        bool moves = row_key_ != old_key;
        bool unique_changes = moves;
        changed_.assign(layout.indexes.size(), false);
        for (std::size_t i = 0; i < layout.indexes.size(); ++i) {
            auto const& index = layout.indexes[i];
            if (index.primary) continue;
            schema::make_entry_key(entry_key_, index, before, old_key);
            schema::make_entry_key(other_key_, index, after, row_key_);
            changed_[i] = entry_key_ != other_key_;  // also right where one of the two, or both, have no entry
            unique_changes |= changed_[i] && index.unique;
        }
        if (locks) {
            with_.transaction.lock_row(old_key,
                                       unique_changes ? mvcc::lock_mode::update : mvcc::lock_mode::no_key_update);
            if (moves) with_.transaction.lock(row_key_);
        }
        if (moves && is_there(row_key_)) throw_duplicate(*layout.table, 0, after, with_.settings);
        for (std::size_t i = 0; i < layout.indexes.size(); ++i) {
            if (layout.indexes[i].primary || (!changed_[i] && !moves)) continue;
            if (changed_[i]) remove_entry(layout, i, before, old_key, locks);
            if (changed_[i]) add_entry(layout, i, after, locks);
            else move_entry(layout, i, after);
        }
        row_bytes_.clear();
        layout.rows.encode(row_bytes_, after.values, after.nulls);
        if (moves) with_.transaction.erase(old_key);
        with_.transaction.put(row_key_, row_bytes_);
        for (auto const& reference : layout.table->foreign_keys) {
            if (differs(layout, reference.columns, before, after)) check_reference(layout, reference, after, row_key_);
        }
        note_parent_change(layout, before, &after);
        if (with_.usage) ++counted(layout, meter).updated;
        return row_key_;
    }

    /// Removes the row under `key`. Locks it first: may throw statement_restart.
    void erase(schema::table_layout const& layout, std::string_view key, schema::row_reference before) {
        request_meter const meter;
        bool locks = !is_exclusive(layout);
        std::string const old_key(key);
        if (locks) with_.transaction.lock_row(old_key, mvcc::lock_mode::update);
        for (std::size_t i = 0; i < layout.indexes.size(); ++i) {
            if (!layout.indexes[i].primary) remove_entry(layout, i, before, old_key, locks);
        }
        with_.transaction.erase(old_key);
        note_parent_change(layout, before, nullptr);
        if (with_.usage) ++counted(layout, meter).deleted;
    }

    /// Adds the entries of a new index for a row that is there. 23505.
    void add_index_entry(schema::table_layout const& layout, std::size_t index, std::string_view row_key,
                         schema::row_reference row) {
        row_key_ = row_key;
        auto const& one = layout.indexes[index];
        if (!schema::has_entry(one, row)) return;
        schema::make_entry_key(entry_key_, one, row, row_key_);
        if (one.unique && is_there(entry_key_)) {
            schema::index_descriptor const& broken = layout.table->indexes[index];
            std::vector<std::int16_t> columns;
            for (auto const& part : broken.keys) columns.push_back(part.column);
            throw error(errc::unique_violation, "could not create unique index \"" + broken.name + "\"")
                .with_detail(key_text(*layout.table, columns, row, with_.settings) + " is duplicated.")
                .on_table(layout.table->schema_name, layout.table->name)
                .on_constraint(broken.name);
        }
        with_.transaction.put(entry_key_, row_key.substr(schema::id_bytes));
    }

    /// The end of the statement: actions, and the checks that do not wait for the commit. 23503.
    void finish() {
        while (!now_.empty()) {
            pending_check check = std::move(now_.front());
            now_.pop_front();
            run(check);
        }
    }

    /// Runs the checks that waited for the commit (or for SET CONSTRAINTS … IMMEDIATE). 23503.
    void run_deferred() {
        while (!with_.checks.waiting.empty()) {
            pending_check check = std::move(with_.checks.waiting.front());
            with_.checks.waiting.pop_front();
            run(check);
            finish();
        }
    }

    /// Checks that a row's foreign key has its target; for a constraint that is added to a table with rows.
    void require_reference(schema::table_layout const& layout, schema::foreign_key_descriptor const& key,
                           schema::row_reference row) {
        if (!has_target(layout, key, row)) throw_no_target(layout, key, row);
    }

    sql_transaction& transaction() const { return with_.transaction; }
    format_settings const& settings() const { return with_.settings; }

private:
    bool is_exclusive(schema::table_layout const& layout) const {
        return with_.exclusive && with_.exclusive->contains(layout.table->id);
    }

    /// Where changes of the table are counted, with what looking at its keys came to.
    relation_usage& counted(schema::table_layout const& layout, request_meter const& meter) {
        relation_usage& here = counted_.of(*with_.usage, layout.table->id);
        meter.add_to(here);
        return here;
    }

    bool is_there(std::string_view key) const { return with_.transaction.latest(key).has_value(); }

    void refuse_nulls(schema::table_layout const& layout, schema::row_reference row) const {
        auto const& columns = layout.table->columns;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (row.nulls[i] != 0 && columns[i].not_null && !columns[i].dropped) {
                throw_null_in(*layout.table, i, row, with_.settings);
            }
        }
    }

    void make_row_key(schema::table_layout const& layout, schema::row_reference row) {
        if (!layout.is_numbered()) {
            row_key_.clear();
            schema::append_id(row_key_, layout.table->id);
            schema::append_columns(row_key_, layout.row_key, row);
            return;
        }
        if (numbered_ != layout.table->id) {
            counter_ = with_.numbers.of(with_.transaction, layout.table->id);
            numbered_ = layout.table->id;
        }
        row_key_ = schema::numbered_row_key(layout.table->id, counter_->fetch_add(1, std::memory_order_relaxed));
    }

    void add_entry(schema::table_layout const& layout, std::size_t i, schema::row_reference row, bool locks) {
        auto const& index = layout.indexes[i];
        if (!schema::has_entry(index, row)) return;
        schema::make_entry_key(entry_key_, index, row, row_key_);
        if (!schema::needs_row_key(index, row)) {
            if (locks) with_.transaction.lock(entry_key_);
            if (is_there(entry_key_)) throw_duplicate(*layout.table, i, row, with_.settings);
        }
        with_.transaction.put(entry_key_, std::string_view(row_key_).substr(schema::id_bytes));
    }

    void move_entry(schema::table_layout const& layout, std::size_t i, schema::row_reference row) {
        if (!schema::has_entry(layout.indexes[i], row)) return;
        schema::make_entry_key(entry_key_, layout.indexes[i], row, row_key_);
        with_.transaction.put(entry_key_, std::string_view(row_key_).substr(schema::id_bytes));
    }

    void remove_entry(schema::table_layout const& layout, std::size_t i, schema::row_reference row,
                      std::string_view row_key, bool locks) {
        auto const& index = layout.indexes[i];
        if (!schema::has_entry(index, row)) return;
        schema::make_entry_key(entry_key_, index, row, row_key);
        if (locks && !schema::needs_row_key(index, row)) with_.transaction.lock(entry_key_);
        with_.transaction.erase(entry_key_);
    }

    /// Whether a column's key bytes differ between two rows of the table.
    static bool differs(schema::table_layout const& layout, std::vector<std::int16_t> const& columns,
                        schema::row_reference before, schema::row_reference after) {
        std::string a, b;
        for (std::int16_t column : columns) {
            auto at = static_cast<std::size_t>(column);
            type_id type = layout.table->columns[at].type.id;
            codec::append_key(a, type, before.at(at));
            codec::append_key(b, type, after.at(at));
        }
        return a != b;
    }

    // --- foreign keys, in table_writer_references.hpp
    bool has_target(schema::table_layout const& layout, schema::foreign_key_descriptor const& key,
                    schema::row_reference row);
    void check_reference(schema::table_layout const& layout, schema::foreign_key_descriptor const& key,
                         schema::row_reference row, std::string_view row_key);
    void note_parent_change(schema::table_layout const& layout, schema::row_reference before,
                            schema::row_reference const* after);
    void run(pending_check const& check);
    void run_child(pending_check const& check, schema::table_layout const& child,
                   schema::foreign_key_descriptor const& key);
    void run_parent(pending_check const& check, schema::table_layout const& child,
                    schema::foreign_key_descriptor const& key);
    /// Rows of `child` that refer to a row of `parent`: (row key, stored row), at most `most`.
    std::vector<std::pair<std::string, std::string>> referring(schema::table_layout const& child,
                                                               schema::foreign_key_descriptor const& key,
                                                               schema::table_layout const& parent,
                                                               schema::row_reference parent_row,
                                                               std::size_t most) const;
    [[noreturn]] void throw_no_target(schema::table_layout const& child, schema::foreign_key_descriptor const& key,
                                      schema::row_reference row) const;
    [[noreturn]] void throw_still_referenced(schema::table_layout const& child,
                                             schema::foreign_key_descriptor const& key,
                                             schema::table_layout const& parent,
                                             schema::row_reference parent_row) const;
    std::shared_ptr<schema::table_layout const> layout_of(schema::object_id table) const {
        auto described = with_.catalog.table(table);
        return described ? with_.layouts.of(described) : nullptr;
    }

    writer_surroundings with_;
    std::string row_key_, entry_key_, other_key_, row_bytes_;
    std::vector<bool> changed_;
    std::shared_ptr<row_numbers::counter> counter_;
    schema::object_id numbered_ = 0;
    usage_slot counted_;
    std::list<pending_check> now_;
    boost::unordered_flat_set<std::string> seen_targets_;  // keys found and locked by this statement
};

}  // namespace phantomdb::exec

#include <phantomdb/exec/table_writer_references.hpp>
