/// @file Defines `lsm_cursor`, which merges memtables and runs into what a snapshot shows, forwards and backwards.
///
/// 1. Every source stands on its next key in the direction of the cursor; a heap orders them, the newest first where keys are
///    equal. The top is the candidate.
/// 2. A candidate that is erased, or older than a span that covers it, is passed over, with all that have its key.
/// 3. To move on, all sources with the current key move.
/// 4. To turn round, all sources are placed anew at the current key.
/// A chunk takes from the top's block, without a look at the others, as long as the runner-up allows.
#pragma once

#include <phantomdb/storage/lsm/merge_source.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// Model of `ordered_cursor`. O(log sources) a step. Whatever moves it throws data_corrupted, io_error where a block
/// cannot be read; it is not valid then.
template <env::environment Environment>
class lsm_cursor {
public:
    lsm_cursor(store_state<Environment> const& state, lsn_type upto) {
        sources_.reserve(1 + state.frozen.size() + state.runs.size());
        sources_.emplace_back(*state.active.table, upto);
        if (state.active.table->has_spans()) {
            active_spans_ = std::make_shared<span_set const>(state.active.table->spans(upto));
            if (!active_spans_->empty()) spans_.push_back(active_spans_.get());
        }
        for (memtable_reference const& at : state.frozen) {
            sources_.emplace_back(*at.table, upto);
            if (!at.table->frozen_spans().empty()) spans_.push_back(&at.table->frozen_spans());
        }
        for (auto const& run : state.runs) {
            sources_.emplace_back(*run);
            if (!run->spans().empty()) spans_.push_back(&run->spans());
        }
        heap_.reserve(sources_.size());
    }

    void seek(std::string_view key) {
        begin();
        forget();
        for (source& s : sources_) s.seek(key);
        forward_ = true;
        build<true>();
        settle<true>();
    }
    void seek_before(std::string_view key) {
        begin();
        forget();
        for (source& s : sources_) s.seek_before(key);
        forward_ = false;
        build<false>();
        settle<false>();
    }
    void next() {
        begin();
        turn<true>();
        pass<true>();
        settle<true>();
    }
    void prev() {
        begin();
        turn<false>();
        pass<false>();
        settle<false>();
    }
    bool valid() const { return valid_; }
    std::string_view key() const { return top().at().key; }
    std::string_view value() const { return top().at().value; }
    lsn_type lsn() const { return top().at().lsn; }

    std::size_t next_chunk(std::span<slice> out, std::string_view to) { return chunk<true>(out, to); }
    std::size_t prev_chunk(std::span<slice> out, std::string_view from) { return chunk<false>(out, from); }

    /// Entries of all sources passed one by one so far, those that do not show included.
    std::uint64_t passed() const { return passed_; }
    /// How often a source went past all that a span has erased of it.
    std::uint64_t jumps() const { return jumps_; }

private:
    using source = merge_source<Environment>;

    /// Should reading a block throw, the cursor is left without a place.
    struct losing_guard {
        lsm_cursor& cursor;
        bool moved = false;
        ~losing_guard() {
            if (!moved) cursor.forget();
        }
    };
    void forget() {
        heap_.clear();
        valid_ = false;
    }

    void begin() {
        if (!lent_.empty()) lent_.clear();
    }
    source& top() { return sources_[heap_.front()]; }
    source const& top() const { return sources_[heap_.front()]; }

    template <bool Forward>
    bool before(std::uint32_t a, std::uint32_t b) const {
        source const& x = sources_[a];
        source const& y = sources_[b];
        if (x.head() != y.head()) return (x.head() < y.head()) == Forward;
        int const order = x.at().key.compare(y.at().key);
        if (order != 0) return (order < 0) == Forward;
        return a < b;
    }
    template <bool Forward>
    void build() {
        heap_.clear();
        for (std::uint32_t i = 0; i < sources_.size(); ++i) {
            if (sources_[i].valid()) heap_.push_back(i);
        }
        for (std::size_t i = heap_.size() / 2; i-- > 0;) sink<Forward>(i);
    }
    template <bool Forward>
    void sink(std::size_t at) {
        std::uint32_t const moved = heap_[at];
        for (;;) {
            std::size_t child = 2 * at + 1;
            if (child >= heap_.size()) break;
            if (child + 1 < heap_.size() && before<Forward>(heap_[child + 1], heap_[child])) ++child;
            if (!before<Forward>(heap_[child], moved)) break;
            heap_[at] = heap_[child];
            at = child;
        }
        heap_[at] = moved;
    }
    /// After the top has moved.
    template <bool Forward>
    void top_moved() {
        if (!top().valid()) {
            heap_.front() = heap_.back();
            heap_.pop_back();
        }
        if (heap_.size() > 1) sink<Forward>(0);
    }
    template <bool Forward>
    void move_top() {
        ++passed_;
        losing_guard guard{*this};
        if constexpr (Forward) {
            top().next(lending_ ? &lent_ : nullptr);
        } else {
            top().prev(lending_ ? &lent_ : nullptr);
        }
        guard.moved = true;
        top_moved<Forward>();
    }
    /// Whether another source has the key of the top.
    bool is_shared() const {
        for (std::size_t child = 1; child <= 2 && child < heap_.size(); ++child) {
            source const& other = sources_[heap_[child]];
            if (other.head() == top().head() && other.at().key == top().at().key) return true;
        }
        return false;
    }
    /// Moves all sources that have the top's key; those under the top past all that a span has erased of them.
    template <bool Forward>
    void pass() {
        if (!is_shared()) return move_top<Forward>();
        passed_key_.assign(top().at().key);
        move_top<Forward>();
        while (!heap_.empty() && top().at().key == passed_key_) {
            erased_span const* const span = spans_.empty() ? nullptr : covering(top().at());
            if (span != nullptr && top().highest() < span->lsn) {
                jump_over<Forward>(*span);
            } else {
                move_top<Forward>();
            }
        }
    }

