/// @file Defines `consistency_check`, which compares tables, indexes, references and engine records with each other.
///
/// What the store gives back is taken as it is; whether its files are sound is for `verify` of the store to say. For each table:
/// 1. Rows are read in the order of their keys. Each must be readable, lie under the key that its values make, and have in each
///    index exactly the entry that its values make, leading back to it: so unique keys are unique. What it refers to must exist.
/// 2. Entries are counted. As different rows have different entries, an index with as many entries as rows call for has no other;
///    only where the number is wrong is each entry followed to its row.
/// Constraints that are expressions (CHECK, generated columns) are not looked at, nor NOT NULL outside of primary keys.
#pragma once

#include <phantomdb/exec/reference_key.hpp>
#include <phantomdb/exec/row_errors.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/schema/engine_records.hpp>
#include <phantomdb/storage/hybrid/routes.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::exec {

/// Where findings go, and what is told meanwhile.
struct consistency_report {
    /// `object` names a table or index: table "postgres.public.t".
    std::function<void(std::string const& object, std::string const& problem)> on_finding;
    /// Rows or entries of one object; may be empty. What it throws ends the check.
    std::function<void(std::string const& object, std::uint64_t done, std::uint64_t total)> on_progress{};
    std::uint64_t most_per_object = 20;  ///< further ones are only counted
};

/// `View`: a read view of everything (`sql_view`); `catalog`: what it holds as of that view. Both outlive the check. O(rows and
/// entries), each row with a look-up for each index and reference. Uses little memory. One thread.
template <class View>
class consistency_check {
public:
    consistency_check(View const& view, schema::catalog const& catalog, consistency_report report)
        : view_(view), catalog_(catalog), report_(std::move(report)) {}

    /// Everything: keys that belong to nothing, engine records, tables. How many findings there were.
    std::uint64_t run() {
        check_objects();
        check_engine_records();
        for (auto const& [id, table] : catalog_.tables()) {
            if (id >= schema::first_user_id) check_table(*table);
        }
        sum_up();
        return findings_;
    }

    /// One table with its indexes and what it refers to. How many findings there are by now.
    std::uint64_t check_table(schema::table_descriptor const& table) {
        auto const of = layout_of(table.id);
        guarded("table " + name_of(table), [&] { check_rows(*of); });
        return findings_;
    }

    /// Every object that has keys must be known to the catalog.
    void check_objects() {
        std::set<schema::object_id> known{schema::catalog_records_id, schema::sequence_states_id,
                                          schema::engine_records_id, schema::transaction_outcomes_id};
        for (auto const& [id, table] : catalog_.tables()) {
            known.insert(id);
            for (auto const& index : table->indexes) {
                if (!index.primary) known.insert(index.id);
            }
        }
        guarded("database", [&] {
            std::string from;
            for (;;) {
                auto scan = view_.scan(from, {});
                storage::slice first;
                if (!scan.next(first)) break;
                schema::object_id const id = storage::object_of(first.key);
                if (!known.contains(id))
                    found("keys of object " + std::to_string(id) + " belong to no table and no index");
                from = storage::object_end(id);
                if (from.empty()) break;
            }
        });
    }

    /// Every table and index must be kept by the engine that the catalog asks for.
    void check_engine_records() {
        std::map<schema::object_id, codec::engine> asked;
        for (auto const& [id, table] : catalog_.tables()) {
            if (id >= schema::first_user_id) asked.merge(schema::engines_of(*table));
        }
        guarded("engine records", [&] {
            auto scan = view_.scan(storage::object_prefix(schema::engine_records_id),
                                   storage::object_end(schema::engine_records_id));
            storage::slice record;
            while (scan.next(record)) {
                auto const object = codec::object_of_engine_record(record.key);
                if (!object) {
                    found("a record has a key that is none: " + hex(record.key));
                    continue;
                }
                std::string const which = "the record of object " + std::to_string(*object);
                auto const wanted = asked.find(*object);
                if (wanted == asked.end()) {
                    found(which + " belongs to no table and no index");
                    continue;
                }
                codec::engine const is = storage::decode_route(*object, record.value).asked_for;
                if (is != wanted->second) {
                    found(which + " asks for " + std::string(codec::engine_name(is)) + ", the catalog for " +
                          std::string(codec::engine_name(wanted->second)));
                }
                asked.erase(wanted);
            }
            for (auto const& [id, kept_by] : asked) {
                if (kept_by == codec::engine::btree) continue;
                found("object " + std::to_string(id) + " has no record, the catalog asks for " +
                      std::string(codec::engine_name(kept_by)));
            }
        });
    }

private:
    static constexpr std::size_t batch = 128;
    using layout = schema::table_layout;

