/// @file Defines `evaluate`: an expression of a typed query over one row, inlined.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/exec/functions/compiled.hpp>
#include <phantomdb/exec/row_flow.hpp>
#include <phantomdb/exec/typed_value.hpp>
#include <phantomdb/plan/plan.hpp>
#include <phantomdb/query/ir.hpp>
#include <phantomdb/schema/sentence.hpp>
#include <phantomdb/value/castable.hpp>
#include <phantomdb/value/compare.hpp>

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

namespace phantomdb::schema {
struct table_layout;  // schema/table_layout.hpp
}

namespace phantomdb::exec {

using query::none;

/// What a typed run is about: a frozen query, its frozen plan, and where tables' rows come from.
template <auto const& Query, auto const& Plan, class Tables>
struct typed_scope {
    static constexpr auto const& query = Query;
    static constexpr auto const& plan = Plan;
    using tables = Tables;
};

/// The end of the chain of outer rows.
struct no_outer {
    template <node>
    static constexpr bool has = false;
};

/// An outer row, and those further out.
template <class Row, class Outer>
struct outer_link {
    Row const& row;
    Outer const& further;

    template <node S>
    static constexpr bool has = Row::template has<S> || Outer::template has<S>;
    template <node S, node C>
    auto get() const {
        if constexpr (Row::template has<S>) return row.template get<S, C>();
        else return further.template get<S, C>();
    }
};

/// What is handed down a typed run. `Arguments` is a std::tuple of plan values, in the order of the query's parameters.
template <class View, class Arguments, class Outer = no_outer>
struct typed_context {
    View const& view;
    array_view<schema::table_layout const*> layouts;  ///< by the query's table ordinals
    Arguments const& arguments;
    call_context call;
    Outer const& outer;
};

/// A row without columns, for expressions that use none.
struct empty_row {
    template <node>
    static constexpr bool has = false;
};

template <class Scope, node E, class Context, class Row>
auto evaluate(Context& context, Row const& row);

/// Subqueries run operators: defined in exec/typed_plan.hpp.
template <class Scope, node E>
struct typed_subquery;

namespace detail {

template <class Scope, node E>
inline constexpr query::expression const& expression_at = Scope::query.expressions[static_cast<std::size_t>(E)];

template <class Scope, node E, std::size_t I>
inline constexpr node argument_at =
    Scope::query.lists[static_cast<std::size_t>(expression_at<Scope, E>.arguments.first) + I];

template <class Scope, node E>
using argument_indexes = std::make_index_sequence<static_cast<std::size_t>(expression_at<Scope, E>.arguments.count)>;

template <class Parameter, class T>
decltype(auto) as_parameter(T const& v) {
    using P = std::remove_cvref_t<Parameter>;
    if constexpr (std::is_same_v<P, nullable_datum>) return to_nullable_datum(v);
    else if constexpr (std::is_arithmetic_v<P>) return static_cast<P>(plain(v));
    else return static_cast<P const&>(plain(v));
}

template <class R, class... Ps, class... Ts>
R call_with(R (*function)(call_context&, Ps...), call_context& context, Ts const&... values) {
    return function(context, as_parameter<Ps>(values)...);
}
template <class R, class... Ps, class... Ts>
R call_with(R (*function)(Ps...), call_context&, Ts const&... values) {
    return function(as_parameter<Ps>(values)...);
}

template <class F>
inline constexpr bool takes_arguments_as_list = false;
template <class R>
inline constexpr bool takes_arguments_as_list<R (*)(call_context&, call_arguments const&)> = true;

/// The sentence for a function that the program has not included: of those that cost much, and those that ask a session.
template <function_id F>
inline constexpr auto problem_of_call = make_sentence([] {
    if constexpr (is_compiled(F) || requires { scalar<F>::call; }) return wording();
    else {
        return wording("phantomdb: typed queries know `", signature_of(F).name,
                       "` of these arguments only where its header is included, see exec/functions/compiled.hpp");
    }
});

template <class Scope, node E, class... Ts>
auto call_function(call_context& context, Ts const&... values) {
    constexpr auto const& e = expression_at<Scope, E>;
    static_assert(say<problem_of_call<e.function>>::done);
    constexpr auto function = typed_call<e.function>;
    constexpr bool strict = signature_of(e.function).is_strict();
    auto run = [&] {
        if constexpr (takes_arguments_as_list<std::remove_const_t<decltype(function)>>) {
            nullable_datum cells[] = {to_nullable_datum(values)..., nullable_datum{}};
            kernel_input inputs[sizeof...(Ts) + 1];
            for (std::size_t i = 0; i < sizeof...(Ts); ++i) {
                node argument = Scope::query.lists[static_cast<std::size_t>(e.arguments.first) + i];
                inputs[i].type = Scope::query.expressions[static_cast<std::size_t>(argument)].type;
            }
            return as_plan_value<e.type.id>(function(context, call_arguments{cells, inputs, sizeof...(Ts)}));
        } else {
            return as_plan_value<e.type.id>(call_with(function, context, values...));
        }
    };
    if constexpr (strict && (false || ... || is_nullable<Ts>)) {
        using T = plain_of<decltype(run())>;
        if ((... || missing(values))) return nullable<T>();
        return nullable<T>(run());
    } else {
        return run();
    }
}

template <class Scope, node E, class T>
auto cast_value(call_context& context, T const& v) {
    constexpr auto const& e = expression_at<Scope, E>;
    constexpr sql_type from = expression_at<Scope, argument_at<Scope, E, 0>>.type;
    constexpr sql_type to = e.type;
    using To = physical_type<to.id>;
    auto converted = [&]() -> To {
        if constexpr (from.id == to.id && to.modifier < 0) return plain(v);
        else if constexpr (is_integer(from.id) && is_integer(to.id) && from.id < to.id) return plain(v);
        else if constexpr (is_integer(from.id) && to.id == type_id::float8) return static_cast<double>(plain(v));
        else if constexpr (from.id == type_id::float4 && to.id == type_id::float8) return plain(v);
        else if constexpr (is_binary_coercible(from.id, to.id) && to.modifier < 0) return plain(v);
        else
            return unpack<To>(cast_compiled(to_datum(v), from, to, context.memory, context.settings,
                                            e.flag ? cast_context::explicit_only : cast_context::assignment));
    };
    if constexpr (is_nullable<T>) return v.null ? nullable<To>() : nullable<To>(converted());
    else return converted();
}

/// The value of case, coalesce and their like: nullable as soon as one branch is.
template <class... Ts>
using branch_type = std::conditional_t<(false || ... || is_nullable<Ts>),
                                       nullable<plain_of<std::tuple_element_t<0, std::tuple<Ts...>>>>,
                                       plain_of<std::tuple_element_t<0, std::tuple<Ts...>>>>;

template <class Scope, class Context, class Row, node... Es>
using branch_type_of =
    branch_type<decltype(evaluate<Scope, Es>(std::declval<Context&>(), std::declval<Row const&>()))...>;

/// AND (`Any` false) and OR (`Any` true), left to right, three-valued.
template <class Scope, bool Any, class Context, class Row, node First, node... Rest>
auto logical(Context& context, Row const& row) {
    auto head = evaluate<Scope, First>(context, row);
    if constexpr (sizeof...(Rest) == 0) {
        return head;
    } else {
        using tail_type = decltype(logical<Scope, Any, Context, Row, Rest...>(context, row));
        using result = std::conditional_t<is_nullable<decltype(head)> || is_nullable<tail_type>, nullable<bool>, bool>;
        if (!missing(head) && plain(head) == Any) return result(Any);
        auto tail = logical<Scope, Any, Context, Row, Rest...>(context, row);
        if constexpr (std::is_same_v<result, bool>) {
            return tail;
        } else {
            if (!missing(tail) && plain(tail) == Any) return result(Any);
            if (missing(head) || missing(tail)) return result();
            return result(!Any);
        }
    }
}

template <class Scope, class Result, class Context, class Row, node First, node... Rest>
Result case_when(Context& context, Row const& row) {
    if constexpr (sizeof...(Rest) == 0) {
        return evaluate<Scope, First>(context, row);
    } else {
        auto held = evaluate<Scope, First>(context, row);
        return [&]<node Then, node... Others>(std::integer_sequence<node, Then, Others...>) -> Result {
            if (!missing(held) && plain(held)) return evaluate<Scope, Then>(context, row);
            return case_when<Scope, Result, Context, Row, Others...>(context, row);
        }(std::integer_sequence<node, Rest...>{});
    }
}

template <class Scope, class Result, class Context, class Row, node First, node... Rest>
Result coalesce(Context& context, Row const& row) {
    auto v = evaluate<Scope, First>(context, row);
    if constexpr (sizeof...(Rest) == 0) {
        return v;
    } else {
        if (!missing(v)) return Result(plain(v));
        return coalesce<Scope, Result, Context, Row, Rest...>(context, row);
    }
}

/// The argument nodes of E as a pack.
template <class Scope, node E, class F>
decltype(auto) with_arguments(F&& f) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
        return f.template operator()<argument_at<Scope, E, I>...>();
    }(argument_indexes<Scope, E>{});
}

