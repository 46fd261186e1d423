/// @file Defines `statement_timer`, which raises interrupts when statements have run for too long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace phantomdb::sql {

/// Alarms on one thread, which is started with the first of them. Thread-safe.
class statement_timer {
public:
    using clock = std::chrono::steady_clock;

    /// An alarm that is cancelled by its destructor; once that returned, `ring` is not and will not be running.
    class alarm {
    public:
        alarm() = default;
        alarm(statement_timer* owner, clock::time_point when, std::uint64_t number)
            : owner_(owner), when_(when), number_(number) {}
        alarm(alarm&& other) noexcept : owner_(other.owner_), when_(other.when_), number_(other.number_) {
            other.owner_ = nullptr;
        }
        alarm& operator=(alarm&&) = delete;
        ~alarm() {
            if (owner_) owner_->cancel(when_, number_);
        }

    private:
        statement_timer* owner_ = nullptr;
        clock::time_point when_;
        std::uint64_t number_ = 0;
    };

    ~statement_timer() {
        if (!thread_.joinable()) return;
        {
            std::lock_guard hold(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

    /// Calls `ring` after `delay`, on the timer's thread. It must be quick and not throw.
    alarm set(std::chrono::milliseconds delay, std::function<void()> ring) {
        std::lock_guard hold(mutex_);
        if (!thread_.joinable()) thread_ = std::thread([this] { watch(); });
        auto when = clock::now() + delay;
        std::uint64_t number = ++last_;
        bool first = alarms_.empty() || when < alarms_.begin()->first.first;
        alarms_.emplace(std::pair{when, number}, std::move(ring));
        if (first) changed_.notify_all();
        return {this, when, number};
    }

private:
    void cancel(clock::time_point when, std::uint64_t number) {
        std::lock_guard hold(mutex_);
        alarms_.erase({when, number});
    }

    void watch() {
        std::unique_lock hold(mutex_);
        while (!stopping_) {
            if (alarms_.empty()) {
                changed_.wait(hold);
            } else if (auto first = alarms_.begin(); first->first.first <= clock::now()) {
                first->second();  // under the mutex, so that cancel waits for it
                alarms_.erase(first);
            } else {
                auto const due = first->first.first;  // the alarm may be gone before the wait has looked at the clock
                changed_.wait_until(hold, due);
            }
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::pair<clock::time_point, std::uint64_t>, std::function<void()>> alarms_;
    std::uint64_t last_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace phantomdb::sql
