/// @file Defines `memtable_arena`, memory that is given out in pieces and taken back all at once.
#pragma once

#include <phantomdb/base/assert.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace phantomdb::storage::lsm {

/// What `reserve` made sure of can be taken without fail. Blocks double up to 2 MiB, which suit huge pages: a search in a
/// large memtable then misses the caches, but not the processor's table of pages. Used by one thread at a time.
class memtable_arena {
public:
    /// Throws std::bad_alloc with nothing changed.
    void reserve(std::size_t bytes) {
        if (bytes <= left_) return;
        std::size_t size = next_block_;
        if (size < bytes) size = (bytes + 4095) & ~std::size_t{4095};
        blocks_.reserve(blocks_.size() + 1);
        std::size_t const alignment = size % largest_block == 0 ? largest_block : std::size_t{4096};
        void* const memory = std::aligned_alloc(alignment, size);
        if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (alignment == largest_block) ::madvise(memory, size, MADV_HUGEPAGE);  // advice: failing costs only speed
#endif
        blocks_.emplace_back(memory);
        at_ = static_cast<char*>(memory);
        left_ = size;
        bytes_ += size;
        next_block_ = std::min(next_block_ * 2, largest_block);
    }

    /// `bytes` reserved ones, aligned for pointers.
    void* take(std::size_t bytes) {
        bytes = (bytes + 7) & ~std::size_t{7};
        PHANTOMDB_ASSERT(bytes <= left_);
        void* const taken = at_;
        at_ += bytes;
        left_ -= bytes;
        return taken;
    }

    /// What it takes from the system, less what of the last block is still to be given out.
    std::uint64_t bytes() const { return bytes_ - left_; }

private:
    static constexpr std::size_t largest_block = std::size_t{2} << 20;
    struct free_memory {
        void operator()(void* memory) const { std::free(memory); }
    };

    std::vector<std::unique_ptr<void, free_memory>> blocks_;
    char* at_ = nullptr;
    std::size_t left_ = 0;
    std::uint64_t bytes_ = 0;
    std::size_t next_block_ = 16384;
};

}  // namespace phantomdb::storage::lsm
