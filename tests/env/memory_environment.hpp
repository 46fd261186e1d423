/// @file Defines `memory_environment`, an environment in memory that fails when told to and can lose power.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/env/environment.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::test {

/// What the disk knows. Shared by an environment and its files; survives `lose_power`.
class memory_disk {
public:
    struct node {
        std::string now;      ///< as a reader sees it
        std::string durable;  ///< as it is sure to be after a loss of power
    };
    /// A call that shall fail: the one after `calls_before` more of its kind.
    struct fault {
        std::string kind;  ///< "write", "sync", "open", "rename", "list" …; empty: any
        int calls_before = 0;
        sqlstate code = errc::io_error;
        bool sticky = false;  ///< also all calls after it
    };

    std::mutex mutex;
    std::map<std::string, std::shared_ptr<node>> names, durable_names;
    std::set<std::string> locks;
    std::optional<fault> next_fault;
    std::uint64_t capacity = ~std::uint64_t{0};  ///< bytes all files may have together
    std::uint64_t calls = 0;

    /// Called by every operation, with the mutex held.
    void enter(std::string const& kind) {
        ++calls;
        if (!next_fault || (!next_fault->kind.empty() && next_fault->kind != kind)) return;
        if (next_fault->calls_before-- > 0) return;
        error failure(next_fault->code, "injected fault in " + kind);
        if (next_fault->sticky) {
            next_fault->calls_before = 0;
        } else {
            next_fault.reset();
        }
        throw failure;
    }

    std::uint64_t used() const {
        std::uint64_t bytes = 0;
        for (auto const& [name, file] : names) bytes += file->now.size();
        return bytes;
    }

    /// Forgets what was not synced, but for random sectors of 512 bytes that happened to be written, and random names.
    void lose_power(std::uint64_t seed) {
        std::mt19937_64 random(seed);
        std::lock_guard const hold(mutex);
        auto survivors = durable_names;
        for (auto const& [name, file] : names) {
            if (!survivors.contains(name) && random() % 2 == 0) survivors[name] = file;
        }
        names = survivors;
        for (auto& [name, file] : names) {
            std::string after = file->durable;
            if (file->now.size() != after.size() && random() % 2 == 0) after.resize(file->now.size(), '\0');
            for (std::size_t at = 0; at < std::min(after.size(), file->now.size()); at += 512) {
                if (random() % 2 != 0) continue;
                std::size_t const size = std::min<std::size_t>(512, std::min(after.size(), file->now.size()) - at);
                after.replace(at, size, file->now, at, size);
            }
            file->now = file->durable = after;
        }
        durable_names = names;
        locks.clear();
        next_fault.reset();
    }
};

class memory_file {
public:
    memory_file(std::shared_ptr<memory_disk> disk, std::shared_ptr<memory_disk::node> node)
        : disk_(std::move(disk)), node_(std::move(node)) {}

    std::size_t read_at(std::uint64_t offset, std::span<char> into) const {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("read");
        if (offset >= node_->now.size()) return 0;
        return node_->now.copy(into.data(), into.size(), offset);
    }
    void write_at(std::uint64_t offset, std::string_view bytes) {
        std::lock_guard const hold(disk_->mutex);
        std::size_t fits = bytes.size();
        std::uint64_t const end = offset + bytes.size();
        std::uint64_t const growth = end > node_->now.size() ? end - node_->now.size() : 0;
        std::uint64_t const used = disk_->used();
        bool const full = used + growth > disk_->capacity;
        if (full) fits -= std::min<std::uint64_t>(fits, used + growth - disk_->capacity);
        std::optional<error> failure;
        try {
            disk_->enter("write");
        } catch (error const& e) {
            failure = e;
            fits /= 2;  // a short write
        }
        if (offset + fits > node_->now.size()) node_->now.resize(offset + fits, '\0');
        node_->now.replace(offset, fits, bytes.substr(0, fits));
        if (failure) throw *failure;
        if (full) throw error(errc::disk_full, "the disk in memory is full");
    }
    void sync() {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("sync");
        node_->durable = node_->now;
    }
    std::uint64_t size() const {
        std::lock_guard const hold(disk_->mutex);
        return node_->now.size();
    }
    void truncate(std::uint64_t size) {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("truncate");
        node_->now.resize(size, '\0');
    }

private:
    std::shared_ptr<memory_disk> disk_;
    std::shared_ptr<memory_disk::node> node_;
};

/// Releases a lock of a `memory_disk`.
class memory_lock {
public:
    memory_lock(std::shared_ptr<memory_disk> disk, std::string path) : disk_(std::move(disk)), path_(std::move(path)) {}
    memory_lock(memory_lock&&) = default;
    memory_lock& operator=(memory_lock&&) = default;
    ~memory_lock() {
        if (disk_ == nullptr) return;
        std::lock_guard const hold(disk_->mutex);
        disk_->locks.erase(path_);
    }

private:
    std::shared_ptr<memory_disk> disk_;
    std::string path_;
};

/// Models `environment`. Copies share the disk.
class memory_environment {
public:
    using file_type = memory_file;
    using lock_type = memory_lock;

    memory_disk& disk() { return *disk_; }

    file_type open(std::string const& path, env::open_mode mode) {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("open");
        auto const at = disk_->names.find(path);
        if (at != disk_->names.end()) {
            if (mode == env::open_mode::create) at->second->now.clear();
            return {disk_, at->second};
        }
        if (mode == env::open_mode::read) throw error(errc::io_error, "no such file: " + path);
        return {disk_, disk_->names[path] = std::make_shared<memory_disk::node>()};
    }
    bool exists(std::string const& path) {
        std::lock_guard const hold(disk_->mutex);
        return disk_->names.contains(path);
    }
    std::vector<std::string> list(std::string const& directory) {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("list");
        std::vector<std::string> found;
        for (auto const& [name, file] : disk_->names) {
            std::string const prefix = directory + "/";
            if (!name.starts_with(prefix)) continue;
            std::string entry = name.substr(prefix.size(), name.find('/', prefix.size()) - prefix.size());
            if (found.empty() || found.back() != entry) found.push_back(std::move(entry));
        }
        return found;
    }
    void create_directory(std::string const&) {}
    void sync_directory(std::string const& directory) {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("sync_directory");
        auto const inside = [&](auto const& entry) { return entry.first.starts_with(directory + "/"); };
        std::erase_if(disk_->durable_names, inside);
        for (auto const& entry : disk_->names) {
            if (inside(entry)) disk_->durable_names.insert(entry);
        }
    }
    void rename(std::string const& from, std::string const& to) {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("rename");
        auto const at = disk_->names.find(from);
        if (at == disk_->names.end()) throw error(errc::io_error, "no such file: " + from);
        auto const file = at->second;
        disk_->names.erase(at);
        disk_->names[to] = file;
    }
    void remove(std::string const& path) {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("remove");
        disk_->names.erase(path);
    }
    lock_type lock(std::string const& path) {
        std::lock_guard const hold(disk_->mutex);
        disk_->enter("lock");
        if (!disk_->locks.insert(path).second) throw error(errc::lock_file_exists, "locked: " + path);
        return {disk_, path};
    }
    std::chrono::system_clock::time_point now() { return std::chrono::system_clock::time_point{}; }
    std::chrono::steady_clock::time_point steady_now() { return std::chrono::steady_clock::time_point{}; }
    void fill_random(std::span<char> bytes) { std::fill(bytes.begin(), bytes.end(), '\x2a'); }

private:
    std::shared_ptr<memory_disk> disk_ = std::make_shared<memory_disk>();
};
static_assert(env::environment<memory_environment>);

}  // namespace phantomdb::test
