#include "lsm_harness.hpp"

#include <deque>
#include <memory>
#include <thread>

using namespace phantomdb;
using namespace phantomdb::storage;
using namespace phantomdb::test;

namespace {

/// Where a run is a block or two, what its index says of a count is rough; the laws want a factor of two.
struct roughly_counted : memory_lsm::snapshot_type {
    using base = memory_lsm::snapshot_type;
    explicit roughly_counted(base of) : base(std::move(of)) {}
    std::uint64_t count(std::string_view from, std::string_view to) const {
        std::uint64_t exact = 0;
        auto cursor = base::cursor();
        for (cursor.seek(from); cursor.valid() && (to.empty() || cursor.key() < to); cursor.next()) ++exact;
        std::uint64_t const estimate = base::count(from, to);
        REQUIRE(estimate <= exact * 4 + 200);
        REQUIRE(exact <= estimate * 4 + 200);
        return exact;
    }
};

/// The store as the laws want it: made without arguments, and busy with itself in between.
template <std::uint64_t WriteBuffer, std::uint64_t Cache, class Snapshot = memory_lsm::snapshot_type>
class lawful {
public:
    using snapshot_type = Snapshot;
    using cursor_type = memory_lsm::cursor_type;

    lawful() : store_(*environment_, "store", tiny(WriteBuffer, Cache)) {}
    void apply(write_batch const& batch, lsn_type lsn) {
        store_.apply(batch, lsn);
        if (random_() % 3 == 0) store_.maintain();
        if (random_() % 40 == 0) store_.checkpoint();
    }
    lsn_type applied() const { return store_.applied(); }
    snapshot_type snapshot() const { return snapshot_type(store_.snapshot()); }
    ~lawful() {
        store_.checkpoint();
        while (store_.maintain()) {
        }
        store_.verify({[](finding const& f) { FAIL(f.file << " at " << f.offset << ": " << f.what); }, {}});
        REQUIRE(store_.statistics().compactions > 0);
        REQUIRE(store_.statistics().old_version_bytes == 0);
    }

private:
    std::unique_ptr<memory_environment> environment_ = std::make_unique<memory_environment>();
    memory_lsm store_;
    std::mt19937_64 random_{42};
};

using lawful_store = lawful<256 * 1024, 1024 * 1024>;
using tiny_lawful_store = lawful<20 * 1024, 64 * 1024, roughly_counted>;

}  // namespace

TEST_CASE("lsm_store agrees with a map over a million operations") {
    laws::agrees_with_a_map<lawful_store>(1, 1'000'000);
}

TEST_CASE("lsm_store agrees with a map where everything is tiny") {
    for (std::uint64_t seed = 2; seed < 6; ++seed) laws::agrees_with_a_map<tiny_lawful_store>(seed, 30'000);
}

TEST_CASE("lsm_store shows whole batches to other threads") {
    laws::readers_see_whole_batches<tiny_lawful_store>(1500);
}

TEST_CASE("readers, a checkpoint thread and a maintenance thread beside the writer") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny(16 * 1024, 32 * 1024));
    constexpr int keys = 400;
    std::atomic<bool> stop{false};
    std::atomic<int> torn{0}, reads{0};
    auto const apply = [&](std::uint64_t number) {
        write_batch batch;
        if (number % 50 == 0) batch.erase_span(numbered_key(100), numbered_key(300));
        for (int k = 0; k < keys; ++k) {
            std::uint64_t const n = static_cast<std::uint64_t>(k) * 7919 % 1000;
            batch.put(numbered_key(n), std::to_string(number) + std::string(number % 60, '.'));
        }
        store.apply(batch, number);
    };
    apply(1);
    std::vector<std::thread> threads;
    for (int r = 0; r < 2; ++r) {
        threads.emplace_back([&, r] {
            std::mt19937_64 random(static_cast<std::uint64_t>(r));
            while (!stop) {
                auto const snapshot = store.snapshot();
                std::string const expected = std::to_string(snapshot.lsn()) + std::string(snapshot.lsn() % 60, '.');
                auto cursor = snapshot.cursor();
                int seen = 0;
                slice out[37];
                cursor.seek("");
                while (std::size_t const n = cursor.next_chunk(out, "")) {
                    for (std::size_t i = 0; i < n; ++i) torn += out[i].value != expected;
                    seen += static_cast<int>(n);
                }
                torn += seen != keys;
                for (int i = 0; i < 20; ++i) {
                    auto const found = snapshot.get(numbered_key(random() % 400 * 7919 % 1000));
                    torn += !found || found->value != expected;
                }
                ++reads;
            }
        });
    }
    threads.emplace_back([&] {
        while (!stop) {
            store.checkpoint();
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    });
    threads.emplace_back([&] {
        while (!stop) {
            if (!store.maintain()) std::this_thread::yield();
            static_cast<void>(store.statistics());
        }
    });
    for (std::uint64_t number = 2; number <= 400 || reads < 20 || store.statistics().compactions == 0; ++number)
        apply(number);
    stop = true;
    for (auto& thread : threads) thread.join();
    REQUIRE(torn == 0);
}

