/// @file Feeds bytes nobody meant as messages to the reading side of the protocol: it may refuse with an error, not crash.
///
/// As a test it tries mutations of good messages from a fixed seed. To search on and on with libFuzzer instead:
///     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -DPHANTOMDB_LIBFUZZER -Iinclude -Itests
///         tests/fuzz/message.cpp tools/sqlengine/server_message.cpp tools/sqlengine/*scram*.cpp -lcrypto
#include <phantomdb/server/message.hpp>
#include <phantomdb/server/scram.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace phantomdb;
using namespace phantomdb::server;

void read_body(char type, std::string_view body, bind_message& bind) {
    switch (type) {
        case frontend::query:
        case frontend::copy_fail: read_text(body); break;
        case frontend::parse: read_parse(body); break;
        case frontend::bind: read_bind(body, bind); break;
        case frontend::describe: read_describe(body); break;
        case frontend::close: read_close(body); break;
        case frontend::execute: read_execute(body); break;
        case frontend::password: read_sasl_initial_response(body); break;
        default: break;
    }
}

/// Reads `input` in every way a connection would. How many messages were found.
int read_everything(std::string_view input) {
    int found = 0;
    bind_message bind;
    auto const guarded = [&](auto action) {
        try {
            action();
            ++found;
            return true;
        } catch (error const&) {
            return false;
        }
    };
    guarded([&] {
        if (auto const first = next_startup_frame(input).found) {
            read_command_line_options(read_startup(first->body).parameter("options"));
        }
    });
    for (bool const authenticated : {true, false}) {
        for (std::string_view rest = input;;) {
            frame_result next;
            if (!guarded([&] { next = next_frame(rest, authenticated); }) || !next.found) break;
            guarded([&] { read_body(next.found->type, next.found->body, bind); });
            rest.remove_prefix(next.found->size);
        }
    }
    for (char const type : {'Q', 'P', 'B', 'D', 'E', 'C', 'p', 'f'}) guarded([&] { read_body(type, input, bind); });
    guarded([&] {
        scram_exchange exchange("user", std::nullopt, "nonce", "secret");
        exchange.first(input);
        exchange.last(input);
    });
    return found;
}

}  // namespace

#ifdef PHANTOMDB_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    read_everything({reinterpret_cast<char const*>(bytes), size});
    return 0;
}

#else

#include "fuzz/damage.hpp"
#include "support/catch.hpp"

#include <random>

using namespace std::string_literals;

TEST_CASE("mutated messages are read or refused") {
    std::string const seeds[] = {
        "\0\0\0\x21\0\3\0\0user\0bob\0options\0-c a=b\0\0"s,
        "\0\0\0\x10\4\xd2\x16\x2e\0\0\0\1\0\0\0\2"s,
        "Q\0\0\0\x0dselect 1\0P\0\0\0\x16s1\0select $1\0\0\1\0\0\0\x17"s,
        "B\0\0\0\x23p\0s1\0\0\2\0\1\0\0\0\2\0\0\0\4\0\0\0\7\xff\xff\xff\xff\0\1\0\1D\0\0\0\6S\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"s,
        "p\0\0\0\x36SCRAM-SHA-256\0\0\0\0\x20n,,n=,r=rOprNGfwEbeRWgbNEkqOabcd"s,
        "d\0\0\0\7a\tbc\0\0\0\4f\0\0\0\5\0X\0\0\0\4"s,
    };
    std::mt19937 random(20240501);
    int found = 0;
    for (int round = 0; round < 60000; ++round) {
        std::string input = seeds[random() % std::size(seeds)];
        if (round % 7 == 0) input += seeds[random() % std::size(seeds)];
        input = test::damaged(std::move(input), random);
        found += read_everything(input);
    }
    CHECK(found > 60000);
}

#endif
