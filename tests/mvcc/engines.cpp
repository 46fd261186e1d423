#include <phantomdb/mvcc/shard.hpp>
#include <phantomdb/sim/environment.hpp>
#include <phantomdb/storage/database_store.hpp>

#include "support/catch.hpp"

#include <map>
#include <random>
#include <string>

using namespace phantomdb;
using namespace phantomdb::mvcc;

namespace {

using engines_shard =
    shard<storage::engines_of<sim::environment>, storage::local_log<sim::environment>, sim::environment>;
using codec::engine;

constexpr std::uint32_t table = 1000, other = 1001;

shard_options by_hand() {
    shard_options options;
    options.background = false;
    options.log.segment_bytes = 64'000;
    options.log.fill_ahead_bytes = 4096;
    options.store.cache_bytes = 1 << 20;
    options.store.write_buffer_bytes = 1 << 16;
    options.advice.least_rows = 500;
    return options;
}

std::string row(std::uint32_t object, int i) { return storage::object_prefix(object) + std::to_string(i); }

template <class Shard>
void set_engine(Shard& db, std::uint32_t object, engine where) {
    auto t = db.begin();
    t.put(codec::engine_record_key(object), codec::engine_record_value(where));
    t.commit();
}

template <class Shard>
void fill(Shard& db, std::uint32_t object, int from, int to, std::string const& value) {
    auto t = db.begin();
    for (int i = from; i < to; ++i) t.put(row(object, i), value);
    t.commit();
}

std::map<std::string, std::string> contents(engines_shard const& db, std::uint32_t object) {
    std::map<std::string, std::string> all;
    auto const view = db.view();
    auto scan = view.scan(storage::object_prefix(object), storage::object_end(object));
    storage::slice entry;
    while (scan.next(entry)) all.emplace(entry.key, entry.value);
    return all;
}

engine where(engines_shard const& db, std::uint32_t object) { return db.store().whereabouts()->where(object); }

}  // namespace

TEST_CASE("objects live in their engines, also after reopening") {
    sim::environment environment;
    for (bool checkpoint : {false, true}) {
        auto db = engines_shard::open("db", by_hand(), environment);
        if (!checkpoint) {
            set_engine(*db, table, engine::lsm);
            set_engine(*db, other, engine::hash);
            fill(*db, table, 0, 500, "table");
            fill(*db, other, 0, 500, "other");
            fill(*db, 7, 0, 500, "seven");
        }
        REQUIRE(where(*db, table) == engine::lsm);
        REQUIRE(where(*db, other) == engine::hash);
        REQUIRE(contents(*db, table).size() == (checkpoint ? 600 : 500));
        REQUIRE(contents(*db, other).size() == 500);
        REQUIRE(contents(*db, 7).size() == 500);
        db->checkpoint();
        fill(*db, table, 500, 600, "more");
        fill(*db, table, 500, 600, "table");
    }
    auto db = engines_shard::open("db", by_hand(), environment);
    REQUIRE(db->statistics().replayed == 2);
    REQUIRE(contents(*db, table).size() == 600);
    int findings = 0;
    db->checkpoint();
    db->verify({[&](storage::finding const&) { ++findings; }, {}});
    REQUIRE(findings == 0);
}

TEST_CASE("an object moves to every engine and back, and keeps its rows") {
    sim::environment environment;
    auto db = engines_shard::open("db", by_hand(), environment);
    fill(*db, table, 0, 2000, "a");
    fill(*db, other, 0, 10, "b");
    auto const before = contents(*db, table);
    for (engine target : {engine::lsm, engine::hash, engine::lsm, engine::btree}) {
        auto old_view = db->view();
        std::uint64_t last = 0, total = 0;
        db->move_object(table, target, [&](std::uint64_t done, std::uint64_t of) {
            REQUIRE(done >= last);
            last = done, total = of;
        });
        REQUIRE(last == total);
        REQUIRE(total >= 1000);
        REQUIRE(where(*db, table) == target);
        REQUIRE(contents(*db, table) == before);
        REQUIRE(old_view.get(row(table, 7)) == "a");
        old_view = {};
        db->move_object(table, target);  // where it is already
        if (target == engine::hash) db = nullptr, db = engines_shard::open("db", by_hand(), environment);
        REQUIRE(contents(*db, table) == before);
        REQUIRE(contents(*db, other).size() == 10);
    }
    REQUIRE(db->statistics().moves == 2);
    REQUIRE_FALSE(db->begin().get(codec::engine_record_key(table)));  // as for any object in the main engine
    db->move_object(table, engine::lsm);
    auto t = db->begin();
    t.erase(codec::engine_record_key(table));
    t.commit();
    REQUIRE(contents(*db, table).empty());
}

