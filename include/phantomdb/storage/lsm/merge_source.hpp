/// @file Defines `merge_source`, a position in one memtable or one run, for cursors to merge.
#pragma once

#include <phantomdb/storage/lsm/store_state.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// Goes over keys, each with its newest version that may be seen; erased ones are shown as such. The state must outlive it.
/// Where `lent` is given, it takes the pins of blocks that are left, so that their bytes stay. Copies are independent. Used by one thread at a time. Whatever reads a block throws as `run_file::get` does.
template <env::environment Environment>
class merge_source {
public:
    merge_source(memtable const& table, lsn_type upto) : table_(&table), upto_(upto) {}
    explicit merge_source(sorted_run<Environment> const& run) : run_(&run) {}

    bool valid() const { return valid_; }
    entry const& at() const { return entry_; }
    std::uint64_t head() const { return head_; }
    lsn_type highest() const { return run_ != nullptr ? run_->highest() : table_->last_lsn(); }
    bool is_run() const { return run_ != nullptr; }

    /// To the first key not below `key`.
    void seek(std::string_view key, std::vector<byte_pin>* lent = nullptr) {
        if (run_ == nullptr) return show(visible_from(table_->lower_bound(key, upto_)));
        enter_piece(run_->find_piece(key), key, lent);
    }
    /// To the last key below `key`; the very last where it is empty.
    void seek_before(std::string_view key, std::vector<byte_pin>* lent = nullptr) {
        if (run_ == nullptr) return show(visible_before(key.empty() ? table_->last() : table_->before(key)));
        piece_ = key.empty() ? run_->keyed().size() : run_->find_piece(key);
        if (piece_ == run_->keyed().size()) return leave_piece_backwards(lent);
        block_ = index().find(key);  // there is one: the greatest key of the piece is not below
        load(lent);
        place_ = held_.content->lower_bound(key);
        back(lent);
    }
    /// To no key at all.
    void finish(std::vector<byte_pin>* lent = nullptr) {
        drop(lent);
        valid_ = false;
    }
    void next(std::vector<byte_pin>* lent) {
        if (run_ == nullptr) {
            memtable::node const* after = memtable::next(node_);
            while (after != nullptr && after->key() == entry_.key) after = memtable::next(after);
            return show(visible_from(after));
        }
        ++place_;
        forward(lent);
    }
    void prev(std::vector<byte_pin>* lent) {
        if (run_ == nullptr) return show(entry_.key.empty() ? nullptr : visible_before(table_->before(entry_.key)));
        back(lent);
    }

    /// Of a run: the block it stands in, and where.
    block const& current_block() const { return *held_.content; }
    std::uint32_t place() const { return place_; }
    /// Of a run: to the entry `place` of the block, or behind the block.
    void move_to(std::uint32_t place, std::vector<byte_pin>* lent) {
        place_ = place;
        forward(lent);
    }

private:
    // ---- memtable ----

    void show(memtable::node const* node) {
        node_ = node;
        valid_ = node != nullptr;
        if (!valid_) return;
        memtable::content const& what = node->what();
        entry_ = {node->key(), what.value(), node->lsn, what.erased};
        head_ = key_head(entry_.key);
    }
    memtable::node const* visible_from(memtable::node const* node) const {
        while (node != nullptr && node->lsn > upto_) node = memtable::next(node);
        return node;
    }
    /// The newest version to be seen of this node's key, or of the first key before that has one.
    memtable::node const* visible_before(memtable::node const* node) const {
        while (node != nullptr) {
            if (memtable::node const* const found = table_->find(node->key(), upto_)) return found;
            if (node->key().empty()) return nullptr;
            node = table_->before(node->key());
        }
        return nullptr;
    }

    // ---- run: piece, block in its file, place in the block ----

    run_piece<Environment> const& piece() const { return run_->keyed()[piece_]; }
    run_index const& index() const { return piece().file->index(); }

    void show() {
        entry_ = held_.content->at(place_);
        head_ = key_head(entry_.key);
        valid_ = true;
    }
    void drop(std::vector<byte_pin>* lent) {
        if (lent != nullptr && held_.pin) lent->push_back(std::move(held_.pin));
        held_ = {};
    }
    void load(std::vector<byte_pin>* lent = nullptr) {
        drop(lent);
        valid_ = false;  // should reading throw
        held_ = piece().file->get(block_);
    }
    /// To the first entry not below `key` in this piece or one behind.
    void enter_piece(std::size_t which, std::string_view key, std::vector<byte_pin>* lent = nullptr) {
        for (piece_ = which; piece_ < run_->keyed().size(); ++piece_) {
            std::string_view const from = std::max<std::string_view>(key, piece().from);
            block_ = index().find(from);
            if (block_ == index().size()) continue;
            load(lent);
            place_ = held_.content->lower_bound(from);
            return forward(lent);
        }
        finish(lent);
    }
    /// Shows the entry at `place_`, or the first behind the block.
    void forward(std::vector<byte_pin>* lent) {
        if (place_ < held_.content->count()) return show();
        if (++block_ == index().size()) return enter_piece(piece_ + 1, {}, lent);
        load(lent);
        place_ = 0;
        show();
    }
    /// Shows the entry before `place_`.
    void back(std::vector<byte_pin>* lent = nullptr) {
        if (place_ == 0) {
            if (block_ == 0) return leave_piece_backwards(lent);
            --block_;
            load(lent);
            place_ = held_.content->count();
        }
        --place_;
        show();
        if (!piece().from.empty() && entry_.key < piece().from) leave_piece_backwards(lent);
    }
    /// To the last entry of the pieces before this one.
    void leave_piece_backwards(std::vector<byte_pin>* lent = nullptr) {
        if (piece_ == 0) return finish(lent);
        --piece_;
        block_ = index().size() - 1;
        load(lent);
        place_ = held_.content->count();
        back(lent);
    }

    memtable const* table_ = nullptr;
    lsn_type upto_ = 0;
    memtable::node const* node_ = nullptr;

    sorted_run<Environment> const* run_ = nullptr;
    std::size_t piece_ = 0, block_ = 0;
    std::uint32_t place_ = 0;
    pinned_block held_;

    bool valid_ = false;
    entry entry_;
    std::uint64_t head_ = 0;
};

}  // namespace phantomdb::storage::lsm
