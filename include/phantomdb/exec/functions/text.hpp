/// @file Defines the text functions: parts, padding, searching, case, joining. Positions and lengths count characters.
#pragma once

#include <phantomdb/base/config.hpp>
#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/exec/functions/utf8.hpp>
#include <phantomdb/value/text_io.hpp>

#include <algorithm>
#include <cstring>
#include <string>

namespace phantomdb::exec::functions {

namespace detail {

[[noreturn]] inline void length_too_large() { throw error(errc::program_limit_exceeded, "requested length too large"); }

inline void check_length(std::size_t bytes) {
    if (bytes > max_value_bytes) length_too_large();
}

/// Joins pieces in the arena.
template <class... Pieces>
std::string_view join(call_context& context, Pieces... pieces) {
    std::size_t size = (std::size_t{0} + ... + pieces.size());
    check_length(size);
    char* start = context.memory.allocate(size);
    char* end = start;
    auto append = [&](std::string_view piece) {
        if (!piece.empty()) std::memcpy(end, piece.data(), piece.size());
        end += piece.size();
    };
    (append(pieces), ...);
    return {start, size};
}

/// Bytes [from, to) of text, counted in characters from 1; anything outside is left away.
constexpr std::string_view characters(std::string_view text, std::int64_t from, std::int64_t to) {
    from = std::max<std::int64_t>(from, 1);
    if (to <= from) return {};
    std::size_t begin = character_offset(text, static_cast<std::size_t>(from - 1));
    text.remove_prefix(begin);
    return text.substr(0, character_offset(text, static_cast<std::size_t>(to - from)));
}
constexpr std::string_view octets(std::string_view text, std::int64_t from, std::int64_t to) {
    auto size = static_cast<std::int64_t>(text.size());
    from = std::clamp<std::int64_t>(from - 1, 0, size);
    to = std::clamp<std::int64_t>(to - 1, from, size);
    return text.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
}
inline void check_substring_length(std::int64_t length) {
    if (length < 0) throw error(errc::substring_error, "negative substring length not allowed");
}

template <char32_t (*Convert)(char32_t)>
std::string_view map_characters(call_context& context, std::string_view text) {
    char* out = context.memory.allocate(text.size());
    std::size_t at = 0;
    for (; at < text.size() && static_cast<unsigned char>(text[at]) < 0x80; ++at) {
        out[at] = static_cast<char>(Convert(static_cast<unsigned char>(text[at])));
    }
    if (at == text.size()) return {out, at};
    std::string rest;
    while (at < text.size()) append_utf8(rest, Convert(utf8::next(text, at)));
    std::size_t ascii = 0;
    while (static_cast<unsigned char>(text[ascii]) < 0x80) ++ascii;
    return join(context, std::string_view{out, ascii}, std::string_view{rest});
}

/// Whether the character at the start of `rest` is one of `set`.
inline bool starts_with_any(std::string_view rest, std::string_view set) {
    std::string_view one = rest.substr(0, character_size(rest[0]));
    for (std::size_t at = 0; at < set.size(); at += character_size(set[at])) {
        if (set.substr(at, one.size()) == one) return true;
    }
    return false;
}
inline std::string_view trim_left(std::string_view text, std::string_view set) {
    while (!text.empty() && starts_with_any(text, set)) text.remove_prefix(character_size(text[0]));
    return text;
}
inline std::string_view trim_right(std::string_view text, std::string_view set) {
    while (!text.empty()) {
        std::size_t last = text.size() - 1;
        while (last > 0 && utf8::is_continuation(text[last])) --last;
        if (!starts_with_any(text.substr(last), set)) break;
        text = text.substr(0, last);
    }
    return text;
}
template <bool Left, bool Right>
std::string_view trim_octets(std::string_view text, std::string_view set) {
    while (Left && !text.empty() && set.find(text.front()) != set.npos) text.remove_prefix(1);
    while (Right && !text.empty() && set.find(text.back()) != set.npos) text.remove_suffix(1);
    return text;
}

/// `characters` characters taken from `fill`, over and over.
inline std::string_view padding(call_context& context, std::string_view fill, std::size_t characters) {
    std::size_t fill_characters = character_count(fill);
    std::size_t rest = character_offset(fill, characters % fill_characters);
    std::size_t size = fill.size() * (characters / fill_characters) + rest;
    check_length(size);
    char* out = context.memory.allocate(size);
    for (std::size_t at = 0; at < size; at += fill.size()) {
        std::memcpy(out + at, fill.data(), std::min(fill.size(), size - at));
    }
    return {out, size};
}
template <bool Left>
std::string_view pad(call_context& context, std::string_view text, std::int64_t length, std::string_view fill) {
    if (length <= 0) return {};
    auto wanted = static_cast<std::size_t>(length), have = character_count(text);
    if (have >= wanted) return text.substr(0, character_offset(text, wanted));
    if (fill.empty()) return text;
    check_length(wanted);
    auto filling = padding(context, fill, wanted - have);
    return Left ? join(context, filling, text) : join(context, text, filling);
}

/// The text of any value as a cast to text gives it (`true`, where output prints `t`).
inline void append_cast(std::string& out, call_context& context, sql_type type, datum value) {
    if (type.id == type_id::boolean) {
        out += value.i ? "true" : "false";
    } else {
        append_text(out, type, value, context.settings);
    }
}
/// The text of any value as the client would see it.
inline std::string_view output(call_context& context, sql_type type, datum value) {
    if (is_string(type.id)) return value.t;
    std::string out;
    append_text(out, type, value, context.settings);
    return context.memory.copy(out);
}
inline std::string_view cast_to_text(call_context& context, sql_type type, datum value) {
    if (type.id == type_id::bpchar) return trim_octets<false, true>(value.t, " ");
    if (type.id == type_id::boolean) return value.i ? "true" : "false";
    return output(context, type, value);
}

}  // namespace detail

inline std::string_view text_concat(call_context& context, std::string_view a, std::string_view b) {
    return detail::join(context, a, b);
}
inline constexpr auto bytea_concat = &text_concat;
inline std::string_view text_any_concat(call_context& context, call_arguments const& in) {
    return detail::join(context, in[0].value.t, detail::cast_to_text(context, in.type(1), in[1].value));
}
inline std::string_view any_text_concat(call_context& context, call_arguments const& in) {
    return detail::join(context, detail::cast_to_text(context, in.type(0), in[0].value), in[1].value.t);
}

inline std::string_view lower(call_context& context, std::string_view text) {
    return detail::map_characters<&utf8::to_lower>(context, text);
}
inline std::string_view upper(call_context& context, std::string_view text) {
    return detail::map_characters<&utf8::to_upper>(context, text);
}
inline std::string_view initcap(call_context& context, std::string_view text) {
    std::string out;
    bool inside = false;
    for (std::size_t at = 0; at < text.size();) {
        char32_t c = utf8::next(text, at);
        append_utf8(out, inside ? utf8::to_lower(c) : utf8::to_upper(c));
        inside = utf8::is_alphanumeric(c);
    }
    return context.memory.copy(out);
}

inline std::int64_t text_length(std::string_view text) { return static_cast<std::int64_t>(character_count(text)); }
inline std::int64_t bpchar_length(std::string_view text) {
    return text_length(detail::trim_octets<false, true>(text, " "));
}
inline std::int64_t bytea_length(std::string_view text) { return static_cast<std::int64_t>(text.size()); }
inline std::int64_t text_bit_length(std::string_view text) { return bytea_length(text) * 8; }
inline constexpr auto text_char_length = &text_length, text_character_length = &text_length;
inline constexpr auto bpchar_char_length = &bpchar_length, bpchar_character_length = &bpchar_length;
inline constexpr auto text_octet_length = &bytea_length, bpchar_octet_length = &bytea_length,
                      bytea_octet_length = &bytea_length;
inline constexpr auto bytea_bit_length = &text_bit_length;

inline std::string_view text_substr(std::string_view text, std::int64_t from) {
    return detail::characters(text, from, std::numeric_limits<std::int64_t>::max());
}
inline std::string_view text_substr_for(std::string_view text, std::int64_t from, std::int64_t length) {
    detail::check_substring_length(length);
    return detail::characters(text, from, from + length);
}
inline std::string_view bytea_substr(std::string_view text, std::int64_t from) {
    return detail::octets(text, from, std::numeric_limits<std::int64_t>::max());
}
inline std::string_view bytea_substr_for(std::string_view text, std::int64_t from, std::int64_t length) {
    detail::check_substring_length(length);
    return detail::octets(text, from, from + length);
}
inline constexpr auto text_substring = &text_substr, bytea_substring = &bytea_substr;
inline constexpr auto text_substring_for = &text_substr_for, bytea_substring_for = &bytea_substr_for;

/// A negative length leaves away that many characters at the other end.
inline std::string_view left(std::string_view text, std::int64_t length) {
    if (length < 0) length += text_length(text);
    return detail::characters(text, 1, 1 + length);
}
inline std::string_view right(std::string_view text, std::int64_t length) {
    std::int64_t skip = length < 0 ? -length : text_length(text) - length;
    return text_substr(text, skip + 1);
}

inline std::string_view btrim(std::string_view text, std::string_view set) {
    return detail::trim_right(detail::trim_left(text, set), set);
}
inline std::string_view ltrim(std::string_view text, std::string_view set) { return detail::trim_left(text, set); }
inline std::string_view rtrim(std::string_view text, std::string_view set) { return detail::trim_right(text, set); }
inline std::string_view btrim_blanks(std::string_view text) { return detail::trim_octets<true, true>(text, " "); }
inline std::string_view ltrim_blanks(std::string_view text) { return detail::trim_octets<true, false>(text, " "); }
inline std::string_view rtrim_blanks(std::string_view text) { return detail::trim_octets<false, true>(text, " "); }
inline constexpr auto bytea_btrim = &detail::trim_octets<true, true>;
inline constexpr auto bytea_ltrim = &detail::trim_octets<true, false>;
inline constexpr auto bytea_rtrim = &detail::trim_octets<false, true>;

inline constexpr auto lpad_with = &detail::pad<true>, rpad_with = &detail::pad<false>;
inline std::string_view lpad(call_context& context, std::string_view text, std::int64_t length) {
    return lpad_with(context, text, length, " ");
}
inline std::string_view rpad(call_context& context, std::string_view text, std::int64_t length) {
    return rpad_with(context, text, length, " ");
}

inline std::string_view replace(call_context& context, std::string_view text, std::string_view from,
                                std::string_view to) {
    std::size_t found = from.empty() ? text.npos : text.find(from);
    if (found == text.npos) return text;
    std::string out;
    std::size_t begin = 0;
    for (; found != text.npos; found = text.find(from, begin)) {
        out.append(text.substr(begin, found - begin)).append(to);
        begin = found + from.size();
    }
    out.append(text.substr(begin));
    detail::check_length(out.size());
    return context.memory.copy(out);
}

/// Position of `part` from 1, or 0.
inline std::int64_t strpos(std::string_view text, std::string_view part) {
    std::size_t found = text.find(part);
    return found == text.npos ? 0 : text_length(text.substr(0, found)) + 1;
}
inline constexpr auto position = &strpos;
inline std::int64_t bytea_position(std::string_view text, std::string_view part) {
    return static_cast<std::int64_t>(text.find(part) + 1);
}
inline bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}
inline constexpr auto starts_with_operator = &starts_with;

