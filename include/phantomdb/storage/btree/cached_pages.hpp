/// @file Defines `cached_pages`, the pages of a tree that is kept in a file, behind a cache; or, without a file, in memory.
///
/// In a file, the word of a child says which page it is (`page_format.hpp`); a published page never changes, and its number
/// is not used again before the last version that sees it is gone. The durable version counts: `btree_store` holds it.
/// Without a file, the word is the address of the node, nothing is ever evicted and nothing has to be pinned.
#pragma once

#include <phantomdb/storage/btree/memory_pages.hpp>
#include <phantomdb/storage/btree/page_cache.hpp>
#include <phantomdb/storage/btree/space_map.hpp>
#include <phantomdb/storage/btree/value_cache.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// Pins of what a cursor has lent.
class byte_pins {
public:
    void add(byte_pin pin) {
        if (pin) pins_.push_back(std::move(pin));
    }
    void clear() { pins_.clear(); }

private:
    std::vector<byte_pin> pins_;
};

/// Model of what `versioned_tree` asks of its pages. Reading from any thread; the rest by the writer, but for what says otherwise.
template <std::size_t PageBytes>
class cached_pages {
    static_assert(PageBytes >= 4096 && PageBytes <= 32768 && PageBytes % 4096 == 0);

public:
    static constexpr std::uint32_t node_bytes = PageBytes - sizeof(frame);
    static constexpr std::uint32_t first_node_bytes = node_bytes;
    static constexpr std::size_t inline_value_bytes = PageBytes / 4;
    static constexpr std::size_t reference_bytes = sizeof(value_reference);
    static constexpr bool grows = false;
    /// Two keys and the first child have to fit into an inner node.
    static constexpr std::size_t longest_key =
        std::min(max_key_bytes, (node_bytes - sizeof(tree_node) - tree_node::need(0, 0)) / 2 - tree_node::need(0, 0));
    static_assert(PageBytes < 16384 || longest_key == max_key_bytes);

    using hold = byte_pin;
    using holds = byte_pins;
    using cache_type = page_cache<PageBytes>;

    /// Pages in memory.
    cached_pages() = default;
    /// Pages of `file`, of which `used` of the first `pages` are in use.
    cached_pages(page_file& file, std::uint64_t budget_bytes, page_bits used, std::uint32_t pages)
        : cache_(std::make_unique<cache_type>(file, budget_bytes / 4 * 3)),
          values_(std::make_unique<value_cache>(file, PageBytes, budget_bytes / 4)) {
        space_.load(std::move(used), pages);
        cache_->reserve(pages);
        spare_limit_ = std::clamp<std::size_t>(cache_->budget_frames() / 8, 4, 256);
        warm_.reserve(spare_limit_);
    }

    /// Finds nodes one after the other; the last one stays in place until the next is looked for.
    class visitor {
    public:
        explicit visitor(cached_pages* pages) : cache_(pages->cache_.get()) {
            if (cache_ != nullptr) enter();
        }
        visitor(visitor const&) = delete;
        visitor& operator=(visitor const&) = delete;
        ~visitor() {
            if (inside_) reader_epochs::leave(*slot_);
        }

        tree_node const* go(std::uint64_t word, unsigned level = any_level) {
            if (cache_ == nullptr) return reinterpret_cast<tree_node const*>(word);
            if (!inside_) enter();
            frame* const found = cache_->table().find(page_of(word));
            if (found == nullptr) [[unlikely]]
                return load(word, level);
            held_.reset();
            tree_node const* const node = found->node();
            found->warm(node->level > 0 ? frame::inner_heat : frame::leaf_heat);
            return node;
        }

        /// Finds the nodes of all `words`; they stay until the next `go`, or for what had to be read, as long as `holds`.
        void go_all(std::span<std::uint64_t const> words, unsigned level, std::span<tree_node const*> out,
                    holds& holds) {
            if (cache_ == nullptr) {
                for (std::size_t i = 0; i < words.size(); ++i) out[i] = reinterpret_cast<tree_node const*>(words[i]);
                return;
            }
            for (bool all = false; !all;) {
                if (!inside_) enter();
                all = true;
                for (std::size_t i = 0; i < words.size(); ++i) {
                    frame* const found = cache_->table().find(page_of(words[i]));
                    if (found == nullptr) {
                        all = false;
                        leave();  // what was found so far is looked for again, once this one is pinned
                        holds.add(byte_pin::adopt(cache_->load(words[i], level, frame::leaf_heat)));
                        break;
                    }
                    out[i] = found->node();
                }
            }
            held_.reset();
            for (tree_node const* const node : out)
                frame::of(node)->warm(level > 0 ? frame::inner_heat : frame::leaf_heat);
        }

