/// @file Defines order-preserving keys: byte strings that memcmp sorts as SQL sorts the values they were made from.
///
/// A key is its columns, one after the other. Each column is
///
///     marker   1 byte, left out for columns that are never null: 01 a value; 00 NULL (first) or 02 NULL (last)
///     payload  see below; every bit inverted where the column is descending
///
///     boolean, integers, dates, times, oid   big-endian in the width of the type, sign bit flipped (oid: as it is)
///     real, double precision                 IEEE bits big-endian; positive: sign flipped, negative: all flipped.
///                                            -0 is written as 0, every NaN as one NaN above infinity
///     numeric                                01 -inf · 02 negative · 03 zero · 04 positive · 05 inf · 06 NaN; then for 02 and
///                                            04: exponent + 64, pairs of digits + 1, ended by 00 (02: all inverted)
///     text, bytea, json, jsonb               bytes with 00 written as 00 FF, ended by 00 01 (char(n) without trailing blanks)
///     interval                               microseconds at 30 days a month and 24 hours a day, 16 bytes big-endian
///     uuid                                   its 16 octets
///
/// Values that SQL holds equal have equal keys (1.0 and 1.00; '1 day' and '24 hours'), so a key is not always enough
/// to rebuild the value: see `is_decodable`. No payload is a proper prefix of another, so columns can be strung together.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/base/assert.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/type.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace phantomdb::codec {

/// How one column of a key sorts.
struct key_order {
    bool descending = false;
    bool nulls_first = false;
    bool never_null = false;  ///< no marker byte is written; a NULL given to `append_key` is then a bug
    friend constexpr bool operator==(key_order const&, key_order const&) = default;
};

/// Whether `take_key` gives back the very value that went in (for floats: up to the sign of zero). Where it is false,
/// the key still sorts and compares right, and the row holds the value.
constexpr bool is_decodable(type_id type) {
    return physical_of(type) != physical::numeric && physical_of(type) != physical::interval && type != type_id::bpchar;
}

