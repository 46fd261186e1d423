/// @file Defines the query IR: the one form in which a typed query and a SQL statement meet.
///
/// A query is a handful of flat arrays; nodes refer to each other by index, never by pointer, so that the same arrays are a
/// template argument (`query_value`, made by `freeze`) on the typed side and growing vectors (`query_builder`) on the SQL side.
/// Planner and executors read both through `query_view`, a bundle of spans.
///
/// Relations form a tree from `root` down. A relation that brings forth columns defines a **source**, a number unique in the
/// whole statement, subqueries included; a column is named by (source, column), wherever it is used:
///
///     relation          defines a source?   its columns
///     table             yes                 the table's, in table order; column `count` (one past the last) is the row key
///     values            yes                 one per value in a row
///     project           yes                 its expressions
///     aggregate         yes                 group keys, then aggregates; the sources below are no longer visible
///     window            yes                 the window calls; the sources below stay visible
///     set_operation     yes                 as its left side
///     recursive         yes                 as its left side (`working` relations inside read the previous round)
///     insert/update/erase  yes                 the row as it is after (erase: before) the change, for RETURNING; the other
///                                            sources below update and erase stay visible
///     all others        no                  what their children define
///
/// A column whose source is defined outside the subtree it is used in makes a subquery correlated; nothing else marks it.
/// `join` with `left_outer` makes the right side's columns null where nothing matches, and so on; `lateral` right sides
/// may refer to sources of the left side.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/function.hpp>
#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/type.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace phantomdb::query {

/// An index into one of the arrays of a query.
using node = std::int32_t;
inline constexpr node none = -1;

/// A run of consecutive entries: of `lists`, of `columns`, or of `text`.
struct slice {
    node first = 0;
    node count = 0;
    friend constexpr bool operator==(slice const&, slice const&) = default;
};

enum class expression_kind : std::uint8_t {
    column,       ///< `source`, `column`
    literal,      ///< `detail` is an index into `literals`
    parameter,    ///< `detail` is the parameter's ordinal, from 0
    call,         ///< `function` over `arguments`; arguments already have the function's types
    cast,         ///< `arguments[0]` to `type`; `flag` set for an explicit cast
    logical_and,  ///< two or more arguments, three-valued
    logical_or,
    logical_not,
    is_null,  ///< never null itself
    is_not_null,
    is_truth,     ///< IS [NOT] TRUE/FALSE/UNKNOWN: `detail` is a `truth_test`
    is_distinct,  ///< `function` is the "=" for the arguments; null-safe; `flag` set for IS NOT DISTINCT
    case_when,    ///< condition, result, condition, result, …, else (always there; a null literal if absent)
    coalesce,
    nullif,    ///< `function` is the "=" for the arguments
    greatest,  ///< by the order of the common type, nulls ignored
    least,
    in_list,          ///< arguments[0] `function`-equals any of the rest; `flag` set for NOT IN
    scalar_subquery,  ///< `relation`'s single column and row, null if no row, 21000 if several
    exists,           ///< `relation` has a row; `flag` set for NOT EXISTS
    quantified,       ///< arguments[0] `function` ANY (`flag` unset) or ALL (`flag` set) of `relation`'s single column
    aggregate,        ///< `aggregate` over `arguments`; only in `relation.aggregates`. `flag` set for DISTINCT;
                      ///< `filter` may be a condition; `order` sorts the input
    window_call,      ///< only in `relation.expressions` of a window
};

enum class truth_test : std::uint8_t { is_true, is_not_true, is_false, is_not_false, is_unknown, is_not_unknown };

/// The functions that only exist over windows. Aggregates over windows use `aggregate`.
enum class window_function : std::uint8_t {
    no_function,
    row_number,
    rank,
    dense_rank,
    percent_rank,
    cume_dist,
    ntile,
    lag,
    lead,
    first_value,
    last_value,
    nth_value,
};

struct expression {
    expression_kind kind = expression_kind::literal;
    bool flag = false;
    bool nullable = true;  ///< false only where the binder can prove it
    sql_type type{};
    function_id function{};
    aggregate_id aggregate{};
    window_function window = window_function::no_function;
    node source = none;
    node column = none;
    node detail = none;
    node relation = none;  ///< subqueries
    node filter = none;    ///< aggregate: FILTER (WHERE …)
    slice arguments{};     ///< into `lists`: expressions
    slice order{};         ///< into `sort_keys`: aggregate's ORDER BY
    node position = 0;     ///< byte offset in the statement + 1, for errors raised later; 0 unknown

