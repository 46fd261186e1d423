#include <phantomdb/base/fixed_string.hpp>

#include "support/catch.hpp"

namespace {

template <phantomdb::fixed_string Text>
constexpr std::size_t length_of = Text.size();

}  // namespace

TEST_CASE("a fixed_string is a template argument and compares by its text") {
    STATIC_REQUIRE(length_of<"users"> == 5);
    STATIC_REQUIRE(phantomdb::fixed_string("a") == phantomdb::fixed_string("a"));
    STATIC_REQUIRE(phantomdb::fixed_string("a") != phantomdb::fixed_string("b"));
    STATIC_REQUIRE_FALSE(phantomdb::fixed_string("a") == phantomdb::fixed_string("ab"));
    CHECK(phantomdb::fixed_string("").view().empty());
}
