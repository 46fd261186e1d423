/// @file Defines `tree_node`, the slotted page that leaves and inner nodes of a `versioned_tree` are made of.
///
///     header   u64 birth · u32 capacity · u32 heap · u32 garbage · u16 prefix · u16 count · u16 level · u16 appended ·
///              20 bytes copy of the prefix (48 in all)
///     slots, sorted by key, growing up:      u32 head · u16 offset · u16 key length
///     free space
///     records, in no order, growing down:    u64 word · u32 length · key · payload
///
///     leaf    word: the version of the entry; payload: `length` bytes, the value; or, where the top bit of `length` is set,
///             a reference to a value kept outside of the page
///     inner   word: the child; length: keys in the child's subtree, with the top bit set where one of them may have its
///             value outside; no payload. The key of slot 0 is empty: its child holds everything below slot 1
///
/// What a child's word and a reference are is the business of the pages the tree lives in (`memory_pages`, `cached_pages`).
/// Integers have the order of the machine, which for trees kept in files is little-endian.
///
/// The keys of a node have their first `prefix` bytes in common; a slot's head is the four bytes after them, big-endian.
/// So a search compares integers in one array, and touches records only where heads are equal.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace phantomdb::storage {

/// Keys longer than this are refused (54000): two must fit into an inner page of 16 KiB.
inline constexpr std::size_t max_key_bytes = 8100;

/// Length of the longest common prefix.
inline std::size_t common_prefix(std::string_view a, std::string_view b) {
    std::size_t const limit = std::min(a.size(), b.size());
    std::size_t i = 0;
    while (i < limit && a[i] == b[i]) ++i;
    return i;
}

/// The order of the first `n` bytes, as memcmp gives it; inline, since keys are short.
inline int compare_bytes(char const* a, char const* b, std::size_t n) {
    auto const differ = [&]<class Word>(Word) {
        Word x, y;
        std::memcpy(&x, a, sizeof x);
        std::memcpy(&y, b, sizeof y);
        a += sizeof x, b += sizeof y, n -= sizeof x;
        if (x == y) return 0;
        return codec::to_big(x) < codec::to_big(y) ? -1 : 1;
    };
    while (n >= 8) {
        if (int const order = differ(std::uint64_t{})) return order;
    }
    if (n >= 4) {
        if (int const order = differ(std::uint32_t{})) return order;
    }
    while (n > 0) {
        if (int const order = differ(std::uint8_t{})) return order;
    }
    return 0;
}
inline bool equal_bytes(std::string_view a, std::string_view b) {
    return a.size() == b.size() && compare_bytes(a.data(), b.data(), a.size()) == 0;
}

/// See above. Plain bytes, read by any number of threads once its tree has published it.
class tree_node {
public:
    struct slot {
        std::uint32_t head;
        std::uint16_t offset;
        std::uint16_t key_length;
    };
    /// Where a key is or would be.
    struct found {
        unsigned index;
        bool exact;
    };

    static constexpr std::size_t record_overhead = 12;
    static constexpr std::uint32_t outside_flag = 0x8000'0000u;

    std::uint64_t birth;     ///< the tree version that made this node
    std::uint32_t capacity;  ///< bytes, header included
    std::uint32_t heap;      ///< offset of the lowest record
    std::uint32_t garbage;   ///< bytes of records no slot points to
    std::uint16_t prefix;    ///< bytes all (compared) keys have in common
    std::uint16_t count;     ///< slots
    std::uint16_t level;     ///< 0: leaf
    std::uint16_t appended;  ///< 1 when the last insertion was at the end
    char prefix_copy[20];    ///< the first bytes of the prefix, so that a search need not look at a record for them

    /// An empty node in `memory` of `capacity` bytes.
    static tree_node* at(void* memory, std::uint32_t capacity, std::uint16_t level, std::uint64_t birth) {
        return ::new (memory) tree_node{birth, capacity, capacity, 0, 0, 0, level, 0, {}};
    }

    /// Becomes a copy of `other`, which has the same capacity, but keeps its birth.
    void copy_from(tree_node const& other) {
        std::uint64_t const own_birth = birth;
        std::memcpy(static_cast<void*>(this), &other, sizeof(tree_node) + other.count * sizeof(slot));
        std::memcpy(reinterpret_cast<char*>(this) + heap, reinterpret_cast<char const*>(&other) + heap,
                    capacity - heap);
        birth = own_birth;
    }

