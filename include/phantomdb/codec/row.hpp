/// @file Defines the bytes of a stored row, and the layout that reads them at constant offsets.
///
///     u8   format, 1
///     u16  columns in this row, n
///     (n + 7) / 8 bytes   null bitmap: bit i % 8 of byte i / 8 is set where column i is NULL
///     fixed part          the fixed-width columns in order, `facts(type).width` bytes each, little-endian, zero where NULL
///     u32 × variable columns   where the column's bytes end, counted from the start of the tail
///     tail                the bytes of the variable columns
///
/// Columns are only ever added at the end of a table, so a row written earlier is *short*: it has fewer columns than
/// the layout, and reading beyond them gives the default the caller passes. All offsets follow from the types of the
/// columns, so where those are known to the compiler (`typed_row`) a field is one load.
///
/// Readers trust the bytes. Where these come from outside (a damaged file), call `is_sound` first.
#pragma once

#include <phantomdb/base/config.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/type.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::codec {

inline constexpr std::uint8_t row_format = 1;
inline constexpr std::size_t row_prefix_bytes = 3;

/// Where a column lies, whatever comes after it in the table.
struct column_place {
    type_id type = type_id::unknown;
    std::uint8_t width = 0;             ///< 0: variable
    std::uint16_t variable_before = 0;  ///< variable columns before this one
    std::uint32_t fixed_before = 0;     ///< bytes of the fixed columns before this one
};

/// Fills `places` for columns of `types`, plus one last place that holds the totals.
constexpr void place_columns(std::span<type_id const> types, std::span<column_place> places) {
    std::uint16_t variable = 0;
    std::uint32_t fixed = 0;
    for (std::size_t i = 0; i < types.size(); ++i) {
        std::uint8_t const width = facts(types[i]).width;
        places[i] = {types[i], width, variable, fixed};
        fixed += width;
        if (width == 0) ++variable;
    }
    places[types.size()] = {type_id::unknown, 0, variable, fixed};
}

namespace detail {

constexpr std::size_t bitmap_bytes(std::size_t columns) { return (columns + 7) / 8; }

/// How a type lies in the fixed part.
enum class lane : std::uint8_t { boolean, int2, int4, int8, oid, float4, float8, wide, variable };

constexpr lane lane_of(type_id type) {
    switch (type) {
        case type_id::boolean: return lane::boolean;
        case type_id::int2: return lane::int2;
        case type_id::oid: return lane::oid;
        case type_id::float4: return lane::float4;
        case type_id::float8: return lane::float8;
        default: break;
    }
    switch (facts(type).width) {
        case 0: return lane::variable;
        case 4: return lane::int4;
        case 8: return lane::int8;
        default: return lane::wide;
    }
}

template <lane L>
datum load(char const* at) {
    if constexpr (L == lane::boolean) {
        return std::int64_t{*at};
    } else if constexpr (L == lane::int2) {
        return std::int64_t{static_cast<std::int16_t>(load_fixed<std::uint16_t>(at))};
    } else if constexpr (L == lane::int4) {
        return std::int64_t{static_cast<std::int32_t>(load_fixed<std::uint32_t>(at))};
    } else if constexpr (L == lane::int8) {
        return static_cast<std::int64_t>(load_fixed<std::uint64_t>(at));
    } else if constexpr (L == lane::oid) {
        return std::int64_t{load_fixed<std::uint32_t>(at)};
    } else if constexpr (L == lane::float4) {
        return double{std::bit_cast<float>(load_fixed<std::uint32_t>(at))};
    } else if constexpr (L == lane::float8) {
        return std::bit_cast<double>(load_fixed<std::uint64_t>(at));
    } else {
        static_assert(L == lane::wide);
        static_assert(std::endian::native == std::endian::little, "16-byte values are stored as they lie in memory");
        datum result;
        std::memcpy(static_cast<void*>(&result), at, sizeof result);
        return result;
    }
}

inline void store(char* at, lane into, datum const& value) {
    switch (into) {
        case lane::boolean: *at = static_cast<char>(value.i); break;
        case lane::int2: store_fixed(at, static_cast<std::uint16_t>(value.i)); break;
        case lane::int4:
        case lane::oid: store_fixed(at, static_cast<std::uint32_t>(value.i)); break;
        case lane::int8: store_fixed(at, static_cast<std::uint64_t>(value.i)); break;
        case lane::float4: store_fixed(at, std::bit_cast<std::uint32_t>(static_cast<float>(value.d))); break;
        case lane::float8: store_fixed(at, std::bit_cast<std::uint64_t>(value.d)); break;
        case lane::wide: std::memcpy(at, static_cast<void const*>(&value), sizeof value); break;
        case lane::variable: break;
    }
}

/// Calls `f` with the lane as a constant, so that a loop inside `f` has no branch on it.
template <class F>
decltype(auto) with_lane(lane which, F&& f) {
    switch (which) {
        case lane::boolean: return f.template operator()<lane::boolean>();
        case lane::int2: return f.template operator()<lane::int2>();
        case lane::int4: return f.template operator()<lane::int4>();
        case lane::int8: return f.template operator()<lane::int8>();
        case lane::oid: return f.template operator()<lane::oid>();
        case lane::float4: return f.template operator()<lane::float4>();
        case lane::float8: return f.template operator()<lane::float8>();
        case lane::wide: return f.template operator()<lane::wide>();
        case lane::variable: break;
    }
    return f.template operator()<lane::variable>();
}

inline bool null_bit(char const* row, std::size_t column) {
    return (static_cast<unsigned char>(row[row_prefix_bytes + column / 8]) >> (column % 8) & 1) != 0;
}

/// The bytes of variable column number `index`, whose end offsets begin at `ends` and whose tail begins at `tail`.
inline std::string_view variable_bytes(char const* ends, char const* tail, std::size_t index) {
    std::uint32_t const from = index == 0 ? 0 : load_fixed<std::uint32_t>(ends + 4 * (index - 1));
    std::uint32_t const to = load_fixed<std::uint32_t>(ends + 4 * index);
    return {tail + from, to - from};
}

}  // namespace detail

