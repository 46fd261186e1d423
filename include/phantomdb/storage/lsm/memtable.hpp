/// @file Defines `memtable`, the changes that are in no file yet: a skip list in an arena.
///
/// One thread writes, any number read meanwhile, without locks. Entries are ordered by key and, for one key, from the
/// newest version to the oldest; a reader passes over versions above its own LSN.
///
/// A link carries the head of the key it leads to. A search therefore goes only to nodes it has to pass, not to those
/// that show it that it went far enough: of the loads that miss the caches, half are saved. Link and head are two words:
///
///   writer   sets the pointer to the new, smaller node first, then the head
///   reader   loads the head first, then the pointer
///
/// So a reader that sees a head sees the node it belongs to, or a smaller one added since; passing that is right. Where it
/// sees the old head with the new pointer it may miss the new node, which its LSN does not let it see anyway.
/// Source of the structure: W. Pugh, "Skip Lists: A Probabilistic Alternative to Balanced Trees", 1990.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/storage/byte_pin.hpp>
#include <phantomdb/storage/lsm/key_head.hpp>
#include <phantomdb/storage/lsm/memtable_arena.hpp>
#include <phantomdb/storage/lsm/span_set.hpp>
#include <phantomdb/storage/write_batch.hpp>

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace phantomdb::storage::lsm {

/// Lives as long as somebody pins it: `make` gives the first pin.
/// Threads: what is not const, one at a time; const, any beside it. `frozen_spans` only once it is frozen.
class memtable : public pinned_bytes {
public:
    struct content {
        std::uint32_t size;
        bool erased;
        std::string_view value() const { return {reinterpret_cast<char const*>(this + 1), size}; }
    };
    struct node;
    struct link {
        std::atomic<std::uint64_t> head;
        std::atomic<node*> next;
    };
    struct node {
        lsn_type lsn;
        std::atomic<content const*> newest;  ///< of this LSN: a batch may change a key several times
        std::uint32_t key_size;
        std::uint32_t height;

        link& at(std::size_t level) { return reinterpret_cast<link*>(this + 1)[level]; }
        link const& at(std::size_t level) const { return reinterpret_cast<link const*>(this + 1)[level]; }
        std::string_view key() const { return {reinterpret_cast<char const*>(&at(height)), key_size}; }
        content const& what() const { return *newest.load(std::memory_order_acquire); }
    };

    /// `total`, which outlives it, counts the bytes of all memtables. Throws std::bad_alloc.
    static byte_pin make(std::atomic<std::uint64_t>& total, memtable*& made) {
        made = new memtable(total);
        return byte_pin(*made);
    }
    memtable(memtable const&) = delete;
    memtable& operator=(memtable const&) = delete;

    /// Makes sure that the changes of `batch` find room: what follows until they are in does not fail.
    /// Throws std::bad_alloc with nothing changed.
    void reserve(write_batch const& batch) {
        arena_.reserve(batch.bytes().size() + batch.size() * most_overhead);
        total_.fetch_add(arena_.bytes() - counted_, std::memory_order_relaxed);
        counted_ = arena_.bytes();
        bytes_.store(counted_, std::memory_order_relaxed);
    }

    /// All of a reserved batch. `lsn` is above every other.
    void apply(write_batch const& batch, lsn_type lsn) {
        if (first_lsn_ == 0) first_lsn_ = lsn;
        last_lsn_ = lsn;
        std::string_view low, high;  // of the keys this batch has put: in the arena
        auto const widen = [&](std::string_view key) {
            if (low.data() == nullptr || key < low) low = key;
            if (high.data() == nullptr || high < key) high = key;
        };
        batch.for_each([&](std::string_view key, std::string_view value) { widen(put(key, value, false, lsn)); },
                       [&](std::string_view key) { put(key, {}, true, lsn); },
                       [&](std::string_view from, std::string_view to) {
                           if (!to.empty() && to <= from) return;
                           if (low.data() != nullptr) bury(std::max(from, low), to, high, lsn);
                           add_span(from, to, lsn);
                       });
    }

    /// Whether nothing was ever applied, not even an empty batch.
    bool is_new() const { return last_lsn_ == 0; }
    bool has_changes() const { return entries_.load(std::memory_order_relaxed) + span_count_ != 0; }
    lsn_type first_lsn() const { return first_lsn_; }
    lsn_type last_lsn() const { return last_lsn_; }
    std::uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
    std::uint64_t erasures() const { return erasures_.load(std::memory_order_relaxed); }
    std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    std::size_t span_count() const { return span_count_; }

    /// The newest version of `key` up to `upto`, or null.
    node const* find(std::string_view key, lsn_type upto) const {
        node const* const found = lower_bound(key, upto);
        return found != nullptr && found->key() == key ? found : nullptr;
    }
    /// The first entry that is not before (key, version up to `upto`).
    node const* lower_bound(std::string_view key, lsn_type upto) const {
        return descend(key, upto, [](std::size_t, node const*) {});
    }
    /// The last entry with a key below `key`, or null.
    node const* before(std::string_view key) const {
        node const* last = nullptr;
        descend(key, ~lsn_type{0}, [&](std::size_t, node const* at) { last = at; });
        return last == head_ ? nullptr : last;
    }
    node const* first() const { return next(head_); }
    node const* last() const {
        node const* at = head_;
        for (std::size_t level = most_height; level-- > 0;) {
            while (node const* const after = at->at(level).next.load(std::memory_order_acquire)) at = after;
        }
        return at == head_ ? nullptr : at;
    }
    static node const* next(node const* at) { return at->at(0).next.load(std::memory_order_acquire); }

    /// Keys in [from, to), erased ones too, about; empty `to`: to the end. O(log n).
    std::uint64_t count(std::string_view from, std::string_view to) const {
        std::uint64_t versions = 0;
        sample(from, to, 64, [&](node const*, std::uint64_t stands_for) { versions += stands_for; });
        std::uint64_t const keys = keys_.load(std::memory_order_relaxed);
        return static_cast<std::uint64_t>(static_cast<double>(versions) * static_cast<double>(keys) /
                                          static_cast<double>(std::max<std::uint64_t>(entries(), 1)));
    }
    /// Versions that a key has beside its newest, on average.
    double older_versions_of_a_key() const {
        auto const keys = static_cast<double>(std::max<std::uint64_t>(keys_.load(std::memory_order_relaxed), 1));
        return std::max(0.0, static_cast<double>(entries()) - keys) / keys;
    }
    /// Calls `use(node, how many versions it stands for)` for entries in [from, to), evenly spread: for all, or a few times
    /// `enough` of them. O(log n + enough).
    template <class Use>
    void sample(std::string_view from, std::string_view to, std::uint64_t enough, Use&& use) const {
        node const* at = head_;
        for (std::size_t level = most_height; level-- > 0;) {
            node const* next = at->at(level).next.load(std::memory_order_acquire);
            while (next != nullptr && next->key() < from) {
                at = next;
                next = at->at(level).next.load(std::memory_order_acquire);
            }
            auto const inside = [&](node const* n) { return n != nullptr && (to.empty() || n->key() < to); };
            std::uint64_t between = 0;
            for (node const* n = next; inside(n) && between < enough; ++between)
                n = n->at(level).next.load(std::memory_order_acquire);
            if (between < enough && level > 0) continue;
            for (node const* n = next; inside(n); n = n->at(level).next.load(std::memory_order_acquire))
                use(n, std::uint64_t{1} << level);
            return;
        }
    }

    /// Erased spans up to `upto`, made disjoint. O(n log n); once frozen use `frozen_spans`.
    span_set spans(lsn_type upto) const {
        std::vector<erased_span> found;
        for (span const* s = spans_.load(std::memory_order_acquire); s != nullptr; s = s->next) {
            if (s->lsn <= upto) found.push_back({std::string(s->from), std::string(s->to), s->lsn});
        }
        return span_set::of(std::move(found));
    }
    /// The greatest LSN up to `upto` at which `key` was erased as part of a span; 0: never. O(spans).
    lsn_type covering(std::string_view key, lsn_type upto) const {
        // The list goes from the newest to the oldest, so the first that covers is the greatest.
        for (span const* s = spans_.load(std::memory_order_acquire); s != nullptr; s = s->next) {
            if (s->lsn <= upto && s->from <= key && (s->to.empty() || key < s->to)) return s->lsn;
        }
        return 0;
    }
    bool has_spans() const { return spans_.load(std::memory_order_acquire) != nullptr; }

    /// To be called when the last batch is in, before others learn that this memtable does not change any more.
    void freeze() { frozen_spans_ = spans(~lsn_type{0}); }
    span_set const& frozen_spans() const { return frozen_spans_; }

private:
    struct span {
        std::string_view from, to;
        lsn_type lsn;
        span const* next;
    };

    static constexpr std::size_t most_height = 20;
    static constexpr std::size_t most_overhead = sizeof(node) + most_height * sizeof(link) + sizeof(content) + 16;

    explicit memtable(std::atomic<std::uint64_t>& total) : total_(total) {
        on_unpinned = [](pinned_bytes* self) { delete static_cast<memtable*>(self); };
        arena_.reserve(sizeof(node) + most_height * sizeof(link));
        head_ = make_node({}, most_height, 0);
        for (std::size_t level = 0; level < most_height; ++level)
            new (&head_->at(level)) link{~std::uint64_t{0}, nullptr};
    }
    ~memtable() { total_.fetch_sub(counted_, std::memory_order_relaxed); }

    template <class OnDescent>
    node const* descend(std::string_view key, lsn_type lsn, OnDescent&& on_descent) const {
        std::uint64_t const head = key_head(key);
        node const* at = head_;
        std::size_t level = height_.load(std::memory_order_relaxed);
        for (;;) {
            link const& to = at->at(level - 1);
            std::uint64_t const next_head = to.head.load(std::memory_order_acquire);
            if (next_head <= head) {
                node const* const next = to.next.load(std::memory_order_acquire);
                if (next_head < head || (next != nullptr && is_before(*next, key, lsn))) {
                    at = next;
                    // The nodes it may have to pass next.
                    __builtin_prefetch(at->at(level - 1).next.load(std::memory_order_relaxed));
                    if (level > 1) __builtin_prefetch(at->at(level - 2).next.load(std::memory_order_relaxed));
                    if (level > 2) __builtin_prefetch(at->at(level - 3).next.load(std::memory_order_relaxed));
                    continue;
                }
            }
            on_descent(level - 1, at);
            if (--level == 0) return to.next.load(std::memory_order_acquire);
        }
    }
    static bool is_before(node const& n, std::string_view key, lsn_type lsn) {
        int const order = n.key().compare(key);
        return order < 0 || (order == 0 && n.lsn > lsn);
    }

    /// The key as it lies in the arena.
    std::string_view put(std::string_view key, std::string_view value, bool erased, lsn_type lsn) {
        node* before[most_height];
        std::fill(std::begin(before), std::end(before), head_);
        node const* const found =
            descend(key, lsn, [&](std::size_t level, node const* at) { before[level] = const_cast<node*>(at); });
        bool const known = found != nullptr && found->key() == key;
        if (erased) erasures_.store(erasures_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        if (known && found->lsn == lsn) {
            const_cast<node*>(found)->newest.store(make_content(value, erased), std::memory_order_release);
            return found->key();
        }
        std::uint32_t const height = random_height();
        if (height > height_.load(std::memory_order_relaxed)) height_.store(height, std::memory_order_relaxed);
        node* const made = make_node(key, height, lsn);
        made->newest.store(make_content(value, erased), std::memory_order_relaxed);
        std::uint64_t const head = key_head(key);
        for (std::uint32_t level = 0; level < height; ++level) {
            link& from = before[level]->at(level);
            new (&made->at(level))
                link{from.head.load(std::memory_order_relaxed), from.next.load(std::memory_order_relaxed)};
        }
        for (std::uint32_t level = 0; level < height; ++level) {
            link& from = before[level]->at(level);
            from.next.store(made, std::memory_order_release);
            from.head.store(head, std::memory_order_release);
        }
        entries_.store(entries_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        if (!known) keys_.store(keys_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return made->key();
    }

    /// Erases what this very batch has put in [from, to) up to and with `high`.
    void bury(std::string_view from, std::string_view to, std::string_view high, lsn_type lsn) {
        static constexpr struct {
            content what{0, true};
        } erased;
        for (node const* n = lower_bound(from, ~lsn_type{0}); n != nullptr; n = next(n)) {
            if ((!to.empty() && n->key() >= to) || n->key() > high) return;
            if (n->lsn == lsn) const_cast<node*>(n)->newest.store(&erased.what, std::memory_order_release);
        }
    }

    void add_span(std::string_view from, std::string_view to, lsn_type lsn) {
        auto* const made = new (arena_.take(sizeof(span))) span{copy(from), copy(to), lsn, nullptr};
        made->next = spans_.load(std::memory_order_relaxed);
        spans_.store(made, std::memory_order_release);
        ++span_count_;
    }

    node* make_node(std::string_view key, std::uint32_t height, lsn_type lsn) {
        std::size_t const fixed = sizeof(node) + height * sizeof(link);
        auto* const made =
            new (arena_.take(fixed + key.size())) node{lsn, nullptr, static_cast<std::uint32_t>(key.size()), height};
        if (!key.empty()) std::memcpy(reinterpret_cast<char*>(made) + fixed, key.data(), key.size());
        return made;
    }
    content const* make_content(std::string_view value, bool erased) {
        void* const at = arena_.take(sizeof(content) + value.size());
        auto* const made = new (at) content{static_cast<std::uint32_t>(value.size()), erased};
        if (!value.empty()) std::memcpy(static_cast<void*>(made + 1), value.data(), value.size());
        return made;
    }
    std::string_view copy(std::string_view bytes) {
        if (bytes.empty()) return {};
        char* const at = static_cast<char*>(arena_.take(bytes.size()));
        std::memcpy(at, bytes.data(), bytes.size());
        return {at, bytes.size()};
    }

    /// Half of the nodes are of height 1, a quarter of 2 …
    std::uint32_t random_height() {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        auto const height = static_cast<std::uint32_t>(std::countr_zero(random_ | (std::uint64_t{1} << 63)) + 1);
        return std::min<std::uint32_t>(height, most_height);
    }

    std::atomic<std::uint64_t>& total_;
    memtable_arena arena_;
    std::uint64_t counted_ = 0;
    node* head_ = nullptr;
    std::atomic<std::size_t> height_{1};
    std::uint64_t random_ = 0x9e3779b97f4a7c15;
    std::atomic<std::uint64_t> entries_{0}, keys_{0}, erasures_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<span const*> spans_{nullptr};
    std::size_t span_count_ = 0;
    lsn_type first_lsn_ = 0, last_lsn_ = 0;
    span_set frozen_spans_;
};

}  // namespace phantomdb::storage::lsm