    /// From the top on, to what shows.
    template <bool Forward>
    void settle() {
        valid_ = false;
        while (!heap_.empty()) {
            entry const& e = top().at();
            if (!spans_.empty()) {
                erased_span const* const span = covering(e);
                if (span != nullptr) {
                    jump<Forward>(*span);
                    continue;
                }
            }
            if (!e.erased) {
                valid_ = true;
                return;
            }
            pass<Forward>();
        }
    }
    /// A span that erased what the entry shows, or null.
    erased_span const* covering(entry const& e) const {
        for (span_set const* set : spans_) {
            erased_span const* const span = set->find(e.key);
            if (span != nullptr && span->lsn > e.lsn) return span;
        }
        return nullptr;
    }
    /// The top is covered by `span`: past its end where all the source has is older, else past the key.
    template <bool Forward>
    void jump(erased_span const& span) {
        if (top().highest() >= span.lsn) return pass<Forward>();
        jump_over<Forward>(span);
    }
    template <bool Forward>
    void jump_over(erased_span const& span) {
        std::string_view const bound = Forward ? span.to : span.from;
        ++jumps_;
        losing_guard guard{*this};
        std::vector<byte_pin>* const lent = lending_ ? &lent_ : nullptr;
        if (bound.empty()) {
            top().finish(lent);
        } else if constexpr (Forward) {
            top().seek(bound, lent);
        } else {
            top().seek_before(bound, lent);
        }
        guard.moved = true;
        top_moved<Forward>();
    }

    /// Makes the sources stand as moving in this direction needs it, with the current key on top.
    template <bool Forward>
    void turn() {
        if (forward_ == Forward || !valid_) return;
        std::string const at(key());
        forget();
        for (source& s : sources_) {
            s.seek(at);
            if constexpr (!Forward) {
                if (!s.valid() || s.at().key != at) {
                    if (at.empty()) {
                        s.finish();
                    } else {
                        s.seek_before(at);
                    }
                }
            }
        }
        forward_ = Forward;
        build<Forward>();
        valid_ = true;
    }

    template <bool Forward>
    std::size_t chunk(std::span<slice> out, std::string_view bound) {
        begin();
        turn<Forward>();
        lending_ = true;
        struct end_lending {
            bool& lending;
            ~end_lending() { lending = false; }
        } const guard{lending_};
        std::size_t n = 0;
        while (n < out.size() && valid_) {
            entry const& e = top().at();
            if constexpr (Forward) {
                if (!bound.empty() && e.key >= bound) break;
            } else {
                if (e.key < bound) break;
            }
            out[n++] = {e.key, e.value};
            if (Forward && n < out.size() && take_block(out, n, bound)) {
                settle<Forward>();
                continue;
            }
            pass<Forward>();
            settle<Forward>();
        }
        return n;
    }
    /// Takes what follows in the top's block below the runner-up's key and `to`. False: nothing, and nothing moved.
    bool take_block(std::span<slice> out, std::size_t& n, std::string_view to) {
        source& s = top();
        if (!spans_.empty() || !s.is_run()) return false;
        block const& in = s.current_block();
        std::uint32_t at = s.place() + 1;
        if (at >= in.count()) return false;
        std::string_view limit = to;
        bool limited = !to.empty();
        for (std::size_t child = 1; child <= 2 && child < heap_.size(); ++child) {
            std::string_view const other = sources_[heap_[child]].at().key;
            if (!limited || other < limit) limit = other;
            limited = true;
        }
        if (limited && in.key(at) >= limit) return false;
        std::uint32_t const end = limited ? in.lower_bound(limit) : in.count();
        std::uint32_t const begin = at;
        for (; at < end && n < out.size(); ++at) {
            entry const e = in.at(at);
            if (!e.erased) out[n++] = {e.key, e.value};
        }
        passed_ += at - begin + 1;
        losing_guard guard{*this};
        s.move_to(at, &lent_);
        guard.moved = true;
        top_moved<true>();
        return true;
    }

    std::vector<source> sources_;  // newest first
    std::vector<std::uint32_t> heap_;
    std::vector<span_set const*> spans_;
    std::shared_ptr<span_set const> active_spans_;
    bool forward_ = true;
    bool valid_ = false;
    bool lending_ = false;
    std::vector<byte_pin> lent_;  // blocks whose bytes the last chunk gave out
    std::string passed_key_;
    std::uint64_t passed_ = 0, jumps_ = 0;
};

}  // namespace phantomdb::storage::lsm