TEST_CASE("snapshots stay as they are while everything under them is merged away") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    twin reference(11);
    struct held {
        memory_lsm::snapshot_type snapshot;
        laws::reference expected;
        std::optional<stored_value> value;  ///< outlives the snapshot it came from
        std::string key;
    };
    std::deque<held> kept;
    for (int round = 0; round < 600; ++round) {
        write_batch const batch = reference.next();
        store.apply(batch, reference.lsn);
        if (round % 5 == 0) store.maintain();
        if (round % 40 != 0 || reference.expected.empty()) continue;
        std::string const key = reference.expected.lower_bound(reference.source.key()) == reference.expected.end()
                                    ? reference.expected.begin()->first
                                    : reference.expected.rbegin()->first;
        held h{store.snapshot(), reference.expected, store.snapshot().get(key), key};
        kept.push_back(std::move(h));
        if (kept.size() > 5) {
            laws::check_equal(kept.front().snapshot, kept.front().expected);
            kept.pop_front();
        }
    }
    store.checkpoint();
    maintain_all(store);
    REQUIRE(store.statistics().old_version_bytes > 0);
    for (held const& h : kept) {
        laws::check_equal(h.snapshot, h.expected);
        REQUIRE(h.value);
        REQUIRE(h.value->value == h.expected.at(h.key).first);
    }
    std::vector<std::pair<stored_value, std::string>> values;
    for (held& h : kept) values.emplace_back(*h.value, h.expected.at(h.key).first);
    kept.clear();
    maintain_all(store);
    for (auto const& [value, expected] : values) REQUIRE(value.value == expected);
    values.clear();
    maintain_all(store);
    REQUIRE(store.statistics().old_version_bytes == 0);
    std::set<std::string> runs;
    for (std::string const& name : environment.list("store")) {
        if (name.starts_with("run-")) runs.insert(name);
    }
    REQUIRE(runs.size() < 40);
    laws::check_equal(store.snapshot(), reference.expected);
}

TEST_CASE("one batch may put, erase and erase spans of the same keys") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    write_batch first;
    for (std::uint64_t n = 0; n < 100; ++n) first.put(numbered_key(n), "old");
    store.apply(first, 1);
    write_batch second;
    second.put(numbered_key(10), "a");
    second.put(numbered_key(20), "b");
    second.erase_span(numbered_key(5), numbered_key(30));
    second.put(numbered_key(20), "c");
    second.put(numbered_key(20), "d");
    second.put(numbered_key(21), "e");
    second.erase(numbered_key(21));
    second.erase_span(numbered_key(50), "");
    second.put(numbered_key(70), "f");
    auto const before = store.snapshot();
    store.apply(second, 2);
    auto const check = [&] {
        auto const snapshot = store.snapshot();
        laws::reference expected;
        for (std::uint64_t n = 0; n < 50; ++n) {
            if (n < 5 || n >= 30) expected[numbered_key(n)] = {"old", 1};
        }
        expected[numbered_key(20)] = {"d", 2};
        expected[numbered_key(70)] = {"f", 2};
        laws::check_equal(snapshot, expected);
        for (std::uint64_t n = 0; n < 100; ++n) {
            auto const found = snapshot.get(numbered_key(n));
            REQUIRE(found.has_value() == expected.contains(numbered_key(n)));
        }
        REQUIRE(before.count("", "") == 100);
    };
    check();
    store.checkpoint();
    check();
    maintain_all(store);
    check();
}

