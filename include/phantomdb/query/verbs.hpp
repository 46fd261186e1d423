/// @file Defines the verbs of the typed DSL: from, join, where, group_by, having, select, order_by, take, skip, distinct …
///
///     constexpr auto q = from<users> | where(col<&user::age> >= 18) | select(col<&user::name>) | order_by(col<&user::name>);
///
/// A query is a value. Declare it `constexpr` at namespace scope or `static constexpr` in a function and give it to
/// `database::run<q>()`, or build it at run time and give it to `database::run(q)`. Clauses may come in any order that
/// reads well; several `where`s are joined by `and`.
#pragma once

#include <phantomdb/base/this_unit.hpp>
#include <phantomdb/query/expression.hpp>

#include <optional>
#include <type_traits>

namespace phantomdb {

namespace query {

/// A table among the rows of a query. `Optional`: an outer join may leave it out.
template <class Record, bool Optional>
struct row_slot {
    using record = Record;
    static constexpr bool optional = Optional;
};

/// A query so far. `Slots`: the tables it reads; `Selected`: the C++ types of what it selects as far as known, or void
/// where nothing was selected yet (then rows are the tables' structs).
template <std::size_t N, class Slots, class Selected, class = this_unit>
struct query_of : fragment<N> {
    using slots = Slots;
    using selected = Selected;
};

namespace detail {

template <std::size_t N, class Slots, class Selected>
std::true_type is_query(query_of<N, Slots, Selected> const*);
std::false_type is_query(void const*);

// What a verb does to the types of a query.

struct keeps {
    template <class Slots, class Selected>
    using slots = Slots;
    template <class Slots, class Selected>
    using selected = Selected;
};

template <class Record, join_kind Kind>
struct joins {
    template <class Slots>
    struct all_optional;
    template <class... Slots>
    struct all_optional<type_list<Slots...>> {
        static constexpr bool left = Kind == join_kind::right_outer || Kind == join_kind::full_outer;
        static constexpr bool right = Kind == join_kind::left_outer || Kind == join_kind::full_outer;
        using type = type_list<row_slot<typename Slots::record, Slots::optional || left>..., row_slot<Record, right>>;
    };
    template <class Slots, class Selected>
    using slots = typename all_optional<Slots>::type;
    template <class Slots, class Selected>
    using selected = Selected;
};

template <class... Types>
struct selects {
    template <class Slots, class Selected>
    using slots = Slots;
    template <class Slots, class Selected>
    using selected = type_list<Types...>;
};

/// The slots of a join that may be switched off.
template <class Record>
struct may_join : joins<Record, join_kind::left_outer> {};

}  // namespace detail

template <class T>
concept dsl_query = decltype(detail::is_query(static_cast<std::remove_cvref_t<T>*>(nullptr)))::value;

/// A verb waiting for its query: its terms but the query's, and what it does to the types.
template <std::size_t N, class Change = detail::keeps>
struct verb : fragment<N> {
    using change = Change;
};

template <std::size_t N, class Slots, class Selected, std::size_t M, class Change>
constexpr auto operator|(query_of<N, Slots, Selected> const& query, verb<M, Change> const& next) {
    query_of<N + M, typename Change::template slots<Slots, Selected>,
             typename Change::template selected<Slots, Selected>>
        made;
    for (std::size_t i = 0; i < N; ++i) made.terms[i] = query.terms[i];
    for (std::size_t i = 0; i < M; ++i) made.terms[N + i] = next.terms[i];
    ++made.terms[N + M - 1].arity;
    made.terms[N + M - 1].size += static_cast<std::int32_t>(N);
    return made;
}

namespace detail {

template <class Change = keeps, class... Parts>
constexpr auto make_verb(term const& root, Parts const&... parts) {
    auto terms = combine(root, to_expression(parts)...);
    return verb<terms.count, Change>{terms};
}

/// A sort key: an expression, or `desc<"name">` and `asc<"name">` without parentheses.
template <class Key>
constexpr auto to_sort_key(Key const& key) {
    if constexpr (dsl_expression<Key>) {
        return key;
    } else {
        return key();
    }
}
template <class Key>
concept sort_key_like = dsl_expression<Key> || requires(Key const& key) {
    { key() } -> dsl_expression;
};

constexpr term table_term(term_kind kind, table_shape const& table, std::string_view alias, join_kind join) {
    term made = term_of(kind, alias);
    made.table = &table;
    made.join = join;
    return made;
}

template <class T>
concept alias_of_table = requires { T::table->record; };

template <class Table>
constexpr term source_term(term_kind kind, join_kind join = join_kind::inner) {
    if constexpr (alias_of_table<Table>) {
        return table_term(kind, *Table::table, Table::name, join);
    } else {
        static_assert(must_be_sound<Table>::done);
        return table_term(kind, Table::shape, {}, join);
    }
}

template <join_kind Kind, class Table, class... Conditions>
constexpr auto join_table(Conditions const&... on) {
    return make_verb<joins<typename Table::record, Kind>>(source_term<Table>(term_kind::join, Kind), on...);
}

/// Marks every verb of a query part as switched on or off.
template <std::size_t M, class Change>
constexpr auto switched(bool on, verb<M, Change> next) {
    next.terms.back().absent = next.terms.back().absent || !on;
    return next;
}

}  // namespace detail

}  // namespace query

/// The rows of a table (or of a table alias' type).
template <class Table>
inline constexpr auto from = query::query_of<1, type_list<query::row_slot<typename Table::record, false>>, void>{
    {{query::detail::source_term<Table>(query::term_kind::from)}}};

// Joins name a table by type or an alias by value. Without a condition they follow the one foreign key there is.
// With a left join the right side's columns are optional; right and full joins likewise for theirs.
#define PHANTOMDB_DSL_JOIN(name, kind) \
    template <class Table, query::dsl_value... Conditions> \
    constexpr auto name(Conditions const&... on) { \
        return query::detail::join_table<query::join_kind::kind, Table>(on...); \
    } \
    template <auto const& Alias, query::dsl_value... Conditions> \
    constexpr auto name(Conditions const&... on) { \
        return query::detail::join_table<query::join_kind::kind, std::remove_cvref_t<decltype(Alias)>>(on...); \
    }
PHANTOMDB_DSL_JOIN(join, inner)
PHANTOMDB_DSL_JOIN(left_join, left_outer)
PHANTOMDB_DSL_JOIN(right_join, right_outer)
PHANTOMDB_DSL_JOIN(full_join, full_outer)
#undef PHANTOMDB_DSL_JOIN

/// Keeps the rows that satisfy all conditions.
template <query::dsl_value... Conditions>
constexpr auto where(Conditions const&... conditions) {
    return query::detail::make_verb(query::term_of(query::term_kind::where), conditions...);
}
/// Groups rows by these values; `select` then holds them and aggregates.
template <query::dsl_value... Keys>
constexpr auto group_by(Keys const&... keys) {
    return query::detail::make_verb(query::term_of(query::term_kind::group_by), keys...);
}
/// Keeps the groups that satisfy all conditions.
template <query::dsl_value... Conditions>
constexpr auto having(Conditions const&... conditions) {
    return query::detail::make_verb(query::term_of(query::term_kind::having), conditions...);
}
/// What a row of the result holds.
template <query::dsl_value... Values>
    requires(sizeof...(Values) > 0)
constexpr auto select(Values const&... values) {
    return query::detail::make_verb<
        query::detail::selects<typename decltype(query::to_expression(values))::cpp_type...>>(
        query::term_of(query::term_kind::select), values...);
}
/// Sorts by the first key, rows equal in it by the second, and so on.
template <query::detail::sort_key_like... Keys>
constexpr auto order_by(Keys const&... keys) {
    return query::detail::make_verb(query::term_of(query::term_kind::order_by), query::detail::to_sort_key(keys)...);
}
/// At most so many rows (LIMIT).
template <query::dsl_value Count>
constexpr auto take(Count const& rows) {
    return query::detail::make_verb(query::term_of(query::term_kind::take), rows);
}
/// Leaves out the first rows (OFFSET).
template <query::dsl_value Count>
constexpr auto skip(Count const& rows) {
    return query::detail::make_verb(query::term_of(query::term_kind::skip), rows);
}
/// Every row once.
constexpr auto distinct() { return query::detail::make_verb(query::term_of(query::term_kind::distinct)); }

// Dynamic parts: what is switched off at run time vanishes from the query before it is planned.

/// `where(conditions...)` if `on`.
template <query::dsl_value... Conditions>
constexpr auto where_if(bool on, Conditions const&... conditions) {
    return query::detail::switched(on, where(conditions...));
}
/// `where(value == *wanted)` if there is a `wanted`.
template <query::dsl_expression E, class T>
constexpr auto where_opt(E const& value, std::optional<T> const& wanted) {
    if constexpr (std::is_convertible_v<T const&, std::string_view>) {
        return where_if(wanted.has_value(), value == (wanted ? std::string_view(*wanted) : std::string_view()));
    } else {
        return where_if(wanted.has_value(), value == wanted.value_or(T{}));
    }
}

namespace query {

/// Several verbs behind one switch, see `only_if`.
template <class... Verbs>
struct switched_verbs;
template <>
struct switched_verbs<> {
    template <dsl_query Query>
    friend constexpr auto operator|(Query const& query, switched_verbs const&) {
        return query;
    }
};
template <class First, class... Rest>
struct switched_verbs<First, Rest...> {
    First first;
    switched_verbs<Rest...> rest;