inline std::string_view split_part(std::string_view text, std::string_view delimiter, std::int64_t field) {
    if (field == 0) throw error(errc::invalid_parameter_value, "field position must not be zero");
    if (text.empty()) return {};
    if (delimiter.empty()) return field == 1 || field == -1 ? text : std::string_view{};
    if (field < 0) {
        for (;;) {
            std::size_t found = text.rfind(delimiter);
            if (++field == 0) return found == text.npos ? text : text.substr(found + delimiter.size());
            if (found == text.npos) return {};
            text = text.substr(0, found);
        }
    }
    for (;;) {
        std::size_t found = text.find(delimiter);
        if (--field == 0) return text.substr(0, found);
        if (found == text.npos) return {};
        text.remove_prefix(found + delimiter.size());
    }
}

inline std::string_view repeat(call_context& context, std::string_view text, std::int64_t times) {
    if (times <= 0 || text.empty()) return {};
    auto count = static_cast<std::size_t>(times);
    if (count > max_value_bytes / text.size()) detail::length_too_large();
    char* out = context.memory.allocate(text.size() * count);
    for (std::size_t i = 0; i < count; ++i) std::memcpy(out + i * text.size(), text.data(), text.size());
    return {out, text.size() * count};
}
inline std::string_view reverse(call_context& context, std::string_view text) {
    char* out = context.memory.allocate(text.size());
    for (std::size_t at = 0; at < text.size();) {
        std::size_t size = character_size(text[at]);
        std::memcpy(out + text.size() - at - size, text.data() + at, size);
        at += size;
    }
    return {out, text.size()};
}

