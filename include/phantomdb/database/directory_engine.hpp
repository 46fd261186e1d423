/// @file Defines `data_directory::engine`: the store, the log and the catalog behind an open database.
#pragma once

#include <phantomdb/database/data_directory.hpp>
#include <phantomdb/exec/call_context.hpp>
#include <phantomdb/exec/row_numbers.hpp>
#include <phantomdb/exec/sql_transaction.hpp>
#include <phantomdb/exec/stored_catalog.hpp>
#include <phantomdb/value/calendar.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace phantomdb {

struct data_directory::engine {
    template <class Shard>
    explicit engine(std::unique_ptr<Shard> opened) {
        std::shared_ptr<Shard> shard = std::move(opened);
        host = shard.get();
        begin = [shard](mvcc::transaction_options const& options) { return shard->begin(options); };
        checkpoint = [shard] { shard->checkpoint(); };
        catalog.emplace([this] { return begin({}); });
        clock = [] {
            auto since = std::chrono::system_clock::now().time_since_epoch();
            return std::chrono::duration_cast<std::chrono::microseconds>(since).count() + unix_epoch_microseconds;
        };
    }

    /// What is committed now, to read without a transaction. No lock, no memory.
    exec::sql_view view() const { return {host->newest(), {}, nullptr}; }

    std::function<exec::sql_transaction(mvcc::transaction_options const&)> begin;  // these keep the shard
    std::function<void()> checkpoint;
    mvcc::transaction_host<exec::sql_transaction::store_type>* host = nullptr;
    std::optional<exec::stored_catalog> catalog;
    exec::row_numbers numbers;
    format_settings settings;
    exec::session_facts facts;
    std::function<std::int64_t()> clock;
};

}  // namespace phantomdb
