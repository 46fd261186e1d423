/// @file Defines `key_counter`, which tells planners about how many keys a snapshot shows.
///
/// 1. Spans that newer sources erased leave gaps: what of a source lies in none of its gaps is gone, without a look at it. Indexes
///    tell how much lies in each gap.
/// 2. Where that is little altogether, a cursor counts.
/// 3. Where nearly all of it is in one source and little was erased key by key, that source's number will do.
/// 4. Else keys spread evenly over the gaps cut the span into pieces that have about as much each. A cursor looks at the first
///    entries of each piece; the part of them that shows stands for the part of the piece that does.
#pragma once

#include <phantomdb/storage/lsm/cursor.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// Keys in disjoint intervals, in rising order; an empty end is the end of all keys. What it was made from must outlive it.
class key_intervals {
public:
    struct interval {
        std::string_view from, to;
    };

    /// Takes in what `spans` has in [from, to). O(intervals and spans in there).
    void add(span_set const& spans, std::string_view from, std::string_view to) {
        auto const& all = spans.spans();
        auto at = std::partition_point(all.begin(), all.end(),
                                       [&](erased_span const& s) { return !s.to.empty() && s.to <= from; });
        std::vector<interval> merged;
        auto const append = [&](interval next) {
            if (merged.empty() || (!merged.back().to.empty() && merged.back().to < next.from)) {
                merged.push_back(next);
            } else {
                merged.back().to = later(merged.back().to, next.to);
            }
        };
        auto old = all_.begin();
        for (; at != all.end() && (to.empty() || at->from < to); ++at) {
            for (; old != all_.end() && old->from < at->from; ++old) append(*old);
            append({at->from, at->to});
        }
        for (; old != all_.end(); ++old) append(*old);
        all_ = std::move(merged);
    }

    /// What of [from, to) it does not have: at most one more than it has intervals.
    std::vector<interval> gaps(std::string_view from, std::string_view to) const {
        std::vector<interval> found;
        for (interval const& one : all_) {
            if (from < one.from) found.push_back({from, one.from});
            if (one.to.empty() || (!to.empty() && one.to >= to)) return found;
            from = std::max(from, one.to);
        }
        found.push_back({from, to});
        return found;
    }
    bool covers(std::string_view key) const {
        auto const above = std::partition_point(all_.begin(), all_.end(), [&](interval i) { return i.from <= key; });
        return above != all_.begin() && (std::prev(above)->to.empty() || key < std::prev(above)->to);
    }
    std::size_t size() const { return all_.size(); }

private:
    static std::string_view later(std::string_view a, std::string_view b) {
        return a.empty() || b.empty() ? std::string_view() : std::max(a, b);
    }

    std::vector<interval> all_;
};

/// About how many keys show, and how many entries are kept for them: versions, erasures and what spans erased included.
struct key_count {
    std::uint64_t showing = 0, kept = 0;
};

/// Counts for one state as of `upto`, which must outlive it. Used by one thread at a time. Throws as reading does.
template <env::environment Environment>
class key_counter {
public:
    key_counter(store_state<Environment> const& state, lsn_type upto) : state_(state), upto_(upto) {}

    /// Of keys in [from, to), empty `to`: to the end. Some tens of microseconds, but for blocks that have to be read.
    key_count count(std::string_view from, std::string_view to) {
        find_gaps(from, to);
        double sum = 0, largest = 0;
        for (part const& p : parts_) sum += p.entries;
        for (std::size_t i = 0; i < parts_.size();) {
            double of_source = 0;
            for (std::size_t const source = parts_[i].source; i < parts_.size() && parts_[i].source == source; ++i)
                of_source += parts_[i].entries;
            largest = std::max(largest, of_source);
        }
        // What no gap has is kept too, and older versions in memtables, where only the newest of a key is an entry.
        double const aside = std::round(std::max(everything_ - sum, 0.0) + versions_);
        if (sum <= few) {
            std::optional<key_count> exact = by_walking(from, to);
            if (exact) {
                exact->kept += static_cast<std::uint64_t>(aside);
                return *exact;
            }
        }
        double showing = largest;
        if (!plain_ || largest < sum - sum / 8) showing = by_samples(from, to, sum);
        return {static_cast<std::uint64_t>(showing), static_cast<std::uint64_t>(std::max(sum, showing) + aside)};
    }

private:
    static constexpr std::uint64_t few = 1024;
    static constexpr std::size_t most_gaps = 256;  ///< that are looked at one by one
    static constexpr std::size_t spread_keys = 128, pieces = 16, looks = 64;

    /// Of a source what lies in a gap, or in all of its gaps.
    struct part {
        std::size_t source;
        memtable const* table;  ///< or null:
        sorted_run<Environment> const* run;
        key_intervals::interval where;
        key_intervals const* erased;  ///< in there; null: nothing
        double entries;
    };
    struct weighted_key {
        std::string_view key;
        double entries;  ///< it stands for, itself and behind it
    };

