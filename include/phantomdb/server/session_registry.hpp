/// @file Defines `session_registry`, which finds a session by the key its client was given, to cancel it.
#pragma once

#include <phantomdb/sql/session.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace phantomdb::server {

/// The sessions of a server, at most `capacity`. Thread-safe.
class session_registry {
public:
    explicit session_registry(std::size_t capacity) : capacity_(capacity) {}

    /// A session's place; leaves with it. No cancel reaches the session after that.
    class membership {
    public:
        membership(session_registry& registry, sql::session& member, std::int32_t cancel_key)
            : registry_(registry), id_(member.id()) {
            std::lock_guard const lock(registry_.mutex_);
            registry_.members_[id_] = {&member, cancel_key};
        }
        ~membership() {
            std::lock_guard const lock(registry_.mutex_);
            registry_.members_.erase(id_);
        }
        membership(membership const&) = delete;
        membership& operator=(membership const&) = delete;

    private:
        session_registry& registry_;
        std::int32_t id_;
    };

    /// Whether another session may start; a started one counts through its membership.
    bool has_room() const {
        std::lock_guard const lock(mutex_);
        return members_.size() < capacity_;
    }

    std::size_t capacity() const { return capacity_; }

    /// Cancels what the session runs if the key is right. Silent otherwise, as the protocol wants.
    void cancel(std::int32_t id, std::int32_t cancel_key) {
        std::lock_guard const lock(mutex_);
        auto const found = members_.find(id);
        if (found != members_.end() && found->second.cancel_key == cancel_key) found->second.member->cancel();
    }

private:
    struct entry {
        sql::session* member = nullptr;
        std::int32_t cancel_key = 0;
    };

    std::size_t const capacity_;
    mutable std::mutex mutex_;
    std::unordered_map<std::int32_t, entry> members_;
};

}  // namespace phantomdb::server
