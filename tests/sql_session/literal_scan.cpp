// Which constants of a text are told apart, and which texts are refused: never one that PostgreSQL's scanner reads otherwise.

#include <phantomdb/sql/literal_scan.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace phantomdb;

namespace {

/// The key with its marks made visible, or "refused".
std::string shape(std::string_view text) {
    sql::literal_scan scan;
    if (!scan.read(text)) return "refused";
    std::string shown;
    for (char c : scan.key())
        shown += c >= 1 && c <= 4 ? std::string{"<", 1} + "?ilns"[static_cast<int>(c)] + ">" : std::string{c};
    return shown;
}

std::vector<std::string> spellings(std::string_view text) {
    sql::literal_scan scan;
    std::vector<std::string> all;
    if (!scan.read(text)) return {"refused"};
    for (std::size_t i = 0; i < scan.tokens().size(); ++i) all.emplace_back(scan.spelling(i));
    return all;
}

}  // namespace

TEST_CASE("constants are told apart from the rest of a text") {
    CHECK(shape("select a from t where b = 17;") == "select a from t where b = <i>;");
    CHECK(shape("select 2147483647, 2147483648, 007") == "select <i>, <l>, <i>");
    CHECK(shape("select 9223372036854775807, 9223372036854775808") == "select <l>, 9223372036854775808");
    CHECK(shape("select 1.5, 1., 2e5, 1.e-3") == "select <n>, <n>, <n>, <n>");
    CHECK(shape("a = -5 and b=-6 and c<-7") == "a = -<i> and b=-<i> and c<-<i>");
    CHECK(shape("'x' 'y'") == "refused");
    CHECK(shape("f('', 'it''s', 'a\\b', '1;--')") == "f(<s>, <s>, <s>, <s>)");
    CHECK(spellings("f('', 'it''s', 5)") == std::vector<std::string>{"''", "'it''s'", "5"});
    CHECK(shape("t1.c2 = x3$4 and \"a'1\"\"2\" = 5") == "t1.c2 = x3$4 and \"a'1\"\"2\" = <i>");
    CHECK(shape("caf\xc3\xa9 = 'caf\xc3\xa9'") == "caf\xc3\xa9 = <s>");
    CHECK(shape("date '2024-01-01' + 3") == "date <s> + <i>");
    CHECK(shape("a[1:2]::int4") == "a[<i>:<i>]::int4");
}

TEST_CASE("texts that a plain scanner could misread are refused whole") {
    for (char const* text : {"e'a\\'b'",
                             "E'x'",
                             "b'01'",
                             "x'ff'",
                             "n'x'",
                             "u&'x'",
                             "U&\"x\"",
                             "date'2024-01-01'",
                             "'a'\n'b'",
                             "'a' 'b'",
                             "'open",
                             "\"open",
                             "$1",
                             "$$x$$",
                             "$tag$x$tag$",
                             "select 1 -- 2",
                             "select /* 2 */ 1",
                             ".5",
                             "a.5",
                             "1..2",
                             "12abc",
                             "1e",
                             "1e+",
                             "0x1f",
                             "1_000",
                             "1.2.3",
                             "5'x'",
                             "5$",
                             "a\x01",
                             "a\x0b"
                             "b"}) {
        INFO(text);
        CHECK(shape(text) == "refused");
    }
    CHECK(shape(std::string_view("a\0b", 3)) == "refused");
    sql::literal_scan scan;
    scan.read("select 1 -- 2");
    std::string const one(scan.key());
    scan.read("select 1 -- 3");
    CHECK(scan.key() != one);
    CHECK(scan.tokens().empty());
}
