/// @file Defines `sim::environment`, the model of `env::environment` in which everything that can go wrong does when told to.
///
///     sim::environment world;                                       // a machine of its own, with an empty disk
///     auto db = shard_type::open("db", options, world);             // copies share the machine
///     world.machine().add_fault(sim::fault::in(sim::call_kind::sync));
///     …
///     auto after = world.power_cut(seed);                           // another machine, with what the disk kept
///     auto again = shard_type::open("db", options, after);
#pragma once

#include <phantomdb/sim/machine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::sim {

/// An open file of a `machine`. Stays usable when its name is gone. Models `random_access_file`.
class file {
public:
    file(std::shared_ptr<machine> on, disk::node_pointer node, std::string path, bool writable)
        : machine_(std::move(on)), node_(std::move(node)), path_(std::move(path)), writable_(writable) {}

    std::size_t read_at(std::uint64_t offset, std::span<char> into) const {
        std::size_t got = 0;
        machine_->perform({0, call_kind::read, path_, offset, into.size()}, "read file", [&](disk&, bool failed) {
            if (!failed) got = node_->file->bytes().read(offset, into);
            return 0;
        });
        return got;
    }

    void write_at(std::uint64_t offset, std::string_view bytes) {
        machine_->perform({0, call_kind::write, path_, offset, bytes.size()}, "write to file", [&](disk&, bool failed) {
            if (!writable_) return EBADF;
            std::uint64_t const size = node_->file->bytes().size();
            std::uint64_t const end = offset + bytes.size();
            std::size_t const room = machine_->room_for(bytes.size(), end > size ? end - size : 0);
            std::size_t const written = failed ? std::min(room, machine_->part_of(bytes.size())) : room;
            node_->file->write(offset, bytes.substr(0, written));
            return room < bytes.size() ? ENOSPC : 0;
        });
    }

    void sync() {
        machine_->perform({0, call_kind::sync, path_, 0, 0}, "sync file", [&](disk&, bool failed) {
            if (failed) {
                node_->file->fail_sync(machine_->next_random());
            } else if (!machine_->options_in_call().sync_lies) {
                node_->file->sync();
            }
            return 0;
        });
    }

    std::uint64_t size() const {
        std::uint64_t size = 0;
        machine_->perform({0, call_kind::size, path_, 0, 0}, "find the size of file", [&](disk&, bool) {
            size = node_->file->bytes().size();
            return 0;
        });
        return size;
    }

    void truncate(std::uint64_t to) {
        machine_->perform({0, call_kind::truncate, path_, to, 0}, "truncate file", [&](disk&, bool failed) {
            if (!writable_) return EBADF;
            if (!failed) node_->file->resize(to);
            return 0;
        });
    }

private:
    std::shared_ptr<machine> machine_;
    disk::node_pointer node_;
    std::string path_;
    bool writable_;
};

/// A held lock file; released by its destructor, or by the end of its machine.
class file_lock {
public:
    file_lock(std::shared_ptr<machine> on, std::string path) : machine_(std::move(on)), path_(std::move(path)) {}
    file_lock(file_lock&&) noexcept = default;
    file_lock& operator=(file_lock&& other) noexcept {
        std::swap(machine_, other.machine_);
        std::swap(path_, other.path_);
        return *this;
    }
    ~file_lock() {
        if (machine_ == nullptr) return;
        std::lock_guard const hold(machine_->mutex());
        machine_->locks().erase(path_);
    }

private:
    std::shared_ptr<machine> machine_;
    std::string path_;
};

/// A process on a simulated machine. Copies are on the same machine. Models `env::environment`.
class environment {
public:
    using file_type = file;
    using lock_type = file_lock;

    environment() : environment(machine_options{}) {}
    explicit environment(machine_options options) : machine_(std::make_shared<sim::machine>(options)) {}

    sim::machine& machine() const { return *machine_; }

    /// Another machine, whose disk is what a loss of power now leaves of this one; `seed` chooses what. Seeds 0 to 3 are the
    /// extremes: nothing that was not synced, all of it, contents only, names only. Faults, locks and hooks are gone.
    environment power_cut(std::uint64_t seed) const { return environment(machine_->after_power_cut(seed), healthy()); }

    /// Another machine, on which the process was killed and started again: nothing written is lost, locks are.
    environment restarted() const { return environment(machine_->copy_of_disk(), healthy()); }

    // ---- env::environment ----