        /// Pins a node that is in place.
        hold keep(tree_node const& node) const { return cache_ == nullptr ? hold() : hold(*frame::of(&node)); }

    private:
        void enter() {
            slot_ = &reader_epochs::mine();
            reader_epochs::enter(*slot_);
            inside_ = true;
        }
        void leave() {
            reader_epochs::leave(*slot_);
            inside_ = false;
        }
        [[gnu::noinline]] tree_node const* load(std::uint64_t word, unsigned level) {
            leave();
            frame* const loaded = cache_->load(word, level, 0);
            held_ = byte_pin::adopt(loaded);
            return loaded->node();
        }

        cache_type* cache_;
        reader_epochs::slot* slot_ = nullptr;
        bool inside_ = false;
        byte_pin held_;  // the node last found, where it was read
    };

    // ---- reading ----

    std::string_view value(std::string_view reference, hold& keeps) const {
        auto const at = value_reference::of(reference);
        if (cache_ == nullptr) return reinterpret_cast<value_buffer*>(at.place)->value();
        return values_->get(at, keeps);
    }
    /// Asks for the node, where it is in memory.
    void prefetch(std::uint64_t word) const {
        if (cache_ == nullptr) return reinterpret_cast<tree_node const*>(word)->prefetch();
        if (frame* const found = cache_->table().find(page_of(word))) {
            __builtin_prefetch(found);
            found->node()->prefetch();
        }
    }

    /// The same for what a search begins with.
    void prefetch_header(std::uint64_t word) const {
        auto const ask = [](void const* at) {
            __builtin_prefetch(at);
            __builtin_prefetch(static_cast<char const*>(at) + 64);
        };
        if (cache_ == nullptr) return ask(reinterpret_cast<tree_node const*>(word));
        if (frame* const found = cache_->table().find(page_of(word))) ask(found);
    }

    // ---- writing ----

    struct made {
        std::uint64_t word;
        tree_node* node;
    };
    struct owned {
        std::uint64_t word;
        tree_node* node;
        std::uint64_t birth;
        tree_piece replaced;
    };

    /// Whether `release_born` knows what was born since the last publication; otherwise the tree looks for it.
    bool knows_born() const { return cache_ != nullptr; }
    /// Gives up all of that, without a look at it: it may not be in memory any more.
    void release_born() noexcept {
        // What was given up already has no bit; of what was born twice in one place, the later is there.
        for (; !born_.empty(); born_.pop_back()) {
            born_piece const last = born_.back();
            if (is_born_.test(last.first)) release({last.first, last.count, last.is_value});
        }
    }

    /// Before a change to a tree of `depth` levels, while the writer holds no page: makes sure that frames are at hand.
    /// True: for that, other frames may have gone.
    bool prepare(std::size_t depth) { return fill_spares(3 * depth + 8, frame_use::at_rest); }
    /// The same in the middle of a change.
    void prepare_more() { fill_spares(8, frame_use::writing); }

    void publish(std::uint64_t number) {
        if (cache_ == nullptr) return;
        cache_->publish(number);
        for (born_piece const& piece : born_) is_born_.clear(piece.first);
        born_.clear();
        cache_->released([&](std::uint32_t page) { space_.give_back(page); });
        values_->released([&](std::uint32_t page, std::uint32_t count) { space_.give_back(page, count); });
    }

    made make(std::uint32_t capacity, std::uint16_t level, std::uint64_t birth) {
        if (cache_ == nullptr) {
            frame* const fresh = ::new (pool_.take()) frame;
            memory_bytes_ += PageBytes;
            tree_node* const node = tree_node::at(fresh->node(), capacity, level, birth);
            return {reinterpret_cast<std::uint64_t>(node), node};
        }
        make_room_for_born(1);
        frame* const fresh = take_frame();
        tree_node* const node = tree_node::at(fresh->node(), capacity, level, birth);
        return {place(fresh), node};
    }

