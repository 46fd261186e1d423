/// @file Defines which runs are merged when, and the merging.
///
/// Lazy leveling: runs are flushed to level 0; `tier_runs` runs of a level become one of the next. Only the last level is
/// one run, always; what comes to it when it is large enough in comparison is merged with it. So an entry is written
/// about once a level, and not `tier_runs` times, while most of the data is in one place, for scans and for space.
/// Source: N. Dayan, S. Idreos, "Dostoevsky: Better Space-Time Trade-Offs for LSM-Tree Based Key-Value Stores", 2018.
///
/// A merge goes piece by piece, in the order of keys, and needs no memory of its own between them:
///
/// 1. Inputs follow each other in age. They are marked, and an output of the next level is put behind the oldest.
/// 2. A step merges from where the last one ended up to some key b, into one new file. Together: the file is added to
///    the output, b becomes the `from` of the inputs' pieces, files that lie below b altogether go.
/// 3. Without anything left, the inputs go and the output is settled.
/// At every step, for readers as for a restart, output (below b) and inputs (from b on) are together what the inputs were.
/// A file of an input that meets no other keys is handed on as it is.
#pragma once

#include <phantomdb/storage/lsm/manifest.hpp>
#include <phantomdb/storage/lsm/store_state.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

inline constexpr unsigned last_level = 255;
inline constexpr std::size_t tier_runs = 4;

/// Runs [first, end) of a state, newest first, are to become one of `level`.
struct merge_choice {
    std::size_t first = 0, end = 0;
    unsigned level = 0;
    bool started = false;
    bool oldest = false;  ///< nothing is older: erasures need not be kept
};

template <env::environment Environment>
using run_list = std::vector<std::shared_ptr<sorted_run<Environment> const>>;

/// How many entries of `run` the spans cover, about; no more than some hundred spans are looked at.
template <env::environment Environment>
std::uint64_t erased_by_spans(sorted_run<Environment> const& run, span_set const& spans) {
    std::uint64_t sum = 0;
    std::size_t looks = 256;
    for (erased_span const& span : spans.spans()) {
        if (looks-- == 0) break;
        sum += run.entries_between(span.from, span.to);
    }
    return sum;
}

/// What is to be merged next, if anything. O(runs).
template <env::environment Environment>
std::optional<merge_choice> choose_merge(run_list<Environment> const& runs) {
    std::size_t const n = runs.size();
    for (std::size_t i = 0; i < n; ++i) {
        if (runs[i]->role() != run_role::input) continue;
        std::size_t end = i;
        while (runs[end]->role() == run_role::input) ++end;
        return merge_choice{i, end, runs[end]->level(), true, end + 1 == n};
    }
    std::uint64_t erasures = 0;
    for (std::size_t first = 0; first < n && runs[first]->level() != last_level;) {
        std::size_t end = first;
        std::uint64_t bytes = 0;
        for (; end < n && runs[end]->level() == runs[first]->level(); ++end) {
            bytes += runs[end]->bytes();
            erasures += runs[end]->erasures();
        }
        if (end - first >= tier_runs) {
            if (end == n) return merge_choice{first, end, last_level, false, true};
            if (end + 1 == n && runs[end]->level() == last_level && bytes * tier_runs >= runs[end]->bytes())
                return merge_choice{first, n, last_level, false, true};
            return merge_choice{first, end, runs[first]->level() + 1, false, false};
        }
        first = end;
    }
    // Where much is erased, what it erases and the erasures themselves are worth freeing.
    if (n < 2 || runs.back()->level() != last_level) return std::nullopt;
    for (std::size_t i = 0; i + 1 < n; ++i) erasures += erased_by_spans(*runs.back(), runs[i]->spans());
    if (erasures > 0 && erasures * 4 >= runs.back()->entries()) return merge_choice{0, n, last_level, false, true};
    return std::nullopt;
}

/// The merge that leaves one run without erasures, where there is more than that and no other merge is under way.
template <env::environment Environment>
std::optional<merge_choice> merge_of_all(run_list<Environment> const& runs) {
    bool const is_whole = runs.empty() || (runs.size() == 1 && runs[0]->erasures() == 0 && runs[0]->spans().empty());
    if (is_whole) return std::nullopt;
    return merge_choice{0, runs.size(), last_level, false, true};
}