    file_type open(std::string const& path, env::open_mode mode) {
        disk::node_pointer node;
        char const* const to = mode == env::open_mode::read ? "open file" : "create file";
        machine_->perform({0, call_kind::open, path, 0, 0}, to, [&](disk& on, bool failed) {
            node = on.find_shared(path);
            if (node != nullptr && node->file == nullptr) return EISDIR;
            if (node == nullptr && mode == env::open_mode::read) return ENOENT;
            if (node == nullptr && !on.is_directory(disk::parent(path))) return ENOENT;
            if (failed) return 0;
            if (node == nullptr) {
                node = on.create_file(path);
            } else if (mode == env::open_mode::create) {
                node->file->resize(0);
            }
            return 0;
        });
        return {machine_, std::move(node), path, mode != env::open_mode::read};
    }

    bool exists(std::string const& path) {
        bool found = false;
        machine_->perform({0, call_kind::exists, path, 0, 0}, "look for", [&](disk& on, bool) {
            found = on.find(path) != nullptr || on.is_directory(path);
            return 0;
        });
        return found;
    }

    std::vector<std::string> list(std::string const& directory) {
        std::vector<std::string> names;
        machine_->perform({0, call_kind::list, directory, 0, 0}, "open directory", [&](disk& on, bool) {
            if (!on.is_directory(directory)) return ENOENT;
            names = on.list(directory == "." || directory == "/" ? std::string_view{} : directory);
            return 0;
        });
        return names;
    }

    void create_directory(std::string const& path) {
        if (path.empty() || exists_as_directory(path)) return;
        std::string const folder(disk::parent(path));
        create_directory(folder);
        machine_->perform({0, call_kind::create_directory, path, 0, 0}, "create directory", [&](disk& on, bool failed) {
            if (on.is_directory(path)) return 0;
            if (on.find(path) != nullptr) return EEXIST;
            if (!failed) on.create_directory(path);
            return 0;
        });
        sync_directory(folder);
    }

    void sync_directory(std::string const& path) {
        machine_->perform({0, call_kind::sync_directory, path, 0, 0}, "sync directory", [&](disk& on, bool failed) {
            if (!on.is_directory(path)) return ENOENT;
            if (failed || machine_->options_in_call().sync_directory_lies) return 0;
            on.sync_directory(path == "." || path == "/" ? std::string_view{} : path);
            return 0;
        });
    }

    void rename(std::string const& from, std::string const& to) {
        machine_->perform({0, call_kind::rename, from, 0, 0}, "rename file", [&](disk& on, bool failed) {
            disk::node const* const moved = on.find(from);
            if (moved == nullptr || !on.is_directory(disk::parent(to))) return ENOENT;
            if (moved->file == nullptr || on.is_directory(to)) return EISDIR;  // only files are renamed here
            if (!failed && from != to) on.rename(from, to);
            return 0;
        });
    }

    void remove(std::string const& path) {
        machine_->perform({0, call_kind::remove, path, 0, 0}, "remove file", [&](disk& on, bool failed) {
            disk::node const* const gone = on.find(path);
            if (gone == nullptr) return 0;
            if (gone->file == nullptr) return EISDIR;
            if (!failed) on.remove(path);
            return 0;
        });
    }

    lock_type lock(std::string const& path) {
        bool held = false;
        machine_->perform({0, call_kind::lock, path, 0, 0}, "create file", [&](disk& on, bool failed) {
            if (!on.is_directory(disk::parent(path))) return ENOENT;
            if (failed) return 0;
            held = !machine_->locks().insert(path).second;
            if (!held && on.find(path) == nullptr) on.create_file(path);
            return 0;
        });
        if (held) {
            throw error(errc::lock_file_exists, "lock file \"" + path + "\" is held by another process")
                .with_hint("Stop that process, or use another directory.");
        }
        return {machine_, path};
    }

    std::chrono::system_clock::time_point now() { return machine_->wall(); }
    std::chrono::steady_clock::time_point steady_now() {
        return std::chrono::steady_clock::time_point(
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(machine_->elapsed()));
    }
    void fill_random(std::span<char> bytes) { machine_->fill_random(bytes); }

private:
    bool exists_as_directory(std::string const& path) {
        std::lock_guard const hold(machine_->mutex());
        return machine_->disk_in_call().is_directory(path);
    }

    environment(disk on, machine_options options) : machine_(std::make_shared<sim::machine>(std::move(on), options)) {}

    machine_options healthy() const {
        machine_options options = machine_->options();
        options.seed = mix(options.seed, 1);
        return options;
    }

    std::shared_ptr<sim::machine> machine_;
};
static_assert(env::environment<environment>);

}  // namespace phantomdb::sim
