/// @file Defines `engine_advice`, which engine objects that leave the choice to the store should be in.
///
/// Looked at now and then. What has been done to an object since the last look decides, if it was much:
/// 1. Mostly written (`writes_per_read` times as many rows as were read): log-structured.
/// 2. Mostly read (`reads_per_write` times as many as were written): B+tree.
/// 3. Between: it stays. So it does for `rest` after a move, that a workload which swings does not have it copied all the time.
#pragma once

#include <phantomdb/storage/hybrid/routes.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace phantomdb::mvcc {

struct engine_advice_options {
    std::uint64_t least_rows = 50'000;  ///< read and written, for a look to say anything
    double writes_per_read = 4;
    double reads_per_write = 2;
    std::chrono::milliseconds rest{60'000};
};

/// One thread at a time.
class engine_advice {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit engine_advice(engine_advice_options options = {}) : options_(options) {}

    /// Objects to move, and where to. O(objects with a record).
    std::vector<std::pair<std::uint32_t, codec::engine>> look(storage::routes const& known, time_point now) {
        std::vector<std::pair<std::uint32_t, codec::engine>> moves;
        for (storage::route const& r : known.all()) {
            if (r.asked_for != codec::engine::hybrid || r.moving_to || r.load == nullptr) continue;
            seen& before = seen_[r.object];
            std::uint64_t const written = r.load->rows_written.load(std::memory_order_relaxed);
            std::uint64_t const read = r.load->rows_read.load(std::memory_order_relaxed);
            auto const writes = static_cast<double>(written - before.written);
            auto const reads = static_cast<double>(read - before.read);
            if (writes + reads < static_cast<double>(options_.least_rows)) continue;
            before.written = written, before.read = read;
            if (before.moved != time_point{} && now - before.moved < options_.rest) continue;
            codec::engine better = r.where;
            if (writes > options_.writes_per_read * reads) better = codec::engine::lsm;
            if (reads > options_.reads_per_write * writes) better = codec::engine::btree;
            if (better == r.where) continue;
            before.moved = now;
            moves.emplace_back(r.object, better);
        }
        return moves;
    }

private:
    struct seen {
        std::uint64_t written = 0, read = 0;
        time_point moved{};
    };
    engine_advice_options options_;
    std::map<std::uint32_t, seen> seen_;
};

}  // namespace phantomdb::mvcc