    friend constexpr bool operator==(expression const&, expression const&) = default;
};

/// One ORDER BY key.
struct sort_key {
    node expression = none;
    bool descending = false;
    bool nulls_first = false;  ///< always set explicitly by who builds the query (PostgreSQL: nulls sort as largest)
    friend constexpr bool operator==(sort_key const&, sort_key const&) = default;
};

enum class relation_kind : std::uint8_t {
    nothing,        ///< one row without columns: SELECT without FROM
    table,          ///< `table`, `source`
    values,         ///< `expressions`: row after row, `width` each
    function_scan,  ///< set-returning `function`: `expressions[0]` is a call; one row per element
    filter,         ///< `left`; `expressions`: conjuncts
    project,        ///< `left`; `expressions`: the columns of `source`
    join,           ///< `left`, `right`, `join`; `expressions`: conjuncts of ON
    aggregate,  ///< `left`; `expressions`: group keys; `aggregates`; no keys: exactly one row. `sets`: see grouping sets
    window,     ///< `left`; `expressions`: window_call nodes; `partition`, `sort` and `frame` common to all of them
    sort,       ///< `left`; `sort`
    limit,      ///< `left`; `limit`, `offset` (int8 expressions or none)
    distinct,   ///< `left` is a project or set operation; `expressions`: DISTINCT ON keys, empty: all columns
    set_operation,  ///< `left`, `right`: projects (or alike) with the same column types; `set`, `all`
    common,  ///< a CTE used more than once: `left`, computed once per statement; `source` per use, columns as `left`'s
    recursive,  ///< `left` UNION [ALL if `all`] `right`, where `right` contains a `working` with the same `detail`
    working,    ///< the rows of the previous round of the `recursive` with the same `detail`; has its own `source`
    lock_rows,  ///< `left`; `lock` on the rows of source `target`
    insert,  ///< `left`: rows; `expressions`: one per column of `table`, over `left` (defaults filled in); see `conflict`
    update,  ///< `left`: rows that contain source `target`; `assigned` columns get `expressions`
    erase,   ///< `left`: rows that contain source `target`
};

enum class join_kind : std::uint8_t { inner, left_outer, right_outer, full_outer, semi, anti };
enum class set_kind : std::uint8_t { union_, intersect, except };
enum class lock_strength : std::uint8_t { key_share, share, no_key_update, update };
enum class lock_wait : std::uint8_t { wait, skip, fail };
enum class conflict_action : std::uint8_t { fail, nothing, update };

/// A window frame. Bounds count rows (or peers, or a range offset) from the current row.
enum class frame_unit : std::uint8_t { range, rows, groups };
enum class frame_bound : std::uint8_t { unbounded_preceding, preceding, current, following, unbounded_following };
struct frame {
    frame_unit unit = frame_unit::range;
    frame_bound start = frame_bound::unbounded_preceding, end = frame_bound::current;
    node start_offset = none, end_offset = none;
    friend constexpr bool operator==(frame const&, frame const&) = default;
};

struct relation {
    relation_kind kind = relation_kind::nothing;
    join_kind join = join_kind::inner;
    set_kind set = set_kind::union_;
    lock_strength lock = lock_strength::update;
    lock_wait wait = lock_wait::wait;
    conflict_action conflict = conflict_action::fail;
    bool all = false;        ///< set operations, recursive
    bool lateral = false;    ///< join: the right side may use the left side's sources
    bool with_ties = false;  ///< limit: FETCH FIRST … WITH TIES
    node source = none;
    node target = none;  ///< source of the row changed or locked
    node table = none;   ///< ordinal into the statement's list of tables (`table_facts`)
    node left = none, right = none;
    node width = 0;
    node detail = none;
    node limit = none, offset = none;
    slice expressions{};  ///< into `lists`
    slice aggregates{};   ///< into `lists`
    slice sort{};         ///< into `sort_keys`
    slice partition{};    ///< into `lists`
    slice assigned{};     ///< into `lists`: column ordinals of an update
    slice checks{};       ///< insert, update: the table's CHECK conditions (in its order) over the new row's source
    slice
        generated{};  ///< insert, update: (column ordinal, expression over the new row's source) pairs, stored generated columns
    frame window_frame{};
    // INSERT … ON CONFLICT
    node conflict_index = none;  ///< ordinal of the unique index of `table`, none: any
    node excluded = none;        ///< source of EXCLUDED; `target` is the source of the row in the way
    slice conflict_assigned{};   ///< column ordinals
    slice conflict_expressions{};
    node conflict_filter = none;

