/// @file Defines `from_rows`: typed queries over objects in memory instead of stored rows.
///
///     std::vector<user> people = …;
///     for (auto const& [name] : from_rows(people).run<adults>("least"_arg = 18)) …
///
/// The query is the same, its operators are the same; only the leaves read members of objects. Without keys every table is
/// read whole. Documents are not read in memory.
#pragma once

#include <phantomdb/database/result.hpp>
#include <phantomdb/database/typed_run.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <functional>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace phantomdb {

namespace detail {

/// A member of an object as a plan value.
template <class T>
auto member_value(T const& member) {
    using plain = plain_type<T>;
    static_assert(sql_type_of<plain>.id != type_id::jsonb, "phantomdb: documents are not read in memory");
    using value = exec::physical_type<sql_type_of<plain>.id>;
    auto convert = [](plain const& one) -> value {
        if constexpr (std::is_arithmetic_v<plain> || std::is_same_v<plain, std::string>) {
            return static_cast<value>(one);
        } else {
            return exec::detail::unpack<value>(column_type<plain>::to_datum(one, nullptr));
        }
    };
    if constexpr (is_optional<T>) {
        return member ? exec::nullable<value>(convert(*member)) : exec::nullable<value>();
    } else {
        return convert(member);
    }
}

/// The object of a row.
template <class Record>
struct object_cells {
    Record const* object = nullptr;

    template <query::node C>
    auto get() const {
        return member_value(object->*std::get<static_cast<std::size_t>(C)>(members<Record>::pointers));
    }
};

/// The tables policy: table T of the query is the range of `Records` whose struct it has.
template <auto const& Query, class... Records>
struct object_tables {
    template <query::node Table>
    static constexpr bool in_memory = true;

    template <query::node Table>
    static constexpr std::size_t place = [] {
        record_shape const* wanted = query::lowered<Query>.tables[static_cast<std::size_t>(Table)]->record;
        std::size_t at = sizeof...(Records), i = 0;
        ((is_same(*wanted, record_of<Records>) ? at = i++ : i++), ...);
        return at;
    }();
    template <class Scope, query::node Table>
    using cells = object_cells<std::tuple_element_t<place<Table>, std::tuple<Records...>>>;

    template <query::node Table>
    static auto rows(std::tuple<std::span<Records const>...> const& given) {
        static_assert(place<Table> < sizeof...(Records),
                      "phantomdb: a table of this query has no rows among those given");
        return std::get<place<Table>>(given);
    }
};

template <auto const& Query, class... Records>
struct object_scope {
    static constexpr auto const& query = query::lowered_ir<Query>;
    static constexpr auto const& plan = frozen_plan_without_keys<Query>;
    using tables = object_tables<Query, Records...>;
};

}  // namespace detail

/// Ranges of objects as tables. Borrows them. Made by `from_rows`.
template <class... Records>
class object_rows {
public:
    explicit object_rows(std::span<Records const>... rows) : rows_(rows...) {}

    template <auto const& Query, class... Arguments>
    result<row_of<Query>> run(Arguments const&... arguments) const {
        using row_type = row_of<Query>;
        std::vector<row_type> made;
        visit<Query>(
            [&](auto& row) {
                made.push_back(detail::read_row<Query, row_type>(row));
                return exec::flow_signal::more;
            },
            arguments...);
        return result<row_type>(std::move(made));
    }

    /// As `database::for_each`: the last argument is called with each row.
    template <auto const& Query, class... ArgumentsAndFunction>
    void for_each(ArgumentsAndFunction&&... arguments) const {
        constexpr std::size_t count = sizeof...(ArgumentsAndFunction) - 1;
        auto all = std::forward_as_tuple(arguments...);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            auto& call = std::get<count>(all);
            visit<Query>(
                [&](auto& row) {
                    return detail::pass_on<Query>(row, call) ? exec::flow_signal::more : exec::flow_signal::stop;
                },
                std::get<I>(all)...);
        }(std::make_index_sequence<count>{});
    }

private:
    template <auto const& Query, class Sink, class... Arguments>
    void visit(Sink&& sink, Arguments const&... arguments) const {
        arena memory;
        format_settings const settings;
        exec::session_facts const facts;
        exec::random_stream random(1);
        std::function<std::int64_t()> const clock = [] { return std::int64_t{0}; };
        exec::call_context call{memory, settings, facts, random, clock};
        detail::run_query<Query, detail::object_scope<Query, Records...>>(rows_, {}, call, sink, arguments...);
    }

    std::tuple<std::span<Records const>...> rows_;
};

/// Contiguous ranges of objects, one for each table a query reads.
template <std::ranges::contiguous_range... Ranges>
object_rows<std::ranges::range_value_t<Ranges>...> from_rows(Ranges const&... rows) {
    return object_rows<std::ranges::range_value_t<Ranges>...>(
        std::span<std::ranges::range_value_t<Ranges> const>(rows)...);
}

}  // namespace phantomdb
