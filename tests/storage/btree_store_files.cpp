/// What a store in a file promises of the file: durability, space, damage, a full disk.
#include <phantomdb/storage/btree/btree_store.hpp>

#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/env/posix.hpp>

#include "btree_stage.hpp"
#include "support/process.hpp"

#include <map>
#include <random>

using namespace phantomdb;
using namespace phantomdb::storage;
using laws::memory_environment;

namespace {

constexpr std::size_t page_bytes = 16384;
using store = btree_store<memory_environment, page_bytes>;

store_options with_cache(std::uint64_t bytes) {
    store_options options;
    options.cache_bytes = bytes;
    return options;
}

std::string key_of(std::uint64_t n) {
    std::string key(8, '\0');
    for (int i = 0; i < 8; ++i) key[static_cast<std::size_t>(i)] = static_cast<char>(n >> (56 - 8 * i));
    return key;
}

/// Rows [from, to) whose values end in `mark`.
void fill(auto& into, std::uint64_t from, std::uint64_t to, lsn_type lsn, std::string const& mark,
          std::size_t bytes = 100) {
    write_batch batch;
    for (std::uint64_t n = from; n < to; ++n)
        batch.put(key_of(n), std::string(bytes, static_cast<char>('a' + n % 26)) + mark);
    into.apply(batch, lsn);
}

laws::reference contents(auto const& of) {
    laws::reference found;
    auto const snapshot = of.snapshot();
    auto cursor = snapshot.cursor();
    for (cursor.seek(""); cursor.valid(); cursor.next()) {
        found[std::string(cursor.key())] = {std::string(cursor.value()), cursor.lsn()};
    }
    return found;
}

std::string& file_of(memory_environment& environment) { return environment.disk().names.at("data/btree")->now; }

sqlstate code_of(auto&& action) {
    try {
        action();
    } catch (error const& e) {
        return e.code;
    }
    return {};
}

}  // namespace

