/// @file Defines the workloads: what is done to a database while the machine under it fails. Made from kind × variant × seed.
#pragma once

#include "database.hpp"

#include <phantomdb/sim/random.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::torture {

struct step {
    enum class kind : std::uint8_t { commit, together, sync, checkpoint, maintain, reopen };
    kind what = kind::commit;
    std::vector<changes> commits{};  ///< one, or those of `together`
    commit_options options{};
};

struct workload {
    std::string name;
    std::vector<step> steps;
};

/// Builds one workload.
class workload_builder {
public:
    workload_builder(std::string_view kind, std::string_view variant, std::uint64_t seed)
        : random_(sim::mix(seed, hash(kind))),
          kind_(kind),
          checkpoints_(variant != "plain"),
          reopens_(variant == "reopen"),
          commits_(variant == "reopen" ? 24 : 14) {}

    std::vector<step> build() {
        if (needs_rows()) {
            changes rows;
            for (int i = 0; i < 60; ++i) rows.push_back(put(key(i), value(8, 60)));
            commit(std::move(rows));
        }
        for (int i = 0; i < commits_; ++i) {
            one(i);
            if (checkpoints_ && random_.chance(1, kind_ == "checkpoints" ? 1 : 6)) add(step::kind::checkpoint);
            if (reopens_ && random_.chance(1, kind_ == "reopens" ? 2 : 7)) add(step::kind::reopen);
            if (random_.chance(1, 4)) add(step::kind::maintain);
        }
        if (kind_ == "lazy") add(step::kind::sync);
        return std::move(steps_);
    }

    static std::vector<std::string_view> kinds() {
        return {"bulk",  "single",  "hot",        "random", "deletes", "mixed",    "big",    "spans", "checkpoints",
                "edges", "reopens", "savepoints", "lazy",   "groups",  "smallest", "breath", "ones",  "heavy"};
    }
    static std::vector<std::string_view> variants() { return {"plain", "checkpoints", "reopen"}; }

private:
    static std::uint64_t hash(std::string_view text) {
        std::uint64_t h = 14'695'981'039'346'656'037u;
        for (char const letter : text) h = (h ^ static_cast<unsigned char>(letter)) * 1'099'511'628'211u;
        return h;
    }
    bool needs_rows() const {
        return kind_ == "hot" || kind_ == "random" || kind_ == "deletes" || kind_ == "mixed" || kind_ == "spans" ||
               kind_ == "savepoints" || kind_ == "heavy";
    }

    static std::string key(std::uint64_t n) {
        std::string const digits = std::to_string(n);
        return "row/" + std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
    }
    std::string value(std::size_t least, std::size_t most) {
        std::string bytes(least + random_.below(most - least + 1), '\0');
        // Repeated, so that making it is cheap; different each time, so that a stale one is noticed.
        std::uint64_t const stamp = random_();
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(stamp >> (i % 8 * 8) ^ i / 8);
        return bytes;
    }
    static change put(std::string key, std::string value) {
        return {change::kind::put, std::move(key), std::move(value)};
    }
    static change erase(std::string key) { return {change::kind::erase, std::move(key), {}}; }

    void add(step::kind what) { steps_.push_back({what, {}, {}}); }
    void commit(changes all, commit_options options = {}) {
        steps_.push_back({step::kind::commit, {std::move(all)}, options});
    }

    void one(int i) {
        auto const n = static_cast<std::uint64_t>(i);
        if (kind_ == "bulk") {
            changes rows;
            for (std::uint64_t r = 0; r < 80; ++r) rows.push_back(put(key(n * 80 + r), value(10, 40)));
            commit(std::move(rows));
        } else if (kind_ == "single" || kind_ == "reopens") {
            commit({put(key(n), value(20, 200))});
        } else if (kind_ == "hot") {
            commit({put(key(7), value(20, 60)), put(key(8 + random_.below(2)), value(20, 60))});
        } else if (kind_ == "random" || kind_ == "checkpoints") {
            commit({put(key(random_.below(60)), value(0, 300)), put(key(random_.below(60)), value(0, 30))});
        } else if (kind_ == "deletes") {
            changes gone;
            for (int k = 0; k < 6; ++k) gone.push_back(erase(key(random_.below(70))));
            commit(std::move(gone));
        } else if (kind_ == "mixed" || kind_ == "savepoints") {
            commit(some(), {random_.chance(3, 4), kind_ == "savepoints"});
        } else if (kind_ == "big") {
            // Beyond what a page, a fill-ahead and a segment hold.
            constexpr std::size_t sizes[]{1100, 4000, 5000, 9000, 17'000, 40'000};
            std::size_t const size = sizes[random_.below(6)];
            commit({put(key(random_.below(6)), value(size, size + 600)), put(key(100 + n), value(5, 20))});
        } else if (kind_ == "spans") {
            std::uint64_t const from = random_.below(60);
            commit({{change::kind::erase_span, key(from), random_.chance(1, 8) ? "" : key(from + random_.below(12))},
                    put(key(random_.below(60)), value(5, 50))});
        } else if (kind_ == "edges") {
            // Records that end close to the ends of sectors, of what is filled ahead and of segments.
            constexpr std::size_t edges[]{512, 1024, 4096, 8192, 2048};
            std::size_t const edge = edges[random_.below(5)];
            commit({put(key(n), value(edge - 90, edge))});
        } else if (kind_ == "lazy") {
            commit(some(), {random_.chance(1, 5), false});
        } else if (kind_ == "groups") {
            std::vector<changes> commits;
            for (std::uint64_t c = 2 + random_.below(5); c > 0; --c) commits.push_back(some());
            steps_.push_back({step::kind::together, std::move(commits), {}});
        } else if (kind_ == "smallest") {
            commit(
                {i % 3 == 0 ? erase("absent") : put(i % 3 == 1 ? "k" : "", i % 2 == 0 ? "" : "v" + std::to_string(i))});
        } else if (kind_ == "breath") {
            // Grows, and shrinks to nothing.
            changes all;
            for (std::uint64_t r = 0; r < 50; ++r)
                all.push_back(i % 2 == 0 ? put(key(r), value(20, 120)) : erase(key(r)));
            commit(std::move(all), {true, i % 4 == 2});
        } else if (kind_ == "ones") {
            for (std::uint64_t r = 0; r < 3; ++r) commit({put(key(n * 3 + r), value(1, 20))}, {r == 2, false});
        } else {  // heavy
            changes all = some();
            for (int k = 0; k < 10; ++k) all.push_back(put(key(random_.below(400)), value(100, 900)));
            commit(std::move(all));
        }
    }

    changes some() {
        changes all;
        for (std::uint64_t k = 1 + random_.below(5); k > 0; --k) {
            std::string const at = key(random_.below(90));
            all.push_back(random_.chance(1, 4) ? erase(at) : put(at, value(0, random_.chance(1, 8) ? 2500 : 90)));
        }
        return all;
    }

    sim::random_source random_;
    std::string kind_;
    bool checkpoints_, reopens_;
    int commits_;
    std::vector<step> steps_;
};

/// All of them, for one seed.
inline std::vector<workload> workloads(std::uint64_t seed) {
    std::vector<workload> all;
    for (std::string_view const kind : workload_builder::kinds()) {
        for (std::string_view const variant : workload_builder::variants()) {
            all.push_back(
                {std::string(kind) + "/" + std::string(variant), workload_builder(kind, variant, seed).build()});
        }
    }
    return all;
}

}  // namespace phantomdb::torture