    friend constexpr bool operator==(relation const&, relation const&) = default;
};

/// A constant. Text lies in `text`; other payloads in two words, see `literal_of` and `datum_of`.
struct literal {
    sql_type type{};
    bool null = true;
    std::uint64_t low = 0, high = 0;
    slice characters{};
    friend constexpr bool operator==(literal const&, literal const&) = default;
};

/// A column of a source: what it is called and what it holds.
struct column {
    sql_type type{};
    bool nullable = true;
    slice name{};
    friend constexpr bool operator==(column const&, column const&) = default;
};

struct source {
    slice columns{};       ///< into `columns`
    slice name{};          ///< alias or table name
    node relation = none;  ///< who defines it
    friend constexpr bool operator==(source const&, source const&) = default;
};

struct parameter {
    sql_type type{};
    slice name{};  ///< typed queries name them; SQL numbers them
    friend constexpr bool operator==(parameter const&, parameter const&) = default;
};

/// A query, wherever its arrays live. Copies are cheap; the arrays must outlive the view.
struct query_view {
    array_view<relation> relations;
    array_view<expression> expressions;
    array_view<node> lists;
    array_view<sort_key> sort_keys;
    array_view<literal> literals;
    array_view<source> sources;
    array_view<column> columns;
    array_view<parameter> parameters;
    std::string_view text;
    node root = none;

    constexpr array_view<node> list(slice s) const { return lists.subspan(s.first, s.count); }
    constexpr array_view<sort_key> keys(slice s) const { return sort_keys.subspan(s.first, s.count); }
    constexpr std::string_view name(slice s) const { return text.substr(s.first, s.count); }
    constexpr array_view<column> columns_of(node source_number) const {
        slice s = sources[source_number].columns;
        return columns.subspan(s.first, s.count);
    }
    constexpr bool is_row_key(expression const& e) const {
        return e.kind == expression_kind::column && e.column == sources[e.source].columns.count;
    }
};

/// A query under construction, and the form of every SQL statement. Usable in constant expressions.
struct query_builder {
    growing_array<relation> relations;
    growing_array<expression> expressions;
    growing_array<node> lists;
    growing_array<sort_key> sort_keys;
    growing_array<literal> literals;
    growing_array<source> sources;
    growing_array<column> columns;
    growing_array<parameter> parameters;
    growing_array<char> text;
    node root = none;

    constexpr query_view view() const {
        return {relations, expressions, lists,
                sort_keys, literals,    sources,
                columns,   parameters,  std::string_view{text.data(), text.size()},
                root};
    }
    constexpr slice add_text(std::string_view s) {
        slice made{static_cast<node>(text.size()), static_cast<node>(s.size())};
        text.append(s);
        return made;
    }
    constexpr slice add_list(array_view<node> items) {
        slice made{static_cast<node>(lists.size()), static_cast<node>(items.size())};
        lists.append(items);
        return made;
    }
    constexpr slice add_keys(array_view<sort_key> items) {
        slice made{static_cast<node>(sort_keys.size()), static_cast<node>(items.size())};
        sort_keys.append(items);
        return made;
    }
    constexpr node add(expression const& e) {
        return expressions.push_back(e), static_cast<node>(expressions.size() - 1);
    }
    constexpr node add(relation const& r) { return relations.push_back(r), static_cast<node>(relations.size() - 1); }
    constexpr node add(literal const& l) { return literals.push_back(l), static_cast<node>(literals.size() - 1); }

    /// A new source with these columns (their names already in `text`).
    constexpr node add_source(std::string_view name, array_view<column> made, node relation_number = none) {
        source s;
        s.columns = {static_cast<node>(columns.size()), static_cast<node>(made.size())};
        s.name = add_text(name);
        s.relation = relation_number;
        columns.append(made);
        sources.push_back(s);
        return static_cast<node>(sources.size() - 1);
    }
};

/// The sizes of a query's arrays; structural.
struct query_sizes {
    std::size_t relations = 0, expressions = 0, lists = 0, sort_keys = 0, literals = 0, sources = 0, columns = 0,
                parameters = 0, text = 0;
};

