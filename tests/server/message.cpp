#include "support/catch.hpp"

#include <phantomdb/server/message.hpp>
#include <phantomdb/server/reply.hpp>

using namespace phantomdb;
using namespace phantomdb::server;
using namespace std::string_literals;

namespace {

template <class Action>
std::string code_of(Action action) {
    try {
        action();
    } catch (error const& caught) {
        return std::string(caught.code.view()) + " " + caught.message;
    }
    return "none";
}

std::string int32_bytes(std::uint32_t number) {
    return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
            static_cast<char>(number)};
}

std::string start_packet(std::string const& body) {
    return int32_bytes(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

}  // namespace

TEST_CASE("a frame is found when all of it is there, and not before") {
    std::string const input = "Q\0\0\0\x0dselect 1\0S\0\0\0\4"s;
    for (std::size_t size = 0; size < 14; ++size) {
        auto const result = next_frame(std::string_view(input).substr(0, size), true);
        CHECK_FALSE(result.found);
        CHECK(result.needed > size);
    }
    auto const first = next_frame(input, true).found;
    REQUIRE(first);
    CHECK(first->type == 'Q');
    CHECK(first->size == 14);
    CHECK(read_text(first->body) == "select 1");
    auto const second = next_frame(std::string_view(input).substr(first->size), true).found;
    REQUIRE(second);
    CHECK(second->type == frontend::sync);
    CHECK(second->body.empty());
}

TEST_CASE("hostile lengths and types are refused before anything is believed") {
    CHECK(code_of([] { next_frame("Q\0\0\0\3"s, true); }) == "08P01 invalid message length");
    CHECK(code_of([] { next_frame("Q\xff\xff\xff\xff"s, true); }) == "08P01 invalid message length");
    CHECK(code_of([] { next_frame("Q\x7f\xff\xff\xff"s, true); }) == "08P01 invalid message length");
    CHECK(code_of([] { next_frame("S\0\1\0\0"s, true); }) == "08P01 invalid message length");
    CHECK(code_of([] { next_frame("z\0\0\0\4"s, true); }) == "08P01 invalid frontend message type 122");
    CHECK(code_of([] { next_frame("\0\0\0\0\4"s, true); }) == "08P01 invalid frontend message type 0");
    CHECK(code_of([] { next_frame("p\0\0\0\4"s, true); }) == "08P01 invalid frontend message type 112");
    CHECK(code_of([] { next_frame("Q\0\0\0\5\0"s, false); }) == "08P01 expected SASL response, got message type 81");
    CHECK(code_of([] { next_frame("p\0\2\0\0"s, false); }) == "08P01 invalid message length");
    CHECK(code_of([] { next_startup_frame("\0\0\0\7"s); }) == "08P01 invalid length of startup packet");
    CHECK(code_of([] { next_startup_frame("GET / HTTP/1.1\r\n"); }) == "08P01 invalid length of startup packet");
    CHECK(next_frame("Q\x20\0\0\0"s, true).needed == 0x20000001);
}

TEST_CASE("start-up packets tell what the client wants") {
    using kind = startup_message::kind;
    auto const read = [](std::string const& body) {
        return read_startup(next_startup_frame(start_packet(body)).found->body);
    };
    CHECK(read(int32_bytes(80877103)).what == kind::ssl_request);
    CHECK(read(int32_bytes(80877104)).what == kind::gss_request);

    auto const cancel = read(int32_bytes(80877102) + int32_bytes(7) + int32_bytes(0xfffffffe));
    CHECK(cancel.what == kind::cancel_request);
    CHECK(cancel.process_id == 7);
    CHECK(cancel.cancel_key == -2);

    auto const start = read(int32_bytes(196608 + 2) + "user\0bob\0_pq_.x\0y\0database\0shop\0\0"s);
    CHECK(start.what == kind::start);
    CHECK(start.minor == 2);
    CHECK(start.parameter("user") == "bob");
    CHECK(start.parameter("database") == "shop");
    CHECK(start.parameter("nothing").empty());
    CHECK(start.unknown_options == std::vector<std::string>{"_pq_.x"});

    CHECK(code_of([&] { read(int32_bytes(2 << 16)); }) ==
          "0A000 unsupported frontend protocol 2.0: server supports 3.0 to 3.0");
    CHECK(code_of([&] { read(int32_bytes(196608) + "user\0bob\0"s); }) == "08P01 invalid string in message");
    CHECK(code_of([&] { read(int32_bytes(196608) + "user\0bob\0\0x"s); }) ==
          "08P01 invalid startup packet layout: expected terminator as last byte");
    CHECK(code_of([&] { read(int32_bytes(80877102) + "abc"); }) == "08P01 insufficient data left in message");
}

TEST_CASE("options of the start-up packet become settings") {
    using settings = std::vector<std::pair<std::string, std::string>>;
    CHECK(read_command_line_options("-c geqo=off  --search-path=a\\ b,c -cwork_mem=1MB") ==
          settings{{"geqo", "off"}, {"search_path", "a b,c"}, {"work_mem", "1MB"}});
    CHECK(read_command_line_options("").empty());
    CHECK(code_of([] { read_command_line_options("-x"); }).substr(0, 5) == "42601");
    CHECK(code_of([] { read_command_line_options("-c geqo"); }).substr(0, 5) == "42601");
    CHECK(code_of([] { read_command_line_options("-c"); }).substr(0, 5) == "42601");
}

TEST_CASE("Parse, Bind and the rest are read field by field") {
    std::string const parse_body = "s1\0select $1\0\0\1\0\0\0\x17"s;
    auto const parse = read_parse(parse_body);
    CHECK(parse.name == "s1");
    CHECK(parse.text == "select $1");
    CHECK(parse.parameter_types == std::vector<std::uint32_t>{23});

    bind_message bind;
    std::string const bind_body = "p\0s1\0\0\2\0\1\0\0\0\2\0\0\0\4\0\0\0\7\xff\xff\xff\xff\0\1\0\1"s;
    read_bind(bind_body, bind);
    CHECK(bind.portal == "p");
    CHECK(bind.statement == "s1");
    CHECK(bind.parameter_is_binary(0));
    CHECK_FALSE(bind.parameter_is_binary(1));
    CHECK(bind.parameters[0].bytes == "\0\0\0\7"s);
    CHECK(bind.parameters[1].null);
    CHECK(bind_message::format_of(bind.result_formats, 5) == 1);

    CHECK(code_of([&] { read_bind("\0\0\0\2\0\1\0\0\0\1\0\0\0\0\0\0"s, bind); }) ==
          "08P01 bind message has 2 parameter formats but 1 parameters");
    CHECK(code_of([&] { read_bind("\0\0\0\1\0\2\0\0\0\0"s, bind); }) == "22023 unsupported format code: 2");
    CHECK(code_of([&] { read_bind("\0\0\0\0\xff\xff\0\0"s, bind); }) == "08P01 insufficient data left in message");
    CHECK(code_of([&] { read_bind("\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"s, bind); }) == "08P01 invalid message format");
    CHECK(code_of([&] { read_bind("\0\0\0\0\0\0\0\0x"s, bind); }) == "08P01 invalid message format");

    std::string const describe_body = "Sabc\0"s;
    CHECK(read_describe(describe_body).name == "abc");
    CHECK(read_close("P\0"s).kind == 'P');
    CHECK(code_of([] { read_describe("X\0"s); }) == "08P01 invalid DESCRIBE message subtype 88");
    CHECK(code_of([] { read_close("x\0"s); }) == "08P01 invalid CLOSE message subtype 120");
    CHECK(read_execute("p\0\0\0\0\5"s).max_rows == 5);
    CHECK(read_execute("p\0\xff\xff\xff\xff"s).max_rows == 0);
    CHECK(code_of([] { read_text("no end"); }) == "08P01 invalid string in message");
    std::string const sasl_body = "SCRAM-SHA-256\0\0\0\0\3abc"s;
    auto const sasl = read_sasl_initial_response(sasl_body);
    CHECK(sasl.mechanism == "SCRAM-SHA-256");
    CHECK(sasl.response == "abc");
}

TEST_CASE("replies are written as the protocol draws them") {
    reply_buffer replies;
    replies.ready(sql::transaction_status::failed);
    CHECK(replies.bytes() == "Z\0\0\0\5E"s);

    replies.clear();
    sql::result_column column;
    column.name = "price";
    column.type = numeric_type(10, 2);
    column.table_oid = 16400;
    column.table_column = 3;
    replies.row_description({column}, {1});
    CHECK(replies.bytes() == "T\0\0\0\x1e\0\1price\0\0\0\x40\x10\0\3\0\0\6\xa4\xff\xff\0\x0a\0\6\0\1"s);

    replies.clear();
    replies.failure(error(errc::unique_violation, "duplicate").with_detail("Key").at(7).on_constraint("t_pkey"));
    CHECK(replies.bytes().substr(5) == "SERROR\0VERROR\0C23505\0Mduplicate\0DKey\0P7\0nt_pkey\0\0"s);

    replies.clear();
    replies.command_complete("cut\0here"s);
    CHECK(replies.bytes() ==
          "C\0\0\0\x08"
          "cut\0"s);

    CHECK(wire_modifier({type_id::varchar, 20}) == 24);
    CHECK(wire_modifier({type_id::timestamp, 3}) == 3);
    CHECK(wire_modifier({type_id::numeric, -1}) == -1);
}
