/// @file Defines how objects of a table's struct become stored rows, and back.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/database/bound_schema.hpp>
#include <phantomdb/schema/record.hpp>
#include <phantomdb/value/modifier.hpp>

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace phantomdb {

/// A row on its way into a table: one datum a stored column. Borrows text from the object it was filled from.
template <class Record>
class row_draft {
public:
    /// Fills the columns that the struct knows. The others keep what they were, or become null.
    /// Throws 22001 and 22003 where a value doesn't fit its column.
    void fill(bound_table const& table, Record const& record) {
        begin(table);
        each_member<Record>([&](auto ordinal, auto member) {
            auto column = static_cast<std::size_t>(table.columns[ordinal]);
            nullable_datum cell = to_nullable(record.*member, &encoded_[ordinal]);
            sql_type type = table.stored->table->columns[column].type;
            if (!cell.null && type.modifier != -1) cell.value = apply_modifier(cell.value, type, memory_);
            values_[column] = cell.value;
            nulls_[column] = cell.null;
        });
    }
    /// Takes all columns of a stored row, which must outlive the draft.
    void take(bound_table const& table, std::string_view row) { table.stored->decode(row, values_, nulls_); }

    schema::row_reference row() const { return {values_.data(), nulls_.data()}; }

private:
    void begin(bound_table const& table) {
        std::size_t width = table.stored->rows.size();
        if (values_.size() == width) return;
        values_.assign(width, datum{});
        nulls_.assign(width, 1);
    }

    std::vector<datum> values_;
    std::vector<std::uint8_t> nulls_;
    std::array<std::string, record_of<Record>.members.size()> encoded_;  // documents
    arena memory_;
};

namespace detail {

/// The columns of a struct as a `codec::typed_row`.
template <class Record>
struct record_row {
    template <std::size_t... I>
    static auto pick(std::index_sequence<I...>) -> codec::typed_row<record_of<Record>.members[I].type.id...>;
    using type = decltype(pick(std::make_index_sequence<record_of<Record>.members.size()>{}));
};

}  // namespace detail

/// The object in a stored row. Its members are the first columns of the table, in order (`bind_schema` sees to that); where
/// the row has these and no others, they lie where the compiler knows.
template <class Record>
Record read_record(bound_table const& table, std::string_view row) {
    using layout = typename detail::record_row<Record>::type;
    Record made{};
    bool const known = codec::column_count(row) == layout::size;
    each_member<Record>([&](auto ordinal, auto member) {
        using type = std::remove_reference_t<decltype(made.*member)>;
        constexpr std::size_t column = decltype(ordinal)::value;
        if (known) [[likely]]
            made.*member = from_nullable<type>(layout::template read<column>(row));
        else made.*member = from_nullable<type>(table.stored->read(row, column));
    });
    return made;
}

namespace detail {

/// The primary key's values of an object, or of the arguments of `find`, as the key of a stored row.
template <class... Values>
std::string make_row_key(bound_table const& table, Values const&... values) {
    std::array<std::string, sizeof...(Values)> encoded;
    std::string key;
    schema::append_id(key, table.stored->table->id);
    std::size_t at = 0;
    auto append = [&](auto const& value) {
        auto const& part = table.stored->row_key[at];
        codec::append_key(key, part.type, to_nullable(value, &encoded[at]), part.order);
        ++at;
    };
    (append(values), ...);
    return key;
}

/// The row key of an object, by its members in the table's primary key.
template <class Table>
std::string row_key_of(bound_table const& table, typename Table::record const& record) {
    using record_type = typename Table::record;
    constexpr auto key = *Table::shape.primary_key();
    std::string made;
    schema::append_id(made, table.stored->table->id);
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
        auto const& part = table.stored->row_key[i];
        each_member<record_type>([&](auto ordinal, auto member) {
            if (static_cast<std::int16_t>(ordinal) != key.columns[i]) return;
            std::string encoded;
            codec::append_key(made, part.type, to_nullable(record.*member, &encoded), part.order);
        });
    }
    return made;
}

/// The types of a table's primary key members, to check the arguments of `find`.
template <class Table>
constexpr auto key_types() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        constexpr auto const& columns = Table::shape.primary_key()->columns;
        return []<class... Members>(type_list<Members...>) {
            return type_list<std::tuple_element_t<static_cast<std::size_t>(columns[I]), std::tuple<Members...>>...>{};
        }(typename members<typename Table::record>::types{});
    }(std::make_index_sequence<Table::shape.primary_key()->columns.size()>{});
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

template <class Table, class... Given>
std::string converted_row_key(bound_table const& table, Given const&... given) {
    return [&]<class... Wanted>(type_list<Wanted...>) {
        return make_row_key(table, static_cast<Wanted>(given)...);
    }(key_types<Table>());
}

}  // namespace detail

}  // namespace phantomdb
