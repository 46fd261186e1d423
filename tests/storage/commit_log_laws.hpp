/// @file Defines the laws of `commit_log`: what every model must do.
#pragma once

#include <phantomdb/storage/commit_log.hpp>

#include "support/catch.hpp"

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace phantomdb::storage::laws {

using records = std::map<lsn_type, std::string>;

/// `open(replay)` gives a log (in a pointer) over the same storage each time.
template <class Open>
void keeps_what_it_acknowledged(Open const& open) {
    records written;
    lsn_type last = 0;
    for (int round = 0; round < 5; ++round) {
        records replayed;
        auto log = open([&](lsn_type lsn, std::string_view payload) { replayed[lsn] = payload; });
        static_assert(commit_log<std::remove_reference_t<decltype(*log)>>);
        REQUIRE(replayed == written);
        REQUIRE(log->last() == last);
        for (int i = 0; i < 200; ++i) {
            std::string const payload(static_cast<std::size_t>(i * i % 3000), static_cast<char>('a' + round));
            lsn_type const lsn = log->append(payload);
            REQUIRE(lsn > last);
            last = lsn;
            written[lsn] = payload;
            if (i % 7 == 0) {
                log->wait_durable(lsn);
                REQUIRE(log->durable() >= lsn);
            }
        }
        log->wait_durable(last);
        REQUIRE(log->durable() == last);
        records read;
        log->read(0, [&](lsn_type lsn, std::string_view payload) { read[lsn] = payload; });
        REQUIRE(read == written);
        lsn_type const middle = last - 300 < last ? last - 100 : 1;
        read.clear();
        log->read(middle, [&](lsn_type lsn, std::string_view payload) { read[lsn] = payload; });
        REQUIRE(read == records(written.lower_bound(middle), written.end()));
    }
}

template <class Open>
void gives_many_threads_one_order(Open const& open) {
    records written;
    std::mutex mutex;
    {
        auto log = open(log_reader());
        std::vector<std::thread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 100; ++i) {
                    std::string const payload = std::to_string(t) + "/" + std::to_string(i);
                    lsn_type const lsn = log->append(payload);
                    if (i % 3 == 0) {
                        log->wait_written(lsn);
                    } else {
                        log->wait_durable(lsn);
                    }
                    std::lock_guard const hold(mutex);
                    if (!written.emplace(lsn, payload).second) FAIL("a position was given out twice");
                }
            });
        }
        for (auto& thread : threads) thread.join();
        log->wait_durable(log->last());
        REQUIRE(log->statistics().records == 800);
    }
    records replayed;
    auto log = open([&](lsn_type lsn, std::string_view payload) { replayed[lsn] = payload; });
    REQUIRE(replayed == written);
}

/// Truncation drops records from the front only, and never ones that are needed.
template <class Open>
void forgets_from_the_front(Open const& open) {
    auto log = open(log_reader());
    for (int i = 1; i <= 1000; ++i) log->append(std::string(500, 'x'));
    lsn_type const last = log->last();
    log->wait_durable(last);
    auto const bytes = log->statistics().bytes;
    log->truncate(last - 100);
    records read;
    log->read(0, [&](lsn_type lsn, std::string_view payload) { read[lsn] = payload; });
    REQUIRE(read.rbegin()->first == last);
    REQUIRE(read.begin()->first <= last - 100);
    REQUIRE(read.rbegin()->first - read.begin()->first + 1 == read.size());
    REQUIRE(log->statistics().bytes < bytes);
}

}  // namespace phantomdb::storage::laws