    /// Keys to look up together, and what must be found there.
    struct look_ups {
        std::vector<std::string> keys;
        std::vector<std::string> values;  // of index entries
        std::vector<std::size_t> rows;    // of the batch
        void clear() { keys.clear(), values.clear(), rows.clear(); }
        void add(std::string_view key, std::string_view value, std::size_t row) {
            keys.emplace_back(key), values.emplace_back(value), rows.push_back(row);
        }
    };
    struct reference {
        schema::foreign_key_descriptor const* key;
        std::shared_ptr<layout const> parent;
        look_ups targets;
    };
    struct one_index {
        layout::index const* index;
        std::string object;
        look_ups entries;
        std::uint64_t expected = 0;
        bool sound = true;
    };

    void check_rows(layout const& of) {
        schema::table_descriptor const& table = *of.table;
        std::string const object = "table " + name_of(table);
        std::vector<one_index> indexes;
        for (std::size_t i = 0; i < of.indexes.size(); ++i) {
            if (of.indexes[i].primary) continue;
            indexes.push_back(
                {&of.indexes[i], "index \"" + table.indexes[i].name + "\" of table " + name_of(table), {}, 0, true});
        }
        std::vector<reference> references;
        for (auto const& key : table.foreign_keys) {
            auto parent = layout_of(key.referenced_table);
            if (parent) references.push_back({&key, std::move(parent), {}});
            else found("foreign key \"" + key.name + "\" refers to a table that is not there");
        }

        std::string const from = storage::object_prefix(table.id), to = storage::object_end(table.id);
        std::uint64_t const total = report_.on_progress ? view_.estimate(from, to) : 0;
        std::uint64_t rows = 0;
        bool readable = true;
        auto scan = view_.scan(from, to);
        std::array<storage::slice, batch> slices;
        while (std::size_t const n = scan.next_chunk(std::span(slices))) {
            for (std::size_t i = 0; i < n; ++i) readable &= check_row(of, slices[i], i, indexes, references);
            for (auto& index : indexes) look_at_entries(of, index, slices);
            for (auto& one : references) look_at_targets(of, one, slices);
            rows += n;
            if (report_.on_progress) report_.on_progress(object, rows, std::max(rows, total));
        }
        for (auto& index : indexes) guarded(index.object, [&] { check_entries(of, index, readable); });
    }

    /// Notes what has to be looked up for a row; false where it cannot be read.
    bool check_row(layout const& of, storage::slice row, std::size_t at, std::vector<one_index>& indexes,
                   std::vector<reference>& references) {
        if (!of.rows.is_sound(row.value)) {
            found("the row under " + hex(row.key) + " cannot be read");
            return false;
        }
        of.decode(row.value, values_, nulls_);
        schema::row_reference const cells{values_.data(), nulls_.data()};
        if (of.is_numbered()) {
            if (row.key.size() != schema::id_bytes + 8) found("the key " + hex(row.key) + " is no row's");
        } else if (schema::has_null(*of.primary(), cells)) {
            found("the row under " + hex(row.key) + " has a null in its primary key");
        } else if (schema::row_key(of, cells) != row.key) {
            found(describe(of, row) + " lies under the key of another");
        }
        for (auto& one : indexes) {
            if (!schema::has_entry(*one.index, cells)) continue;
            schema::make_entry_key(entry_key_, *one.index, cells, row.key);
            one.entries.add(entry_key_, row.key.substr(schema::id_bytes), at);
            ++one.expected;
        }
        for (auto& one : references) {
            if (detail::has_null(one.key->columns, cells)) continue;
            target_key const target = key_of_target(*one.parent, *one.key, of, cells);
            if (target.possible) one.targets.add(target.bytes, {}, at);
            else report_reference(of, one, row);
        }
        return true;
    }

    template <class Slices>
    void look_at_entries(layout const& of, one_index& one, Slices const& rows) {
        look_up(one.entries, [&](std::size_t i, std::optional<storage::stored_value> const& there) {
            if (there && there->value == one.entries.values[i]) return;
            one.sound = false;
            storage::slice const row = rows[one.entries.rows[i]];
            std::string const key = columns_text(of, *one.index, row);
            std::string problem = describe(of, row) + " has no entry for " + key;
            if (there) problem = "the entry for " + key + " of " + describe(of, row) + " leads to another row";
            found_in(one.object, std::move(problem));
        });
        one.entries.clear();
    }

    template <class Slices>
    void look_at_targets(layout const& of, reference& one, Slices const& rows) {
        look_up(one.targets, [&](std::size_t i, std::optional<storage::stored_value> const& there) {
            if (!there) report_reference(of, one, rows[one.targets.rows[i]]);
        });
        one.targets.clear();
    }

    void report_reference(layout const& of, reference const& one, storage::slice row) {
        found(describe(of, row) + " refers by foreign key \"" + one.key->name + "\" to a row of table " +
              name_of(*one.parent->table) + " that is not there");
    }

