/// @file Defines the tortures: each takes a workload apart at every place of one kind and checks what is left.
///
/// - `cut_power`: the power goes after any call that changes the disk, recovery included. Whatever subset of the unsynced writes
///   survived: every acknowledged commit is there, none in part, nothing else; and it can be written and opened again.
/// - `fail_calls`: any call of the machine fails once, or all from there on, with EIO or ENOSPC.
/// - `fill_disk`: the disk is full at every size, and has room again later.
/// - `fail_allocations`: any allocation fails. Only in programs whose operator new asks for it.
/// - `flip_bits`: a bit of a closed database is flipped: refused, or without consequence.
#pragma once

#include "report.hpp"
#include "run.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::torture {

/// One torture of one workload.
class tormentor {
public:
    tormentor(std::string name, subject const& what, workload const& work, torture_options const& options)
        : name_(std::move(name)), subject_(what), work_(work), options_(options) {}

    bool is_over() const {
        return report_.failures.size() >= options_.most_failures ||
               (report_.places % 16 == 0 && std::chrono::steady_clock::now() > options_.deadline);
    }
    /// Whether the place with this number, from 1, is to be tried.
    bool is_chosen(std::uint64_t place) const {
        if (options_.only != 0) return place == options_.only;
        return place % options_.stride == sim::mix(options_.seed, 3) % options_.stride;
    }
    /// Does `f` at a place; what it throws is what was found.
    template <class F>
    void at(std::uint64_t place, F&& f) {
        ++report_.places;
        if (options_.progress && report_.places % 64 == 0) options_.progress();
        try {
            f();
        } catch (torture_finding const& finding) {
            note(place, finding.what);
        } catch (error const& e) {
            note(place, "an error that nobody expected: " + std::string(e.code.view()) + " " + e.message);
        } catch (std::exception const& e) {
            note(place, std::string("an exception that is no error: ") + e.what());
        }
    }
    void note(std::uint64_t place, std::string what) {
        report_.failures.push_back({name_, subject_.name, work_.name, place, std::move(what)});
    }

    std::uint64_t seed(std::uint64_t place) const { return sim::mix(options_.seed, place); }
    report& found() { return report_; }

protected:
    std::string name_;
    subject const& subject_;
    workload const& work_;
    torture_options const& options_;
    report report_;
};

/// See `cut_power`.
class power_cutter : public tormentor {
public:
    using tormentor::tormentor;

    report run() {
        workload_run life(subject_, work_, workload_run::fresh_world(options_.seed));
        std::uint64_t place = 0;
        life.world().machine().on_change = [&](sim::call const& c) {
            if (!is_chosen(++place) || is_over()) return;
            at(place, [&] { cut_at(place, c, life.world(), life.knowledge().after_power_cut()); });
        };
        at(0, [&] { life.run(); });
        at(0, [&] { life.check_while_running(); });
        life.close();
        life.world().machine().on_change = {};
        return std::move(report_);
    }

private:
    void cut_at(std::uint64_t place, sim::call const& c, sim::environment const& world,
                std::vector<state> const& allowed) {
        for (std::uint64_t subset = 0; subset < options_.subsets && !is_over(); ++subset) {
            // The first four are the extremes, which every place gets.
            std::uint64_t const chosen = subset < 4 ? subset : sim::mix(seed(place), subset);
            std::string const name = "power cut after call " + std::to_string(c.number) + ", " +
                                     std::string(sim::name_of(c.kind)) + " of " + c.path + ", subset " +
                                     std::to_string(subset);
            cut_into(world.power_cut(chosen), allowed, name, chosen,
                     options_.recovery_every != 0 && (place + subset) % options_.recovery_every == 0);
        }
    }

