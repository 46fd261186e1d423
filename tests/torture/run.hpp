/// @file Defines `workload_run`: one workload on one simulated machine, with the oracle beside it.
///
/// Errors are taken as a program would take them: a commit that failed is given up, and the next one is tried. What an error may
/// look like, and what it leaves open, is held here: see `failed`.
#pragma once

#include "oracle.hpp"
#include "workload.hpp"

#include <phantomdb/sim/allocation.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::torture {

/// Found by a check of the run; says what is wrong.
struct torture_finding {
    std::string what;
};

/// What makes calls of the database fail, apart from the machine: memory. Counts on over all calls.
struct memory_limit {
    std::uint64_t before = ~std::uint64_t{0} / 2;  ///< allocations that still go well
    bool for_ever = false;
    std::uint64_t counted = 0;
    bool used = false;
};

class workload_run {
public:
    workload_run(subject const& what, workload const& work, sim::environment world)
        : subject_(what), work_(work), world_(std::move(world)) {}

    static sim::environment fresh_world(std::uint64_t seed, std::uint64_t capacity = ~std::uint64_t{0}) {
        sim::machine_options options;
        options.seed = seed;
        sim::environment world(options);
        world.create_directory(std::string(database_folder.substr(0, database_folder.find('/'))));
        world.machine().set_capacity(capacity);
        return world;
    }

    sim::environment& world() { return world_; }
    oracle& knowledge() { return oracle_; }
    database* db() { return db_.get(); }
    std::optional<memory_limit> memory;  ///< set: allocations are counted, and fail when it says so
    bool faults = false;                 ///< errors are expected
    std::uint64_t refused = 0;           ///< commits that were refused for lack of space
    std::uint64_t acknowledged = 0;

    /// All of it: opens, carries out the steps; leaves the database open, or closed where it could not be opened again.
    void run() {
        if (!open()) return;
        for (step const& s : work_.steps) {
            if (!carry_out(s)) return;
        }
    }

    /// Opens it, or, where a single fault made that fail, tries once more. False where it stays closed.
    bool open() {
        for (int attempt = 0; attempt < 2; ++attempt) {
            if (allowed_to_fail([&] { db_ = subject_.open(world_); })) {
                // What an open finds it makes durable, so that nothing is left open.
                if (auto const now = check_while_running()) oracle_.found(*now);
                return true;
            }
        }
        return false;
    }

    void close() {
        if (memory) {
            memory_limited const armed(*memory);
            db_.reset();
        } else {
            db_.reset();
        }
    }

    /// False where the database is closed and cannot be opened.
    bool carry_out(step const& s) {
        if (oracle_.open_questions() > 6) {  // what may be there doubles with each; a look at it answers them
            close();
            if (!open() || oracle_.open_questions() > 6) return false;
        }
        switch (s.what) {
            case step::kind::commit: commit(s); break;
            case step::kind::together: commit_together(s); break;
            case step::kind::sync:
                if (allowed_to_fail([&] { db_->sync(); })) oracle_.settle();
                break;
            case step::kind::checkpoint:
                if (allowed_to_fail([&] { db_->checkpoint(); })) oracle_.settle();
                break;
            case step::kind::maintain: allowed_to_fail([&] { db_->maintain(); }); break;
            case step::kind::reopen:
                check_while_running();
                close();
                if (!open()) return false;
                break;
        }
        return true;
    }

    /// What it holds is what was acknowledged, and perhaps what was left open. Gives it, unless reading failed.
    std::optional<state> check_while_running() {
        std::optional<state> now;
        // Reading may fail where the machine fails; what is read may not be wrong.
        if (db_ == nullptr || !allowed_to_fail([&] { now = read_state(*db_); })) return std::nullopt;
        auto const allowed = oracle_.while_running();
        for (state const& one : allowed) {
            if (one.digest == now->digest) return now;
        }
        throw torture_finding{"while running: " + difference(allowed.front(), *now)};
    }

    /// Opens `world`, a healthy one, and compares with `allowed`; gives what it holds. The name says which world it is.
    static state check_world(subject const& what, sim::environment world, std::vector<state> const& allowed,
                             std::string const& name) {
        std::unique_ptr<database> db;
        try {
            db = what.open(world);
            return check_database(*db, allowed, name);
        } catch (error const& e) {
            throw torture_finding{name + ": " + std::string(e.code.view()) + " " + e.message + " " + e.detail};
        }
    }

