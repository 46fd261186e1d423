#include <phantomdb/mvcc/shard.hpp>
#include <phantomdb/sim/environment.hpp>
#include <phantomdb/storage/btree/btree_store.hpp>

#include "support/catch.hpp"

#include <map>
#include <random>

using namespace phantomdb;
using namespace phantomdb::mvcc;

namespace {

using simulated_shard =
    shard<storage::btree_store<sim::environment>, storage::local_log<sim::environment>, sim::environment>;
using tx = simulated_shard::transaction_type;

std::unique_ptr<simulated_shard> open_shard(sim::environment environment = {}) {
    shard_options options;
    options.background = false;
    return simulated_shard::open("db", options, environment);
}

template <class F>
sqlstate code_of(F&& f) {
    try {
        f();
    } catch (error const& e) {
        return e.code;
    }
    return {};
}

template <class Scan>
std::string keys_of(Scan scan) {
    std::string keys;
    storage::slice entry;
    while (scan.next(entry)) keys += std::string(entry.key) + "=" + std::string(entry.value) + " ";
    return keys;
}

void put(simulated_shard& db, std::string_view key, std::string_view value) {
    auto t = db.begin();
    t.put(key, value);
    t.commit();
}

}  // namespace

TEST_CASE("a transaction sees its own writes, others after the commit") {
    auto db = open_shard();
    auto a = db->begin();
    auto b = db->begin();
    a.put("k", "1");
    REQUIRE(a.get("k") == "1");
    REQUIRE_FALSE(b.get("k"));
    REQUIRE(a.commit() > 0);
    REQUIRE_FALSE(b.get("k"));  // the snapshot of the statement
    b.refresh_snapshot();
    REQUIRE(b.get("k") == "1");
    b.erase("k");
    REQUIRE_FALSE(b.get("k"));
    b.rollback();
    REQUIRE(db->view().get("k") == "1");
    REQUIRE(db->statistics().commits == 1);
    REQUIRE(db->statistics().rollbacks == 1);
}

TEST_CASE("a view is what the statement began with") {
    auto db = open_shard();
    put(*db, "a", "1");
    auto t = db->begin();
    t.put("b", "2");
    auto const view = t.view();
    auto scan = view.scan("", "");
    storage::slice entry;
    REQUIRE(scan.next(entry));
    t.put("aa", "3");
    t.erase("b");
    t.put("a", "4");
    REQUIRE(entry.value == "1");
    REQUIRE(scan.next(entry));
    REQUIRE(entry.key == "b");
    REQUIRE_FALSE(scan.next(entry));
    REQUIRE(view.get("a") == "1");
    REQUIRE(keys_of(t.view().scan("", "")) == "a=4 aa=3 ");
    REQUIRE(keys_of(t.view().scan_backward("", "")) == "aa=3 a=4 ");
}

TEST_CASE("scans merge own writes with the store, both ways, in chunks of any size") {
    auto db = open_shard();
    std::mt19937 random(5);
    for (int round = 0; round < 60; ++round) {
        std::map<std::string, std::string> expected;
        auto const key = [&] { return "k" + std::to_string(random() % 400); };
        {
            auto t = db->begin();
            storage::slice entry;
            for (auto scan = t.view().scan("", ""); scan.next(entry);) t.erase(entry.key);
            for (int i = 0; i < 150; ++i) {
                std::string const k = key();
                t.put(k, "base");
                expected[k] = "base";
            }
            t.commit();
        }
        auto t = db->begin();
        for (int i = static_cast<int>(random() % 100); i > 0; --i) {
            std::string const k = key();
            if (random() % 3 == 0) {
                t.erase(k);
                expected.erase(k);
            } else {
                t.put(k, "own");
                expected[k] = "own";
            }
        }
        std::string from = key();
        std::string to = random() % 4 == 0 ? "" : key();
        if (!to.empty() && to < from) std::swap(from, to);
        auto const begin = expected.lower_bound(from);
        auto const end = to.empty() ? expected.end() : expected.lower_bound(to);
        std::vector<storage::slice> out(1 + random() % 50);
        auto const view = t.view();
        std::vector<std::string> asked(100);
        for (std::string& k : asked) k = key();
        std::vector<std::string_view> const asked_views(asked.begin(), asked.end());
        std::vector<std::optional<storage::stored_value>> answers(asked.size());
        view.get_many(asked_views, answers);
        for (std::size_t i = 0; i < asked.size(); ++i) {
            auto const one = view.get(asked[i]);
            REQUIRE(answers[i].has_value() == one.has_value());
            if (one) REQUIRE(answers[i]->value == *one);
            REQUIRE(answers[i].has_value() == expected.contains(asked[i]));
        }
        auto at = begin;
        auto forward = view.scan(from, to);
        while (std::size_t const n = forward.next_chunk(out)) {
            for (std::size_t i = 0; i < n; ++i, ++at) {
                REQUIRE(at != end);
                REQUIRE((out[i].key == at->first && out[i].value == at->second));
            }
        }
        REQUIRE(at == end);
        at = begin;
        auto runs = view.scan(from, to);
        for (auto run = runs.next_run(); run.size() > 0; run = runs.next_run()) {
            for (storage::slice const one : run) {
                REQUIRE(at != end);
                REQUIRE((one.key == at->first && one.value == at->second));
                REQUIRE(run.back().key >= one.key);
                ++at;
            }
        }
        REQUIRE(at == end);
        auto backward = view.scan_backward(from, to);
        while (std::size_t const n = backward.next_chunk(out)) {
            for (std::size_t i = 0; i < n; ++i) {
                REQUIRE(at != begin);
                --at;
                REQUIRE((out[i].key == at->first && out[i].value == at->second));
            }
        }
        REQUIRE(at == begin);
        REQUIRE(forward.next_chunk(out) == 0);
    }
}

