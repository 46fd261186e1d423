/// @file Defines order and hash of two datums of one SQL type.
///
/// Text compares by bytes (collation "C"), char(n) without its trailing blanks; NaN equals NaN and is above all numbers;
/// -0 equals 0; numerics and intervals compare by value. NULL is the caller's business. Stored keys have the same order.
#pragma once

#include <phantomdb/value/document.hpp>
#include <phantomdb/value/hash.hpp>
#include <phantomdb/value/interval.hpp>
#include <phantomdb/value/numeric.hpp>
#include <phantomdb/value/type.hpp>

#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb {

constexpr std::string_view without_trailing_blanks(std::string_view text) {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

constexpr std::strong_ordering compare(double a, double b) {
    if (a < b) return std::strong_ordering::less;
    if (a > b) return std::strong_ordering::greater;
    if (a == b) return std::strong_ordering::equal;
    return (a != a) <=> (b != b);
}

constexpr std::uint64_t hash_of(double value) {
    if (value == 0) value = 0;  // -0 as 0
    if (value != value) return 0x7ff8000000000000u;
    return hash_of(std::bit_cast<std::uint64_t>(value));
}

inline std::uint64_t hash_of(uuid const& id) {
    return hash_of(std::string_view(reinterpret_cast<char const*>(id.octets), sizeof id.octets));
}

/// Whether values of the type have an order; json has none.
constexpr bool is_comparable(type_id type) { return type != type_id::json && type != type_id::void_; }

[[noreturn]] inline void throw_not_comparable(type_id type) {
    throw error(errc::undefined_function,
                "could not identify a comparison function for type " + std::string(facts(type).name));
}

/// Throws 42883 for json. Loops over one type should switch on it once and compare the members themselves.
inline std::strong_ordering compare(type_id type, datum const& a, datum const& b) {
    switch (physical_of(type)) {
        case physical::integer: return a.i <=> b.i;
        case physical::floating: return compare(a.d, b.d);
        case physical::numeric: return compare(a.n, b.n);
        case physical::interval: return compare(a.v, b.v);
        case physical::uuid: return a.u <=> b.u;
        case physical::text: break;
    }
    if (type == type_id::bpchar) {
        return without_trailing_blanks(a.t).compare(without_trailing_blanks(b.t)) <=> 0;
    }
    if (type == type_id::jsonb) return compare(document_view(a.t), document_view(b.t));
    if (!is_comparable(type)) throw_not_comparable(type);
    return a.t.compare(b.t) <=> 0;
}

inline bool equals(type_id type, datum const& a, datum const& b) { return compare(type, a, b) == 0; }

/// Equal for values that compare equal. Throws as `compare`.
inline std::uint64_t hash_of(type_id type, datum const& value) {
    switch (physical_of(type)) {
        case physical::integer: return hash_of(static_cast<std::uint64_t>(value.i));
        case physical::floating: return hash_of(value.d);
        case physical::numeric: return hash_of(value.n);
        case physical::interval: return hash_of(value.v);
        case physical::uuid: return hash_of(value.u);
        case physical::text: break;
    }
    if (type == type_id::bpchar) return hash_of(without_trailing_blanks(value.t));
    if (type == type_id::jsonb) return hash_of(document_view(value.t));
    if (!is_comparable(type)) throw_not_comparable(type);
    return hash_of(value.t);
}

}  // namespace phantomdb
