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

#include <phantomdb/database/explain.hpp>
#include <phantomdb/database/unit_of_work.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
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
        : shared_(std::make_shared<state>(std::move(directory), std::move(options))) {
        static_assert(must_be_sound<Schema>::done);
        if (shared_->options.migrate) {
            auto work = shared_->directory->begin({});
            migrate(shared_->directory->catalog(), work, {shared_->options.database, shared_->options.schema},
                    Schema::shapes, {shared_->options.change_engines});
        }
        static_cast<void>(begin());  // reports what differs now rather than at the first query
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
        table_shape const& table = detail::require_table<Schema, Table>();
        detail::require_key<Table, Key...>();
        return reading([&](exec::sql_view const& view, bound_schema const& bound) {
            return detail::find_row<Table>(bound.of(table), view, key...);
        });
    }
    template <auto const& Query, class... Arguments>
    result<row_of<Query>> run(Arguments const&... arguments) const {
        return detail::collect<Query>(visitor<Query>(), arguments...);
    }
    template <auto const& Query, class View, class... Arguments>
    result<View> run(into_view<View> how, Arguments const&... arguments) const {
        return detail::collect<Query>(how, visitor<Query>(), arguments...);
    }
    template <auto const& Query, class... ArgumentsAndFunction>
    void for_each(ArgumentsAndFunction&&... arguments) const {
        detail::hand_on<Query>(visitor<Query>(), arguments...);
    }

    // ---- several calls, one transaction ----

    /// Calls `work(tx)` and commits; gives what `work` returns. Where another transaction is in the way (40001, 40P01)
    /// everything is undone and `work` is called again, after a pause that grows: it must not change anything else.
    /// Any other exception undoes everything and is passed on.
    template <class Work>
    auto transact(Work&& work, mvcc::isolation level = mvcc::isolation::serializable) {
        for (int attempt = 0;; ++attempt) {
            try {
                mvcc::transaction_options how = writing();
                how.level = level;
                transaction tx = begin(how);
                if constexpr (std::is_void_v<decltype(work(tx))>) {
                    work(tx);
                    if (tx.is_active()) tx.commit();
                    return;
                } else {
                    auto made = work(tx);
                    if (tx.is_active()) tx.commit();
                    return made;
                }
            } catch (error const& e) {
                bool retry = e.code == errc::serialization_failure || e.code == errc::deadlock_detected;
                if (!retry || attempt == most_retries) throw;
            }
            pause(attempt);
        }
    }

    /// A transaction to commit oneself.
    transaction begin(mvcc::isolation level = mvcc::isolation::read_committed) const {
        mvcc::transaction_options how = writing();
        how.level = level;
        return begin(how);
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
    void checkpoint() { shared_->directory->checkpoint(); }

    data_directory& directory() const { return *shared_->directory; }

private:
    static constexpr int most_retries = 100;

    struct state {
        std::shared_ptr<data_directory> directory;
        open_options options;
        std::uint64_t number = next_number.fetch_add(1);  // tells databases apart, also those that are gone
        std::mutex mutex;
        std::shared_ptr<bound_schema const> bound;  // as of the newest catalog seen

        static inline std::atomic<std::uint64_t> next_number{1};

        state(std::shared_ptr<data_directory> opened, open_options chosen)
            : directory(std::move(opened)), options(std::move(chosen)) {}
    };

    mvcc::transaction_options writing() const {
        mvcc::transaction_options how;
        how.synchronous = shared_->options.synchronous_commit;
        how.lock_timeout = shared_->options.lock_timeout;
        return how;
    }

    transaction begin(mvcc::transaction_options const& how) const {
        std::optional<exec::sql_transaction> begun;
        auto catalog = shared_->directory->catalog().pair_with_snapshot(
            nullptr, [&] { begun.emplace(shared_->directory->begin(how)); });
        auto bound = bind(*catalog);
        return transaction(shared_->directory, std::move(bound), std::move(catalog), std::move(*begun));
    }

    std::shared_ptr<bound_schema const> bind(schema::catalog const& catalog) const {
        std::lock_guard const hold(shared_->mutex);
        if (!shared_->bound || shared_->bound->version != catalog.version()) {
            auto home = find_home(catalog, {shared_->options.database, shared_->options.schema});
            shared_->bound = bind_schema(catalog, home, Schema::shapes);
        }
        return shared_->bound;
    }

    /// Reads what is committed now: `read(view, bound)`. A single read needs no transaction around it. Takes no lock and
    /// allocates nothing where this thread has seen the newest catalog of this database before.
    template <class Read>
    auto reading(Read&& read) const {
        struct seen {
            std::uint64_t database = 0;
            std::shared_ptr<bound_schema const> bound;
        };
        thread_local seen last;
        exec::stored_catalog const& stored = shared_->directory->catalog();
        exec::sql_view view;
        auto const take = [&] { view = shared_->directory->view(); };
        if (last.database != shared_->number || !stored.is_still(last.bound->version, take)) {
            last = {shared_->number, bind(*stored.pair_with_snapshot(nullptr, take))};
        }
        // `read` may come back here through a function of the caller, and see a newer catalog.
        if constexpr (std::is_void_v<decltype(read(view, *last.bound))>) {
            auto const bound = last.bound;
            read(view, *bound);
        } else {
            return read(view, *last.bound);
        }
    }
    template <auto const& Query>
    auto visitor() const {
        return [this](auto& use, auto const&... arguments) {
            reading([&](exec::sql_view const& view, bound_schema const& bound) {
                data_directory const& from = *shared_->directory;
                auto random = detail::fresh_random();
                detail::visit_rows<Schema, Query>(view, bound, from, random, from.clock()(), use, arguments...);
            });
        };
    }

    template <class Work>
    auto alone(Work&& work) {
        return transact(std::forward<Work>(work), mvcc::isolation::read_committed);
    }

    /// Waits a little longer each time, and not equally long for everybody.
    static void pause(int attempt) {
        thread_local std::minstd_rand random(std::random_device{}());
        int most = 50 << std::min(attempt, 10);  // µs, up to 51 ms
        std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<int>(0, most)(random)));
    }

    std::shared_ptr<state> shared_;
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
