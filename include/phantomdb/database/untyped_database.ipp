/// @file Defines what database/untyped_database.hpp declares.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/database/migration.hpp>
#include <phantomdb/database/untyped_database.hpp>
#include <phantomdb/database/untyped_work.ipp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

namespace phantomdb {

struct untyped_database::state {
    std::shared_ptr<data_directory> directory;
    open_options options;
    array_view<table_shape const*> shapes;
    std::uint64_t number = next_number.fetch_add(1);  // tells databases apart, also those that are gone
    std::mutex mutex;
    std::shared_ptr<bound_schema const> bound;  // as of the newest catalog seen

    state(std::shared_ptr<data_directory> opened, open_options chosen, array_view<table_shape const*> tables)
        : directory(std::move(opened)), options(std::move(chosen)), shapes(tables) {}

    static inline std::atomic<std::uint64_t> next_number{1};

    std::shared_ptr<bound_schema const> bind(schema::catalog const& catalog) {
        std::lock_guard const hold(mutex);
        if (!bound || bound->version != catalog.version()) {
            auto home = find_home(catalog, {options.database, options.schema});
            bound = bind_schema(catalog, home, shapes);
        }
        return bound;
    }

    /// Calls `use(view, bound)` with what is committed now. `bound` is this thread's: it stays until the thread reads again.
    template <class Use>
    void reading(Use&& use) {
        struct seen {
            std::uint64_t database = 0;
            std::shared_ptr<bound_schema const> bound;
        };
        thread_local seen last;
        auto& parts = directory->parts();
        exec::stored_catalog const& stored = *parts.catalog;
        exec::sql_view view;
        auto const take = [&] { view = parts.view(); };
        if (last.database != number || !stored.is_still(last.bound->version, take)) {
            last = {number, bind(*stored.pair_with_snapshot(nullptr, take))};
        }
        use(std::move(view), last.bound);
    }
};

namespace detail {

/// Waits a little longer each time, and not equally long for everybody.
inline void pause_before(int attempt) {
    thread_local std::minstd_rand random(std::random_device{}());
    int most = 50 << std::min(attempt, 10);  // µs, up to 51 ms
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<int>(0, most)(random)));
}

}  // namespace detail

untyped_database::untyped_database(std::shared_ptr<data_directory> directory, open_options options,
                                   array_view<table_shape const*> shapes)
    : shared_(std::make_shared<state>(std::move(directory), std::move(options), shapes)) {
    if (shared_->options.migrate) {
        auto& parts = shared_->directory->parts();
        auto work = parts.begin({});
        migrate(*parts.catalog, work, {shared_->options.database, shared_->options.schema}, shapes,
                {shared_->options.change_engines});
    }
    static_cast<void>(begin(mvcc::isolation::read_committed));  // reports what differs now, not at the first query
}

untyped_work untyped_database::begin(mvcc::isolation level) const {
    mvcc::transaction_options how;
    how.level = level;
    how.synchronous = shared_->options.synchronous_commit;
    how.lock_timeout = shared_->options.lock_timeout;
    auto& parts = shared_->directory->parts();
    std::optional<exec::sql_transaction> begun;
    auto catalog = parts.catalog->pair_with_snapshot(nullptr, [&] { begun.emplace(parts.begin(how)); });
    auto bound = shared_->bind(*catalog);
    return untyped_work(std::make_unique<untyped_work::engine>(shared_->directory, std::move(bound), std::move(catalog),
                                                               std::move(*begun)));
}

void untyped_database::transact(mvcc::isolation level, function_ref<void(untyped_work&&)> attempt) const {
    constexpr int most_retries = 100;
    for (int retries = 0;; ++retries) {
        try {
            attempt(begin(level));
            return;
        } catch (error const& e) {
            bool again = e.code == errc::serialization_failure || e.code == errc::deadlock_detected;
            if (!again || retries == most_retries) throw;
        }
        detail::pause_before(retries);
    }
}

void untyped_database::find(table_shape const& table, array_view<nullable_datum> key, stored_row_sink use) const {
    shared_->reading([&](exec::sql_view const& view, std::shared_ptr<bound_schema const> const& bound) {
        detail::find_row(bound->of(table), view, key, use);
    });
}

void untyped_database::read(array_view<table_shape const*> tables, std::span<schema::table_layout const*> layouts,
                            statement_sink use) const {
    // By value: `use` may come back here through a function of the caller, and see a newer catalog.
    shared_->reading([&](exec::sql_view view, std::shared_ptr<bound_schema const> bound) {
        detail::put_layouts(*bound, tables, layouts);
        exec::statement_view const statement(std::move(view));
        auto random = detail::fresh_random();
        auto& parts = shared_->directory->parts();
        detail::use_statement(statement, parts, random, parts.clock(), use);
    });
}

data_directory& untyped_database::directory() const { return *shared_->directory; }

}  // namespace phantomdb
