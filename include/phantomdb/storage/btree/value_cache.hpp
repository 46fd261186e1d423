/// @file Defines `value_cache`: values that are too large for a page, in buffers of their own, and their pages in the file.
///
/// A buffer has as many pins as there are holders; the cache is one of them. What has been changed stays until it is written;
/// of the rest the least recently used goes, or, where somebody holds it, is freed with the last pin.
#pragma once

#include <phantomdb/base/config.hpp>
#include <phantomdb/storage/btree/page_file.hpp>
#include <phantomdb/storage/btree/page_format.hpp>
#include <phantomdb/storage/btree/space_map.hpp>
#include <phantomdb/storage/file_reads.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace phantomdb::storage {

/// A value in memory.
struct value_buffer : pinned_bytes {
    std::uint64_t birth = 0;
    std::uint32_t first_page = 0;
    std::uint32_t size = 0;
    bool is_dirty = false;  ///< the file does not have it yet
    bool is_freed = false;  ///< nobody needs it any more, but for who writes it
    unsigned writers = 0;   ///< threads that are writing it just now
    std::list<value_buffer*>::iterator place{};

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    std::string_view value() { return {bytes(), size}; }

    /// With one pin. Throws bad_alloc.
    static value_buffer* make(std::uint32_t size) {
        void* const memory = std::malloc(sizeof(value_buffer) + size);
        if (memory == nullptr) throw std::bad_alloc();
        auto* const made = ::new (memory) value_buffer;
        made->size = size;
        made->pins.store(1, std::memory_order_relaxed);
        made->on_unpinned = [](pinned_bytes* last) {
            auto* const buffer = static_cast<value_buffer*>(last);
            buffer->~value_buffer();
            std::free(buffer);
        };
        return made;
    }
};

/// Thread-safe.
class value_cache {
public:
    value_cache(page_file& file, std::size_t page_bytes, std::uint64_t budget_bytes)
        : file_(file), page_bytes_(page_bytes), budget_(budget_bytes) {}
    value_cache(value_cache const&) = delete;
    value_cache& operator=(value_cache const&) = delete;
    ~value_cache() {
        for (value_buffer* const buffer : by_use_) byte_pin::adopt(buffer).reset();
    }

    /// Takes over a new value that is to be at `made->first_page`, with its pin; where memory runs out, it does not.
    void add(value_buffer* made) {
        std::unique_lock lock(mutex_);
        insert(made);
        made->is_dirty = true;
        dirty_bytes_ += made->size;
        if (dirty_bytes_ <= budget_ / 2 || file_.is_failing() || file_.is_poisoned()) return;
        try {
            write_some(lock, ~std::uint64_t{0}, [](std::size_t) {});
        } catch (
            std::
                exception const&) {  // the file remembers why; where it is memory that lacks, the next value tries again
        }
        shrink();
    }

    /// The value that `reference` means, kept in place by `hold`. Throws data_corrupted, io_error, bad_alloc.
    std::string_view get(value_reference const& reference, byte_pin& hold) {
        auto const page = static_cast<std::uint32_t>(reference.place);
        {
            std::lock_guard const lock(mutex_);
            if (value_buffer* const found = find(page)) return use(*found, hold);
        }
        byte_pin fresh = read(reference, page);
        std::lock_guard const lock(mutex_);
        if (value_buffer* const found = find(page)) return use(*found, hold);  // somebody was faster
        auto* const buffer = static_cast<value_buffer*>(fresh.get());
        insert(buffer);
        (void)fresh.release();
        std::string_view const value = use(*buffer, hold);
        shrink();
        return value;
    }

    /// No version sees the value at `page` any more. False: it is being written, and its pages will be in `released` later.
    bool drop(std::uint32_t page) noexcept {
        std::lock_guard const lock(mutex_);
        value_buffer* const found = find(page);
        if (found == nullptr) return true;
        bool const at_once = found->writers == 0;
        if (!at_once) {
            found->is_freed = true;
            unready_.push_back({page, pages_for(found->size, page_bytes_)});
        }
        remove(*found);
        return at_once;
    }
    /// Calls `visit(first, count)` with the runs that `drop` did not give back and that may be used again now.
    template <class Visit>
    void released(Visit&& visit) {
        std::lock_guard const lock(mutex_);
        for (auto const& [page, count] : released_) visit(page, count);
        released_.clear();
    }
    /// The same with all of them, which stay.
    template <class Visit>
    void for_each_dropped(Visit&& visit) {
        std::lock_guard const lock(mutex_);
        for (auto const& [page, count] : released_) visit(page, count);
        for (auto const& [page, count] : unready_) visit(page, count);
    }

    /// Writes what was born up to version `newest` and is not in the file. Throws as writing does.
    template <class Pace>
    void write_dirty(std::uint64_t newest, Pace&& pace) {
        std::unique_lock lock(mutex_);
        write_some(lock, newest, pace);
        shrink();
    }

    std::uint64_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }

