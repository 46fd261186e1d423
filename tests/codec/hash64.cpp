// The hash in the keys of hash indexes: values that others published, so that it is what its documentation says.

#include "support/catch.hpp"

#include <phantomdb/codec/hash64.hpp>

#include <bit>
#include <string>

using phantomdb::codec::hash64;

static_assert(hash64("") == 0xEF46DB3751D8E999u);

TEST_CASE("the hash of hash indexes is XXH64 with seed 0") {
    CHECK(hash64("a") == 0xD24EC4F1A98C6E5Bu);
    CHECK(hash64("abc") == 0x44BC2CF5AD770999u);
    CHECK(hash64("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1u);
    CHECK(hash64("The quick brown fox jumps over the lazy dog") == 0x0B242D361FDA71BCu);
}

TEST_CASE("every byte of a key counts, whatever its length") {
    for (std::size_t length = 1; length <= 100; ++length) {
        std::string key(length, 'x');
        std::uint64_t const before = hash64(key);
        for (std::size_t at = 0; at < length; ++at) {
            std::string other = key;
            other[at] = static_cast<char>(other[at] ^ 1);
            // About half of the bits change; that fewer than ten of 64 do has a probability below one in 10^9.
            CHECK(std::popcount(before ^ hash64(other)) >= 10);
        }
    }
}