TEST_CASE("a hybrid object goes where its load would have it") {
    sim::environment environment;
    auto db = engines_shard::open("db", by_hand(), environment);
    set_engine(*db, table, engine::hybrid);
    REQUIRE(where(*db, table) == engine::btree);
    fill(*db, table, 0, 1000, "written");
    db->maintain();
    REQUIRE(where(*db, table) == engine::lsm);
    auto const rows = contents(*db, table);
    db->maintain();
    REQUIRE(where(*db, table) == engine::lsm);  // it has just moved
    environment.machine().advance(std::chrono::minutes(2));
    for (int i = 0; i < 3; ++i) REQUIRE(contents(*db, table) == rows);
    db->maintain();
    REQUIRE(where(*db, table) == engine::btree);
    REQUIRE(contents(*db, table) == rows);
    set_engine(*db, table, engine::hybrid);  // saying it again changes nothing
    REQUIRE(contents(*db, table) == rows);
}

TEST_CASE("a loss of power during a move keeps every row, wherever the object is then") {
    sim::environment environment;
    {
        auto db = engines_shard::open("db", by_hand(), environment);
        fill(*db, table, 0, 700, "a");
        fill(*db, other, 0, 10, "b");
        db->checkpoint();
        fill(*db, table, 600, 800, "c");
    }
    std::uint64_t calls = 0;
    {
        sim::environment world = environment.restarted();
        auto db = engines_shard::open("db", by_hand(), world);
        std::uint64_t const first = world.machine().calls();
        db->move_object(table, engine::lsm);
        calls = world.machine().calls() - first;
    }
    REQUIRE(calls > 10);
    auto const expected = [&] {
        sim::environment world = environment.restarted();
        return contents(*engines_shard::open("db", by_hand(), world), table);
    }();
    int moved = 0, stayed = 0;
    for (std::uint64_t stop = 0; stop <= calls; ++stop) {  // the last time nothing fails
        sim::environment world = environment.restarted();
        {
            auto db = engines_shard::open("db", by_hand(), world);
            world.machine().add_fault(sim::fault{{}, stop, sim::fault::for_ever});
            try {
                db->move_object(table, engine::lsm);
            } catch (error const& e) {
                REQUIRE(e.code == errc::io_error);
            }
        }
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
            sim::environment after = world.power_cut(seed);
            auto db = engines_shard::open("db", by_hand(), after);
            (where(*db, table) == engine::lsm ? moved : stayed)++;
            REQUIRE(contents(*db, table) == expected);
            REQUIRE(contents(*db, other).size() == 10);
            fill(*db, table, 0, 5, "d");
            db->move_object(table, engine::lsm);
            REQUIRE(contents(*db, table).size() == expected.size());
        }
    }
    REQUIRE(moved > 0);
    REQUIRE(stayed > 0);
}

TEST_CASE("reclaiming as a whole leaves in the LSM engine what lives, and nothing else") {
    sim::environment environment;
    shard_options options = by_hand();
    options.store.write_buffer_bytes = 1 << 20;
    auto db = engines_shard::open("db", options, environment);
    set_engine(*db, table, engine::lsm);
    std::mt19937_64 random(3);
    std::string value(200, '\0');  // not to be compressed
    auto const change = [&](int from, int to, bool erase) {
        auto t = db->begin();
        for (int i = from; i < to; ++i) {
            for (char& c : value) c = static_cast<char>(random());
            if (erase) t.erase(row(table, i));
            else t.put(row(table, i), value);
        }
        t.commit();
        db->checkpoint();
    };
    auto const bytes = [&] { return db->store_statistics().file_bytes; };
    change(0, 8000, false);
    db->reclaim(table, true, {});
    std::uint64_t const first = bytes();
    // Too little for a merge to be worth it by itself, so that VACUUM leaves it.
    change(0, 1500, false);
    change(1000, 2500, true);
    db->reclaim(table, false, {});
    std::uint64_t const before = bytes();
    CHECK(before > first);
    auto const kept = contents(*db, table);
    REQUIRE(kept.size() == 6500);

    // What the caller throws ends it; all is as it was.
    CHECK_THROWS_AS(
        db->reclaim(table, true, [](std::uint64_t, std::uint64_t) { throw error(errc::query_canceled, ""); }), error);
    CHECK(contents(*db, table) == kept);
    // An object in another engine has nothing to merge.
    db->reclaim(other, true, {});
    CHECK(bytes() == before);

    db->reclaim(table, true, {});
    CHECK(contents(*db, table) == kept);
    CHECK(bytes() < first - first / 8);
    CHECK(db->view().base().buried(table) == std::optional<std::uint64_t>(0));
    db.reset();
    CHECK(contents(*engines_shard::open("db", options, environment), table) == kept);
}