TEST_CASE("an ingested table goes to the last level, and reads like any other") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    std::vector<std::pair<std::string, std::string>> table;
    laws::reference expected;
    for (std::uint64_t n = 0; n < 20'000; ++n) {
        table.emplace_back(numbered_key(1'000'000 + n), std::string(20, static_cast<char>('a' + n % 20)));
        expected[table.back().first] = {table.back().second, 5};
    }
    write_batch batch;
    for (std::uint64_t n = 0; n < 100; ++n) {
        batch.put(numbered_key(n), "small");
        expected[numbered_key(n)] = {"small", 4};
    }
    store.apply(batch, 4);
    store.ingest(table, 5);
    laws::check_equal(store.snapshot(), expected);
    REQUIRE(store.applied() == 5);
    REQUIRE(store.statistics().durable == 5);
    REQUIRE(store.snapshot().count(numbered_key(1'000'000), "") > 15'000);

    // What overlaps goes on top.
    std::vector<std::pair<std::string, std::string>> again;
    for (std::uint64_t n = 0; n < 20'000; n += 7) {
        again.emplace_back(numbered_key(1'000'000 + n), "again");
        expected[again.back().first] = {"again", 6};
    }
    store.ingest(again, 6);
    laws::check_equal(store.snapshot(), expected);
    maintain_all(store);
    laws::check_equal(store.snapshot(), expected);
    memory_lsm reopened(environment, "store", tiny());
    REQUIRE(reopened.applied() == 6);
    laws::check_equal(reopened.snapshot(), expected);
}

TEST_CASE("erasing a span of most keys gives their space back") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    std::vector<std::pair<std::string, std::string>> table;
    std::mt19937_64 random(3);
    for (std::uint64_t n = 0; n < 20'000; ++n) {
        std::string value(40, '\0');
        for (char& c : value) c = static_cast<char>(random());
        table.emplace_back(numbered_key(n), value);
    }
    store.ingest(table, 1);
    std::uint64_t const full = store.statistics().file_bytes;
    write_batch batch;
    batch.erase_span(numbered_key(1000), "");
    store.apply(batch, 2);
    REQUIRE(store.snapshot().count("", "") < 1500);
    store.checkpoint();
    maintain_all(store);
    REQUIRE(store.snapshot().count("", "") == 1000);
    REQUIRE(store.statistics().file_bytes < full / 8);
}

