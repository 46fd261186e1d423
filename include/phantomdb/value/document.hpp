/// @file Defines the order, equality, containment and validation of jsonb values.
#pragma once

#include <phantomdb/value/document_view.hpp>
#include <phantomdb/value/hash.hpp>
#include <phantomdb/value/utf8.hpp>

#include <algorithm>

namespace phantomdb {

namespace detail {

inline int rank_of(document_view value) {
    if (value.is_null()) return 0;
    if (value.is_string()) return 1;
    if (value.is_number()) return 2;
    if (value.is_boolean()) return 3;
    return value.is_array() ? 4 : 5;
}

/// Compares plain decimal digits that a numeric can't hold.
inline std::strong_ordering compare_digits(std::string_view a, std::string_view b) {
    bool a_negative = a.starts_with('-'), b_negative = b.starts_with('-');
    if (a_negative != b_negative) return b_negative <=> a_negative;
    auto split = [](std::string_view text, std::string_view& whole, std::string_view& fraction) {
        if (text.starts_with('-')) text.remove_prefix(1);
        auto point = text.find('.');
        whole = text.substr(0, point);
        fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
        while (whole.starts_with('0')) whole.remove_prefix(1);
        while (fraction.ends_with('0')) fraction.remove_suffix(1);
    };
    std::string_view a_whole, a_fraction, b_whole, b_fraction;
    split(a, a_whole, a_fraction);
    split(b, b_whole, b_fraction);
    auto order = compare_keys(a_whole, b_whole);
    if (order == 0) order = compare_bytes(a_fraction, b_fraction);
    return a_negative ? 0 <=> order : order;
}

inline std::strong_ordering compare_numbers(document_view a, document_view b) {
    if (a.kind() != document_kind::long_number && b.kind() != document_kind::long_number) {
        return compare(a.as_numeric(), b.as_numeric());
    }
    std::string left, right;
    a.append_number(left);
    b.append_number(right);
    return compare_digits(left, right);
}

inline std::strong_ordering compare_nested(document_view a, document_view b) {
    if (int left = rank_of(a), right = rank_of(b); left != right) return left <=> right;
    if (a.is_number()) return compare_numbers(a, b);
    if (a.is_string()) return compare_bytes(a.as_string(), b.as_string());
    if (a.is_scalar()) return a.kind() <=> b.kind();
    if (a.size() != b.size()) return a.size() <=> b.size();
    for (std::size_t i = 0, count = a.size(); i < count; ++i) {
        auto order = std::strong_ordering::equal;
        if (a.is_array()) {
            order = compare_nested(a.element(i), b.element(i));
        } else {
            order = compare_bytes(a.key(i), b.key(i));
            if (order == 0) order = compare_nested(a.member(i), b.member(i));
        }
        if (order != 0) return order;
    }
    return std::strong_ordering::equal;
}

inline bool contains_nested(document_view whole, document_view part) {
    if (rank_of(whole) != rank_of(part)) return false;
    if (part.is_scalar()) return compare_nested(whole, part) == 0;
    if (part.is_object()) {
        if (part.size() > whole.size()) return false;
        for (std::size_t i = 0, count = part.size(); i < count; ++i) {
            auto member = whole.find(part.key(i));
            if (!member || !contains_nested(*member, part.member(i))) return false;
        }
        return true;
    }
    for (std::size_t i = 0, count = part.size(); i < count; ++i) {
        bool found = false;
        for (std::size_t j = 0, wholes = whole.size(); j < wholes && !found; ++j) {
            found = contains_nested(whole.element(j), part.element(i));
        }
        if (!found) return false;
    }
    return true;
}

/// Checks one value that should fill `bytes` exactly.
inline bool is_valid_value(std::string_view bytes, std::size_t depth) {
    if (bytes.empty() || depth > max_document_depth) return false;
    auto head = static_cast<unsigned char>(bytes[0]);
    if (head >> 6 != 0 || (head & 15) > static_cast<unsigned>(document_kind::object)) return false;
    auto kind = static_cast<document_kind>(head & 15);
    unsigned code = head >> 4 & 3;
    std::size_t width = std::size_t{1} << code;
    if (kind <= document_kind::true_) return bytes.size() == 1 && code == 0;
    if (kind == document_kind::integer) return bytes.size() == 1 + width;
    if (kind == document_kind::numeric) {
        if (bytes.size() != 17 || code != 0) return false;
        return static_cast<unsigned char>(bytes[1]) <= numeric::max_scale;
    }
    if (code == 3 || bytes.size() < 1 + width) return false;
    std::uint64_t count = load_little_endian(bytes.data() + 1, width);
    auto rest = bytes.substr(1 + width);
    if (kind == document_kind::string) return rest.size() == count && find_invalid_utf8(rest) == std::string_view::npos;
    if (kind == document_kind::long_number) {
        if (rest.size() != count) return false;
        std::size_t at = rest.starts_with('-') ? 1 : 0, points = 0;
        if (at == rest.size() || !is_digit(rest[at]) || !is_digit(rest.back())) return false;
        for (; at < rest.size(); ++at) {
            if (rest[at] == '.') ++points;
            else if (!is_digit(rest[at])) return false;
        }
        return points <= 1;
    }
    std::uint64_t entries = kind == document_kind::object ? 2 * count : count;
    if (entries > rest.size() / width) return false;
    auto end_at = [&](std::uint64_t i) { return load_little_endian(rest.data() + i * width, width); };
    auto payload = rest.substr(entries * width);
    auto check_values = [&](std::string_view values, std::uint64_t first) {
        std::uint64_t begin = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            std::uint64_t end = end_at(first + i);
            if (end < begin || end > values.size()) return false;
            if (!is_valid_value(values.substr(begin, end - begin), depth + 1)) return false;
            begin = end;
        }
        return begin == values.size();
    };
    if (kind == document_kind::array) return check_values(payload, 0);
    std::uint64_t begin = 0;
    std::string_view before;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t end = end_at(i);
        if (end < begin || end > payload.size()) return false;
        auto key = payload.substr(begin, end - begin);
        if (i > 0 && compare_keys(before, key) >= 0) return false;
        if (find_invalid_utf8(key) != std::string_view::npos) return false;
        before = key;
        begin = end;
    }
    return check_values(payload.substr(begin), count);
}

}  // namespace detail

