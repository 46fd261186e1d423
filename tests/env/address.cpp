#include <phantomdb/env/address.hpp>

#include "support/catch.hpp"

using namespace phantomdb::env;

TEST_CASE("addresses are read and written") {
    CHECK(parse_address("host:7000") == host_and_port{"host", 7000});
    CHECK(parse_address("[::1]:0") == host_and_port{"::1", 0});
    CHECK(parse_address("127.0.0.1", 5432) == host_and_port{"127.0.0.1", 5432});
    CHECK(parse_address("[::1]", 5432) == host_and_port{"::1", 5432});
    for (auto const* wrong :
         {"", ":7000", "host", "host:", "host:x", "host:70000", "host:-1", "5432", "1:2", "host:1x", "[]:1x"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_address(wrong));
    }
    CHECK_FALSE(parse_address("5432", 5432));
    CHECK(text_of({"::1", 80}) == "[::1]:80");
    CHECK(text_of({"host", 80}) == "host:80");
}
