/// @file Defines `shared_bytes`, the contents of a simulated file in pages that copies share.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sim {

/// Bytes from 0 to size(). A value: a copy costs a pointer a page, and shares every page until one of the two changes it. Pages
/// nobody wrote are zeros and take no memory. Behind the end there are only zeros, so that growing shows none of what was cut.
class shared_bytes {
public:
    static constexpr std::size_t page_bytes = 4096;

    std::uint64_t size() const { return size_; }

    /// Copies up to into.size() bytes, fewer only at the end; how many.
    std::size_t read(std::uint64_t offset, std::span<char> into) const {
        if (offset >= size_) return 0;
        std::size_t const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
        for (std::size_t done = 0; done < wanted;) {
            std::size_t const at = static_cast<std::size_t>((offset + done) % page_bytes);
            std::size_t const n = std::min(wanted - done, page_bytes - at);
            auto const& from = pages_[static_cast<std::size_t>((offset + done) / page_bytes)];
            if (from == nullptr) {
                std::memset(into.data() + done, 0, n);
            } else {
                std::memcpy(into.data() + done, from->data() + at, n);
            }
            done += n;
        }
        return wanted;
    }

    void write(std::uint64_t offset, std::string_view bytes) {
        if (offset + bytes.size() > size_) resize(offset + bytes.size());
        for (std::size_t done = 0; done < bytes.size();) {
            std::size_t const at = static_cast<std::size_t>((offset + done) % page_bytes);
            std::size_t const n = std::min(bytes.size() - done, page_bytes - at);
            page& to = own(static_cast<std::size_t>((offset + done) / page_bytes));
            std::memcpy(to.data() + at, bytes.data() + done, n);
            done += n;
        }
    }

    void resize(std::uint64_t size) {
        pages_.resize(static_cast<std::size_t>((size + page_bytes - 1) / page_bytes));
        if (size < size_ && size % page_bytes != 0 && pages_.back() != nullptr) {
            page& last = own(pages_.size() - 1);
            std::fill(last.begin() + static_cast<std::ptrdiff_t>(size % page_bytes), last.end(), '\0');
        }
        size_ = size;
    }

    /// The bytes from `offset` on, at most `length`.
    std::string text(std::uint64_t offset = 0, std::uint64_t length = ~std::uint64_t{0}) const {
        if (offset >= size_) return {};
        std::string bytes(static_cast<std::size_t>(std::min(length, size_ - offset)), '\0');
        read(offset, bytes);
        return bytes;
    }

private:
    using page = std::array<char, page_bytes>;

    page& own(std::size_t index) {
        auto& held = pages_[index];
        if (held == nullptr) {
            held = std::make_shared<page>();
        } else if (held.use_count() > 1) {
            held = std::make_shared<page>(*held);
        }
        return *held;
    }

    std::vector<std::shared_ptr<page>> pages_;
    std::uint64_t size_ = 0;
};

}  // namespace phantomdb::sim