inline std::string_view translate(call_context& context, std::string_view text, std::string_view from,
                                  std::string_view to) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t size = character_size(text[at]);
        std::string_view one = text.substr(at, size);
        at += size;
        std::size_t index = 0, place = 0;
        while (place < from.size() && from.substr(place, character_size(from[place])) != one) {
            place += character_size(from[place]);
            ++index;
        }
        if (place >= from.size()) {
            out.append(one);
        } else if (std::size_t target = character_offset(to, index); target < to.size()) {
            out.append(to.substr(target, character_size(to[target])));
        }
    }
    return context.memory.copy(out);
}

namespace detail {
template <auto Part>
std::string_view overlay(call_context& context, std::string_view text, std::string_view by, std::int64_t from,
                         std::int64_t length) {
    if (from <= 0) throw error(errc::substring_error, "negative substring length not allowed");
    if (from + length > std::numeric_limits<std::int32_t>::max()) {
        throw error(errc::numeric_value_out_of_range, "integer out of range");
    }
    return join(context, Part(text, 1, from), by, Part(text, from + length, std::numeric_limits<std::int64_t>::max()));
}
}  // namespace detail
inline constexpr auto overlay_for = &detail::overlay<&detail::characters>;
inline constexpr auto bytea_overlay_for = &detail::overlay<&detail::octets>;
inline std::string_view overlay(call_context& context, std::string_view text, std::string_view by, std::int64_t from) {
    return overlay_for(context, text, by, from, text_length(by));
}
inline std::string_view bytea_overlay(call_context& context, std::string_view text, std::string_view by,
                                      std::int64_t from) {
    return bytea_overlay_for(context, text, by, from, bytea_length(by));
}

