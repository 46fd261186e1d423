/// @file Defines `span_set`, erased spans of keys made disjoint, so that one search tells whether a key is covered.
#pragma once

#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// The keys in [from, to) were erased at `lsn`: what is older there is gone. Empty `to`: to the end.
struct erased_span {
    std::string from, to;
    lsn_type lsn = 0;

    bool covers(std::string_view key) const { return from <= key && (to.empty() || key < to); }
    friend bool operator==(erased_span const&, erased_span const&) = default;
};

/// Disjoint spans in rising order, each with the greatest LSN of those it was made from. A value; const use from any thread.
class span_set {
public:
    span_set() = default;

    /// Makes spans that may overlap disjoint. O(n log n).
    static span_set of(std::vector<erased_span> spans) {
        std::erase_if(spans, [](erased_span const& s) { return !s.to.empty() && s.to <= s.from; });
        std::sort(spans.begin(), spans.end(),
                  [](erased_span const& a, erased_span const& b) { return a.from < b.from; });
        span_set made;
        // A sweep over the bounds. Open spans are kept by LSN; what the greatest says holds up to the next bound.
        std::map<std::string_view, std::vector<lsn_type>> ends;
        std::multiset<lsn_type> open;
        std::string_view at;
        auto const upto = [&](std::string_view next, bool to_the_end) {
            if (!open.empty() && (to_the_end || at < next)) made.append(at, to_the_end ? "" : next, *open.rbegin());
            at = next;
        };
        auto const close_below = [&](std::string_view bound, bool all) {
            while (!ends.empty() && (all || ends.begin()->first <= bound)) {
                upto(ends.begin()->first, false);
                for (lsn_type const lsn : ends.begin()->second) open.erase(open.find(lsn));
                ends.erase(ends.begin());
            }
        };
        for (erased_span const& span : spans) {
            close_below(span.from, false);
            upto(span.from, false);
            open.insert(span.lsn);
            if (!span.to.empty()) ends[span.to].push_back(span.lsn);
        }
        close_below({}, true);
        upto({}, true);
        return made;
    }

    bool empty() const { return spans_.empty(); }
    std::vector<erased_span> const& spans() const { return spans_; }

    /// The span that covers `key`, or null. O(log n).
    erased_span const* find(std::string_view key) const {
        auto const above = std::upper_bound(spans_.begin(), spans_.end(), key,
                                            [](std::string_view k, erased_span const& s) { return k < s.from; });
        if (above == spans_.begin() || !std::prev(above)->covers(key)) return nullptr;
        return &*std::prev(above);
    }
    /// The greatest LSN at which `key` was erased as part of a span; 0: never.
    lsn_type covering(std::string_view key) const {
        erased_span const* const span = find(key);
        return span == nullptr ? 0 : span->lsn;
    }

    /// What of it lies in [from, to); empty `to`: to the end.
    span_set within(std::string_view from, std::string_view to) const {
        span_set made;
        for (erased_span const& span : spans_) {
            std::string_view const low = std::max<std::string_view>(span.from, from);
            std::string_view high = span.to;
            if (!to.empty() && (high.empty() || to < high)) high = to;
            if (high.empty() || low < high) made.append(low, high, span.lsn);
        }
        return made;
    }

    /// Adds a span above all others.
    void append(std::string_view from, std::string_view to, lsn_type lsn) {
        if (!spans_.empty() && spans_.back().lsn == lsn && spans_.back().to == from && !from.empty()) {
            spans_.back().to = to;
        } else {
            spans_.push_back({std::string(from), std::string(to), lsn});
        }
    }

private:
    std::vector<erased_span> spans_;
};

}  // namespace phantomdb::storage::lsm
