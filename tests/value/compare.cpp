#include <phantomdb/value/compare.hpp>
#include <phantomdb/value/text_io.hpp>

#include "value/samples.hpp"

using namespace phantomdb;

TEST_CASE("values of a type have PostgreSQL's order, and equal ones hash alike") {
    PHANTOMDB_ORACLE(server);
    test::dice random(14);
    test::comparison pairs;
    for (int round = 0; round < 200; ++round) {
        for (type_id id : test::value_types()) {
            if (!is_comparable(id)) continue;
            sql_type type{id, -1};
            arena memory;
            std::string a = test::random_text(random, id), b = test::random_text(random, id);
            if (id == type_id::bpchar && random.one_in(2)) b = a + "  ";
            try {
                datum left = parse_text(type, a, memory, {}), right = parse_text(type, b, memory, {});
                auto order = compare(id, left, right);
                if (order == 0) CHECK(hash_of(id, left) == hash_of(id, right));
                CHECK(std::is_eq(compare(id, right, left)) == std::is_eq(order));
                std::string l = test::quoted(a) + "::" + test::sql_name(id),
                            r = test::quoted(b) + "::" + test::sql_name(id);
                pairs.add(
                    "case when " + l + "<" + r + " then 'less' when " + l + ">" + r + " then 'more' else 'same' end",
                    order < 0   ? "less"
                    : order > 0 ? "more"
                                : "same");
            } catch (error const&) {
                continue;
            }
        }
    }
    CHECK(pairs.size() > 2000);
    pairs.check(*server);
}

TEST_CASE("floats order with NaN on top and one zero") {
    double nan = std::nan(""), zero = 0.0;
    CHECK(std::is_eq(compare(nan, nan)));
    CHECK(std::is_gt(compare(nan, HUGE_VAL)));
    CHECK(std::is_eq(compare(-zero, zero)));
    CHECK(hash_of(-zero) == hash_of(zero));
    CHECK(hash_of(nan) == hash_of(-nan));
    CHECK_THROWS_AS(compare(type_id::json, datum(std::string_view("1")), datum(std::string_view("1"))), error);
}
