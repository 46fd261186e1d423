/// @file Defines `page_file`, the file of a store as the page cache sees it: without the type of its environment, and with
/// the memory of what went wrong.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/env/environment.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace phantomdb::storage {

/// Any thread; what is written at one time does not overlap.
class page_file {
public:
    explicit page_file(std::string path) : path_(std::move(path)) {}
    page_file(page_file const&) = delete;
    page_file& operator=(page_file const&) = delete;
    virtual ~page_file() = default;

    std::string const& path() const { return path_; }

    std::size_t read(std::uint64_t offset, std::span<char> into) {
        std::size_t const size = do_read(offset, into);
        read_bytes.fetch_add(size, std::memory_order_relaxed);
        return size;
    }

    /// Throws disk_full or io_error, and remembers it until `recovered`. After a failed sync: writes nothing and throws.
    void write(std::uint64_t offset, std::string_view bytes) {
        require_unpoisoned();
        guarded([&] { do_write(offset, bytes); });
        written_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
    }

    /// After it has failed once, nothing is known about what the disk holds, and nothing is written any more.
    void sync() {
        require_unpoisoned();
        try {
            do_sync();
        } catch (std::exception const& e) {
            auto const* const known = dynamic_cast<error const*>(&e);
            lacked_room_.store(known != nullptr && known->code == errc::disk_full, std::memory_order_relaxed);
            poisoned_.store(true, std::memory_order_release);
            throw failed_sync();
        }
    }
    /// Giving back room is nothing that anybody waits for: where it fails, it throws, and that is forgotten.
    void truncate(std::uint64_t size) {
        require_unpoisoned();
        do_truncate(size);
    }
    virtual std::uint64_t size() = 0;
    virtual std::chrono::steady_clock::time_point now() = 0;

    bool is_poisoned() const { return poisoned_.load(std::memory_order_acquire); }
    /// Whether writing failed and has not been `recovered` yet.
    bool is_failing() const { return failing_.load(std::memory_order_acquire); }
    void recovered() {
        std::lock_guard const hold(mutex_);
        failing_.store(false, std::memory_order_release);
        failure_.reset();
    }
    /// Why new writes have to be refused.
    std::optional<error> refusal() const {
        if (is_poisoned()) {
            return failed_sync().with_hint(
                "Reading goes on. Open the database again; what was committed is in the log.");
        }
        if (!is_failing()) return std::nullopt;
        std::lock_guard const hold(mutex_);
        if (!is_failing()) return std::nullopt;
        return failure_ ? *failure_ : error(errc::io_error, "file \"" + path_ + "\" could not be written");
    }

    std::atomic<std::uint64_t> read_bytes{0}, written_bytes{0};

protected:
    virtual std::size_t do_read(std::uint64_t offset, std::span<char> into) = 0;
    virtual void do_write(std::uint64_t offset, std::string_view bytes) = 0;
    virtual void do_sync() = 0;
    virtual void do_truncate(std::uint64_t size) = 0;

private:
    /// With the code of what made it fail.
    error failed_sync() const {
        bool const full = lacked_room_.load(std::memory_order_relaxed);
        return error(full ? errc::disk_full : errc::io_error,
                     "file \"" + path_ + "\" could not be synced: what the disk holds is unknown");
    }
    void require_unpoisoned() const {
        if (is_poisoned()) throw failed_sync();
    }
    template <class Write>
    void guarded(Write&& write) {
        try {
            write();
        } catch (error const& e) {
            remember(e);
            throw;
        }
    }
    void remember(error const& e) {
        std::lock_guard const hold(mutex_);
        failing_.store(true, std::memory_order_release);
        failure_.reset();
        try {
            failure_ = e;
        } catch (std::bad_alloc const&) {  // that it fails is known; the words for it are not
        }
    }

    std::string path_;
    mutable std::mutex mutex_;
    std::optional<error> failure_;
    std::atomic<bool> failing_{false}, poisoned_{false}, lacked_room_{false};
};

/// A `page_file` in an environment.
template <env::environment Environment>
class environment_page_file final : public page_file {
public:
    environment_page_file(Environment& environment, std::string const& path, bool sync)
        : page_file(path),
          environment_(environment),
          file_(environment.open(path, env::open_mode::write)),
          sync_(sync) {}

    std::uint64_t size() override { return file_.size(); }
    std::chrono::steady_clock::time_point now() override { return environment_.steady_now(); }

private:
    std::size_t do_read(std::uint64_t offset, std::span<char> into) override { return file_.read_at(offset, into); }
    void do_write(std::uint64_t offset, std::string_view bytes) override { file_.write_at(offset, bytes); }
    void do_sync() override {
        if (sync_) file_.sync();
    }
    void do_truncate(std::uint64_t size) override { file_.truncate(size); }

    Environment& environment_;
    typename Environment::file_type file_;
    bool sync_;
};

}  // namespace phantomdb::storage
