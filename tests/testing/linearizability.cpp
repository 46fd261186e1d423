#include <phantomdb/testing/linearizability.hpp>

#include <numeric>
#include <random>

#include "support/catch.hpp"

using namespace phantomdb::testing;
using op = operation<register_model>;
using kind = register_model::kind;

namespace {

op write(std::uint64_t client, std::int64_t value, std::uint64_t from, std::uint64_t to) {
    return {client, "x", {kind::write, value, {}}, register_model::result{}, from, to};
}
op read(std::uint64_t client, register_model::value value, std::uint64_t from, std::uint64_t to) {
    return {client, "x", {kind::read, {}, {}}, register_model::result{value, true}, from, to};
}
op swap(std::uint64_t client, register_model::value expected, std::int64_t value, bool applied, std::uint64_t from,
        std::uint64_t to) {
    return {client, "x", {kind::compare_and_set, value, expected}, register_model::result{{}, applied}, from, to};
}
op unknown(op o) {
    o.result.reset();
    return o;
}
verdict outcome(std::vector<op> const& history) { return check_linearizability(history).outcome; }

/// The definition, word by word: any order of the operations, with any of those of unknown outcome left out.
bool by_definition(std::vector<op> const& history) {
    std::vector<std::size_t> order(history.size());
    std::iota(order.begin(), order.end(), 0);
    do {
        for (unsigned without = 0; without < 1u << history.size(); ++without) {
            bool fits = true;
            auto state = register_model::initial();
            for (std::size_t i = 0; i < order.size() && fits; ++i) {
                op const& o = history[order[i]];
                if (without >> order[i] & 1) {
                    fits = !o.result;
                    continue;
                }
                for (std::size_t k = i + 1; k < order.size(); ++k) {
                    op const& later = history[order[k]];
                    if (!(without >> order[k] & 1) && later.result && later.returned < o.invoked) fits = false;
                }
                auto const after = register_model::step(state, o.call, o.result ? &*o.result : nullptr);
                fits = fits && after;
                if (after) state = *after;
            }
            if (fits) return true;
        }
    } while (std::next_permutation(order.begin(), order.end()));
    return false;
}

/// What clients of a correct register see: each operation takes effect at a moment between its ends.
std::vector<op> good_history(std::mt19937_64& random, std::size_t clients, std::size_t operations, bool with_unknown) {
    std::vector<op> history;
    std::vector<std::uint64_t> free_at(clients, 0), moments;
    for (std::size_t i = 0; i < operations; ++i) {
        std::size_t const client = random() % clients;
        op o{client, "k" + std::to_string(random() % 3), {}, {}, free_at[client] + 1 + random() % 20, 0};
        std::uint64_t const moment = o.invoked + random() % 30;
        o.returned = moment + random() % 30;
        free_at[client] = o.returned;
        o.call.kind = static_cast<kind>(random() % 3);
        o.call.argument = static_cast<std::int64_t>(i);
        o.call.expected =
            random() % 8 == 0 ? register_model::value() : static_cast<std::int64_t>(i - random() % (i + 1));
        history.push_back(o);
        moments.push_back(moment);
    }
    std::vector<std::size_t> order(history.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](auto a, auto b) { return std::pair(moments[a], a) < std::pair(moments[b], b); });
    std::map<std::string, register_model::value> state;
    for (std::size_t const i : order) {
        op& o = history[i];
        bool const is_unknown = with_unknown && random() % 20 == 0;
        if (is_unknown && random() % 2 == 0) continue;  // it never took effect
        auto& held = state[o.key];
        if (random() % 3 == 0) o.call.expected = held;
        register_model::result const answer{held, o.call.kind != kind::compare_and_set || held == o.call.expected};
        if (o.call.kind != kind::read && answer.applied) held = o.call.argument;
        if (!is_unknown) o.result = o.call.kind == kind::read ? answer : register_model::result{{}, answer.applied};
    }
    return history;
}

}  // namespace

TEST_CASE("histories known to be linearizable") {
    CHECK(outcome({}) == verdict::holds);
    CHECK(outcome({read(1, {}, 1, 2)}) == verdict::holds);
    CHECK(outcome({write(1, 1, 1, 2), read(2, 1, 3, 4)}) == verdict::holds);
    // Overlapping: either may be first, and readers may see the change at different times as long as it stays.
    CHECK(outcome({write(1, 1, 1, 10), read(2, {}, 2, 3), read(3, 1, 4, 5), read(2, 1, 6, 7)}) == verdict::holds);
    CHECK(outcome({write(1, 1, 1, 10), write(2, 2, 1, 10), read(3, 1, 2, 3), read(3, 2, 4, 5)}) == verdict::holds);
    CHECK(outcome({swap(1, {}, 1, true, 1, 10), swap(2, {}, 2, false, 1, 10), read(3, 1, 11, 12)}) == verdict::holds);
    // Of unknown outcome: long after, or never.
    CHECK(outcome({unknown(write(1, 1, 1, 0)), read(2, {}, 5, 6), read(2, 1, 7, 8)}) == verdict::holds);
    CHECK(outcome({unknown(write(1, 1, 1, 0)), write(2, 2, 2, 3), read(2, 2, 5, 6), read(2, 2, 7, 8)}) ==
          verdict::holds);
    // It ends in the moment the other begins: they overlap.
    CHECK(outcome({write(1, 1, 1, 5), read(2, {}, 5, 6)}) == verdict::holds);
}

