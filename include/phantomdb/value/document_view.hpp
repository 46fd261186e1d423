/// @file Defines `document_view`, a jsonb value in its bytes: any member or element is found without parsing.
///
/// A value is one head byte and what follows. The head's low four bits are the kind; the next two say how wide (1, 2 or
/// 4 bytes, little-endian) the counts, lengths and ends in this value are, or (1, 2, 4, 8) how wide an integer is.
///
///     null, false, true   head
///     integer             head  two's complement
///     numeric             head  16 bytes, the bits of a `numeric`, little-endian (its scale is kept: 1.50 stays 1.50)
///     long number         head  length  plain decimal digits; where 35 digits don't do
///     string              head  length  UTF-8
///     array               head  count  end of each element            elements
///     object              head  count  end of each key, of each value  keys  values
///
/// Ends count from the first byte behind the table (of keys) and from the first value (of values). Keys are sorted by
/// length, then by bytes, as PostgreSQL sorts them, without duplicates; finding one costs O(log n).
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <charconv>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb {

enum class document_kind : std::uint8_t { null, false_, true_, integer, numeric, long_number, string, array, object };

namespace detail {

inline constexpr std::size_t max_document_depth = 1000;

inline std::uint64_t load_little_endian(char const* from, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(from[i]);
    return value;
}

constexpr std::strong_ordering compare_bytes(std::string_view a, std::string_view b) {
    int order = a.compare(b);
    return order <=> 0;
}

/// The order of keys in an object: shorter ones first.
constexpr std::strong_ordering compare_keys(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return a.size() <=> b.size();
    return compare_bytes(a, b);
}

}  // namespace detail

/// A jsonb value, borrowed. Its bytes must be valid (see `is_valid_document`); asking for what a kind doesn't have is a
/// bug of the caller. Cheap to copy; reads from several threads need no care.
class document_view {
public:
    /// The JSON null.
    document_view() : bytes_("\0", 1) {}
    explicit document_view(std::string_view bytes) : bytes_(bytes) {}

    std::string_view bytes() const { return bytes_; }
    document_kind kind() const { return static_cast<document_kind>(bytes_[0] & 15); }
    bool is_null() const { return kind() == document_kind::null; }
    bool is_boolean() const { return kind() == document_kind::true_ || kind() == document_kind::false_; }
    bool is_number() const { return kind() >= document_kind::integer && kind() <= document_kind::long_number; }
    bool is_string() const { return kind() == document_kind::string; }
    bool is_array() const { return kind() == document_kind::array; }
    bool is_object() const { return kind() == document_kind::object; }
    bool is_scalar() const { return kind() < document_kind::array; }

    bool as_boolean() const { return kind() == document_kind::true_; }
    std::string_view as_string() const { return bytes_.substr(1 + width()); }

    /// Throws 22003 for a number of more integer digits than a numeric holds; one of more fractional digits is rounded.
    numeric as_numeric() const {
        switch (kind()) {
            case document_kind::integer: return numeric::from(integer());
            case document_kind::numeric: return wide_number();
            default: return parse_numeric(as_string());
        }
    }
    void append_number(std::string& out) const {
        switch (kind()) {
            case document_kind::integer: out += std::to_string(integer()); break;
            case document_kind::numeric: append_text(out, wide_number()); break;
            default: out += as_string(); break;
        }
    }

    /// Elements of an array, members of an object; 0 for scalars.
    std::size_t size() const { return is_scalar() ? 0 : detail::load_little_endian(bytes_.data() + 1, width()); }

    /// The element with this index below `size()`.
    document_view element(std::size_t index) const {
        std::size_t begin = index == 0 ? 0 : entry(index - 1);
        return document_view(bytes_.substr(table() + size() * width() + begin, entry(index) - begin));
    }

    /// Key and value of the member with this index, in the order of keys.
    std::string_view key(std::size_t index) const {
        std::size_t begin = index == 0 ? 0 : entry(index - 1);
        return bytes_.substr(table() + 2 * size() * width() + begin, entry(index) - begin);
    }
    document_view member(std::size_t index) const {
        std::size_t count = size();
        std::size_t values = table() + 2 * count * width() + entry(count - 1);
        std::size_t begin = index == 0 ? 0 : entry(count + index - 1);
        return document_view(bytes_.substr(values + begin, entry(count + index) - begin));
    }

    /// The index of a key; `size()` where the object has no such member.
    std::size_t find_index(std::string_view wanted) const {
        std::size_t low = 0, count = size(), high = count;
        while (low < high) {
            std::size_t middle = (low + high) / 2;
            auto order = detail::compare_keys(key(middle), wanted);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle;
        }
        return count;
    }

    /// `->` with a key: nothing unless this is an object with that member.
    std::optional<document_view> find(std::string_view wanted) const {
        if (!is_object()) return std::nullopt;
        std::size_t index = find_index(wanted);
        if (index == size()) return std::nullopt;
        return member(index);
    }

    /// `->` with a number: nothing unless this is an array with that element; negative ones count from the end.
    std::optional<document_view> at(std::int64_t index) const {
        if (!is_array()) return std::nullopt;
        auto count = static_cast<std::int64_t>(size());
        if (index < 0) index += count;
        if (index < 0 || index >= count) return std::nullopt;
        return element(static_cast<std::size_t>(index));
    }

    /// One step of `#>`: a key of an object, or the text of an index into an array.
    std::optional<document_view> step(std::string_view name) const {
        if (is_object()) return find(name);
        std::int64_t index = 0;
        auto trimmed = name;
        while (!trimmed.empty() && detail::is_space(trimmed.front())) trimmed.remove_prefix(1);
        if (trimmed.starts_with('+')) trimmed.remove_prefix(1);
        auto [end, fault] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), index);
        if (fault != std::errc{} || end != trimmed.data() + trimmed.size()) return std::nullopt;
        return at(index);
    }

private:
    std::size_t width() const { return std::size_t{1} << (static_cast<unsigned char>(bytes_[0]) >> 4 & 3); }
    std::size_t table() const { return 1 + width(); }
    std::size_t entry(std::size_t index) const {
        return detail::load_little_endian(bytes_.data() + table() + index * width(), width());
    }
    std::int64_t integer() const {
        std::uint64_t raw = detail::load_little_endian(bytes_.data() + 1, width());
        unsigned unused = 64 - 8 * static_cast<unsigned>(width());
        return static_cast<std::int64_t>(raw << unused) >> unused;
    }
    numeric wide_number() const {
        auto low = detail::load_little_endian(bytes_.data() + 1, 8);
        auto high = detail::load_little_endian(bytes_.data() + 9, 8);
        return {static_cast<int128>(static_cast<uint128>(high) << 64 | low)};
    }

    std::string_view bytes_;
};

/// `jsonb_typeof`.
constexpr std::string_view name_of(document_kind kind) {
    switch (kind) {
        case document_kind::null: return "null";
        case document_kind::false_:
        case document_kind::true_: return "boolean";
        case document_kind::integer:
        case document_kind::numeric:
        case document_kind::long_number: return "number";
        case document_kind::string: return "string";
        case document_kind::array: return "array";
        case document_kind::object: return "object";
    }
    return "";
}

}  // namespace phantomdb
