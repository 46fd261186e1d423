/// @file Defines `call_context`: what a scalar or aggregate function may know besides its arguments.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/base/function_ref.hpp>

#include <atomic>
#include <bit>
#include <cstdint>
#include <string>

namespace phantomdb {
struct format_settings;  // value/text_io.hpp
}

namespace phantomdb::exec {

class system_services;  // exec/system_services.hpp

/// The random numbers of one session (xoshiro256**, Blackman and Vigna). Not thread-safe. Seed it from the environment's
/// entropy: `gen_random_uuid()` is only as unpredictable as its seed.
class random_stream {
public:
    explicit random_stream(std::uint64_t seed) { reseed(seed); }
    random_stream(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) : state_{a, b, c, d | 1} {}

    /// Starts over from `seed`; equal seeds give equal numbers.
    void reseed(std::uint64_t seed) {
        for (auto& word : state_) {
            seed += 0x9e3779b97f4a7c15;
            auto mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            word = mixed ^ (mixed >> 31);
        }
    }

    std::uint64_t next() {
        auto result = std::rotl(state_[1] * 5, 7) * 9;
        auto shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// A double in [0, 1).
    double next_fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
    std::uint64_t state_[4];
};

/// What `current_user`, `current_database()` and their like answer.
struct session_facts {
    std::string user = "postgres", session_user = "postgres", database = "postgres", schema = "public";
    std::string version = "PostgreSQL 15.8 (PhantomDB)";
    std::int32_t process_id = 0;
};

/// The surroundings of a call. One per running statement and thread; text results live in `memory`, which the executor
/// resets when the rows made from them have been passed on. Everything else is borrowed and must outlive the statement.
struct call_context {
    arena& memory;
    format_settings const& settings;
    session_facts const& session;
    random_stream& random;
    function_ref<std::int64_t()> clock;      ///< wall clock, µs since 2000-01-01 UTC
    std::int64_t transaction_timestamp = 0;  ///< `now()`: µs since 2000-01-01 UTC
    std::int64_t statement_timestamp = 0;
    std::atomic<bool> const* cancelled = nullptr;  ///< set by another thread to stop the statement
    system_services* services = nullptr;           ///< for functions that ask the session; null where there is none

    /// The same surroundings with other memory for text.
    call_context with_memory(arena& scratch) const {
        return {scratch,   settings, session, random, clock, transaction_timestamp, statement_timestamp,
                cancelled, services};
    }

    /// Throws 57014 if the statement was cancelled. Loops that may run long call it now and then.
    void check_cancelled() const {
        if (cancelled && cancelled->load(std::memory_order_relaxed)) {
            throw error(errc::query_canceled, "canceling statement due to user request");
        }
    }
};

}  // namespace phantomdb::exec
