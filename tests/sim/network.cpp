#include <phantomdb/sim/network.hpp>

#include "support/catch.hpp"

#include <vector>

using namespace phantomdb;

namespace {

using numbers = sim::network<int>;

std::vector<int> received(numbers& net, std::uint64_t until) {
    std::vector<int> found;
    while (auto const one = net.receive(until)) found.push_back(one->packet);
    return found;
}

}  // namespace

TEST_CASE("network: a good one delivers all, in order, after its delay") {
    numbers net(1);
    net.conditions.delay_min = net.conditions.delay_max = 5;
    for (int i = 0; i < 10; ++i) net.send(100, 1, 2, i);
    CHECK(received(net, 104).empty());
    CHECK(received(net, 105) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(net.on_the_way() == 0);
}

TEST_CASE("network: links are cut one way") {
    numbers net(1);
    net.cut(1, 2);
    net.send(0, 1, 2, 12);
    net.send(0, 2, 1, 21);
    net.send(0, 1, 3, 13);
    CHECK(received(net, 9) == std::vector<int>{21, 13});
    net.heal();
    net.send(10, 1, 2, 12);
    net.cut(1, 2);  // too late for this one
    CHECK(received(net, 20) == std::vector<int>{12});
    net.restore(1, 2);
    net.send(20, 1, 2, 1);
    net.send(20, 1, 3, 2);
    net.lose_arrivals(2);
    CHECK(received(net, 30) == std::vector<int>{2});
}

TEST_CASE("network: a bad one loses, doubles, delays and reorders about as often as it should, and alike for a seed") {
    auto const run = [](std::uint64_t seed) {
        numbers net(seed);
        net.conditions = {1, 50, 100, 50, 10, 1000};
        for (int i = 0; i < 10000; ++i) net.send(static_cast<std::uint64_t>(i), 1, 2, i);
        return received(net, 100000);
    };
    auto const first = run(7);
    CHECK(first == run(7));
    CHECK(first != run(8));
    std::vector<int> times(10000, 0);
    int reordered = 0;
    for (std::size_t i = 0; i < first.size(); ++i) {
        ++times[static_cast<std::size_t>(first[i])];
        reordered += i > 0 && first[i] < first[i - 1];
    }
    int lost = 0, doubled = 0;
    for (int const n : times) lost += n == 0, doubled += n == 2;
    CHECK((lost > 800 && lost < 1200));
    CHECK((doubled > 350 && doubled < 550));
    CHECK(reordered > 1000);
}
