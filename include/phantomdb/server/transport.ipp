#pragma once

#include <phantomdb/server/transport.hpp>

#include <algorithm>
#include <cstring>

namespace phantomdb::server {

void message_channel::flush() {
    due_ = false;
    if (replies_.size() == 0) return;
    try {
        wire_.write(replies_.bytes());
    } catch (...) {
        broken_ = true;
        replies_.clear();
        throw;
    }
    replies_.clear();
}

/// Reads once more; `needed` bytes are hoped for from `begin_` on. The buffer at most doubles at a time, so that a
/// length without its bytes can't claim memory.
bool message_channel::fill(std::size_t needed) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        if (capacity_ > (std::size_t{1} << 20) && needed <= initial_capacity) {
            input_.reset(new char[initial_capacity]);
            capacity_ = initial_capacity;
        }
    }
    if (begin_ + needed > capacity_ && begin_ > 0) {
        std::memmove(input_.get(), input_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == capacity_) {
        std::size_t const grown = std::min(capacity_ * 2, std::max(needed, capacity_ + 1));
        std::unique_ptr<char[]> larger(new char[grown]);
        std::memcpy(larger.get(), input_.get(), end_);
        input_ = std::move(larger);
        capacity_ = grown;
    }
    std::size_t const got = wire_.read(input_.get() + end_, capacity_ - end_);
    end_ += got;
    return got > 0;
}

template <class Find>
std::optional<frame> message_channel::next_by(Find find) {
    for (;;) {
        frame_result const result = find(unread());
        if (result.found) {
            begin_ += result.found->size;
            return result.found;
        }
        if (due_) flush();
        if (!fill(result.needed)) return std::nullopt;
    }
}

std::optional<frame> message_channel::next(bool authenticated) {
    flush_if_full();
    return next_by([authenticated](std::string_view input) { return next_frame(input, authenticated); });
}

std::optional<frame> message_channel::next_at_hand() {
    frame_result const result = next_frame(unread(), true);
    if (result.found) begin_ += result.found->size;
    return result.found;
}

std::optional<frame> message_channel::next_startup() {
    return next_by([](std::string_view input) { return next_startup_frame(input); });
}

}  // namespace phantomdb::server
