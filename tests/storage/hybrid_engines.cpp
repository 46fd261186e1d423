/// @file The engines of a `hybrid_store` in files: what one of them has lost of a move is noticed, even where its log position does
/// not tell.
#include <phantomdb/sim/environment.hpp>
#include <phantomdb/storage/database_store.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace phantomdb::storage {
namespace {

using store_type = engines_of<sim::environment>;

store_options small() {
    store_options options;
    options.write_buffer_bytes = 8192;
    return options;
}

std::string newest_manifest(sim::environment const& world) {
    std::string newest;
    for (std::string const& path : world.machine().files()) {
        if (path.starts_with("db/lsm/manifest-")) newest = std::max(newest, path);
    }
    return newest;
}

void record(store_type& store, route const& r, lsn_type lsn) {
    write_batch batch;
    batch.put(codec::engine_record_key(r.object), encode_route(r));
    store.apply(batch, lsn);
}

/// Object 5 with 500 rows has just moved; its last record, which only a log would keep, is not there.
sim::environment moved_to(engine target) {
    sim::environment world;
    store_type store(world, "db", small());
    write_batch rows;
    for (int i = 0; i < 500; ++i) rows.put(object_prefix(5) + std::to_string(i), std::string(100, 'v'));
    store.apply(rows, 1);
    record(store, {5, engine::btree, engine::btree, target, nullptr}, 2);
    store.checkpoint();
    // All at one LSN, and with states of the engine in between.
    for (std::optional<std::string> next = object_prefix(5); next;) {
        next = store.copy_piece(5, *next, 64);
        while (store.maintain()) {
        }
    }
    store.make_durable(target);
    return world;
}

bool is_refused(sim::environment world) {
    try {
        store_type const store(world, "db", small());
        return false;
    } catch (error const& e) {
        CHECK(e.code == errc::data_corrupted);
        return true;
    }
}

}  // namespace

TEST_CASE("what was moved is there after a restart and after a loss of power") {
    for (engine const target : {engine::lsm, engine::hash}) {
        sim::environment const world = moved_to(target);
        for (sim::environment again : {world.restarted(), world.power_cut(0)}) {
            store_type store(again, "db", small());
            record(store, {5, engine::btree, target, std::nullopt, nullptr}, 3);
            CHECK(store.snapshot().count(object_prefix(5), object_prefix(6)) == 500);
        }
    }
}

TEST_CASE("an engine that has lost the last of a move is refused") {
    sim::environment const world = moved_to(engine::lsm);
    CHECK_FALSE(is_refused(world.restarted()));
    sim::environment const damaged = world.restarted();
    std::string const manifest = newest_manifest(damaged);
    damaged.machine().flip_bit(manifest, 8 * (damaged.machine().contents(manifest).size() / 2));
    CHECK(is_refused(damaged));
}

TEST_CASE("a damaged note of what engines have had is refused") {
    sim::environment const world = moved_to(engine::lsm);
    std::uint64_t const bits = 8 * world.machine().contents("db/engines").size();
    REQUIRE(bits == 8 * 28);
    for (std::uint64_t bit = 0; bit < bits; bit += 5) {
        sim::environment const damaged = world.restarted();
        damaged.machine().flip_bit("db/engines", bit);
        CHECK(is_refused(damaged));
    }
}

}  // namespace phantomdb::storage
