/// @file simulate: groups of nodes with their disks, network and clients under every fault at once, seed after seed.
#include "../../tests/cluster/disk_storage.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

using namespace phantomdb;

namespace {

struct arguments {
    std::uint64_t start = 1;
    std::uint64_t seeds = 20'000;
    std::string storage = "disk";
    bool quiet = false;
};

// What an assertion in the core leaves to be said, by a signal handler.
char again[512];

void say_again(int) {
    for (std::size_t size = std::char_traits<char>::length(again), done = 0; done < size;) {
        ::ssize_t const wrote = ::write(STDOUT_FILENO, again + done, size - done);
        if (wrote <= 0) break;
        done += static_cast<std::size_t>(wrote);
    }
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
}

template <class Storage>
std::optional<std::string> run(std::uint64_t seed, test::simulation_counts& all) {
    try {
        test::basic_simulation<Storage> one(seed);
        auto violation = one.run();
        all.add(one.counts());
        return violation;
    } catch (error const& e) {
        return e.message + ": " + e.detail;
    } catch (std::exception const& e) {
        return e.what();
    }
}

void report(test::simulation_counts const& all, bool on_disk) {
    std::printf(
        "%llu elections, %llu commands acknowledged, %llu reads, %llu crashes, %llu images, %llu changes of members\n",
        static_cast<unsigned long long>(all.elections), static_cast<unsigned long long>(all.acknowledged),
        static_cast<unsigned long long>(all.reads), static_cast<unsigned long long>(all.crashes),
        static_cast<unsigned long long>(all.images), static_cast<unsigned long long>(all.changes));
    for (std::size_t i = 0; i < test::rare_paths; ++i) {
        bool const of_disks = i == static_cast<std::size_t>(test::rare::crash_while_writing) ||
                              i == static_cast<std::size_t>(test::rare::change_lost) ||
                              i == static_cast<std::size_t>(test::rare::change_survived) ||
                              i == static_cast<std::size_t>(test::rare::commit_forgotten) ||
                              i == static_cast<std::size_t>(test::rare::image_ahead_of_log);
        if (all.rare.times[i] == 0 && of_disks && !on_disk) continue;
        std::printf("%12llu  %.*s%s\n", static_cast<unsigned long long>(all.rare.times[i]),
                    static_cast<int>(test::rare_texts[i].size()), test::rare_texts[i].data(),
                    all.rare.times[i] == 0 ? "  (never reached)" : "");
    }
}

/// 0 nothing wrong, 1 a violation.
int simulate(std::string const& program, arguments const& a) {
    using clock = std::chrono::steady_clock;
    auto const begun = clock::now();
    auto shown = begun;
    bool const on_disk = a.storage == "disk";
    test::simulation_counts all;
    std::uint64_t failed = 0;
    std::signal(SIGABRT, say_again);
    for (std::uint64_t seed = a.start; seed - a.start < a.seeds; ++seed) {
        std::snprintf(again, sizeof again, "seed %llu: an assertion\n  again: %s --storage %s --start %llu --seeds 1\n",
                      static_cast<unsigned long long>(seed), program.c_str(), a.storage.c_str(),
                      static_cast<unsigned long long>(seed));
        auto const violation = on_disk ? run<test::disk_storage<>>(seed, all) : run<test::memory_storage>(seed, all);
        if (violation) {
            ++failed;
            std::printf("seed %llu: %s\n  again: %s --storage %s --start %llu --seeds 1\n",
                        static_cast<unsigned long long>(seed), violation->c_str(), program.c_str(), a.storage.c_str(),
                        static_cast<unsigned long long>(seed));
            std::fflush(stdout);
        }
        if (!a.quiet && clock::now() - shown > std::chrono::seconds(1)) {
            shown = clock::now();
            double const seconds = std::chrono::duration<double>(shown - begun).count();
            std::uint64_t const done = seed - a.start + 1;
            std::fprintf(stderr, "%6.0f s  %llu of %llu seeds, %.0f a second, %llu violations\n", seconds,
                         static_cast<unsigned long long>(done), static_cast<unsigned long long>(a.seeds),
                         static_cast<double>(done) / seconds, static_cast<unsigned long long>(failed));
        }
    }
    report(all, on_disk);
    std::printf("%llu seeds from %llu, %llu violations, %.1f s\n", static_cast<unsigned long long>(a.seeds),
                static_cast<unsigned long long>(a.start), static_cast<unsigned long long>(failed),
                std::chrono::duration<double>(clock::now() - begun).count());
    return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char* values[]) {
    CLI::App app(
        "Runs groups of three and five nodes with lost, doubled and late messages, cut links, crashes, losses of "
        "power, "
        "changes of members and images, and checks that nothing is violated and that they recover.");
    arguments a;
    app.add_option("--start", a.start, "the first seed; a seed gives the same run every time")->capture_default_str();
    app.add_option("--seeds", a.seeds, "how many")->capture_default_str()->check(CLI::PositiveNumber);
    app.add_option("--storage", a.storage, "disk: logs in files of simulated disks; memory: faster")
        ->capture_default_str()
        ->check(CLI::IsMember({"disk", "memory"}));
    app.add_flag("--quiet", a.quiet, "no progress on stderr");
    try {
        app.parse(count, values);
    } catch (CLI::ParseError const& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    return simulate(values[0], a);
}