    void cut_into(sim::environment world, std::vector<state> const& allowed, std::string const& name,
                  std::uint64_t chosen, bool cut_again) {
        ++report_.images;
        std::optional<torture_finding> in_recovery;
        std::uint64_t n = 0;
        if (cut_again) {
            world.machine().on_change = [&](sim::call const& c) {
                for (std::uint64_t subset = 0; subset < options_.recovery_subsets && !in_recovery; ++subset) {
                    ++report_.images;
                    ++report_.recoveries;
                    try {
                        workload_run::check_world(subject_, world.power_cut(sim::mix(chosen, ++n)), allowed,
                                                  name + "; cut again in recovery after " +
                                                      std::string(sim::name_of(c.kind)) + " of " + c.path);
                    } catch (torture_finding const& finding) {
                        in_recovery = finding;
                    }
                }
            };
        }
        std::unique_ptr<database> db;
        try {
            db = subject_.open(world);
            world.machine().on_change = {};
            if (in_recovery) throw *in_recovery;
            state now = workload_run::check_database(*db, allowed, name);
            go_on(*db, now, chosen);
            state const& after = now;
            if (chosen % 2 == 0) db.reset();
            workload_run::check_world(subject_, world.power_cut(sim::mix(chosen, 77)), {after},
                                      name + "; written on and cut again");
        } catch (error const& e) {
            world.machine().on_change = {};
            throw torture_finding{name + ": " + std::string(e.code.view()) + " " + e.message + " " + e.detail};
        }
    }

    /// A few more commits, each waited for.
    static void go_on(database& db, state& now, std::uint64_t chosen) {
        for (int i = 0; i < 2; ++i) {
            changes const more{{change::kind::put, "later/" + std::to_string(i), std::string(1 + chosen % 700, 'l')},
                               {change::kind::put, "row/000007", std::to_string(chosen)}};
            db.commit(more, {true, false});
            now.apply(more);
            if (i == 0 && chosen % 3 == 0) db.checkpoint();
        }
    }
};

/// Cuts the power after every call that changes the disk.
inline report cut_power(subject const& what, workload const& work, torture_options const& options) {
    return power_cutter("power", what, work, options).run();
}

/// What holds once a run with faults is over and the machine is healthy again, by whatever way it got there.
inline void check_aftermath(subject const& what, workload_run& life, std::uint64_t seed, report& counted) {
    auto const check = [&](sim::environment world, std::vector<state> const& allowed, std::string const& name) {
        ++counted.images;
        workload_run::check_world(what, std::move(world), allowed, name);
    };
    check(life.world().restarted(), life.knowledge().while_running(), "killed and restarted");
    for (std::uint64_t subset = 0; subset < 3; ++subset)
        check(life.world().power_cut(subset == 0 ? 0 : sim::mix(seed, subset)), life.knowledge().after_power_cut(),
              "power cut, subset " + std::to_string(subset));
    life.close();
    check(life.world().restarted(), life.knowledge().while_running(), "closed and restarted");
    check(life.world().power_cut(0), life.knowledge().after_power_cut(), "closed, then power cut");
}

/// Lets every call of the machine fail: once and for ever, with EIO and ENOSPC; the latter only where something is written. Four
/// places a call.
inline report fail_calls(subject const& what, workload const& work, torture_options const& options) {
    tormentor t("calls", what, work, options);
    std::uint64_t calls = 0;
    std::uint64_t const made = workload_run::fresh_world(options.seed).machine().calls();
    t.at(0, [&] {
        workload_run life(what, work, workload_run::fresh_world(options.seed));
        life.run();
        life.close();
        calls = life.world().machine().calls();
    });
    for (std::uint64_t place = 1; place <= 4 * (calls - made) && !t.is_over(); ++place) {
        if (!t.is_chosen(place)) continue;
        t.at(place, [&] {
            std::uint64_t const times = place % 2 == 0 ? 1 : sim::fault::for_ever;
            int const reason = place / 2 % 2 == 0 ? EIO : ENOSPC;
            workload_run life(what, work, workload_run::fresh_world(options.seed));
            life.faults = true;
            sim::fault chosen = sim::fault::at(made + 1 + (place - 1) / 4, times, reason);
            if (reason == ENOSPC) {
                chosen.fits = [from = chosen.fits](sim::call const& c) { return sim::is_change(c.kind) && from(c); };
            }
            life.world().machine().add_fault(std::move(chosen));
            life.run();
            sim::call const failed = life.world().machine().last_failure();
            try {
                life.check_while_running();
                check_aftermath(what, life, t.seed(place), t.found());
            } catch (torture_finding const& finding) {
                throw torture_finding{
                    std::string(times == 1 ? "once, " : "for ever, ") + (reason == EIO ? "EIO" : "ENOSPC") + " in " +
                    std::string(sim::name_of(failed.kind)) + " of " + failed.path + ": " + finding.what};
            }
        });
    }
    return std::move(t.found());
}

