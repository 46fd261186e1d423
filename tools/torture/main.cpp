/// @file torture: everything that can go wrong under a database, at every place, for as long as there is time.
#include "../../tests/torture/subjects.hpp"
#include "../../tests/torture/tortures.hpp"
#include "cluster.hpp"
#include "kill.hpp"
#include "laws.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <vector>

using namespace phantomdb;
using namespace phantomdb::torture;

namespace {

using torture_function = report (*)(subject const&, workload const&, torture_options const&);

std::vector<std::pair<std::string, torture_function>> const& kinds() {
    static std::vector<std::pair<std::string, torture_function>> const all{{"power", cut_power},
                                                                           {"calls", fail_calls},
                                                                           {"full", fill_disk},
                                                                           {"memory", fail_allocations},
                                                                           {"flips", flip_bits}};
    return all;
}

struct arguments {
    std::string store, workload, kind;
    std::uint64_t images = 0;
    double minutes = 0;
    int kills = 0;
    int clusters = 0, nodes = 3, faults = 8;
    bool relays = false;
    std::uint64_t operations = 0;
    bool list = false;
    bool quiet = false;
    torture_options options;
};

bool is_chosen(std::string const& wanted, std::string const& name) { return wanted.empty() || name == wanted; }

void print(std::string const& program, arguments const& a, failure const& f) {
    std::printf("%s: %s of %s: %s\n", f.torture.c_str(), f.subject.c_str(), f.workload.c_str(), f.what.c_str());
    std::printf(
        "  again: %s --kind %s --store %s --workload %s --seed %llu --only %llu --subsets %llu --recovery-every %llu\n",
        program.c_str(), f.torture.c_str(), f.subject.c_str(), f.workload.c_str(),
        static_cast<unsigned long long>(a.options.seed), static_cast<unsigned long long>(f.place),
        static_cast<unsigned long long>(a.options.subsets), static_cast<unsigned long long>(a.options.recovery_every));
}

/// 0 nothing wrong, 1 failures, 2 wrong use.
int torture_all(std::string const& program, arguments a) {
    using clock = std::chrono::steady_clock;
    auto const begun = clock::now();
    if (a.minutes > 0)
        a.options.deadline = begun + std::chrono::duration_cast<clock::duration>(
                                         std::chrono::duration<double, std::ratio<60>>(a.minutes));
    report all;
    std::string doing;
    auto shown = begun;
    auto const progress = [&](bool now) {
        if (a.quiet || (!now && clock::now() - shown < std::chrono::seconds(1))) return;
        shown = clock::now();
        std::fprintf(stderr, "%6.0f s  %llu images, %zu failures  %s\n",
                     std::chrono::duration<double>(shown - begun).count(), static_cast<unsigned long long>(all.images),
                     all.failures.size(), doing.c_str());
    };
    a.options.progress = [&] { progress(false); };
    bool tried = false;
    for (bool another = true; another; ++a.options.seed) {
        for (workload const& work : workloads(a.options.seed)) {
            if (!is_chosen(a.workload, work.name)) continue;
            for (subject const& what : subjects()) {
                if (!is_chosen(a.store, what.name)) continue;
                for (auto const& [kind, torture] : kinds()) {
                    if (!is_chosen(a.kind, kind)) continue;
                    if (a.images != 0 && all.images >= a.images) continue;
                    if (clock::now() > a.options.deadline) continue;
                    doing = kind + " " + what.name + " " + work.name + " seed " + std::to_string(a.options.seed);
                    tried = true;
                    report const one = torture(what, work, a.options);
                    for (failure const& f : one.failures) print(program, a, f);
                    all += one;
                    progress(false);
                }
            }
        }
        // More seeds as long as there is time, or images are wanting.
        another = tried && a.options.only == 0 && all.failures.size() < 100 &&
                  ((a.minutes > 0 && clock::now() < a.options.deadline) || (a.images != 0 && all.images < a.images));
    }
    if (!tried) {
        std::fprintf(stderr, "torture: no such kind, store or workload; see --list\n");
        return 2;
    }
    doing = "done";
    progress(true);
    std::printf(
        "%llu places, %llu images (%llu in recoveries), %llu flips detected, %llu harmless, %zu failures, %.1f s\n",
        static_cast<unsigned long long>(all.places), static_cast<unsigned long long>(all.images),
        static_cast<unsigned long long>(all.recoveries), static_cast<unsigned long long>(all.detected),
        static_cast<unsigned long long>(all.harmless), all.failures.size(),
        std::chrono::duration<double>(clock::now() - begun).count());
    return all.failures.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char* values[]) {
    CLI::App app(
        "Cuts the power, fails calls and allocations, fills disks and flips bits under a database, and checks what is "
        "left.");
    arguments a;
    app.add_option("--seed", a.options.seed, "the first seed; all else follows from it")->capture_default_str();
    app.add_option("--kind", a.kind, "one torture only");
    app.add_option("--store", a.store, "one kind of database only");
    app.add_option("--workload", a.workload, "one workload only");
    app.add_option("--images", a.images, "stop after about so many disk images; more seeds are taken until then");
    app.add_option("--minutes", a.minutes, "go on with more seeds for so long");
    app.add_option("--subsets", a.options.subsets, "disk images for each place where the power is cut")
        ->capture_default_str();
    app.add_option("--recovery-every", a.options.recovery_every, "of so many recoveries one is cut, too; 0: none")
        ->capture_default_str();
    app.add_option("--stride", a.options.stride, "only every so manieth place")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--flips", a.options.flips, "bits to flip for each workload")->capture_default_str();
    app.add_option("--only", a.options.only, "one place only, as a failure names it");
    app.add_option("--kill", a.kills, "instead: kill phantomd so many times while pgbench is at work")
        ->check(CLI::PositiveNumber);
    auto* clusters = app.add_option("--cluster", a.clusters,
                                    "instead: start so many clusters of real processes, and break each by chance under "
                                    "clients whose histories are judged");
    clusters->check(CLI::PositiveNumber);
    app.add_option("--nodes", a.nodes, "nodes of such a cluster")
        ->capture_default_str()
        ->check(CLI::Range(3, 9))
        ->needs(clusters);
    app.add_option("--faults", a.faults, "faults for each, one after the other")
        ->capture_default_str()
        ->check(CLI::PositiveNumber)
        ->needs(clusters);
    app.add_flag("--relays", a.relays,
                 "nodes on loopback with relays between them, even where each could have a network namespace")
        ->needs(clusters);
    auto* laws = app.add_option("--laws", a.operations,
                                "instead: so many random operations for each kind of store, beside a map (10000000)");
    laws->expected(0, 1)->default_str("10000000")->check(CLI::PositiveNumber);
    app.add_flag("--quiet", a.quiet, "no progress on stderr");
    app.add_flag("--list", a.list, "name the kinds, stores and workloads");
    try {
        app.parse(count, values);
    } catch (CLI::ParseError const& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    if (a.list) {
        for (auto const& [kind, torture] : kinds()) std::printf("kind      %s\n", kind.c_str());
        for (subject const& what : subjects()) std::printf("store     %s\n", what.name.c_str());
        for (workload const& work : workloads(a.options.seed)) std::printf("workload  %s\n", work.name.c_str());
        return 0;
    }
    try {
        if (a.kills != 0) return kill_under_pgbench(a.kills, static_cast<unsigned>(a.options.seed), a.quiet);
        if (a.clusters != 0) return break_clusters(a.clusters, a.nodes, a.faults, a.options.seed, a.relays, a.quiet);
        if (a.operations != 0) return walk_beside_a_map(a.store, a.options.seed, a.operations, a.quiet);
        return torture_all(values[0], a);
    } catch (std::exception const& e) {
        std::fprintf(stderr, "torture: %s\n", e.what());
        return 2;
    }
}
