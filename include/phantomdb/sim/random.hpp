/// @file Defines `random_source`, the seeded randomness of everything simulated: the same numbers on every machine.
#pragma once

#include <cstdint>

namespace phantomdb::sim {

/// splitmix64 (Steele, Lea, Flood 2014). A value; copies continue alike. Models `uniform_random_bit_generator`.
class random_source {
public:
    using result_type = std::uint64_t;
    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return ~result_type{0}; }

    explicit random_source(std::uint64_t seed = 0) : state_(seed) {}

    std::uint64_t operator()() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// A number below `limit`, which is not 0.
    std::uint64_t below(std::uint64_t limit) { return (*this)() % limit; }
    /// True in `part` of `whole` cases.
    bool chance(std::uint64_t part, std::uint64_t whole) { return below(whole) < part; }

private:
    std::uint64_t state_;
};

/// One seed out of two numbers, so that close numbers give unrelated seeds.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    random_source source(a ^ (b * 0xff51afd7ed558ccdu));
    return source();
}

}  // namespace phantomdb::sim