TEST_CASE("savepoints nest") {
    auto db = open_shard();
    auto t = db->begin();
    auto const before_all = t.savepoint();
    t.put("a", "1");
    auto const s1 = t.savepoint();
    t.put("b", "1");
    t.put("a", "2");
    auto const s2 = t.savepoint();
    t.erase("a");
    auto const view = t.view();
    t.rollback_to(s2);
    REQUIRE(t.get("a") == "2");
    REQUIRE_FALSE(view.get("a"));
    t.put("c", "1");
    t.rollback_to(s1);
    REQUIRE(keys_of(t.view().scan("", "")) == "a=1 ");
    t.put("d", "1");
    t.release(s1);
    REQUIRE(keys_of(t.view().scan("", "")) == "a=1 d=1 ");
    t.rollback_to(before_all);
    REQUIRE_FALSE(t.has_writes());
    t.put("e", "1");
    t.commit();
    REQUIRE(keys_of(db->view().scan("", "")) == "e=1 ");
}

TEST_CASE("READ COMMITTED restarts a statement that met a newer row") {
    auto db = open_shard();
    put(*db, "n", "1");
    auto a = db->begin();
    auto b = db->begin();
    a.lock_row("n");
    a.put("n", "2");
    a.commit();
    REQUIRE_THROWS_AS(b.lock_row("n"), statement_restart);
    b.refresh_snapshot();
    REQUIRE(b.lock_row("n"));
    REQUIRE(b.get("n") == "2");
    b.put("n", "3");
    b.lock_row("n");  // its own row now
    b.commit();
    REQUIRE(db->view().get("n") == "3");
}

TEST_CASE("REPEATABLE READ refuses to change what others have changed") {
    auto db = open_shard();
    put(*db, "n", "1");
    put(*db, "gone", "1");
    put(*db, "same", "1");
    auto t = db->begin(isolation::repeatable_read);
    put(*db, "n", "1");  // the same bytes, yet another version
    {
        auto eraser = db->begin();
        eraser.erase("gone");
        eraser.commit();
    }
    t.refresh_snapshot();
    REQUIRE(t.get("gone") == "1");
    REQUIRE(code_of([&] { t.lock_row("n"); }) == errc::serialization_failure);
    REQUIRE(code_of([&] { t.lock_row("gone"); }) == errc::serialization_failure);
    REQUIRE(t.lock_row("same"));
    REQUIRE(t.latest("gone") == std::nullopt);
    REQUIRE(t.latest("n") == "1");
}

TEST_CASE("SERIALIZABLE refuses write skew on keys and on spans") {
    auto db = open_shard();
    put(*db, "x", "1");
    put(*db, "y", "1");
    SECTION("keys") {
        auto a = db->begin(isolation::serializable);
        auto b = db->begin(isolation::serializable);
        a.get("x"), a.get("y"), b.get("x"), b.get("y");
        a.put("x", "0");
        b.put("y", "0");
        a.commit();
        REQUIRE(code_of([&] { b.commit(); }) == errc::serialization_failure);
        REQUIRE(db->statistics().serialization_failures == 1);
    }
    SECTION("phantoms") {
        auto a = db->begin(isolation::serializable);
        REQUIRE(keys_of(a.view().scan("p", "q")).empty());
        put(*db, "pp", "1");
        a.put("z", "1");
        REQUIRE(code_of([&] { a.commit(); }) == errc::serialization_failure);
    }
    SECTION("what was not read does not matter") {
        auto a = db->begin(isolation::serializable);
        storage::slice entry;
        auto scan = a.view().scan("", "");
        scan.next(entry);  // only x
        put(*db, "y", "2");
        a.put("z", "1");
        a.commit();
    }
    SECTION("a read-only transaction never fails") {
        auto a = db->begin(isolation::serializable);
        a.get("x");
        put(*db, "x", "2");
        REQUIRE(a.commit() == 0);
    }
    SECTION("many keys read are remembered as a span") {
        auto a = db->begin(isolation::serializable);
        for (int i = 0; i < 40'000; ++i) a.get("m" + std::to_string(i));
        put(*db, "m77", "1");
        a.put("z", "1");
        REQUIRE(code_of([&] { a.commit(); }) == errc::serialization_failure);
    }
}

TEST_CASE("a read-only transaction does not write") {
    auto db = open_shard();
    transaction_options options;
    options.read_only = true;
    auto t = db->begin(options);
    REQUIRE(code_of([&] { t.put("k", "v"); }) == errc::read_only_sql_transaction);
    t.commit();
}

TEST_CASE("a transaction that goes out of scope gives its locks back") {
    auto db = open_shard();
    {
        auto t = db->begin();
        t.lock("k");
        auto moved = std::move(t);
        REQUIRE(moved.is_active());
        REQUIRE_FALSE(t.is_active());  // NOLINT: says what moving leaves
    }
    REQUIRE(db->statistics().locked_keys == 0);
}

TEST_CASE("a commit that the disk refuses leaves nothing behind") {
    sim::environment environment;
    auto db = open_shard(environment);
    put(*db, "a", "1");
    environment.machine().set_capacity(environment.machine().used());
    auto t = db->begin();
    t.put("big", std::string(2'000'000, 'x'));
    t.lock("k");
    REQUIRE(code_of([&] { t.commit(); }) == errc::disk_full);
    REQUIRE_FALSE(t.is_active());
    REQUIRE_FALSE(db->view().get("big"));
    REQUIRE(db->statistics().locked_keys == 0);
    environment.machine().set_capacity(~std::uint64_t{0});
    put(*db, "b", "1");
    db.reset();
    db = open_shard(environment);
    REQUIRE(keys_of(db->view().scan("", "")) == "a=1 b=1 ");
}
