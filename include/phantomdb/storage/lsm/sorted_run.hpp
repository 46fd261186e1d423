/// @file Defines `sorted_run`, run files that follow each other in the order of keys and count as one.
#pragma once

#include <phantomdb/storage/lsm/run_file.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// What a merge does with a run.
enum class run_role : std::uint8_t {
    settled = 0,
    input = 1,   ///< is being merged: what lies below the `from` of its pieces is in the output already
    output = 2,  ///< is being made
};

/// A run file, or what of it is not below `from`.
template <env::environment Environment>
struct run_piece {
    std::shared_ptr<run_file<Environment>> file;
    std::string from;
};

/// Const use from any thread. Pieces have disjoint keys, in rising order; none is without entries and spans.
template <env::environment Environment>
class sorted_run {
public:
    using file_type = run_file<Environment>;
    using piece_type = run_piece<Environment>;

    sorted_run(unsigned level, run_role role, std::vector<piece_type> pieces)
        : level_(level), role_(role), pieces_(std::move(pieces)) {
        for (piece_type const& piece : pieces_) {
            file_type const& file = *piece.file;
            std::uint64_t const skipped =
                piece.from.empty() ? 0 : file.index().entries_before(file.index().find(piece.from));
            entries_ += file.properties().entries - skipped;
            if (file.properties().entries > 0 && piece.from <= file.properties().greatest) keyed_.push_back(piece);
            erasures_ += file.properties().erasures;
            bytes_ += file.record().bytes;
            span_set const clipped = file.spans().within(piece.from, {});
            for (erased_span const& span : clipped.spans()) spans_.append(span.from, span.to, span.lsn);
            lowest_ = std::min(lowest_, file.properties().lowest);
            highest_ = std::max(highest_, file.properties().highest);
        }
    }

    unsigned level() const { return level_; }
    run_role role() const { return role_; }
    std::vector<piece_type> const& pieces() const { return pieces_; }
    /// Those with entries.
    std::vector<piece_type> const& keyed() const { return keyed_; }
    span_set const& spans() const { return spans_; }
    std::uint64_t entries() const { return entries_; }  ///< about, where a merge goes on
    std::uint64_t erasures() const { return erasures_; }
    std::uint64_t bytes() const { return bytes_; }
    lsn_type lowest() const { return lowest_; }
    lsn_type highest() const { return highest_; }

    /// The first of `keyed` that may hold `key` or greater ones; their number where there is none. O(log n).
    std::size_t find_piece(std::string_view key) const {
        auto const at =
            std::lower_bound(keyed_.begin(), keyed_.end(), key,
                             [](piece_type const& p, std::string_view k) { return p.file->properties().greatest < k; });
        return static_cast<std::size_t>(at - keyed_.begin());
    }

    /// What the run has about `key`; `held` keeps the bytes.
    std::optional<entry> find(std::string_view key, std::uint64_t hash, pinned_block& held) const {
        std::size_t const at = find_piece(key);
        if (at == keyed_.size()) return std::nullopt;
        piece_type const& piece = keyed_[at];
        if (key < piece.from || key < piece.file->properties().least) return std::nullopt;
        return piece.file->find(key, hash, held);
    }

    /// Entries with keys in [from, to) (empty `to`: to the end), about: exact but for what the blocks at both ends have.
    /// O(pieces + log n).
    std::uint64_t entries_between(std::string_view from, std::string_view to) const {
        std::uint64_t const low = from.empty() ? 0 : entries_below(from);
        std::uint64_t const high = to.empty() ? entries_ : entries_below(to);
        return high > low ? high - low : 0;
    }
    std::uint64_t entries_below(std::string_view key) const {
        std::uint64_t sum = 0;
        for (piece_type const& piece : keyed_) {
            auto const& index = piece.file->index();
            std::uint64_t const skipped = piece.from.empty() ? 0 : index.entries_before(index.find(piece.from));
            std::uint64_t const below = index.entries_below(key, piece.file->properties().least);
            sum += below > skipped ? below - skipped : 0;
            if (key <= piece.file->properties().greatest) break;
        }
        return sum;
    }

    /// Calls `use(key, entries it stands for)` for keys in [from, to) (empty `to`: to the end), spread evenly: up to about `enough` of
    /// them. A key stands for what lies between it and the next. O(pieces + enough × log n).
    template <class Use>
    void spread(std::string_view from, std::string_view to, std::size_t enough, Use&& use) const {
        struct stretch {
            run_index const* index;
            std::size_t first, end;  // blocks
            std::string_view key;    // the first is taken from here on
        };
        std::vector<stretch> found;
        std::uint64_t all = 0;
        for (std::size_t i = find_piece(from); i < keyed_.size(); ++i) {
            run_index const& index = keyed_[i].file->index();
            std::string_view const key = std::max(
                {from, std::string_view(keyed_[i].from), std::string_view(keyed_[i].file->properties().least)});
            if (!to.empty() && key >= to) break;
            std::size_t const end = to.empty() ? index.size() : std::min(index.find(to) + 1, index.size());
            found.push_back({&index, index.find(key), end, key});
            all += index.entries_before(end) - index.entries_before(found.back().first);
        }
        std::uint64_t const step = std::max<std::uint64_t>(all / std::max<std::size_t>(enough, 1), 1);
        std::uint64_t next = step / 2;  // counted from the beginning of the stretch
        for (stretch const& s : found) {
            std::uint64_t const begin = s.index->entries_before(s.first);
            std::uint64_t const size = s.index->entries_before(s.end) - begin;
            while (next < size) {
                std::size_t const block = s.index->block_of(begin + next);
                std::uint64_t const upto = s.index->entries_before(block + 1) - begin;
                std::uint64_t const steps = (upto - next + step - 1) / step;  // that end in this block
                std::string_view const key = block == s.first ? s.key : s.index->last(block - 1);
                if (to.empty() || key < to) use(key, static_cast<double>(steps * step));
                next += steps * step;
            }
            next -= size;
        }
    }

    /// Whether it may have anything, be it an erased span, in [from, to].
    bool touches(std::string_view from, std::string_view to) const {
        for (piece_type const& piece : pieces_) {
            auto const& p = piece.file->properties();
            if (p.entries > 0 && from <= p.greatest && p.least <= to) return true;
        }
        for (erased_span const& span : spans_.spans()) {
            if ((span.to.empty() || from < span.to) && span.from <= to) return true;
        }
        return false;
    }

private:
    unsigned level_;
    run_role role_;
    std::vector<piece_type> pieces_, keyed_;
    span_set spans_;
    std::uint64_t entries_ = 0, erasures_ = 0, bytes_ = 0;
    lsn_type lowest_ = ~lsn_type{0}, highest_ = 0;
};

}  // namespace phantomdb::storage::lsm
