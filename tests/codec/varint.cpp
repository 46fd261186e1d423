#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>

#include "support/catch.hpp"

#include <limits>
#include <string>

using namespace phantomdb::codec;

TEST_CASE("varints come back, and short or long ones are refused") {
    for (int shift = 0; shift < 64; ++shift) {
        for (int delta = -1; delta <= 1; ++delta) {
            std::uint64_t const value = (std::uint64_t{1} << shift) + static_cast<std::uint64_t>(std::int64_t{delta});
            std::string bytes;
            append_varint(bytes, value);
            std::string_view in = bytes;
            std::uint64_t back = 0;
            REQUIRE(take_varint(in, back));
            REQUIRE(back == value);
            REQUIRE(in.empty());
            for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
                std::string_view part = std::string_view(bytes).substr(0, cut);
                REQUIRE_FALSE(take_varint(part, back));
                REQUIRE(part.size() == cut);
            }
        }
    }
    std::string_view endless = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    std::uint64_t value = 0;
    REQUIRE_FALSE(take_varint(endless, value));
    std::string_view too_large = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
    REQUIRE_FALSE(take_varint(too_large, value));
}

TEST_CASE("zigzag keeps every signed number") {
    for (std::int64_t const value :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::numeric_limits<std::int64_t>::min(),
          std::numeric_limits<std::int64_t>::max()}) {
        REQUIRE(from_zigzag(to_zigzag(value)) == value);
    }
    REQUIRE(to_zigzag(-1) == 1);
    REQUIRE(to_zigzag(1) == 2);
}

TEST_CASE("bytes with their length") {
    std::string out;
    append_bytes(out, "abc");
    append_bytes(out, "");
    std::string_view in = out;
    std::string_view bytes;
    REQUIRE(take_bytes(in, bytes));
    REQUIRE(bytes == "abc");
    REQUIRE(take_bytes(in, bytes));
    REQUIRE(bytes.empty());
    REQUIRE_FALSE(take_bytes(in, bytes));
    std::string_view cut = std::string_view(out).substr(0, 3);
    REQUIRE_FALSE(take_bytes(cut, bytes));
    REQUIRE(cut.size() == 3);
}

TEST_CASE("crc32c by instruction and by table agree with the published values") {
    REQUIRE(crc32c("") == 0);
    REQUIRE(crc32c("123456789") == 0xe3069283u);
    REQUIRE(crc32c(std::string(32, '\0')) == 0x8a9136aau);  // RFC 3720, B.4
    REQUIRE(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
    std::string text;
    for (int i = 0; i < 300; ++i) {
        text += static_cast<char>(i * 37);
        REQUIRE(crc32c(text) == ~detail::crc32c_by_table(~0u, text.data(), text.size()));
        REQUIRE(crc32c(std::string_view(text).substr(text.size() / 3),
                       crc32c(std::string_view(text).substr(0, text.size() / 3))) == crc32c(text));
    }
}
