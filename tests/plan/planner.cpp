// The planner by itself: queries put together by hand, facts given, choices looked at. It runs in the compiler, too.

#include "support/catch.hpp"

#include <phantomdb/plan/explain.hpp>
#include <phantomdb/plan/planner.hpp>

namespace {

using namespace phantomdb;
using namespace phantomdb::query;
using plan::access;
using plan::operator_kind;

constexpr sql_type int4{type_id::int4, -1};

/// Writes small queries over tables of int4 columns.
struct writer {
    query_builder q;

    constexpr node table(std::string_view name, node ordinal, int columns, bool nullable = false) {
        std::vector<column> made;
        for (int i = 0; i < columns; ++i) made.push_back({int4, nullable, q.add_text("c")});
        relation r;
        r.kind = relation_kind::table;
        r.table = ordinal;
        r.source = q.add_source(name, made, static_cast<node>(q.relations.size()));
        return q.add(r);
    }
    constexpr node col(node relation, node ordinal) {
        expression e;
        e.kind = expression_kind::column;
        e.source = q.relations[static_cast<std::size_t>(relation)].source;
        e.column = ordinal;
        e.type = int4;
        return q.add(e);
    }
    constexpr node number(int n) {
        expression e;
        e.kind = expression_kind::literal;
        e.type = int4;
        e.detail = q.add(literal_of(int4, datum{std::int64_t{n}}));
        return q.add(e);
    }
    constexpr node compare(function_id f, node a, node b) {
        expression e;
        e.kind = expression_kind::call;
        e.function = f;
        e.type = {type_id::boolean, -1};
        node both[] = {a, b};
        e.arguments = q.add_list(both);
        return q.add(e);
    }
    constexpr node filter(node below, std::vector<node> const& conditions) {
        relation r;
        r.kind = relation_kind::filter;
        r.left = below;
        r.expressions = q.add_list(conditions);
        return q.add(r);
    }
    constexpr node join(join_kind kind, node left, node right, std::vector<node> const& on) {
        relation r;
        r.kind = relation_kind::join;
        r.join = kind;
        r.left = left;
        r.right = right;
        r.expressions = q.add_list(on);
        return q.add(r);
    }
    constexpr node sort(node below, std::vector<sort_key> const& keys) {
        relation r;
        r.kind = relation_kind::sort;
        r.left = below;
        r.sort = q.add_keys(keys);
        return q.add(r);
    }
    constexpr node limit(node below, int rows) {
        relation r;
        r.kind = relation_kind::limit;
        r.left = below;
        r.limit = number(rows);
        return q.add(r);
    }
};

/// Primary key (c0), unique (c1), index (c2, c3); `rows` rows.
constexpr plan::table_facts facts(double rows) {
    plan::table_facts made;
    auto add = [&](std::vector<std::int16_t> columns, bool unique, bool primary) {
        plan::index_facts index;
        for (std::int16_t c : columns) {
            index.columns.push_back(c);
            index.descending.push_back(false);
            index.nulls_first.push_back(false);
        }
        index.unique = unique;
        index.primary = primary;
        made.indexes.push_back(index);
    };
    add({0}, true, true);
    add({1}, true, false);
    add({2, 3}, false, false);
    made.rows = rows;
    return made;
}

constexpr plan::plan make(writer& w, node root, std::vector<plan::table_facts> const& tables) {
    w.q.root = root;
    return plan::make_plan(w.q.view(), tables);
}

constexpr auto eq = function_id::int4_eq;

constexpr access chosen_for(node column) {
    writer w;
    node t = w.table("t", 0, 5);
    auto p = make(w, w.filter(t, {w.compare(eq, w.col(t, column), w.number(7))}), {facts(100000)});
    return p.nodes[static_cast<std::size_t>(p.root)].access;
}
static_assert(chosen_for(0) == access::primary_equal);
static_assert(chosen_for(1) == access::index_equal);
static_assert(chosen_for(2) == access::index_range);
static_assert(chosen_for(3) == access::full, "an index needs its first column");
static_assert(chosen_for(4) == access::full);

}  // namespace

