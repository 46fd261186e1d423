/// @file Defines the calls of a simulated machine, and the faults that befall them.
#pragma once

#include <phantomdb/base/error.hpp>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace phantomdb::sim {

/// What a program asks of the machine.
enum class call_kind : std::uint8_t {
    open,
    read,
    write,
    sync,
    size,
    truncate,
    exists,
    list,
    create_directory,
    sync_directory,
    rename,
    remove,
    lock,
};
inline constexpr unsigned call_kinds = 13;

inline std::string_view name_of(call_kind kind) {
    constexpr std::string_view names[call_kinds]{
        "open",           "read",   "write",  "sync", "size", "truncate", "exists", "list", "create_directory",
        "sync_directory", "rename", "remove", "lock"};
    return names[static_cast<unsigned>(kind)];
}

/// Whether it may change what is on the disk, or what will be there after a loss of power.
constexpr bool is_change(call_kind kind) {
    switch (kind) {
        case call_kind::read:
        case call_kind::size:
        case call_kind::exists:
        case call_kind::list: return false;
        default: return true;
    }
}

/// One call, as the trace keeps it.
struct call {
    std::uint64_t number = 0;  ///< from 1
    call_kind kind{};
    std::string path;
    std::uint64_t offset = 0;  ///< of `truncate`: the new size
    std::uint64_t size = 0;
    int failure = 0;  ///< errno, 0 where it went well

    friend bool operator==(call const&, call const&) = default;
};

/// Lets calls fail. Several may be in force; the first that fits decides.
struct fault {
    std::function<bool(call const&)> fits;  ///< empty: every call
    std::uint64_t before = 0;               ///< calls that fit and still go well
    std::uint64_t times = 1;                ///< how many fail then
    int reason = EIO;

    static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();

    /// The call with this number fails, or all from there on.
    static fault at(std::uint64_t number, std::uint64_t times = 1, int reason = EIO) {
        return {[number](call const& c) { return c.number >= number; }, 0, times, reason};
    }
    /// Calls of one kind fail, after `before` that go well.
    static fault in(call_kind kind, std::uint64_t before = 0, std::uint64_t times = 1, int reason = EIO) {
        return {[kind](call const& c) { return c.kind == kind; }, before, times, reason};
    }
};

}  // namespace phantomdb::sim
