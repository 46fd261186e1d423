#include "support/catch.hpp"

#include <phantomdb/codec/engine.hpp>

using namespace phantomdb;
using namespace phantomdb::codec;

TEST_CASE("an engine record is eight bytes of key and one of value") {
    std::string key = engine_record_key(0x01020304);
    CHECK(key == std::string("\0\0\0\4\1\2\3\4", 8));
    CHECK(object_of_engine_record(key) == 0x01020304u);
    CHECK_FALSE(object_of_engine_record(key + "x"));
    CHECK_FALSE(object_of_engine_record(std::string("\0\0\0\1\1\2\3\4", 8)));
    for (engine one : {engine::btree, engine::lsm, engine::hash, engine::hybrid}) {
        CHECK(engine_of_record(engine_record_value(one)) == one);
    }
    CHECK(engine_record_value(engine::lsm) == "\1");  // on disk: not to change
    CHECK_THROWS_AS(engine_of_record("\4"), error);
    CHECK_THROWS_AS(engine_of_record(""), error);
}
