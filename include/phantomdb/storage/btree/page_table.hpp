/// @file Defines `page_table`: which frame holds a page, and which pages differ from the file.
///
/// One pointer and one bit for every page of the file, in segments made when the file first reaches them. Beside a page
/// that is 0.05 per cent; for it, a reader finds a page with two loads that are independent of the page, where a hash table
/// would make it hash, probe and compare.
#pragma once

#include <phantomdb/storage/btree/frame.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>

namespace phantomdb::storage {

/// Thread-safe; `find` without locks.
class page_table {
public:
    page_table() {
        // Megabytes of zeros that the system gives out as they are touched.
        directory_.reset(
            static_cast<std::atomic<segment*>*>(std::calloc(directory_size, sizeof(std::atomic<segment*>))));
        if (directory_ == nullptr) throw std::bad_alloc();
    }
    page_table(page_table const&) = delete;
    page_table& operator=(page_table const&) = delete;
    ~page_table() {
        for (std::size_t i = 0; i < segments_; ++i) delete directory_.get()[i].load();
    }

    /// Makes room for pages below `pages`. One thread at a time.
    void reserve(std::uint64_t pages) {
        for (; segments_ * segment_pages < pages; ++segments_) {
            directory_.get()[segments_].store(new segment, std::memory_order_release);
        }
    }
    std::uint64_t memory_bytes() const { return segments_ * sizeof(segment); }

    /// The frame that holds `page`, below what was reserved; or nullptr.
    frame* find(std::uint32_t page) const {
        return at(page).frames[page % segment_pages].load(std::memory_order_seq_cst);
    }
    void set(std::uint32_t page, frame* holds) {
        at(page).frames[page % segment_pages].store(holds, std::memory_order_seq_cst);
    }

    bool is_dirty(std::uint32_t page) const { return (bits(page).load(std::memory_order_relaxed) & bit(page)) != 0; }
    void set_dirty(std::uint32_t page) {
        if (!is_dirty(page)) bits(page).fetch_or(bit(page), std::memory_order_relaxed);
    }
    void set_clean(std::uint32_t page) {
        if (is_dirty(page)) bits(page).fetch_and(~bit(page), std::memory_order_relaxed);
    }
    /// The first page from `page` on that is dirty, below `end`; `end` where there is none.
    std::uint32_t next_dirty(std::uint32_t page, std::uint32_t end) const {
        while (page < end) {
            std::uint64_t const rest = bits(page).load(std::memory_order_relaxed) >> (page % 64);
            if (rest != 0) {
                std::uint32_t const found = page + static_cast<std::uint32_t>(__builtin_ctzll(rest));
                return found < end ? found : end;
            }
            std::uint32_t const next = page / 64 * 64 + 64;
            if (next < page) break;
            page = next;
        }
        return end;
    }

private:
    static constexpr std::size_t segment_pages = std::size_t{1} << 14;
    static constexpr std::size_t directory_size = (std::size_t{1} << 32) / segment_pages;

    struct segment {
        std::array<std::atomic<frame*>, segment_pages> frames{};
        std::array<std::atomic<std::uint64_t>, segment_pages / 64> dirty{};
    };
    struct free_memory {
        void operator()(void* memory) const { std::free(memory); }
    };

    segment& at(std::uint32_t page) const {
        return *directory_.get()[page / segment_pages].load(std::memory_order_acquire);
    }
    std::atomic<std::uint64_t>& bits(std::uint32_t page) const { return at(page).dirty[page % segment_pages / 64]; }
    static std::uint64_t bit(std::uint32_t page) { return std::uint64_t{1} << (page % 64); }

    std::unique_ptr<std::atomic<segment*>, free_memory> directory_;
    std::size_t segments_ = 0;
};

}  // namespace phantomdb::storage
