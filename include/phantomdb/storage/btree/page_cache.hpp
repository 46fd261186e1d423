/// @file Defines `page_cache`: pages of a file in frames of memory, within a budget.
///
/// 1. A reader is in an epoch (`reader_epochs`) while it follows frames, and pins the frame whose bytes it lends out.
/// 2. A page that is not there is read, checked whole (`fault_of_page`) and only then put into the table.
/// 3. Frames go by a clock: a hand passes over them, takes off heat, and takes the cold ones that nobody has pinned. Those
///    that differ from the file are written first. A frame taken leaves the table at once and is used again when all epochs
///    that could have found it are over; where it turns out pinned by then, when the last pin is gone.
/// 4. Only what is published goes by the clock, since it does not change any more. What the writer is changing goes only when
///    the writer itself says that it holds no page (`at_rest`).
/// 5. Where nothing can go (all pinned, or the disk is full), the cache grows beyond its budget: reading and applying go on.
/// 6. A frame is made only with room for it in every list that it may be in: but for taking one, nothing here needs memory.
#pragma once

#include <phantomdb/storage/btree/frame.hpp>
#include <phantomdb/storage/btree/page_file.hpp>
#include <phantomdb/storage/btree/page_format.hpp>
#include <phantomdb/storage/btree/page_table.hpp>
#include <phantomdb/storage/btree/reader_epochs.hpp>
#include <phantomdb/storage/file_reads.hpp>
#include <phantomdb/storage/page_pool.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// Who asks for a frame.
enum class frame_use : std::uint8_t {
    reading,  ///< any thread, with a page of its own in mind
    writing,  ///< the writer, in the middle of a change
    at_rest,  ///< the writer, which holds no page
};

template <std::size_t PageBytes>
class page_cache {
public:
    static constexpr std::size_t least_frames = 64;

    page_cache(page_file& file, std::uint64_t budget_bytes)
        : file_(file), budget_(std::max<std::size_t>(least_frames, budget_bytes / PageBytes)) {}

    page_table& table() { return table_; }
    std::size_t budget_frames() const { return budget_; }

    /// Pages below `pages` may be used from now on.
    void reserve(std::uint64_t pages) {
        table_.reserve(pages);
        pages_.store(pages, std::memory_order_release);
    }
    std::uint64_t pages() const { return pages_.load(std::memory_order_acquire); }

    /// What was born up to version `number` does not change any more.
    void publish(std::uint64_t number) { published_.store(number, std::memory_order_release); }

    // ---- readers ----

    /// The page that `word` means, pinned; read where it is not there. Not to be called inside of an epoch.
    /// Throws data_corrupted, io_error.
    frame* load(std::uint64_t word, unsigned level, std::uint8_t heat) {
        std::uint32_t const page = page_of(word);
        std::lock_guard const one_reader(loading_[page % loading_.size()]);
        if (frame* const found = pin(page)) return found;
        frame* const fresh = take(frame_use::reading);
        try {
            read(word, level, fresh);
        } catch (...) {
            give_back(fresh);
            throw;
        }
        fresh->pins.store(1, std::memory_order_relaxed);
        fresh->heat.store(fresh->node()->level > 0 ? frame::inner_heat : heat, std::memory_order_relaxed);
        link(fresh, page);
        return fresh;
    }

    /// Pins a page that is there; nullptr where it is not.
    frame* pin(std::uint32_t page) {
        auto& slot = reader_epochs::mine();
        reader_epochs::enter(slot);
        frame* const found = table_.find(page);
        if (found != nullptr) found->pins.fetch_add(1, std::memory_order_acquire);
        reader_epochs::leave(slot);
        return found;
    }

    /// Reads the page that `word` means into `into`, which is in no table, and checks it.
    void read(std::uint64_t word, unsigned level, frame* into) {
        std::uint32_t const page = page_of(word);
        misses_.fetch_add(1, std::memory_order_relaxed);
        ++file_reads();
        // Not straight into the frame: where the page has its seal, the frame has what the clock looks at.
        alignas(64) std::array<char, PageBytes> bytes;
        std::size_t const size = file_.read(std::uint64_t{page} * PageBytes, bytes);
        std::string_view const fault =
            size < PageBytes ? "the file ends before it" : fault_of_page(bytes.data(), word, level, PageBytes, pages());
        if (!fault.empty()) throw damaged_page(file_.path(), page, PageBytes, fault);
        std::memcpy(static_cast<void*>(into->node()), bytes.data() + sizeof(frame), PageBytes - sizeof(frame));
    }

    // ---- frames ----

    /// An idle frame. Throws bad_alloc.
    frame* take(frame_use use) {
        std::unique_lock lock(mutex_);
        for (int patience = 100;;) {
            if (!idle_.empty()) return pop();
            if (frames_.size() < budget_) return grow();
            if (collect()) return pop();
            if (use == frame_use::writing) return grow();
            bool const more = leaving_.size() < eviction_batch() && evict(lock, use);
            if (!idle_.empty() || more) continue;
            if (leaving_.empty() || --patience == 0) return grow();
            lock.unlock();
            std::this_thread::yield();
            lock.lock();
        }
    }
    void give_back(frame* unused) noexcept {
        std::lock_guard const hold(mutex_);
        make_idle(unused);
    }
    /// Makes `holds` the one that has `page`; from then on readers find it.
    void link(frame* holds, std::uint32_t page) {
        holds->page = page;
        table_.set(page, holds);
        holds->state.store(frame::state_type::resident, std::memory_order_release);
    }

