/// @file Defines `group_table`: gives each distinct key a number, counted from 0 in order of first appearance.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace phantomdb::exec {

/// A hash table with open addressing over keys kept by `Policy`:
///
///     typename Policy::key                            a key in flight
///     std::uint64_t hash(key const&)
///     bool equal(std::uint32_t number, key const&)    against the kept key `number`
///     void keep(key const&)                           keeps it as the next number
///
/// Joins, aggregation, DISTINCT and set operations all stand on it. Expected O(1) per call; at most 2^32 - 2 keys.
template <class Policy>
class group_table {
public:
    static constexpr std::uint32_t none = 0xffffffffu;

    explicit group_table(Policy policy = Policy()) : policy_(std::move(policy)), slots_(64) {}

    std::uint32_t size() const { return size_; }
    Policy& policy() { return policy_; }
    Policy const& policy() const { return policy_; }

    /// The number of `key`, and whether it is new.
    template <class Key>
    std::pair<std::uint32_t, bool> insert(Key const& key) {
        std::uint64_t hash = policy_.hash(key);
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            slot& s = slots_[at];
            if (s.number == none) {
                s = {static_cast<std::uint32_t>(hash >> 32), size_};
                policy_.keep(key);
                ++size_;
                hashes_.push_back(hash);
                if (std::size_t{size_} * 10 > slots_.size() * 7) grow();
                return {size_ - 1, true};
            }
            if (s.tag == static_cast<std::uint32_t>(hash >> 32) && policy_.equal(s.number, key)) {
                return {s.number, false};
            }
        }
    }

    /// The number of `key`, or `none`.
    template <class Key>
    std::uint32_t find(Key const& key) const {
        std::uint64_t hash = policy_.hash(key);
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            slot const& s = slots_[at];
            if (s.number == none) return none;
            if (s.tag == static_cast<std::uint32_t>(hash >> 32) && policy_.equal(s.number, key)) return s.number;
        }
    }

private:
    struct slot {
        std::uint32_t tag = 0;
        std::uint32_t number = none;
    };

    std::size_t mask() const { return slots_.size() - 1; }

    void grow() {
        std::vector<slot> bigger(slots_.size() * 2);
        slots_.swap(bigger);
        for (std::uint32_t number = 0; number < size_; ++number) {
            std::size_t at = hashes_[number] & mask();
            while (slots_[at].number != none) at = (at + 1) & mask();
            slots_[at] = {static_cast<std::uint32_t>(hashes_[number] >> 32), number};
        }
    }

    Policy policy_;
    std::vector<slot> slots_;
    std::vector<std::uint64_t> hashes_;
    std::uint32_t size_ = 0;
};

/// Mixes `value` into a running hash (multiply and fold; after Steele and Vigna's finalisers).
constexpr std::uint64_t mix_hash(std::uint64_t running, std::uint64_t value) {
    std::uint64_t x = (running ^ value) * 0x9e3779b97f4a7c15u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ (x >> 29);
}

}  // namespace phantomdb::exec
