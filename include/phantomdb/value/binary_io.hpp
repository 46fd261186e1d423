/// @file Defines PostgreSQL's binary format of every type.
///
/// Everything is big-endian. A numeric is four 16-bit words (how many digits, weight of the first, sign, scale) and its
/// digits in base 10000; an interval is microseconds, days, months; jsonb is the byte 1 and text.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/value/json.hpp>
#include <phantomdb/value/modifier.hpp>
#include <phantomdb/value/numeric_text.hpp>
#include <phantomdb/value/temporal.hpp>
#include <phantomdb/value/utf8.hpp>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb {

namespace detail {

template <class Unsigned>
void append_big_endian(std::string& out, Unsigned value) {
    for (std::size_t i = sizeof(Unsigned); i-- > 0;) out += static_cast<char>(value >> (8 * i));
}

[[noreturn]] inline void throw_bad_binary(std::string_view what = "incorrect binary data format") {
    throw error(errc::invalid_binary_representation, std::string(what));
}

template <class Unsigned>
Unsigned take_big_endian(std::string_view& bytes) {
    if (bytes.size() < sizeof(Unsigned)) throw_bad_binary();
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        value = static_cast<Unsigned>(value << 8 | static_cast<unsigned char>(bytes[i]));
    }
    bytes.remove_prefix(sizeof(Unsigned));
    return value;
}

namespace numeric_sign {
inline constexpr std::uint16_t positive = 0, negative = 0x4000, nan = 0xc000, infinity = 0xd000,
                               minus_infinity = 0xf000;
}

inline void append_binary_numeric(std::string& out, numeric n) {
    auto header = [&](std::size_t count, int weight, std::uint16_t sign, int scale) {
        append_big_endian(out, static_cast<std::uint16_t>(count));
        append_big_endian(out, static_cast<std::uint16_t>(weight));
        append_big_endian(out, sign);
        append_big_endian(out, static_cast<std::uint16_t>(scale));
    };
    if (n.is_nan()) return header(0, 0, numeric_sign::nan, 0);
    bool negative = n.coefficient() < 0;
    if (!n.is_finite()) return header(0, 0, negative ? numeric_sign::minus_infinity : numeric_sign::infinity, 0);
    // Digits from the last: first the fraction, filled up to whole groups of four, then the rest.
    std::uint16_t digits[24];
    std::size_t begin = 24;
    int scale = n.scale();
    uint128 rest = magnitude(n.coefficient());
    int groups_of_fraction = (scale + 3) / 4, partial = scale % 4;
    if (partial != 0) {
        auto last = static_cast<unsigned>(rest % power_of_ten(partial));
        digits[--begin] = static_cast<std::uint16_t>(last * static_cast<unsigned>(power_of_ten(4 - partial)));
        rest /= power_of_ten(partial);
    }
    while (rest != 0) {
        digits[--begin] = static_cast<std::uint16_t>(rest % 10000);
        rest /= 10000;
    }
    std::size_t end = 24;
    int weight = static_cast<int>(end - begin) - groups_of_fraction - 1;
    while (begin < end && digits[begin] == 0) {
        ++begin;
        --weight;
    }
    while (end > begin && digits[end - 1] == 0) --end;
    header(end - begin, begin == end ? 0 : weight, negative ? numeric_sign::negative : numeric_sign::positive, scale);
    for (; begin < end; ++begin) append_big_endian(out, digits[begin]);
}

inline numeric take_binary_numeric(std::string_view& bytes) {
    auto count = take_big_endian<std::uint16_t>(bytes);
    auto weight = static_cast<std::int16_t>(take_big_endian<std::uint16_t>(bytes));
    auto sign = take_big_endian<std::uint16_t>(bytes);
    auto scale = take_big_endian<std::uint16_t>(bytes);
    if (bytes.size() != count * std::size_t{2}) throw_bad_binary();
    if (scale > 0x3fff) throw_bad_binary("invalid scale in external \"numeric\" value");
    switch (sign) {
        case numeric_sign::positive:
        case numeric_sign::negative: break;
        case numeric_sign::nan: bytes = {}; return numeric_nan;
        case numeric_sign::infinity: bytes = {}; return numeric_infinity;
        case numeric_sign::minus_infinity: bytes = {}; return numeric_minus_infinity;
        default: throw_bad_binary("invalid sign in external \"numeric\" value");
    }
    std::string text(sign == numeric_sign::negative ? "-0" : "0");
    for (std::size_t i = 0; i < count; ++i) {
        auto digit = take_big_endian<std::uint16_t>(bytes);
        if (digit > 9999) throw_bad_binary("invalid digit in external \"numeric\" value");
        char group[8];
        text.append(group, static_cast<std::size_t>(std::snprintf(group, sizeof group, "%04u", unsigned{digit})));
    }
    text += "e" + std::to_string(4 * (weight + 1 - static_cast<int>(count)));
    numeric n = parse_numeric(text);
    return n.scale() > scale ? trunc(n, scale) : round(n, scale);
}

}  // namespace detail