    owned own(std::uint64_t word, std::uint64_t building) {
        if (cache_ == nullptr) {
            auto* const old = reinterpret_cast<tree_node*>(word);
            if (old->birth == building) return {word, old, building, {}};
            made const copy = make(node_bytes, old->level, building);
            copy.node->copy_from(*old);
            return {copy.word, copy.node, old->birth, {word, 0, false}};
        }
        std::uint32_t const page = page_of(word);
        {
            in_epoch const inside;
            if (frame* const found = cache_->table().find(page)) {
                tree_node* const old = found->node();
                if (old->birth == building) {
                    cache_->table().set_dirty(page);
                    return {word, old, building, {}};
                }
                make_room_for_born(1);
                frame* const fresh = take_frame();
                tree_node* const node = tree_node::at(fresh->node(), node_bytes, old->level, building);
                node->copy_from(*old);
                std::uint64_t const birth = old->birth;
                return {place(fresh), node, birth, {word, 0, false}};
            }
        }
        return read_own(word, building);
    }
    static tree_piece piece(std::uint64_t word, tree_node const&) { return {word, 0, false}; }
    static tree_piece leaf_piece(std::uint64_t word) { return {word, 0, false}; }
    /// When the node was made, unless that is more than 2^32 versions ago.
    std::uint64_t birth(std::uint64_t word, std::uint64_t building) const {
        return cache_ == nullptr ? reinterpret_cast<tree_node*>(word)->birth : birth_of(word, building);
    }

    void make_value(std::string_view value, std::uint64_t birth, char* reference) {
        byte_pin fresh = byte_pin::adopt(value_buffer::make(static_cast<std::uint32_t>(value.size())));
        auto* const buffer = static_cast<value_buffer*>(fresh.get());
        buffer->birth = birth;
        std::memcpy(buffer->bytes(), value.data(), value.size());
        value_reference outside{birth, reinterpret_cast<std::uint64_t>(buffer), buffer->size, 0};
        if (cache_ == nullptr) {
            memory_bytes_ += value.size();
        } else {
            std::uint32_t const pages = pages_for(value.size(), PageBytes);
            make_room_for_born(pages);
            std::uint32_t const first = space_.take_run(pages);
            cache_->reserve(space_.pages());
            buffer->first_page = first;
            outside.place = first;
            outside.checksum = codec::crc32c(value);
            try {
                values_->add(buffer);
            } catch (...) {
                space_.give_back(first, pages);
                throw;
            }
            note_born({first, pages, true});
        }
        (void)fresh.release();
        std::memcpy(reference, &outside, sizeof outside);
    }
    static tree_piece value_piece(std::string_view reference) {
        auto const at = value_reference::of(reference);
        return {at.place, pages_for(at.size, PageBytes), true};
    }
    static std::uint64_t value_birth(std::string_view reference) { return value_reference::of(reference).birth; }

    void release(tree_piece const& piece) noexcept {
        if (cache_ == nullptr) return release_memory(piece);
        std::uint32_t const page = page_of(piece.word);
        is_born_.clear_known(page);
        if (piece.is_value) {
            if (values_->drop(page)) space_.give_back(page, piece.size);
            return;
        }
        frame* idle = nullptr;
        if (!cache_->unlink(page, idle)) return;
        if (idle == nullptr) return space_.give_back(page);
        if (warm_.size() < spare_limit_ && !space_.is_far(page)) {
            warm_.push_back({page, idle});
        } else {
            cache_->give_back(idle);
            space_.give_back(page);
        }
    }
    /// The tree goes: what it has in memory is freed; a file keeps what it has.
    void release_tree(std::uint64_t root) {
        if (cache_ != nullptr) return;
        auto* const node = reinterpret_cast<tree_node*>(root);
        for (unsigned i = 0; i < node->count; ++i) {
            if (node->level > 0) {
                release_tree(node->child(i));
            } else if (node->is_outside(i)) {
                release(value_piece(node->payload(i)));
            }
        }
        release({root, 0, false});
    }

    // ---- checkpoints ----

    cache_type* cache() { return cache_.get(); }
    cache_type const* cache() const { return cache_.get(); }
    value_cache* values() { return values_.get(); }
    space_map& space() { return space_; }
    space_map const& space() const { return space_; }

    /// Gives up free pages at the end of the file.
    void trim() noexcept {
        for (warm_page const& free : warm_) {
            cache_->give_back(free.holds);
            space_.give_back(free.page);
        }
        warm_.clear();
        space_.trim();
    }
    /// Takes a run of pages for something that is not in the tree.
    page_run take_run(std::uint32_t count) {
        cache_->table().reserve(std::uint64_t{space_.pages()} + count);
        page_run const taken{space_.take_run(count), count};
        cache_->reserve(space_.pages());
        return taken;
    }
    /// What is in use for the version last published: without what was born since or has been given up before, which
    /// `for_each_kept(visit)` names.
    template <class ForEachKept>
    page_bits used_by_published(ForEachKept&& for_each_kept) {
        page_bits bits = space_.used();
        for (born_piece const& piece : born_) bits.clear(piece.first, piece.count);
        for (warm_page const& free : warm_) bits.clear(free.page);
        cache_->for_each_gone([&](std::uint32_t page) { bits.clear(page); });
        values_->for_each_dropped([&](std::uint32_t page, std::uint32_t count) { bits.clear(page, count); });
        for_each_kept(
            [&](tree_piece const& piece) { bits.clear(page_of(piece.word), piece.is_value ? piece.size : 1); });
        return bits;
    }