TEST_CASE("planner: an equal prefix and a range bound one index scan, the rest filters") {
    writer w;
    node t = w.table("t", 0, 5);
    node equal = w.compare(eq, w.number(1), w.col(t, 2));  // turned round on purpose
    node low = w.compare(function_id::int4_ge, w.col(t, 3), w.number(10));
    node high = w.compare(function_id::int4_lt, w.col(t, 3), w.number(20));
    node rest = w.compare(eq, w.col(t, 4), w.number(5));
    auto p = make(w, w.filter(t, {rest, low, equal, high}), {facts(100000)});
    auto const& scan = p.nodes[static_cast<std::size_t>(p.root)];
    REQUIRE(scan.kind == operator_kind::table_scan);
    CHECK(scan.access == access::index_range);
    CHECK(scan.index == 2);
    CHECK(scan.equal.count == 1);
    CHECK(scan.lower.inclusive);
    CHECK(scan.upper.expression != none);
    CHECK_FALSE(scan.upper.inclusive);
    REQUIRE(scan.filter.count == 1);
    CHECK(p.lists[static_cast<std::size_t>(scan.filter.first)] == rest);
}

TEST_CASE("planner: a range over a column that can be null keeps its condition, as nulls lie in the same span") {
    writer w;
    node t = w.table("t", 0, 5, true);
    auto p = make(w, w.filter(t, {w.compare(function_id::int4_gt, w.col(t, 0), w.number(10))}), {facts(100000)});
    auto const& scan = p.nodes[static_cast<std::size_t>(p.root)];
    CHECK(scan.access == access::primary_range);
    CHECK(scan.filter.count == 1);
}

TEST_CASE("planner: the whole of a unique key is used however small the table") {
    writer w;
    node t = w.table("t", 0, 5);
    auto p = make(w, w.filter(t, {w.compare(eq, w.col(t, 0), w.number(7))}), {facts(2)});
    CHECK(p.nodes[static_cast<std::size_t>(p.root)].access == access::primary_equal);
}

TEST_CASE("planner: few rows drive lookups, many rows are hashed") {
    for (bool few : {true, false}) {
        writer w;
        node a = w.table("a", 0, 5), b = w.table("b", 1, 5);
        std::vector<node> conditions{w.compare(eq, w.col(a, 4), w.col(b, 0))};
        if (few) conditions.push_back(w.compare(eq, w.col(a, 0), w.number(3)));
        auto p = make(w, w.filter(w.join(join_kind::inner, a, b, {}), conditions), {facts(50000), facts(50000)});
        auto const& root = p.nodes[static_cast<std::size_t>(p.root)];
        CHECK(root.kind == (few ? operator_kind::lookup_join : operator_kind::hash_join));
        if (few) {
            auto const& inner = p.nodes[static_cast<std::size_t>(root.right)];
            CHECK(inner.access == access::primary_equal);
        } else {
            CHECK(root.left_keys.count == 1);
        }
    }
}

TEST_CASE("planner: without an equality a join is a loop, and every condition is somewhere") {
    writer w;
    node a = w.table("a", 0, 5), b = w.table("b", 1, 5);
    node less = w.compare(function_id::int4_lt, w.col(a, 4), w.col(b, 4));
    auto p = make(w, w.filter(w.join(join_kind::inner, a, b, {}), {less}), {facts(10), facts(10)});
    auto const& root = p.nodes[static_cast<std::size_t>(p.root)];
    CHECK(root.kind == operator_kind::loop_join);
    REQUIRE(root.filter.count == 1);
    CHECK(p.lists[static_cast<std::size_t>(root.filter.first)] == less);
}

