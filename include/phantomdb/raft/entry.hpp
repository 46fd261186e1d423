/// @file Defines `entry` and what else outlives a process: `hard_state` and `image`.
#pragma once

#include <phantomdb/raft/membership.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::raft {

/// Bytes that never change: an entry is in the log, in messages to several peers and on its way to be applied at once, and
/// all of them share one copy. Copying is cheap and safe between threads.
class payload {
public:
    payload() = default;
    payload(std::string bytes) {
        if (!bytes.empty()) bytes_ = std::make_shared<std::string const>(std::move(bytes));
    }
    payload(char const* text) : payload(std::string(text)) {}

    std::string_view view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }
    std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
    bool empty() const { return bytes_ == nullptr; }

    friend bool operator==(payload const& a, payload const& b) { return a.bytes_ == b.bytes_ || a.view() == b.view(); }

private:
    std::shared_ptr<std::string const> bytes_;
};

enum class entry_kind : std::uint8_t {
    command,            ///< the host's; without bytes: what a new leader begins its term with
    member_change,      ///< a `membership_change` of one step
    membership_change,  ///< any; without bytes: leaves a joint membership
};

struct entry {
    term_number term = 0;
    log_index index = 0;
    entry_kind kind = entry_kind::command;
    payload data;

    entry_id id() const { return {term, index}; }
    friend bool operator==(entry const&, entry const&) = default;
};

/// What an entry takes on the wire and on disk, near enough: limits are counted in it.
inline std::uint64_t size_of(entry const& e) {
    auto const varint = [](std::uint64_t value) {
        std::uint64_t bytes = 1;
        for (; value >= 0x80; value >>= 7) ++bytes;
        return bytes;
    };
    std::uint64_t const data = e.data.empty() ? 0 : 1 + varint(e.data.size()) + e.data.size();
    return 4 + varint(e.term) + varint(e.index) + data;
}
inline std::uint64_t size_of(std::span<entry const> entries) {
    std::uint64_t bytes = 0;
    for (entry const& e : entries) bytes += size_of(e);
    return bytes;
}
/// The host's bytes alone.
inline std::uint64_t payload_size_of(std::span<entry const> entries) {
    std::uint64_t bytes = 0;
    for (entry const& e : entries) bytes += e.data.size();
    return bytes;
}

/// The longest beginning of `entries` of at most `bytes`; the first entry in any case.
inline std::span<entry const> limited(std::span<entry const> entries, std::uint64_t bytes) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        sum += size_of(entries[i]);
        if (i > 0 && sum > bytes) return entries.first(i);
    }
    return entries;
}

/// What a node must remember across a restart besides its log. All zero before the first term.
struct hard_state {
    term_number term = 0;
    node_id vote = nobody;
    log_index commit = 0;

    bool empty() const { return *this == hard_state{}; }
    friend bool operator==(hard_state const&, hard_state const&) = default;
};

/// Stands for the log up to `id.index`: the group's members and the host's state as of that entry. What `data` means is
/// between hosts: the state itself, or where to stream it from.
struct image {
    entry_id id;
    membership members;
    payload data;

    friend bool operator==(image const&, image const&) = default;
};
/// Images are shared, never changed.
using image_ref = std::shared_ptr<image const>;

}  // namespace phantomdb::raft
