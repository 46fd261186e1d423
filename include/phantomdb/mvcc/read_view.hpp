/// @file Defines `read_view`, what a statement sees: a snapshot of the store below the transaction's own writes.
#pragma once

#include <phantomdb/mvcc/read_set.hpp>
#include <phantomdb/storage/cow_tree.hpp>
#include <phantomdb/storage/entry_run.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::mvcc {

/// How an entry of a write set is marked, in the place of its LSN.
inline constexpr storage::lsn_type erased_mark = 0;
inline constexpr storage::lsn_type written_mark = 1;

/// A transaction's own writes, each marked `written_mark` or `erased_mark`.
struct write_set {
    storage::cow_tree tree;
    storage::tree_snapshot empty = tree.snapshot();
};

/// Own writes as they were at one moment; keeps what it shows alive, also beyond the transaction.
class own_writes {
public:
    own_writes() = default;
    explicit own_writes(std::shared_ptr<write_set> const& set) : set_(set) {
        if (set_ == nullptr) return;
        if (set_->tree.is_dirty()) set_->tree.publish(0);
        snapshot_ = set_->tree.snapshot();
    }
    own_writes(own_writes const&) = default;
    own_writes(own_writes&&) noexcept = default;
    own_writes& operator=(own_writes other) noexcept {
        std::swap(set_, other.set_);
        std::swap(snapshot_, other.snapshot_);
        return *this;
    }

    explicit operator bool() const { return set_ != nullptr; }
    storage::tree_snapshot const& operator*() const { return snapshot_; }
    storage::tree_snapshot const* operator->() const { return &snapshot_; }

private:
    std::shared_ptr<write_set> set_;  // before the snapshot, which must go first
    storage::tree_snapshot snapshot_;
};

/// A value, or that there is none. The bytes live as long as this object (a page that holds them is pinned) and the view or
/// transaction it came from.
class found_value {
public:
    found_value() = default;
    found_value(std::optional<storage::stored_value>&& found)  // NOLINT: this is what it is for
        : there_(found.has_value()) {
        if (there_) bytes_ = found->value, pin_ = std::move(found->pin);
    }

    explicit operator bool() const { return there_; }
    bool has_value() const { return there_; }
    std::string_view operator*() const { return bytes_; }
    std::string_view const* operator->() const { return &bytes_; }
    friend bool operator==(found_value const& a, std::string_view b) { return a.there_ && a.bytes_ == b; }
    friend bool operator==(found_value const& a, std::nullopt_t) { return !a.there_; }

private:
    bool there_ = false;
    std::string_view bytes_;
    storage::byte_pin pin_;
};

/// Reads the entries of a span in rising (or, `Forward` false, falling) order of their keys, own writes merged in.
/// What a call gives out is borrowed until the next call. It comes from at most one step of the store's cursor, which may give
/// up a page when it moves on; own writes lie in memory, and stay.
template <storage::ordered_store Store, bool Forward>
class view_scan {
public:
    view_scan(typename Store::snapshot_type base, own_writes own, std::string_view from, std::string_view to,
              read_set* reads)
        : base_snapshot_(std::move(base)), own_writes_(std::move(own)), from_(from), to_(to), reads_(reads) {
        base_ = base_snapshot_.cursor();
        place(base_);
        if (own_writes_) {
            own_ = own_writes_->cursor();
            place(own_);
        }
        if (reads_ != nullptr) span_ = reads_->add_span(from_, to_);
    }

    /// Fills `out` with the next entries, as many as are at hand; 0 at the end only.
    std::size_t next_chunk(std::span<storage::slice> out) {
        std::size_t n = 0;
        bool stored = false;  // `out` has entries of the store: its cursor must stay where it is
        while (n < out.size()) {
            if (!own_in_span()) {
                if (!stored) n += take_stored(out.subspan(n), end_of_span());
                break;
            }
            std::string_view const stop = own_.key();
            if (!stored) {
                std::size_t const taken = take_stored(out.subspan(n), stop);
                n += taken;
                stored = taken > 0;
                if constexpr (!Forward) {
                    if (stored && out[n - 1].key == stop) --n, stored = taken > 1;  // our own entry replaces it
                }
                if (n == out.size()) break;
            }
            if (base_.valid()) {
                std::string_view const next = base_.key();
                if (Forward ? next < stop : next > stop) break;
                if (next == stop) {
                    if (stored) break;
                    step(base_);
                }
            }
            if (own_.lsn() == written_mark) out[n++] = {own_.key(), own_.value()};
            step(own_);
        }
        if (reads_ != nullptr) remember(n > 0 ? out[n - 1].key : std::string_view(), n == 0);
        return n;
    }

