#include <phantomdb/exec/functions/numeric_aggregates.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <random>

using namespace phantomdb;
using exec::aggregate;

namespace {

using small_sum = exec::detail::small_integer_sum;
using big_sum = exec::detail::big_integer_sum;

/// Adds random values, some of them masked, to two states that are merged, and compares with 128-bit arithmetic.
template <class Sum>
void agrees(std::int64_t least, std::int64_t most, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::int64_t> any(least, most);
    typename Sum::state states[2];
    int128 expected = 0;
    std::int64_t count = 0;
    for (int i = 0; i < 1000; ++i) {
        std::int64_t const value = i % 7 == 0 ? (i % 2 == 0 ? least : most) : any(random);
        bool const masked = random() % 2 == 0, keep = random() % 2 == 0;
        if (masked) Sum::add_if(keep, states[i % 2], value);
        else Sum::add(states[i % 2], value);
        if (masked && !keep) continue;
        expected += value;
        ++count;
    }
    Sum::merge(states[0], states[1]);
    CHECK(states[0].count == count);
    CHECK(states[0].sum() == expected);
}

}  // namespace

TEST_CASE("sums of integers are exact, whether rows are masked or not") {
    constexpr auto least4 = std::numeric_limits<std::int32_t>::min(), most4 = std::numeric_limits<std::int32_t>::max();
    constexpr auto least8 = std::numeric_limits<std::int64_t>::min(), most8 = std::numeric_limits<std::int64_t>::max();
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        agrees<small_sum>(least4, most4, seed);
        agrees<small_sum>(-3, 3, seed);
        agrees<big_sum>(least8, most8, seed);
        agrees<big_sum>(least8, -1, seed);
        agrees<big_sum>(0, most8, seed);
    }
}

TEST_CASE("a sum of no rows is null, also where all were masked") {
    small_sum::state small;
    big_sum::state big;
    small_sum::add_if(false, small, 5);
    big_sum::add_if(false, big, 5);
    CHECK(!small_sum::finish(small));
    CHECK(!big_sum::finish(big));
    small_sum::add_if(true, small, 0);
    CHECK(small_sum::finish(small) == 0);
}

TEST_CASE("a sum of small integers is carried over before it overflows, and refused where bigint ends") {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    small_sum::state state;
    state.low = most - 10;  // as after very many rows
    state.count = 0x7fff'ffff;
    small_sum::add(state, 4);
    CHECK(state.low == 0);
    CHECK(small_sum::finish(state) == most - 6);
    small_sum::add(state, 6);
    CHECK(small_sum::finish(state) == most);
    small_sum::add(state, 1);
    CHECK_THROWS_AS(small_sum::finish(state), error);
    small_sum::add_if(true, state, -1);
    CHECK(small_sum::finish(state) == most);
}

TEST_CASE("counting under a mask") {
    aggregate<aggregate_id::count_all>::state all;
    aggregate<aggregate_id::count_all>::add_if(true, all);
    aggregate<aggregate_id::count_all>::add_if(false, all);
    CHECK(aggregate<aggregate_id::count_all>::finish(all) == 1);
    aggregate<aggregate_id::count_any>::state some;
    aggregate<aggregate_id::count_any>::add_if(true, some, nullable_datum{datum{std::int64_t{1}}});
    aggregate<aggregate_id::count_any>::add_if(true, some, nullable_datum{});
    aggregate<aggregate_id::count_any>::add_if(false, some, nullable_datum{datum{std::int64_t{1}}});
    CHECK(aggregate<aggregate_id::count_any>::finish(some) == 1);
}