private:
    value_buffer* find(std::uint32_t page) {
        auto const at = by_page_.find(page);
        return at == by_page_.end() ? nullptr : at->second;
    }
    std::string_view use(value_buffer& found, byte_pin& hold) {
        by_use_.splice(by_use_.begin(), by_use_, found.place);
        hold = byte_pin(found);
        return found.value();
    }
    void insert(value_buffer* made) {
        made->place = by_use_.insert(by_use_.begin(), made);
        try {
            by_page_[made->first_page] = made;
        } catch (...) {
            by_use_.erase(made->place);
            throw;
        }
        bytes_.fetch_add(made->size, std::memory_order_relaxed);
    }
    void remove(value_buffer& found) {
        by_page_.erase(found.first_page);
        by_use_.erase(found.place);
        bytes_.fetch_sub(found.size, std::memory_order_relaxed);
        if (found.is_dirty) dirty_bytes_ -= found.size;
        byte_pin::adopt(&found).reset();
    }
    void shrink() {
        for (auto at = by_use_.end(); memory_bytes() > budget_ && at != by_use_.begin();) {
            value_buffer& last = **--at;
            if (last.is_dirty || last.writers != 0) continue;
            ++at;
            remove(last);
        }
    }

    byte_pin read(value_reference const& reference, std::uint32_t page) {
        byte_pin fresh = byte_pin::adopt(value_buffer::make(reference.size));
        auto& buffer = *static_cast<value_buffer*>(fresh.get());
        buffer.first_page = page;
        buffer.birth = reference.birth;
        ++file_reads();
        std::size_t const size = file_.read(std::uint64_t{page} * page_bytes_, {buffer.bytes(), buffer.size});
        if (size < buffer.size) throw damaged_page(file_.path(), page, page_bytes_, "the file ends within a value");
        if (codec::crc32c(buffer.value()) != reference.checksum) {
            throw damaged_page(file_.path(), page, page_bytes_, "the checksum of a value is wrong");
        }
        return fresh;
    }

    template <class Pace>
    void write_some(std::unique_lock<std::mutex>& lock, std::uint64_t newest, Pace&& pace) {
        auto const is_chosen = [&](value_buffer const* buffer) { return buffer->is_dirty && buffer->birth <= newest; };
        std::size_t const chosen = static_cast<std::size_t>(std::count_if(by_use_.begin(), by_use_.end(), is_chosen));
        std::vector<value_buffer*> unwritten;
        unwritten.reserve(chosen);
        // Whatever of it is dropped meanwhile is listed, which must not need memory.
        being_written_ += chosen;
        try {
            unready_.reserve(unready_.size() + being_written_);
            released_.reserve(released_.size() + unready_.size() + being_written_);
        } catch (...) {
            being_written_ -= chosen;
            throw;
        }
        for (value_buffer* const buffer : by_use_) {
            // Also what another thread is writing: it has to be there when this call returns.
            if (is_chosen(buffer)) {
                ++buffer->writers;
                buffer->pins.fetch_add(1, std::memory_order_relaxed);
                unwritten.push_back(buffer);
            }
        }
        std::size_t done = 0;
        auto const finish = [&](value_buffer& buffer, bool written) {
            --buffer.writers;
            --being_written_;
            if (buffer.is_freed) {
                if (buffer.writers == 0) {
                    auto const run = std::find_if(unready_.begin(), unready_.end(),
                                                  [&](page_run const& r) { return r.first == buffer.first_page; });
                    released_.push_back(*run);
                    unready_.erase(run);
                }
            } else if (written && buffer.is_dirty) {
                buffer.is_dirty = false;
                dirty_bytes_ -= buffer.size;
            }
            byte_pin::adopt(&buffer).reset();
        };
        lock.unlock();
        try {
            for (; done < unwritten.size(); ++done) {
                value_buffer& buffer = *unwritten[done];
                for (std::size_t at = 0; at < buffer.size; at += bytes_at_once) {
                    std::string_view const part = buffer.value().substr(at, bytes_at_once);
                    file_.write(std::uint64_t{buffer.first_page} * page_bytes_ + at, part);
                    pace(part.size());
                }
                fill_last_page(buffer);
                lock.lock();
                finish(buffer, true);
                lock.unlock();
            }
        } catch (...) {
            lock.lock();
            for (; done < unwritten.size(); ++done) finish(*unwritten[done], false);
            throw;
        }
        lock.lock();
    }
    void fill_last_page(value_buffer const& buffer) {
        std::size_t const rest = (page_bytes_ - buffer.size % page_bytes_) % page_bytes_;
        if (rest == 0) return;
        std::string const zeros(rest, '\0');
        file_.write(std::uint64_t{buffer.first_page} * page_bytes_ + buffer.size, zeros);
    }

    static constexpr std::size_t bytes_at_once = std::size_t{1} << 20;

    page_file& file_;
    std::size_t const page_bytes_;
    std::uint64_t const budget_;
    std::atomic<std::uint64_t> bytes_{0};

    std::mutex mutex_;  // guards what follows
    std::uint64_t dirty_bytes_ = 0;
    std::size_t being_written_ = 0;  // by how many threads, summed over all values
    std::unordered_map<std::uint32_t, value_buffer*> by_page_;
    std::list<value_buffer*> by_use_;           // last used first
    std::vector<page_run> unready_, released_;  // not used any more: still being written, or not
};

}  // namespace phantomdb::storage