namespace detail {

constexpr std::uint64_t sign_of_width(std::size_t width) { return std::uint64_t{1} << (8 * width - 1); }

inline void append_integer_key(std::string& out, type_id type, std::int64_t value) {
    std::size_t const width = facts(type).width;
    auto bits = static_cast<std::uint64_t>(value);
    if (type != type_id::oid && type != type_id::boolean) {
        PHANTOMDB_HOT_ASSERT(width == 8 || value == (value << (64 - 8 * width)) >> (64 - 8 * width));
        bits ^= sign_of_width(width);
    }
    bits = to_big(bits << (64 - 8 * width));
    out.append(reinterpret_cast<char const*>(&bits), width);
}

inline void append_float_key(std::string& out, type_id type, double value) {
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    if (value == 0) value = 0;  // -0 and 0 are equal
    if (type == type_id::float4) {
        auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
        bits = to_big((bits >> 31) != 0 ? ~bits : bits | 0x80000000u);
        out.append(reinterpret_cast<char const*>(&bits), sizeof bits);
    } else {
        auto bits = std::bit_cast<std::uint64_t>(value);
        bits = to_big((bits >> 63) != 0 ? ~bits : bits | sign_of_width(8));
        out.append(reinterpret_cast<char const*>(&bits), sizeof bits);
    }
}

inline void append_text_key(std::string& out, std::string_view text) {
    for (;;) {
        std::size_t const zero = text.find('\0');
        out.append(text.substr(0, zero));
        if (zero == std::string_view::npos) break;
        out.append("\x00\xff", 2);
        text.remove_prefix(zero + 1);
    }
    out.append("\x00\x01", 2);
}

inline void append_numeric_key(std::string& out, numeric value) {
    if (value.is_nan()) return out.push_back('\x06');
    int128 const coefficient = value.coefficient();
    bool const negative = coefficient < 0;
    if (!value.is_finite()) return out.push_back(negative ? '\x01' : '\x05');
    if (coefficient == 0) return out.push_back('\x03');

    // Digits from the least significant, without trailing zeros: 0.d1d2d3… × 10^exponent.
    __extension__ using uint128 = unsigned __int128;
    uint128 rest = negative ? -static_cast<uint128>(coefficient) : static_cast<uint128>(coefficient);
    char digits[40];
    int count = 0;
    int trailing = 0;
    bool seen = false;
    while (rest != 0) {
        int const digit = static_cast<int>(rest % 10);
        rest /= 10;
        if (!seen && digit == 0) {
            ++trailing;
            continue;
        }
        seen = true;
        digits[count++] = static_cast<char>(digit);
    }
    int const exponent = count + trailing - value.scale();
    char const invert = negative ? '\xff' : '\x00';
    out.push_back(negative ? '\x02' : '\x04');
    out.push_back(static_cast<char>(static_cast<char>(exponent + 64) ^ invert));
    for (int i = count - 1; i >= 0; i -= 2) {
        int const pair = digits[i] * 10 + (i > 0 ? digits[i - 1] : 0);
        out.push_back(static_cast<char>(static_cast<char>(pair + 1) ^ invert));
    }
    out.push_back(invert);
}

inline void append_interval_key(std::string& out, interval value) {
    int128 const day = int128{86'400} * 1'000'000;
    int128 const span = (int128{value.months} * 30 + value.days) * day + value.microseconds;
    std::uint64_t high = to_big(static_cast<std::uint64_t>(span >> 64) ^ sign_of_width(8));
    std::uint64_t low = to_big(static_cast<std::uint64_t>(span));
    out.append(reinterpret_cast<char const*>(&high), 8);
    out.append(reinterpret_cast<char const*>(&low), 8);
}

[[noreturn]] inline void throw_damaged_key() {
    throw error(errc::data_corrupted, "index key is damaged")
        .with_hint("Restore from a backup, or dump what can still be read and load it into a new database.");
}

/// Bytes of the payload at the front of `in`; the bytes are as written, maybe inverted.
inline std::size_t payload_size(std::string_view in, type_id type, char invert) {
    auto const at = [&](std::size_t i) {
        if (i >= in.size()) throw_damaged_key();
        return static_cast<unsigned char>(in[i] ^ invert);
    };
    switch (physical_of(type)) {
        case physical::text: {
            for (std::size_t i = 0;; ++i) {
                if (at(i) != 0) continue;
                if (at(i + 1) == 1) return i + 2;
                if (at(++i) != 0xff) throw_damaged_key();
            }
        }
        case physical::numeric: {
            unsigned char const kind = at(0);
            if (kind != 2 && kind != 4) return 1;
            unsigned char const end = kind == 2 ? 0xff : 0x00;
            std::size_t i = 2;
            while (at(i) != end) ++i;
            return i + 1;
        }
        default: return facts(type).width;
    }
}

}  // namespace detail

/// Appends one column to a key. `value.i` must lie in the range of the type. O(bytes written).
inline void append_key(std::string& out, type_id type, nullable_datum const& value, key_order order = {}) {
    if (value.null) {
        PHANTOMDB_ASSERT(!order.never_null);
        return out.push_back(order.nulls_first ? '\x00' : '\x02');
    }
    if (!order.never_null) out.push_back('\x01');
    std::size_t const start = out.size();
    switch (physical_of(type)) {
        case physical::integer: detail::append_integer_key(out, type, value.value.i); break;
        case physical::floating: detail::append_float_key(out, type, value.value.d); break;
        case physical::numeric: detail::append_numeric_key(out, value.value.n); break;
        case physical::interval: detail::append_interval_key(out, value.value.v); break;
        case physical::uuid: out.append(reinterpret_cast<char const*>(value.value.u.octets), 16); break;
        case physical::text: {
            std::string_view text = value.value.t;
            if (type == type_id::bpchar) text = text.substr(0, text.find_last_not_of(' ') + 1);
            detail::append_text_key(out, text);
            break;
        }
    }
    if (order.descending) {
        for (std::size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
    }
}

/// Takes one column off the front of `in` without decoding it: the bytes, marker included.
/// Throws data_corrupted when they cannot be a key of this type.
inline std::string_view skip_key(std::string_view& in, type_id type, key_order order = {}) {
    std::size_t size = 0;
    bool null = false;
    if (!order.never_null) {
        if (in.empty()) detail::throw_damaged_key();
        null = in[0] != '\x01';
        if (null && in[0] != '\x00' && in[0] != '\x02') detail::throw_damaged_key();
        size = 1;
    }
    if (!null) size += detail::payload_size(in.substr(size), type, order.descending ? '\xff' : '\x00');
    if (size > in.size()) detail::throw_damaged_key();
    std::string_view const column = in.substr(0, size);
    in.remove_prefix(size);
    return column;
}

/// Takes one column of a decodable type off the front of `in`. Text is copied into `text`.
/// Throws data_corrupted when the bytes cannot be a key of this type.
inline nullable_datum take_key(std::string_view& in, type_id type, arena& text, key_order order = {}) {
    PHANTOMDB_ASSERT(is_decodable(type));
    std::string_view column = skip_key(in, type, order);
    if (!order.never_null) {
        if (column[0] != '\x01') return {};
        column.remove_prefix(1);
    }
    char const invert = order.descending ? '\xff' : '\x00';
    if (physical_of(type) == physical::text) {
        char* const bytes = text.allocate(column.size());
        std::size_t n = 0;
        for (std::size_t i = 0; i + 2 < column.size(); ++i) {
            bytes[n++] = static_cast<char>(column[i] ^ invert);
            if (bytes[n - 1] == '\0') ++i;  // the FF of an escaped zero
        }
        return datum{std::string_view{bytes, n}};
    }
    unsigned char bytes[16];
    for (std::size_t i = 0; i < column.size(); ++i) bytes[i] = static_cast<unsigned char>(column[i] ^ invert);
    if (physical_of(type) == physical::uuid) {
        uuid result;
        std::memcpy(result.octets, bytes, 16);
        return datum{result};
    }
    std::size_t const width = column.size();
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < width; ++i) bits = bits << 8 | bytes[i];
    if (physical_of(type) == physical::integer) {
        if (type == type_id::oid || type == type_id::boolean) return datum{static_cast<std::int64_t>(bits)};
        std::uint64_t const shifted = (bits ^ detail::sign_of_width(width)) << (64 - 8 * width);
        return datum{static_cast<std::int64_t>(shifted) >> (64 - 8 * width)};
    }
    std::uint64_t const sign = detail::sign_of_width(width);
    bits = (bits & sign) != 0 ? bits ^ sign : ~bits;
    if (type == type_id::float4) return datum{double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))}};
    return datum{std::bit_cast<double>(bits)};
}

/// The smallest key above every key that begins with `prefix`; empty when there is none (all FF).
inline std::string prefix_end(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && end.back() == '\xff') end.pop_back();
    if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
    return end;
}

}  // namespace phantomdb::codec
