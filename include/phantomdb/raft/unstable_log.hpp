/// @file Defines `unstable_log`: entries and an image that the host has not yet acknowledged to be stored.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/raft/entry.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace phantomdb::raft {

/// The tail of a log on its way to the disk.
///
///     stored log        | being written      | to be written
///     ..................|====================|--------------------
///                       ^ offset             ^ offset_in_progress    ^ end
///
/// `offset` may be below the end of the stored log: the next write cuts that off first. Entries stay here until they are
/// acknowledged, so that what is read is always the log as this node has it, whatever the disk has come to.
class unstable_log {
public:
    explicit unstable_log(log_index offset) : offset_(offset), offset_in_progress_(offset) {}

    log_index offset() const { return offset_; }
    log_index offset_in_progress() const { return offset_in_progress_; }
    log_index end() const { return offset_ + entries().size(); }
    bool has_entries() const { return end() > offset_; }
    image_ref const& image() const { return image_; }

    /// The last index, where an entry or an image here determines it.
    std::optional<log_index> last_index() const {
        if (has_entries()) return end() - 1;
        if (image_) return image_->id.index;
        return std::nullopt;
    }
    /// The term of the entry at `index`, where it is here.
    std::optional<term_number> term(log_index index) const {
        if (index < offset_) return image_ && image_->id.index == index ? std::optional(image_->id.term) : std::nullopt;
        if (index >= end()) return std::nullopt;
        return entries()[index - offset_].term;
    }
    /// The entries of [first, end), all of which are here.
    std::span<entry const> slice(log_index first, log_index last) const {
        PHANTOMDB_HOT_ASSERT(offset_ <= first && first <= last && last <= end());
        return entries().subspan(first - offset_, last - first);
    }

    /// What is to be written and is not being written yet.
    std::span<entry const> next_entries() const { return slice(offset_in_progress_, end()); }
    image_ref next_image() const { return image_in_progress_ ? nullptr : image_; }
    /// All of it is being written from now on.
    void accept() {
        offset_in_progress_ = end();
        image_in_progress_ = image_ != nullptr;
    }

    /// Entries up to `id` are stored. Ignored where the entry there is another one by now.
    void stored(entry_id id) {
        if (id.index < offset_ || term(id.index) != id.term) return;
        head_ += id.index + 1 - offset_;
        offset_ = id.index + 1;
        offset_in_progress_ = std::max(offset_in_progress_, offset_);
        // Moving the rest down only when half is gone keeps this linear in all entries that ever come by.
        if (head_ * 2 >= kept_.size()) {
            kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
    }
    /// The image that ends at `index` is stored. Ignored where another one has come since.
    void stored_image(log_index index) {
        if (image_ == nullptr || image_->id.index != index) return;
        image_ = nullptr;
        image_in_progress_ = false;
    }

    /// The log begins anew after `image`.
    void restore(image_ref image) {
        offset_ = offset_in_progress_ = image->id.index + 1;
        kept_.clear();
        head_ = 0;
        image_ = std::move(image);
        image_in_progress_ = false;
    }

    /// Appends `entries`, after cutting off what is there from the first of them on.
    void append(std::span<entry const> entries) {
        log_index const first = entries.front().index;
        PHANTOMDB_HOT_ASSERT(first <= end());
        if (first <= offset_) {
            kept_.clear();
            head_ = 0;
            offset_ = offset_in_progress_ = first;
        } else {
            kept_.resize(head_ + (first - offset_));
            offset_in_progress_ = std::min(offset_in_progress_, first);
        }
        kept_.insert(kept_.end(), entries.begin(), entries.end());
    }

private:
    std::span<entry const> entries() const { return std::span(kept_).subspan(head_); }

    image_ref image_;
    bool image_in_progress_ = false;
    std::vector<entry> kept_;  // the first `head_` of them are stored
    std::size_t head_ = 0;
    log_index offset_, offset_in_progress_;
};

}  // namespace phantomdb::raft