/// Appends the value in binary format; never fails.
inline void append_binary(std::string& out, sql_type type, datum value) {
    using detail::append_big_endian;
    switch (type.id) {
        case type_id::boolean: out += static_cast<char>(value.i); return;
        case type_id::int2: return append_big_endian(out, static_cast<std::uint16_t>(value.i));
        case type_id::int4:
        case type_id::oid:
        case type_id::date: return append_big_endian(out, static_cast<std::uint32_t>(value.i));
        case type_id::int8:
        case type_id::time:
        case type_id::timestamp:
        case type_id::timestamptz: return append_big_endian(out, static_cast<std::uint64_t>(value.i));
        case type_id::float4: return append_big_endian(out, std::bit_cast<std::uint32_t>(static_cast<float>(value.d)));
        case type_id::float8: return append_big_endian(out, std::bit_cast<std::uint64_t>(value.d));
        case type_id::numeric: return detail::append_binary_numeric(out, value.n);
        case type_id::interval:
            append_big_endian(out, static_cast<std::uint64_t>(value.v.microseconds));
            append_big_endian(out, static_cast<std::uint32_t>(value.v.days));
            return append_big_endian(out, static_cast<std::uint32_t>(value.v.months));
        case type_id::uuid: out.append(reinterpret_cast<char const*>(value.u.octets), sizeof value.u.octets); return;
        case type_id::jsonb: out += '\1'; return append_text(out, document_view(value.t));
        case type_id::unknown:
        case type_id::text:
        case type_id::varchar:
        case type_id::bpchar:
        case type_id::name:
        case type_id::bytea:
        case type_id::json: out += value.t; return;
        case type_id::void_: return;
    }
}

/// Reads the binary format of untrusted bytes, the type's modifier applied. Text-like results borrow from `bytes` or
/// `memory`. Throws 22P03 where the bytes aren't the format, 22021 for invalid UTF-8, 22008 for dates out of range.
inline datum parse_binary(sql_type type, std::string_view bytes, arena& memory) {
    using detail::take_big_endian;
    datum value;
    switch (type.id) {
        case type_id::boolean: value.i = take_big_endian<std::uint8_t>(bytes) != 0; break;
        case type_id::int2: value.i = static_cast<std::int16_t>(take_big_endian<std::uint16_t>(bytes)); break;
        case type_id::int4: value.i = static_cast<std::int32_t>(take_big_endian<std::uint32_t>(bytes)); break;
        case type_id::oid: value.i = take_big_endian<std::uint32_t>(bytes); break;
        case type_id::int8: value.i = static_cast<std::int64_t>(take_big_endian<std::uint64_t>(bytes)); break;
        case type_id::float4:
            value.d = static_cast<double>(std::bit_cast<float>(take_big_endian<std::uint32_t>(bytes)));
            break;
        case type_id::float8: value.d = std::bit_cast<double>(take_big_endian<std::uint64_t>(bytes)); break;
        case type_id::numeric: value.n = detail::take_binary_numeric(bytes); break;
        case type_id::date:
            value.i = static_cast<std::int32_t>(take_big_endian<std::uint32_t>(bytes));
            if (is_finite_date(value.i) && !is_valid_date(value.i)) throw_date_out_of_range();
            break;
        case type_id::time:
            value.i = static_cast<std::int64_t>(take_big_endian<std::uint64_t>(bytes));
            if (value.i < 0 || value.i > microseconds_per_day) {
                throw error(errc::datetime_field_overflow, "time out of range");
            }
            break;
        case type_id::timestamp:
        case type_id::timestamptz:
            value.i = static_cast<std::int64_t>(take_big_endian<std::uint64_t>(bytes));
            if (is_finite_timestamp(value.i) && !is_valid_timestamp(value.i)) throw_timestamp_out_of_range();
            break;
        case type_id::interval: {
            interval span;
            span.microseconds = static_cast<std::int64_t>(take_big_endian<std::uint64_t>(bytes));
            span.days = static_cast<std::int32_t>(take_big_endian<std::uint32_t>(bytes));
            span.months = static_cast<std::int32_t>(take_big_endian<std::uint32_t>(bytes));
            value.v = span;
            break;
        }
        case type_id::uuid: {
            uuid id;
            for (auto& octet : id.octets) octet = take_big_endian<std::uint8_t>(bytes);
            value.u = id;
            break;
        }
        case type_id::jsonb:
            if (take_big_endian<std::uint8_t>(bytes) != 1) detail::throw_bad_binary("unsupported jsonb version number");
            check_utf8(bytes);
            return memory.copy(parse_document(bytes));
        case type_id::json:
            check_utf8(bytes);
            check_json(bytes);
            return bytes;
        case type_id::bytea: return bytes;
        case type_id::unknown:
        case type_id::text:
        case type_id::varchar:
        case type_id::bpchar: check_utf8(bytes); return apply_modifier(bytes, type, memory);
        case type_id::name: check_utf8(bytes); return fit_name(bytes);
        case type_id::void_: return std::string_view{};
    }
    if (!bytes.empty()) detail::throw_bad_binary();
    return apply_modifier(value, type, memory);
}

}  // namespace phantomdb
