/// @file Defines `tree_node`, the slotted page that leaves and inner nodes of a `cow_tree` are made of.
///
///     header (48 bytes)
///     slots, sorted by key, growing up:      u32 head · u16 offset · u16 key length
///     free space
///     records, in no order, growing down:    u64 word · u32 length · key · payload
///
///     leaf    word: the version of the entry; payload: the value, or (length's top bit set) a pointer to an `outsized`
///     inner   word: the child;                length: keys in the child's subtree; no payload. The key of slot 0 is never
///             looked at: its child holds everything below slot 1
///
/// The keys of a node have their first `prefix` bytes in common; a slot's head is the four bytes after them, big-endian.
/// So a search compares integers in one array, and touches records only where heads are equal.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace phantomdb::storage {

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

/// A value too large for a page.
struct outsized {
    std::uint64_t birth;  ///< the tree version that made it
    std::uint64_t size;

    std::string_view value() const { return {reinterpret_cast<char const*>(this + 1), size}; }

    static outsized* make(std::uint64_t birth, std::string_view value) {
        auto* const made = static_cast<outsized*>(std::malloc(sizeof(outsized) + value.size()));
        if (made == nullptr) throw std::bad_alloc();
        *made = {birth, value.size()};
        std::memcpy(static_cast<void*>(made + 1), value.data(), value.size());
        return made;
    }
};

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
    static constexpr std::uint32_t outsized_flag = 0x8000'0000u;

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
    static tree_node* make(std::uint32_t capacity, std::uint16_t level, std::uint64_t birth) {
        void* const memory = std::malloc(capacity);
        if (memory == nullptr) throw std::bad_alloc();
        return at(memory, capacity, level, birth);
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

    /// Leaf: the outsized value of entry i, or nullptr.
    outsized* outside(unsigned i) const {
        return (length(i) & outsized_flag) != 0 ? load<outsized*>(payload(i)) : nullptr;
    }
    std::string_view value(slot const& at) const {
        std::uint32_t const size = load<std::uint32_t>(record(at) + 8);
        char const* const payload = record(at) + record_overhead + at.key_length;
        if ((size & outsized_flag) == 0) [[likely]]
            return {payload, size};
        return load<outsized*>(payload)->value();
    }
    std::string_view value(unsigned i) const { return value(slots()[i]); }
    /// Inner: child i, and the keys below it.
    tree_node* child(unsigned i) const { return load<tree_node*>(record(i)); }
    void set_child(unsigned i, tree_node const* child) { store(record(i), child); }
    void set_subtree(unsigned i, std::uint64_t keys) { store(record(i) + 8, static_cast<std::uint32_t>(keys)); }
    std::uint64_t subtree_keys() const {
        if (level == 0) return count;
        std::uint64_t keys = 0;
        for (unsigned i = 0; i < count; ++i) keys += length(i);
        return keys;
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
    static std::size_t need(std::size_t key_length, std::size_t payload) {
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
    }

    /// Appends slots [from, to) of `other`; the first gets `first_key` where that is given. The caller has checked the room.
    void take(tree_node const& other, unsigned from, unsigned to, std::string_view const* first_key = nullptr) {
        for (unsigned i = from; i < to; ++i) {
            std::string_view const k = first_key != nullptr && i == from ? *first_key : other.key(i);
            insert(count, k, other.word(i), other.length(i), {other.payload(i), other.payload_size(i)});
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

    char const* payload(unsigned i) const { return record(i) + record_overhead + slots()[i].key_length; }
    std::size_t payload_size(unsigned i) const {
        if (level > 0) return 0;
        return (length(i) & outsized_flag) != 0 ? sizeof(outsized*) : length(i);
    }

    std::uint32_t head_of(std::string_view key) const {
        std::uint32_t head = 0;
        if (key.size() >= prefix + sizeof head) {
            std::memcpy(&head, key.data() + prefix, sizeof head);
        } else if (key.size() > prefix) {
            std::memcpy(&head, key.data() + prefix, key.size() - prefix);
        }
        return codec::to_big(head);
    }

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
            std::uint32_t const stored = load<std::uint32_t>(old + 8);
            std::size_t payload = level > 0 ? 0 : (stored & outsized_flag) != 0 ? sizeof(outsized*) : stored;
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
