/// @file Defines what `document_builder` only declares; compiled once, see phantomdb.ipp.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/value/document_builder.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace phantomdb {
namespace detail {

inline unsigned width_code(std::size_t largest) { return largest <= 0xff ? 0 : largest <= 0xffff ? 1 : 2; }

}  // namespace detail

void document_builder::null() { scalar(document_kind::null); }
void document_builder::boolean(bool value) { scalar(value ? document_kind::true_ : document_kind::false_); }

void document_builder::number(std::int64_t value) {
    unsigned code = value == static_cast<std::int8_t>(value)    ? 0
                    : value == static_cast<std::int16_t>(value) ? 1
                    : value == static_cast<std::int32_t>(value) ? 2
                                                                : 3;
    begin_value();
    head(document_kind::integer, code);
    store(static_cast<std::uint64_t>(value), std::size_t{1} << code);
}

void document_builder::number(numeric value) {
    int128 coefficient = value.coefficient();
    if (value.scale() == 0 && coefficient == static_cast<std::int64_t>(coefficient)) {
        return number(static_cast<std::int64_t>(coefficient));
    }
    begin_value();
    head(document_kind::numeric, 0);
    store(static_cast<std::uint64_t>(value.bits), 8);
    store(static_cast<std::uint64_t>(static_cast<uint128>(value.bits) >> 64), 8);
}

void document_builder::string(std::string_view text) {
    begin_value();
    sized(document_kind::string, text);
}

void document_builder::value(document_view document) {
    begin_value();
    bytes_ += document.bytes();
}

void document_builder::key(std::string_view name) {
    PHANTOMDB_HOT_ASSERT(!frames_.empty() && frames_.back().is_object);
    children_.push_back({keys_.size(), name.size(), 0});
    keys_ += name;
}

std::string document_builder::take() {
    PHANTOMDB_ASSERT(frames_.empty() && !bytes_.empty());
    children_.clear();
    keys_.clear();
    return std::exchange(bytes_, {});
}

void document_builder::head(document_kind kind, unsigned code) {
    bytes_ += static_cast<char>(static_cast<unsigned>(kind) | code << 4);
}

void document_builder::store(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes_ += static_cast<char>(value >> (8 * i));
}

void document_builder::scalar(document_kind kind) {
    begin_value();
    head(kind, 0);
}

void document_builder::sized(document_kind kind, std::string_view text) {
    unsigned code = detail::width_code(text.size());
    head(kind, code);
    store(text.size(), std::size_t{1} << code);
    bytes_ += text;
}

void document_builder::begin_value() {
    if (frames_.empty()) return;
    if (frames_.back().is_object) {
        children_.back().begin = bytes_.size();
    } else {
        children_.push_back({0, 0, bytes_.size()});
    }
}

void document_builder::open(bool is_object) {
    begin_value();
    if (frames_.size() >= detail::max_document_depth) {
        throw error(errc::statement_too_complex, "stack depth limit exceeded");
    }
    frames_.push_back({is_object, children_.size(), keys_.size(), bytes_.size()});
}

void document_builder::close() {
    struct piece {
        std::string_view key;
        std::size_t begin, end, order;
    };
    frame top = frames_.back();
    frames_.pop_back();
    std::vector<piece> pieces;
    pieces.reserve(children_.size() - top.first_child);
    for (std::size_t i = top.first_child; i < children_.size(); ++i) {
        child const& c = children_[i];
        std::size_t end = i + 1 < children_.size() ? children_[i + 1].begin : bytes_.size();
        pieces.push_back({std::string_view(keys_).substr(c.key_begin, c.key_size), c.begin, end, i});
    }
    if (top.is_object) {
        std::sort(pieces.begin(), pieces.end(), [](piece const& a, piece const& b) {
            auto order = detail::compare_keys(a.key, b.key);
            return order != 0 ? order < 0 : a.order > b.order;
        });
        auto same = [](piece const& a, piece const& b) { return a.key == b.key; };
        pieces.erase(std::unique(pieces.begin(), pieces.end(), same), pieces.end());
    }
    std::size_t keys_size = 0, values_size = 0;
    for (piece const& p : pieces) {
        keys_size += top.is_object ? p.key.size() : 0;
        values_size += p.end - p.begin;
    }
    if (values_size > std::numeric_limits<std::uint32_t>::max()) {
        throw error(errc::program_limit_exceeded, "total size of jsonb elements exceeds the maximum");
    }
    payload_.assign(bytes_, top.begin);
    bytes_.resize(top.begin);
    unsigned code = detail::width_code(std::max({keys_size, values_size, pieces.size()}));
    std::size_t width = std::size_t{1} << code;
    head(top.is_object ? document_kind::object : document_kind::array, code);
    store(pieces.size(), width);
    std::size_t end = 0;
    if (top.is_object) {
        for (piece const& p : pieces) store(end += p.key.size(), width);
    }
    end = 0;
    for (piece const& p : pieces) store(end += p.end - p.begin, width);
    if (top.is_object) {
        for (piece const& p : pieces) bytes_ += p.key;
    }
    for (piece const& p : pieces) bytes_.append(payload_, p.begin - top.begin, p.end - p.begin);
    children_.resize(top.first_child);
    keys_.resize(top.keys_begin);
}

void document_builder::number(std::string_view text) {
    std::int64_t whole = 0;
    if (text.size() < 19) {
        auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), whole);
        if (fault == std::errc{} && end == text.data() + text.size()) return number(whole);
    }
    bool negative = text.starts_with('-');
    std::string_view rest = text.substr(negative ? 1 : 0);
    std::int64_t exponent = 0;
    if (auto at = rest.find_first_of("eE"); at != std::string_view::npos) {
        auto digits = rest.substr(at + 1);
        if (digits.starts_with('+')) digits.remove_prefix(1);
        auto fault = std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec;
        constexpr std::int64_t most = 131072;  // digits in front of PostgreSQL's point
        if (fault != std::errc{} || exponent > most || exponent < -most) detail::numeric_overflow();
        rest = rest.substr(0, at);
    }
    auto point = rest.find('.');
    std::string digits(rest.substr(0, point));
    std::int64_t scale = 0;
    if (point != std::string_view::npos) {
        digits += rest.substr(point + 1);
        scale = static_cast<std::int64_t>(rest.size() - point - 1);
    }
    scale -= exponent;
    if (scale < 0) {
        digits.append(static_cast<std::size_t>(-scale), '0');
        scale = 0;
    }
    if (digits.size() <= static_cast<std::size_t>(scale)) {
        digits.insert(0, static_cast<std::size_t>(scale) + 1 - digits.size(), '0');
    }
    std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - static_cast<std::size_t>(scale) - 1);
    digits.erase(0, zeros);
    if (digits.find_first_not_of('0') == std::string::npos) negative = false;
    if (digits.size() <= 35 && scale <= numeric::max_scale) {
        int128 coefficient = 0;
        for (char c : digits) coefficient = coefficient * 10 + (c - '0');
        return number(numeric::from(negative ? -coefficient : coefficient, static_cast<int>(scale)));
    }
    if (scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), 1, '.');
    if (negative) digits.insert(0, 1, '-');
    begin_value();
    sized(document_kind::long_number, digits);
}

}  // namespace phantomdb