/// Whether untrusted bytes are exactly one document that is safe to read. O(size).
inline bool is_valid_document(std::string_view bytes) { return detail::is_valid_value(bytes, 0); }

/// PostgreSQL's order of jsonb: object, array, boolean, number, string, null from high to low; more elements above fewer.
inline std::strong_ordering compare(document_view a, document_view b) {
    // On top, PostgreSQL sees a scalar as an array of one element that is below every other array of its size.
    if (a.is_object() || b.is_object() || (a.is_scalar() && b.is_scalar())) {
        if (a.is_object() == b.is_object()) return detail::compare_nested(a, b);
        return a.is_object() ? std::strong_ordering::greater : std::strong_ordering::less;
    }
    if (a.is_scalar()) return b.size() == 0 ? std::strong_ordering::greater : std::strong_ordering::less;
    if (b.is_scalar()) return a.size() == 0 ? std::strong_ordering::less : std::strong_ordering::greater;
    return detail::compare_nested(a, b);
}

/// `@>`: whether everything in `part` is in `whole`, at the same places; order and repetition in arrays don't matter.
inline bool contains(document_view whole, document_view part) {
    if (whole.is_array() && part.is_scalar()) {
        for (std::size_t i = 0, count = whole.size(); i < count; ++i) {
            if (detail::compare_nested(whole.element(i), part) == 0) return true;
        }
        return false;
    }
    return detail::contains_nested(whole, part);
}

/// `?`: whether the text is a key of the object, a string in the array, or the string itself.
inline bool has_key(document_view document, std::string_view text) {
    if (document.is_object()) return document.find(text).has_value();
    if (document.is_string()) return document.as_string() == text;
    for (std::size_t i = 0, count = document.size(); i < count; ++i) {
        auto element = document.element(i);
        if (element.is_string() && element.as_string() == text) return true;
    }
    return false;
}

/// Equal for documents that compare equal (1 and 1.0 do).
inline std::uint64_t hash_of(document_view document) {
    if (document.kind() == document_kind::long_number) {
        std::string digits;
        document.append_number(digits);
        if (auto point = digits.find('.'); point != std::string::npos) {
            digits.erase(std::max(digits.find_last_not_of('0') + 1, point));
            if (digits.ends_with('.')) digits.pop_back();
            std::size_t scale = digits.size() > point ? digits.size() - point - 1 : 0;
            bool fits = scale <= numeric::max_scale && digits.size() <= 36;
            if (fits) return hash_of(parse_numeric(digits));
        }
        return hash_of(std::string_view(digits));
    }
    if (document.is_number()) return hash_of(document.as_numeric());
    if (document.is_string()) return hash_of(document.as_string());
    std::uint64_t hash = hash_of(static_cast<std::uint64_t>(document.kind()));
    for (std::size_t i = 0, count = document.size(); i < count; ++i) {
        if (document.is_array()) {
            hash = mix(hash, hash_of(document.element(i)));
        } else {
            hash = mix(hash ^ hash_of(document.key(i)), hash_of(document.member(i)));
        }
    }
    return hash;
}

}  // namespace phantomdb
