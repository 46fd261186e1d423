/// @file Defines `unit_of_work`, a transaction of the typed API: read, insert, change and query typed rows.
#pragma once

#include <phantomdb/database/data_directory.hpp>
#include <phantomdb/database/migration.hpp>
#include <phantomdb/database/result.hpp>
#include <phantomdb/database/row_codec.hpp>
#include <phantomdb/database/typed_run.hpp>
#include <phantomdb/exec/table_writer.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <random>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace phantomdb {

/// Says what rows are to be put into: `db.run<q>(into<spender>, …)` fills members from the columns of the same names.
template <class View>
struct into_view {};
template <class View>
inline constexpr into_view<View> into{};

namespace detail {

/// The tables of a schema whose rows are objects of `Record`.
template <class Record, class... Tables>
constexpr auto tables_of(type_list<Tables...>) {
    constexpr std::size_t count = (std::size_t{std::is_same_v<typename Tables::record, Record>} + ... + 0);
    static_assert(count > 0, "phantomdb: no table of this schema holds objects of that struct");
    static_assert(count <= 1,
                  "phantomdb: several tables of this schema hold objects of that struct; name one, as in "
                  "insert<table>(object)");
    using found = std::tuple_element_t<[] {
        std::size_t at = 0, i = 0;
        ((std::is_same_v<typename Tables::record, Record> ? at = i++ : i++), ...);
        return at;
    }(),
                                       std::tuple<Tables...>>;
    return std::type_identity<found>{};
}

template <class Table>
constexpr void must_have_primary_key() {
    static_assert(Table::shape.primary_key() != nullptr,
                  "phantomdb: rows are found, changed and removed by primary key, and this table has none");
}

template <class Schema, class Table>
constexpr table_shape const& require_table() {
    static_assert(must_be_sound<Table>::done);
    static_assert(Schema::template has<Table>, "phantomdb: this table is not part of the schema of this database");
    return Table::shape;
}
template <class Table, class... Key>
constexpr void require_key() {
    must_have_primary_key<Table>();
    static_assert(keys_fit<Table, Key...>(),
                  "phantomdb: the arguments are not the primary key of this table, column by column");
}

/// The system's randomness takes many microseconds, so a thread asks for it once.
inline exec::random_stream fresh_random() {
    thread_local exec::random_stream seeds = [] {
        std::random_device system;
        return exec::random_stream(system(), system(), system(), system());
    }();
    return {seeds.next(), seeds.next(), seeds.next(), seeds.next()};
}

template <class Schema, std::size_t N>
constexpr bool knows_all(std::array<table_shape const*, N> const& tables) {
    for (table_shape const* table : tables) {
        bool known = false;
        for (table_shape const* one : Schema::shapes) known = known || one == table;
        if (!known) return false;
    }
    return true;
}

/// The object under a primary key; `from` is a transaction or a view.
template <class Table, class From, class... Key>
std::optional<typename Table::record> find_row(bound_table const& table, From const& from, Key const&... key) {
    auto const row = from.get(converted_row_key<Table>(table, key...));
    if (!row) return std::nullopt;
    return read_record<typename Table::record>(table, *row);
}

/// Calls `use(row)` for every row of a query over what `view` shows; a use that returns false ends the run.
template <class Schema, auto const& Query, class View, class Use, class... Arguments>
void visit_rows(View const& view, bound_schema const& bound, data_directory const& from, exec::random_stream& random,
                std::int64_t began, Use& use, Arguments const&... arguments) {
    constexpr auto const& tables = query::lowered<Query>.tables;
    static_assert(say<query::compiled<Query>::problem>::done);
    static_assert(knows_all<Schema>(tables),
                  "phantomdb: the query reads a table that is not part of this database's schema");
    std::array<schema::table_layout const*, tables.size()> layouts{};
    for (std::size_t i = 0; i < tables.size(); ++i) layouts[i] = bound.of(*tables[i]).planned.get();
    arena memory;
    exec::call_context call{memory, from.settings(), from.facts(), random, from.clock(), began, from.clock()()};
    run_query<Query>(
        view, layouts, call,
        [&](auto& row) {
            if constexpr (std::is_same_v<decltype(use(row)), bool>) {
                return use(row) ? exec::flow_signal::more : exec::flow_signal::stop;
            } else {
                use(row);
                return exec::flow_signal::more;
            }
        },
        arguments...);
}

/// `run` and `for_each` as they are wherever rows come from. `visit(use, arguments...)` calls `use` with each row.
template <auto const& Query, class Visit, class... Arguments>
result<row_of<Query>> collect(Visit&& visit, Arguments const&... arguments) {
    using row_type = row_of<Query>;
    std::vector<row_type> rows;
    auto use = [&](auto const& row) { rows.push_back(read_row<Query, row_type>(row)); };
    visit(use, arguments...);
    return result<row_type>(std::move(rows));
}
template <auto const& Query, class View, class Visit, class... Arguments>
result<View> collect(into_view<View>, Visit&& visit, Arguments const&... arguments) {
    static_assert(say<problem_of_view<Query, View>>::done);
    std::vector<View> rows;
    auto use = [&](auto const& row) { rows.push_back(read_view_row<Query, View>(row)); };
    visit(use, arguments...);
    return result<View>(std::move(rows));
}
template <auto const& Query, class Visit, class... ArgumentsAndFunction>
void hand_on(Visit&& visit, ArgumentsAndFunction&&... arguments) {
    constexpr std::size_t count = sizeof...(ArgumentsAndFunction) - 1;
    auto all = std::forward_as_tuple(arguments...);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        auto& call = std::get<count>(all);
        auto use = [&](auto const& row) { return pass_on<Query>(row, call); };
        visit(use, std::get<I>(all)...);
    }(std::make_index_sequence<count>{});
}

}  // namespace detail