    // ---- the writer ----

    /// Takes page `page`, which no version sees any more, out of the table. True: its number may be used again, and `idle` is
    /// the frame it was in, or nullptr. False: somebody is writing it or holds it; its number will be in `released` later.
    bool unlink(std::uint32_t page, frame*& idle) noexcept {
        std::lock_guard const hold(mutex_);
        table_.set_clean(page);
        idle = table_.find(page);
        if (idle == nullptr) return true;
        table_.set(page, nullptr);
        if (idle->pins.load(std::memory_order_acquire) == 0) {
            idle->state.store(frame::state_type::idle, std::memory_order_relaxed);
            return true;
        }
        idle->state.store(frame::state_type::gone, std::memory_order_relaxed);
        gone_.push_back(std::exchange(idle, nullptr));
        has_gone_.store(true, std::memory_order_relaxed);
        return false;
    }
    /// Calls `visit` with the numbers that `unlink` did not give back and that may be used again now.
    template <class Visit>
    void released(Visit&& visit) {
        if (!has_gone_.load(std::memory_order_relaxed)) return;
        std::lock_guard const hold(mutex_);
        sweep_gone();
        for (std::uint32_t const page : released_) visit(page);
        released_.clear();
        has_gone_.store(!gone_.empty(), std::memory_order_relaxed);
    }
    /// Calls `visit` with the numbers that `unlink` did not give back and that may not be used yet.
    template <class Visit>
    void for_each_gone(Visit&& visit) {
        std::lock_guard const hold(mutex_);
        for (frame const* const f : gone_) {
            if (f->page != 0) visit(f->page);
        }
        for (std::uint32_t const page : released_) visit(page);
    }

    // ---- checkpoints ----

    /// Writes the pages below `end` that differ from the file and were born up to version `newest`. Throws as writing does;
    /// what has not been written stays so. `pace(bytes)` is called after each piece.
    template <class Pace>
    void write_dirty(std::uint32_t end, std::uint64_t newest, Pace&& pace) {
        std::vector<frame*> piece;
        piece.reserve(pages_at_once);
        auto const bytes = std::make_unique_for_overwrite<char[]>(pages_at_once * PageBytes);
        for (std::uint32_t page = 0;;) {
            piece.clear();
            {
                std::lock_guard const hold(mutex_);
                while (piece.size() < pages_at_once && (page = table_.next_dirty(page, end)) < end) {
                    frame* const f = table_.find(page++);
                    if (f == nullptr || f->node()->birth > newest) continue;
                    f->pins.fetch_add(1, std::memory_order_relaxed);
                    piece.push_back(f);
                }
            }
            if (piece.empty()) return;
            write_pinned(piece, bytes.get());
            pace(piece.size() * PageBytes);
        }
    }

    std::uint64_t memory_bytes() const { return allocated_.load(std::memory_order_relaxed) * PageBytes; }
    std::uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }

