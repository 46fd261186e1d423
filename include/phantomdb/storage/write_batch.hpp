/// @file Defines `write_batch`, the ordered changes of one commit in the bytes that the log keeps.
///
///     changes   u8 kind (1 put, 2 erase) · varint key length · key · put only: varint value length · value
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/varint.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::storage {

/// Position in a commit log, rising from 1. 0: before everything.
using lsn_type = std::uint64_t;

/// Changes to keys, applied in the order they were added: a later one for the same key wins.
/// A value; const use from any thread.
class write_batch {
public:
    void put(std::string_view key, std::string_view value) {
        bytes_.push_back(put_kind);
        codec::append_bytes(bytes_, key);
        codec::append_bytes(bytes_, value);
        ++size_;
    }
    void erase(std::string_view key) {
        bytes_.push_back(erase_kind);
        codec::append_bytes(bytes_, key);
        ++size_;
    }
    void clear() {
        bytes_.clear();
        size_ = 0;
    }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::string const& bytes() const { return bytes_; }

    /// Calls `on_put(key, value)` and `on_erase(key)` in order. What they get is borrowed from the batch.
    template <class OnPut, class OnErase>
    void for_each(OnPut&& on_put, OnErase&& on_erase) const {
        std::string_view rest = bytes_;
        while (!rest.empty()) {
            change const c = take(rest);
            if (c.kind == put_kind) {
                on_put(c.key, c.value);
            } else {
                on_erase(c.key);
            }
        }
    }

    /// The batch whose `bytes()` these are. Throws data_corrupted where they are not a batch's.
    static write_batch from_bytes(std::string bytes) {
        write_batch batch;
        for (std::string_view rest = bytes; !rest.empty(); ++batch.size_) take(rest);
        batch.bytes_ = std::move(bytes);
        return batch;
    }

private:
    static constexpr char put_kind = 1;
    static constexpr char erase_kind = 2;

    struct change {
        char kind;
        std::string_view key, value;
    };

    static change take(std::string_view& rest) {
        change c{rest.front(), {}, {}};
        rest.remove_prefix(1);
        bool sound = (c.kind == put_kind || c.kind == erase_kind) && codec::take_bytes(rest, c.key);
        if (sound && c.kind == put_kind) sound = codec::take_bytes(rest, c.value);
        if (!sound) throw error(errc::data_corrupted, "a write batch in the commit log is damaged");
        return c;
    }

    std::string bytes_;
    std::size_t size_ = 0;
};

}  // namespace phantomdb::storage
