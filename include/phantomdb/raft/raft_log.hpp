/// @file Defines `raft_log`: a node's log as Raft sees it, stored and unstored entries as one, and how far it is committed and
/// applied.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/raft/log_view.hpp>
#include <phantomdb/raft/unstable_log.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace phantomdb::raft {

/// Always `applied <= applying <= committed <= last_index`. What is committed never changes; what follows it may be cut off.
template <log_view LogView>
class raft_log {
public:
    /// Over `stored`, which outlives it. At most `applying_bytes` are handed out to be applied at a time.
    raft_log(LogView const& stored, std::uint64_t applying_bytes)
        : stored_(&stored), unstable_(stored.last_index() + 1), max_applying_bytes_(applying_bytes) {
        committed_ = applying_ = applied_ = stored.first_index() - 1;
    }

    log_index committed() const { return committed_; }
    log_index applying() const { return applying_; }
    log_index applied() const { return applied_; }
    unstable_log const& unstable() const { return unstable_; }

    log_index first_index() const {
        return unstable_.image() ? unstable_.image()->id.index + 1 : log_index{stored_->first_index()};
    }
    log_index last_index() const {
        auto const known = unstable_.last_index();
        return known ? *known : log_index{stored_->last_index()};
    }
    /// Nothing where the entry is compacted away or not there yet.
    std::optional<term_number> term(log_index index) const {
        if (auto const known = unstable_.term(index)) return known;
        if (index + 1 < first_index() || index > last_index()) return std::nullopt;
        return stored_->term(index);
    }
    bool holds(entry_id id) const { return term(id.index) == id.term; }
    entry_id last() const {
        log_index const index = last_index();
        std::optional<term_number> const known = term(index);
        PHANTOMDB_ASSERT(known.has_value());
        return {*known, index};
    }
    /// Whether a log that ends in `id` has all that this one may have acknowledged (section 5.4.1 of the paper).
    bool is_up_to_date(entry_id id) const {
        entry_id const mine = last();
        return id.term > mine.term || (id.term == mine.term && id.index >= mine.index);
    }

    /// The largest index up to `index` whose term is at most `term`, and that term: where another log, which is known only to
    /// have `term` at `index`, may agree with this one. Where the term of an index is unknown, that index and 0.
    entry_id may_agree_at(log_index index, term_number at_most) const {
        for (; index > 0; --index) {
            std::optional<term_number> const mine = term(index);
            if (!mine) return {0, index};
            if (*mine <= at_most) return {*mine, index};
        }
        return {};
    }

    /// The entries of [first, end) up to `bytes`, at least one of them; nothing where `first` is compacted away.
    std::optional<std::vector<entry>> entries(log_index first, log_index end, std::uint64_t bytes) const {
        if (first < first_index()) return std::nullopt;
        if (first >= end) return std::vector<entry>();
        log_index const cut = std::min(end, unstable_.offset());
        std::vector<entry> found;
        if (first < cut) {
            found = stored_->entries(first, cut, bytes);
            if (found.empty()) return std::nullopt;
            if (found.size() < cut - first || cut == end) return found;
            std::uint64_t const size = size_of(found);
            if (size >= bytes) return found;
            bytes -= size;
        }
        log_index const from = std::max(first, unstable_.offset());
        std::span<entry const> const rest = limited(unstable_.slice(from, end), bytes);
        // The first entry comes in any case, but only the first of all.
        if (!found.empty() && rest.size() == 1 && size_of(rest) > bytes) return found;
        found.insert(found.end(), rest.begin(), rest.end());
        return found;
    }

    /// A leader's entries, or a follower's that are known to fit.
    void append(std::span<entry const> entries) {
        if (entries.empty()) return;
        PHANTOMDB_ASSERT(entries.front().index > committed_);
        unstable_.append(entries);
    }

    /// What a leader sent: `entries` after `previous`, committed up to `commit` as far as they go. The last index they cover,
    /// or nothing where this log does not hold `previous`. Entries that are here already stay; the first that differs cuts off
    /// the rest, which was never committed.
    std::optional<log_index> try_append(entry_id previous, std::span<entry const> entries, log_index commit) {
        if (!holds(previous)) return std::nullopt;
        log_index const last_new = previous.index + entries.size();
        std::size_t known = 0;
        while (known < entries.size() && holds(entries[known].id())) ++known;
        append(entries.subspan(known));
        commit_to(std::min(commit, last_new));
        return last_new;
    }

    void commit_to(log_index index) {
        if (index <= committed_) return;
        PHANTOMDB_ASSERT(index <= last_index());  // else the log was damaged, cut off or lost
        committed_ = index;
    }

    // Applying

    /// Whether an image waits to be stored, or is being stored. Entries have to wait for it.
    bool has_image_pending() const { return unstable_.image() != nullptr; }
    bool has_committed_entries(bool also_unstored) const {
        return !paused_ && !has_image_pending() && applying_ < appliable(also_unstored);
    }
    /// Committed entries that nobody was told to apply yet. `also_unstored`: also those not known to be stored here.
    std::vector<entry> committed_entries(bool also_unstored) const {
        if (!has_committed_entries(also_unstored)) return {};
        auto found = entries(applying_ + 1, appliable(also_unstored) + 1, max_applying_bytes_ - applying_bytes_);
        PHANTOMDB_ASSERT(found.has_value());
        return std::move(*found);
    }
    /// Entries up to `index`, of `bytes`, were handed out.
    void accept_applying(log_index index, std::uint64_t bytes, bool also_unstored) {
        PHANTOMDB_ASSERT(index <= committed_);
        applying_ = index;
        applying_bytes_ += bytes;
        // Also when the next entry would not have fitted: otherwise a trickle of small ones would be handed out beyond it.
        paused_ = applying_bytes_ >= max_applying_bytes_ || index < appliable(also_unstored);
    }
    /// Entries up to `index` are applied, `bytes` of them since the last call.
    void applied_to(log_index index, std::uint64_t bytes) {
        PHANTOMDB_ASSERT(applied_ <= index && index <= committed_);
        applied_ = index;
        applying_ = std::max(applying_, index);
        applying_bytes_ -= std::min(applying_bytes_, bytes);
        paused_ = applying_bytes_ >= max_applying_bytes_;
    }
    std::uint64_t max_applying_bytes() const { return max_applying_bytes_; }

    // Storing

    void accept_unstable() { unstable_.accept(); }
    void stored(entry_id id) { unstable_.stored(id); }
    void stored_image(log_index index) { unstable_.stored_image(index); }

    /// The image to send to those who are too far behind; null while there is none.
    image_ref image() const { return unstable_.image() ? unstable_.image() : image_ref(stored_->image()); }
    /// The log begins anew after `image`.
    void restore(image_ref image) {
        committed_ = image->id.index;
        unstable_.restore(std::move(image));
    }

private:
    log_index appliable(bool also_unstored) const {
        return also_unstored ? committed_ : std::min(committed_, unstable_.offset() - 1);
    }

    LogView const* stored_;
    unstable_log unstable_;
    log_index committed_ = 0, applying_ = 0, applied_ = 0;
    std::uint64_t max_applying_bytes_;
    std::uint64_t applying_bytes_ = 0;
    bool paused_ = false;
};

}  // namespace phantomdb::raft
