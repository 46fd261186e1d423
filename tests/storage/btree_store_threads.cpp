/// Readers, the applier, checkpoints and evictions at the same time.
#include <phantomdb/storage/btree/btree_store.hpp>

#include "btree_stage.hpp"

#include <array>
#include <random>

using namespace phantomdb;
using namespace phantomdb::storage;
using laws::memory_environment;

namespace {

using store = btree_store<memory_environment>;

std::string key_of(std::uint64_t n) {
    std::string const digits = std::to_string(n);
    return "row" + std::string(8 - digits.size(), '0') + digits;
}
/// The value that row `n` has since batch `lsn`: tells both, and is sometimes too large for a page.
std::string value_of(std::uint64_t n, lsn_type lsn) {
    std::string value = std::to_string(n) + "/" + std::to_string(lsn) + "/";
    value.resize(n % 251 == 0 ? 6000 : 200 + n % 100, static_cast<char>('a' + n % 26));
    return value;
}

}  // namespace

TEST_CASE("readers see one version each while the cache evicts, the writer applies and checkpoints are made") {
    constexpr std::uint64_t rows = 12'000;
    constexpr lsn_type last = 40;
    memory_environment environment;
    store_options options;
    options.cache_bytes = 1 << 20;
    store s(environment, "data", options);
    {
        write_batch batch;
        for (std::uint64_t n = 0; n < rows; ++n) batch.put(key_of(n), value_of(n, 1));
        s.apply(batch, 1);
    }
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    std::atomic<int> rounds{0};
    // Batch `lsn` writes the rows whose number has the same rest by 7; a snapshot tells what each row has to be.
    auto const newest = [](std::uint64_t n, lsn_type seen) {
        lsn_type lsn = seen - (seen + 7 - n % 7) % 7;
        return lsn <= 1 || lsn > seen ? lsn_type{1} : lsn;
    };
    auto const read = [&](std::uint64_t seed) {
        std::mt19937_64 random(seed);
        while (!stop) {
            auto const snapshot = s.snapshot();
            lsn_type const seen = snapshot.lsn();
            auto const check = [&](std::uint64_t n, std::string_view value) {
                if (value != value_of(n, newest(n, seen))) ++wrong;
            };
            for (int i = 0; i < 50; ++i) {
                std::uint64_t const n = random() % rows;
                auto const found = snapshot.get(key_of(n));
                if (!found) ++wrong;
                if (found) check(n, found->value);
            }
            std::array<std::string, 32> keys;
            std::array<std::string_view, 32> views;
            std::array<std::optional<stored_value>, 32> found;
            std::array<std::uint64_t, 32> numbers;
            for (std::size_t i = 0; i < 32; ++i) views[i] = keys[i] = key_of(numbers[i] = random() % rows);
            snapshot.get_many(views, found);
            for (std::size_t i = 0; i < 32; ++i) {
                if (!found[i]) ++wrong;
                if (found[i]) check(numbers[i], found[i]->value);
            }
            std::vector<slice> chunk(500);
            auto cursor = snapshot.cursor();
            std::uint64_t n = random() % rows;
            cursor.seek(key_of(n));
            for (int chunks = 0; chunks < 4; ++chunks) {
                std::size_t const size = cursor.next_chunk(chunk, "");
                for (std::size_t i = 0; i < size; ++i, ++n) {
                    if (chunk[i].key != key_of(n)) ++wrong;
                    check(n, chunk[i].value);
                }
            }
            ++rounds;
        }
    };
    std::vector<std::thread> readers;
    for (std::uint64_t r = 0; r < 3; ++r) readers.emplace_back(read, r);
    std::thread checkpoints([&] {
        while (!stop) {
            s.checkpoint();
            s.maintain();
            std::this_thread::yield();
        }
    });
    for (lsn_type lsn = 2; lsn <= last; ++lsn) {
        write_batch batch;
        for (std::uint64_t n = lsn % 7; n < rows; n += 7) batch.put(key_of(n), value_of(n, lsn));
        s.apply(batch, lsn);
    }
    while (rounds < 10) std::this_thread::yield();
    stop = true;
    for (auto& reader : readers) reader.join();
    checkpoints.join();
    REQUIRE(wrong == 0);
    REQUIRE(s.statistics().cache_misses > 1000);
    s.checkpoint();
    laws::check_sound(s);
}
