/// @file Defines what database/untyped_work.hpp declares.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/base/array_view.hpp>
#include <phantomdb/database/bound_schema.hpp>
#include <phantomdb/database/directory_engine.hpp>
#include <phantomdb/database/untyped_work.hpp>
#include <phantomdb/exec/statement_view.hpp>
#include <phantomdb/exec/table_writer.hpp>
#include <phantomdb/value/modifier.hpp>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb {

namespace detail {

/// A row on its way into a table: one datum a stored column. Borrows the text of the cells it was filled from.
class row_draft {
public:
    /// Fills the columns that the program knows. The others keep what they were, or become null.
    /// Throws 22001 and 22003 where a value doesn't fit its column.
    void fill(bound_table const& table, array_view<nullable_datum> cells) {
        begin(table);
        memory_.reset();
        for (std::size_t i = 0; i < cells.size(); ++i) {
            auto column = static_cast<std::size_t>(table.columns[i]);
            nullable_datum cell = cells[i];
            sql_type type = table.stored->table->columns[column].type;
            if (!cell.null && type.modifier != -1) cell.value = apply_modifier(cell.value, type, memory_);
            values_[column] = cell.value;
            nulls_[column] = cell.null;
        }
    }
    /// Takes all columns of a stored row, which must outlive the draft.
    void take(bound_table const& table, std::string_view row) { table.stored->decode(row, values_, nulls_); }

    schema::row_reference row() const { return {values_.data(), nulls_.data()}; }

private:
    void begin(bound_table const& table) {
        std::size_t width = table.stored->rows.size();
        if (values_.size() == width) return;
        values_.assign(width, datum{});
        nulls_.assign(width, 1);
    }

    std::vector<datum> values_;
    std::vector<std::uint8_t> nulls_;
    arena memory_;
};

/// The key of the stored row whose primary key has these values.
inline std::string make_row_key(bound_table const& table, array_view<nullable_datum> values) {
    std::string key;
    schema::append_id(key, table.stored->table->id);
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const& part = table.stored->row_key[i];
        codec::append_key(key, part.type, values[i], part.order);
    }
    return key;
}

/// The same by the row's cells.
inline std::string row_key_of(bound_table const& table, array_view<nullable_datum> row) {
    std::string key;
    schema::append_id(key, table.stored->table->id);
    auto const& columns = table.shape->keys.front().columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto const& part = table.stored->row_key[i];
        codec::append_key(key, part.type, row[static_cast<std::size_t>(columns[i])], part.order);
    }
    return key;
}

/// The system's randomness takes many microseconds, so a thread asks for it once.
inline exec::random_stream fresh_random() {
    thread_local exec::random_stream seeds = [] {
        std::random_device system;
        return exec::random_stream(system(), system(), system(), system());
    }();
    return {seeds.next(), seeds.next(), seeds.next(), seeds.next()};
}

/// The row under a primary key; `from` is a transaction or a view.
template <class From>
void find_row(bound_table const& table, From const& from, array_view<nullable_datum> key, stored_row_sink use) {
    auto const found = from.get(make_row_key(table, key));
    if (found) use(*table.stored, *found);
}

inline void put_layouts(bound_schema const& bound, array_view<table_shape const*> tables,
                        std::span<schema::table_layout const*> layouts) {
    for (std::size_t i = 0; i < tables.size(); ++i) layouts[i] = bound.of(*tables[i]).planned.get();
}

/// Runs a statement that sees `view`.
inline void use_statement(exec::statement_view const& view, data_directory::engine& directory,
                          exec::random_stream& random, std::int64_t began, statement_sink use) {
    arena memory;
    exec::call_context const call{memory, directory.settings, directory.facts, random, directory.clock,
                                  began,  directory.clock()};
    use(view, call);
}

}  // namespace detail

struct untyped_work::engine {
    engine(std::shared_ptr<data_directory> directory, std::shared_ptr<bound_schema const> schema,
           exec::stored_catalog::shared newest, exec::sql_transaction begun)
        : from(std::move(directory)),
          bound(std::move(schema)),
          catalog(std::move(newest)),
          transaction(std::move(begun)),
          began(from->parts().clock()) {}

