/// @file Defines the concept `environment`: files, clocks and randomness as everything above sees them.
///
/// Nothing above this folder opens a file or asks for the time by itself, so that a model of this concept can stand in for the
/// machine: `posix` is the machine; tests have one in memory that fails when told to and can lose power.
/// Every failure is thrown as `error`: disk_full (53100) where space or quota ran out, io_error (58030) otherwise.
/// Paths are UTF-8 with '/' between names. Environments may be used from any thread; a file by one writer at a time.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::env {

/// How a file is opened. All are for reading and writing, except `read`.
enum class open_mode : std::uint8_t {
    read,    ///< must exist
    write,   ///< created where it does not exist
    create,  ///< made empty where it exists
};

/// An open file; closed by its destructor.
template <class F>
concept random_access_file = std::movable<F> && requires(F& file, F const& at, std::uint64_t offset,
                                                         std::span<char> into, std::string_view bytes) {
    /// Reads up to into.size() bytes; fewer only at the end of the file.
    { at.read_at(offset, into) } -> std::same_as<std::size_t>;
    /// Writes all of `bytes`, or throws with some prefix written.
    file.write_at(offset, bytes);
    /// Returns once everything written is durable (contents and size). After it has thrown nothing may be assumed.
    file.sync();
    { at.size() } -> std::same_as<std::uint64_t>;
    file.truncate(offset);
};

template <class E>
concept environment = requires(E& e, std::string const& path, open_mode mode, std::span<char> bytes) {
    typename E::file_type;
    typename E::lock_type;  ///< a held lock file; released by its destructor
    requires random_access_file<typename E::file_type>;

    { e.open(path, mode) } -> std::same_as<typename E::file_type>;
    { e.exists(path) } -> std::same_as<bool>;
    { e.list(path) } -> std::same_as<std::vector<std::string>>;  // names in a directory, sorted, without . and ..
    e.create_directory(path);  // with its parents, durably; nothing happens where it exists
    e.sync_directory(path);    // makes names created, renamed and removed in it durable
    e.rename(path, path);      // replaces the target
    e.remove(path);            // nothing happens where it does not exist
    /// Throws lock_file_exists, naming the process that holds it.
    { e.lock(path) } -> std::same_as<typename E::lock_type>;

    { e.now() } -> std::same_as<std::chrono::system_clock::time_point>;
    { e.steady_now() } -> std::same_as<std::chrono::steady_clock::time_point>;
    e.fill_random(bytes);  // fit for keys and salts
};

inline std::string join(std::string_view directory, std::string_view name) {
    std::string path(directory);
    if (!path.empty() && path.back() != '/') path += '/';
    return path.append(name);
}

/// The directory that `path` is in, as `sync_directory` takes it.
inline std::string parent(std::string_view path) {
    std::size_t const slash = path.find_last_of('/');
    if (slash == std::string_view::npos) return ".";
    return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

/// Creates `path` with its parents where it does not exist, and makes sure that its name is durable in any case: an earlier
/// attempt may have created it and failed then.
template <environment E>
void create_own_directory(E& environment, std::string const& path) {
    environment.create_directory(path);
    environment.sync_directory(parent(path));
}

}  // namespace phantomdb::env
