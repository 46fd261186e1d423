#include <phantomdb/testing/list_append.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "support/catch.hpp"

using namespace phantomdb::testing;

namespace {

using values = std::vector<std::int64_t>;

list_step append(std::string key, std::int64_t value) { return {std::move(key), value, {}}; }
list_step read(std::string key, values list) { return {std::move(key), {}, std::move(list)}; }

/// Transactions that all overlap, so that time says nothing.
list_transaction during(std::vector<list_step> steps, fate outcome = fate::committed) {
    return {0, std::move(steps), outcome, 1, 100};
}
list_transaction between(std::uint64_t from, std::uint64_t to, std::vector<list_step> steps,
                         fate outcome = fate::committed) {
    return {0, std::move(steps), outcome, from, to};
}

std::set<anomaly_kind> kinds(std::vector<list_transaction> const& history) {
    std::set<anomaly_kind> made;
    for (auto const& a : check_list_append(history)) made.insert(a.kind);
    return made;
}
using only = std::set<anomaly_kind>;

/// What a strictly serializable database shows: each transaction happens at a moment between its ends.
std::vector<list_transaction> good_history(std::mt19937_64& random, std::size_t transactions, bool with_failures) {
    std::vector<list_transaction> history;
    std::map<std::string, values> state;
    std::uint64_t moment = 1000;
    std::int64_t next = 1;
    for (std::size_t t = 0; t < transactions; ++t) {
        moment += 10;
        list_transaction made;
        made.client = random() % 5;
        made.invoked = moment - random() % 60, made.returned = moment + 1 + random() % 60;
        if (with_failures && random() % 8 == 0) made.outcome = random() % 2 == 0 ? fate::aborted : fate::unknown;
        bool const happens = made.outcome == fate::committed || (made.outcome == fate::unknown && random() % 2 == 0);
        auto held = state;
        for (std::size_t n = 1 + random() % 4; n > 0; --n) {
            std::string const key = "k" + std::to_string(random() % 4);
            if (random() % 2 == 0) {
                held[key].push_back(next);
                made.steps.push_back(append(key, next++));
            } else {
                made.steps.push_back(read(key, held[key]));
            }
        }
        if (happens) state = std::move(held);
        history.push_back(std::move(made));
    }
    return history;
}

}  // namespace

TEST_CASE("histories known to be good") {
    CHECK(kinds({}) == only{});
    CHECK(kinds({during({append("x", 1)}), during({read("x", {1})}), during({read("x", {})})}) == only{});
    CHECK(kinds({during({append("x", 1), read("x", {1}), append("x", 2), read("x", {1, 2})}),
                 during({read("x", {1, 2})})}) == only{});
    // Unknown, and seen by one only: it came between.
    CHECK(kinds({during({append("x", 1)}, fate::unknown), between(1, 2, {read("x", {})}),
                 between(3, 4, {read("x", {1})})}) == only{});
    CHECK(kinds({during({append("x", 1)}, fate::unknown), during({append("x", 2)}, fate::aborted),
                 during({read("x", {})})}) == only{});
}

