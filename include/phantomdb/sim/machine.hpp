/// @file Defines `machine`: the disk, the clocks, the randomness and the faults that simulated environments share.
///
/// Everything follows from the seed and the order of the calls: one thread with one seed gives the same run, call for call.
/// Several threads may use it at once (a mutex), and then their order decides.
#pragma once

#include <phantomdb/env/posix.hpp>
#include <phantomdb/sim/allocation.hpp>
#include <phantomdb/sim/disk.hpp>
#include <phantomdb/sim/fault.hpp>
#include <phantomdb/sim/random.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::sim {

/// What a machine is like.
struct machine_options {
    std::uint64_t seed = 1;
    std::uint64_t capacity = ~std::uint64_t{0};  ///< bytes all files may have together; beyond: ENOSPC
    std::chrono::nanoseconds call_time{10'000};  ///< by which every call moves the clocks on
    bool keep_trace = false;
    bool sync_lies = false;            ///< `sync` returns and does nothing: a disk whose cache is not what it says
    bool sync_directory_lies = false;  ///< the same for names
};

class machine {
public:
    explicit machine(machine_options options = {}) : options_(options), random_(options.seed) {}
    /// The machine that goes on with `disk`: nothing else is left of the one before.
    machine(sim::disk disk, machine_options options)
        : options_(options), random_(options.seed), disk_(std::move(disk)) {}
    machine(machine const&) = delete;
    machine& operator=(machine const&) = delete;

    // ---- for tests ----

    /// Called after every call that changed something, failed ones too, without the lock. Set it while no call is under way.
    std::function<void(call const&)> on_change;

    void add_fault(fault f) {
        machine_memory const memory;
        std::lock_guard const hold(mutex_);
        faults_.push_back(std::move(f));
    }
    void clear_faults() {
        machine_memory const memory;
        std::lock_guard const hold(mutex_);
        faults_.clear();
    }
    /// The last call that a fault befell, with `number` 0 where there was none.
    call last_failure() const {
        std::lock_guard const hold(mutex_);
        return last_failure_;
    }

    void set_capacity(std::uint64_t bytes) {
        std::lock_guard const hold(mutex_);
        options_.capacity = bytes;
    }
    std::uint64_t used() const {
        std::lock_guard const hold(mutex_);
        return disk_.used();
    }

    std::uint64_t calls() const {
        std::lock_guard const hold(mutex_);
        return calls_;
    }
    std::uint64_t calls(call_kind kind) const {
        std::lock_guard const hold(mutex_);
        return calls_of_[static_cast<unsigned>(kind)];
    }
    /// The calls so far, where the options keep them.
    std::vector<call> trace() const {
        std::lock_guard const hold(mutex_);
        return trace_;
    }
    /// A number out of all calls so far: equal for equal runs, and hardly for others.
    std::uint64_t trace_digest() const {
        std::lock_guard const hold(mutex_);
        return digest_;
    }

    sim::disk after_power_cut(std::uint64_t seed) const {
        machine_memory const memory;
        std::lock_guard const hold(mutex_);
        return disk_.after_power_cut(seed);
    }
    sim::disk copy_of_disk() const {
        machine_memory const memory;
        std::lock_guard const hold(mutex_);
        return disk_.copy();
    }
    /// From here on; the seed counts no more.
    void set_options(machine_options options) {
        std::lock_guard const hold(mutex_);
        options_ = options;
    }
    machine_options options() const {
        std::lock_guard const hold(mutex_);
        return options_;
    }

    std::vector<std::string> files() const {
        std::lock_guard const hold(mutex_);
        return disk_.files();
    }
    shared_bytes contents(std::string const& path) const {
        std::lock_guard const hold(mutex_);
        disk::node const* const found = disk_.find(path);
        PHANTOMDB_ASSERT(found != nullptr && found->file != nullptr);
        return found->file->bytes();
    }
    /// Replaces what is stored under `path`, behind the back of whoever has it open. Damage is made with this.
    void set_contents(std::string const& path, shared_bytes bytes) {
        std::lock_guard const hold(mutex_);
        disk::node const* const found = disk_.find(path);
        PHANTOMDB_ASSERT(found != nullptr && found->file != nullptr);
        found->file->settle(std::move(bytes));
    }
    void flip_bit(std::string const& path, std::uint64_t bit) {
        shared_bytes bytes = contents(path);
        PHANTOMDB_ASSERT(bit / 8 < bytes.size());
        std::string const byte(1, static_cast<char>(bytes.text(bit / 8, 1)[0] ^ (1 << bit % 8)));
        bytes.write(bit / 8, byte);
        set_contents(path, std::move(bytes));
    }

