/// @file Defines how a typed query runs: arguments in, rows out as the C++ types its author expects.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/database/planned.hpp>
#include <phantomdb/exec/typed_plan.hpp>
#include <phantomdb/query/arguments.hpp>
#include <phantomdb/schema/document.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace phantomdb {

/// A query as operators: what `exec::typed_plan` is instantiated over.
template <auto const& Query>
struct query_scope_of {
    static constexpr auto const& query = query::lowered_ir<Query>;
    static constexpr auto const& plan = detail::frozen_plan<Query>;
    using tables = exec::stored_tables;
};

namespace detail {

/// A plan value as a C++ result. Text that `To` borrows lives until the next row.
template <class To, class Value>
To to_result(Value const& value) {
    using plain_to = plain_type<To>;
    if constexpr (is_optional<To>) {
        if (exec::missing(value)) return std::nullopt;
    } else {
        if (exec::missing(value)) return To{};
    }
    auto const& there = exec::plain(value);
    using from = std::remove_cvref_t<decltype(there)>;
    if constexpr (std::is_arithmetic_v<from> && std::is_arithmetic_v<plain_to>) {
        return static_cast<plain_to>(there);
    } else if constexpr (std::is_constructible_v<plain_to, std::string_view> &&
                         std::is_same_v<from, std::string_view>) {
        return To(plain_to(there));
    } else {
        return To(column_type<plain_to>::from_datum(exec::to_datum(there)));
    }
}

/// A result type whose text is borrowed.
template <class T>
struct borrowed {
    using type = T;
};
template <>
struct borrowed<std::string> {
    using type = std::string_view;
};
template <>
struct borrowed<std::optional<std::string>> {
    using type = std::optional<std::string_view>;
};
template <class... Ts>
struct borrowed<std::tuple<Ts...>> {
    using type = std::tuple<typename borrowed<Ts>::type...>;
};

/// Makes objects of result columns, the first of which is `First`.
template <query::node Source, std::size_t First, class Target, class Row>
Target read_cells(Row const& row) {
    if constexpr (is_adapted<Target>) {
        Target made{};
        each_member<Target>([&](auto ordinal, auto member) {
            constexpr auto column = static_cast<query::node>(First + ordinal);
            made.*member =
                to_result<std::remove_reference_t<decltype(made.*member)>>(row.template get<Source, column>());
        });
        return made;
    } else if constexpr (is_optional<Target>) {  // a table that an outer join may leave out: all its columns are null
        using record = plain_type<Target>;
        bool there = false;
        auto look = [&]<std::size_t... I>(std::index_sequence<I...>) {
            there = (... || !exec::missing(row.template get<Source, static_cast<query::node>(First + I)>()));
        };
        look(std::make_index_sequence<record_of<record>.members.size()>{});
        if (!there) return std::nullopt;
        return read_cells<Source, First, record>(row);
    } else {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return Target(to_result<std::tuple_element_t<I, Target>>(
                row.template get<Source, static_cast<query::node>(First + I)>())...);
        }(std::make_index_sequence<std::tuple_size_v<Target>>{});
    }
}

/// Where the columns of each table begin in a row of whole structs.
template <class... Targets>
constexpr auto first_columns() {
    std::array<std::size_t, sizeof...(Targets)> made{};
    [[maybe_unused]] std::size_t at = 0, i = 0;
    ((made[i++] = at, at += record_of<plain_type<Targets>>.members.size()), ...);
    return made;
}

/// A row of the result as `Target`: the query's own row type, or one that borrows.
template <auto const& Query, class Target, class Row>
Target read_row(Row const& row) {
    using compiled = query::compiled<Query>;
    constexpr query::node source = compiled::value.result;
    if constexpr (!compiled::whole_rows || is_adapted<Target>) {
        return read_cells<source, 0, Target>(row);
    } else {
        return
            [&]<class... Parts, std::size_t... I>(std::type_identity<std::tuple<Parts...>>, std::index_sequence<I...>) {
                constexpr auto first = first_columns<Parts...>();
                return Target(read_cells<source, first[I], Parts>(row)...);
            }(std::type_identity<Target>{}, std::make_index_sequence<std::tuple_size_v<Target>>{});
    }
}

/// An object of a struct whose members are filled from the columns of the same names.
template <auto const& Query, class View, class Row>
View read_view_row(Row const& row) {
    using compiled = query::compiled<Query>;
    constexpr query::node source = compiled::value.result;
    View made{};
    each_member<View>([&](auto ordinal, auto member) {
        constexpr auto column = [] {
            for (std::size_t i = 0; i < compiled::width; ++i) {
                if (compiled::column_name(i) == record_of<View>.members[decltype(ordinal)::value].name) {
                    return static_cast<query::node>(i);
                }
            }
            return query::none;
        }();
        made.*member = to_result<std::remove_reference_t<decltype(made.*member)>>(row.template get<source, column>());
    });
    return made;
}

/// The value of parameter `I` as plans have it: plain where the argument can't be null.
template <auto const& Query, std::size_t I, class... Arguments>
auto plan_argument(nullable_datum const& cell) {
    constexpr auto const& parameter = query::lowered_ir<Query>.parameters[I];
    using value = exec::physical_type<parameter.type.id>;
    constexpr std::string_view name = query::lowered<Query>.view().name(parameter.name);
    constexpr bool optional =
        ((Arguments::name == name &&
          (is_optional<typename Arguments::type> || std::is_same_v<typename Arguments::type, std::nullopt_t>)) ||
         ...);
    if constexpr (optional) {
        return exec::from_nullable_datum<value>(cell);
    } else {
        return exec::from_nullable_datum<value>(cell).value;
    }
}

template <auto const& Query, class... Arguments>
auto plan_arguments(auto const& cells) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::make_tuple(plan_argument<Query, I, Arguments...>(cells[I])...);
    }(std::make_index_sequence<query::lowered_ir<Query>.parameters.size()>{});
}

/// Runs a query over what `view` shows. `sink(row)` answers whether to go on.
template <auto const& Query, class Scope = query_scope_of<Query>, class View, class Sink, class... Arguments>
void run_query(View const& view, array_view<schema::table_layout const*> layouts, exec::call_context const& call,
               Sink&& sink, Arguments const&... arguments) {
    static_assert(say<query::compiled<Query>::problem>::done);
    static_assert(say<query::problem_of_arguments<Query, Arguments...>>::done);
    constexpr std::size_t count = query::lowered_ir<Query>.parameters.size();
    auto const ordered = query::order_arguments<count>(query::lowered<Query>.view(), arguments...);
    auto const values = plan_arguments<Query, Arguments...>(ordered.values);
    exec::no_outer const outer;
    exec::typed_context<View, std::remove_const_t<decltype(values)>> context{view, layouts, values, call, outer};
    exec::typed_plan<Scope>::run(context, sink);
}

/// Hands a row to a function of the caller: as a row, or column by column. False where the function wants no more.
template <auto const& Query, class Row, class Call>
bool pass_on(Row const& row, Call& call) {
    auto answer = [](auto&& invoke) {
        if constexpr (std::is_same_v<decltype(invoke()), bool>) {
            return invoke();
        } else {
            invoke();
            return true;
        }
    };
    auto made = read_row<Query, typename borrowed<row_of<Query>>::type>(row);
    if constexpr (std::is_invocable_v<Call&, decltype(made)&>) {
        return answer([&] { return call(made); });
    } else {
        return answer([&] { return std::apply(call, made); });
    }
}

}  // namespace detail

}  // namespace phantomdb