    slot* slots() { return reinterpret_cast<slot*>(this + 1); }
    slot const* slots() const { return reinterpret_cast<slot const*>(this + 1); }
    unsigned first_compared() const { return level > 0 ? 1 : 0; }

    char* record(unsigned i) { return reinterpret_cast<char*>(this) + slots()[i].offset; }
    char const* record(slot const& at) const { return reinterpret_cast<char const*>(this) + at.offset; }
    char const* record(unsigned i) const { return record(slots()[i]); }
    std::string_view key(slot const& at) const { return {record(at) + record_overhead, at.key_length}; }
    std::string_view key(unsigned i) const { return key(slots()[i]); }
    std::uint64_t word(unsigned i) const { return load<std::uint64_t>(record(i)); }
    std::uint32_t length(unsigned i) const { return load<std::uint32_t>(record(i) + 8); }

    /// Leaf: whether the payload of entry i is a reference to its value.
    bool is_outside(slot const& at) const { return (load<std::uint32_t>(record(at) + 8) & outside_flag) != 0; }
    bool is_outside(unsigned i) const { return is_outside(slots()[i]); }
    /// Leaf: the value of entry i, or the reference to it.
    std::string_view payload(slot const& at) const {
        return {record(at) + record_overhead + at.key_length, load<std::uint32_t>(record(at) + 8) & ~outside_flag};
    }
    std::string_view payload(unsigned i) const {
        return {record(i) + record_overhead + slots()[i].key_length, payload_size(i)};
    }
    /// Inner: child i; the keys below it; whether one of them may have its value outside.
    std::uint64_t child(unsigned i) const { return word(i); }
    std::uint32_t keys_below(unsigned i) const { return length(i) & ~outside_flag; }
    void set_child(unsigned i, std::uint64_t child) { store(record(i), child); }
    void set_subtree(unsigned i, std::uint32_t summary) { store(record(i) + 8, summary); }
    /// What the parent keeps beside this node: its number of keys, and `outside_flag` as drawn above.
    std::uint32_t subtree() const {
        std::uint64_t keys = level == 0 ? count : 0;
        std::uint32_t flag = 0;
        for (unsigned i = 0; i < count; ++i) {
            flag |= length(i) & outside_flag;
            if (level > 0) keys += keys_below(i);
        }
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(keys, outside_flag - 1)) | flag;
    }
    /// The first slot whose key is not below `key`, counting from `first_compared()`. O(log count).
    found lower_bound(std::string_view key) const {
        unsigned const from = first_compared();
        if (from >= count) return {count, false};
        if (prefix > 0) {
            std::size_t const shared = std::min<std::size_t>(prefix, key.size());
            char const* const bytes = shared <= sizeof prefix_copy ? prefix_copy : record(from) + record_overhead;
            int const order = compare_bytes(key.data(), bytes, shared);
            if (order > 0) return {count, false};
            if (order < 0 || key.size() < prefix) return {from, false};
        }
        std::uint32_t const head = head_of(key);
        unsigned low = first_head(head);
        if (low == count || slots()[low].head != head) return {low, false};
        unsigned high = low + 1;
        if (high < count && slots()[high].head == head) {
            slot const* const end = std::upper_bound(slots() + high, slots() + count, head,
                                                     [](std::uint32_t h, slot const& s) { return h < s.head; });
            high = static_cast<unsigned>(end - slots());
        }
        while (low < high) {
            unsigned const middle = (low + high) / 2;
            int const order = this->key(middle).compare(key);
            if (order == 0) return {middle, true};
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return {low, false};
    }

    /// What a slot with this key has as its head.
    std::uint32_t head_of(std::string_view key) const {
        std::uint32_t head = 0;
        if (key.size() >= prefix + sizeof head) {
            std::memcpy(&head, key.data() + prefix, sizeof head);
        } else if (key.size() > prefix) {
            std::memcpy(&head, key.data() + prefix, key.size() - prefix);
        }
        return codec::to_big(head);
    }

    /// Leaf: the slot of `key`, or `count`. A slot with the same head and the same key has the same prefix, so unlike
    /// `lower_bound` this looks at one record only. In two steps: the slot to begin with, whose record is asked for, with
    /// the beginning of its value; and the comparison.
    unsigned prefetch_record(std::string_view key) const {
        if (count == 0) return 0;
        unsigned const i = first_head(head_of(key));
        if (i < count) {
            __builtin_prefetch(record(i));
            __builtin_prefetch(record(i) + 64);
        }
        return i;
    }
    unsigned find_from(unsigned i, std::string_view key) const {
        std::uint32_t const head = head_of(key);
        for (; i < count && slots()[i].head == head; ++i) {
            if (equal_bytes(this->key(i), key)) return i;
        }
        return count;
    }

    /// `prefetch_record` for one key in each of `nodes`, of which the headers are at hand: the searches take their steps together,
    /// so that what each has to wait for is on its way while the others go on.
    template <std::size_t Most>
    static void prefetch_records(std::span<tree_node const* const> nodes, std::span<std::string_view const> keys,
                                 std::span<unsigned> out) {
        std::array<slot const*, Most> base;
        std::array<std::uint32_t, Most> head;
        std::array<unsigned, Most> left;
        unsigned most = 0;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            base[i] = nodes[i]->slots();
            left[i] = nodes[i]->count;
            head[i] = nodes[i]->head_of(keys[i]);
            most = std::max(most, left[i]);
            __builtin_prefetch(base[i] + left[i] / 2);
        }
        for (; most > 1; most -= most / 2) {
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                unsigned const half = left[i] / 2;
                if (half == 0) continue;
                base[i] = base[i][half - 1].head < head[i] ? base[i] + half : base[i];
                left[i] -= half;
                __builtin_prefetch(base[i] + left[i] / 2);
            }
        }
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            if (left[i] > 0 && base[i]->head < head[i]) ++base[i];
            out[i] = static_cast<unsigned>(base[i] - nodes[i]->slots());
            if (out[i] < nodes[i]->count) __builtin_prefetch(nodes[i]->record(out[i]));
        }
    }

    /// Asks for the header and the first slots, before they are needed.
    void prefetch() const {
        auto const* const bytes = reinterpret_cast<char const*>(this);
        for (std::size_t line = 0; line < 8; ++line) __builtin_prefetch(bytes + 64 * line);
    }

    /// Inner: the child whose subtree holds `key`.
    unsigned child_index(std::string_view key) const {
        found const at = lower_bound(key);
        return at.exact ? at.index : at.index - 1;
    }

    std::size_t used() const { return sizeof(tree_node) + count * sizeof(slot) + (capacity - heap - garbage); }
    static constexpr std::size_t need(std::size_t key_length, std::size_t payload) {
        return sizeof(slot) + record_overhead + key_length + payload;
    }
    bool fits(std::size_t bytes) const { return used() + bytes <= capacity; }

    /// Inserts before slot i. The caller has checked `fits(need(…))`.
    void insert(unsigned i, std::string_view key, std::uint64_t word, std::uint32_t length, std::string_view payload) {
        if (heap - (sizeof(tree_node) + count * sizeof(slot)) < need(key.size(), payload.size())) compact();
        PHANTOMDB_HOT_ASSERT(heap - (sizeof(tree_node) + count * sizeof(slot)) >= need(key.size(), payload.size()));
        PHANTOMDB_HOT_ASSERT(level == 0 || i > 0 || count == 0);
        appended = i == count ? 1 : 0;
        std::memmove(static_cast<void*>(slots() + i + 1), slots() + i, (count - i) * sizeof(slot));
        ++count;
        slots()[i] = {0, write_record(key, word, length, payload), static_cast<std::uint16_t>(key.size())};
        adopt_key(i);
    }

    /// Replaces the payload of slot i; `length` as stored. False where it does not fit: then the slot is unchanged.
    bool replace(unsigned i, std::uint64_t word, std::uint32_t length, std::string_view payload) {
        std::size_t const old_size = payload_size(i);
        if (payload.size() <= old_size) {
            store(record(i), word);
            store(record(i) + 8, length);
            char* const at = record(i) + record_overhead + slots()[i].key_length;
            if (!payload.empty()) std::memcpy(at, payload.data(), payload.size());
            garbage += static_cast<std::uint32_t>(old_size - payload.size());
            return true;
        }
        std::size_t const key_length = slots()[i].key_length;
        std::size_t const old_record = record_overhead + key_length + old_size;
        std::size_t const new_record = record_overhead + key_length + payload.size();
        if (used() - old_record + new_record > capacity) return false;
        if (heap - (sizeof(tree_node) + count * sizeof(slot)) < new_record) {
            // The old record stays alive through `compact`, so there has to be room for both.
            if (used() + new_record > capacity) return false;
            compact();
        }
        std::uint16_t const offset = write_record(key(i), word, length, payload);
        garbage += static_cast<std::uint32_t>(old_record);
        slots()[i].offset = offset;
        return true;
    }

    void erase(unsigned i) {
        garbage += static_cast<std::uint32_t>(record_overhead + slots()[i].key_length + payload_size(i));
        std::memmove(static_cast<void*>(slots() + i), slots() + i + 1, (count - i - 1) * sizeof(slot));
        --count;
        if (level > 0 && i == 0 && count > 0) {  // nobody looks at the key of slot 0
            garbage += slots()[0].key_length;
            slots()[0].key_length = 0;
        }
    }

    /// Appends slots [from, to) of `other`. Inner: the first of them gets the key `first_key`. The caller has checked the room.
    void take(tree_node const& other, unsigned from, unsigned to, std::string_view first_key = {}) {
        for (unsigned i = from; i < to; ++i) {
            std::string_view const k = level > 0 && i == from ? first_key : other.key(i);
            insert(count, k, other.word(i), other.length(i), other.payload(i));
        }
        appended = 0;
    }

    /// Gives up slots [from, count).
    void drop_tail(unsigned from) {
        while (count > from) erase(count - 1u);
        compact();
    }

    /// Bytes of slot i's record and slot.
    std::size_t weight(unsigned i) const { return need(slots()[i].key_length, payload_size(i)); }

