/// @file Defines the switch by which a test lets memory run out at a chosen allocation of a thread.
///
/// The switch alone does nothing: a program that wants it replaces `operator new` and asks `allocation_fails()` there.
/// What stands for the machine (the simulated disk) allocates under `machine_memory`, which always has some.
#pragma once

#include <cstdint>

namespace phantomdb::sim {

struct allocation_switch {
    bool armed = false;
    bool for_ever = false;
    std::uint64_t before = 0;   ///< allocations that still go well
    std::uint64_t counted = 0;  ///< since it was armed
    std::uint64_t failed = 0;
};

inline thread_local allocation_switch this_thread_allocations;

/// Asked once for each allocation of this thread; true: it must fail.
inline bool allocation_fails() {
    allocation_switch& s = this_thread_allocations;
    if (!s.armed) return false;
    ++s.counted;
    if (s.before > 0) {
        --s.before;
        return false;
    }
    if (s.failed > 0 && !s.for_ever) return false;
    ++s.failed;
    return true;
}

/// While it lives, the allocation after `before` more of this thread fails, or all from there on.
class failing_allocations {
public:
    explicit failing_allocations(std::uint64_t before, bool for_ever = false) {
        this_thread_allocations = {true, for_ever, before, 0, 0};
    }
    failing_allocations(failing_allocations const&) = delete;
    failing_allocations& operator=(failing_allocations const&) = delete;
    ~failing_allocations() { this_thread_allocations.armed = false; }

    std::uint64_t counted() const { return this_thread_allocations.counted; }
    bool has_failed() const { return this_thread_allocations.failed > 0; }
};

/// While it lives, the allocations of this thread are not counted and do not fail.
class machine_memory {
public:
    machine_memory() : armed_(this_thread_allocations.armed) { this_thread_allocations.armed = false; }
    machine_memory(machine_memory const&) = delete;
    machine_memory& operator=(machine_memory const&) = delete;
    ~machine_memory() { this_thread_allocations.armed = armed_; }

private:
    bool armed_;
};

}  // namespace phantomdb::sim