TEST_CASE("a store opens as its last checkpoint left it") {
    memory_environment environment;
    laws::reference expected;
    {
        store s(environment, "data", {});
        REQUIRE(s.applied() == 0);
        fill(s, 0, 20'000, 7, "first");
        REQUIRE(s.checkpoint() == 7);
        REQUIRE(s.checkpoint() == 7);
        expected = contents(s);
        fill(s, 10'000, 30'000, 8, "second");
        REQUIRE(s.applied() == 8);
    }
    store s(environment, "data", {});
    REQUIRE(s.applied() == 7);
    laws::check_equal(s.snapshot(), expected);
    REQUIRE(s.snapshot().count("", "") == 20'000);
    laws::check_sound(s);
}

TEST_CASE("a store works on real files") {
    test::temporary_folder const folder;
    env::posix environment;
    std::string const directory = (folder.path() / "deep/store").string();
    {
        btree_store<env::posix> s(environment, directory, with_cache(1 << 20));
        for (lsn_type lsn = 1; lsn <= 20; ++lsn) fill(s, lsn * 1000, lsn * 1000 + 3000, lsn, "x");
        REQUIRE(s.checkpoint() == 20);
        laws::check_sound(s);
    }
    btree_store<env::posix> s(environment, directory, with_cache(1 << 20));
    REQUIRE(s.applied() == 20);
    REQUIRE(s.snapshot().size() == 22'000);
    REQUIRE(contents(s).size() == 22'000);
}

TEST_CASE("after a loss of power at any call, a store is as a checkpoint left it") {
    int reopened_older = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        std::mt19937_64 random(seed);
        memory_environment environment;
        std::map<lsn_type, laws::reference> states{{0, {}}};
        lsn_type acknowledged = 0;
        {
            environment.disk().next_fault = {"", static_cast<int>(random() % 250), errc::io_error, true};
            try {
                store s(environment, "data", with_cache(1 << 20));
                laws::reference now;
                for (lsn_type lsn = 1; lsn < 40; ++lsn) {
                    write_batch batch;
                    for (int i = 0; i < 120; ++i) {
                        std::string const key = key_of(random() % 6000);
                        std::string value(random() % 50 == 0 ? 6000 + random() % 40'000 : random() % 500, 'v');
                        value += std::to_string(lsn);
                        batch.put(key, value);
                        now[key] = {value, lsn};
                    }
                    s.apply(batch, lsn);
                    states[lsn] = now;
                    if (random() % 3 == 0) acknowledged = s.checkpoint();
                }
            } catch (error const&) {
            }
        }
        environment.disk().lose_power(seed);
        store s(environment, "data", with_cache(1 << 20));
        REQUIRE(s.applied() >= acknowledged);
        if (s.applied() > acknowledged) ++reopened_older;
        laws::check_equal(s.snapshot(), states.at(s.applied()));
        laws::check_sound(s);
        fill(s, 0, 100, s.applied() + 1, "goes on");
        REQUIRE(s.checkpoint() == s.applied());
        laws::check_sound(s);
    }
    REQUIRE(reopened_older > 0);  // some losses hit between the root and its acknowledgement
}

TEST_CASE("old snapshots live on over checkpoints and evictions") {
    memory_environment environment;
    store s(environment, "data", with_cache(1 << 20));
    std::vector<std::pair<store::snapshot_type, laws::reference>> kept;
    laws::reference now;
    for (lsn_type lsn = 1; lsn <= 12; ++lsn) {
        write_batch batch;
        for (std::uint64_t n = 0; n < 20'000; n += 1 + lsn % 3) {
            std::string const value = std::to_string(n * lsn) + std::string(80, 'x');
            batch.put(key_of(n), value);
            now[key_of(n)] = {value, lsn};
        }
        s.apply(batch, lsn);
        kept.emplace_back(s.snapshot(), now);
        s.checkpoint();
    }
    for (auto const& [snapshot, expected] : kept) laws::check_equal(snapshot, expected);
    REQUIRE(s.statistics().cache_misses > 1000);
    laws::check_sound(s);
}

TEST_CASE("the cache keeps to its budget while ten times as much is read") {
    memory_environment environment;
    store s(environment, "data", with_cache(2 << 20));
    for (lsn_type lsn = 1; lsn <= 100; ++lsn) fill(s, lsn * 2000, (lsn + 1) * 2000, lsn, "", 150);
    s.checkpoint();
    REQUIRE(s.statistics().file_bytes > 10 * (2 << 20));
    for (int round = 0; round < 3; ++round) REQUIRE(contents(s).size() == 200'000);
    std::mt19937_64 random(1);
    auto const snapshot = s.snapshot();
    for (int i = 0; i < 20'000; ++i) REQUIRE(snapshot.get(key_of(2000 + random() % 200'000)));
    REQUIRE(s.statistics().memory_bytes <= (2 << 20) + (1 << 19));
    // Bytes lent out stay in place, however much is read meanwhile.
    auto const lent = snapshot.get(key_of(5000));
    std::string const copy(lent->value);
    std::vector<slice> chunk(2048);
    auto cursor = snapshot.cursor();
    cursor.seek(key_of(100'000));
    REQUIRE(cursor.next_chunk(chunk, "") == 2048);
    REQUIRE(contents(s).size() == 200'000);
    REQUIRE(lent->value == copy);
    for (std::size_t i = 0; i < chunk.size(); ++i) REQUIRE(chunk[i].key == key_of(100'000 + i));
}

TEST_CASE("inner pages stay in the cache while leaves are scanned") {
    memory_environment environment;
    store s(environment, "data", with_cache(4 << 20));
    for (lsn_type lsn = 1; lsn <= 200; ++lsn) fill(s, lsn * 2000, (lsn + 1) * 2000, lsn, "", 150);
    s.checkpoint();
    REQUIRE(contents(s).size() == 400'000);
    auto const before = s.statistics().cache_misses;
    std::mt19937_64 random(1);
    auto const snapshot = s.snapshot();
    for (int i = 0; i < 1000; ++i) REQUIRE(snapshot.get(key_of(2000 + random() % 400'000)));
    REQUIRE(s.statistics().cache_misses - before <= 1000);  // the leaf, and nothing above it
}

TEST_CASE("space is used again") {
    memory_environment environment;
    store s(environment, "data", with_cache(1 << 20));
    fill(s, 0, 30'000, 1, "");
    s.checkpoint();
    std::uint64_t const once = s.statistics().file_bytes;
    std::mt19937_64 random(3);
    for (lsn_type lsn = 2; lsn < 150; ++lsn) {
        std::uint64_t const at = random() % 29'000;
        fill(s, at, at + 1000, lsn, std::to_string(lsn));
        if (lsn % 5 == 0) s.checkpoint();
    }
    REQUIRE(s.statistics().file_bytes < 3 * once);
    write_batch all;
    all.erase_span("", "");
    s.apply(all, 150);
    s.checkpoint();
    for (lsn_type lsn = 151; lsn < 154; ++lsn) {
        fill(s, 0, 10, lsn, "");
        s.checkpoint();
        s.maintain();
    }
    REQUIRE(file_of(environment).size() < once / 2);
    laws::check_sound(s);
    REQUIRE(s.snapshot().size() == 10);
}

TEST_CASE("a span is erased without reading its leaves") {
    memory_environment environment;
    {
        store s(environment, "data", {});
        for (lsn_type lsn = 1; lsn <= 100; ++lsn) fill(s, lsn * 2000, (lsn + 1) * 2000, lsn, "", 150);
        s.checkpoint();
    }
    store s(environment, "data", {});
    write_batch batch;
    batch.erase_span(key_of(10'000), key_of(190'000));
    s.apply(batch, 200);
    REQUIRE(s.statistics().cache_misses + s.statistics().read_bytes / page_bytes < 60);
    REQUIRE(s.snapshot().size() == 20'000);
    REQUIRE(contents(s).size() == 20'000);
    s.checkpoint();
    laws::check_sound(s);
    REQUIRE(s.statistics().free_bytes > s.statistics().file_bytes / 2);
}

TEST_CASE("large values are stored, found and freed") {
    memory_environment environment;
    laws::reference expected;
    std::mt19937_64 random(5);
    auto const value = [&](std::size_t bytes) {
        std::string made(bytes, '\0');
        for (std::size_t i = 0; i < bytes; i += 97) made[i] = static_cast<char>(random());
        return made;
    };
    {
        store s(environment, "data", with_cache(4 << 20));
        write_batch batch;
        for (std::size_t const bytes : {4096, 4097, 16'383, 16'384, 16'385, 100'000, 5'000'000, 64 << 20}) {
            std::string const key = "v" + std::to_string(bytes);
            expected[key] = {value(bytes), 1};
            batch.put(key, expected[key].first);
        }
        s.apply(batch, 1);
        laws::check_equal(s.snapshot(), expected);
        s.checkpoint();
        laws::check_equal(s.snapshot(), expected);
        laws::check_sound(s);
    }
    store s(environment, "data", with_cache(4 << 20));
    laws::check_equal(s.snapshot(), expected);
    REQUIRE(s.statistics().memory_bytes < (5 << 20));
    auto const before = s.snapshot();
    write_batch replace;
    replace.put("v5000000", "small now");
    replace.erase("v67108864");
    s.apply(replace, 2);
    s.checkpoint();
    laws::check_equal(before, expected);
    expected["v5000000"] = {"small now", 2};
    expected.erase("v67108864");
    laws::check_equal(s.snapshot(), expected);
    laws::check_sound(s);
}

TEST_CASE("flipped bits are found wherever they are") {
    memory_environment environment;
    laws::reference expected;
    {
        store s(environment, "data", {});
        fill(s, 0, 3000, 1, "first");
        s.checkpoint();
        fill(s, 1000, 2000, 2, "second");
        write_batch large;
        large.put("large", std::string(40'000, 'l'));
        s.apply(large, 3);
        s.checkpoint();
        expected = contents(s);
    }
    std::string const sound = file_of(environment);
    std::mt19937_64 random(9);
    int refused = 0, reported = 0, unused = 0;
    auto const try_out = [&](std::size_t bit) {
        file_of(environment) = sound;
        file_of(environment)[bit / 8] = static_cast<char>(file_of(environment)[bit / 8] ^ (1 << (bit % 8)));
        try {
            store s(environment, "data", {});
            bool const whole = laws::findings(s).empty();
            if (whole) ++unused;
            try {
                if (contents(s) != expected) FAIL("a wrong answer after bit " << bit << " was flipped");
            } catch (error const& e) {
                if (e.code != errc::data_corrupted) throw;
                if (whole) FAIL("bit " << bit << " makes reading fail, but was not reported");
                ++reported;
            }
        } catch (error const& e) {
            if (e.code != errc::data_corrupted && e.code != errc::feature_not_supported) throw;
            ++refused;
        }
    };
    for (int i = 0; i < 1000; ++i) try_out(random() % (sound.size() * 8));
    for (std::size_t bit = 0; bit < 100 * 8; ++bit) try_out(bit);
    for (std::size_t bit = page_bytes * 8; bit < (page_bytes + 100) * 8; ++bit) try_out(bit);
    REQUIRE(reported > 300);
    REQUIRE(refused > 10);
    // A damaged root is made good from the other one. The rest of what nobody minds are free pages.
    std::size_t free_pages = 0;
    {
        file_of(environment) = sound;
        store s(environment, "data", {});
        free_pages = s.statistics().free_bytes / page_bytes;
    }
    REQUIRE(unused < 1600 + 1000 * static_cast<int>(2 + free_pages + 2) / static_cast<int>(sound.size() / page_bytes));
}

TEST_CASE("damage that the checksums don't show can't crash") {
    memory_environment environment;
    {
        store s(environment, "data", {});
        fill(s, 0, 5000, 1, "x", 60);
        write_batch large;
        for (int i = 0; i < 20; ++i) large.put(key_of(50'000 + static_cast<std::uint64_t>(i)), std::string(5000, 'l'));
        s.apply(large, 2);
        s.checkpoint();
    }
    std::string const sound = file_of(environment);
    std::mt19937_64 random(11);
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
        std::string& bytes = file_of(environment);
        bytes = sound;
        std::size_t const page = 2 + random() % (sound.size() / page_bytes - 2);
        for (std::uint64_t n = 1 + random() % 3; n > 0; --n) {
            std::size_t const at = random() % 2 == 0 ? 32 + random() % 300 : 4 + random() % (page_bytes - 4);
            bytes[page * page_bytes + at] = static_cast<char>(random());
        }
        codec::store_fixed(bytes.data() + page * page_bytes,
                           codec::crc32c(std::string_view(bytes).substr(page * page_bytes + 4, page_bytes - 4)));
        try {
            store s(environment, "data", {});
            laws::findings(s);
            contents(s);
            for (std::uint64_t n = 0; n < 5000; n += 100) s.snapshot().get(key_of(n));
            fill(s, 0, 5000, 3, "y", 70);
            write_batch erase;
            erase.erase_span(key_of(500), key_of(4000));
            s.apply(erase, 4);
        } catch (error const& e) {
            if (e.code != errc::data_corrupted) throw;
            ++refused;
        }
    }
    REQUIRE(refused > 50);
}

TEST_CASE("files of other formats are refused") {
    memory_environment environment;
    {
        store s(environment, "data", {});
    }
    std::string const sound = file_of(environment);
    for (std::size_t const page : {0u, 1u}) file_of(environment)[page * page_bytes + 12] = 2;
    REQUIRE(code_of([&] { store s(environment, "data", {}); }) == errc::feature_not_supported);
    file_of(environment) = sound;
    REQUIRE(code_of([&] { btree_store<memory_environment, 8192> s(environment, "data", {}); }) ==
            errc::feature_not_supported);
    for (std::size_t const page : {0u, 1u}) file_of(environment)[page * page_bytes + 50] ^= 1;
    try {
        store s(environment, "data", {});
        FAIL("opened");
    } catch (error const& e) {
        REQUIRE(e.code == errc::data_corrupted);
        REQUIRE_FALSE(e.hint.empty());
    }
}

TEST_CASE("a full disk refuses writes, loses nothing, and is over when there is space") {
    memory_environment environment;
    store s(environment, "data", with_cache(1 << 20));
    fill(s, 0, 5000, 1, "");
    s.checkpoint();
    REQUIRE_FALSE(s.refusal());
    environment.disk().capacity = environment.disk().used() + 20'000;
    for (lsn_type lsn = 2; lsn < 30; ++lsn) fill(s, lsn * 1000, lsn * 1000 + 2000, lsn, "more");
    REQUIRE(code_of([&] { s.checkpoint(); }) == errc::disk_full);
    REQUIRE(s.refusal());
    REQUIRE(s.refusal()->code == errc::disk_full);
    REQUIRE(s.statistics().durable == 1);
    for (lsn_type lsn = 30; lsn < 60; ++lsn) fill(s, lsn * 1000, lsn * 1000 + 2000, lsn, "more");
    auto const expected = contents(s);
    REQUIRE(code_of([&] { s.checkpoint(); }) == errc::disk_full);
    environment.disk().capacity = ~std::uint64_t{0};
    REQUIRE(s.checkpoint() == 59);
    REQUIRE_FALSE(s.refusal());
    laws::check_equal(s.snapshot(), expected);
    laws::check_sound(s);
    store again(environment, "data", with_cache(1 << 20));
    laws::check_equal(again.snapshot(), expected);
}

TEST_CASE("any failing write leaves the checkpoint before, and the next one succeeds") {
    for (int fails_at = 0; fails_at < 60; ++fails_at) {
        memory_environment environment;
        store s(environment, "data", with_cache(1 << 20));
        fill(s, 0, 3000, 1, "");
        s.checkpoint();
        auto const first = contents(s);
        fill(s, 1000, 4000, 2, "second");
        environment.disk().next_fault = {"write", fails_at, errc::disk_full, false};
        sqlstate const outcome = code_of([&] { s.checkpoint(); });
        bool const failed = !(outcome == sqlstate());
        environment.disk().next_fault.reset();
        REQUIRE(s.refusal().has_value() == failed);
        for (lsn_type lsn = 3; lsn < 8; ++lsn) fill(s, lsn * 300, lsn * 300 + 1000, lsn, "later");
        if (fails_at % 2 == 0) {
            REQUIRE(s.checkpoint() == 7);
            REQUIRE_FALSE(s.refusal());
        }
        laws::check_sound(s);
        auto const expected = contents(s);
        environment.disk().lose_power(static_cast<std::uint64_t>(fails_at));
        store again(environment, "data", with_cache(1 << 20));
        if (fails_at % 2 == 0) {
            laws::check_equal(again.snapshot(), expected);
        } else if (again.applied() == 1) {
            laws::check_equal(again.snapshot(), first);
        } else {
            REQUIRE(again.applied() == 2);
        }
        laws::check_sound(again);
        if (fails_at > 0 && !failed) return;  // every write has failed once
    }
    FAIL("the checkpoint has more writes than expected");
}

TEST_CASE("after a failed sync nothing is written until the store is opened again") {
    for (int fails_at = 0; fails_at < 3; ++fails_at) {
        memory_environment environment;
        laws::reference first;
        {
            store s(environment, "data", with_cache(1 << 20));
            fill(s, 0, 3000, 1, "");
            s.checkpoint();
            first = contents(s);
            fill(s, 1000, 4000, 2, "second");
            environment.disk().next_fault = {"sync", fails_at, errc::io_error, false};
            REQUIRE(code_of([&] { s.checkpoint(); }) == errc::io_error);
            REQUIRE(s.refusal());
            REQUIRE(s.refusal()->code == errc::io_error);
            std::string const bytes = file_of(environment);
            REQUIRE(code_of([&] { s.checkpoint(); }) == errc::io_error);
            for (lsn_type lsn = 3; lsn < 30; ++lsn) fill(s, lsn * 1000, lsn * 1000 + 2000, lsn, "more");
            REQUIRE(contents(s).size() == 31'000);
            REQUIRE(file_of(environment) == bytes);
        }
        environment.disk().lose_power(static_cast<std::uint64_t>(fails_at));
        store s(environment, "data", with_cache(1 << 20));
        if (s.applied() == 1) laws::check_equal(s.snapshot(), first);
        laws::check_sound(s);
    }
}
