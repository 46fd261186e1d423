#include <phantomdb/base/arena.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("an arena keeps what was copied into it, aligned, until reset") {
    phantomdb::arena memory;
    std::vector<std::string> originals;
    std::vector<std::string_view> copies;
    for (int i = 0; i < 5000; ++i) {
        originals.push_back(std::string(static_cast<std::size_t>(i % 700), static_cast<char>('a' + i % 26)));
        copies.push_back(memory.copy(originals.back()));
        CHECK(reinterpret_cast<std::uintptr_t>(memory.allocate(1)) % 16 == 0);
    }
    for (std::size_t i = 0; i < originals.size(); ++i) REQUIRE(copies[i] == originals[i]);

    auto const before = memory.reserved();
    memory.reset();
    CHECK(memory.reserved() <= before);
    CHECK(memory.copy("after").size() == 5);
}

TEST_CASE("an arena gives a piece larger than its blocks") {
    phantomdb::arena memory;
    memory.copy("small");
    std::size_t const size = std::size_t{3} << 20;
    char* piece = memory.allocate(size);
    piece[0] = piece[size - 1] = 'x';
    CHECK(memory.reserved() >= size);
}
