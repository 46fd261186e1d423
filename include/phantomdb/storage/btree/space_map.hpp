/// @file Defines `space_map`: which pages of a file are in use.
#pragma once

#include <phantomdb/base/assert.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// One bit a page; set: in use.
class page_bits {
public:
    bool test(std::uint32_t page) const {
        return page / 64 < words_.size() && ((words_[page / 64] >> (page % 64)) & 1) != 0;
    }
    void set(std::uint32_t page, std::uint32_t count = 1) {
        std::size_t const words = (std::uint64_t{page} + count + 63) / 64;
        if (words > words_.size()) words_.resize(words);
        for (std::uint32_t i = 0; i < count; ++i) words_[(page + i) / 64] |= std::uint64_t{1} << ((page + i) % 64);
    }
    /// So that setting bits of pages below `pages` takes no memory.
    void reserve(std::uint64_t pages) {
        std::size_t const words = static_cast<std::size_t>((pages + 63) / 64);
        if (words > words_.capacity()) words_.reserve(std::max(words, 2 * words_.capacity()));
    }
    void clear(std::uint32_t page, std::uint32_t count = 1) {
        for (std::uint32_t i = 0; i < count; ++i) words_[(page + i) / 64] &= ~(std::uint64_t{1} << ((page + i) % 64));
    }
    /// The same where nobody may ever have set it.
    void clear_known(std::uint32_t page) {
        if (page / 64 < words_.size()) clear(page);
    }
    std::vector<std::uint64_t>& words() { return words_; }
    std::vector<std::uint64_t> const& words() const { return words_; }

private:
    std::vector<std::uint64_t> words_;
};

/// A run of pages.
struct page_run {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// Gives out pages and takes them back. The page given back last is given out first: its frame is still warm. One thread at a
/// time. Single pages O(1) amortised; runs O(pages of the file / 64). Taking changes nothing where memory runs out; giving back
/// takes none that it could not do without.
class space_map {
public:
    /// The map of a file of `pages` pages, of which `used` are in use.
    void load(page_bits used, std::uint32_t pages) {
        used_ = std::move(used);
        used_.words().resize((std::size_t{pages} + 63) / 64);
        pages_ = pages;
        free_count_ = 0;
        for (std::uint32_t page = 0; page < pages; ++page) free_count_ += used_.test(page) ? 0 : 1;
        forget_stale();
    }

    /// So that taking up to so many pages in all takes no memory.
    void reserve(std::uint64_t pages) { used_.reserve(pages); }

    std::uint32_t take() {
        if (free_.empty() && free_count_ > 0) forget_stale();
        while (!free_.empty()) {
            std::uint32_t const page = free_.back();
            free_.pop_back();
            if (page >= pages_ || used_.test(page)) continue;  // went with a run, or was cut off
            --free_count_;
            used_.set(page);
            return page;
        }
        PHANTOMDB_ASSERT(pages_ < ~std::uint32_t{0});
        used_.reserve(std::uint64_t{pages_} + 1);
        used_.set(pages_);
        return pages_++;
    }

    /// The first run of free pages that is long enough, or new ones at the end.
    std::uint32_t take_run(std::uint32_t count) {
        if (count == 1) return take();
        std::uint32_t first = 0;
        if (free_count_ >= count) {
            std::uint32_t length = 0;
            for (std::uint32_t page = 0; page < pages_ && length < count; ++page) {
                if (page % 64 == 0 && used_.words()[page / 64] == ~std::uint64_t{0}) {
                    page += 63;
                    length = 0;
                } else if (used_.test(page)) {
                    length = 0;
                } else if (++length == 1) {
                    first = page;
                }
            }
            if (length < count) first = 0;
        }
        if (first == 0) {
            PHANTOMDB_ASSERT(pages_ < ~std::uint32_t{0} - count);
            used_.reserve(std::uint64_t{pages_} + count);
            first = pages_;
            pages_ += count;
        } else {
            free_count_ -= count;
        }
        used_.set(first, count);
        return first;
    }

    void give_back(std::uint32_t page, std::uint32_t count = 1) noexcept {
        used_.clear(page, count);
        free_count_ += count;
        if (is_far(page) || !try_room(free_.size() + count)) return;
        for (std::uint32_t i = 0; i < count; ++i) free_.push_back(page + i);
        if (free_.size() > 1024 && free_.size() > 2 * free_count_) forget_stale();
    }

    /// Whether so much is free that `page` had better stay free, for the file to become shorter.
    bool is_far(std::uint32_t page) const { return free_count_ > pages_ / 4 && page > pages_ - free_count_; }

    /// Cuts off free pages at the end; where much is free, sees to it that the pages in front are used first.
    void trim() noexcept {
        while (pages_ > 0 && !used_.test(pages_ - 1)) {
            --pages_;
            --free_count_;
        }
        used_.words().resize((std::size_t{pages_} + 63) / 64);
        if (free_count_ > pages_ / 4) forget_stale();
    }

    std::uint32_t pages() const { return pages_; }
    std::uint64_t free_pages() const { return free_count_; }
    page_bits const& used() const { return used_; }

private:
    /// Room for so many free pages in the list, which may also do without.
    bool try_room(std::uint64_t size) noexcept {
        if (free_.capacity() >= size) return true;
        try {
            free_.reserve(std::max<std::size_t>(static_cast<std::size_t>(size), 2 * free_.capacity()));
            return true;
        } catch (std::bad_alloc const&) {
            return false;
        }
    }

    /// Lists what is free anew, the first page last.
    void forget_stale() noexcept {
        free_.clear();
        if (!try_room(free_count_)) return;
        for (std::size_t word = used_.words().size(); word-- > 0;) {
            if (used_.words()[word] == ~std::uint64_t{0}) continue;
            for (std::uint32_t bit = 64; bit-- > 0;) {
                auto const page = static_cast<std::uint32_t>(word * 64 + bit);
                if (page < pages_ && !used_.test(page) && free_.size() < free_.capacity()) free_.push_back(page);
            }
        }
    }

    page_bits used_;
    std::uint32_t pages_ = 0;
    std::uint64_t free_count_ = 0;
    std::vector<std::uint32_t> free_;  // may name pages that are in use again, and need not name all
};

}  // namespace phantomdb::storage