    /// Entries are as many as rows call for, or each is followed.
    void check_entries(layout const& of, one_index const& one, bool rows_readable) {
        std::string const from = storage::object_prefix(one.index->id), to = storage::object_end(one.index->id);
        std::array<storage::slice, batch> slices;
        std::uint64_t entries = 0;
        {
            auto scan = view_.scan(from, to);
            while (std::size_t const n = scan.next_chunk(std::span(slices))) {
                entries += n;
                if (report_.on_progress) report_.on_progress(one.object, entries, std::max(entries, one.expected));
            }
        }
        if (one.sound && rows_readable && entries == one.expected) return;
        auto scan = view_.scan(from, to);
        look_ups targets;
        while (std::size_t const n = scan.next_chunk(std::span(slices))) {
            targets.clear();
            for (std::size_t i = 0; i < n; ++i)
                targets.add(storage::object_prefix(of.table->id) + std::string(slices[i].value), {}, i);
            look_up(targets, [&](std::size_t i, std::optional<storage::stored_value> const& there) {
                if (!there) {
                    found("the entry " + hex(slices[i].key) + " leads to a row that is not there");
                    return;
                }
                if (!of.rows.is_sound(there->value)) return;  // told with the table
                of.decode(there->value, values_, nulls_);
                schema::row_reference const cells{values_.data(), nulls_.data()};
                bool fits = schema::has_entry(*one.index, cells);
                if (fits) schema::make_entry_key(entry_key_, *one.index, cells, targets.keys[i]);
                if (!fits || entry_key_ != slices[i].key) {
                    found("the entry " + hex(slices[i].key) + " is not that of " +
                          describe(of, {targets.keys[i], there->value}) + ", to which it leads");
                }
            });
        }
    }

    template <class Use>
    void look_up(look_ups const& wanted, Use&& use) {
        std::array<std::string_view, batch> keys;
        std::array<std::optional<storage::stored_value>, batch> there;
        std::size_t const n = wanted.keys.size();
        if (n == 0) return;
        for (std::size_t i = 0; i < n; ++i) keys[i] = wanted.keys[i];
        view_.get_many(std::span(keys).first(n), std::span(there).first(n));
        for (std::size_t i = 0; i < n; ++i) use(i, there[i]);
    }

    // ---- words ----

    std::string name_of(schema::table_descriptor const& table) const {
        std::string name = "\"";
        auto const home = catalog_.schema(table.schema);
        auto const database = home ? catalog_.database(home->database) : nullptr;
        if (database) name += database->name + ".";
        return name + table.schema_name + "." + table.name + "\"";
    }

    /// "row (id)=(5)"
    std::string describe(layout const& of, storage::slice row) {
        if (of.is_numbered()) {
            std::uint64_t number = 0;
            for (char const byte : row.key.substr(schema::id_bytes))
                number = number << 8 | static_cast<unsigned char>(byte);
            return "row number " + std::to_string(number);
        }
        return "row " + columns_text(of, *of.primary(), row);
    }
    std::string columns_text(layout const& of, layout::index const& index, storage::slice row) {
        std::vector<std::int16_t> columns;
        for (auto const& part : index.parts) columns.push_back(part.column);
        of.decode(row.value, shown_values_, shown_nulls_);
        constexpr std::string_view word = "Key ";
        return key_text(*of.table, columns, schema::row_reference{shown_values_.data(), shown_nulls_.data()}, settings_)
            .substr(word.size());
    }

    static std::string hex(std::string_view bytes) {
        constexpr std::size_t most = 64;
        std::string text = "\\x";
        for (char const byte : bytes.substr(0, most)) {
            text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
            text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
        }
        return bytes.size() > most ? text + "..." : text;
    }

    // ---- findings ----

    /// Runs a part of the check; damage that keeps it from being done is a finding.
    template <class F>
    void guarded(std::string object, F&& part) {
        object_ = std::move(object);
        try {
            part();
        } catch (error const& e) {
            if (e.code != errc::data_corrupted && e.code != errc::index_corrupted && e.code != errc::internal_error)
                throw;
            found(e.message);
        }
    }
    void found(std::string problem) { found_in(object_, std::move(problem)); }
    void found_in(std::string const& object, std::string problem) {
        ++findings_;
        if (++told_[object] <= report_.most_per_object && report_.on_finding) report_.on_finding(object, problem);
    }
    /// Says how many findings were only counted.
    void sum_up() {
        for (auto& [object, times] : told_) {
            if (times > report_.most_per_object && report_.on_finding)
                report_.on_finding(object, "and " + std::to_string(times - report_.most_per_object) + " more");
        }
        told_.clear();
    }

    std::shared_ptr<layout const> layout_of(schema::object_id id) {
        auto& known = layouts_[id];
        if (!known) {
            if (auto table = catalog_.table(id)) known = std::make_shared<layout const>(table);
        }
        return known;
    }

    View const& view_;
    schema::catalog const& catalog_;
    consistency_report report_;
    format_settings settings_;
    std::map<schema::object_id, std::shared_ptr<layout const>> layouts_;
    std::string object_;
    std::map<std::string, std::uint64_t> told_;
    std::uint64_t findings_ = 0;
    std::vector<datum> values_, shown_values_;
    std::vector<std::uint8_t> nulls_, shown_nulls_;
    std::string entry_key_;
};

}  // namespace phantomdb::exec
