/// @file Defines `check_list_append`: which anomalies of isolation a history of transactions shows.
///
/// Transactions append values to lists, each value once, and read lists whole. A list tells the order of its appends, so from what was
/// read one infers which transaction wrote before which, who read from whom, and who read what another was about to change; that is
/// the idea of Elle (Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental observations", 2020). The anomalies
/// are those of Adya ("Weak consistency", 1999):
///
///     G0        a circle of writes: two transactions overwrite each other, here first, there last
///     G1a       a read of what a transaction wrote that was rolled back
///     G1b       a read of what a transaction wrote and then wrote again
///     G1c       a circle of writes and reads of what was written: information flows round
///     G-single  a circle with one read of what another was about to change (read skew, lost update)
///     G2        a circle with several of them (write skew)
///
/// A circle that needs the order in real time besides is an anomaly of its own: the history may be serializable, but not strictly.
/// And there is what no isolation level is asked about: values nobody wrote, values twice, reads that contradict each other on the order,
/// transactions that don't see their own writes.
///
/// 1. Reads are checked by themselves. The longest read of a key is the order of its values; an appended value of a committed
///    transaction that is not in it comes later.
/// 2. Edges: write-write between neighbours of the order, write-read from the last value's writer, read-write to the next value's
///    writer, real time from what had ended to what began later (only to the first ones: the rest follows).
/// 3. Circles are looked for in strongly connected components (Tarjan), from the strictest rule to the loosest; of each kind one is
///    shown, a shortest one.
///
/// A transaction of unknown outcome counts as committed once somebody has read what it wrote, and as not there until then.
#pragma once

#include <phantomdb/testing/dependency_graph.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace phantomdb::testing {

enum class fate : std::uint8_t { committed, aborted, unknown };

/// One step of a transaction.
struct list_step {
    std::string key;
    std::optional<std::int64_t> append;             ///< else it is a read
    std::optional<std::vector<std::int64_t>> read;  ///< what it gave; none where it is not known
};

struct list_transaction {
    std::uint64_t client = 0;
    std::vector<list_step> steps;
    fate outcome = fate::committed;
    std::uint64_t invoked = 0;
    std::uint64_t returned = 0;  ///< does not count where the outcome is unknown
};

enum class anomaly_kind : std::uint8_t {
    unwritten_value,     ///< a read of what nobody appended
    duplicate_value,     ///< a value twice in a list
    incompatible_order,  ///< two reads of which neither is the other's beginning
    internal,            ///< a transaction contradicts itself
    repeated_append,     ///< two transactions append the same value: the history itself is of no use
    g1a,
    g1b,
    g0,
    g1c,
    g_single,
    g2,
    g0_real_time,
    g1c_real_time,
    g_single_real_time,
    g2_real_time,
};

constexpr std::string_view name_of(anomaly_kind kind) {
    constexpr std::string_view names[] = {"unwritten value",
                                          "duplicate value",
                                          "incompatible order",
                                          "internal",
                                          "repeated append",
                                          "G1a",
                                          "G1b",
                                          "G0",
                                          "G1c",
                                          "G-single",
                                          "G2",
                                          "G0 in real time",
                                          "G1c in real time",
                                          "G-single in real time",
                                          "G2 in real time"};
    return names[static_cast<std::size_t>(kind)];
}

struct anomaly {
    anomaly_kind kind = anomaly_kind::internal;
    std::vector<std::size_t> transactions;  ///< indexes into the history; of a circle in its order
    std::string explanation;
};

/// What a level of isolation forbids. A history shows no more than what happened in it.
enum class isolation : std::uint8_t { read_committed, snapshot, serializable, strict_serializable };

constexpr bool forbids(isolation level, anomaly_kind kind) {
    switch (kind) {
        case anomaly_kind::g_single: return level != isolation::read_committed;
        case anomaly_kind::g2: return level == isolation::serializable || level == isolation::strict_serializable;
        case anomaly_kind::g0_real_time:
        case anomaly_kind::g1c_real_time:
        case anomaly_kind::g_single_real_time:
        case anomaly_kind::g2_real_time: return level == isolation::strict_serializable;
        default: return true;
    }
}

namespace detail {

class list_append_check {
public:
    explicit list_append_check(std::vector<list_transaction> const& history)
        : history_(history), graph_(history.size()) {}