TEST_CASE("each anomaly is found, and by its name") {
    CHECK(kinds({during({read("x", {7})})}) == only{anomaly_kind::unwritten_value});
    CHECK(kinds({during({append("x", 1)}), during({read("x", {1, 1})})}) == only{anomaly_kind::duplicate_value});
    CHECK(kinds({during({append("x", 1)}), during({append("x", 2)}), during({read("x", {1, 2})}),
                 during({read("x", {2})})})
              .contains(anomaly_kind::incompatible_order));
    CHECK(kinds({during({append("x", 1), append("x", 2)}), during({read("x", {2})})})
              .contains(anomaly_kind::incompatible_order));
    CHECK(kinds({during({append("x", 1), read("x", {})})}) == only{anomaly_kind::internal});
    CHECK(kinds({during({append("x", 1)}), during({read("x", {1}), read("x", {})})}).contains(anomaly_kind::internal));
    CHECK(kinds({during({append("x", 1)}), during({append("x", 1)})}) == only{anomaly_kind::repeated_append});
    CHECK(kinds({during({append("x", 1)}, fate::aborted), during({read("x", {1})})}) == only{anomaly_kind::g1a});
    CHECK(kinds({during({append("x", 1), append("x", 2)}), during({read("x", {1})})}).contains(anomaly_kind::g1b));

    // G0: on x the first wrote first, on y the second.
    CHECK(kinds({during({append("x", 1), append("y", 1)}), during({append("x", 2), append("y", 2)}),
                 during({read("x", {1, 2})}), during({read("y", {2, 1})})})
              .contains(anomaly_kind::g0));
    // G1c: each reads what the other wrote.
    CHECK(kinds({during({append("x", 1), read("y", {1})}), during({append("y", 1), read("x", {1})})}) ==
          only{anomaly_kind::g1c});
    // G-single: half of what the other wrote was seen.
    CHECK(kinds({during({append("x", 1), append("y", 1)}), during({read("x", {1}), read("y", {})})}) ==
          only{anomaly_kind::g_single});
    // G-single, as a lost update: both read the same and appended.
    CHECK(kinds({during({read("x", {}), append("x", 1)}), during({read("x", {}), append("x", 2)}),
                 during({read("x", {1, 2})})}) == only{anomaly_kind::g_single});
    // G2: write skew, of two and of three.
    CHECK(kinds({during({read("x", {}), append("y", 1)}), during({read("y", {}), append("x", 1)}),
                 during({read("x", {1}), read("y", {1})})}) == only{anomaly_kind::g2});
    CHECK(kinds({during({read("x", {}), append("y", 1)}), during({read("y", {}), append("z", 1)}),
                 during({read("z", {}), append("x", 1)})}) == only{anomaly_kind::g2});
}

TEST_CASE("what is in order but for the clock is told apart") {
    auto const first = between(1, 2, {append("x", 1)});
    CHECK(kinds({first, between(3, 4, {read("x", {})})}) == only{anomaly_kind::g_single_real_time});  // stale, or lost
    CHECK(kinds({first, between(2, 4, {read("x", {})})}) == only{});  // they touch: overlap
    CHECK(kinds({between(3, 4, {append("x", 1)}), between(1, 2, {append("x", 2)}),
                 between(5, 6, {read("x", {1, 2})})}) == only{anomaly_kind::g0_real_time});
    CHECK(kinds({between(3, 4, {append("x", 1)}), between(1, 2, {read("x", {1})})}) ==
          only{anomaly_kind::g1c_real_time});
    // Two did not see two, and would have to be before and after them.
    CHECK(kinds({between(1, 20, {append("x", 1)}), between(1, 20, {append("y", 1)}),
                 between(1, 2, {read("x", {1}), read("y", {})}), between(3, 4, {read("x", {}), read("y", {1})})})
              .contains(anomaly_kind::g2));
    CHECK(kinds({between(1, 2, {read("x", {}), append("y", 1)}), between(1, 9, {read("z", {}), append("x", 1)}),
                 between(3, 4, {append("z", 1)})}) == only{});
    CHECK(kinds({between(5, 9, {read("x", {}), append("y", 1)}), between(1, 2, {read("z", {}), append("x", 1)}),
                 between(3, 4, {append("z", 1)}), between(10, 11, {read("x", {1}), read("y", {1}), read("z", {1})})})
              .contains(anomaly_kind::g_single_real_time));
    CHECK(kinds({between(6, 9, {read("x", {}), append("y", 1)}), between(6, 9, {read("y", {}), append("z", 1)}),
                 between(1, 5, {append("x", 1)})}) == only{anomaly_kind::g_single_real_time});
    // Through two reads: a had ended before b, which comes before c, which comes before a.
    CHECK(kinds({between(1, 2, {read("p", {1}), append("q", 1)}), between(3, 9, {read("r", {}), append("s", 1)}),
                 between(1, 9, {append("r", 1), read("q", {})}), between(1, 9, {append("p", 1)})}) ==
          only{anomaly_kind::g2_real_time});
}

