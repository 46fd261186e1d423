/// @file Defines what a torture is asked to do, and what it found.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::torture {

struct torture_options {
    std::uint64_t seed = 1;
    std::uint64_t subsets = 20;          ///< disk images for each place where the power is cut
    std::uint64_t recovery_subsets = 2;  ///< and for each call of a recovery in which it is cut again
    std::uint64_t recovery_every = 8;    ///< of so many recoveries one is cut again
    std::uint64_t stride = 1;            ///< every so manieth place, call, allocation
    std::uint64_t only = 0;              ///< if not 0: only this place, call, allocation or bit
    std::uint64_t flips = 1000;          ///< bits to flip
    std::uint64_t most_failures = 5;     ///< then it gives up
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::function<void()> progress{};  ///< called now and then
};

struct failure {
    std::string torture, subject, workload;
    std::uint64_t place = 0;  ///< what `only` takes
    std::string what;
};

struct report {
    std::uint64_t places = 0;      ///< where something was made to fail
    std::uint64_t images = 0;      ///< disks that were opened and compared
    std::uint64_t recoveries = 0;  ///< of those, after a recovery that had been cut
    std::uint64_t detected = 0;    ///< of flipped bits: refused
    std::uint64_t harmless = 0;    ///< of flipped bits: without consequence
    std::vector<failure> failures;

    report& operator+=(report const& other) {
        places += other.places;
        images += other.images;
        recoveries += other.recoveries;
        detected += other.detected;
        harmless += other.harmless;
        failures.insert(failures.end(), other.failures.begin(), other.failures.end());
        return *this;
    }
};

}  // namespace phantomdb::torture