    std::vector<anomaly> run() {
        collect_appends();
        for (std::size_t t = 0; t < history_.size(); ++t) {
            if (history_[t].outcome != fate::aborted) check_reads(t);
        }
        order_versions();
        connect();
        connect_in_time();
        find_circles();
        return std::move(found_);
    }

private:
    struct place {
        std::size_t transaction = 0, step = 0;
        bool is_last = true;                   // of its transaction on this key
        std::optional<std::int64_t> previous;  // what the transaction appended to it before
    };
    using values = std::vector<std::int64_t>;
    using key_and_value = std::pair<std::string, std::int64_t>;

    void report(anomaly_kind kind, std::vector<std::size_t> who, std::string text) {
        found_.push_back({kind, std::move(who), std::string(name_of(kind)) + ": " + std::move(text)});
    }
    static std::string name(std::size_t transaction) { return "T" + std::to_string(transaction); }
    static std::string text_of(std::vector<std::int64_t> const& list) {
        std::string text = "[";
        for (auto const value : list) text += (text.size() > 1 ? " " : "") + std::to_string(value);
        return text + "]";
    }

    void collect_appends() {
        for (std::size_t t = 0; t < history_.size(); ++t) {
            std::map<std::string, place*> last;
            for (std::size_t s = 0; s < history_[t].steps.size(); ++s) {
                list_step const& step = history_[t].steps[s];
                if (!step.append) continue;
                auto const [at, is_new] = appends_.try_emplace({step.key, *step.append}, place{t, s, true, {}});
                if (!is_new) {
                    report(anomaly_kind::repeated_append, {at->second.transaction, t},
                           std::to_string(*step.append) + " is appended to " + step.key + " twice");
                    continue;
                }
                auto& before = last[step.key];
                if (before) before->is_last = false, at->second.previous = history_[t].steps[before->step].append;
                before = &at->second;
            }
        }
    }

    void check_reads(std::size_t t) {
        struct known {
            std::optional<std::vector<std::int64_t>> list;  // the last read, with what was appended since
            std::vector<std::int64_t> own;
        };
        std::map<std::string, known> keys;
        for (list_step const& step : history_[t].steps) {
            known& k = keys[step.key];
            if (step.append) {
                k.own.push_back(*step.append);
                if (k.list) k.list->push_back(*step.append);
                continue;
            }
            if (!step.read) continue;
            auto const& list = *step.read;
            std::string const what = name(t) + " reads " + step.key + " " + text_of(list);
            bool const ends_in_own =
                list.size() >= k.own.size() && std::equal(k.own.rbegin(), k.own.rend(), list.rbegin());
            if (!ends_in_own) {
                report(anomaly_kind::internal, {t}, what + " after it has appended " + text_of(k.own));
            } else if (k.list && list.size() < k.list->size()) {
                report(anomaly_kind::internal, {t}, what + " after " + text_of(*k.list));
            }
            k.list = list;
            check_values(t, step.key, list, what);
            auto others = what_others_see(t, step);
            if (others.size() > orders_[step.key].values.size()) orders_[step.key] = {std::move(others), t};
        }
    }

    /// Where it is not known whether a transaction took effect, what it appended itself may be there for nobody else.
    values what_others_see(std::size_t t, list_step const& step) const {
        values list = *step.read;
        while (history_[t].outcome == fate::unknown && !list.empty() && is_of(step.key, list.back(), t))
            list.pop_back();
        return list;
    }

