/// @file Defines digests, encodings, single bytes, and quoting.
#pragma once

#include <phantomdb/exec/functions/digest.hpp>
#include <phantomdb/exec/functions/text.hpp>

#include <phantomdb/value/bytea_text.hpp>
#include <string>

namespace phantomdb::exec::functions {

namespace detail {

inline std::string hex_of(std::string_view bytes) {
    std::string out;
    append_hex(out, bytes);
    return out;
}
template <std::string (*Digest)(std::string_view)>
std::string_view digest_of(call_context& context, std::string_view bytes) {
    return context.memory.copy(Digest(bytes));
}

inline constexpr char const* base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Lines of 76 characters, as MIME wants.
inline std::string to_base64(std::string_view bytes) {
    std::string out;
    std::size_t line = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out += i <= count ? base64_digits[group >> (18 - 6 * i) & 63] : '=';
        }
        line += 4;
        if (line == 76) {
            out += '\n';
            line = 0;
        }
    }
    return out;
}

inline std::string from_base64(std::string_view text) {
    std::string out;
    std::uint32_t group = 0;
    int position = 0, padding = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        char c = text[at];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
        std::uint32_t digit = 0;
        if (c == '=') {
            if (padding == 0) {
                if (position == 2) padding = 1;
                else if (position == 3) padding = 2;
                else throw error(errc::invalid_parameter_value, "unexpected \"=\" while decoding base64 sequence");
            }
        } else {
            char const* found = std::strchr(base64_digits, c);
            if (!found || c == '\0' || padding != 0) {
                throw error(errc::invalid_parameter_value, "invalid symbol \"" +
                                                               std::string(text.substr(at, character_size(c))) +
                                                               "\" found while decoding base64 sequence");
            }
            digit = static_cast<std::uint32_t>(found - base64_digits);
        }
        group = group << 6 | digit;
        if (++position < 4) continue;
        out += static_cast<char>(group >> 16);
        if (padding == 0 || padding > 1) out += static_cast<char>(group >> 8);
        if (padding == 0) out += static_cast<char>(group);
        group = 0;
        position = 0;
    }
    if (position != 0) {
        throw error(errc::invalid_parameter_value, "invalid base64 end sequence")
            .with_hint("Input data is missing padding, is truncated, or is otherwise corrupted.");
    }
    return out;
}

/// Zero bytes and bytes above 127 as three octal digits, backslashes doubled.
inline std::string to_escapes(std::string_view bytes) {
    std::string out;
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        if (byte == 0 || byte > 127) {
            out += '\\';
            for (int shift = 6; shift >= 0; shift -= 3) out += static_cast<char>('0' + (byte >> shift & 7));
        } else {
            if (c == '\\') out += '\\';
            out += c;
        }
    }
    return out;
}
inline std::string from_escapes(std::string_view text) {
    std::string out;
    auto octal = [&](std::size_t at, char most) { return at < text.size() && text[at] >= '0' && text[at] <= most; };
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '\\') {
            out += text[at++];
        } else if (octal(at + 1, '3') && octal(at + 2, '7') && octal(at + 3, '7')) {
            out += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0'));
            at += 4;
        } else if (at + 1 < text.size() && text[at + 1] == '\\') {
            out += '\\';
            at += 2;
        } else {
            throw error(errc::invalid_text_representation, "invalid input syntax for type bytea");
        }
    }
    return out;
}

inline void check_index(std::int64_t index, std::size_t size) {
    if (index >= 0 && index < static_cast<std::int64_t>(size)) return;
    throw error(sqlstate{"2202E"}, "index " + std::to_string(index) + " out of valid range, 0.." +
                                       std::to_string(static_cast<std::int64_t>(size) - 1));
}

