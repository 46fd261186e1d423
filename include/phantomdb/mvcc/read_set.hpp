/// @file Defines `read_set`, what a SERIALIZABLE transaction has read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::mvcc {

/// Keys and spans. Remembers more than it was told where that saves memory: a false alarm is a retry, a miss a wrong answer.
/// Used by one thread.
class read_set {
public:
    void add_key(std::string_view key) {
        if (widened_) {
            widen(key);
        } else if (keys_.size() < max_keys) {
            keys_.emplace(key);
        } else {
            least_ = *keys_.begin();
            greatest_ = *keys_.rbegin();
            widened_ = true;
            keys_.clear();
            widen(key);
        }
    }

    /// Begins a span [from, from); its bounds move as the reader does. Empty `to` in `stretch_*`: to the end.
    std::size_t add_span(std::string_view from, std::string_view to) {
        spans_.push_back({std::string(from), std::string(to), false});
        return spans_.size() - 1;
    }
    void stretch_to(std::size_t index, std::string_view to) {
        spans_[index].to = to;
        spans_[index].used = true;
    }
    void stretch_from(std::size_t index, std::string_view from) {
        spans_[index].from = from;
        spans_[index].used = true;
    }

    /// Whether `key` was read. O(log keys + spans).
    bool contains(std::string_view key) const {
        if (widened_ ? key >= least_ && key <= greatest_ : keys_.find(key) != keys_.end()) return true;
        return std::any_of(spans_.begin(), spans_.end(),
                           [&](span const& s) { return s.used && key >= s.from && (s.to.empty() || key < s.to); });
    }

private:
    struct span {
        std::string from, to;
        bool used;
    };

    void widen(std::string_view key) {
        if (key < least_) least_ = key;
        if (key > greatest_) greatest_ = key;
    }

    static constexpr std::size_t max_keys = 16384;

    std::set<std::string, std::less<>> keys_;
    std::vector<span> spans_;
    bool widened_ = false;  // then every key in [least_, greatest_] counts as read
    std::string least_, greatest_;
};

}  // namespace phantomdb::mvcc
