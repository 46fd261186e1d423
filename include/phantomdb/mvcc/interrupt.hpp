/// @file Defines `interrupt`, by which one thread asks another to give up its statement.
#pragma once

#include <phantomdb/base/error.hpp>

#include <atomic>
#include <cstdint>

namespace phantomdb::mvcc {

/// Why a statement is to stop.
enum class interrupt_reason : std::uint8_t { none, user_request, statement_timeout, shutdown };

/// A flag, one per session. `raise` from any thread; `check` by whoever runs the statement, every few thousand
/// rows; waits for row locks look at it by themselves.
class interrupt {
public:
    void raise(interrupt_reason why) { reason_.store(why, std::memory_order_relaxed); }
    void clear() { raise(interrupt_reason::none); }
    bool is_raised() const { return reason_.load(std::memory_order_relaxed) != interrupt_reason::none; }

    /// Throws query_canceled or admin_shutdown when raised.
    void check() const {
        if (is_raised()) [[unlikely]]
            stop();
    }

    /// Throws what the reason asks for.
    [[noreturn]] void stop() const {
        switch (reason_.load(std::memory_order_relaxed)) {
            case interrupt_reason::statement_timeout:
                throw error(errc::query_canceled, "canceling statement due to statement timeout");
            case interrupt_reason::shutdown:
                throw error(errc::admin_shutdown, "terminating connection due to administrator command");
            default: throw error(errc::query_canceled, "canceling statement due to user request");
        }
    }

private:
    std::atomic<interrupt_reason> reason_{interrupt_reason::none};
};

}  // namespace phantomdb::mvcc