    template <dsl_query Query>
    friend constexpr auto operator|(Query const& query, switched_verbs const& verbs) {
        return query | verbs.first | verbs.rest;
    }
};

namespace detail {

/// A join behind a switch makes its table's columns optional.
template <std::size_t M, class Change>
constexpr auto guarded(bool on, verb<M, Change> const& next) {
    return switched(on, next);
}
template <std::size_t M, class Record, join_kind Kind>
constexpr auto guarded(bool on, verb<M, joins<Record, Kind>> const& next) {
    return switched(on, verb<M, may_join<Record>>{next});
}

constexpr switched_verbs<> guard_all(bool) { return {}; }
template <class First, class... Rest>
constexpr auto guard_all(bool on, First const& first, Rest const&... rest) {
    auto made = guarded(on, first);
    auto others = guard_all(on, rest...);
    if constexpr (sizeof...(Rest) == 0) {
        return switched_verbs<decltype(made)>{made, {}};
    } else {
        return [&]<class... Others>(switched_verbs<Others...> const& more) {
            return switched_verbs<decltype(made), Others...>{made, more};
        }(others);
    }
}

}  // namespace detail

}  // namespace query

/// One switch for a join, its conditions and its columns together: `only_if(flag, join<orders>(…), where(…))`. While it is
/// off, the verbs are not there, and columns of the table that isn't joined are null wherever they stand.
template <class... Verbs>
constexpr auto only_if(bool on, Verbs const&... verbs) {
    return query::detail::guard_all(on, verbs...);
}

// Queries as values.

/// Whether the query has a row. It may use columns of the query around it.
template <query::dsl_query Query>
constexpr auto exists(Query const& rows) {
    return query::as_expression_of(query::combine(query::term_of(query::term_kind::exists), rows));
}
template <query::dsl_query Query>
constexpr auto not_exists(Query const& rows) {
    return query::as_expression_of(query::combine(query::term_of(query::term_kind::exists, {}, true), rows));
}
/// Whether the query, of one column, has a row equal to `e`.
template <query::dsl_expression E, query::dsl_query Query>
constexpr auto in(E const& e, Query const& rows) {
    return query::as_expression_of(query::combine(query::term_of(query::term_kind::in_query), e, rows));
}
template <query::dsl_expression E, query::dsl_query Query>
constexpr auto not_in(E const& e, Query const& rows) {
    return query::as_expression_of(query::combine(query::term_of(query::term_kind::in_query, {}, true), e, rows));
}
/// The only column of the only row; null if there is no row, an error if there are several.
template <query::dsl_query Query>
constexpr auto value_of(Query const& rows) {
    return query::as_expression_of(query::combine(query::term_of(query::term_kind::subquery), rows));
}

namespace query::detail {
template <class Left, class Right>
constexpr auto set_operation(set_kind kind, bool all, Left const& left, Right const& right) {
    static_assert(!std::is_void_v<typename Left::selected> && !std::is_void_v<typename Right::selected>,
                  "phantomdb: both sides of a union, intersection or difference must select their columns");
    term root = term_of(term_kind::set_operation, {}, all);
    root.ordinal = static_cast<std::int16_t>(kind);
    auto terms = combine(root, left, right);
    return query_of<terms.count, type_list<>, typename Left::selected>{terms};
}
}  // namespace query::detail

/// The rows of either query, each once.
template <query::dsl_query Left, query::dsl_query Right>
constexpr auto union_(Left const& left, Right const& right) {
    return query::detail::set_operation(query::set_kind::union_, false, left, right);
}
template <query::dsl_query Left, query::dsl_query Right>
constexpr auto union_all(Left const& left, Right const& right) {
    return query::detail::set_operation(query::set_kind::union_, true, left, right);
}
template <query::dsl_query Left, query::dsl_query Right>
constexpr auto intersect(Left const& left, Right const& right) {
    return query::detail::set_operation(query::set_kind::intersect, false, left, right);
}
template <query::dsl_query Left, query::dsl_query Right>
constexpr auto except(Left const& left, Right const& right) {
    return query::detail::set_operation(query::set_kind::except, false, left, right);
}

}  // namespace phantomdb
