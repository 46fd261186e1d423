/// @file Defines `data_directory`: an open database as the typed side sees it, whatever its schema.
#pragma once

#include <phantomdb/database/volatile_shard.hpp>
#include <phantomdb/exec/call_context.hpp>
#include <phantomdb/exec/row_numbers.hpp>
#include <phantomdb/exec/stored_catalog.hpp>
#include <phantomdb/mvcc/local_shard.hpp>
#include <phantomdb/value/calendar.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace phantomdb {

/// What can be chosen when a database is opened.
struct open_options {
    std::string database = "postgres";  ///< the database of the directory that has the tables
    std::string schema = "public";
    bool migrate = true;                        ///< add what the stored database lacks; false: that is an error
    bool change_engines = false;                ///< rewrite what another engine keeps than the program says
    bool synchronous_commit = true;             ///< false: a crash may lose the last commits, never part of one
    std::chrono::milliseconds lock_timeout{0};  ///< 0: wait for ever
};

/// Store, log and catalog of one directory, or of none. Thread-safe. One process has a directory open at a time.
class data_directory {
public:
    /// Opens or creates. Throws F0001 while another process has the directory open, XX001 for damaged files.
    static std::shared_ptr<data_directory> open(std::string const& directory) {
        return std::shared_ptr<data_directory>(new data_directory(mvcc::local_shard::open(directory)));
    }
    static std::shared_ptr<data_directory> in_memory() {
        mvcc::shard_options options;
        options.background = false;
        return std::shared_ptr<data_directory>(new data_directory(volatile_shard::open("", options)));
    }

    exec::sql_transaction begin(mvcc::transaction_options const& options) { return begin_(options); }
    /// What is committed now, to read without a transaction. No lock, no memory.
    exec::sql_view view() const { return {host_->newest(), {}, nullptr}; }
    /// Writes a checkpoint, so that the next opening reads less.
    void checkpoint() { checkpoint_(); }

    exec::stored_catalog& catalog() { return *catalog_; }
    exec::row_numbers& numbers() { return numbers_; }
    format_settings const& settings() const { return settings_; }
    exec::session_facts const& facts() const { return facts_; }
    std::function<std::int64_t()> const& clock() const { return clock_; }

private:
    template <class Shard>
    explicit data_directory(std::unique_ptr<Shard> opened) {
        std::shared_ptr<Shard> shard = std::move(opened);
        host_ = shard.get();
        begin_ = [shard](mvcc::transaction_options const& options) { return shard->begin(options); };
        checkpoint_ = [shard] { shard->checkpoint(); };
        catalog_.emplace([this] { return begin_({}); });
        clock_ = [] {
            auto since = std::chrono::system_clock::now().time_since_epoch();
            return std::chrono::duration_cast<std::chrono::microseconds>(since).count() + unix_epoch_microseconds;
        };
    }

    std::function<exec::sql_transaction(mvcc::transaction_options const&)> begin_;  // these keep the shard
    std::function<void()> checkpoint_;
    mvcc::transaction_host<exec::sql_transaction::store_type>* host_ = nullptr;
    std::optional<exec::stored_catalog> catalog_;
    exec::row_numbers numbers_;
    format_settings settings_;
    exec::session_facts facts_;
    std::function<std::int64_t()> clock_;
};

}  // namespace phantomdb
