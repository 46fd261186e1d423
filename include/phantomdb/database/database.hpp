/// @file Defines `database`, the embedding API: open a directory, work on typed rows. Start reading here.
///
///     auto db = phantomdb::open<shop>("shop.phantom");
///     db.insert(user{1, "Ada", 36});
///     for (auto const& [name, spent] : db.run<big_spenders>("min_age"_arg = 18)) …
///     db.transact([&](auto& tx) { auto ada = *tx.template find<users>(1); ++ada.age; tx.update(ada); });
///
/// The directory is the one that phantomd and phantomsql open: tables are in the database "postgres", schema "public",
/// unless the options say otherwise.
#pragma once

#include <phantomdb/database/data_directory.hpp>
#include <phantomdb/database/explain.hpp>
#include <phantomdb/database/unit_of_work.hpp>
#include <phantomdb/database/untyped_database.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace phantomdb {

/// An open database with the tables of `Schema`. Thread-safe; copies share what is open, and the last one closes it.
template <class Schema>
class database {
public:
    using schema_type = Schema;
    using transaction = unit_of_work<Schema>;

    database(std::shared_ptr<data_directory> directory, open_options options)
        : open_(std::move(directory), std::move(options), Schema::shapes) {
        static_assert(must_be_sound<Schema>::done);
    }

    // ---- one call, one transaction ----

    template <class... Explicit, class Object>
    void insert(Object const& object) {
        alone([&](transaction& tx) { tx.template insert<Explicit...>(object); });
    }
    template <class... Explicit, class Object>
    bool update(Object const& object) {
        return alone([&](transaction& tx) { return tx.template update<Explicit...>(object); });
    }
    template <class Object>
    void save(Object const& object) {
        alone([&](transaction& tx) { tx.save(object); });
    }
    template <class Table, class... Key>
    bool erase(Key const&... key) {
        return alone([&](transaction& tx) { return tx.template erase<Table>(key...); });
    }
    template <class Table, class... Key>
    std::optional<typename Table::record> find(Key const&... key) const {
        return detail::find_object<Schema, Table>(open_, key...);
    }
    template <auto const& Query, class... Arguments>
    result<row_of<Query>> run(Arguments const&... arguments) const {
        return detail::collect<Schema, Query>(open_, arguments...);
    }
    template <auto const& Query, class View, class... Arguments>
    result<View> run(into_view<View> how, Arguments const&... arguments) const {
        return detail::collect<Schema, Query>(open_, how, arguments...);
    }
    template <auto const& Query, class... ArgumentsAndFunction>
    void for_each(ArgumentsAndFunction&&... arguments) const {
        detail::hand_on<Schema, Query>(open_, arguments...);
    }

    // ---- several calls, one transaction ----

    /// Calls `work(tx)` and commits; gives what `work` returns. Where another transaction is in the way (40001, 40P01)
    /// everything is undone and `work` is called again, after a pause that grows: it must not change anything else.
    /// Any other exception undoes everything and is passed on.
    template <class Work>
    auto transact(Work&& work, mvcc::isolation level = mvcc::isolation::serializable) {
        using made = std::decay_t<decltype(work(std::declval<transaction&>()))>;
        if constexpr (std::is_void_v<made>) {
            open_.transact(level, [&](untyped_work&& begun) {
                transaction tx(std::move(begun));
                work(tx);
                if (tx.is_active()) tx.commit();
            });
        } else {
            std::optional<made> result;
            open_.transact(level, [&](untyped_work&& begun) {
                transaction tx(std::move(begun));
                result.emplace(work(tx));
                if (tx.is_active()) tx.commit();
            });
            return *std::move(result);
        }
    }

    /// A transaction to commit oneself.
    transaction begin(mvcc::isolation level = mvcc::isolation::read_committed) const {
        return transaction(open_.begin(level));
    }

    // ---- looking at queries ----

    /// The plan the compiler chose for a query, and the SQL the query means.
    template <auto const& Query>
    std::string explain() const {
        return phantomdb::explain<Query>();
    }
    template <auto const& Query>
    std::string to_sql() const {
        return phantomdb::to_sql<Query>();
    }

    /// Writes a checkpoint, so that the next opening reads less of the log.
    void checkpoint() { open_.directory().checkpoint(); }

    data_directory& directory() const { return open_.directory(); }

private:
    template <class Work>
    auto alone(Work&& work) {
        return transact(std::forward<Work>(work), mvcc::isolation::read_committed);
    }

    untyped_database open_;
};

/// Opens the database in a directory, creating what is missing (see database/migration.hpp).
/// Throws F0001 while another process has it open, 42804 where it differs from the schema, XX001 where files are damaged.
template <class Schema>
database<Schema> open(std::string const& directory, open_options options = {}) {
    return database<Schema>(data_directory::open(directory), std::move(options));
}

/// A database that ends with the process.
template <class Schema>
database<Schema> in_memory(open_options options = {}) {
    return database<Schema>(data_directory::in_memory(), std::move(options));
}

}  // namespace phantomdb