/// Columns a row was written with.
inline std::size_t column_count(std::string_view row) { return load_fixed<std::uint16_t>(row.data() + 1); }

/// One column to decode from many rows: where its values go, and what short rows have instead.
struct column_target {
    std::size_t column = 0;
    datum* values = nullptr;
    std::uint8_t* nulls = nullptr;  ///< 1 where NULL, else 0
    nullable_datum missing{};
};

/// The layout of the rows of a table; `Places` is an array (compile time) or a vector (run time). A value: copy freely,
/// read from any thread.
template <class Places>
class basic_row_layout {
public:
    constexpr basic_row_layout() = default;
    constexpr explicit basic_row_layout(Places places) : places_(std::move(places)) {}

    constexpr std::size_t size() const { return places_.empty() ? 0 : places_.size() - 1; }
    constexpr column_place const& place(std::size_t column) const { return places_[column]; }
    constexpr type_id type(std::size_t column) const { return places_[column].type; }

    /// Offset of a fixed column in a row that has all columns.
    constexpr std::size_t fixed_offset(std::size_t column) const {
        return row_prefix_bytes + detail::bitmap_bytes(size()) + places_[column].fixed_before;
    }
    /// Offset of the table of end offsets, and of the tail, in a row of `columns` columns.
    constexpr std::size_t ends_offset(std::size_t columns) const {
        return row_prefix_bytes + detail::bitmap_bytes(columns) + places_[columns].fixed_before;
    }
    constexpr std::size_t tail_offset(std::size_t columns) const {
        return ends_offset(columns) + 4 * std::size_t{places_[columns].variable_before};
    }

    /// Appends the row of `size()` values to `out`; `nulls[i]` is not zero where column i is NULL (nullptr: none is).
    /// Throws program_limit_exceeded beyond `max_value_bytes`.
    void encode(std::string& out, datum const* values, std::uint8_t const* nulls = nullptr) const {
        std::size_t const columns = size();
        std::size_t const ends = ends_offset(columns);
        std::size_t const tail = tail_offset(columns);
        std::size_t tail_bytes = 0;
        for (std::size_t i = 0; i < columns; ++i) {
            if (places_[i].width == 0 && !is_null(nulls, i)) tail_bytes += values[i].t.size();
        }
        if (tail + tail_bytes > max_value_bytes) {
            throw error(errc::program_limit_exceeded, "row is too large")
                .with_detail("It has " + std::to_string(tail + tail_bytes) + " bytes; the limit is " +
                             std::to_string(max_value_bytes) + ".");
        }
        std::size_t const start = out.size();
        out.resize(start + tail + tail_bytes);  // zero-filled: bitmap, NULLs in the fixed part
        char* const row = out.data() + start;
        row[0] = static_cast<char>(row_format);
        store_fixed(row + 1, static_cast<std::uint16_t>(columns));
        char* const fixed = row + row_prefix_bytes + detail::bitmap_bytes(columns);
        std::uint32_t end = 0;
        for (std::size_t i = 0; i < columns; ++i) {
            column_place const& place = places_[i];
            bool const null = is_null(nulls, i);
            if (null) {
                char& byte = row[row_prefix_bytes + i / 8];
                byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << (i % 8));
            } else if (place.width != 0) {
                detail::store(fixed + place.fixed_before, detail::lane_of(place.type), values[i]);
            }
            if (place.width == 0) {
                if (!null && !values[i].t.empty())
                    std::memcpy(row + tail + end, values[i].t.data(), values[i].t.size());
                if (!null) end += static_cast<std::uint32_t>(values[i].t.size());
                store_fixed(row + ends + 4 * std::size_t{place.variable_before}, end);
            }
        }
    }

    /// The value of one column; text is borrowed from `row`. `missing` is returned for columns the row is too short for.
    nullable_datum read(std::string_view row, std::size_t column, nullable_datum missing = {}) const {
        std::size_t const columns = column_count(row);
        if (column >= columns) return missing;
        if (detail::null_bit(row.data(), column)) return {};
        column_place const& place = places_[column];
        return detail::with_lane(detail::lane_of(place.type), [&]<detail::lane L>() -> nullable_datum {
            if constexpr (L == detail::lane::variable) {
                return datum{detail::variable_bytes(row.data() + ends_offset(columns),
                                                    row.data() + tail_offset(columns), place.variable_before)};
            } else {
                std::size_t const fixed = row_prefix_bytes + detail::bitmap_bytes(columns);
                return detail::load<L>(row.data() + fixed + place.fixed_before);
            }
        });
    }

    /// Decodes some columns of `count` rows into arrays; `row_at(i)` gives the bytes of row i. Text is borrowed.
    /// One pass a column, without a branch on the type inside. Values of NULLs are zero or empty.
    template <class RowAt>
    void decode(std::size_t count, RowAt const& row_at, std::span<column_target const> targets) const {
        bool full = true;
        for (std::size_t i = 0; i < count; ++i) full &= column_count(row_at(i)) == size();
        for (column_target const& target : targets) {
            if (full) {
                decode_full(count, row_at, target);
                continue;
            }
            for (std::size_t i = 0; i < count; ++i) {
                nullable_datum const cell = read(row_at(i), target.column, target.missing);
                target.values[i] = cell.value;
                target.nulls[i] = cell.null;
            }
        }
    }

    /// Whether `row` can be read by this layout without leaving its bytes. O(columns).
    bool is_sound(std::string_view row) const {
        if (row.size() < row_prefix_bytes || static_cast<std::uint8_t>(row[0]) != row_format) return false;
        std::size_t const columns = column_count(row);
        if (columns > size() || tail_offset(columns) > row.size()) return false;
        char const* const ends = row.data() + ends_offset(columns);
        std::size_t end = 0;
        for (std::size_t i = 0; i < places_[columns].variable_before; ++i) {
            std::size_t const next = load_fixed<std::uint32_t>(ends + 4 * i);
            if (next < end) return false;
            end = next;
        }
        return tail_offset(columns) + end == row.size();
    }