/// The entries of a run in order, from a key on. Used by one thread at a time.
template <env::environment Environment>
class merge_input {
public:
    merge_input(sorted_run<Environment> const& run, std::string_view from) : run_(run), piece_(run.find_piece(from)) {
        open(from);
    }
    bool valid() const { return reader_ && reader_->valid(); }
    entry const& operator*() const { return **reader_; }
    void next() {
        at_begin_ = false;
        reader_->next();
        if (!reader_->valid()) next_piece();
    }
    /// The file it stands in, if at its very first entry, and all of it counts.
    std::shared_ptr<run_file<Environment>> at_begin_of() const {
        return at_begin_ ? run_.keyed()[piece_].file : nullptr;
    }
    void next_piece() {
        ++piece_;
        open({});
    }

private:
    void open(std::string_view from) {
        reader_.reset();
        for (; piece_ < run_.keyed().size(); ++piece_) {
            auto const& piece = run_.keyed()[piece_];
            std::string_view const low = std::max<std::string_view>(from, piece.from);
            reader_.emplace(*piece.file, low);
            at_begin_ = low <= piece.file->properties().least;
            if (reader_->valid()) return;
        }
        reader_.reset();
    }

    sorted_run<Environment> const& run_;
    std::size_t piece_;
    std::optional<run_reader<Environment>> reader_;
    bool at_begin_ = false;
};

/// What a step made.
template <env::environment Environment>
struct merge_step {
    std::vector<run_piece<Environment>> handed_on;     ///< of the inputs, as they are
    std::unique_ptr<run_writer<Environment>> written;  ///< not finished, or null
    std::string upto;                                  ///< where the next step begins
    bool finished = false;                             ///< there is no next step
};

/// Merges `inputs` (newest first) up to some key. `make()` begins a file, `most_bytes` is about what it may have; `pause()` is
/// called now and then. Throws as reading and writing do.
template <env::environment Environment, class Make, class Pause>
merge_step<Environment> merge_some(run_list<Environment> const& inputs, bool oldest, std::uint64_t most_bytes,
                                   Make&& make, Pause&& pause) {
    std::string from;
    std::vector<erased_span> all_spans;
    for (auto const& run : inputs) {
        for (auto const& piece : run->pieces()) from = std::max(from, piece.from);
        all_spans.insert(all_spans.end(), run->spans().spans().begin(), run->spans().spans().end());
    }
    span_set const spans = span_set::of(std::move(all_spans));
    std::vector<merge_input<Environment>> at;
    for (auto const& run : inputs) at.emplace_back(*run, from);

    merge_step<Environment> step;
    std::uint64_t paused_at = 0;
    for (;;) {
        merge_input<Environment>* least = nullptr;
        for (auto& input : at) {
            if (input.valid() && (least == nullptr || (*input).key < (**least).key)) least = &input;
        }
        if (least == nullptr) {
            step.finished = true;
            break;
        }
        std::string_view const key = (**least).key;
        if (step.written == nullptr && spans.empty()) {
            auto const file = least->at_begin_of();
            auto const meets = [&](merge_input<Environment> const& other) {
                return &other != least && other.valid() && (*other).key <= file->properties().greatest;
            };
            if (file != nullptr && file->record().bytes >= most_bytes / 4 &&
                (!oldest || file->properties().erasures == 0) && std::none_of(at.begin(), at.end(), meets)) {
                step.handed_on.push_back({file, {}});
                least->next_piece();
                continue;
            }
        }
        if (!step.handed_on.empty() || (step.written != nullptr && step.written->bytes() >= most_bytes)) {
            step.upto = key;
            break;
        }
        if (step.written == nullptr) step.written = make();
        entry const& newest = **least;
        if (spans.covering(key) <= newest.lsn && !(oldest && newest.erased)) {
            step.written->add(newest);
            if (step.written->bytes() - paused_at > (std::uint64_t{1} << 20)) {
                paused_at = step.written->bytes();
                pause();
            }
        }
        for (auto& input : at) {
            if (&input != least && input.valid() && (*input).key == key) input.next();
        }
        least->next();
    }
    if (!oldest && !spans.empty()) {
        if (step.written == nullptr && step.handed_on.empty()) step.written = make();
        step.written->add_spans(spans.within(from, step.upto));
    }
    if (step.written != nullptr && step.written->empty()) step.written.reset();
    return step;
}

/// What is left of an input once all below `upto` is in the output; null: nothing.
template <env::environment Environment>
std::shared_ptr<sorted_run<Environment> const> rest_of(sorted_run<Environment> const& input, std::string const& upto) {
    std::vector<run_piece<Environment>> left;
    for (run_piece<Environment> const& piece : input.pieces()) {
        run_properties const& p = piece.file->properties();
        span_set const spans = piece.file->spans().within(upto, {});
        if ((p.entries == 0 || p.greatest < upto) && spans.empty()) continue;
        bool const cut = p.least < upto || !piece.file->spans().empty();
        left.push_back({piece.file, cut ? upto : piece.from});
    }
    return std::make_shared<sorted_run<Environment> const>(input.level(), run_role::input, std::move(left));
}

}  // namespace phantomdb::storage::lsm
