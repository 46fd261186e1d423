/// @file Defines `compiled`, what the compiler makes of a typed query: its IR as a constant, its parameters, its row type.
///
/// A query is lowered once inside the compiler. Whoever uses it as a template argument gets the sentence about what is
/// wrong with it, if anything is; `problem_of_query<q>` is that sentence without the error.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/query/lower.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace phantomdb::query {

/// The sizes of a lowered query's arrays; structural.
struct lowered_sizes {
    query_sizes ir;
    std::size_t tables = 0;
    std::size_t problem = 0;
};

/// A lowered query as a constant.
template <lowered_sizes Sizes>
struct lowered_value {
    query_value<Sizes.ir> ir;
    std::array<table_shape const*, Sizes.tables> tables{};
    std::array<char, Sizes.problem> problem{};
    node result = none;

    constexpr query_view view() const { return ir.view(); }
};

namespace detail {

template <auto const& Query>
consteval auto freeze_lowered() {
    constexpr lowered_sizes sizes = [] {
        lowered_query made = lower(Query);
        return made.problem.empty() ? lowered_sizes{sizes_of(made.ir), made.tables.size(), 0}
                                    : lowered_sizes{{}, 0, made.problem.characters.size()};
    }();
    lowered_value<sizes> frozen;
    lowered_query made = lower(Query);
    auto copy = [](auto const& from, auto& to) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i];
    };
    copy(made.ir.relations, frozen.ir.relations);
    copy(made.ir.expressions, frozen.ir.expressions);
    copy(made.ir.lists, frozen.ir.lists);
    copy(made.ir.sort_keys, frozen.ir.sort_keys);
    copy(made.ir.literals, frozen.ir.literals);
    copy(made.ir.sources, frozen.ir.sources);
    copy(made.ir.columns, frozen.ir.columns);
    copy(made.ir.parameters, frozen.ir.parameters);
    copy(made.ir.text, frozen.ir.text);
    copy(made.tables, frozen.tables);
    copy(made.problem.characters, frozen.problem);
    frozen.ir.root = made.ir.root;
    frozen.result = made.result;
    return frozen;
}

/// The C++ type of result column `I`: as the query says where it does, else as the SQL type suggests; optional if it can
/// be null.
template <class Said, type_id Sql, bool Nullable>
struct result_type {
    using plain = plain_type<std::conditional_t<std::is_void_v<Said>, cpp_type<Sql>, Said>>;
    using type = std::conditional_t<Nullable, std::optional<plain>, plain>;
};

template <class Record, bool Optional>
struct whole_row {
    using type = std::conditional_t<Optional, std::optional<Record>, Record>;
};

}  // namespace detail

template <auto const& Query>
inline constexpr auto lowered = detail::freeze_lowered<Query>();

/// The IR alone, as an object that templates can refer to.
template <auto const& Query>
inline constexpr auto lowered_ir = lowered<Query>.ir;

/// What the compiler knows of a query.
template <auto const& Query>
struct compiled {
    static constexpr auto problem = make_sentence(
        [] { return wording(std::string_view(lowered<Query>.problem.data(), lowered<Query>.problem.size())); });
    static_assert(say<problem>::done);

    static constexpr auto const& value = lowered<Query>;
    using query = std::remove_cvref_t<decltype(Query)>;
    using slots = typename query::slots;
    using selected = typename query::selected;

    /// Whether rows are the tables' structs, as nothing was selected.
    static constexpr bool whole_rows = std::is_void_v<selected>;
    static constexpr array_view<column> columns =
        value.result == none ? array_view<column>{} : value.ir.view().columns_of(value.result);
    static constexpr std::size_t width = columns.size();

    static constexpr std::string_view column_name(std::size_t i) { return value.view().name(columns[i].name); }

private:
    template <class Slots>
    struct rows_of;
    template <class... Slots>
    struct rows_of<type_list<Slots...>> {
        using type = std::tuple<typename detail::whole_row<typename Slots::record, Slots::optional>::type...>;
    };
    template <class Slot>
    struct rows_of<type_list<Slot>> {
        using type = typename Slot::record;
    };
    template <class Said, class Ordinals>
    struct cells_of;
    template <class... Said, std::size_t... I>
    struct cells_of<type_list<Said...>, std::index_sequence<I...>> {
        using type = std::tuple<typename detail::result_type<Said, columns[I].type.id, columns[I].nullable>::type...>;
    };
    static auto row_type() {
        if constexpr (width == 0) {
            return std::type_identity<std::tuple<>>{};
        } else if constexpr (whole_rows) {
            return std::type_identity<typename rows_of<slots>::type>{};
        } else {
            return std::type_identity<typename cells_of<selected, std::make_index_sequence<width>>::type>{};
        }
    }

public:
    /// What a row of the result is: a tuple of the selected values, or the tables' structs.
    using row = typename decltype(row_type())::type;
};

}  // namespace phantomdb::query

namespace phantomdb {

/// The sentence about what is wrong with a query; empty for a good one. Raises no error.
template <auto const& Query>
inline constexpr std::string_view problem_of_query{query::lowered<Query>.problem.data(),
                                                   query::lowered<Query>.problem.size()};

/// The type of a query's rows.
template <auto const& Query>
using row_of = typename query::compiled<Query>::row;

}  // namespace phantomdb