    static state check_database(database& db, std::vector<state> const& allowed, std::string const& name) {
        state const now = read_state(db);
        for (state const& one : allowed) {
            if (one.digest != now.digest) continue;
            check_lookups(db, now, name);
            db.verify();
            return now;
        }
        throw torture_finding{name + ": " + difference(allowed.back(), now)};
    }

private:
    static void check_lookups(database& db, state const& now, std::string const& name) {
        std::size_t const step = now.values.size() / 4 + 1;
        std::size_t n = 0;
        for (auto at = now.values.begin(); at != now.values.end(); ++at) {
            if (n++ % step != 0) continue;
            auto const value = db.get(at->first);
            if (!value || state::number_of(*value) != at->second)
                throw torture_finding{name + ": a lookup of \"" + at->first + "\" finds something else than a scan"};
        }
        if (db.get("absent")) throw torture_finding{name + ": a lookup finds what is not there"};
    }

    void commit(step const& s) {
        oracle_.start(s.commits[0]);
        bool const done = allowed_to_fail([&] { db_->commit(s.commits[0], s.options); });
        if (done) {
            oracle_.acknowledge(1, s.options.durable);
            ++acknowledged;
        } else {
            oracle_.fail(1, was_refused_);
            refused += was_refused_;
        }
    }

    void commit_together(step const& s) {
        for (changes const& one : s.commits) oracle_.start(one);
        if (allowed_to_fail([&] { db_->commit_together(s.commits); })) {
            oracle_.acknowledge(s.commits.size(), true);
            acknowledged += s.commits.size();
        } else {
            // Some of them may have been written before the others were refused.
            oracle_.fail(s.commits.size(), false);
        }
    }

    /// Lets allocations fail as `memory` says, and counts on.
    class memory_limited {
    public:
        explicit memory_limited(memory_limit& limit) : limit_(limit), armed_(limit.before, limit.for_ever) {}
        memory_limited(memory_limited const&) = delete;
        memory_limited& operator=(memory_limited const&) = delete;
        ~memory_limited() {
            limit_.counted += armed_.counted();
            limit_.before -= std::min(limit_.before, armed_.counted());
            if (!armed_.has_failed()) return;
            limit_.used = true;
            if (!limit_.for_ever) limit_.before = ~std::uint64_t{0} / 2;
        }

    private:
        memory_limit& limit_;
        sim::failing_allocations armed_;
    };

    /// Does `f`; false where it failed in a way that is allowed now.
    template <class F>
    bool allowed_to_fail(F&& f) {
        was_refused_ = false;
        try {
            if (memory) {
                memory_limited const armed(*memory);
                f();
            } else {
                f();
            }
            return true;
        } catch (error const& e) {
            failed(e);
        } catch (std::bad_alloc const&) {
            if (!memory || !memory->used) throw torture_finding{"an allocation failed that was not made to"};
        }
        return false;
    }

    /// Whether the error is the one to expect, and what it leaves open: a lack of space found while writing is a refusal.
    void failed(error const& e) {
        std::string const said = std::string(e.code.view()) + " " + e.message;
        if (memory) {
            if (e.code == errc::out_of_memory || e.code == errc::io_error) return;
            throw torture_finding{"without memory: " + said};
        }
        if (!faults) throw torture_finding{"on a healthy machine: " + said + " " + e.detail};
        if (e.code != errc::disk_full && e.code != errc::io_error)
            throw torture_finding{"the machine failed, and it said: " + said};
        sim::call const last = world_.machine().last_failure();
        if (last.number != 0) {
            sqlstate const expected = last.failure == ENOSPC ? errc::disk_full : errc::io_error;
            if (e.code != expected)
                throw torture_finding{"after " + std::string(sim::name_of(last.kind)) + " failed: " + said};
        }
        bool const syncing = last.kind == sim::call_kind::sync || last.kind == sim::call_kind::sync_directory;
        was_refused_ = e.code == errc::disk_full && (last.number == 0 || !syncing);
    }

    subject const& subject_;
    workload const& work_;
    sim::environment world_;
    oracle oracle_;
    std::unique_ptr<database> db_;
    bool was_refused_ = false;
};

}  // namespace phantomdb::torture
