/// @file Defines `unit_of_work`, a transaction of the typed API: read, insert, change and query typed rows.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/database/result.hpp>
#include <phantomdb/database/row_cells.hpp>
#include <phantomdb/database/typed_run.hpp>
#include <phantomdb/database/untyped_work.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
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
    static_assert(Table::shape.has_primary_key(),
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

template <class Schema, std::size_t N>
constexpr bool knows_all(std::array<table_shape const*, N> const& tables) {
    for (table_shape const* table : tables) {
        bool known = false;
        for (table_shape const* one : Schema::shapes) known = known || is_same(*one, *table);
        if (!known) return false;
    }
    return true;
}

// What reads is written once for transactions (`untyped_work`) and single reads (`untyped_database`).

/// The object under a primary key.
template <class Schema, class Table, class From, class... Key>
std::optional<typename Table::record> find_object(From& from, Key const&... key) {
    using record = typename Table::record;
    require_key<Table, Key...>();
    std::optional<record> found;
    with_key<Table>(
        [&](array_view<nullable_datum> cells) {
            from.find(require_table<Schema, Table>(), cells,
                      [&](schema::table_layout const& layout, std::string_view row) {
                          found.emplace(read_record<record>(layout, row));
                      });
        },
        key...);
    return found;
}

/// Calls `use(row)` for every row of a query; a use that returns false ends the run.
template <class Schema, auto const& Query, class From, class Use, class... Arguments>
void visit_rows(From& from, Use&& use, Arguments const&... arguments) {
    constexpr auto const& tables = query::lowered<Query>.tables;
    static_assert(say<query::compiled<Query>::problem>::done);
    static_assert(knows_all<Schema>(tables),
                  "phantomdb: the query reads a table that is not part of this database's schema");
    std::array<schema::table_layout const*, tables.size()> layouts{};
    from.read(tables, layouts, [&](exec::statement_view const& view, exec::call_context const& call) {
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
    });
}

/// `run` and `for_each`.
template <class Schema, auto const& Query, class From, class... Arguments>
result<row_of<Query>> collect(From& from, Arguments const&... arguments) {
    using row_type = row_of<Query>;
    std::vector<row_type> rows;
    visit_rows<Schema, Query>(
        from, [&](auto const& row) { rows.push_back(read_row<Query, row_type>(row)); }, arguments...);
    return result<row_type>(std::move(rows));
}
template <class Schema, auto const& Query, class From, class View, class... Arguments>
result<View> collect(From& from, into_view<View>, Arguments const&... arguments) {
    static_assert(say<problem_of_view<Query, View>>::done);
    std::vector<View> rows;
    visit_rows<Schema, Query>(
        from, [&](auto const& row) { rows.push_back(read_view_row<Query, View>(row)); }, arguments...);
    return result<View>(std::move(rows));
}
template <class Schema, auto const& Query, class From, class... ArgumentsAndFunction>
void hand_on(From& from, ArgumentsAndFunction&&... arguments) {
    constexpr std::size_t count = sizeof...(ArgumentsAndFunction) - 1;
    auto all = std::forward_as_tuple(arguments...);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        auto& call = std::get<count>(all);
        visit_rows<Schema, Query>(
            from, [&](auto const& row) { return pass_on<Query>(row, call); }, std::get<I>(all)...);
    }(std::make_index_sequence<count>{});
}

}  // namespace detail

/// One transaction. Everything in it happens or nothing does. One thread at a time. Errors of a single call undo that call
/// only; `commit` makes the rest durable. Rolled back by the destructor unless committed.
template <class Schema>
class unit_of_work {
public:
    explicit unit_of_work(untyped_work begun) : work_(std::move(begun)) {}

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
        work_.change(detail::require_table<Schema, Table>(), [&](untyped_work::changes& changes) {
            row_cells<typename Table::record> cells;
            if constexpr (std::ranges::input_range<Object const> && !is_adapted<Object>) {
                for (typename Table::record const& one : object) changes.insert(cells.fill(one));
            } else {
                changes.insert(cells.fill(object));
            }
        });
    }

    /// Puts an object in the place of the one with its primary key. False where there is none.
    template <class Table, class Object>
        requires is_table<Table>
    bool update(Object const& object) {
        detail::must_have_primary_key<Table>();
        bool found = false;
        work_.change(detail::require_table<Schema, Table>(), [&](untyped_work::changes& changes) {
            row_cells<typename Table::record> cells;
            found = changes.update(cells.fill(object));
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
        detail::require_key<Table, Key...>();
        bool found = false;
        detail::with_key<Table>(
            [&](array_view<nullable_datum> cells) {
                work_.change(detail::require_table<Schema, Table>(),
                             [&](untyped_work::changes& changes) { found = changes.erase(cells); });
            },
            key...);
        return found;
    }

    // ---- reading ----

    /// The object with this primary key.
    template <class Table, class... Key>
        requires is_table<Table>
    std::optional<typename Table::record> find(Key const&... key) {
        return detail::find_object<Schema, Table>(work_, key...);
    }

    /// The rows of a query.
    template <auto const& Query, class... Arguments>
    result<row_of<Query>> run(Arguments const&... arguments) {
        return detail::collect<Schema, Query>(work_, arguments...);
    }
    /// The same as objects of a struct of one's own.
    template <auto const& Query, class View, class... Arguments>
    result<View> run(into_view<View> how, Arguments const&... arguments) {
        return detail::collect<Schema, Query>(work_, how, arguments...);
    }
    /// Calls the last argument with each row as it is found. Text in a row is a std::string_view, valid during the call.
    /// The function takes the row, or its columns one by one; it may return a bool, false to stop.
    template <auto const& Query, class... ArgumentsAndFunction>
    void for_each(ArgumentsAndFunction&&... arguments) {
        detail::hand_on<Schema, Query>(work_, arguments...);
    }

    // ---- the end ----

    /// Makes everything durable and visible. Throws 40001 where another transaction was in the way; then nothing happened.
    void commit() { work_.commit(); }
    void rollback() { work_.rollback(); }
    bool is_active() const { return work_.is_active(); }

private:
    untyped_work work_;
};

}  // namespace phantomdb
