/// @file Defines `walks`: random walks of the stores beside `std::map`, as long as one likes, on simulated disks.
#pragma once

#include <phantomdb/codec/hash64.hpp>
#include <phantomdb/sim/environment.hpp>
#include <phantomdb/storage/database_store.hpp>
#include <phantomdb/storage/memory_store.hpp>

#include "storage/ordered_store_laws.hpp"
#include "storage/persistent_stage.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::torture {

namespace laws = storage::laws;

using walk_progress = std::function<void(std::size_t done)>;

/// Little memory, so that all a store does it does often.
inline storage::store_options scarce_memory() {
    storage::store_options options;
    options.cache_bytes = 4 << 20;
    options.write_buffer_bytes = 1 << 20;
    return options;
}

/// A store in files that is checkpointed, tidied up and opened again now and then.
template <class Store>
class walking_stage : public laws::persistent_stage<Store, sim::environment> {
public:
    explicit walking_stage(walk_progress const& told)
        : laws::persistent_stage<Store, sim::environment>(sim::environment(), scarce_memory(), 40, 400), told_(told) {}
    void progress(std::size_t done) {
        if (told_) told_(done);
    }

private:
    walk_progress told_;
};

struct memory_stage : laws::plain_stage<storage::memory_store> {
    walk_progress told;
    explicit memory_stage(walk_progress t) : told(std::move(t)) {}
    void progress(std::size_t done) {
        if (told) told(done);
    }
};

struct lsm_stage : walking_stage<storage::lsm_store<sim::environment>> {
    using walking_stage::walking_stage;
    static constexpr bool rough_count = true;
};

/// Keys as a hash index has them.
struct hash_stage : walking_stage<storage::hash_store<sim::environment>> {
    using walking_stage::walking_stage;
    static std::string key(std::string const& any) {
        std::string hashed;
        for (std::uint64_t h = codec::hash64(any), i = 0; i < 8; ++i, h >>= 8) hashed += static_cast<char>(h & 255);
        return hashed + any;
    }
};

/// Objects in three engines, so that every scan crosses from one into another.
class hybrid_stage : public walking_stage<storage::engines_of<sim::environment>> {
public:
    static constexpr bool rough_count = true;  // one of its engines counts so

    explicit hybrid_stage(walk_progress const& told) : walking_stage(told) {
        storage::write_batch routes;
        auto const keep = [&](std::uint32_t object, codec::engine where) {
            routes.put(codec::engine_record_key(object), codec::engine_record_value(where));
        };
        for (std::uint32_t low = 0; low < 256; low += 3) {
            keep(low << 24 | 5 << 16, codec::engine::lsm);
            keep(low << 24 | 6 << 16, codec::engine::hash);
        }
        keep(object_of("long"), codec::engine::hash);
        keep(object_of("aaaa"), codec::engine::lsm);
        keep(object_of("1234"), codec::engine::lsm);
        store().apply(routes, 1);
        checkpoint();
    }
    /// The records of the engines are rows too.
    laws::reference holds_already() {
        laws::reference records;
        auto const now = store().snapshot();
        auto cursor = now.cursor();
        for (cursor.seek(""); cursor.valid(); cursor.next())
            records[std::string(cursor.key())] = {std::string(cursor.value()), cursor.lsn()};
        return records;
    }

private:
    static std::uint32_t object_of(std::string_view key) {
        std::uint32_t object = 0;
        for (char const byte : key.substr(0, 4)) object = object << 8 | static_cast<unsigned char>(byte);
        return object;
    }
};

struct walk {
    std::string store;
    /// Throws `laws::broken_law`, or what the store throws.
    std::function<void(std::uint64_t seed, std::size_t operations, walk_progress const&)> take;
};

template <class Stage>
walk walk_of(std::string store) {
    return {std::move(store), [](std::uint64_t seed, std::size_t operations, walk_progress const& progress) {
                Stage stage(progress);
                laws::agrees_with_a_map(stage, seed, operations);
            }};
}

/// One for each model of `ordered_store`.
inline std::vector<walk> walks() {
    return {walk_of<memory_stage>("memory"), walk_of<walking_stage<storage::btree_store<sim::environment>>>("btree"),
            walk_of<lsm_stage>("lsm"), walk_of<hash_stage>("hash"), walk_of<hybrid_stage>("hybrid")};
}

}  // namespace phantomdb::torture