    void check_values(std::size_t t, std::string const& key, std::vector<std::int64_t> const& list,
                      std::string const& what) {
        std::set<std::int64_t> once;
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (!once.insert(list[i]).second) {
                report(anomaly_kind::duplicate_value, {t}, what + " with " + std::to_string(list[i]) + " twice");
                continue;
            }
            auto const from = appends_.find(key_and_value{key, list[i]});
            if (from == appends_.end()) {
                report(anomaly_kind::unwritten_value, {t}, what + ", but nobody appended " + std::to_string(list[i]));
                continue;
            }
            place const& p = from->second;
            if (p.previous && (i == 0 || list[i - 1] != *p.previous)) {
                report(anomaly_kind::incompatible_order, {p.transaction, t},
                       what + ", but " + name(p.transaction) + " appended " + std::to_string(*p.previous) + " before " +
                           std::to_string(list[i]));
            }
            if (p.transaction == t) continue;
            seen_.insert(p.transaction);
            if (history_[p.transaction].outcome == fate::aborted) {
                report(anomaly_kind::g1a, {p.transaction, t},
                       what + ", but " + name(p.transaction) + ", which appended " + std::to_string(list[i]) +
                           ", was rolled back");
            }
            // What follows in the list has to go on with the same transaction.
            bool const goes_on = i + 1 < list.size() && is_of(key, list[i + 1], p.transaction);
            if (!p.is_last && !goes_on) {
                report(anomaly_kind::g1b, {p.transaction, t},
                       what + ", but " + name(p.transaction) + " appended more after " + std::to_string(list[i]));
            }
        }
    }
    bool is_of(std::string const& key, std::int64_t value, std::size_t transaction) const {
        auto const from = appends_.find(key_and_value{key, value});
        return from != appends_.end() && from->second.transaction == transaction;
    }

    bool counts(std::size_t t) const {
        return history_[t].outcome == fate::committed || (history_[t].outcome == fate::unknown && seen_.contains(t));
    }

    struct order {
        std::vector<std::int64_t> values;
        std::size_t reader = 0;
    };

    void order_versions() {
        for (std::size_t t = 0; t < history_.size(); ++t) {
            if (history_[t].outcome == fate::aborted) continue;
            for (list_step const& step : history_[t].steps) {
                if (!step.read) continue;
                order const& longest = orders_[step.key];
                values const list = what_others_see(t, step);
                if (std::equal(list.begin(), list.end(), longest.values.begin())) continue;
                report(anomaly_kind::incompatible_order, {longest.reader, t},
                       name(t) + " reads " + step.key + " " + text_of(*step.read) + ", but " + name(longest.reader) +
                           " reads " + text_of(longest.values));
            }
        }
        for (auto const& [what, where] : appends_) {
            if (!counts(where.transaction)) continue;
            auto const& read = orders_[what.first].values;
            if (std::find(read.begin(), read.end(), what.second) == read.end())
                unread_[what.first].push_back(what.second);
        }
    }

    std::optional<std::size_t> writer(std::string const& key, std::int64_t value) const {
        auto const from = appends_.find(key_and_value{key, value});
        if (from == appends_.end() || !counts(from->second.transaction)) return std::nullopt;
        return from->second.transaction;
    }
    void add(std::optional<std::size_t> from, std::optional<std::size_t> to, dependency why, std::string const& key,
             std::int64_t value) {
        if (from && to) graph_.add({*from, *to, why, key + " " + std::to_string(value)});
    }

    void connect() {
        for (auto const& [key, known] : orders_) {
            auto const& list = known.values;
            for (std::size_t i = 1; i < list.size(); ++i) {
                add(writer(key, list[i - 1]), writer(key, list[i]), write_write, key, list[i]);
            }
            if (list.empty()) continue;
            for (auto const later : unread_[key])
                add(writer(key, list.back()), writer(key, later), write_write, key, later);
        }
        for (std::size_t t = 0; t < history_.size(); ++t) {
            if (!counts(t)) continue;
            for (list_step const& step : history_[t].steps) {
                if (step.read) connect_read(t, step.key, *step.read);
            }
        }
    }
    void connect_read(std::size_t t, std::string const& key, std::vector<std::int64_t> const& read) {
        auto const& list = orders_[key].values;
        // What it appended itself and then read is not what it read from others.
        std::size_t length = read.size();
        while (length > 0 && is_of(key, read[length - 1], t)) --length;
        if (length > 0) add(writer(key, read[length - 1]), t, write_read, key, read[length - 1]);
        if (!std::equal(read.begin(), read.end(), list.begin(), list.begin() + std::min(read.size(), list.size())))
            return;
        if (read.size() < list.size())
            return add(t, writer(key, list[read.size()]), read_write, key, list[read.size()]);
        for (auto const later : unread_[key]) add(t, writer(key, later), read_write, key, later);
    }