inline std::int64_t ascii(std::string_view text) {
    std::size_t at = 0;
    return text.empty() ? 0 : static_cast<std::int64_t>(utf8::next(text, at));
}
inline std::string_view chr(call_context& context, std::int64_t code) {
    if (code < 0) throw error(errc::invalid_parameter_value, "character number must be positive");
    if (code == 0) throw error(errc::program_limit_exceeded, "null character not permitted");
    if (code > 0x10ffff) {
        throw error(errc::program_limit_exceeded,
                    "requested character too large for encoding: " + std::to_string(code));
    }
    if (code >= 0xd800 && code <= 0xdfff) {
        throw error(errc::program_limit_exceeded,
                    "requested character not valid for encoding: " + std::to_string(code));
    }
    std::string out;
    append_utf8(out, static_cast<char32_t>(code));
    return context.memory.copy(out);
}

namespace detail {
template <class Unsigned>
std::string_view hexadecimal(call_context& context, std::int64_t value) {
    char digits[16];
    char* begin = digits + sizeof digits;
    auto rest = static_cast<Unsigned>(value);
    do *--begin = "0123456789abcdef"[rest & 15];
    while ((rest >>= 4) != 0);
    return context.memory.copy({begin, static_cast<std::size_t>(digits + sizeof digits - begin)});
}
}  // namespace detail
inline constexpr auto int4_to_hex = &detail::hexadecimal<std::uint32_t>;
inline constexpr auto int8_to_hex = &detail::hexadecimal<std::uint64_t>;

/// NULLs count as nothing.
inline std::string_view concat(call_context& context, call_arguments const& in) {
    std::string out;
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (!in[i].null) append_text(out, in.type(i), in[i].value, context.settings);
    }
    detail::check_length(out.size());
    return context.memory.copy(out);
}
/// The first argument is the separator; NULL if that is NULL.
inline std::optional<std::string_view> concat_ws(call_context& context, call_arguments const& in) {
    if (in[0].null) return std::nullopt;
    std::string out;
    bool some = false;
    for (std::size_t i = 1; i < in.size(); ++i) {
        if (in[i].null) continue;
        if (some) out.append(in[0].value.t);
        append_text(out, in.type(i), in[i].value, context.settings);
        some = true;
    }
    detail::check_length(out.size());
    return context.memory.copy(out);
}

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_TEXT_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
