/// @file Defines the values of the typed DSL: columns, parameters, operators, `case`, `in`, paths into documents.
///
///     col<&user::age> >= "min_age"_arg and like(col<&user::name>, "A%")
///
/// Operators are the C++ ones where C++ has them. Constants are C++ values. Nothing is checked here: a query is checked as
/// a whole, when it is used, and what is wrong is said as a sentence (query/typed_query.hpp).
#pragma once

#include <phantomdb/base/fixed_string.hpp>
#include <phantomdb/query/term.hpp>

#include <optional>
#include <utility>

namespace phantomdb {

namespace query::detail {

template <class Record>
constexpr term column_term(int ordinal, std::string_view alias = {}) {
    term made = term_of(term_kind::column, alias);
    made.record = &record_of<Record>;
    made.ordinal = static_cast<std::int16_t>(ordinal);
    return made;
}

template <class T>
inline constexpr bool is_document = requires { typename T::document_content; };

}  // namespace query::detail

/// The column that a member is.
template <auto Member>
inline constexpr auto col =
    query::expression_of<1, type_of<Member>>{{{query::detail::column_term<owner_of<Member>>(ordinal_of<Member>)}}};

/// A second name for a table, to use it twice: `constexpr auto boss = alias<"boss", users>;` then `boss(&user::name)`.
template <fixed_string Name, class Table>
struct table_alias {
    static constexpr table_shape const* table = &Table::shape;
    static constexpr std::string_view name = Name.view();
    using record = typename Table::record;

    template <class Member>
    constexpr auto operator()(Member record::* member) const {
        return query::expression_of<1, Member>{
            {{query::detail::column_term<record>(phantomdb::detail::members<record>::ordinal(member), name)}}};
    }
};
template <fixed_string Name, class Table>
inline constexpr table_alias<Name, Table> alias{};

/// What a parameter is given when a query is run: made by `"min_age"_arg = 18`.
template <fixed_string Name, class T>
struct bound_argument {
    static constexpr std::string_view name = Name.view();
    using type = T;
    T value;
};

/// A parameter. Its type is `T`, or found from where it stands. Give it a value with `=`.
template <fixed_string Name, class T = void>
struct argument : query::expression_of<1, T> {
    constexpr argument() : query::expression_of<1, T>{{{make()}}} {}

