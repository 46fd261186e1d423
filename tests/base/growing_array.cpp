// growing_array and array_view: at run time, and inside the compiler, which is what they are for.

#include <phantomdb/base/growing_array.hpp>

#include "support/catch.hpp"

#include <array>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace phantomdb;

namespace {

constexpr int sum(array_view<int> values) {
    int total = 0;
    for (int const value : values) total += value;
    return total;
}

constexpr growing_array<int> first_numbers(int count) {
    growing_array<int> made;
    for (int i = 1; i <= count; ++i) made.push_back(i);
    return made;
}

/// Counts the objects there are, to see that none is left or destroyed twice.
struct counted {
    static inline int alive = 0;
    std::string text = "something that does not fit into a string";
    counted() { ++alive; }
    counted(counted const& other) : text(other.text) { ++alive; }
    counted(counted&& other) noexcept : text(std::move(other.text)) { ++alive; }
    counted& operator=(counted const&) = default;
    counted& operator=(counted&&) noexcept = default;
    ~counted() { --alive; }
};

// In constant expressions: growth, copies, moves, nesting, and nothing left allocated.
static_assert(sum(first_numbers(100)) == 5050);
static_assert([] {
    growing_array<growing_array<int>> rows;
    for (int i = 0; i < 10; ++i) rows.push_back(first_numbers(i));
    auto copy = rows;
    copy[9][0] = 100;
    auto const moved = std::move(rows);
    return sum(moved[9]) == 45 && sum(copy[9]) == 144 && rows.empty();
}());
static_assert(sum({1, 2, 3}) == 6);
static_assert(array_view<int>{} == array_view<int>(nullptr, 0));
static_assert(growing_array<int>{1, 2} != growing_array<int>{1, 2, 3});
static_assert([] {
    growing_array<int> some{1, 2, 3, 4};
    some.erase_at(1);
    some.append(array_view<int>(std::array{7, 8, 9}).subspan(1));
    some.pop_back();
    some.resize(6, 5);
    return some == growing_array<int>{1, 3, 4, 8, 5, 5} && some.front() == 1 && some.back() == 5;
}());

}  // namespace

TEST_CASE("growing array: does what a vector does") {
    std::mt19937 random(1);
    growing_array<std::string> ours;
    std::vector<std::string> theirs;
    for (int step = 0; step < 20'000; ++step) {
        std::string const text(random() % 40, static_cast<char>('a' + random() % 26));
        switch (random() % 8) {
            case 0:
                if (!theirs.empty()) ours.pop_back(), theirs.pop_back();
                break;
            case 1:
                if (!theirs.empty()) {
                    std::size_t const at = random() % theirs.size();
                    ours.erase_at(at), theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(at));
                }
                break;
            case 2: {
                std::size_t const count = random() % (theirs.size() + 5);
                ours.resize(count, text), theirs.resize(count, text);
                break;
            }
            case 3: {
                std::vector<std::string> const more(random() % 4, text);
                ours.append(more), theirs.insert(theirs.end(), more.begin(), more.end());
                break;
            }
            case 4: {
                auto const copy = ours;
                ours = copy;
                break;
            }
            case 5:
                if (!theirs.empty()) ours.push_back(ours[random() % ours.size()]), theirs.push_back(ours.back());
                break;
            default: ours.push_back(text), theirs.push_back(text);
        }
        if (!(array_view<std::string>(ours) == array_view<std::string>(theirs))) FAIL("differs after step " << step);
        if (theirs.size() > 200) ours.clear(), theirs.clear();
    }
}

TEST_CASE("growing array: leaves no object behind") {
    {
        growing_array<counted> some;
        for (int i = 0; i < 50; ++i) some.push_back({});
        growing_array<counted> other = some;
        other = std::move(some);
        other = growing_array<counted>{};
    }
    CHECK(counted::alive == 0);
}

TEST_CASE("array view: of what has its values in a row, and to spans") {
    std::vector<int> const vector{1, 2, 3};
    std::array<int, 2> const array{4, 5};
    int const plain[] = {6};
    CHECK(sum(vector) == 6);
    CHECK(sum(array) == 9);
    CHECK(sum(plain) == 6);
    CHECK(sum(std::span(vector).subspan(1)) == 5);
    array_view<int> const view = vector;
    std::span<int const> const span = view;
    CHECK(span.data() == vector.data());
    CHECK(span.size() == 3);
    CHECK(view.subspan(1, 1).front() == 2);
    CHECK(view.first(2).back() == 2);
    CHECK_FALSE(std::is_convertible_v<std::vector<long>, array_view<int>>);
}
