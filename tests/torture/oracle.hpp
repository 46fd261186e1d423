/// @file Defines `oracle`, which knows what a database may hold, and knows it without any store.
///
/// Commits are numbered as they are tried. What was acknowledged as durable must be there. Behind it there may be: commits
/// acknowledged as written, and the one on its way, each only with all before it; and commits that ended in an error which
/// leaves it open, each or not. A commit that was refused must not be there.
#pragma once

#include "database.hpp"

#include <phantomdb/sim/random.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::torture {

/// What a database holds: for each key a number out of its value.
struct state {
    std::map<std::string, std::uint64_t, std::less<>> values;
    std::uint64_t digest = 0;  ///< of all keys and values, in no order

    static std::uint64_t number_of(std::string_view value) { return std::hash<std::string_view>{}(value); }
    static std::uint64_t entry(std::string_view key, std::uint64_t value) {
        return sim::mix(std::hash<std::string_view>{}(key), value);
    }

    void put(std::string_view key, std::string_view value) {
        erase(key);
        std::uint64_t const number = number_of(value);
        values.emplace(key, number);
        digest += entry(key, number);
    }
    void erase(std::string_view key) {
        auto const at = values.find(key);
        if (at == values.end()) return;
        digest -= entry(at->first, at->second);
        values.erase(at);
    }
    void apply(changes const& all) {
        for (change const& c : all) {
            switch (c.what) {
                case change::kind::put: put(c.key, c.value); break;
                case change::kind::erase: erase(c.key); break;
                case change::kind::erase_span:
                    for (auto at = values.lower_bound(c.key);
                         at != values.end() && (c.value.empty() || at->first < c.value);) {
                        digest -= entry(at->first, at->second);
                        at = values.erase(at);
                    }
                    break;
            }
        }
    }
};

/// Says where `found` differs from `expected`, in a few words.
inline std::string difference(state const& expected, state const& found) {
    std::size_t missing = 0, extra = 0, other = 0;
    std::string first;
    auto const note = [&](std::string_view what, std::string const& key) {
        if (first.empty()) first = std::string(what) + " \"" + key + "\"";
    };
    for (auto const& [key, value] : expected.values) {
        auto const at = found.values.find(key);
        if (at == found.values.end()) {
            ++missing;
            note("lacks", key);
        } else if (at->second != value) {
            ++other;
            note("has another value under", key);
        }
    }
    for (auto const& [key, value] : found.values) {
        if (!expected.values.contains(key)) {
            ++extra;
            note("has nobody's", key);
        }
    }
    return std::to_string(missing) + " keys missing, " + std::to_string(extra) + " too many, " + std::to_string(other) +
           " with another value; it " + first;
}

class oracle {
public:
    void start(changes all) { tail_.push_back({std::move(all), fate::flying}), stale(); }

    /// The commits that were started last, `count` of them, were acknowledged.
    void acknowledge(std::size_t count, bool durable) {
        for (std::size_t i = tail_.size() - count; i < tail_.size(); ++i) tail_[i].what = fate::written;
        if (durable) settle();
        stale();
    }
    /// Everything acknowledged so far is durable.
    void settle() {
        for (attempt& a : tail_) {
            if (a.what == fate::written) a.what = fate::durable;
        }
        std::size_t n = 0;
        for (; n < tail_.size() && tail_[n].what == fate::durable; ++n) base_.apply(tail_[n].all);
        tail_.erase(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(n));
        stale();
    }
    /// The commits that were started last ended in an error.
    void fail(std::size_t count, bool refused) {
        for (std::size_t i = tail_.size() - count; i < tail_.size(); ++i) tail_[i].what = fate::open;
        if (refused) tail_.resize(tail_.size() - count);
        stale();
    }
    /// The database was opened again and holds this, for good.
    void found(state const& now) {
        tail_.clear();
        base_ = now;
        stale();
    }

    /// What a loss of power may leave.
    std::vector<state> const& after_power_cut() {
        if (!allowed_) allowed_ = states(false);
        return *allowed_;
    }
    /// What is there while the power stays.
    std::vector<state> while_running() const { return states(true); }
    std::size_t open_questions() const {
        return static_cast<std::size_t>(
            std::count_if(tail_.begin(), tail_.end(), [](attempt const& a) { return a.what == fate::open; }));
    }

private:
    enum class fate : std::uint8_t { durable, written, flying, open };
    struct attempt {
        changes all;
        fate what;
    };

    void stale() { allowed_.reset(); }

    std::vector<state> states(bool written_stays) const {
        struct branch {
            state now;
            bool ended;
        };
        std::vector<branch> all{{base_, false}};
        for (attempt const& a : tail_) {
            std::vector<branch> next;
            for (branch& b : all) {
                bool const must = a.what == fate::durable || (written_stays && a.what == fate::written);
                if (must && b.ended) continue;
                if (!must) next.push_back({b.now, b.ended || a.what != fate::open});
                if (!b.ended) {
                    b.now.apply(a.all);
                    next.push_back({std::move(b.now), false});
                }
            }
            all = std::move(next);
        }
        std::vector<state> result;
        for (branch& b : all) {
            bool const known =
                std::any_of(result.begin(), result.end(), [&](state const& s) { return s.digest == b.now.digest; });
            if (!known) result.push_back(std::move(b.now));
        }
        return result;
    }

    state base_;
    std::vector<attempt> tail_;
    std::optional<std::vector<state>> allowed_;
};

/// What an open database holds, read whole. Throws what it throws, and data_corrupted where keys are out of order.
inline state read_state(database& db) {
    state now;
    std::optional<std::string> last;
    db.read([&](std::string_view key, std::string_view value) {
        sim::machine_memory const memory;
        if (last && key <= *last)
            throw error(errc::data_corrupted, "keys are out of order at \"" + std::string(key) + "\"");
        last = key;
        std::uint64_t const number = state::number_of(value);
        now.values.emplace_hint(now.values.end(), key, number);
        now.digest += state::entry(key, number);
    });
    return now;
}

}  // namespace phantomdb::torture