/// The words that must be quoted to be names: all that PostgreSQL's grammar doesn't leave unreserved.
inline constexpr std::string_view quoted_words[] = {"all",
                                                    "analyse",
                                                    "analyze",
                                                    "and",
                                                    "any",
                                                    "array",
                                                    "as",
                                                    "asc",
                                                    "asymmetric",
                                                    "authorization",
                                                    "between",
                                                    "bigint",
                                                    "binary",
                                                    "bit",
                                                    "boolean",
                                                    "both",
                                                    "case",
                                                    "cast",
                                                    "char",
                                                    "character",
                                                    "check",
                                                    "coalesce",
                                                    "collate",
                                                    "collation",
                                                    "column",
                                                    "concurrently",
                                                    "constraint",
                                                    "create",
                                                    "cross",
                                                    "current_catalog",
                                                    "current_date",
                                                    "current_role",
                                                    "current_schema",
                                                    "current_time",
                                                    "current_timestamp",
                                                    "current_user",
                                                    "dec",
                                                    "decimal",
                                                    "default",
                                                    "deferrable",
                                                    "desc",
                                                    "distinct",
                                                    "do",
                                                    "else",
                                                    "end",
                                                    "except",
                                                    "exists",
                                                    "extract",
                                                    "false",
                                                    "fetch",
                                                    "float",
                                                    "for",
                                                    "foreign",
                                                    "freeze",
                                                    "from",
                                                    "full",
                                                    "grant",
                                                    "greatest",
                                                    "group",
                                                    "grouping",
                                                    "having",
                                                    "ilike",
                                                    "in",
                                                    "initially",
                                                    "inner",
                                                    "inout",
                                                    "int",
                                                    "integer",
                                                    "intersect",
                                                    "interval",
                                                    "into",
                                                    "is",
                                                    "isnull",
                                                    "join",
                                                    "lateral",
                                                    "leading",
                                                    "least",
                                                    "left",
                                                    "like",
                                                    "limit",
                                                    "localtime",
                                                    "localtimestamp",
                                                    "national",
                                                    "natural",
                                                    "nchar",
                                                    "none",
                                                    "normalize",
                                                    "not",
                                                    "notnull",
                                                    "null",
                                                    "nullif",
                                                    "numeric",
                                                    "offset",
                                                    "on",
                                                    "only",
                                                    "or",
                                                    "order",
                                                    "out",
                                                    "outer",
                                                    "overlaps",
                                                    "overlay",
                                                    "placing",
                                                    "position",
                                                    "precision",
                                                    "primary",
                                                    "real",
                                                    "references",
                                                    "returning",
                                                    "right",
                                                    "row",
                                                    "select",
                                                    "session_user",
                                                    "setof",
                                                    "similar",
                                                    "smallint",
                                                    "some",
                                                    "substring",
                                                    "symmetric",
                                                    "table",
                                                    "tablesample",
                                                    "then",
                                                    "time",
                                                    "timestamp",
                                                    "to",
                                                    "trailing",
                                                    "treat",
                                                    "trim",
                                                    "true",
                                                    "union",
                                                    "unique",
                                                    "user",
                                                    "using",
                                                    "values",
                                                    "varchar",
                                                    "variadic",
                                                    "verbose",
                                                    "when",
                                                    "where",
                                                    "window",
                                                    "with",
                                                    "xmlattributes",
                                                    "xmlconcat",
                                                    "xmlelement",
                                                    "xmlexists",
                                                    "xmlforest",
                                                    "xmlnamespaces",
                                                    "xmlparse",
                                                    "xmlpi",
                                                    "xmlroot",
                                                    "xmlserialize",
                                                    "xmltable"};

inline std::string quoted_identifier(std::string_view name) {
    auto starts = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    bool plain = !name.empty() && starts(name[0]) &&
                 std::all_of(name.begin(), name.end(), [&](char c) { return starts(c) || (c >= '0' && c <= '9'); });
    if (plain && !std::binary_search(std::begin(quoted_words), std::end(quoted_words), name)) return std::string(name);
    std::string out = "\"";
    for (char c : name) out.append(c == '"' ? 2 : 1, c);
    return out + '"';
}
inline std::string quoted_literal(std::string_view text) {
    bool escapes = text.find('\\') != text.npos;
    std::string out = escapes ? "E'" : "'";
    for (char c : text) out.append(c == '\'' || c == '\\' ? 2 : 1, c);
    return out + '\'';
}

}  // namespace detail