    /// The next entries that lie side by side; empty at the end only.
    storage::entry_run next_run()
        requires Forward
    {
        for (;;) {
            bool const own = own_in_span();
            storage::entry_run run = stored_run(own ? own_.key() : end_of_span());
            if (run.size() == 0 && own) {
                if (base_.valid() && base_.key() == own_.key()) step(base_);
                bool const written = own_.lsn() == written_mark;
                run = own_.next_run({}, 1);
                if (!written) continue;
            }
            if (reads_ != nullptr) {
                remember(run.size() > 0 ? run.back().key : std::string_view(), run.size() == 0);
            }
            return run;
        }
    }

    /// The next entry alone; false at the end.
    bool next(storage::slice& out) { return next_chunk({&out, 1}) == 1; }

private:
    template <class Cursor>
    void place(Cursor& cursor) {
        if (Forward) {
            cursor.seek(from_);
        } else {
            cursor.seek_before(to_);
        }
    }

    bool own_in_span() const {
        if (!own_.valid()) return false;
        return Forward ? to_.empty() || own_.key() < to_ : own_.key() >= from_;
    }

    std::string_view end_of_span() const { return Forward ? std::string_view(to_) : std::string_view(from_); }

    storage::entry_run stored_run(std::string_view stop) {
        if constexpr (requires { base_.next_run(stop); }) {
            return base_.next_run(stop);
        } else {
            listed_.resize(most_listed);
            return std::span<storage::slice const>(listed_.data(), base_.next_chunk(listed_, stop));
        }
    }

    std::size_t take_stored(std::span<storage::slice> out, std::string_view stop) {
        if constexpr (Forward) return base_.next_chunk(out, stop);
        else return base_.prev_chunk(out, stop);
    }

    template <class Cursor>
    static void step(Cursor& cursor) {
        if constexpr (Forward) cursor.next();
        else cursor.prev();
    }

    /// Everything up to `last` was read, or up to the end of the span.
    void remember(std::string_view last, bool at_end) {
        if constexpr (Forward) {
            reads_->stretch_to(span_, at_end ? to_ : std::string(last) + '\0');
        } else {
            reads_->stretch_from(span_, at_end ? std::string_view(from_) : last);
        }
    }

    typename Store::snapshot_type base_snapshot_;
    own_writes own_writes_;
    std::string from_, to_;
    typename Store::cursor_type base_;
    storage::tree_cursor own_;
    read_set* reads_;
    std::size_t span_ = 0;
    static constexpr std::size_t most_listed = 256;
    std::vector<storage::slice> listed_;  // for stores whose cursors have no runs
};

/// A state to read, unchanged by whatever is written later. O(1) to make and copy. Threads: one at a time under
/// SERIALIZABLE, else any. May be read after its transaction has ended, except under SERIALIZABLE; not after its shard.
template <storage::ordered_store Store>
class read_view {
public:
    using scan_type = view_scan<Store, true>;
    using backward_scan_type = view_scan<Store, false>;

    read_view() = default;
    read_view(typename Store::snapshot_type base, own_writes own, read_set* reads)
        : base_(std::move(base)), own_(std::move(own)), reads_(reads) {}

    /// The value under `key`. O(log n).
    found_value get(std::string_view key) const {
        if (reads_ != nullptr) reads_->add_key(key);
        if (own_) {
            if (auto mine = own_->get(key)) {
                if (mine->lsn == erased_mark) return {};
                return mine;
            }
        }
        return base_.get(key);
    }

    /// `get` for many keys; cheaper than one by one where the store can fetch them together. What is found stays pinned as
    /// long as `out` has it.
    void get_many(std::span<std::string_view const> keys, std::span<std::optional<storage::stored_value>> out) const {
        if constexpr (requires { base_.get_many(keys, out); }) {
            base_.get_many(keys, out);
        } else {
            for (std::size_t i = 0; i < keys.size(); ++i) out[i] = base_.get(keys[i]);
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (reads_ != nullptr) reads_->add_key(keys[i]);
            if (!own_) continue;
            if (auto mine = own_->get(keys[i])) {
                if (mine->lsn == erased_mark) out[i].reset();
                else out[i] = std::move(mine);
            }
        }
    }

    /// The entries of [from, to) in rising order; empty `to`: to the end.
    scan_type scan(std::string_view from, std::string_view to) const { return {base_, own_, from, to, reads_}; }
    /// The same in falling order.
    backward_scan_type scan_backward(std::string_view from, std::string_view to) const {
        return {base_, own_, from, to, reads_};
    }

    /// About how many keys [from, to) has; own writes are left out. For the planner.
    std::uint64_t estimate(std::string_view from, std::string_view to) const { return base_.count(from, to); }

    storage::lsn_type lsn() const { return base_.lsn(); }
    typename Store::snapshot_type const& base() const { return base_; }

private:
    typename Store::snapshot_type base_;
    own_writes own_;
    read_set* reads_ = nullptr;
};

}  // namespace phantomdb::mvcc