private:
    static bool is_null(std::uint8_t const* nulls, std::size_t i) { return nulls != nullptr && nulls[i] != 0; }

    template <class RowAt>
    void decode_full(std::size_t count, RowAt const& row_at, column_target const& target) const {
        std::size_t const column = target.column;
        std::size_t const bitmap_at = row_prefix_bytes + column / 8;
        unsigned const bit = column % 8;
        for (std::size_t i = 0; i < count; ++i) {
            target.nulls[i] = static_cast<std::uint8_t>(static_cast<unsigned char>(row_at(i)[bitmap_at]) >> bit & 1);
        }
        column_place const& place = places_[column];
        detail::with_lane(detail::lane_of(place.type), [&]<detail::lane L>() {
            if constexpr (L == detail::lane::variable) {
                std::size_t const ends = ends_offset(size());
                std::size_t const tail = tail_offset(size());
                for (std::size_t i = 0; i < count; ++i) {
                    char const* const row = row_at(i).data();
                    target.values[i] = detail::variable_bytes(row + ends, row + tail, place.variable_before);
                }
            } else {
                std::size_t const offset = fixed_offset(column);
                for (std::size_t i = 0; i < count; ++i) target.values[i] = detail::load<L>(row_at(i).data() + offset);
            }
        });
    }

    Places places_{};
};

/// A layout known at run time.
using row_layout = basic_row_layout<std::vector<column_place>>;

inline row_layout make_row_layout(std::span<type_id const> types) {
    std::vector<column_place> places(types.size() + 1);
    place_columns(types, places);
    return row_layout(std::move(places));
}

/// The row of a table whose column types the compiler knows: `typed_row<type_id::int8, type_id::text>::read<1>(row)`.
template <type_id... Types>
struct typed_row {
    static constexpr std::size_t size = sizeof...(Types);
    static constexpr auto layout = [] {
        std::array<type_id, size> const types{Types...};
        std::array<column_place, size + 1> places{};
        place_columns(types, places);
        return basic_row_layout<std::array<column_place, size + 1>>(places);
    }();

    template <std::size_t I>
    static bool is_null(std::string_view row) {
        return detail::null_bit(row.data(), I);
    }

    /// Column I of a row that has all columns: one load for fixed types, three for variable ones. Zero where NULL.
    template <std::size_t I>
    static datum field(std::string_view row) {
        constexpr detail::lane L = detail::lane_of(layout.type(I));
        if constexpr (L == detail::lane::variable) {
            return detail::variable_bytes(row.data() + layout.ends_offset(size), row.data() + layout.tail_offset(size),
                                          layout.place(I).variable_before);
        } else {
            return detail::load<L>(row.data() + layout.fixed_offset(I));
        }
    }

    /// Column I of any row of the table; `missing` where the row is too short.
    template <std::size_t I>
    static nullable_datum read(std::string_view row, nullable_datum missing = {}) {
        if (column_count(row) != size) [[unlikely]]
            return layout.read(row, I, missing);
        if (is_null<I>(row)) return {};
        return field<I>(row);
    }
};

}  // namespace phantomdb::codec
