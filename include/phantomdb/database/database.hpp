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
        return begin(reading()).template find<Table>(key...);
    }
    template <auto const& Query, class... Arguments>
    auto run(Arguments const&... arguments) const {
        return begin(reading()).template run<Query>(arguments...);
    }
    template <auto const& Query, class... ArgumentsAndFunction>
    void for_each(ArgumentsAndFunction&&... arguments) const {
        begin(reading()).template for_each<Query>(std::forward<ArgumentsAndFunction>(arguments)...);
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
        std::mutex mutex;
        std::shared_ptr<bound_schema const> bound;  // as of the newest catalog seen

        state(std::shared_ptr<data_directory> opened, open_options chosen)
            : directory(std::move(opened)), options(std::move(chosen)) {}
    };

    mvcc::transaction_options writing() const {
        mvcc::transaction_options how;
        how.synchronous = shared_->options.synchronous_commit;
        how.lock_timeout = shared_->options.lock_timeout;
        return how;
    }
    mvcc::transaction_options reading() const {
        mvcc::transaction_options how = writing();
        how.read_only = true;
        return how;
    }

    transaction begin(mvcc::transaction_options const& how) const {
        exec::stored_catalog& stored = shared_->directory->catalog();
        std::optional<exec::sql_transaction> begun;
        auto catalog = stored.pair_with_snapshot(nullptr, [&] { begun.emplace(shared_->directory->begin(how)); });
        std::shared_ptr<bound_schema const> bound;
        {
            std::lock_guard const hold(shared_->mutex);
            if (!shared_->bound || shared_->bound->version != catalog->version()) {
                auto home = find_home(*catalog, {shared_->options.database, shared_->options.schema});
                shared_->bound = bind_schema(*catalog, home, Schema::shapes);
            }
            bound = shared_->bound;
        }
        return transaction(shared_->directory, std::move(bound), std::move(catalog), std::move(*begun));
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
