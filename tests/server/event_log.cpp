#include "support/catch.hpp"

#include <phantomdb/server/event_log.hpp>

using namespace phantomdb::server;

TEST_CASE("a log line is JSON or key=value, and hostile text stays inside its quotes") {
    std::string_view const hostile = "a\"b\\c\nd";
    CHECK(log_line(log_format::json, "ready", {{"port", 5432}, {"message", hostile}}) ==
          R"("event":"ready","port":5432,"message":"a\"b\\c\u000ad")");
    CHECK(log_line(log_format::text, "statement failed", {{"code", "42P01"}, {"message", hostile}, {"empty", ""}}) ==
          R"(event="statement failed" code=42P01 message="a\"b\\c\u000ad")");
}
