/// @file Defines `check_linearizability`: whether what clients saw can be told as a story in which one thing happened after another.
///
/// A history is linearizable if each operation can be given a moment between its invocation and its return such that in the order of
/// these moments every result is what a sequential object answers (Herlihy and Wing 1990). An operation whose outcome is unknown (a
/// time-out, a lost connection) may have taken effect at any moment after its invocation, or not at all.
///
/// 1. Operations on different keys don't matter to each other (linearizability is local), so each key is searched alone.
/// 2. The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993): take any operation that was invoked before the
///    first return among those not taken yet, try it on the object, and go back where nothing fits.
/// 3. Lowe's memoisation ("Testing for linearizability", 2017) cuts it: the same set of taken operations with the same state of the
///    object leads to the same end and is not searched twice. Nor is anything tried in place of an operation that fits and only
///    looks, and an operation of unknown outcome is only tried where it makes a difference to the next one.
/// 4. Where there is no order, the fault is made as small as it goes, by steps that only make it easier to find one: the end is cut
///    off; results are forgotten one by one. What is left cannot be explained, and everything in it is needed for that.
///
/// Deciding is NP-complete; histories as clients make them, with a handful of operations at a time on a key, take about linear time
/// where they hold. Operations of unknown outcome stay possible for ever, which is what makes a search long.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

namespace phantomdb::testing {

/// A sequential object. `step` gives the state after `call` has answered `result`, nothing if it could not have answered that;
/// `result` is null where it is not known. `only_looks` says of an operation that it changes no state in which it can answer so.
template <class M>
concept sequential_model =
    requires(typename M::state const& state, typename M::call const& call, typename M::result const* result) {
        { M::initial() } -> std::convertible_to<typename M::state>;
        { M::step(state, call, result) } -> std::same_as<std::optional<typename M::state>>;
        { M::only_looks(call, *result) } -> std::same_as<bool>;
        { M::hash(state) } -> std::convertible_to<std::size_t>;
        { M::describe(call, result) } -> std::convertible_to<std::string>;
        requires std::equality_comparable<typename M::state>;
    };

/// One operation of one client. What surely did not happen is left out of a history.
template <sequential_model Model>
struct operation {
    std::uint64_t client = 0;
    std::string key;
    typename Model::call call;
    std::optional<typename Model::result> result;  ///< none: the outcome is unknown
    std::uint64_t invoked = 0;                     ///< by a clock that all clients share
    std::uint64_t returned = 0;                    ///< counts only where there is a result
};

enum class verdict : std::uint8_t {
    holds,
    violated,
    undecided,  ///< the search was given up
};

struct linearizability_result {
    verdict outcome = verdict::holds;
    std::string key;                  ///< where it does not hold, or was given up
    std::vector<std::size_t> needed;  ///< of the violation: indexes into the history, by time of invocation
    std::string explanation;          ///< a text of several lines
};

/// A register: reads, writes, and writes that compare. It begins without a value.
struct register_model {
    enum class kind : std::uint8_t { read, write, compare_and_set };
    using value = std::optional<std::int64_t>;
    using state = value;
    struct call {
        register_model::kind kind = kind::read;
        value argument;  ///< of `write`, `compare_and_set`: what to write
        value expected;  ///< of `compare_and_set`
    };
    struct result {
        value read;           ///< of `read`
        bool applied = true;  ///< of `compare_and_set`: whether it found what it expected
    };

    static state initial() { return std::nullopt; }
    static std::optional<state> step(state const& before, call const& c, result const* r) {
        switch (c.kind) {
            case kind::read: return r && r->read != before ? std::nullopt : std::optional<state>(before);
            case kind::write: return std::optional<state>(c.argument);
            case kind::compare_and_set: break;
        }
        bool const applies = before == c.expected;
        if (r && r->applied != applies) return std::nullopt;
        return std::optional<state>(applies ? c.argument : before);
    }
    static bool only_looks(call const& c, result const& r) {
        return c.kind == kind::read || (c.kind == kind::compare_and_set && !r.applied);
    }
    static std::size_t hash(state const& s) { return s ? std::hash<std::int64_t>()(*s) : 0x9e3779b97f4a7c15u; }
    static std::string describe(call const& c, result const* r) {
        auto const text = [](value const& v) { return v ? std::to_string(*v) : std::string("nothing"); };
        switch (c.kind) {
            case kind::read: return "read " + (r ? text(r->read) : "?");
            case kind::write: return "write " + text(c.argument) + (r ? "" : " ?");
            case kind::compare_and_set: break;
        }
        return "set " + text(c.argument) + " if " + text(c.expected) + (r ? r->applied ? ": done" : ": refused" : " ?");
    }
};

namespace detail {

/// The search of one key.
template <class Model>
class linearization {
public:
    using op = operation<Model>;

