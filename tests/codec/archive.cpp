#include <phantomdb/codec/archive.hpp>

#include "support/catch.hpp"

#include <random>

using namespace phantomdb;
using namespace phantomdb::codec;

namespace archive_test {

enum class color : std::uint8_t { red, green };

struct column {
    std::string name;
    color shade = color::red;
    std::optional<std::string> fallback;
    friend bool operator==(column const&, column const&) = default;

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive & name & shade & fallback;
    }
};

struct table {
    std::int64_t id = 0;
    std::vector<column> columns;
    std::map<std::string, std::vector<int>> indexes;
    std::set<std::string> tags;
    std::variant<int, std::string, std::pair<bool, double>> options;
    std::array<std::uint16_t, 3> numbers{};
    float ratio = 0;
    friend bool operator==(table const&, table const&) = default;

private:
    friend class boost::serialization::access;
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive & id & columns & indexes & tags & options & numbers & ratio;
    }
};

/// The same record before and after a field was added.
struct old_record {
    int a = 0;
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive & a;
    }
};
struct new_record {
    int a = 0;
    int b = 42;
    template <class Archive>
    void serialize(Archive& archive, unsigned version) {
        archive & a;
        if (version >= 1) archive & b;
    }
};

}  // namespace archive_test
BOOST_CLASS_VERSION(archive_test::new_record, 1)

namespace {

archive_test::table sample() {
    archive_test::table t;
    t.id = -5'000'000'000;
    t.columns = {{"id", archive_test::color::green, std::nullopt}, {"name", archive_test::color::red, "it's"}};
    t.indexes = {{"pk", {0}}, {"by_name", {1, 0, -1}}};
    t.tags = {"", "x"};
    t.options = std::pair{true, -0.25};
    t.numbers = {1, 2, 65535};
    t.ratio = 1.5f;
    return t;
}

sqlstate code_of(std::string const& bytes) {
    try {
        unpack<archive_test::table>(bytes);
    } catch (error const& e) {
        return e.code;
    }
    return {};
}

}  // namespace

TEST_CASE("structs come back from their bytes") {
    REQUIRE(unpack<archive_test::table>(pack(sample())) == sample());
    REQUIRE(unpack<archive_test::table>(pack(archive_test::table{})) == archive_test::table{});
}

TEST_CASE("older records are read, newer ones refused") {
    archive_test::new_record const upgraded = unpack<archive_test::new_record>(pack(archive_test::old_record{7}));
    REQUIRE(upgraded.a == 7);
    REQUIRE(upgraded.b == 42);
    try {
        unpack<archive_test::old_record>(pack(archive_test::new_record{}));
        FAIL("read a record of the future");
    } catch (error const& e) {
        REQUIRE(e.code == errc::feature_not_supported);
    }
}

TEST_CASE("any flipped bit and any lost byte is data_corrupted") {
    std::string const bytes = pack(sample());
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        REQUIRE(code_of(damaged) == errc::data_corrupted);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        REQUIRE(code_of(bytes.substr(0, size)) == errc::data_corrupted);
    REQUIRE(code_of(bytes + '\0') == errc::data_corrupted);
}

TEST_CASE("hostile bytes under a right checksum neither crash nor take memory") {
    std::mt19937_64 random(3);
    std::string const bytes = pack(sample());
    for (int i = 0; i < 30'000; ++i) {
        std::string damaged = bytes;
        for (int n = 1 + static_cast<int>(random() % 6); n > 0; --n) {
            damaged[5 + random() % (damaged.size() - 5)] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
        }
        store_fixed(damaged.data() + 1, crc32c(std::string_view(damaged).substr(5)));
        sqlstate const code = code_of(damaged);
        if (!(code == sqlstate{}) && !(code == errc::data_corrupted) && !(code == errc::feature_not_supported))
            FAIL(code.code);
    }
}
