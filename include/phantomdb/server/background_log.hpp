/// @file Defines `background_log`: what a store does in the background and cannot, as lines of the event log that stay few.
///
///     event="background task failed" task=checkpoint sqlstate=53100 message="…" next="tried again in 2 s; …" failures=1
///     event="background task works again" task=checkpoint failures=31
#pragma once

#include <phantomdb/mvcc/background_event.hpp>
#include <phantomdb/server/event_log.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::server {

/// Writes the first failure of a task with an SQLSTATE, then one a minute at most, with the number of those that happened
/// meanwhile: a full disk, tried every two seconds, does not fill it. Any thread.
class background_log {
public:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds least_pause{60};

    explicit background_log(event_log& log) : log_(log) {}

    void write(mvcc::background_event const& event, clock::time_point now = clock::now()) {
        std::lock_guard const hold(mutex_);
        if (event.failure) {
            write_failure(event, now);
        } else {
            write_recovery(event.task);
        }
    }

private:
    struct history {
        clock::time_point written_at;
        std::int64_t unwritten = 0;  ///< failures since then
        std::int64_t in_a_row = 0;   ///< until the task works again
        bool is_told = false;        ///< that it fails at present
    };

    void write_failure(mvcc::background_event const& event, clock::time_point now) {
        error const& failure = *event.failure;
        auto const [at, is_new] = known_.try_emplace({event.task, std::string(failure.code.view())});
        history& known = at->second;
        ++known.unwritten;
        ++known.in_a_row;
        if (!is_new && now - known.written_at < least_pause) return;
        log_.write(log_level::error, "background task failed",
                   {{"task", name_of(event.task)},
                    {"sqlstate", failure.code.view()},
                    {"message", failure.message},
                    {"detail", failure.detail},
                    {"hint", failure.hint},
                    {"next", what_next(event)},
                    {"failures", std::exchange(known.unwritten, 0)}});
        known.written_at = now;
        known.is_told = true;
    }

    /// Only of what was told to fail: a task that fails and works in turns is not to write a line each time.
    void write_recovery(mvcc::background_task task) {
        std::int64_t failures = 0;
        bool was_told = false;
        for (auto& [which, known] : known_) {
            if (which.first != task) continue;
            failures += std::exchange(known.in_a_row, 0);
            was_told = std::exchange(known.is_told, false) || was_told;
        }
        if (!was_told) return;
        log_.write(log_level::info, "background task works again", {{"task", name_of(task)}, {"failures", failures}});
    }

    static std::string what_next(mvcc::background_event const& event) {
        if (event.next_try.count() == 0) return "tried again when the database is opened again";
        auto const seconds = std::chrono::ceil<std::chrono::seconds>(event.next_try).count();
        return "tried again in " + std::to_string(seconds) + " s" +
               (event.writes_refused ? "; until it succeeds, writes are refused" : "");
    }

    event_log& log_;
    std::mutex mutex_;
    std::map<std::pair<mvcc::background_task, std::string>, history> known_;
};

}  // namespace phantomdb::server