TEST_CASE("planner: conditions pass an outer join only where that keeps its meaning") {
    writer w;
    node a = w.table("a", 0, 5), b = w.table("b", 1, 5);
    node on = w.compare(eq, w.col(a, 4), w.col(b, 4));
    node only_right = w.compare(eq, w.col(b, 3), w.number(1));
    node join = w.join(join_kind::left_outer, a, b, {on, only_right});
    node above_left = w.compare(eq, w.col(a, 0), w.number(9));
    node above_right = w.compare(eq, w.col(b, 0), w.number(9));
    auto p = make(w, w.filter(join, {above_left, above_right}), {facts(1000), facts(1000)});
    auto const& top = p.nodes[static_cast<std::size_t>(p.root)];
    REQUIRE(top.kind == operator_kind::filter);  // on the optional side: stays above
    CHECK(p.lists[static_cast<std::size_t>(top.filter.first)] == above_right);
    auto const& joined = p.nodes[static_cast<std::size_t>(top.left)];
    CHECK(joined.join == join_kind::left_outer);
    CHECK(p.nodes[static_cast<std::size_t>(joined.left)].access == access::primary_equal);
    CHECK(p.nodes[static_cast<std::size_t>(joined.right)].filter.count == 1);
}

TEST_CASE("planner: a right join is a left join with its sides changed") {
    writer w;
    node a = w.table("a", 0, 5), b = w.table("b", 1, 5);
    auto p = make(w, w.join(join_kind::right_outer, a, b, {w.compare(eq, w.col(a, 4), w.col(b, 4))}),
                  {facts(10), facts(10)});
    auto const& root = p.nodes[static_cast<std::size_t>(p.root)];
    CHECK(root.join == join_kind::left_outer);
    CHECK(p.nodes[static_cast<std::size_t>(root.left)].relation == b);
}

TEST_CASE("planner: a sort is left out where rows come in its order, backwards too") {
    for (bool descending : {false, true}) {
        writer w;
        node t = w.table("t", 0, 5);
        auto p = make(w, w.sort(t, {{w.col(t, 0), descending, descending}}), {facts(1000)});
        auto const& root = p.nodes[static_cast<std::size_t>(p.root)];
        REQUIRE(root.kind == operator_kind::table_scan);
        CHECK(root.reverse == descending);
    }
    writer w;
    node t = w.table("t", 0, 5);
    auto p = make(w, w.sort(t, {{w.col(t, 4), false, false}}), {facts(1000)});
    CHECK(p.nodes[static_cast<std::size_t>(p.root)].kind == operator_kind::sort);
}

TEST_CASE("planner: under a limit an index gives the order, or the sort keeps only the first rows") {
    writer w;
    node t = w.table("t", 0, 5);
    auto p =
        make(w, w.limit(w.sort(t, {{w.col(t, 2), false, false}, {w.col(t, 3), false, false}}), 5), {facts(100000)});
    auto const& top = p.nodes[static_cast<std::size_t>(p.root)];
    REQUIRE(top.kind == operator_kind::limit);
    CHECK(p.nodes[static_cast<std::size_t>(top.left)].index == 2);

    writer v;
    t = v.table("t", 0, 5);
    p = make(v, v.limit(v.sort(t, {{v.col(t, 4), false, false}}), 5), {facts(100000)});
    auto const& sort = p.nodes[static_cast<std::size_t>(p.nodes[static_cast<std::size_t>(p.root)].left)];
    REQUIRE(sort.kind == operator_kind::sort);
    CHECK(sort.bound != none);
}

TEST_CASE("planner: explain shows access paths and conditions as PostgreSQL words them") {
    writer w;
    node t = w.table("pets", 0, 5);
    std::vector<plan::table_facts> tables{facts(100000)};
    auto p = make(w, w.filter(t, {w.compare(eq, w.col(t, 0), w.number(7)), w.compare(eq, w.col(t, 4), w.number(1))}),
                  tables);
    auto text = plan::explain_text(plan::explain(w.q.view(), p.view(), tables, [](node, node) { return "pets_pkey"; }),
                                   {}, false);
    CHECK(text == "Index Scan using pets_pkey on pets\n  Index Cond: (c = 7)\n  Filter: (pets.c = 1)\n");
}