    explicit linearization(std::vector<op const*> operations) : operations_(std::move(operations)) { link(); }

    /// `steps` bounds the search.
    verdict search(std::uint64_t steps) {
        std::vector<std::uint64_t> taken((operations_.size() + 63) / 64);
        typename Model::state state = Model::initial();
        struct choice {
            std::size_t call;
            typename Model::state before;
            bool forced;
        };
        std::vector<choice> path;
        std::unordered_set<memo, hash_of_memo> seen;
        std::size_t at = next_[head];
        while (unreturned_ > 0) {
            if (steps-- == 0) return verdict::undecided;
            if (at != head && is_call(at)) {
                op const& o = *operations_[at - 1];
                auto after = Model::step(state, o.call, o.result ? &*o.result : nullptr);
                std::size_t const word = (at - 1) / 64;
                std::uint64_t const bit = std::uint64_t{1} << (at - 1) % 64;
                // What only looks may as well be first: nothing else is tried in its place.
                bool const forced = o.result && Model::only_looks(o.call, *o.result);
                // What nobody has to know of and makes no difference does not happen.
                if (after && !o.result && *after == state) after.reset();
                if (after && !path.empty() && !operations_[path.back().call - 1]->result) {
                    // The last one was free not to happen, and made no difference to this one.
                    auto const without = Model::step(path.back().before, o.call, o.result ? &*o.result : nullptr);
                    if (without && *without == *after) after.reset();
                }
                if (after) {
                    taken[word] |= bit;
                    if (seen.insert({taken, *after}).second) {
                        path.push_back({at, std::move(state), forced});
                        state = std::move(*after);
                        unlink(at);
                        if (path.size() > longest_.size()) {
                            longest_.clear();
                            for (choice const& c : path) longest_.push_back(c.call - 1);
                        }
                        at = next_[head];
                        continue;
                    }
                    taken[word] &= ~bit;
                }
                at = next_[at];
                continue;
            }
            // A return whose operation has found no place (or the end): the last choice was wrong.
            for (bool forced = true; forced;) {
                if (path.empty()) return verdict::violated;
                at = path.back().call;
                state = std::move(path.back().before);
                forced = path.back().forced;
                path.pop_back();
                taken[(at - 1) / 64] &= ~(std::uint64_t{1} << (at - 1) % 64);
                relink(at);
            }
            at = next_[at];
        }
        return verdict::holds;
    }
    /// As far as any order came, indexes of operations.
    std::vector<std::size_t> const& longest() const { return longest_; }

private:
    // Events in a ring: 0 is the head, 1 to n the calls, n + 1 to 2n the returns of those that have one.
    static constexpr std::size_t head = 0;
    bool is_call(std::size_t event) const { return event <= operations_.size(); }
    std::size_t return_of(std::size_t call) const { return call + operations_.size(); }

    void link() {
        std::size_t const n = operations_.size();
        struct event {
            std::uint64_t time;
            bool is_return;
            std::size_t number;
        };
        std::vector<event> events;
        for (std::size_t i = 0; i < n; ++i) {
            events.push_back({operations_[i]->invoked, false, i + 1});
            if (!operations_[i]->result) continue;
            events.push_back({operations_[i]->returned, true, i + 1 + n});
            ++unreturned_;
        }
        // What returns in the moment another is invoked overlaps with it.
        std::sort(events.begin(), events.end(), [](event const& a, event const& b) {
            return std::tuple(a.time, a.is_return, a.number) < std::tuple(b.time, b.is_return, b.number);
        });
        next_.assign(2 * n + 1, head);
        previous_.assign(2 * n + 1, head);
        std::size_t last = head;
        for (event const& e : events) next_[last] = e.number, previous_[e.number] = last, last = e.number;
        next_[last] = head, previous_[head] = last;
    }
    void cut(std::size_t event) {
        next_[previous_[event]] = next_[event];
        previous_[next_[event]] = previous_[event];
    }
    void splice(std::size_t event) { next_[previous_[event]] = previous_[next_[event]] = event; }
    void unlink(std::size_t call) {
        cut(call);
        if (operations_[call - 1]->result) cut(return_of(call)), --unreturned_;
    }
    void relink(std::size_t call) {
        if (operations_[call - 1]->result) splice(return_of(call)), ++unreturned_;
        splice(call);
    }

