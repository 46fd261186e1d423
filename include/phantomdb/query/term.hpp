/// @file Defines `term` and `fragment`, what the verbs and operators of the typed DSL leave behind: text as a flat array.
///
/// A typed query is first of all a sentence that was written down: verbs, operators, names, constants. It is kept in
/// postfix order, children before their parent, each term knowing how many terms its subtree has. Joining two pieces is
/// copying two arrays, so the types of C++ only count terms and every query of a size shares its instantiations. What the
/// terms mean is found out once per query by `lower` (query/lower.hpp), an ordinary constexpr function.
///
/// Terms point at names (string literals, template arguments) and at the constant shapes of tables; both live for ever,
/// unless a run-time query borrows text from the caller.
#pragma once

#include <phantomdb/query/ir.hpp>
#include <phantomdb/schema/table.hpp>
#include <phantomdb/value/datum.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace phantomdb::query {

enum class term_kind : std::uint8_t {
    // values
    column,     ///< `record`, `ordinal`; `text`: the alias it was asked from, or empty
    output,     ///< `text`: the name of a selected expression
    literal,    ///< `type`, `low`, `high`, or `text`
    null,       ///< NULL
    parameter,  ///< `text`: its name; `type`: unknown if the context is to say
    call,       ///< function `text`; `flag` for an operator
    aggregate,  ///< aggregate `text`; `flag` for DISTINCT
    logical_and,
    logical_or,
    logical_not,
    is_null,
    is_not_null,
    is_distinct,  ///< `flag` for IS NOT DISTINCT FROM
    case_when,    ///< condition, result, …, else
    coalesce,
    nullif,
    greatest,
    least,
    in_list,     ///< `flag` for NOT IN
    cast,        ///< to `type`
    path,        ///< member `text` of a document, `ordinal` of `record`; `flag`: the last step, as a value of `type`
    exists,      ///< `flag` for NOT EXISTS; the child is a query
    in_query,    ///< value, query; `flag` for NOT IN
    subquery,    ///< a query of one column and at most one row as a value
    named,       ///< one child, called `text`
    descending,  ///< one child, for sorting
    nulls_first,
    nulls_last,
    // verbs: the first child is the query so far
    from,  ///< no child; `table`, `text`: alias
    join,  ///< `table`, `text`, `join`; then the conditions
    where,
    group_by,
    having,
    select,
    order_by,
    take,
    skip,
    distinct,
    set_operation,  ///< two queries; `ordinal` is a `set_kind`, `flag` for ALL
};

struct term {
    term_kind kind = term_kind::literal;
    bool flag = false;
    bool absent = false;  ///< a dynamic part that is switched off
    join_kind join = join_kind::inner;
    std::int16_t arity = 0;
    std::int16_t ordinal = -1;
    std::int32_t size = 1;  ///< terms in the subtree, this one included
    sql_type type{};
    std::string_view text{};
    table_shape const* table = nullptr;
    record_shape const* record = nullptr;
    std::uint64_t low = 0, high = 0;

    /// Whether two terms say the same; children are not looked at.
    friend constexpr bool operator==(term const& a, term const& b) {
        auto const but_pointers = [](term const& t) {
            return std::tie(t.kind, t.flag, t.absent, t.join, t.arity, t.ordinal, t.size, t.type, t.text, t.low,
                            t.high);
        };
        if (but_pointers(a) != but_pointers(b)) return false;
        if (a.kind == term_kind::column || a.kind == term_kind::path) return is_same(*a.record, *b.record);
        if (a.kind == term_kind::from || a.kind == term_kind::join) return is_same(*a.table, *b.table);
        return true;
    }
};

/// `N` terms, the root last.
template <std::size_t N>
struct fragment {
    std::array<term, N> terms{};
    static constexpr std::size_t count = N;
};

/// The term over `parts`, in their order.
template <std::size_t... Ns>
constexpr auto combine(term root, fragment<Ns> const&... parts) {
    fragment<(Ns + ... + 1)> made;
    [[maybe_unused]] std::size_t at = 0;
    [[maybe_unused]] auto append = [&](auto const& part) {
        for (auto const& one : part.terms) made.terms[at++] = one;
    };
    (append(parts), ...);
    root.arity = static_cast<std::int16_t>(sizeof...(Ns));
    root.size = static_cast<std::int32_t>((Ns + ... + 1));
    made.terms.back() = root;
    return made;
}

/// A value in a query. `Type` is the C++ type where it is known before the query is (columns, paths, casts), else void.
template <std::size_t N, class Type = void>
struct expression_of : fragment<N> {
    using cpp_type = Type;
};

template <class Type = void, std::size_t N>
constexpr expression_of<N, Type> as_expression_of(fragment<N> const& terms) {
    return expression_of<N, Type>{terms};
}

namespace detail {

template <std::size_t N, class Type>
std::true_type is_expression(expression_of<N, Type> const*);
std::false_type is_expression(void const*);

template <class T>
constexpr term literal_term(T const& value) {
    using plain = std::remove_cvref_t<T>;
    term made;
    if constexpr (std::is_convertible_v<T const&, std::string_view>) {
        made.type = {type_id::text, -1};
        made.text = std::string_view(value);
    } else {
        made.type = sql_type_of<plain>;
        made.type.modifier = -1;
        literal packed = literal_of(made.type, column_type<plain>::to_datum(value, nullptr));
        made.low = packed.low;
        made.high = packed.high;
    }
    return made;
}

}  // namespace detail

/// Something built from columns, parameters and functions.
template <class T>
concept dsl_expression = decltype(detail::is_expression(static_cast<std::remove_cvref_t<T>*>(nullptr)))::value;

/// A C++ value that can stand in a query as a constant.
template <class T>
concept dsl_constant = !dsl_expression<T> && (std::is_convertible_v<T, std::string_view> || is_storable<T>);

template <class T>
concept dsl_value = dsl_expression<T> || dsl_constant<T> || std::same_as<std::remove_cvref_t<T>, std::nullopt_t>;

/// Any value as an expression.
template <dsl_value T>
constexpr auto to_expression(T const& value) {
    if constexpr (dsl_expression<T>) {
        return value;
    } else if constexpr (std::same_as<T, std::nullopt_t>) {
        term made;
        made.kind = term_kind::null;
        return expression_of<1>{{{made}}};
    } else {
        return expression_of<1>{{{detail::literal_term(value)}}};
    }
}

/// An expression over values: `root` with what `parts` are.
template <class Type = void, class... Parts>
constexpr auto make_expression(term const& root, Parts const&... parts) {
    return as_expression_of<Type>(combine(root, to_expression(parts)...));
}

constexpr term term_of(term_kind kind, std::string_view text = {}, bool flag = false) {
    term made;
    made.kind = kind;
    made.text = text;
    made.flag = flag;
    return made;
}

}  // namespace phantomdb::query
