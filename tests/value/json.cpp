#include <phantomdb/value/document.hpp>
#include <phantomdb/value/document_edit.hpp>
#include <phantomdb/value/json.hpp>

#include "value/samples.hpp"

using namespace phantomdb;
using phantomdb::test::outcome;

TEST_CASE("jsonb operators answer as PostgreSQL's do") {
    PHANTOMDB_ORACLE(server);
    test::dice random(11);
    test::comparison pairs;
    for (int i = 0; i < 5000; ++i) {
        std::string a = test::random_json(random), b = random.one_in(4) ? a : test::random_json(random);
        std::string l = test::quoted(a) + "::jsonb", r = test::quoted(b) + "::jsonb";
        std::string left_bytes = parse_document(a), right_bytes = parse_document(b);
        document_view left(left_bytes), right(right_bytes);
        REQUIRE(is_valid_document(left_bytes));
        std::string name = random.of("a", "aa", "é", "0", "1", "-1", "");
        auto made = [](std::string const& bytes) {
            REQUIRE(is_valid_document(bytes));
            return to_text(document_view(bytes));
        };
        switch (random.between(0, 6)) {
            case 0: {
                auto order = compare(left, right);
                pairs.add(
                    "case when " + l + "<" + r + " then 'less' when " + l + ">" + r + " then 'more' else 'same' end",
                    order < 0   ? "less"
                    : order > 0 ? "more"
                                : "same");
                if (order == 0) CHECK(hash_of(left) == hash_of(right));
                break;
            }
            case 1: pairs.add(l + " @> " + r, contains(left, right) ? "t" : "f"); break;
            case 2: pairs.add(l + " || " + r, made(concatenate(left, right))); break;
            case 3:
                pairs.add(l + " - " + test::quoted(name), outcome([&] { return made(without_key(left, name)); }));
                break;
            case 4: pairs.add(l + " ? " + test::quoted(name), has_key(left, name) ? "t" : "f"); break;
            case 5: {
                auto found = left.step(name);
                pairs.add(l + " #> array[" + test::quoted(name) + "]", found ? to_text(*found) : "null");
                break;
            }
            default: {
                auto index = random.between(-3, 3);
                pairs.add(l + " - (" + std::to_string(index) + ")",
                          outcome([&] { return made(without_element(left, index)); }));
            }
        }
    }
    pairs.check(*server);
}

TEST_CASE("numbers in documents stay exact beyond what a numeric holds") {
    std::string bytes = parse_document("[1e40, 12345678901234567890123456789012345678901234567890.5, 1.50]");
    CHECK(to_text(document_view(bytes)) ==
          "[10000000000000000000000000000000000000000, 12345678901234567890123456789012345678901234567890.5, 1.50]");
    std::string one = parse_document("1"), long_one = parse_document("1." + std::string(50, '0'));
    CHECK(std::is_eq(compare(document_view(one), document_view(long_one))));
    CHECK(hash_of(document_view(one)) == hash_of(document_view(long_one)));
    CHECK_THROWS_AS(parse_document("1e999999999"), error);
}

TEST_CASE("documents nest a thousand deep, no deeper") {
    auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(is_valid_document(parse_document(nested(1000))));
    CHECK_THROWS_AS(parse_document(nested(1002)), error);
    CHECK_THROWS_AS(check_json(nested(100000)), error);
}

TEST_CASE("untrusted bytes are documents or are found not to be") {
    test::dice random(12);
    int valid = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string bytes = parse_document(test::random_json(random));
        auto at = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(bytes.size()) - 1));
        switch (random.between(0, 2)) {
            case 0: bytes[at] = static_cast<char>(random.between(0, 255)); break;
            case 1: bytes.resize(at); break;
            default: bytes += 'x';
        }
        if (!is_valid_document(bytes)) continue;
        ++valid;
        CHECK(!to_text(document_view(bytes)).empty());  // reading it touches nothing it should not
    }
    CHECK(valid < 15000);
}

TEST_CASE("a member is found in a large object by its name") {
    document_builder builder;
    builder.begin_object();
    for (int i = 0; i < 5000; ++i) {
        builder.key("key" + std::to_string(i));
        builder.number(std::int64_t{i} * 1000);
    }
    builder.key("key7");
    builder.string("the last one stays");
    builder.end_object();
    std::string bytes = builder.take();
    document_view document(bytes);
    CHECK(document.size() == 5000);
    CHECK(document.find("key7")->as_string() == "the last one stays");
    CHECK(std::is_eq(compare(document.find("key4999")->as_numeric(), numeric::from(4999000))));
    CHECK(!document.find("key5000"));
}
