/// @file Defines `write_batch`, the ordered changes of one commit in the bytes that the log keeps.
///
///     changes   u8 kind · varint key length · key
///               kind 1: put; followed by varint value length · value
///               kind 2: erase
///               kind 3: erase the span from key on; followed by varint length · the first key that stays (empty: to the end)
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
    /// Erases the keys in [from, to); empty `to`: to the end. Costs a store little, however many keys there are.
    void erase_span(std::string_view from, std::string_view to) {
        bytes_.push_back(erase_span_kind);
        codec::append_bytes(bytes_, from);
        codec::append_bytes(bytes_, to);
        ++size_;
    }
    void clear() {
        bytes_.clear();
        size_ = 0;
    }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::string const& bytes() const { return bytes_; }

    /// Calls `on_put(key, value)`, `on_erase(key)` and `on_erase_span(from, to)` in order. What they get is borrowed from
    /// the batch.
    template <class OnPut, class OnErase, class OnEraseSpan>
    void for_each(OnPut&& on_put, OnErase&& on_erase, OnEraseSpan&& on_erase_span) const {
        std::string_view rest = bytes_;
        while (!rest.empty()) {
            change const c = take(rest);
            switch (c.kind) {
                case put_kind: on_put(c.key, c.value); break;
                case erase_kind: on_erase(c.key); break;
                default: on_erase_span(c.key, c.value); break;
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
    static constexpr char erase_span_kind = 3;

    struct change {
        char kind;
        std::string_view key, value;  ///< of a span: its bounds
    };

    static change take(std::string_view& rest) {
        change c{rest.front(), {}, {}};
        rest.remove_prefix(1);
        bool sound = c.kind >= put_kind && c.kind <= erase_span_kind && codec::take_bytes(rest, c.key);
        if (sound && c.kind != erase_kind) sound = codec::take_bytes(rest, c.value);
        if (!sound) throw error(errc::data_corrupted, "a write batch in the commit log is damaged");
        return c;
    }

    std::string bytes_;
    std::size_t size_ = 0;
};

}  // namespace phantomdb::storage