    void connect_in_time() {
        struct event {
            std::uint64_t time;
            bool is_return;
            std::size_t transaction;
        };
        std::vector<event> events;
        for (std::size_t t = 0; t < history_.size(); ++t) {
            if (!counts(t)) continue;
            events.push_back({history_[t].invoked, false, t});
            if (history_[t].outcome == fate::committed) events.push_back({history_[t].returned, true, t});
        }
        std::sort(events.begin(), events.end(), [](event const& a, event const& b) {
            return std::tuple(a.time, a.is_return, a.transaction) < std::tuple(b.time, b.is_return, b.transaction);
        });
        // Ended, and none of them before another of them: whoever ended earlier comes before one of these.
        std::vector<std::size_t> frontier;
        for (event const& e : events) {
            if (!e.is_return) {
                for (std::size_t const before : frontier) graph_.add({before, e.transaction, real_time, {}});
                continue;
            }
            auto const begun = history_[e.transaction].invoked;
            std::erase_if(frontier, [&](std::size_t t) { return history_[t].returned < begun; });
            frontier.push_back(e.transaction);
        }
    }

    void find_circles() {
        struct rule {
            anomaly_kind kind;
            unsigned first, then;
        };
        // From the strictest on: once the loosest rule of a row finds a circle, it may be one that a stricter rule has found.
        constexpr unsigned ww = write_write, wr = write_read, rw = read_write, rt = real_time;
        constexpr rule plain[] = {{anomaly_kind::g0, ww, ww},
                                  {anomaly_kind::g1c, wr, ww | wr},
                                  {anomaly_kind::g_single, rw, ww | wr},
                                  {anomaly_kind::g2, rw, ww | wr | rw}};
        constexpr rule timed[] = {{anomaly_kind::g0_real_time, ww, ww | rt},
                                  {anomaly_kind::g1c_real_time, wr, ww | wr | rt},
                                  {anomaly_kind::g_single_real_time, rw, ww | wr | rt},
                                  {anomaly_kind::g2_real_time, rw, ww | wr | rw | rt}};
        for (auto const& [rules, needs_time] : {std::pair(&plain, false), std::pair(&timed, true)}) {
            for (rule const& r : *rules) {
                auto const circle = graph_.find_circle(r.first, r.then);
                if (circle && is_of_kind(r.kind, *circle, needs_time)) report_circle(r.kind, *circle);
            }
        }
    }
    /// Whether it is not one of a stricter kind, too.
    static bool is_of_kind(anomaly_kind kind, dependency_graph::circle const& circle, bool needs_time) {
        auto const count = [&](dependency why) {
            return std::count_if(circle.begin(), circle.end(), [&](auto const& e) { return e.why == why; });
        };
        if (needs_time != (count(real_time) > 0)) return false;
        bool const several = kind == anomaly_kind::g2 || kind == anomaly_kind::g2_real_time;
        return !several || count(read_write) > 1;
    }
    void report_circle(anomaly_kind kind, dependency_graph::circle const& circle) {
        std::vector<std::size_t> who;
        std::string text;
        for (auto const& e : circle) {
            who.push_back(e.from);
            text += name(e.from);
            switch (e.why) {
                case write_write: text += " wrote before "; break;
                case write_read: text += " was read by "; break;
                case read_write: text += " did not see "; break;
                case real_time: text += " had ended before "; break;
            }
            text += name(e.to) + (e.on.empty() ? "" : " (" + e.on + ")") + ", ";
        }
        text.resize(text.size() - 2);
        report(kind, std::move(who), std::move(text));
    }

    std::vector<list_transaction> const& history_;
    dependency_graph graph_;
    std::map<key_and_value, place> appends_;
    std::map<std::string, order> orders_;
    std::map<std::string, std::vector<std::int64_t>> unread_;
    std::set<std::size_t> seen_;  // transactions whose appends somebody else has read
    std::vector<anomaly> found_;
};

}  // namespace detail

/// All anomalies of reads, and of each kind of circle one. Empty where the history is strictly serializable as far as it tells.
inline std::vector<anomaly> check_list_append(std::vector<list_transaction> const& history) {
    return detail::list_append_check(history).run();
}

/// Those of them that `level` forbids.
inline std::vector<anomaly> check_list_append(std::vector<list_transaction> const& history, isolation level) {
    auto found = check_list_append(history);
    std::erase_if(found, [&](anomaly const& a) { return !forbids(level, a.kind); });
    return found;
}

}  // namespace phantomdb::testing