constexpr query_sizes sizes_of(query_builder const& q) {
    return {q.relations.size(), q.expressions.size(), q.lists.size(),      q.sort_keys.size(), q.literals.size(),
            q.sources.size(),   q.columns.size(),     q.parameters.size(), q.text.size()};
}

/// A finished query as a structural value.
template <query_sizes Sizes>
struct query_value {
    std::array<relation, Sizes.relations> relations{};
    std::array<expression, Sizes.expressions> expressions{};
    std::array<node, Sizes.lists> lists{};
    std::array<sort_key, Sizes.sort_keys> sort_keys{};
    std::array<literal, Sizes.literals> literals{};
    std::array<source, Sizes.sources> sources{};
    std::array<column, Sizes.columns> columns{};
    std::array<parameter, Sizes.parameters> parameters{};
    std::array<char, Sizes.text> text{};
    node root = none;

    constexpr query_view view() const {
        return {relations, expressions, lists,
                sort_keys, literals,    sources,
                columns,   parameters,  std::string_view{text.data(), text.size()},
                root};
    }
};

/// Turns what `Build{}()` returns (a `query_builder`) into a `query_value` inside the compiler.
template <class Build>
consteval auto freeze(Build build) {
    constexpr query_sizes sizes = sizes_of(build());
    query_value<sizes> frozen;
    query_builder made = build();
    auto copy = [](auto const& from, auto& to) {
        for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i];
    };
    copy(made.relations, frozen.relations);
    copy(made.expressions, frozen.expressions);
    copy(made.lists, frozen.lists);
    copy(made.sort_keys, frozen.sort_keys);
    copy(made.literals, frozen.literals);
    copy(made.sources, frozen.sources);
    copy(made.columns, frozen.columns);
    copy(made.parameters, frozen.parameters);
    copy(made.text, frozen.text);
    frozen.root = made.root;
    return frozen;
}

/// Packs a datum (text aside: set `characters` from `add_text`) into a literal.
constexpr literal literal_of(sql_type type, datum raw) {
    literal made;
    made.type = type;
    made.null = false;
    switch (physical_of(type.id)) {
        case physical::integer: made.low = static_cast<std::uint64_t>(raw.i); break;
        case physical::floating: made.low = std::bit_cast<std::uint64_t>(raw.d); break;
        case physical::numeric: {
            auto bits = static_cast<uint128>(raw.n.bits);
            made.low = static_cast<std::uint64_t>(bits);
            made.high = static_cast<std::uint64_t>(bits >> 64);
            break;
        }
        case physical::interval:
            made.low = static_cast<std::uint64_t>(raw.v.microseconds);
            made.high = static_cast<std::uint32_t>(raw.v.days) |
                        (static_cast<std::uint64_t>(static_cast<std::uint32_t>(raw.v.months)) << 32);
            break;
        case physical::uuid:
            for (int i = 0; i < 8; ++i) {
                made.low |= static_cast<std::uint64_t>(raw.u.octets[i]) << (8 * i);
                made.high |= static_cast<std::uint64_t>(raw.u.octets[8 + i]) << (8 * i);
            }
            break;
        case physical::text: break;
    }
    return made;
}

/// The datum of a literal that is not null; text borrows from the query.
constexpr datum datum_of(query_view const& q, literal const& l) {
    switch (physical_of(l.type.id)) {
        case physical::integer: return datum{static_cast<std::int64_t>(l.low)};
        case physical::floating: return datum{std::bit_cast<double>(l.low)};
        case physical::numeric:
            return datum{numeric{static_cast<int128>((static_cast<uint128>(l.high) << 64) | l.low)}};
        case physical::interval:
            return datum{interval{static_cast<std::int64_t>(l.low), static_cast<std::int32_t>(l.high & 0xffffffffu),
                                  static_cast<std::int32_t>(l.high >> 32)}};
        case physical::uuid: {
            uuid u;
            for (int i = 0; i < 8; ++i) {
                u.octets[i] = static_cast<std::uint8_t>(l.low >> (8 * i));
                u.octets[8 + i] = static_cast<std::uint8_t>(l.high >> (8 * i));
            }
            return datum{u};
        }
        case physical::text: break;
    }
    return datum{q.name(l.characters)};
}

}  // namespace phantomdb::query