/// One transaction. Everything in it happens or nothing does. One thread at a time. Errors of a single call undo that call
/// only; `commit` makes the rest durable. Rolled back by the destructor unless committed.
template <class Schema>
class unit_of_work {
public:
    unit_of_work(std::shared_ptr<data_directory> from, std::shared_ptr<bound_schema const> bound,
                 exec::stored_catalog::shared catalog, exec::sql_transaction transaction)
        : from_(std::move(from)),
          bound_(std::move(bound)),
          catalog_(std::move(catalog)),
          transaction_(std::move(transaction)),
          random_(detail::fresh_random()),
          began_(from_->clock()()) {}

    // ---- changing rows ----

    /// Adds an object, or a range of them. Throws 23505 where a unique key is taken, 23503 where a foreign key has no target.
    template <class Object>
    void insert(Object const& object) {
        if constexpr (std::ranges::input_range<Object> && !is_adapted<Object>) {
            using table = typename decltype(detail::tables_of<std::ranges::range_value_t<Object>>(
                typename Schema::tables{}))::type;
            insert<table>(object);
        } else {
            insert<typename decltype(detail::tables_of<Object>(typename Schema::tables{}))::type>(object);
        }
    }
    template <class Table, class Object>
        requires is_table<Table>
    void insert(Object const& object) {
        bound_table const& table = bound_->of(detail::require_table<Schema, Table>());
        statement([&](exec::table_writer& writer) {
            row_draft<typename Table::record> draft;
            auto add = [&](typename Table::record const& one) {
                draft.fill(table, one);
                writer.insert(*table.stored, draft.row());
            };
            if constexpr (std::ranges::input_range<Object const> && !is_adapted<Object>) {
                for (auto const& one : object) add(one);
            } else {
                add(object);
            }
        });
    }

    /// Puts an object in the place of the one with its primary key. False where there is none.
    template <class Table, class Object>
        requires is_table<Table>
    bool update(Object const& object) {
        detail::must_have_primary_key<Table>();
        bound_table const& table = bound_->of(detail::require_table<Schema, Table>());
        bool found = false;
        statement([&](exec::table_writer& writer) {
            std::string const key = detail::row_key_of<Table>(table, object);
            auto stored = transaction_.get(key);
            found = stored.has_value();
            if (!found) return;
            std::string const row(*stored);
            row_draft<typename Table::record> before, after;
            before.take(table, row);
            after.take(table, row);
            after.fill(table, object);
            writer.update(*table.stored, key, before.row(), after.row());
        });
        return found;
    }
    template <class Object>
    bool update(Object const& object) {
        return update<typename decltype(detail::tables_of<Object>(typename Schema::tables{}))::type>(object);
    }

