// Scripts, statements and error positions; texts made to overflow the stack.
#include <phantomdb/sql/parser.hpp>

#include "support/catch.hpp"

#include <string>

using namespace phantomdb;

namespace {

std::string repeated(std::string_view part, int times) {
    std::string made;
    for (int i = 0; i < times; ++i) made += part;
    return made;
}

std::string state_of(std::string_view script) {
    try {
        sql::parse(script);
        return "";
    } catch (error const& failed) {
        return std::string(failed.code.view());
    }
}

}  // namespace

TEST_CASE("a script is cut into statements", "[parser]") {
    auto script = sql::parse(" select 1 ; -- nothing\n;; insert into t values (2);/* c */ commit");
    REQUIRE(script.statements().size() == 3);
    CHECK(script.text(script.statements()[0]) == "select 1 ");
    CHECK(script.statements()[1].node.is("InsertStmt"));
    CHECK(script.text(script.statements()[1]) == "insert into t values (2)");
    CHECK(script.text(script.statements()[2]) == "commit");
    CHECK(sql::parse("").statements().empty());
    CHECK(sql::parse(" ; /* x */ ;").statements().empty());
}

TEST_CASE("a script outlives its copy", "[parser]") {
    sql::ast node;
    sql::parsed_script kept = [&] {
        auto script = sql::parse("select 'x'");
        node = script.statements()[0].node;
        return script;
    }();
    CHECK(node.list("targetList").front()["val"]["sval"].text("sval") == "x");
}

TEST_CASE("syntax errors point at a character", "[parser]") {
    try {
        sql::parse("select 'äöü' from from");
        FAIL("parsed");
    } catch (error const& failed) {
        CHECK(failed.code == errc::syntax_error);
        CHECK(failed.message == "syntax error at or near \"from\"");
        CHECK(failed.position == 19);
    }
    CHECK(state_of(std::string_view("select 1\0;", 10)) == "22021");
}

TEST_CASE("negative integers survive", "[parser]") {
    auto value = [](std::string_view script) {
        auto parsed = sql::parse(script);
        return sql::integer_constant(parsed.statements()[0].node.list("targetList").front()["val"], parsed.text());
    };
    CHECK(value("select 5") == 5);
    CHECK(value("select -5") == -5);
    CHECK(value("select - /* - */ 17") == -17);
    CHECK(value("select 0") == 0);
    CHECK(value("select (-(3))") == -3);
    auto sequence = sql::parse("create sequence s increment by -2");
    CHECK(sql::integer_constant(sequence.statements()[0].node.list("options").front(), sequence.text()) == -2);
}

TEST_CASE("deep nesting is refused, long lists are not", "[parser]") {
    for (int depth : {3000, 30000, 100000}) {
        CHECK(
            (depth > 5000 ? state_of("select " + repeated("(", depth) + "1" + repeated(")", depth)) == "54001" : true));
        CHECK(state_of("select 1" + repeated("+1", depth)) != "XX000");
        CHECK((depth < 5000 || state_of("select 1" + repeated("+1", depth)) == "54001"));
        CHECK((depth < 5000 || state_of("select true" + repeated(" is true", depth)) != ""));
        CHECK((depth < 5000 || state_of("select 1" + repeated("::int", depth)) == "54001"));
        CHECK((depth < 5000 || state_of("select 1" + repeated(" union select 1", depth)) == "54001"));
        CHECK((depth < 5000 || state_of("select " + repeated("not ", depth) + "true") == "54001"));
        CHECK((depth < 5000 || state_of("select " + repeated("f(", depth) + "1" + repeated(")", depth)) == "54001"));
    }
    CHECK(state_of("select true" + repeated(" and a = 1", 100000)) == "");
    CHECK(state_of("select 1 in (1" + repeated(", 2", 200000) + ")") == "");
    CHECK(state_of("insert into t values (1, 'a+b')" + repeated(", (1 + 2, 'a+b')", 50000)) == "");
    CHECK(state_of("select '" + repeated("+", 100000) + "' -- " + repeated("+", 100000)) == "");
}