TEST_CASE("counts see what spans erased, wherever it lies") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    std::mt19937_64 random(7);
    laws::reference expected;
    std::vector<std::pair<std::string, std::string>> table;
    for (std::uint64_t n = 0; n < 40'000; ++n) {
        table.emplace_back(numbered_key(n), "first");
        expected[table.back().first] = {"first", 1};
    }
    store.ingest(table, 1);
    auto const check = [&](std::string const& from, std::string const& to) {
        auto const exact = static_cast<std::uint64_t>(
            std::distance(expected.lower_bound(from), to.empty() ? expected.end() : expected.lower_bound(to)));
        std::uint64_t const count = store.snapshot().count(from, to);
        INFO("exact " << exact << ", counted " << count);
        CHECK(count <= exact * 3 / 2 + 100);
        CHECK(exact <= count * 3 / 2 + 100);
    };
    lsn_type lsn = 1;
    // Of each thousand keys the first nine hundred go, in one round for each nine; others are written once more meanwhile, here and
    // there into what was erased.
    for (std::uint64_t round = 0; round < 9; ++round) {
        write_batch batch;
        ++lsn;
        for (std::uint64_t thousand = 0; thousand < 40; ++thousand) {
            std::string const from = numbered_key(thousand * 1000 + round * 100);
            std::string const to = numbered_key(thousand * 1000 + round * 100 + 100);
            batch.erase_span(from, to);
            expected.erase(expected.lower_bound(from), expected.lower_bound(to));
        }
        for (int i = 0; i < 150; ++i) {
            std::string const key = numbered_key(random() % 40'000);
            batch.put(key, "again");
            expected[key] = {"again", lsn};
        }
        store.apply(batch, lsn);
        if (round % 2 == 0) store.checkpoint();
        check("", "");
        for (std::uint64_t from = 0; from < 40'000; from += 7'000)
            check(numbered_key(from), numbered_key(from + 9'000));
    }
    laws::check_equal(store.snapshot(), expected);

    // Nearly everything, in one span, and what comes after it.
    write_batch batch;
    batch.erase_span(numbered_key(500), "");
    for (std::uint64_t n = 20'000; n < 22'500; ++n) {
        batch.put(numbered_key(n), "last");
    }
    store.apply(batch, ++lsn);
    expected.erase(expected.lower_bound(numbered_key(500)), expected.end());
    for (std::uint64_t n = 20'000; n < 22'500; ++n) expected[numbered_key(n)] = {"last", lsn};
    check("", "");
    check(numbered_key(21'000), "");
    store.checkpoint();
    check("", "");
    check("", numbered_key(10'000));
}

TEST_CASE("counts see more spans than they look at one by one") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    std::mt19937_64 random(11);
    std::vector<std::pair<std::string, std::string>> table;
    for (std::uint64_t n = 0; n < 200'000; ++n) table.emplace_back(numbered_key(n), "value");
    store.ingest(table, 1);
    write_batch batch;
    std::uint64_t left = 100'000, spans = 0;
    for (std::uint64_t n = 0; n < 100'000; ++spans) {
        std::uint64_t const erased = 1 + random() % 450, kept = 1 + random() % 150;
        batch.erase_span(numbered_key(n), numbered_key(std::min<std::uint64_t>(n + erased, 100'000)));
        left -= std::min<std::uint64_t>(erased, 100'000 - n);
        n += erased + kept;
    }
    REQUIRE(spans > 300);
    batch.erase_span(numbered_key(100'000), "");
    store.apply(batch, 2);
    for (int round = 0; round < 2; ++round) {
        std::uint64_t const count = store.snapshot().count("", "");
        CHECK(count > left / 2);
        CHECK(count < left * 2);
        CHECK(store.snapshot().count(numbered_key(100'000), "") == 0);
        store.checkpoint();
    }
}

TEST_CASE("what does not show is counted until it is merged away") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    auto const apply = [&](std::uint64_t from, std::uint64_t to, bool erase, lsn_type lsn) {
        write_batch batch;
        for (std::uint64_t n = from; n < to; ++n) {
            if (erase) batch.erase(numbered_key(n));
            else batch.put(numbered_key(n), "value");
        }
        store.apply(batch, lsn);
    };
    auto const expect = [&](std::uint64_t showing, std::uint64_t kept) {
        lsm::key_count const counted = store.snapshot().count_kept("", "");
        CHECK(counted.showing == showing);
        CHECK(counted.kept == kept);
    };
    expect(0, 0);
    apply(0, 50, false, 1);
    expect(50, 50);
    apply(0, 20, false, 2);  // once more
    expect(50, 70);
    store.checkpoint();  // a run keeps the newest
    expect(50, 50);
    apply(0, 10, true, 3);
    store.checkpoint();
    expect(40, 60);  // erasures, and what they erase
    write_batch span;
    span.erase_span(numbered_key(25), "");
    store.apply(span, 4);
    CHECK(store.snapshot().count("", "") == 15);
    CHECK(store.snapshot().count_kept("", "").kept > 40);
}

TEST_CASE("many spans in one batch and over many batches") {
    memory_environment environment;
    memory_lsm store(environment, "store", tiny());
    laws::reference expected;
    std::mt19937_64 random(17);
    for (lsn_type lsn = 1; lsn < 120; ++lsn) {
        write_batch batch;
        for (int i = 0; i < 60; ++i) {
            std::uint64_t const n = random() % 5000;
            batch.put(numbered_key(n), std::to_string(lsn));
            expected[numbered_key(n)] = {std::to_string(lsn), lsn};
        }
        for (int i = 0; i < (lsn == 60 ? 400 : 15); ++i) {
            std::uint64_t const from = random() % 5000, to = from + random() % 20;
            batch.erase_span(numbered_key(from), numbered_key(to));
            expected.erase(expected.lower_bound(numbered_key(from)), expected.lower_bound(numbered_key(to)));
        }
        store.apply(batch, lsn);
        if (lsn % 3 == 0) store.maintain();
        if (lsn % 10 == 0) laws::check_equal(store.snapshot(), expected);
    }
    store.checkpoint();
    maintain_all(store);
    laws::check_equal(store.snapshot(), expected);
}