    /// Any thread.
    std::uint64_t memory_bytes() const {
        return cache_ == nullptr ? memory_bytes_ : cache_->memory_bytes() + values_->memory_bytes();
    }

private:
    struct warm_page {
        std::uint32_t page;
        frame* holds;
    };

    struct born_piece {
        std::uint32_t first, count;
        bool is_value;
    };
    struct in_epoch {
        reader_epochs::slot& slot = reader_epochs::mine();
        in_epoch() { reader_epochs::enter(slot); }
        in_epoch(in_epoch const&) = delete;
        in_epoch& operator=(in_epoch const&) = delete;
        ~in_epoch() { reader_epochs::leave(slot); }
    };

    /// So that something of so many pages can be born without memory.
    void make_room_for_born(std::uint32_t pages) {
        if (born_.size() == born_.capacity()) born_.reserve(std::max<std::size_t>(64, 2 * born_.capacity()));
        std::uint64_t const most = std::uint64_t{space_.pages()} + pages;
        is_born_.reserve(most);
        space_.reserve(most);
        cache_->table().reserve(most);
    }
    void note_born(born_piece piece) noexcept {
        born_.push_back(piece);
        is_born_.set(piece.first);
    }

    bool fill_spares(std::size_t count, frame_use use) {
        if (cache_ == nullptr || spares_.size() + warm_.size() >= count) return false;
        spares_.reserve(count);
        while (spares_.size() + warm_.size() < count) spares_.push_back(cache_->take(use));
        return true;
    }
    /// A frame; the last page freed comes with its own.
    frame* take_frame() {
        if (!warm_.empty()) {
            warm_page const last = warm_.back();
            warm_.pop_back();
            last.holds->page = last.page;
            return last.holds;
        }
        if (spares_.empty()) fill_spares(1, frame_use::writing);
        frame* const taken = spares_.back();
        spares_.pop_back();
        taken->page = 0;
        return taken;
    }
    /// Gives the node in `fresh` its place in the file; the word of it.
    std::uint64_t place(frame* fresh) noexcept {
        std::uint32_t page = fresh->page;
        if (page == 0) {
            page = space_.take();
            if (space_.pages() > cache_->pages()) cache_->reserve(space_.pages());
        }
        note_born({page, 1, false});
        tree_node const& node = *fresh->node();
        fresh->heat.store(node.level > 0 ? frame::inner_heat : frame::leaf_heat, std::memory_order_relaxed);
        cache_->table().set_dirty(page);
        cache_->link(fresh, page);
        return child_word(page, node.birth);
    }
    /// `own` for a page that is not in memory: it is read into the frame that it is changed in.
    [[gnu::noinline]] owned read_own(std::uint64_t word, std::uint64_t building) {
        make_room_for_born(1);
        if (spares_.empty()) {
            spares_.reserve(1);
            spares_.push_back(cache_->take(frame_use::writing));
        }
        frame* const fresh = spares_.back();
        cache_->read(word, any_level, fresh);
        spares_.pop_back();
        tree_node* const node = fresh->node();
        if (node->birth == building) {
            cache_->table().set_dirty(page_of(word));
            cache_->link(fresh, page_of(word));
            return {word, node, building, {}};
        }
        std::uint64_t const birth = std::exchange(node->birth, building);
        return {place(fresh), node, birth, {word, 0, false}};
    }

    void release_memory(tree_piece const& piece) noexcept {
        if (piece.is_value) {
            auto* const buffer = reinterpret_cast<value_buffer*>(piece.word);
            memory_bytes_ -= buffer->size;
            byte_pin::adopt(buffer).reset();
        } else {
            memory_bytes_ -= PageBytes;
            pool_.give_back(frame::of(reinterpret_cast<tree_node*>(piece.word)));
        }
    }

    // Of a file.
    std::unique_ptr<cache_type> cache_;
    std::unique_ptr<value_cache> values_;
    space_map space_;
    std::vector<born_piece> born_;  // since the last publication; some of it given up again
    page_bits is_born_;             // the first pages of what is born and not given up
    std::vector<warm_page> warm_;   // free pages with frames, in use for `space_`
    std::vector<frame*> spares_;    // idle frames
    std::size_t spare_limit_ = 0;
    // Of memory.
    page_pool<PageBytes> pool_;
    std::uint64_t memory_bytes_ = 0;
};

}  // namespace phantomdb::storage
