#include <phantomdb/storage/hybrid/hybrid_store.hpp>
#include <phantomdb/storage/memory_store.hpp>

#include "../env/memory_environment.hpp"
#include "storage/ordered_store_laws.hpp"
#include "support/catch.hpp"

namespace phantomdb::storage {
namespace {

/// An engine that says it is in files, and is not.
class unfiled : public memory_store {
public:
    unfiled() = default;
    unfiled(test::memory_environment&, std::string const&, store_options const&) {}
    lsn_type checkpoint() { return applied(); }
    lsn_type checkpoint(std::function<void()> const& others) { return others(), applied(); }
};
using three_engines = hybrid_store<unfiled, unfiled, unfiled>;

void put_record(three_engines& store, std::uint32_t object, std::string const& value, lsn_type lsn) {
    write_batch batch;
    batch.put(codec::engine_record_key(object), value);
    store.apply(batch, lsn);
}
void set_engine(three_engines& store, std::uint32_t object, engine where, lsn_type lsn) {
    put_record(store, object, codec::engine_record_value(where), lsn);
}
std::string row(std::uint32_t object, std::string const& rest) { return object_prefix(object) + rest; }

std::string contents(three_engines::snapshot_type const& snapshot, std::uint32_t object) {
    std::string all;
    auto cursor = snapshot.cursor();
    std::string const end = object_end(object);
    for (cursor.seek(object_prefix(object)); cursor.valid() && cursor.key() < end; cursor.next())
        all += std::string(cursor.key().substr(4)) + "=" + std::string(cursor.value()) + " ";
    return all;
}

/// Objects of the laws' keys in three engines, so that every scan crosses from one into another.
class scattered : public three_engines {
public:
    scattered() : three_engines(environment(), "db", {}) {
        for (std::uint32_t low = 0; low < 256; low += 3) {
            set_engine(*this, low << 24 | 5 << 16, engine::lsm, 0);
            set_engine(*this, low << 24 | 6 << 16, engine::hash, 0);
        }
        set_engine(*this, object_of("long"), engine::hash, 0);
        set_engine(*this, object_of("aaaa"), engine::lsm, 0);
    }
    static test::memory_environment& environment() {
        static test::memory_environment one;
        return one;
    }
};
struct scattered_stage : laws::plain_stage<scattered> {
    /// The records of the engines are rows too.
    laws::reference holds_already() const {
        laws::reference records;
        auto const now = held.snapshot();
        auto cursor = now.cursor();
        for (cursor.seek(""); cursor.valid(); cursor.next())
            records[std::string(cursor.key())] = {std::string(cursor.value()), cursor.lsn()};
        return records;
    }
};

}  // namespace

TEST_CASE("hybrid_store without engines agrees with a map") { laws::agrees_with_a_map<three_engines>(11, 200'000); }

TEST_CASE("hybrid_store reads and writes each object in its engine") {
    test::memory_environment environment;
    three_engines store(environment, "db", {});
    set_engine(store, 7, engine::lsm, 1);
    set_engine(store, 9, engine::hash, 2);
    write_batch batch;
    for (std::uint32_t object = 5; object < 12; ++object) {
        batch.put(row(object, "a"), "1");
        batch.put(row(object, "b"), "2");
    }
    store.apply(batch, 3);
    auto const snapshot = store.snapshot();
    REQUIRE(snapshot.others()->lsm->count("", "") == 2);
    REQUIRE(snapshot.others()->hash->count("", "") == 2);
    for (std::uint32_t object = 5; object < 12; ++object) REQUIRE(contents(snapshot, object) == "a=1 b=2 ");
    REQUIRE(snapshot.count(row(5, ""), row(12, "")) == 14);

    std::vector<std::string> seen;
    auto cursor = snapshot.cursor();
    cursor.seek(row(5, ""));
    std::vector<slice> chunk(3);
    while (auto const n = cursor.next_chunk(chunk, row(11, "b"))) {
        for (std::size_t i = 0; i < n; ++i) seen.emplace_back(chunk[i].key);
    }
    REQUIRE(seen.size() == 13);
    REQUIRE(std::is_sorted(seen.begin(), seen.end()));
    cursor.seek_before("");
    std::vector<std::string> back;
    while (auto const n = cursor.prev_chunk(chunk, row(5, "b"))) {
        for (std::size_t i = 0; i < n; ++i) back.emplace_back(chunk[i].key);
    }
    std::reverse(back.begin(), back.end());
    REQUIRE(back.size() == 13);
    REQUIRE(back.front() == row(5, "b"));
    REQUIRE(std::is_sorted(back.begin(), back.end()));
}

TEST_CASE("hybrid_store agrees with a map over objects in three engines") {
    scattered_stage stage;
    laws::agrees_with_a_map(stage, 12, 300'000);
}

TEST_CASE("an object moves while it changes, and older snapshots read where it was") {
    test::memory_environment environment;
    three_engines store(environment, "db", {});
    lsn_type lsn = 0;
    write_batch rows;
    for (int i = 0; i < 1000; ++i) rows.put(row(5, std::to_string(i)), "old");
    store.apply(rows, ++lsn);
    route moving{5, engine::lsm, engine::btree, engine::lsm, nullptr};
    put_record(store, 5, encode_route(moving), ++lsn);
    auto const before = store.snapshot();
    REQUIRE(before.others()->known->where(5) == engine::btree);

    std::optional<std::string> next = object_prefix(5);
    for (int i = 0; next; ++i) {
        next = store.copy_piece(5, *next, 64);
        write_batch change;
        change.put(row(5, std::to_string(i * 37 % 1000)), "new");
        change.erase(row(5, std::to_string(i * 91 % 1000)));
        store.apply(change, ++lsn);
    }
    std::string const expected = contents(store.snapshot(), 5);
    route const moved{5, engine::lsm, engine::lsm, std::nullopt, nullptr};
    put_record(store, 5, encode_route(moved), ++lsn);
    auto const after = store.snapshot();
    REQUIRE(after.others()->known->where(5) == engine::lsm);
    REQUIRE(contents(after, 5) == expected);
    REQUIRE(contents(before, 5).find("new") == std::string::npos);
    REQUIRE(before.count(row(5, ""), row(6, "")) == 1000);

    write_batch drop;
    drop.erase(codec::engine_record_key(5));
    store.apply(drop, ++lsn);
    REQUIRE(contents(store.snapshot(), 5).empty());
    REQUIRE(contents(after, 5) == expected);
}

TEST_CASE("a move that was given up leaves nothing behind") {
    test::memory_environment environment;
    three_engines store(environment, "db", {});
    write_batch rows;
    rows.put(row(5, "a"), "1");
    store.apply(rows, 1);
    put_record(store, 5, encode_route({5, engine::hybrid, engine::btree, engine::lsm, nullptr}), 2);
    store.copy_piece(5, object_prefix(5), 64);
    REQUIRE(store.snapshot().others()->lsm->count("", "") == 0);  // not shown yet
    put_record(store, 5, encode_route({5, engine::hybrid, engine::btree, std::nullopt, nullptr}), 3);
    REQUIRE(store.snapshot().others()->lsm->count("", "") == 0);
    REQUIRE(contents(store.snapshot(), 5) == "a=1 ");
    set_engine(store, 5, engine::hybrid, 4);  // what DDL says again changes nothing
    REQUIRE(contents(store.snapshot(), 5) == "a=1 ");
    set_engine(store, 5, engine::lsm, 5);  // but another engine empties the object
    REQUIRE(contents(store.snapshot(), 5).empty());
}

TEST_CASE("a damaged engine record is refused") {
    REQUIRE_THROWS(decode_route(5, ""));
    REQUIRE_THROWS(decode_route(5, "\x09"));
    REQUIRE_THROWS(decode_route(5, std::string("\x01\x01", 2)));
    REQUIRE_THROWS(decode_route(5, std::string("\x03\x03\xff", 3)));
}

}  // namespace phantomdb::storage
