/// @file Defines `background_event`: what a shard tells of its work in the background, where nobody waits for an answer.
#pragma once

#include <phantomdb/base/error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace phantomdb::mvcc {

enum class background_task : std::uint8_t {
    checkpoint,
    log_sync,     ///< of commits that did not wait for it
    maintenance,  ///< of the store: merging, and moving what it would rather have elsewhere
    engine_move,  ///< giving up, at opening, a move that a crash has interrupted
};

constexpr std::string_view name_of(background_task task) {
    switch (task) {
        case background_task::checkpoint: return "checkpoint";
        case background_task::log_sync: return "log sync";
        case background_task::maintenance: return "maintenance";
        case background_task::engine_move: return "engine move";
    }
    return "";
}

/// A failure, each time it happens; or, without one, that a task which had failed works again.
struct background_event {
    background_task task;
    std::optional<error> failure;
    std::chrono::milliseconds next_try{};  ///< zero: not before the database is opened again
    bool writes_refused = false;           ///< until the task succeeds
};

using background_listener = std::function<void(background_event const&)>;

}  // namespace phantomdb::mvcc
