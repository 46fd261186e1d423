/// @file Defines `block`, some 16 KiB of entries in order of their keys.
///
///     block    entries · u32 count
///     entry    varint key length · varint 2 × value length + (1: erased) · varint LSN less the run's lowest · key · value
///
/// Keys are whole: the codecs take out what they share, and a cursor can lend the bytes as they lie there. In memory the
/// block gets slots beside it, {first four bytes of the key behind what all keys of the block share, place of the entry}:
/// a search stays in the slots until heads are equal.
#pragma once

#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/lsm/key_head.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::storage::lsm {

/// What is known of a key, borrowed from where it lies.
struct entry {
    std::string_view key, value;
    lsn_type lsn = 0;
    bool erased = false;
};

/// Collects entries with rising keys into the bytes of a block.
class block_builder {
public:
    void add(entry const& e, lsn_type lowest) {
        codec::append_varint(bytes_, e.key.size());
        codec::append_varint(bytes_, (std::uint64_t{e.value.size()} << 1) | (e.erased ? 1 : 0));
        codec::append_varint(bytes_, e.lsn - lowest);
        bytes_.append(e.key);
        bytes_.append(e.value);
        ++count_;
    }
    std::uint32_t count() const { return count_; }
    std::size_t bytes() const { return bytes_.size(); }
    std::string const& finish() {
        codec::append_fixed(bytes_, count_);
        return bytes_;
    }
    void clear() {
        bytes_.clear();
        count_ = 0;
    }

private:
    std::string bytes_;
    std::uint32_t count_ = 0;
};

/// A parsed block. Const use from any thread.
class block {
public:
    block() = default;

    /// Takes over the bytes of a block. False where they are none: whatever they are, nothing outside is touched, and
    /// afterwards entries are accessed without further checks.
    bool open(std::unique_ptr<char[]> bytes, std::size_t size, lsn_type lowest) {
        if (size < sizeof(std::uint32_t) || size > most_bytes) return false;
        char const* const end = bytes.get() + size - sizeof(std::uint32_t);
        std::uint32_t const count = codec::load_fixed<std::uint32_t>(end);
        if (count == 0 || count > (size - sizeof count) / 3) return false;
        auto slots = std::make_unique_for_overwrite<slot[]>(count);
        std::string_view rest(bytes.get(), size - sizeof count);
        std::string_view first, last;
        for (std::uint32_t i = 0; i < count; ++i) {
            slots[i].place = static_cast<std::uint32_t>(rest.data() - bytes.get());
            std::uint64_t key = 0, value = 0, lsn = 0;
            if (!codec::take_varint(rest, key) || !codec::take_varint(rest, value) || !codec::take_varint(rest, lsn))
                return false;
            if (key > rest.size() || value / 2 > rest.size() - key || lsn > ~lsn_type{0} - lowest) return false;
            std::string_view const at = rest.substr(0, key);
            if (i == 0) {
                first = at;
            } else if (at <= last) {
                return false;
            }
            last = at;
            rest.remove_prefix(key + value / 2);
        }
        if (!rest.empty()) return false;
        bytes_ = std::move(bytes);
        slots_ = std::move(slots);
        size_ = static_cast<std::uint32_t>(size);
        count_ = count;
        lowest_ = lowest;
        shared_ = static_cast<std::uint32_t>(shared_prefix(first, last));
        for (std::uint32_t i = 0; i < count; ++i) slots_[i].head = short_head(key(i).substr(shared_));
        return true;
    }

    std::uint32_t count() const { return count_; }
    std::size_t memory_bytes() const { return size_ + count_ * sizeof(slot); }

    entry at(std::uint32_t i) const {
        char const* at = bytes_.get() + slots_[i].place;
        std::uint64_t const key = number(at);
        std::uint64_t const value = number(at);
        std::uint64_t const lsn = number(at);
        return {{at, key}, {at + key, value >> 1}, lowest_ + lsn, (value & 1) != 0};
    }
    std::string_view key(std::uint32_t i) const {
        char const* at = bytes_.get() + slots_[i].place;
        std::uint64_t const key = number(at);
        number(at);
        number(at);
        return {at, key};
    }

    /// The first entry whose key is not below `key`; count() where there is none. O(log n).
    std::uint32_t lower_bound(std::string_view key) const {
        if (shared_ > 0) {
            std::string_view const common = this->key(0).substr(0, shared_);
            int const order = key.substr(0, shared_).compare(common);
            if (order < 0) return 0;
            if (order > 0) return count_;
        }
        std::uint32_t const head = short_head(key.substr(shared_));
        slot const* low = slots_.get();
        for (std::uint32_t n = count_; n > 0;) {  // the first slot whose head is not below
            std::uint32_t const half = n / 2;
            bool const below = low[half].head < head;
            low += below ? half + 1 : 0;
            n = below ? n - half - 1 : half;
        }
        auto from = static_cast<std::uint32_t>(low - slots_.get());
        if (from == count_ || slots_[from].head != head) return from;
        std::uint32_t to = from + 1;  // behind the equal heads, or further
        for (std::uint32_t step = 1; to < count_ && slots_[to].head == head; step *= 2) to += step;
        to = std::min(to, count_);
        while (from < to) {
            std::uint32_t const middle = from + (to - from) / 2;
            if (this->key(middle) < key) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }

private:
    struct slot {
        std::uint32_t head;
        std::uint32_t place;
    };
    static constexpr std::size_t most_bytes = std::size_t{0xf000'0000};

    static std::uint64_t number(char const*& at) {
        std::uint64_t value = static_cast<unsigned char>(*at++);
        if (value < 0x80) return value;
        value &= 0x7f;
        for (unsigned shift = 7;; shift += 7) {
            auto const byte = static_cast<unsigned char>(*at++);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
    }

    std::unique_ptr<char[]> bytes_;
    std::unique_ptr<slot[]> slots_;
    std::uint32_t size_ = 0, count_ = 0, shared_ = 0;
    lsn_type lowest_ = 0;
};

}  // namespace phantomdb::storage::lsm