    template <class Value>
    constexpr auto operator=(Value&& value) const {  // NOLINT: assignment is the point
        if constexpr (std::is_convertible_v<Value const&, std::string_view>) {
            return bound_argument<Name, std::string_view>{value};
        } else {
            return bound_argument<Name, std::remove_cvref_t<Value>>{std::forward<Value>(value)};
        }
    }

private:
    static constexpr query::term make() {
        auto made = query::term_of(query::term_kind::parameter, Name.view());
        if constexpr (!std::is_void_v<T>) made.type = sql_type_of<T>, made.type.modifier = -1;
        return made;
    }
};

namespace literals {
/// `"min_age"_arg`: the parameter of that name.
template <fixed_string Name>
constexpr argument<Name> operator""_arg() {
    return {};
}
}  // namespace literals

/// A parameter whose type is said: `arg<"since", date>`.
template <fixed_string Name, class T>
inline constexpr argument<Name, T> arg{};

namespace query {

template <class Left, class Right>
concept dsl_operands = dsl_value<Left> && dsl_value<Right> && (dsl_expression<Left> || dsl_expression<Right>);

#define PHANTOMDB_DSL_BINARY(symbol, sql_symbol) \
    template <class Left, class Right> \
        requires dsl_operands<Left, Right> \
    constexpr auto operator symbol(Left const& left, Right const& right) { \
        return make_expression(term_of(term_kind::call, sql_symbol, true), left, right); \
    }
PHANTOMDB_DSL_BINARY(==, "=")
PHANTOMDB_DSL_BINARY(!=, "<>")
PHANTOMDB_DSL_BINARY(<, "<")
PHANTOMDB_DSL_BINARY(<=, "<=")
PHANTOMDB_DSL_BINARY(>, ">")
PHANTOMDB_DSL_BINARY(>=, ">=")
PHANTOMDB_DSL_BINARY(+, "+")
PHANTOMDB_DSL_BINARY(-, "-")
PHANTOMDB_DSL_BINARY(*, "*")
PHANTOMDB_DSL_BINARY(/, "/")
PHANTOMDB_DSL_BINARY(%, "%")
#undef PHANTOMDB_DSL_BINARY

template <class Left, class Right>
    requires dsl_operands<Left, Right>
constexpr auto operator&&(Left const& left, Right const& right) {
    return make_expression(term_of(term_kind::logical_and), left, right);
}
template <class Left, class Right>
    requires dsl_operands<Left, Right>
constexpr auto operator||(Left const& left, Right const& right) {
    return make_expression(term_of(term_kind::logical_or), left, right);
}
template <dsl_expression E>
constexpr auto operator!(E const& e) {
    return make_expression(term_of(term_kind::logical_not), e);
}
template <dsl_expression E>
constexpr auto operator-(E const& e) {
    return make_expression(term_of(term_kind::call, "-", true), e);
}

/// A member of a document: `col<&user::about> / &profile::home / &address::city`. What isn't there is null.
template <std::size_t N, class Document, class Owner, class Member>
constexpr auto operator/(expression_of<N, Document> const& document, Member Owner::* member) {
    static_assert(detail::is_document<plain_type<Document>>,
                  "phantomdb: a path begins at a document column, or at a part of one that is itself a struct");
    using content = typename plain_type<Document>::document_content;
    static_assert(std::is_same_v<content, Owner>,
                  "phantomdb: this path goes through a member of another struct than the document holds");
    using plain = plain_type<Member>;
    using step = typename plain_type<Document>::template part<plain>;
    term root = term_of(term_kind::path);
    root.record = &record_of<Owner>;
    root.ordinal = static_cast<std::int16_t>(phantomdb::detail::members<Owner>::ordinal(member));
    root.text = record_of<Owner>.members[root.ordinal].name;
    root.flag = !detail::is_document<step>;
    root.type = sql_type_of<step>;
    return make_expression<std::optional<step>>(root, document);
}

}  // namespace query

// Everything below is found in `phantomdb` and, through its arguments, from anywhere.

/// `value` under a name, for `select` and `desc<"name">`.
template <fixed_string Name, query::dsl_value E>
constexpr auto as(E const& value) {
    auto made = query::to_expression(value);
    return query::make_expression<typename decltype(made)::cpp_type>(
        query::term_of(query::term_kind::named, Name.view()), made);
}

/// The selected expression of that name, as a sort key: `order_by(asc<"spent">, desc<"name">)`.
template <fixed_string Name>
constexpr auto asc() {
    return query::make_expression(query::term_of(query::term_kind::output, Name.view()));
}
template <fixed_string Name>
constexpr auto desc() {
    return query::make_expression(query::term_of(query::term_kind::descending), asc<Name>());
}
template <query::dsl_expression E>
constexpr auto asc(E const& key) {
    return key;
}
template <query::dsl_expression E>
constexpr auto desc(E const& key) {
    return query::make_expression(query::term_of(query::term_kind::descending), key);
}
/// Nulls sort as the largest values unless it is said otherwise.
template <query::dsl_expression E>
constexpr auto nulls_first(E const& key) {
    return query::make_expression(query::term_of(query::term_kind::nulls_first), key);
}
template <query::dsl_expression E>
constexpr auto nulls_last(E const& key) {
    return query::make_expression(query::term_of(query::term_kind::nulls_last), key);
}

template <query::dsl_expression E>
constexpr auto is_null(E const& e) {
    return query::make_expression(query::term_of(query::term_kind::is_null), e);
}
template <query::dsl_expression E>
constexpr auto is_not_null(E const& e) {
    return query::make_expression(query::term_of(query::term_kind::is_not_null), e);
}
/// Unlike `!=`, takes null for a value like any other.
template <query::dsl_value Left, query::dsl_value Right>
constexpr auto is_distinct_from(Left const& left, Right const& right) {
    return query::make_expression(query::term_of(query::term_kind::is_distinct), left, right);
}

template <query::dsl_expression E, query::dsl_value... Values>
    requires(sizeof...(Values) > 0)
constexpr auto in(E const& e, Values const&... values) {
    return query::make_expression(query::term_of(query::term_kind::in_list), e, values...);
}
template <query::dsl_expression E, query::dsl_value... Values>
    requires(sizeof...(Values) > 0)
constexpr auto not_in(E const& e, Values const&... values) {
    return query::make_expression(query::term_of(query::term_kind::in_list, {}, true), e, values...);
}
/// Both ends included.
template <query::dsl_expression E, query::dsl_value Low, query::dsl_value High>
constexpr auto between(E const& e, Low const& low, High const& high) {
    return e >= low && e <= high;
}

template <query::dsl_value... Values>
constexpr auto coalesce(Values const&... values) {
    return query::make_expression(query::term_of(query::term_kind::coalesce), values...);
}
template <query::dsl_value Left, query::dsl_value Right>
constexpr auto nullif(Left const& left, Right const& right) {
    return query::make_expression(query::term_of(query::term_kind::nullif), left, right);
}
template <query::dsl_value... Values>
constexpr auto greatest(Values const&... values) {
    return query::make_expression(query::term_of(query::term_kind::greatest), values...);
}
template <query::dsl_value... Values>
constexpr auto least(Values const&... values) {
    return query::make_expression(query::term_of(query::term_kind::least), values...);
}

/// `when(condition, result).when(…).otherwise(result)`; without `otherwise` the rest is null.
template <std::size_t N>
struct case_expression : query::expression_of<N> {
    template <query::dsl_value Condition, query::dsl_value Result>
    constexpr auto when(Condition const& condition, Result const& result) const {
        return extended(query::to_expression(condition), query::to_expression(result));
    }
    template <query::dsl_value Result>
    constexpr auto otherwise(Result const& result) const {
        return query::as_expression_of(extended(query::to_expression(result)));
    }

    /// The case with more parts, which go before the root.
    template <class... Parts>
    constexpr auto extended(Parts const&... parts) const {
        case_expression<(N + ... + Parts::count)> made;
        std::size_t at = 0;
        for (; at + 1 < N; ++at) made.terms[at] = this->terms[at];
        auto append = [&](auto const& part) {
            for (auto const& one : part.terms) made.terms[at++] = one;
        };
        (append(parts), ...);
        made.terms[at] = this->terms[N - 1];
        made.terms[at].arity = static_cast<std::int16_t>(made.terms[at].arity + sizeof...(Parts));
        made.terms[at].size = static_cast<std::int32_t>(at + 1);
        return made;
    }
};
template <query::dsl_value Condition, query::dsl_value Result>
constexpr auto when(Condition const& condition, Result const& result) {
    auto first = query::make_expression(query::term_of(query::term_kind::case_when), condition, result);
    return case_expression<first.count>{first};
}

/// `value` converted to the SQL type of `T`.
template <class T, query::dsl_value E>
constexpr auto cast(E const& value) {
    query::term root = query::term_of(query::term_kind::cast);
    root.type = sql_type_of<T>;
    return query::make_expression<T>(root, value);
}

}  // namespace phantomdb