    /// Fills `parts_` and `plain_`.
    void find_gaps(std::string_view from, std::string_view to) {
        auto erased = std::make_unique<key_intervals>();
        std::size_t source = 0;
        auto const pass = [&](memtable const* table, sorted_run<Environment> const* run, span_set const& spans) {
            if (erased->size() <= most_gaps) {
                for (key_intervals::interval const gap : erased->gaps(from, to))
                    add({source, table, run, gap, nullptr, 0});
            } else {
                add({source, table, run, {from, to}, erased.get(), 0});
            }
            ++source;
            if (spans.empty()) return;
            auto next = std::make_unique<key_intervals>(*erased);
            next->add(spans, from, to);
            kept_.push_back(std::move(erased));
            erased = std::move(next);
        };
        auto const count_all = [&](double entries, double versions) {
            everything_ += entries;
            versions_ += versions;
        };
        // Spans of a memtable erase entries of its own too: those show to a cursor only.
        auto const pass_table = [&](memtable const& table, span_set const& spans) {
            if (!spans.empty() || table.erasures() > table.entries() / 16) plain_ = false;
            auto const keys = static_cast<double>(table.count(from, to));
            count_all(keys, keys * table.older_versions_of_a_key());
            pass(&table, nullptr, spans);
        };
        if (state_.active.table->has_spans()) active_spans_ = state_.active.table->spans(upto_);
        pass_table(*state_.active.table, active_spans_);
        for (memtable_reference const& at : state_.frozen) pass_table(*at.table, at.table->frozen_spans());
        for (auto const& run : state_.runs) {
            if (run->erasures() > run->entries() / 16) plain_ = false;
            count_all(static_cast<double>(run->entries_between(from, to)), 0);
            pass(nullptr, run.get(), run->spans());
        }
        kept_.push_back(std::move(erased));
    }
    void add(part p) {
        auto const [from, to] = p.where;
        p.entries =
            static_cast<double>(p.table != nullptr ? p.table->count(from, to) : p.run->entries_between(from, to));
        if (p.entries == 0) return;
        if (p.erased != nullptr) {
            double all = 0, left = 0;
            spread(p, spread_keys, [&](std::string_view key, double stands_for) {
                all += stands_for;
                if (!p.erased->covers(key)) left += stands_for;
            });
            p.entries *= all == 0 ? 1 : left / all;
        }
        parts_.push_back(p);
    }
    /// Calls `use(key, entries it stands for)` for keys of a part, spread evenly: up to about `enough`.
    template <class Use>
    static void spread(part const& p, std::size_t enough, Use&& use) {
        auto const [from, to] = p.where;
        if (p.run != nullptr) return p.run->spread(from, to, enough, use);
        p.table->sample(from, to, enough, [&](memtable::node const* n, std::uint64_t stands_for) {
            use(n->key(), static_cast<double>(stands_for));
        });
    }

    /// Nothing where it would take long.
    std::optional<key_count> by_walking(std::string_view from, std::string_view to) const {
        lsm_cursor<Environment> cursor(state_, upto_);
        std::uint64_t n = 0;
        slice out[64];
        cursor.seek(from);
        while (std::size_t const more = cursor.next_chunk(out, to)) {
            n += more;
            if (cursor.passed() + cursor.jumps() > 8 * few) return std::nullopt;
        }
        return key_count{n, std::max(n, cursor.passed())};
    }

    double by_samples(std::string_view from, std::string_view to, double sum) const {
        std::vector<weighted_key> keys;
        for (part const& p : parts_) {
            std::size_t const first = keys.size();
            double all = 0;
            auto const enough = static_cast<std::size_t>(p.entries / sum * spread_keys) + 1;
            spread(p, enough, [&](std::string_view key, double stands_for) {
                if (p.erased != nullptr && p.erased->covers(key)) return;
                keys.push_back({key, stands_for});
                all += stands_for;
            });
            for (std::size_t i = first; i < keys.size(); ++i) keys[i].entries *= p.entries / all;
        }
        std::sort(keys.begin(), keys.end(), [](weighted_key a, weighted_key b) { return a.key < b.key; });

        lsm_cursor<Environment> cursor(state_, upto_);
        double estimate = 0;
        std::string_view begin = from;
        for (std::size_t i = 0; i < keys.size();) {
            double entries = 0;
            std::size_t end = i;
            while (end < keys.size() && (entries < sum / pieces || keys[end].key == keys[end - 1].key))
                entries += keys[end++].entries;
            std::string_view const bound = end < keys.size() ? keys[end].key : to;
            estimate += in_piece(cursor, begin, bound, entries);
            begin = bound;
            i = end;
        }
        return estimate;
    }
    /// Of the `entries` in [from, to), so many show.
    static double in_piece(lsm_cursor<Environment>& cursor, std::string_view from, std::string_view to,
                           double entries) {
        std::uint64_t const passed = cursor.passed(), jumps = cursor.jumps();
        double showing = 0;
        for (cursor.seek(from); cursor.valid() && (to.empty() || cursor.key() < to); cursor.next()) {
            std::uint64_t const looked_at = cursor.passed() - passed;
            if (looked_at + cursor.jumps() - jumps >= looks)
                return std::max(showing,
                                showing / static_cast<double>(std::max<std::uint64_t>(looked_at, 1)) * entries);
            ++showing;
        }
        return showing;
    }

    store_state<Environment> const& state_;
    lsn_type upto_;
    span_set active_spans_;
    std::vector<std::unique_ptr<key_intervals>> kept_;
    std::vector<part> parts_;
    double everything_ = 0, versions_ = 0;
    bool plain_ = true;
};

}  // namespace phantomdb::storage::lsm
