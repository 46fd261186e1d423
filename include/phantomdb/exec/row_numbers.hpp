/// @file Defines `row_numbers`, which numbers the rows of tables that have no primary key.
#pragma once

#include <phantomdb/exec/sql_transaction.hpp>
#include <phantomdb/schema/table_layout.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace phantomdb::exec {

/// Counters, one per table, shared by all transactions of a database. A number is given out once as long as the process
/// lives; after that the counter starts behind the last row there is. Thread-safe.
class row_numbers {
public:
    using counter = std::atomic<std::uint64_t>;

    /// The counter of a table. Keep it: `fetch_add` gives the next number.
    std::shared_ptr<counter> of(sql_transaction const& transaction, schema::object_id table) {
        std::lock_guard hold(mutex_);
        auto& found = counters_[table];
        if (!found) found = std::make_shared<counter>(after_last(transaction, table));
        return found;
    }

    /// Puts every counter behind the last row there is: others may have added some.
    void catch_up(sql_transaction const& transaction) {
        std::lock_guard hold(mutex_);
        for (auto& [table, known] : counters_) {
            std::uint64_t const least = after_last(transaction, table);
            for (std::uint64_t now = known->load(); now < least && !known->compare_exchange_weak(now, least);) {
            }
        }
    }

private:
    static std::uint64_t after_last(sql_transaction const& transaction, schema::object_id table) {
        std::string from, to;
        schema::append_id(from, table);
        schema::append_id(to, table + 1);
        auto scan = transaction.latest_view().scan_backward(from, to);
        storage::slice last[1];
        if (scan.next_chunk(last) == 0 || last[0].key.size() != schema::id_bytes + 8) return 1;
        std::uint64_t number = 0;
        for (char byte : last[0].key.substr(schema::id_bytes)) number = number << 8 | static_cast<unsigned char>(byte);
        return number + 1;
    }

    std::mutex mutex_;
    std::map<schema::object_id, std::shared_ptr<counter>> counters_;
};

}  // namespace phantomdb::exec