/// Runs the workload on disks of many sizes, all too small; halfway there is room again.
inline report fill_disk(subject const& what, workload const& work, torture_options const& options) {
    tormentor t("full", what, work, options);
    std::uint64_t most = 0;
    t.at(0, [&] {
        workload_run life(what, work, workload_run::fresh_world(options.seed));
        for (life.open(); step const& s : work.steps) {
            life.carry_out(s);
            most = std::max(most, life.world().machine().used());
        }
        life.close();
    });
    for (std::uint64_t place = 1; place <= 100 && !t.is_over(); ++place) {
        if (!t.is_chosen(place)) continue;
        t.at(place, [&] {
            std::uint64_t const capacity = most * place / 101 + t.seed(place) % 64;
            workload_run life(what, work, workload_run::fresh_world(options.seed, capacity));
            life.faults = true;
            std::size_t n = 0;
            bool opened = life.open();
            for (; opened && n < work.steps.size() / 2; ++n) opened = life.carry_out(work.steps[n]);
            life.check_while_running();
            life.world().machine().set_capacity(~std::uint64_t{0});
            life.faults = false;  // nothing may fail from here on
            if (!opened && !life.open()) throw torture_finding{"does not open with space again"};
            life.carry_out({step::kind::checkpoint, {}, {}});  // what is tried in the background while a store refuses
            for (; n < work.steps.size(); ++n) life.carry_out(work.steps[n]);
            life.check_while_running();
            check_aftermath(what, life, t.seed(place), t.found());
        });
    }
    return std::move(t.found());
}

/// Lets every allocation fail, once and all from there to the end of a call.
inline report fail_allocations(subject const& what, workload const& work, torture_options const& options) {
    tormentor t("memory", what, work, options);
    std::uint64_t allocations = 0;
    t.at(0, [&] {
        workload_run life(what, work, workload_run::fresh_world(options.seed));
        life.memory = memory_limit{};
        life.run();
        life.close();
        allocations = life.memory->counted;
    });
    for (std::uint64_t place = 1; place <= 2 * allocations && !t.is_over(); ++place) {
        if (!t.is_chosen(place)) continue;
        t.at(place, [&] {
            workload_run life(what, work, workload_run::fresh_world(options.seed));
            life.memory = memory_limit{(place - 1) / 2, place % 2 == 0, 0, false};
            life.run();
            if (life.memory->for_ever) {
                life.memory->before = ~std::uint64_t{0} / 2;
                life.memory->for_ever = false;
            }
            life.check_while_running();
            check_aftermath(what, life, t.seed(place), t.found());
        });
    }
    return std::move(t.found());
}

/// Flips bits in the files of a closed database, log and checkpoints alike often.
inline report flip_bits(subject const& what, workload const& work, torture_options const& options) {
    tormentor t("flips", what, work, options);
    workload_run life(what, work, workload_run::fresh_world(options.seed));
    std::vector<state> whole;
    t.at(0, [&] {
        life.run();
        if (!work.steps.empty()) whole = life.knowledge().while_running();
        life.close();
    });
    std::vector<std::string> files;
    for (std::string const& path : life.world().machine().files()) {
        if (life.world().machine().contents(path).size() > 0) files.push_back(path);
    }
    for (std::uint64_t place = 1; place <= options.flips && !files.empty() && !t.is_over(); ++place) {
        if (options.only != 0 && place != options.only) continue;
        t.at(place, [&] {
            sim::random_source random(t.seed(place));
            sim::environment damaged = life.world().restarted();
            std::string const& path = files[random.below(files.size())];
            std::uint64_t const bit = random.below(8 * damaged.machine().contents(path).size());
            damaged.machine().flip_bit(path, bit);
            ++t.found().images;
            std::string const name =
                "bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8) + " of " + path;
            try {
                auto const db = what.open(damaged);
                workload_run::check_database(*db, whole, name);
                ++t.found().harmless;
            } catch (error const& e) {
                bool const says_so = e.code == errc::data_corrupted || e.code == errc::index_corrupted ||
                                     e.code == errc::feature_not_supported;
                if (!says_so) throw torture_finding{name + ": " + std::string(e.code.view()) + " " + e.message};
                ++t.found().detected;
            }
        });
    }
    return std::move(t.found());
}

}  // namespace phantomdb::torture