    std::shared_ptr<data_directory> from;
    std::shared_ptr<bound_schema const> bound;
    exec::stored_catalog::shared catalog;
    exec::sql_transaction transaction;
    std::int64_t began;

    /// What only some transactions need, made by the first call that does: reading a row costs less than making it.
    struct for_changes {
        exec::layout_cache layouts;
        exec::constraint_checks checks;
    };
    std::optional<for_changes> writing;
    std::optional<exec::random_stream> random;
};

struct untyped_work::changes::statement {
    bound_table const& table;
    exec::sql_transaction& transaction;
    exec::table_writer writer;
    detail::row_draft draft;
};

untyped_work::untyped_work(std::unique_ptr<engine> begun) noexcept : engine_(std::move(begun)) {}
untyped_work::untyped_work(untyped_work&&) noexcept = default;
untyped_work& untyped_work::operator=(untyped_work&&) noexcept = default;
untyped_work::~untyped_work() = default;

void untyped_work::changes::insert(array_view<nullable_datum> row) {
    statement_.draft.fill(statement_.table, row);
    statement_.writer.insert(*statement_.table.stored, statement_.draft.row());
}

bool untyped_work::changes::update(array_view<nullable_datum> row) {
    bound_table const& table = statement_.table;
    std::string const key = detail::row_key_of(table, row);
    auto const stored = statement_.transaction.get(key);
    if (!stored) return false;
    std::string const bytes(*stored);
    detail::row_draft before, after;
    before.take(table, bytes);
    after.take(table, bytes);
    after.fill(table, row);
    statement_.writer.update(*table.stored, key, before.row(), after.row());
    return true;
}

bool untyped_work::changes::erase(array_view<nullable_datum> key) {
    bound_table const& table = statement_.table;
    std::string const row_key = detail::make_row_key(table, key);
    auto const stored = statement_.transaction.get(row_key);
    if (!stored) return false;
    std::string const bytes(*stored);
    detail::row_draft before;
    before.take(table, bytes);
    statement_.writer.erase(*table.stored, row_key, before.row());
    return true;
}

void untyped_work::change(table_shape const& table, function_ref<void(changes&)> make) {
    exec::sql_transaction& transaction = engine_->transaction;
    bound_table const& bound = engine_->bound->of(table);
    auto& directory = engine_->from->parts();
    if (!engine_->writing) engine_->writing.emplace();
    transaction.refresh_snapshot();
    for (;;) {
        auto savepoint = transaction.savepoint();
        try {
            changes::statement running{bound,
                                       transaction,
                                       exec::table_writer({transaction,
                                                           *engine_->catalog,
                                                           engine_->writing->layouts,
                                                           directory.numbers,
                                                           engine_->writing->checks,
                                                           directory.settings,
                                                           nullptr,
                                                           {}}),
                                       {}};
            changes made(running);
            make(made);
            running.writer.finish();
            transaction.release(savepoint);
            return;
        } catch (mvcc::statement_restart const&) {
            transaction.rollback_to(savepoint);
            transaction.release(savepoint);
            transaction.refresh_snapshot();
        } catch (...) {
            transaction.rollback_to(savepoint);
            transaction.release(savepoint);
            throw;
        }
    }
}

void untyped_work::find(table_shape const& table, array_view<nullable_datum> key, stored_row_sink use) {
    engine_->transaction.refresh_snapshot();
    detail::find_row(engine_->bound->of(table), engine_->transaction, key, use);
}

void untyped_work::read(array_view<table_shape const*> tables, std::span<schema::table_layout const*> layouts,
                        statement_sink use) {
    detail::put_layouts(*engine_->bound, tables, layouts);
    engine_->transaction.refresh_snapshot();
    exec::statement_view const view(engine_->transaction.view());
    if (!engine_->random) engine_->random.emplace(detail::fresh_random());
    detail::use_statement(view, engine_->from->parts(), *engine_->random, engine_->began, use);
}

void untyped_work::commit() { engine_->transaction.commit(); }
void untyped_work::rollback() { engine_->transaction.rollback(); }
bool untyped_work::is_active() const { return engine_->transaction.is_active(); }

}  // namespace phantomdb