    /// Inserts, or updates where the primary key is there already.
    template <class Object>
    void save(Object const& object) {
        using table = typename decltype(detail::tables_of<Object>(typename Schema::tables{}))::type;
        if (!update<table>(object)) insert<table>(object);
    }

    /// Removes the row with this primary key. False where there is none.
    template <class Table, class... Key>
        requires is_table<Table>
    bool erase(Key const&... key) {
        bound_table const& table = bound_->of(detail::require_table<Schema, Table>());
        detail::require_key<Table, Key...>();
        bool found = false;
        statement([&](exec::table_writer& writer) {
            std::string const bytes = detail::converted_row_key<Table>(table, key...);
            auto stored = transaction_.get(bytes);
            found = stored.has_value();
            if (!found) return;
            std::string const row(*stored);
            row_draft<typename Table::record> before;
            before.take(table, row);
            writer.erase(*table.stored, bytes, before.row());
        });
        return found;
    }

    // ---- reading ----

    /// The object with this primary key.
    template <class Table, class... Key>
        requires is_table<Table>
    std::optional<typename Table::record> find(Key const&... key) {
        bound_table const& table = bound_->of(detail::require_table<Schema, Table>());
        detail::require_key<Table, Key...>();
        transaction_.refresh_snapshot();
        return detail::find_row<Table>(table, transaction_, key...);
    }

    /// The rows of a query.
    template <auto const& Query, class... Arguments>
    result<row_of<Query>> run(Arguments const&... arguments) {
        return detail::collect<Query>(visitor<Query>(), arguments...);
    }
    /// The same as objects of a struct of one's own.
    template <auto const& Query, class View, class... Arguments>
    result<View> run(into_view<View> how, Arguments const&... arguments) {
        return detail::collect<Query>(how, visitor<Query>(), arguments...);
    }
    /// Calls the last argument with each row as it is found. Text in a row is a std::string_view, valid during the call.
    /// The function takes the row, or its columns one by one; it may return a bool, false to stop.
    template <auto const& Query, class... ArgumentsAndFunction>
    void for_each(ArgumentsAndFunction&&... arguments) {
        detail::hand_on<Query>(visitor<Query>(), arguments...);
    }

    // ---- the end ----

    /// Makes everything durable and visible. Throws 40001 where another transaction was in the way; then nothing happened.
    void commit() { transaction_.commit(); }
    void rollback() { transaction_.rollback(); }
    bool is_active() const { return transaction_.is_active(); }

private:
    /// Runs a change: all of it, or nothing. Run again where a row changed while it waited for its lock.
    template <class Change>
    void statement(Change&& change) {
        transaction_.refresh_snapshot();
        for (;;) {
            auto savepoint = transaction_.savepoint();
            try {
                exec::table_writer writer(
                    {transaction_, *catalog_, layouts_, from_->numbers(), checks_, from_->settings(), nullptr, {}});
                change(writer);
                writer.finish();
                transaction_.release(savepoint);
                return;
            } catch (mvcc::statement_restart const&) {
                transaction_.rollback_to(savepoint);
                transaction_.release(savepoint);
                transaction_.refresh_snapshot();
            } catch (...) {
                transaction_.rollback_to(savepoint);
                transaction_.release(savepoint);
                throw;
            }
        }
    }

    template <auto const& Query>
    auto visitor() {
        return [this](auto& use, auto const&... arguments) {
            transaction_.refresh_snapshot();
            detail::visit_rows<Schema, Query>(transaction_.view(), *bound_, *from_, random_, began_, use, arguments...);
        };
    }

    std::shared_ptr<data_directory> from_;
    std::shared_ptr<bound_schema const> bound_;
    exec::stored_catalog::shared catalog_;
    exec::sql_transaction transaction_;
    exec::layout_cache layouts_;
    exec::constraint_checks checks_;
    exec::random_stream random_;
    std::int64_t began_;
};

}  // namespace phantomdb
