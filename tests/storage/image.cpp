#include <phantomdb/sim/environment.hpp>
#include <phantomdb/storage/image.hpp>
#include <phantomdb/storage/memory_store.hpp>

#include "support/catch.hpp"

#include <cerrno>
#include <map>
#include <memory>
#include <random>
#include <string>

using namespace phantomdb;
using namespace phantomdb::storage;

namespace {

using contents = std::map<std::string, std::string>;

std::unique_ptr<memory_store> filled(int rows, std::size_t value_bytes) {
    auto store = std::make_unique<memory_store>();
    std::mt19937_64 random(3);
    write_batch batch;
    for (int i = 0; i < rows; ++i) {
        batch.put("key " + std::to_string(random()),
                  std::string(random() % value_bytes, static_cast<char>('a' + i % 26)));
    }
    if (rows > 0) batch.put("", "the empty key");
    store->apply(batch, 77);
    return store;
}

contents of(memory_store const& store) {
    contents all;
    auto const snapshot = store.snapshot();
    auto cursor = snapshot.cursor();
    for (cursor.seek({}); cursor.valid(); cursor.next()) all.emplace(cursor.key(), cursor.value());
    return all;
}

std::string bytes_of(sim::environment& environment, std::string const& path) {
    auto const file = environment.open(path, env::open_mode::read);
    std::string bytes(file.size(), '\0');
    bytes.resize(file.read_at(0, bytes));
    return bytes;
}

void replace(sim::environment& environment, std::string const& path, std::string const& bytes) {
    environment.open(path, env::open_mode::create).write_at(0, bytes);
}

sqlstate read_code(sim::environment& environment, std::string const& path) {
    try {
        verify_image(environment, path);
    } catch (error const& e) {
        return e.code;
    }
    return {};
}

}  // namespace

TEST_CASE("an image gives back what it was made of") {
    for (int rows : {0, 1, 5000}) {
        sim::environment environment;
        environment.create_directory("d");
        auto const filled_store = filled(rows, 1000);
        memory_store const& store = *filled_store;
        std::uint64_t last = 0;
        auto const written =
            write_image(environment, "d/image", store.snapshot(), [&](std::uint64_t done, std::uint64_t total) {
                CHECK(done <= total);
                CHECK(done >= last);
                last = done;
            });
        CHECK(written.lsn == 77);
        CHECK(written.entries == of(store).size());
        CHECK(last == written.entries);
        CHECK(written.bytes == bytes_of(environment, "d/image").size());
        auto const again = verify_image(environment, "d/image");
        CHECK(again.checksum == written.checksum);
        CHECK(again.entries == written.entries);
        CHECK(facts_of_snapshot(store.snapshot()).checksum == written.checksum);
        memory_store loaded;
        CHECK(load_image(environment, "d/image", loaded) == 77);
        CHECK(loaded.applied() == 77);
        CHECK(of(loaded) == of(store));
        CHECK(environment.list("d") == std::vector<std::string>{"image"});
    }
}

TEST_CASE("no image is position 0") {
    sim::environment environment;
    memory_store store;
    CHECK(load_image(environment, "nowhere", store) == 0);
    CHECK_THROWS_AS(verify_image(environment, "nowhere"), error);
}

TEST_CASE("every flipped bit of an image is noticed") {
    sim::environment environment;
    environment.create_directory("d");
    write_image(environment, "d/image", filled(40, 20)->snapshot());
    std::string const whole = bytes_of(environment, "d/image");
    REQUIRE(whole.size() < 3000);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        std::string broken = whole;
        broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ 1 << (bit % 8));
        replace(environment, "d/image", broken);
        if (read_code(environment, "d/image") != errc::data_corrupted) FAIL("bit " << bit << " was not noticed");
    }
}

TEST_CASE("an image that is cut, or goes on, is noticed") {
    sim::environment environment;
    environment.create_directory("d");
    write_image(environment, "d/image", filled(2000, 1000)->snapshot());  // several blocks
    std::string const whole = bytes_of(environment, "d/image");
    std::mt19937_64 random(5);
    for (int i = 0; i < 200; ++i) {
        std::size_t const size = i < 100 ? static_cast<std::size_t>(i) : random() % whole.size();
        replace(environment, "d/image", whole.substr(0, size));
        if (read_code(environment, "d/image") != errc::data_corrupted) FAIL("a cut to " << size << " was not noticed");
    }
    replace(environment, "d/image", whole + '\0');
    CHECK(read_code(environment, "d/image") == errc::data_corrupted);
    // Blocks that are sound each, but not in this order: the first one is there twice.
    std::size_t const first = 8 + codec::load_fixed<std::uint32_t>(whole.data() + detail::image_header_bytes);
    replace(environment, "d/image",
            whole.substr(0, detail::image_header_bytes + first) + whole.substr(detail::image_header_bytes));
    CHECK(read_code(environment, "d/image") == errc::data_corrupted);
}

TEST_CASE("an image of another format is refused by name") {
    sim::environment environment;
    environment.create_directory("d");
    write_image(environment, "d/image", filled(3, 20)->snapshot());
    std::string other = bytes_of(environment, "d/image");
    codec::store_fixed(other.data() + 8, std::uint32_t{2});
    codec::store_fixed(other.data() + 28, codec::crc32c(std::string_view(other).substr(0, 28)));
    replace(environment, "d/image", other);
    CHECK(read_code(environment, "d/image") == errc::feature_not_supported);
}

TEST_CASE("a failure at any call leaves the image before, and nothing half done") {
    auto const filled_before = filled(10, 20);
    memory_store const& before = *filled_before;
    auto const filled_after = filled(3000, 300);
    memory_store const& after = *filled_after;
    int failed = 0;
    for (std::uint64_t call = 0; call < 30; ++call) {
        sim::environment environment;
        environment.create_directory("d");
        write_image(environment, "d/image", before.snapshot());
        bool writing = true;
        environment.machine().add_fault({[&](sim::call const&) { return writing; }, call, 1, ENOSPC});
        try {
            write_image(environment, "d/image", after.snapshot());
        } catch (error const& e) {
            CHECK((e.code == errc::disk_full || e.code == errc::io_error));
            ++failed;
        }
        writing = false;
        memory_store loaded;
        load_image(environment, "d/image", loaded);
        CHECK((of(loaded) == of(before) || of(loaded) == of(after)));
    }
    CHECK(failed > 5);
}

TEST_CASE("a loss of power leaves the image before or the new one") {
    auto const filled_before = filled(10, 20);
    memory_store const& before = *filled_before;
    auto const filled_after = filled(2000, 300);
    memory_store const& after = *filled_after;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        sim::environment environment;
        env::create_own_directory(environment, "d");
        write_image(environment, "d/image", before.snapshot());
        environment.machine().add_fault({{}, seed % 20, sim::fault::for_ever, EIO});
        bool done = true;
        try {
            write_image(environment, "d/image", after.snapshot());
        } catch (error const&) {
            done = false;
        }
        auto restarted = environment.power_cut(seed);
        memory_store loaded;
        load_image(restarted, "d/image", loaded);
        if (done) CHECK(of(loaded) == of(after));
        else CHECK((of(loaded) == of(before) || of(loaded) == of(after)));
    }
}