TEST_CASE("levels of isolation forbid what they should") {
    std::vector<list_transaction> const skew{during({read("x", {}), append("y", 1)}),
                                             during({read("y", {}), append("x", 1)})};
    std::vector<list_transaction> const half{during({append("x", 1), append("y", 1)}),
                                             during({read("x", {1}), read("y", {})})};
    std::vector<list_transaction> const stale{between(1, 2, {append("x", 1)}), between(3, 4, {read("x", {})})};
    std::vector<list_transaction> const dirty{during({append("x", 1)}, fate::aborted), during({read("x", {1})})};
    auto const allowed = [](auto const& history, isolation level) { return check_list_append(history, level).empty(); };
    CHECK(allowed(skew, isolation::snapshot));
    CHECK_FALSE(allowed(skew, isolation::serializable));
    CHECK(allowed(half, isolation::read_committed));
    CHECK_FALSE(allowed(half, isolation::snapshot));
    CHECK(allowed(stale, isolation::serializable));
    CHECK_FALSE(allowed(stale, isolation::strict_serializable));
    CHECK_FALSE(allowed(dirty, isolation::read_committed));
    auto const said = check_list_append(half);
    REQUIRE(said.size() == 1);
    CHECK(said[0].transactions == std::vector<std::size_t>{1, 0});
    CHECK(said[0].explanation == "G-single: T1 did not see T0 (y 1), T0 was read by T1 (x 1)");
}

TEST_CASE("good histories show nothing, and what is changed in them is found") {
    std::mt19937_64 random(31);
    int changed = 0;
    for (int round = 0; round < 40; ++round) {
        auto const history = good_history(random, 150, round % 2 == 1);
        auto const found = check_list_append(history);
        if (!found.empty()) FAIL(found[0].explanation);
        for (int change = 0; change < 6; ++change) {
            auto wrong = history;
            std::size_t const t = random() % wrong.size();
            list_transaction& who = wrong[t];
            if (who.outcome != fate::committed) continue;
            auto const step = std::find_if(who.steps.begin(), who.steps.end(),
                                           [](auto const& s) { return s.read && s.read->size() >= 3; });
            if (step == who.steps.end()) continue;
            auto& list = *step->read;
            switch (change) {
                case 0: list.push_back(-1); break;                         // out of nothing
                case 1: list.push_back(list.front()); break;               // twice
                case 2: std::swap(list[0], list[list.size() - 1]); break;  // another order
                case 3: list.erase(list.begin() + 1); break;               // one is missing amid
                case 4: list.clear(); break;                               // as it was long ago
                default: {                                                 // what it read never happened
                    for (auto& other : wrong) {
                        for (auto const& s : other.steps) {
                            if (s.append == list[0] && &other != &who) other.outcome = fate::aborted;
                        }
                    }
                }
            }
            ++changed;
            INFO("change " << change << " of T" << t << " in round " << round);
            CHECK_FALSE(check_list_append(wrong).empty());
        }
    }
    CHECK(changed > 60);
}

TEST_CASE("components and circles of a graph") {
    dependency_graph graph(6);
    auto const edge = [&](std::size_t from, std::size_t to, dependency why) { graph.add({from, to, why, {}}); };
    edge(0, 1, write_write), edge(1, 2, write_read), edge(2, 0, read_write), edge(2, 3, write_write);
    edge(3, 4, real_time), edge(4, 3, write_write), edge(5, 5, write_write);
    auto const all = graph.components(15);
    CHECK(all[0] == all[1]);
    CHECK(all[1] == all[2]);
    CHECK(all[3] == all[4]);
    CHECK(std::set<std::size_t>(all.begin(), all.end()).size() == 3);
    auto const few = graph.components(write_write | write_read);
    CHECK(std::set<std::size_t>(few.begin(), few.end()).size() == 6);
    CHECK_FALSE(graph.find_circle(write_write, write_write));
    CHECK_FALSE(graph.find_circle(write_write, write_write | write_read));
    auto const found = graph.find_circle(read_write, write_write | write_read);
    REQUIRE(found);
    CHECK(*found == dependency_graph::circle{{2, 0, read_write, {}}, {0, 1, write_write, {}}, {1, 2, write_read, {}}});
    CHECK(graph.find_circle(write_write, write_write | real_time)->size() == 2);
}
