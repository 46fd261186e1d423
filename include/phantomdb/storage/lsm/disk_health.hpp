/// @file Defines `disk_health`: what writing to the disk has shown so far, and the speed it is allowed.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/env/environment.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace phantomdb::storage::lsm {

/// A failed sync poisons: what the disk holds is unknown from then on. Any thread.
class disk_health {
public:
    explicit disk_health(bool syncs) : syncs_(syncs) {}

    bool syncs() const { return syncs_; }
    /// Throws the error that poisoned it.
    void check() const {
        std::lock_guard const hold(mutex_);
        if (poison_) throw *poison_;
    }
    std::optional<error> poison() const {
        std::lock_guard const hold(mutex_);
        return poison_;
    }

    /// Does what must not fail half: a sync, a rename. Whatever it throws becomes io_error and poisons.
    template <class Do>
    void settle(Do&& act) {
        check();
        try {
            act();
        } catch (error const& e) {
            error failure = error(errc::io_error, e.message)
                                .with_detail("What the disk holds is unknown since.")
                                .with_hint("See to the disk, then open the database again.");
            std::lock_guard const hold(mutex_);
            if (!poison_) poison_ = failure;
            throw failure;
        }
    }
    template <class Do>
    void sync(Do&& act) {
        if (syncs_) settle(std::forward<Do>(act));
    }

    /// Whether the last attempt to put changes into a file found the disk full.
    bool is_full() const { return full_.load(std::memory_order_relaxed); }
    void set_full(bool full) { full_.store(full, std::memory_order_relaxed); }

private:
    bool const syncs_;
    std::atomic<bool> full_{false};
    mutable std::mutex mutex_;
    std::optional<error> poison_;
};

/// Keeps who writes in the background to so many bytes a second, by sleeping. 0: no limit. Any thread; a pause is taken by the caller.
template <env::environment Environment>
class write_pace {
public:
    write_pace(Environment& environment, std::uint64_t bytes_per_second)
        : environment_(environment), bytes_per_second_(bytes_per_second), last_(environment.steady_now()) {}

    void wrote(std::uint64_t bytes) {
        if (bytes_per_second_ == 0) return;
        std::chrono::nanoseconds pause{};
        {
            std::lock_guard const hold(mutex_);
            auto const now = environment_.steady_now();
            auto const due =
                std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
            pause = std::chrono::duration_cast<std::chrono::nanoseconds>(due) - (now - last_);
            if (pause.count() < 0) pause = {};
            last_ = now + pause;
        }
        std::this_thread::sleep_for(pause);
    }

private:
    Environment& environment_;
    std::uint64_t const bytes_per_second_;
    std::mutex mutex_;
    std::chrono::steady_clock::time_point last_;
};

}  // namespace phantomdb::storage::lsm
