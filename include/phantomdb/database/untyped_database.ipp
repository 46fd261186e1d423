/// @file Defines what database/untyped_database.hpp declares.
#pragma once

#include <phantomdb/database/migration.hpp>
#include <phantomdb/database/untyped_database.hpp>
#include <phantomdb/database/untyped_work.ipp>

#include <algorithm>
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
    std::span<table_shape const* const> shapes;
    std::mutex mutex;
    std::shared_ptr<bound_schema const> bound;  // as of the newest catalog seen

    state(std::shared_ptr<data_directory> opened, open_options chosen, std::span<table_shape const* const> tables)
        : directory(std::move(opened)), options(std::move(chosen)), shapes(tables) {}
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
                                   std::span<table_shape const* const> shapes)
    : shared_(std::make_shared<state>(std::move(directory), std::move(options), shapes)) {
    if (shared_->options.migrate) {
        auto& parts = shared_->directory->parts();
        auto work = parts.begin({});
        migrate(*parts.catalog, work, {shared_->options.database, shared_->options.schema}, shapes);
    }
    static_cast<void>(
        begin(mvcc::isolation::read_committed, false));  // reports what differs now, not at the first query
}

untyped_work untyped_database::begin(mvcc::isolation level, bool read_only) const {
    mvcc::transaction_options how;
    how.level = level;
    how.read_only = read_only;
    how.synchronous = shared_->options.synchronous_commit;
    how.lock_timeout = shared_->options.lock_timeout;
    auto& parts = shared_->directory->parts();
    std::optional<exec::sql_transaction> begun;
    auto catalog = parts.catalog->pair_with_snapshot(nullptr, [&] { begun.emplace(parts.begin(how)); });
    std::shared_ptr<bound_schema const> bound;
    {
        std::lock_guard const hold(shared_->mutex);
        if (!shared_->bound || shared_->bound->version != catalog->version()) {
            auto home = find_home(*catalog, {shared_->options.database, shared_->options.schema});
            shared_->bound = bind_schema(*catalog, home, shared_->shapes);
        }
        bound = shared_->bound;
    }
    return untyped_work(std::make_unique<untyped_work::engine>(shared_->directory, std::move(bound), std::move(catalog),
                                                               std::move(*begun)));
}

void untyped_database::transact(mvcc::isolation level, function_ref<void(untyped_work&&)> attempt) const {
    constexpr int most_retries = 100;
    for (int retries = 0;; ++retries) {
        try {
            attempt(begin(level, false));
            return;
        } catch (error const& e) {
            bool again = e.code == errc::serialization_failure || e.code == errc::deadlock_detected;
            if (!again || retries == most_retries) throw;
        }
        detail::pause_before(retries);
    }
}

data_directory& untyped_database::directory() const { return *shared_->directory; }

}  // namespace phantomdb
