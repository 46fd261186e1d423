/// @file Defines `log_view`, the host's stored log as the core reads it, and `memory_log`, which keeps one in memory.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/raft/entry.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <vector>

namespace phantomdb::raft {

/// What the core reads of the stored log. The host writes it as `ready` says; the core never does. It may be ahead of what the
/// core was told is stored (writes whose acknowledgement is on its way), and may be compacted at any time up to what is applied.
///
/// - `first_index`, `last_index`: of the entries there; `last == first - 1` where there are none.
/// - `term(i)`: for `first - 1 <= i <= last`; the term of the entry before the first is kept when the log is compacted.
///   Nothing for other indexes.
/// - `entries(first, end, bytes)`: of [first, end), as many as have at most `bytes` together by `size_of`, but at least one.
///   Empty where `first` is compacted away.
/// - `image()`: a recent one, at or above `first - 1`; null while it is being made: the core asks again later. For a new member
///   one is needed whose members it is among.
template <class Log>
concept log_view = requires(Log const& log, log_index i, std::uint64_t bytes) {
    { log.first_index() } -> std::convertible_to<log_index>;
    { log.last_index() } -> std::convertible_to<log_index>;
    { log.term(i) } -> std::convertible_to<std::optional<term_number>>;
    { log.entries(i, i, bytes) } -> std::convertible_to<std::vector<entry>>;
    { log.image() } -> std::convertible_to<image_ref>;
};

/// A stored log in memory: for tests and simulations, and as a host's cache of its tail.
class memory_log {
public:
    log_index first_index() const { return before_.index + 1; }
    log_index last_index() const { return before_.index + entries_.size(); }
    std::optional<term_number> term(log_index index) const {
        if (index < before_.index || index > last_index()) return std::nullopt;
        return index == before_.index ? before_.term : entries_[index - first_index()].term;
    }
    std::vector<entry> entries(log_index first, log_index end, std::uint64_t bytes) const {
        if (first < first_index()) return {};
        PHANTOMDB_ASSERT(end <= last_index() + 1 && first <= end);
        auto const found = limited(std::span(entries_).subspan(first - first_index(), end - first), bytes);
        return {found.begin(), found.end()};
    }
    image_ref image() const { return image_; }

    /// Appends, after cutting off what is there from the first of them on.
    void append(std::span<entry const> entries) {
        if (!entries.empty() && entries.front().index < first_index()) {
            if (entries.back().index < first_index()) return;
            entries = entries.subspan(first_index() - entries.front().index);
        }
        if (entries.empty()) return;
        PHANTOMDB_ASSERT(entries.front().index <= last_index() + 1);
        entries_.resize(entries.front().index - first_index());
        entries_.insert(entries_.end(), entries.begin(), entries.end());
    }
    /// The log begins anew after `image`. An older one than there is is ignored.
    void install(image_ref image) {
        if (image_ != nullptr && image->id.index <= image_->id.index) return;
        before_ = image->id;
        entries_.clear();
        image_ = std::move(image);
    }
    /// Keeps `image` as the one to send; the log stays.
    void keep(image_ref image) { image_ = std::move(image); }
    /// Drops entries up to and with `index`, which is in the log.
    void compact(log_index index) {
        if (index <= before_.index) return;
        PHANTOMDB_ASSERT(index <= last_index());
        entry_id const last_gone{*term(index), index};
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(index - before_.index));
        before_ = last_gone;
    }

private:
    entry_id before_;  // the last entry that is gone
    std::vector<entry> entries_;
    image_ref image_;
};

}  // namespace phantomdb::raft