    /// Time passes for both clocks.
    void advance(std::chrono::nanoseconds by) {
        std::lock_guard const hold(mutex_);
        elapsed_ += by;
    }
    /// Somebody sets the clock on the wall.
    void shift_wall_clock(std::chrono::nanoseconds by) {
        std::lock_guard const hold(mutex_);
        wall_offset_ += by;
    }
    std::chrono::nanoseconds elapsed() const {
        std::lock_guard const hold(mutex_);
        return elapsed_;
    }
    std::chrono::system_clock::time_point wall() const {
        std::lock_guard const hold(mutex_);
        // Midnight of 2024-01-01, UTC.
        return std::chrono::system_clock::time_point(std::chrono::seconds(1'704'067'200)) +
               std::chrono::duration_cast<std::chrono::system_clock::duration>(elapsed_ + wall_offset_);
    }
    void fill_random(std::span<char> bytes) {
        std::lock_guard const hold(mutex_);
        for (char& byte : bytes) byte = static_cast<char>(random_() >> 56);
    }

    // ---- for the environment ----

    /// Carries out a call: `run(disk, c, failed)` with the lock held. `failed`: a fault has been chosen for it, and run does what is
    /// done of it all the same. What run returns is errno. Throws what the machine throws for it: could not `to` "path": reason.
    template <class Run>
    void perform(call c, std::string_view to, Run&& run) {
        machine_memory const memory;
        {
            std::lock_guard const hold(mutex_);
            c.number = ++calls_;
            ++calls_of_[static_cast<unsigned>(c.kind)];
            elapsed_ += options_.call_time;
            int const injected = choose_fault(c);
            int const own = run(disk_, injected != 0);
            c.failure = injected != 0 ? injected : own;
            if (injected != 0) last_failure_ = c;
            note(c);
        }
        if (on_change && is_change(c.kind)) on_change(c);
        if (c.failure != 0) env::throw_system_error(to, c.path, c.failure);
    }

    /// For `run`: of a write of `bytes` that fails, how many got there.
    std::size_t part_of(std::size_t bytes) {
        switch (random_.below(3)) {
            case 0: return 0;
            case 1: return bytes / 2 / sector_bytes * sector_bytes;
            default: return static_cast<std::size_t>(random_.below(bytes + 1));
        }
    }
    /// For `run`: how many of `bytes` that would make a file longer by `growth` still find room.
    std::size_t room_for(std::size_t bytes, std::uint64_t growth) const {
        if (options_.capacity == ~std::uint64_t{0}) return bytes;
        std::uint64_t const used = disk_.used();
        std::uint64_t const free = options_.capacity > used ? options_.capacity - used : 0;
        if (growth <= free) return bytes;
        return bytes - static_cast<std::size_t>(std::min<std::uint64_t>(bytes, growth - free));
    }
    std::uint64_t next_random() { return random_(); }
    machine_options const& options_in_call() const { return options_; }
    disk const& disk_in_call() const { return disk_; }
    std::set<std::string>& locks() { return locks_; }
    std::mutex& mutex() { return mutex_; }

private:
    int choose_fault(call const& c) {
        for (auto f = faults_.begin(); f != faults_.end(); ++f) {
            if (f->fits && !f->fits(c)) continue;
            if (f->before > 0) {
                --f->before;
                continue;
            }
            int const reason = f->reason;
            if (f->times != fault::for_ever && --f->times == 0) faults_.erase(f);
            return reason;
        }
        return 0;
    }

    void note(call const& c) {
        digest_ = mix(digest_ ^ c.offset,
                      mix(c.size, static_cast<std::uint64_t>(c.kind) << 32 | static_cast<unsigned>(c.failure)));
        for (char const letter : c.path) digest_ = digest_ * 1'099'511'628'211u ^ static_cast<unsigned char>(letter);
        if (options_.keep_trace) trace_.push_back(c);
    }

    mutable std::mutex mutex_;
    machine_options options_;
    random_source random_;
    sim::disk disk_;
    std::set<std::string> locks_;
    std::vector<fault> faults_;
    call last_failure_;
    std::uint64_t calls_ = 0;
    std::array<std::uint64_t, call_kinds> calls_of_{};
    std::uint64_t digest_ = 0;
    std::vector<call> trace_;
    std::chrono::nanoseconds elapsed_{0}, wall_offset_{0};
};

}  // namespace phantomdb::sim
