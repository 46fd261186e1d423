/// @file Defines `arena`, memory that is given out piece by piece and freed all at once.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace phantomdb {

/// Bump allocator for the text a statement makes. Not thread-safe. Pieces live until `reset` or destruction.
/// Allocation is O(1); blocks double up to 1 MiB, and `reset` keeps the newest one for reuse.
class arena {
public:
    arena() = default;
    arena(arena&&) noexcept = default;
    arena& operator=(arena&&) noexcept = default;

    /// `size` bytes, aligned for any scalar up to 16 bytes.
    char* allocate(std::size_t size) {
        size = (size + 15) & ~std::size_t{15};
        if (size > left_) grow(size);
        char* piece = next_;
        next_ += size;
        left_ -= size;
        return piece;
    }

    /// A copy of `text` that lives as long as the arena.
    std::string_view copy(std::string_view text) {
        if (text.empty()) return {};
        char* piece = allocate(text.size());
        std::memcpy(piece, text.data(), text.size());
        return {piece, text.size()};
    }

    /// Frees everything given out.
    void reset() {
        if (blocks_.empty()) return;
        if (blocks_.size() > 1) {
            blocks_.front() = std::move(blocks_.back());
            blocks_.resize(1);
        }
        next_ = blocks_.front().bytes.get();
        left_ = blocks_.front().size;
        reserved_ = left_;
    }

    /// Bytes held from the system.
    std::size_t reserved() const { return reserved_; }

private:
    struct block {
        std::unique_ptr<char[]> bytes;
        std::size_t size;
    };

    void grow(std::size_t least) {
        std::size_t size = blocks_.empty() ? 4096 : blocks_.back().size * 2;
        if (size > (std::size_t{1} << 20)) size = std::size_t{1} << 20;
        if (size < least) size = least;
        blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
        next_ = blocks_.back().bytes.get();
        left_ = size;
        reserved_ += size;
    }

    std::vector<block> blocks_;
    char* next_ = nullptr;
    std::size_t left_ = 0;
    std::size_t reserved_ = 0;
};

}  // namespace phantomdb