inline std::string_view text_md5(call_context& context, std::string_view text) {
    return context.memory.copy(detail::hex_of(digest::md5(text)));
}
inline constexpr auto bytea_md5 = &text_md5;
inline constexpr auto sha224 = &detail::digest_of<&digest::sha224>, sha256 = &detail::digest_of<&digest::sha256>,
                      sha384 = &detail::digest_of<&digest::sha384>, sha512 = &detail::digest_of<&digest::sha512>;

inline std::string_view encode(call_context& context, std::string_view bytes, std::string_view format) {
    using phantomdb::detail::is_word;
    if (is_word(format, "hex")) return context.memory.copy(detail::hex_of(bytes));
    if (is_word(format, "base64")) return context.memory.copy(detail::to_base64(bytes));
    if (is_word(format, "escape")) return context.memory.copy(detail::to_escapes(bytes));
    throw error(errc::invalid_parameter_value, "unrecognized encoding: \"" + std::string(format) + "\"");
}
inline std::string_view decode(call_context& context, std::string_view text, std::string_view format) {
    using phantomdb::detail::is_word;
    if (is_word(format, "hex")) return decode_hex(text, context.memory);
    if (is_word(format, "base64")) return context.memory.copy(detail::from_base64(text));
    if (is_word(format, "escape")) return context.memory.copy(detail::from_escapes(text));
    throw error(errc::invalid_parameter_value, "unrecognized encoding: \"" + std::string(format) + "\"");
}

inline std::int64_t get_byte(std::string_view bytes, std::int64_t index) {
    detail::check_index(index, bytes.size());
    return static_cast<unsigned char>(bytes[static_cast<std::size_t>(index)]);
}
inline std::string_view set_byte(call_context& context, std::string_view bytes, std::int64_t index,
                                 std::int64_t value) {
    detail::check_index(index, bytes.size());
    std::string out(bytes);
    out[static_cast<std::size_t>(index)] = static_cast<char>(value);
    return context.memory.copy(out);
}
inline std::int64_t get_bit(std::string_view bytes, std::int64_t index) {
    detail::check_index(index, bytes.size() * 8);
    return static_cast<unsigned char>(bytes[static_cast<std::size_t>(index / 8)]) >> (index % 8) & 1;
}
inline std::string_view set_bit(call_context& context, std::string_view bytes, std::int64_t index, std::int64_t value) {
    detail::check_index(index, bytes.size() * 8);
    if (value != 0 && value != 1) throw error(errc::invalid_parameter_value, "new bit must be 0 or 1");
    std::string out(bytes);
    auto& byte = out[static_cast<std::size_t>(index / 8)];
    byte = static_cast<char>((byte & ~(1 << (index % 8))) | static_cast<int>(value) << (index % 8));
    return context.memory.copy(out);
}
inline std::int64_t bytea_bit_count(std::string_view bytes) {
    std::int64_t bits = 0;
    for (char c : bytes) bits += std::popcount(static_cast<unsigned char>(c));
    return bits;
}

inline std::string_view quote_ident(call_context& context, std::string_view name) {
    return context.memory.copy(detail::quoted_identifier(name));
}
inline std::string_view text_quote_literal(call_context& context, std::string_view text) {
    return context.memory.copy(detail::quoted_literal(text));
}
inline std::string_view any_quote_literal(call_context& context, call_arguments const& in) {
    return text_quote_literal(context, detail::cast_to_text(context, in.type(0), in[0].value));
}
inline std::string_view any_quote_nullable(call_context& context, call_arguments const& in) {
    return in[0].null ? std::string_view{"NULL"} : any_quote_literal(context, in);
}
inline std::string_view text_quote_nullable(call_context& context, nullable_datum const& text) {
    return text.null ? std::string_view{"NULL"} : text_quote_literal(context, text.value.t);
}

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_BYTES_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