/// The branches of a CASE: every second argument, and the last.
template <class Scope, node E, class Context, class Row>
struct case_result {
    template <std::size_t... I>
    static auto pick(std::index_sequence<I...>)
        -> branch_type_of<Scope, Context, Row, argument_at<Scope, E, 2 * I + 1>...,
                          argument_at<Scope, E, 2 * sizeof...(I)>>;
    using type = decltype(pick(
        std::make_index_sequence<static_cast<std::size_t>(expression_at<Scope, E>.arguments.count / 2)>{}));
};

template <class Scope, node E>
auto literal_value() {
    constexpr auto const& l = Scope::query.literals[static_cast<std::size_t>(expression_at<Scope, E>.detail)];
    using T = physical_type<l.type.id>;
    if constexpr (l.null) return nullable<T>();
    else return unpack<T>(query::datum_of(Scope::query.view(), l));
}

}  // namespace detail

/// The value of expression E for a row: a plain physical type where NULL cannot be, else `nullable` of it.
template <class Scope, node E, class Context, class Row>
auto evaluate(Context& context, Row const& row) {
    using query::expression_kind;
    constexpr auto const& e = detail::expression_at<Scope, E>;
    if constexpr (e.kind == expression_kind::column) {
        if constexpr (Row::template has<e.source>) return row.template get<e.source, e.column>();
        else return context.outer.template get<e.source, e.column>();
    } else if constexpr (e.kind == expression_kind::literal) {
        return detail::literal_value<Scope, E>();
    } else if constexpr (e.kind == expression_kind::parameter) {
        return std::get<static_cast<std::size_t>(e.detail)>(context.arguments);
    } else if constexpr (e.kind == expression_kind::call) {
        return detail::with_arguments<Scope, E>([&]<node... A>() {
            return detail::call_function<Scope, E>(context.call, evaluate<Scope, A>(context, row)...);
        });
    } else if constexpr (e.kind == expression_kind::cast) {
        return detail::cast_value<Scope, E>(context.call,
                                            evaluate<Scope, detail::argument_at<Scope, E, 0>>(context, row));
    } else if constexpr (e.kind == expression_kind::logical_and || e.kind == expression_kind::logical_or) {
        return detail::with_arguments<Scope, E>([&]<node... A>() {
            return detail::logical < Scope, e.kind == expression_kind::logical_or, Context, Row, A... > (context, row);
        });
    } else if constexpr (e.kind == expression_kind::logical_not) {
        auto v = evaluate<Scope, detail::argument_at<Scope, E, 0>>(context, row);
        if constexpr (is_nullable<decltype(v)>) return v.null ? v : nullable<bool>(!v.value);
        else return !v;
    } else if constexpr (e.kind == expression_kind::is_null) {
        return missing(evaluate<Scope, detail::argument_at<Scope, E, 0>>(context, row));
    } else if constexpr (e.kind == expression_kind::is_not_null) {
        return !missing(evaluate<Scope, detail::argument_at<Scope, E, 0>>(context, row));
    } else if constexpr (e.kind == expression_kind::is_truth) {
        auto v = evaluate<Scope, detail::argument_at<Scope, E, 0>>(context, row);
        constexpr auto test = static_cast<query::truth_test>(e.detail);
        bool null = missing(v), held = !null && plain(v);
        if constexpr (test == query::truth_test::is_true) return held;
        else if constexpr (test == query::truth_test::is_not_true) return !held;
        else if constexpr (test == query::truth_test::is_false) return !null && !held;
        else if constexpr (test == query::truth_test::is_not_false) return null || held;
        else return null == (test == query::truth_test::is_unknown);
    } else if constexpr (e.kind == expression_kind::is_distinct || e.kind == expression_kind::nullif) {
        auto a = evaluate<Scope, detail::argument_at<Scope, E, 0>>(context, row);
        auto b = evaluate<Scope, detail::argument_at<Scope, E, 1>>(context, row);
        bool same = missing(a) == missing(b);
        if (!missing(a) && !missing(b)) same = plain(detail::call_function<Scope, E>(context.call, plain(a), plain(b)));
        if constexpr (e.kind == expression_kind::is_distinct) {
            return same == e.flag;
        } else {
            using T = plain_of<decltype(a)>;
            return missing(a) || same ? nullable<T>() : nullable<T>(plain(a));
        }
    } else if constexpr (e.kind == expression_kind::case_when) {
        using result = typename detail::case_result<Scope, E, Context, Row>::type;
        return detail::with_arguments<Scope, E>(
            [&]<node... A>() { return detail::case_when<Scope, result, Context, Row, A...>(context, row); });
    } else if constexpr (e.kind == expression_kind::coalesce) {
        return detail::with_arguments<Scope, E>([&]<node... A>() {
            using T = plain_of<detail::branch_type_of<Scope, Context, Row, A...>>;
            auto found = detail::coalesce<Scope, nullable<T>, Context, Row, A...>(context, row);
            // One branch that is never NULL makes the whole never NULL.
            if constexpr ((... || !is_nullable<decltype(evaluate<Scope, A>(context, row))>)) return found.value;
            else return found;
        });
    } else if constexpr (e.kind == expression_kind::greatest || e.kind == expression_kind::least) {
        return detail::with_arguments<Scope, E>([&]<node... A>() {
            using T = plain_of<detail::branch_type_of<Scope, Context, Row, A...>>;
            nullable<T> best;
            auto offer = [&](auto const& v) {
                if (missing(v)) return;
                if (best.null) {
                    best = nullable<T>(plain(v));
                    return;
                }
                auto order = compare(e.type.id, to_datum(v), to_datum(best));
                if (e.kind == expression_kind::greatest ? order > 0 : order < 0) best = nullable<T>(plain(v));
            };
            (offer(evaluate<Scope, A>(context, row)), ...);
            return best;
        });
    } else if constexpr (e.kind == expression_kind::in_list) {
        return detail::with_arguments<Scope, E>([&]<node First, node... Items>() {
            auto v = evaluate<Scope, First>(context, row);
            nullable<bool> found(false);
            auto meet = [&](auto const& item) {
                if (!found.null && found.value) return;
                if (missing(v) || missing(item)) found = nullable<bool>();
                else if (plain(nullable<bool>(detail::call_function<Scope, E>(context.call, plain(v), plain(item)))))
                    found = nullable<bool>(true);
            };
            (meet(evaluate<Scope, Items>(context, row)), ...);
            if (e.flag && !found.null) found.value = !found.value;
            return found;
        });
    } else {
        return typed_subquery<Scope, E>::answer(context, row);
    }
}

/// Whether a condition holds: NULL does not.
template <class T>
constexpr bool holds(T const& v) {
    bool const there = !missing(v), value = plain(v);
    return there & value;  // cheaper than a branch
}

}  // namespace phantomdb::exec