private:
    template <class T>
    static T load(char const* at) {
        T value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    template <class T>
    static void store(char* at, T const& value) {
        std::memcpy(at, &value, sizeof value);
    }

    std::size_t payload_size(unsigned i) const { return level > 0 ? 0 : length(i) & ~outside_flag; }

    /// The first compared slot whose head is not below `head`; there is at least one. Without branches.
    unsigned first_head(std::uint32_t head) const {
        slot const* base = slots() + first_compared();
        for (unsigned n = count - first_compared(); n > 1;) {
            unsigned const half = n / 2;
            base = base[half - 1].head < head ? base + half : base;
            n -= half;
        }
        base += base->head < head;
        return static_cast<unsigned>(base - slots());
    }

    std::uint16_t write_record(std::string_view key, std::uint64_t word, std::uint32_t length,
                               std::string_view payload) {
        heap -= static_cast<std::uint32_t>(record_overhead + key.size() + payload.size());
        char* const at = reinterpret_cast<char*>(this) + heap;
        store(at, word);
        store(at + 8, length);
        if (!key.empty()) std::memcpy(at + record_overhead, key.data(), key.size());
        if (!payload.empty()) std::memcpy(at + record_overhead + key.size(), payload.data(), payload.size());
        return static_cast<std::uint16_t>(heap);
    }

    /// Sets the head of the new slot i, and shortens the common prefix where its key asks for it.
    void adopt_key(unsigned i) {
        unsigned const from = first_compared();
        if (count <= from) return;
        if (count == from + 1u) {
            set_prefix(slots()[from].key_length);
        } else {
            unsigned const other = i == from ? from + 1 : from;
            if (common_prefix(key(i), key(other)) < prefix) return measure();
        }
        slots()[i].head = head_of(key(i));
    }

    void set_prefix(std::size_t length) {
        prefix = static_cast<std::uint16_t>(length);
        if (length > 0) std::memcpy(prefix_copy, key(first_compared()).data(), std::min(length, sizeof prefix_copy));
    }

    /// Finds the longest common prefix and sets all heads.
    void measure() {
        unsigned const from = first_compared();
        set_prefix(count > from ? common_prefix(key(from), key(count - 1u)) : 0);
        for (unsigned i = 0; i < count; ++i) slots()[i].head = head_of(key(i));
    }

    /// Moves all records together in key order, so that a scan reads on through memory.
    void compact() {
        char copy[65536];
        std::uint32_t const old_heap = heap;
        std::memcpy(copy + old_heap, reinterpret_cast<char const*>(this) + old_heap, capacity - old_heap);
        heap = capacity;
        garbage = 0;
        for (unsigned i = 0; i < count; ++i) {
            char const* const old = copy + slots()[i].offset;
            std::size_t const payload = level > 0 ? 0 : load<std::uint32_t>(old + 8) & ~outside_flag;
            std::size_t const size = record_overhead + slots()[i].key_length + payload;
            heap -= static_cast<std::uint32_t>(size);
            std::memcpy(reinterpret_cast<char*>(this) + heap, old, size);
            slots()[i].offset = static_cast<std::uint16_t>(heap);
        }
        measure();
    }
};
static_assert(sizeof(tree_node) == 48);

}  // namespace phantomdb::storage
