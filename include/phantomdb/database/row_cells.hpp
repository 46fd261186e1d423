/// @file Defines how objects of a table's struct become cells of a row, and stored rows objects; and how keys become cells.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/codec/row.hpp>
#include <phantomdb/exec/stored_reader.hpp>
#include <phantomdb/schema/record.hpp>
#include <phantomdb/schema/table.hpp>
#include <phantomdb/value/datum.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace phantomdb {

/// The cells of objects, one object at a time. Text is borrowed from the object, but for documents.
template <class Record>
class row_cells {
public:
    array_view<nullable_datum> fill(Record const& record) {
        each_member<Record>(
            [&](auto ordinal, auto member) { cells_[ordinal] = to_nullable(record.*member, &encoded_[ordinal]); });
        return cells_;
    }

private:
    static constexpr std::size_t width = record_of<Record>.members.size();
    std::array<nullable_datum, width> cells_{};
    std::array<std::string, width> encoded_;  // documents
};

namespace detail {

/// The columns of a struct as a `codec::typed_row`.
template <class Record>
struct record_row {
    template <std::size_t... I>
    static auto pick(std::index_sequence<I...>) -> codec::typed_row<record_of<Record>.members[I].type.id...>;
    using type = decltype(pick(std::make_index_sequence<record_of<Record>.members.size()>{}));
};

/// The object in a stored row. Its members are the first columns of the table, in order (`bind_schema` sees to that); where
/// the row has these and no others, they lie where the compiler knows.
template <class Record>
Record read_record(schema::table_layout const& table, std::string_view row) {
    using layout = typename record_row<Record>::type;
    Record made{};
    bool const known = codec::column_count(row) == layout::size;
    each_member<Record>([&](auto ordinal, auto member) {
        using type = std::remove_reference_t<decltype(made.*member)>;
        constexpr std::size_t column = decltype(ordinal)::value;
        nullable_datum cell;
        if (known) [[likely]]
            cell = layout::template read<column>(row);
        else cell = exec::read_column(table, row, column);
        made.*member = from_nullable<type>(cell);
    });
    return made;
}

/// The types of a table's primary key members, to check the arguments of `find`.
template <class Table>
constexpr auto key_types() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return []<class... Members>(type_list<Members...>) {
            return type_list<std::tuple_element_t<static_cast<std::size_t>(Table::shape.keys.front().columns[I]),
                                                  std::tuple<Members...>>...>{};
        }(typename members<typename Table::record>::types{});
    }(std::make_index_sequence<Table::shape.keys.front().columns.size()>{});
}

template <class Table, class... Given>
constexpr bool keys_fit() {
    return []<class... Wanted>(type_list<Wanted...>) {
        if constexpr (sizeof...(Wanted) != sizeof...(Given)) {
            return false;
        } else {
            return (std::is_convertible_v<Given const&, Wanted> && ...);
        }
    }(key_types<Table>());
}

/// Calls `use` with the arguments of `find` as the cells of the table's primary key.
template <class Table, class Use, class... Given>
decltype(auto) with_key(Use&& use, Given const&... given) {
    return [&]<class... Wanted>(type_list<Wanted...>) -> decltype(auto) {
        std::array<std::string, sizeof...(Wanted)> encoded;
        std::size_t at = 0;
        return [&](Wanted const&... values) -> decltype(auto) {
            nullable_datum const cells[] = {to_nullable(values, &encoded[at++])...};
            return use(array_view<nullable_datum>(cells));
        }(static_cast<Wanted>(given)...);
    }(key_types<Table>());
}

}  // namespace detail

}  // namespace phantomdb