    struct memo {
        std::vector<std::uint64_t> taken;
        typename Model::state state;
        friend bool operator==(memo const& a, memo const& b) { return a.taken == b.taken && a.state == b.state; }
    };
    struct hash_of_memo {
        std::size_t operator()(memo const& m) const {
            std::uint64_t sum = Model::hash(m.state);
            for (std::uint64_t const word : m.taken) sum = (sum ^ word) * 0x9e3779b97f4a7c15u, sum ^= sum >> 29;
            return static_cast<std::size_t>(sum);
        }
    };

    std::vector<op const*> operations_;
    std::vector<std::size_t> next_, previous_, longest_;
    std::size_t unreturned_ = 0;
};

/// What is wrong on a key, made small. `indexes` into `history` are in order of invocation.
template <class Model>
linearizability_result explain(std::vector<operation<Model>> const& history, std::vector<std::size_t> const& indexes,
                               std::uint64_t steps) {
    using op = operation<Model>;
    std::vector<op> ops;
    for (std::size_t const i : indexes) ops.push_back(history[i]);
    auto const fails = [&](std::vector<op> const& some) {
        std::vector<op const*> list;
        for (op const& o : some) list.push_back(&o);
        return linearization<Model>(std::move(list)).search(steps) == verdict::violated;
    };
    // Whatever had not returned by then has an unknown outcome; what was not invoked by then did not happen.
    auto const until = [&](std::uint64_t time) {
        std::vector<op> some;
        for (op o : ops) {
            if (o.invoked > time) continue;
            if (o.result && o.returned > time) o.result.reset();
            some.push_back(std::move(o));
        }
        return some;
    };
    std::vector<std::uint64_t> ends;
    for (op const& o : ops) {
        if (o.result) ends.push_back(o.returned);
    }
    std::sort(ends.begin(), ends.end());
    auto const first =
        std::partition_point(ends.begin(), ends.end(), [&](std::uint64_t t) { return !fails(until(t)); });
    std::vector<op> left = until(first == ends.end() ? std::numeric_limits<std::uint64_t>::max() : *first);
    for (op& o : left) {
        if (!o.result) continue;
        auto const kept = std::exchange(o.result, std::nullopt);
        if (!fails(left)) o.result = kept;
    }

    linearizability_result made;
    made.outcome = verdict::violated;
    made.key = history[indexes.front()].key;
    std::vector<op const*> list;
    for (op const& o : left) list.push_back(&o);
    linearization<Model> again(list);
    again.search(steps);
    auto const line = [](op const& o) {
        return "  client " + std::to_string(o.client) + " [" + std::to_string(o.invoked) + ", " +
               (o.result ? std::to_string(o.returned) : std::string("?")) + "] " +
               Model::describe(o.call, o.result ? &*o.result : nullptr) + "\n";
    };
    made.explanation = "No order explains these operations on key " + made.key + ":\n";
    std::size_t others = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (!left[i].result) {
            ++others;
            continue;
        }
        made.needed.push_back(indexes[i]);
        made.explanation += line(left[i]);
    }
    if (others > 0) made.explanation += "whatever became of " + std::to_string(others) + " others.\n";
    made.explanation += "The longest order that fits, after which none of the rest does:\n";
    for (std::size_t const i : again.longest()) made.explanation += line(left[i]);
    return made;
}

}  // namespace detail

/// Checks `history`, whose operations may come in any order. `steps` bounds the search of one key; of several keys that are wrong
/// the first one is explained.
template <sequential_model Model>
linearizability_result check_linearizability(std::vector<operation<Model>> const& history,
                                             std::uint64_t steps = 50'000'000) {
    std::map<std::string, std::vector<std::size_t>> keys;
    for (std::size_t i = 0; i < history.size(); ++i) keys[history[i].key].push_back(i);
    linearizability_result given_up;
    for (auto& [key, indexes] : keys) {
        std::sort(indexes.begin(), indexes.end(), [&](std::size_t a, std::size_t b) {
            return std::pair(history[a].invoked, a) < std::pair(history[b].invoked, b);
        });
        std::vector<operation<Model> const*> list;
        for (std::size_t const i : indexes) list.push_back(&history[i]);
        switch (detail::linearization<Model>(std::move(list)).search(steps)) {
            case verdict::holds: break;
            case verdict::violated:
                return detail::explain<Model>(history, indexes, std::min<std::uint64_t>(steps, 100'000));
            case verdict::undecided:
                if (given_up.outcome == verdict::holds)
                    given_up = {verdict::undecided, key, {}, "given up on key " + key};
        }
    }
    return given_up;
}

}  // namespace phantomdb::testing
