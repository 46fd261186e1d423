/// @file Defines `disk_health`: what writing to the disk has shown so far, and the speed it is allowed.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/env/environment.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace phantomdb::storage::lsm {

/// A failed sync poisons: what the disk holds is unknown from then on. Poisoning itself takes no memory. Any thread.
class disk_health {
public:
    explicit disk_health(bool syncs) : syncs_(syncs) {}

    bool syncs() const { return syncs_; }
    /// Throws the error that poisoned it.
    void check() const {
        if (auto const reason = poison()) throw *reason;
    }
    bool is_poisoned() const { return poison_.load(std::memory_order_acquire) != cause::none; }
    std::optional<error> poison() const {
        cause const why = poison_.load(std::memory_order_acquire);
        if (why == cause::none) return std::nullopt;
        if (why == cause::memory) {
            return error(errc::out_of_memory, "out of memory")
                .with_detail("What was written to the disk could not be taken note of.")
                .with_hint("Open the database again; what was committed is in the log.");
        }
        std::lock_guard const hold(mutex_);
        return error(why == cause::room ? errc::disk_full : errc::io_error,
                     message_.empty() ? "could not sync or rename a file" : message_)
            .with_detail("What the disk holds is unknown since.")
            .with_hint("See to the disk, then open the database again.");
    }

    /// Does what must not fail half: a sync, a rename. Whatever it throws poisons, with its code where the disk was full, else
    /// as io_error.
    template <class Do>
    void settle(Do&& act) {
        settle(std::forward<Do>(act), [] { return false; });
    }
    /// The same, but if the disk was full and `is_undone()`, nothing has happened, and disk_full is thrown.
    template <class Do, class Undone>
    void settle(Do&& act, Undone&& is_undone) {
        check();
        try {
            act();
        } catch (error const& e) {
            if (e.code == errc::disk_full && is_true(is_undone)) throw;
            poison_by(e.code == errc::disk_full ? cause::room : cause::disk, e.message);
            check();
        } catch (std::bad_alloc const&) {
            poison_by(cause::memory, {});
            throw;
        }
    }
    template <class Do>
    void sync(Do&& act) {
        if (syncs_) settle(std::forward<Do>(act));
    }
    /// For what has to be done in memory once it is done on the disk.
    template <class Do>
    void follow(Do&& act) {
        try {
            act();
        } catch (...) {
            poison_by(cause::memory, {});
            throw;
        }
    }

    /// Whether the last attempt to put changes into a file found the disk full.
    bool is_full() const { return full_.load(std::memory_order_relaxed); }
    void set_full(bool full) { full_.store(full, std::memory_order_relaxed); }

private:
    template <class Question>
    static bool is_true(Question&& question) noexcept {
        try {
            return question();
        } catch (std::exception const&) {
            return false;
        }
    }

    enum class cause : std::uint8_t { none, disk, room, memory };

    void poison_by(cause why, std::string const& message) noexcept {
        cause none = cause::none;
        if (!poison_.compare_exchange_strong(none, why, std::memory_order_acq_rel)) return;
        try {
            std::lock_guard const hold(mutex_);
            message_ = message;
        } catch (std::bad_alloc const&) {  // then without words
        }
    }

    bool const syncs_;
    std::atomic<bool> full_{false};
    std::atomic<cause> poison_{cause::none};
    mutable std::mutex mutex_;
    std::string message_;  // of what poisoned it
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
