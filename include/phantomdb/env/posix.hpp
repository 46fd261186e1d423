/// @file Defines `posix`, the environment that is the machine.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/env/environment.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace phantomdb::env {

/// The error for `errno` after an attempt `to` do something to `path`: could not <to> "<path>": <reason>.
[[noreturn]] inline void throw_system_error(std::string_view to, std::string_view path, int reason = errno) {
    std::string message =
        "could not " + std::string(to) + " \"" + std::string(path) + "\": " + std::generic_category().message(reason);
    if (reason == ENOSPC || reason == EDQUOT) {
        throw error(errc::disk_full, std::move(message))
            .with_hint("Free space on the disk. Reading goes on meanwhile, and writing once there is space again.");
    }
    throw error(errc::io_error, std::move(message));
}

/// An open file descriptor and the name it was opened under. Models `random_access_file`.
class posix_file {
public:
    posix_file(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    posix_file(posix_file&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
    posix_file& operator=(posix_file&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        std::swap(path_, other.path_);
        return *this;
    }
    ~posix_file() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    std::size_t read_at(std::uint64_t offset, std::span<char> into) const {
        std::size_t done = 0;
        while (done < into.size()) {
            ssize_t const n = ::pread(descriptor_, into.data() + done, std::min(into.size() - done, most_at_once),
                                      static_cast<off_t>(offset + done));
            if (n == 0) break;
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw_system_error("read file", path_);
            done += static_cast<std::size_t>(n);
        }
        return done;
    }

    void write_at(std::uint64_t offset, std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t const n =
                ::pwrite(descriptor_, bytes.data(), std::min(bytes.size(), most_at_once), static_cast<off_t>(offset));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) throw_system_error("write to file", path_, n == 0 ? ENOSPC : errno);
            bytes.remove_prefix(static_cast<std::size_t>(n));
            offset += static_cast<std::uint64_t>(n);
        }
    }

    void sync() {
#if defined(__APPLE__)
        if (::fcntl(descriptor_, F_FULLFSYNC) != 0) throw_system_error("sync file", path_);
#else
        if (::fdatasync(descriptor_) != 0) throw_system_error("sync file", path_);
#endif
    }

    std::uint64_t size() const {
        struct stat facts{};
        if (::fstat(descriptor_, &facts) != 0) throw_system_error("find the size of file", path_);
        return static_cast<std::uint64_t>(facts.st_size);
    }

    void truncate(std::uint64_t size) {
        if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) throw_system_error("truncate file", path_);
    }

private:
    static constexpr std::size_t most_at_once = std::size_t{1} << 30;

    int descriptor_;
    std::string path_;
};

/// The machine. Without state: make as many as you like. Models `environment`.
class posix {
public:
    using file_type = posix_file;
    using lock_type = posix_file;

    file_type open(std::string const& path, open_mode mode) {
        int flags = O_CLOEXEC;
        switch (mode) {
            case open_mode::read: flags |= O_RDONLY; break;
            case open_mode::write: flags |= O_RDWR | O_CREAT; break;
            case open_mode::create: flags |= O_RDWR | O_CREAT | O_TRUNC; break;
        }
        int const descriptor = ::open(path.c_str(), flags, 0600);
        if (descriptor < 0) throw_system_error(mode == open_mode::read ? "open file" : "create file", path);
        return {descriptor, path};
    }

    bool exists(std::string const& path) {
        if (::access(path.c_str(), F_OK) == 0) return true;
        if (errno != ENOENT && errno != ENOTDIR) throw_system_error("look for", path);
        return false;
    }

    std::vector<std::string> list(std::string const& directory) {
        DIR* const open = ::opendir(directory.c_str());
        if (open == nullptr) throw_system_error("open directory", directory);
        std::vector<std::string> names;
        errno = 0;
        while (dirent const* entry = ::readdir(open)) {
            std::string_view const name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
        }
        int const reason = errno;
        ::closedir(open);
        if (reason != 0) throw_system_error("read directory", directory, reason);
        std::sort(names.begin(), names.end());
        return names;
    }

    void create_directory(std::string const& path) {
        if (path.empty() || is_directory(path)) return;
        std::size_t const slash = path.find_last_of('/');
        if (slash != std::string::npos) create_directory(path.substr(0, slash));
        if (::mkdir(path.c_str(), 0700) != 0) {
            if (errno == EEXIST && is_directory(path)) return;
            throw_system_error("create directory", path, errno == EEXIST ? ENOTDIR : errno);
        }
        // Without its name in the folder above, everything in it would be lost with the power.
        sync_directory(parent(path));
    }

    void sync_directory(std::string const& path) {
        int const descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0 && errno == EACCES) return ::sync();  // one we may write to and not read
        if (descriptor < 0) throw_system_error("open directory", path);
        posix_file const closes(descriptor, path);
        // EINVAL: a file system whose directories cannot be synced.
        if (::fsync(descriptor) != 0 && errno != EINVAL) throw_system_error("sync directory", path);
    }

    void rename(std::string const& from, std::string const& to) {
        if (::rename(from.c_str(), to.c_str()) != 0) throw_system_error("rename file", from);
    }

    void remove(std::string const& path) {
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_system_error("remove file", path);
    }

    /// Creates `path` with the process id in it and locks it, against this process too.
    lock_type lock(std::string const& path) {
        int const descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor < 0) throw_system_error("create file", path);
        posix_file held(descriptor, path);
        if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) throw_system_error("lock file", path);
            char holder[32]{};
            std::size_t size = held.read_at(0, holder);
            while (size > 0 && (holder[size - 1] < '0' || holder[size - 1] > '9')) --size;
            throw error(errc::lock_file_exists, "lock file \"" + path + "\" is held by another process")
                .with_detail("It is held by process " + std::string(holder, size) + ".")
                .with_hint("Stop that process, or use another directory.");
        }
        std::string const id = std::to_string(::getpid()) + "\n";
        held.truncate(0);
        held.write_at(0, id);
        return held;
    }

    std::chrono::system_clock::time_point now() { return std::chrono::system_clock::now(); }
    std::chrono::steady_clock::time_point steady_now() { return std::chrono::steady_clock::now(); }

    void fill_random(std::span<char> bytes) {
        while (!bytes.empty()) {
            ssize_t const n = ::getrandom(bytes.data(), bytes.size(), 0);
            if (n < 0 && errno != EINTR) throw_system_error("get random bytes from", "getrandom");
            if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
    }

private:
    static bool is_directory(std::string const& path) {
        struct stat facts{};
        return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
    }
};
static_assert(environment<posix>);

}  // namespace phantomdb::env