TEST_CASE("histories known not to be") {
    CHECK(outcome({write(1, 1, 1, 2), read(2, {}, 3, 4)}) == verdict::violated);  // lost or stale
    CHECK(outcome({read(1, 1, 1, 2)}) == verdict::violated);                      // out of nothing
    CHECK(outcome({read(1, 1, 1, 2), write(2, 1, 3, 4)}) == verdict::violated);   // from the future
    // Seen, and then not seen.
    CHECK(outcome({write(1, 1, 1, 10), read(2, 1, 2, 3), read(3, {}, 4, 5)}) == verdict::violated);
    // Two readers disagree on the order of two writes.
    CHECK(outcome({write(1, 1, 1, 20), write(2, 2, 1, 20), read(3, 1, 2, 3), read(3, 2, 4, 5), read(3, 1, 6, 7)}) ==
          verdict::violated);
    CHECK(outcome({swap(1, {}, 1, true, 1, 10), swap(2, {}, 2, true, 1, 10)}) == verdict::violated);
    CHECK(outcome({write(1, 1, 1, 2), swap(2, 1, 2, false, 3, 4)}) == verdict::violated);
    // An unknown write can explain one change, not two.
    CHECK(outcome({unknown(write(1, 1, 1, 0)), read(2, 1, 2, 3), write(2, 2, 4, 5), read(2, 2, 6, 7),
                   read(2, 1, 8, 9)}) == verdict::violated);
}

TEST_CASE("what is not linearizable is explained by what is needed for that, and no more") {
    std::mt19937_64 random(5);
    std::vector<op> history = good_history(random, 4, 120, true);
    std::uint64_t end = 0;
    for (op const& o : history) end = std::max(end, o.returned);
    std::size_t const first = history.size();
    for (op o : {write(1, 1000, end + 1, end + 4), write(2, 1001, end + 5, end + 6), read(3, 1000, end + 7, end + 8),
                 read(3, 1001, end + 9, end + 10)}) {
        o.key = "k1";
        history.push_back(o);
    }
    auto const said = check_linearizability(history);
    REQUIRE(said.outcome == verdict::violated);
    CHECK(said.key == "k1");
    // Both writes had ended, in this order, when the first of them was read.
    // (and of what went before, whatever keeps the second write from being the first).
    REQUIRE(said.needed.size() <= 4);
    CHECK(std::vector(said.needed.end() - 3, said.needed.end()) ==
          std::vector<std::size_t>{first, first + 1, first + 2});
    CHECK(said.explanation.find("read 1000") != std::string::npos);
    CHECK(said.explanation.find("read 1001") == std::string::npos);
}

TEST_CASE("small histories are judged as the definition does") {
    std::mt19937_64 random(17);
    int good = 0, bad = 0;
    for (int round = 0; round < 4000; ++round) {
        std::vector<op> history;
        for (std::size_t n = 1 + random() % 5; n > 0; --n) {
            std::uint64_t const from = random() % 10, to = from + random() % 6;
            auto const value = static_cast<std::int64_t>(random() % 2);
            register_model::value const maybe = random() % 3 == 0 ? register_model::value() : value;
            op o = random() % 2 == 0 ? read(n, maybe, from, to)
                   : random() % 2 == 0
                       ? write(n, value, from, to)
                       : swap(n, maybe, static_cast<std::int64_t>(random() % 2), random() % 2 == 0, from, to);
            history.push_back(random() % 5 == 0 ? unknown(o) : o);
        }
        bool const expected = by_definition(history);
        (expected ? good : bad)++;
        REQUIRE((outcome(history) == verdict::holds) == expected);
    }
    CHECK(good > 500);
    CHECK(bad > 500);
}

TEST_CASE("long histories of a good register hold, and not once a result is changed") {
    std::mt19937_64 random(23);
    for (int round = 0; round < 12; ++round) {
        auto history = good_history(random, 5, 300, round % 2 == 0);
        REQUIRE(outcome(history) == verdict::holds);
        // A read gives what was never written.
        auto wrong = history;
        std::vector<std::size_t> reads;
        for (std::size_t i = 0; i < wrong.size(); ++i) {
            if (wrong[i].call.kind == kind::read && wrong[i].result) reads.push_back(i);
        }
        wrong[reads[random() % reads.size()]].result->read = -1;
        CHECK(outcome(wrong) == verdict::violated);
        // A write that was read, and had returned, is taken back: what nobody can have written is read.
        for (std::size_t const i : reads) {
            if (!history[i].result->read) continue;
            auto const lost = static_cast<std::size_t>(*history[i].result->read);
            wrong = history;
            wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(lost));
            CHECK(outcome(wrong) == verdict::violated);
            break;
        }
    }
}

TEST_CASE("a search that is given up says so") {
    std::mt19937_64 random(29);
    auto const said = check_linearizability(good_history(random, 5, 300, false), 10);
    CHECK(said.outcome == verdict::undecided);
    CHECK_FALSE(said.key.empty());
}
