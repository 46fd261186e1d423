#include <phantomdb/value/uuid.hpp>

#include "support/catch.hpp"

using namespace phantomdb;

static_assert(parse_uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11") == parse_uuid("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"));

TEST_CASE("random uuids say that they are random") {
    uuid id = make_random_uuid(0x0123456789abcdef, 0xfedcba9876543210);
    CHECK(to_text(id) == "01234567-89ab-4def-bedc-ba9876543210");
    CHECK(parse_uuid(to_text(id)) == id);
    CHECK_THROWS(parse_uuid("{01234567-89ab-4def-bedc-ba9876543210"));
    CHECK_THROWS(parse_uuid("0-1234567-89ab-4def-bedc-ba9876543210"));
    CHECK_THROWS(parse_uuid(""));
}
