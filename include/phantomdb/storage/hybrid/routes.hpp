/// @file Defines `routes`: which engine holds which object, and the records in the store that say so.
///
/// An object (a table, an index) is all keys that begin with its four-byte id. Where it lives is itself a row of the main
/// engine (codec/engine.hpp), so that it changes in log order, is durable with the data, and is the same on every replica.
/// What DDL writes is one byte, the engine that was asked for; a store that moves an object adds where it is:
///
///     value    u8 engine asked for · (nothing, or) u8 engine that holds it · u8 engine it is being moved to, or 0xff
///
/// Objects without a record are in the main engine.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/engine.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::storage {

using codec::engine;

/// The number that the first four bytes of `key` are; shorter keys belong to object 0.
inline std::uint32_t object_of(std::string_view key) {
    if (key.size() < 4) return 0;
    auto const byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(key[i])}; };
    return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

inline std::string object_prefix(std::uint32_t object) {
    return {static_cast<char>(object >> 24), static_cast<char>(object >> 16), static_cast<char>(object >> 8),
            static_cast<char>(object)};
}

/// The first key behind those of `object`; empty where there is none.
inline std::string object_end(std::uint32_t object) {
    return object == 0xffff'ffffu ? std::string() : object_prefix(object + 1);
}

/// What has been done to an object since it was opened. Counted with relaxed atomics: roughly, and at next to no cost.
struct object_load {
    std::atomic<std::uint64_t> rows_written{0};
    std::atomic<std::uint64_t> rows_read{0};
    std::atomic<std::uint64_t> spans_read{0};
};

/// Where one object is.
struct route {
    std::uint32_t object = 0;
    engine asked_for = engine::btree;
    engine where = engine::btree;  ///< never `hybrid`
    std::optional<engine> moving_to{};
    std::shared_ptr<object_load> load{};
};

/// The value of an engine record that also says where the object is.
inline std::string encode_route(route const& r) {
    return {static_cast<char>(r.asked_for), static_cast<char>(r.where),
            r.moving_to ? static_cast<char>(*r.moving_to) : '\xff'};
}

/// The route of `object` that `value` says; throws data_corrupted.
inline route decode_route(std::uint32_t object, std::string_view value) {
    engine const asked_for = codec::engine_of_record(value);
    route made{object, asked_for, asked_for == engine::hybrid ? engine::btree : asked_for, std::nullopt, nullptr};
    if (value.size() == 1) return made;
    bool sound = value.size() == 3;
    if (sound) made.where = codec::engine_of_record(value.substr(1));
    if (sound && value[2] != '\xff') made.moving_to = codec::engine_of_record(value.substr(2));
    if (!sound || made.where == engine::hybrid || made.moving_to == engine::hybrid) {
        throw error(errc::data_corrupted, "the engine record of object " + std::to_string(object) + " is damaged");
    }
    return made;
}

/// All objects with a record, by id. A value: each change makes a new one.
class routes {
public:
    route const* find(std::uint32_t object) const {
        auto const at = place(object);
        return at != all_.end() && at->object == object ? &*at : nullptr;
    }
    engine where(std::uint32_t object) const {
        route const* const found = find(object);
        return found != nullptr ? found->where : engine::btree;
    }
    /// The first object at or above `object` that is not in the main engine; null: there is none.
    route const* next_elsewhere(std::uint32_t object) const {
        auto at = place(object);
        while (at != all_.end() && at->where == engine::btree) ++at;
        return at != all_.end() ? &*at : nullptr;
    }
    /// The last such object at or below `object`.
    route const* last_elsewhere(std::uint32_t object) const {
        for (auto at = std::upper_bound(all_.begin(), all_.end(), object,
                                        [](std::uint32_t id, route const& r) { return id < r.object; });
             at != all_.begin();) {
            if ((--at)->where != engine::btree) return &*at;
        }
        return nullptr;
    }

    void set(route r) {
        auto const at = place(r.object);
        if (at != all_.end() && at->object == r.object) {
            if (r.load == nullptr) r.load = at->load;
            all_[static_cast<std::size_t>(at - all_.begin())] = std::move(r);
        } else {
            if (r.load == nullptr) r.load = std::make_shared<object_load>();
            all_.insert(at, std::move(r));
        }
    }
    void erase(std::uint32_t object) {
        std::erase_if(all_, [&](route const& r) { return r.object == object; });
    }

    bool empty() const { return all_.empty(); }
    std::vector<route> const& all() const { return all_; }

private:
    std::vector<route>::const_iterator place(std::uint32_t object) const {
        return std::lower_bound(all_.begin(), all_.end(), object,
                                [](route const& r, std::uint32_t id) { return r.object < id; });
    }

    std::vector<route> all_;
};

}  // namespace phantomdb::storage
