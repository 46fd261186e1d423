#include <phantomdb/value/binary_io.hpp>
#include <phantomdb/value/compare.hpp>
#include <phantomdb/value/text_io.hpp>

#include "value/samples.hpp"

using namespace phantomdb;

namespace {

std::string hex(std::string_view bytes) {
    std::string out = "\\x";
    append_hex(out, bytes);
    return out;
}

std::string send_function(type_id type) {
    switch (type) {
        case type_id::boolean: return "boolsend";
        case type_id::int2:
        case type_id::int4:
        case type_id::int8:
        case type_id::float4:
        case type_id::float8:
        case type_id::text:
        case type_id::oid:
        case type_id::bpchar:
        case type_id::varchar:
        case type_id::bytea:
        case type_id::name: return test::sql_name(type) + "send";
        default: return test::sql_name(type) + "_send";
    }
}

}  // namespace

TEST_CASE("the binary format of every type is PostgreSQL's, and comes back") {
    PHANTOMDB_ORACLE(server);
    test::dice random(9);
    test::comparison pairs;
    for (int round = 0; round < 300; ++round) {
        for (type_id id : test::value_types()) {
            sql_type type{id, -1};
            arena memory;
            std::string text = test::random_text(random, id), binary;
            datum value;
            try {
                value = parse_text(type, text, memory, {});
            } catch (error const&) {
                continue;
            }
            append_binary(binary, type, value);
            pairs.add(send_function(id) + "(" + test::quoted(text) + "::" + test::sql_name(id) + ")", hex(binary));
            datum back = parse_binary(type, binary, memory);
            REQUIRE(to_text(type, back) == to_text(type, value));
        }
    }
    CHECK(pairs.size() > 3000);
    pairs.check(*server);
}

TEST_CASE("hostile bytes are refused, never more") {
    test::dice random(10);
    arena memory;
    int refused = 0;
    for (int i = 0; i < 30000; ++i) {
        auto id = test::value_types()[static_cast<std::size_t>(
            random.between(0, static_cast<std::int64_t>(test::value_types().size()) - 1))];
        std::string bytes;
        for (auto left = random.between(0, 20); left > 0; --left)
            bytes += static_cast<char>(random.one_in(2) ? 0 : random.between(0, 255));
        if (id == type_id::jsonb && random.one_in(2)) bytes.insert(0, 1, '\1');
        try {
            datum value = parse_binary({id, -1}, bytes, memory);
            std::string out;
            append_text(out, {id, -1}, value, {});
        } catch (error const&) {
            ++refused;
        }
        memory.reset();
    }
    CHECK(refused > 10000);
    auto code = [&](type_id type, std::string_view bytes) {
        try {
            parse_binary({type, -1}, bytes, memory);
        } catch (error const& fault) {
            return std::string(fault.code.view());
        }
        return std::string();
    };
    CHECK(code(type_id::int4, "abc") == "22P03");
    CHECK(code(type_id::int4, "abcde") == "22P03");
    CHECK(code(type_id::numeric, std::string_view("\0\1\0\0\0\0\0\0\x27\x10", 10)) == "22P03");
    CHECK(code(type_id::jsonb, "\2{}") == "22P03");
    CHECK(code(type_id::text, "\xff") == "22021");
}