private:
    static constexpr std::size_t pages_at_once = 32;

    std::size_t eviction_batch() const { return std::clamp<std::size_t>(budget_ / 32, 4, 64); }

    frame* pop() {
        frame* const taken = idle_.back();
        idle_.pop_back();
        return taken;
    }
    frame* grow() {
        std::size_t const all = frames_.size() + 1;
        if (frames_.capacity() < all) {
            std::size_t const room = std::max<std::size_t>(2 * frames_.capacity(), least_frames);
            idle_.reserve(room);
            gone_.reserve(room);
            leaving_.reserve(room);
            released_.reserve(room);
            frames_.reserve(room);  // the last: it says that the others have it
        }
        auto* const made = ::new (pool_.take()) frame;
        frames_.push_back(made);
        allocated_.store(frames_.size(), std::memory_order_relaxed);
        return made;
    }
    void make_idle(frame* f) {
        f->page = 0;
        f->state.store(frame::state_type::idle, std::memory_order_relaxed);
        idle_.push_back(f);
    }

    /// Moves frames that nobody can look at any more to the idle ones. Whether there is one then.
    bool collect() {
        if (!leaving_.empty()) {
            std::uint64_t const oldest = reader_epochs::oldest();
            auto const first_left =
                std::find_if(leaving_.begin(), leaving_.end(), [&](frame const* f) { return f->left_at >= oldest; });
            for (auto at = leaving_.begin(); at != first_left; ++at) {
                frame* const f = *at;
                f->page = 0;
                if (f->pins.load(std::memory_order_acquire) == 0) {
                    make_idle(f);
                } else {
                    f->state.store(frame::state_type::gone, std::memory_order_relaxed);
                    gone_.push_back(f);
                }
            }
            leaving_.erase(leaving_.begin(), first_left);
        }
        sweep_gone();
        return !idle_.empty();
    }
    void sweep_gone() {
        std::erase_if(gone_, [&](frame* f) {
            if (f->pins.load(std::memory_order_acquire) != 0) return false;
            if (f->page != 0) {
                if (released_.size() == released_.capacity()) return false;  // waits for `released`
                released_.push_back(f->page);
            }
            make_idle(f);
            return true;
        });
        has_gone_.store(!gone_.empty() || !released_.empty(), std::memory_order_relaxed);
    }

    /// Lets cold frames leave; writes some of those that have to be written first. False: none can go.
    bool evict(std::unique_lock<std::mutex>& lock, frame_use use) {
        std::uint64_t const newest = use == frame_use::at_rest ? ~std::uint64_t{0} : published_.load();
        bool const may_write = !file_.is_poisoned() && !file_.is_failing();
        std::size_t const wanted = eviction_batch();
        std::vector<frame*> cold, unwritten;
        cold.reserve(wanted);
        unwritten.reserve(pages_at_once);
        for (std::size_t steps = frames_.size() * (frame::inner_heat + 1u); steps > 0 && cold.size() < wanted;
             --steps) {
            frame* const f = frames_[hand_++ % frames_.size()];
            if (f->state.load(std::memory_order_acquire) != frame::state_type::resident) continue;
            if (f->pins.load(std::memory_order_relaxed) != 0 || f->node()->birth > newest) continue;
            std::uint8_t const heat = f->heat.load(std::memory_order_relaxed);
            if (heat > 0) {
                f->heat.store(heat - 1, std::memory_order_relaxed);
            } else if (!table_.is_dirty(f->page)) {
                let_leave(f);
                cold.push_back(f);
            } else if (may_write && unwritten.size() < pages_at_once) {
                f->pins.fetch_add(1, std::memory_order_relaxed);
                unwritten.push_back(f);
                if (unwritten.size() == pages_at_once) break;
            }
        }
        if (!cold.empty()) {
            std::uint64_t const before = reader_epochs::advance();
            for (frame* const f : cold) f->left_at = before;
            leaving_.insert(leaving_.end(), cold.begin(), cold.end());
        }
        if (unwritten.empty()) return !cold.empty();
        lock.unlock();
        std::sort(unwritten.begin(), unwritten.end(), [](frame* a, frame* b) { return a->page < b->page; });
        std::unique_ptr<char[]> const bytes(new (std::nothrow) char[unwritten.size() * PageBytes]);
        bool written = bytes != nullptr;
        if (written) {
            try {
                write_pinned(unwritten, bytes.get());
            } catch (std::exception const&) {
                written = false;  // the file remembers why
            }
        } else {
            unpin(unwritten, false);
        }
        lock.lock();
        return written || !cold.empty();
    }
    void let_leave(frame* f) {
        table_.set(f->page, nullptr);
        f->state.store(frame::state_type::leaving, std::memory_order_relaxed);
    }

    /// Writes pinned pages, in the order of their numbers, by way of `bytes`, which has room for them; unpins them, and marks as
    /// clean those that are still there.
    void write_pinned(std::vector<frame*> const& piece, char* bytes) {
        std::size_t done = 0;
        try {
            while (done < piece.size()) {
                std::size_t n = 0;
                std::uint32_t const first = piece[done]->page;
                for (; done + n < piece.size() && piece[done + n]->page == first + n; ++n) {
                    seal_page(*piece[done + n], piece[done + n]->page, PageBytes, bytes + n * PageBytes);
                }
                file_.write(std::uint64_t{first} * PageBytes, {bytes, n * PageBytes});
                done += n;
            }
        } catch (...) {
            unpin(piece, false);
            throw;
        }
        unpin(piece, true);
    }

    void unpin(std::vector<frame*> const& piece, bool written) {
        std::lock_guard const hold(mutex_);
        for (frame* const f : piece) {
            if (written && f->state.load(std::memory_order_relaxed) == frame::state_type::resident) {
                table_.set_clean(f->page);
            }
            f->pins.fetch_sub(1, std::memory_order_release);
        }
    }

    page_file& file_;
    std::size_t const budget_;
    page_table table_;
    std::atomic<std::uint64_t> pages_{0};
    std::atomic<std::uint64_t> published_{0};
    std::atomic<std::uint64_t> misses_{0};
    std::atomic<std::uint64_t> allocated_{0};
    std::atomic<bool> has_gone_{false};
    std::array<std::mutex, 64> loading_;

    std::mutex mutex_;  // guards what follows, and what state frames are in
    page_pool<PageBytes> pool_;
    std::vector<frame*> frames_;
    std::vector<frame*> idle_;
    std::vector<frame*> leaving_;          // in the order of `left_at`
    std::vector<frame*> gone_;             // pinned by somebody
    std::vector<std::uint32_t> released_;  // numbers of pages that were in `gone_`
    std::size_t hand_ = 0;
};

}  // namespace phantomdb::storage
