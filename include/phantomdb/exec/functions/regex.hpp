/// @file Defines the functions and operators of regular expressions, and SIMILAR TO.
#pragma once

#include <phantomdb/exec/functions/regex_program.hpp>
#include <phantomdb/exec/functions/text.hpp>

#include <string>

namespace phantomdb::exec::functions {

inline bool text_matches(std::string_view text, std::string_view pattern) {
    return compile_regex(pattern)->matches(text);
}
inline bool text_matches_nocase(std::string_view text, std::string_view pattern) {
    regex_options options;
    options.ignore_case = true;
    return compile_regex(pattern, options)->matches(text);
}
inline bool text_not_matches(std::string_view text, std::string_view pattern) { return !text_matches(text, pattern); }
inline bool text_not_matches_nocase(std::string_view text, std::string_view pattern) {
    return !text_matches_nocase(text, pattern);
}
inline constexpr auto bpchar_matches = &text_matches, name_matches = &text_matches;
inline constexpr auto bpchar_not_matches = &text_not_matches, name_not_matches = &text_not_matches;
inline constexpr auto bpchar_matches_nocase = &text_matches_nocase, name_matches_nocase = &text_matches_nocase;
inline constexpr auto bpchar_not_matches_nocase = &text_not_matches_nocase,
                      name_not_matches_nocase = &text_not_matches_nocase;

namespace detail {

using regex_subject = regex_program::subject;

/// Appends a replacement, in which \1 to \9 and \& stand for groups.
inline void append_replacement(std::string& out, std::string_view replacement, std::string_view text,
                               regex_program::match const& found) {
    for (std::size_t at = 0; at < replacement.size(); ++at) {
        char c = replacement[at];
        if (c != '\\' || at + 1 == replacement.size()) {
            out += c;
            continue;
        }
        char next = replacement[at + 1];
        if (next == '\\') {
            out += '\\';
        } else if (next == '&' || (next >= '1' && next <= '9')) {
            auto group = static_cast<std::size_t>(next == '&' ? 0 : next - '0');
            if (group < found.groups.size() && found.groups[group].matched()) out += found.groups[group].of(text);
        } else {
            out += c;
            continue;
        }
        ++at;
    }
}

/// Replaces match number `which` (0: all of them) at or behind the character `from`.
inline std::string_view replace_matches(call_context& context, std::string_view text, regex_program const& program,
                                        std::string_view replacement, std::size_t from, std::int64_t which) {
    regex_subject subject(text);
    std::string out;
    std::size_t copied = 0;
    std::int64_t number = 0;
    program.each_match(subject, from, [&](regex_program::match const& found) {
        if (++number < which) return true;
        out += text.substr(copied, found.groups[0].first - copied);
        append_replacement(out, replacement, text, found);
        copied = found.groups[0].last;
        return which == 0;
    });
    out += text.substr(copied);
    check_length(out.size());
    return context.memory.copy(out);
}

[[noreturn]] inline void invalid_parameter(char const* parameter, std::int64_t value) {
    throw error(errc::invalid_parameter_value,
                std::string("invalid value for parameter \"") + parameter + "\": " + std::to_string(value));
}
inline std::int64_t at_least_one(char const* parameter, std::int64_t value) {
    if (value <= 0) invalid_parameter(parameter, value);
    return value;
}

/// The optional arguments of regexp_substr and its kin, in their order behind text and pattern.
struct search_arguments {
    std::string_view text{}, pattern{};
    std::size_t start = 0;
    std::int64_t number = 1, end_option = 0, group = 0;
    regex_options options{};
};

/// Match number `number`, group `group` of it.
inline regex_program::span find_group(search_arguments const& in) {
    auto program = compile_regex(in.pattern, in.options);
    regex_program::span result;
    std::int64_t number = 0;
    program->each_match(regex_subject(in.text), in.start, [&](regex_program::match const& found) {
        if (++number < in.number) return true;
        auto group = static_cast<std::size_t>(in.group);
        if (group < found.groups.size()) result = found.groups[group];
        return false;
    });
    return result;
}

inline std::int64_t option_at(call_arguments const& in, std::size_t i, std::int64_t otherwise) {
    return in.size() > i ? in[i].value.i : otherwise;
}
inline regex_options options_at(call_arguments const& in, std::size_t i, char const* function) {
    return in.size() > i ? parse_regex_options(in[i].value.t, false, function) : regex_options{};
}

}  // namespace detail

inline std::string_view regexp_replace(call_context& context, std::string_view text, std::string_view pattern,
                                       std::string_view replacement) {
    return detail::replace_matches(context, text, *compile_regex(pattern), replacement, 0, 1);
}
inline std::string_view regexp_replace_flags(call_context& context, std::string_view text, std::string_view pattern,
                                             std::string_view replacement, std::string_view flags) {
    if (!flags.empty() && flags[0] >= '0' && flags[0] <= '9') {
        throw error(errc::invalid_parameter_value,
                    "invalid regular expression option: \"" + std::string(flags.substr(0, 1)) + "\"")
            .with_hint(
                "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to "
                "integer explicitly.");
    }
    auto options = parse_regex_options(flags);
    return detail::replace_matches(context, text, *compile_regex(pattern, options), replacement, 0,
                                   options.global ? 0 : 1);
}
/// Text, pattern, replacement, start, number of the match (0: all), flags.
inline std::string_view regexp_replace_from(call_context& context, call_arguments const& in) {
    auto start = detail::at_least_one("start", in[3].value.i);
    bool numbered = in.size() > 4;
    auto which = detail::option_at(in, 4, 1);
    if (which < 0) detail::invalid_parameter("n", which);
    auto options = in.size() > 5 ? parse_regex_options(in[5].value.t) : regex_options{};
    if (!numbered && options.global) which = 0;
    return detail::replace_matches(context, in[0].value.t, *compile_regex(in[1].value.t, options), in[2].value.t,
                                   static_cast<std::size_t>(start - 1), which);
}
inline constexpr auto regexp_replace_number = &regexp_replace_from, regexp_replace_number_flags = &regexp_replace_from;

inline std::int64_t regexp_count(call_context&, call_arguments const& in) {
    auto start = detail::at_least_one("start", detail::option_at(in, 2, 1));
    auto program = compile_regex(in[1].value.t, detail::options_at(in, 3, "regexp_count()"));
    std::int64_t matches = 0;
    program->each_match(detail::regex_subject(in[0].value.t), static_cast<std::size_t>(start - 1),
                        [&](regex_program::match const&) { return ++matches, true; });
    return matches;
}
inline constexpr auto regexp_count_from = &regexp_count, regexp_count_flags = &regexp_count;

inline bool regexp_like(call_context&, call_arguments const& in) {
    return compile_regex(in[1].value.t, detail::options_at(in, 2, "regexp_like()"))->matches(in[0].value.t);
}
inline constexpr auto regexp_like_flags = &regexp_like;

/// Text, pattern, start, number of the match, flags, group.
inline std::optional<std::string_view> regexp_substr(call_context&, call_arguments const& in) {
    detail::search_arguments search{in[0].value.t, in[1].value.t};
    search.start = static_cast<std::size_t>(detail::at_least_one("start", detail::option_at(in, 2, 1)) - 1);
    search.number = detail::at_least_one("n", detail::option_at(in, 3, 1));
    search.group = detail::option_at(in, 5, 0);
    if (search.group < 0) detail::invalid_parameter("subexpr", search.group);
    search.options = detail::options_at(in, 4, "regexp_substr()");
    auto found = detail::find_group(search);
    return found.matched() ? std::optional{found.of(search.text)} : std::nullopt;
}
inline constexpr auto regexp_substr_from = &regexp_substr, regexp_substr_number = &regexp_substr,
                      regexp_substr_flags = &regexp_substr, regexp_substr_group = &regexp_substr;

/// Text, pattern, start, number of the match, whether the end is wanted, flags, group.
inline std::int64_t regexp_instr(call_context&, call_arguments const& in) {
    detail::search_arguments search{in[0].value.t, in[1].value.t};
    search.start = static_cast<std::size_t>(detail::at_least_one("start", detail::option_at(in, 2, 1)) - 1);
    search.number = detail::at_least_one("n", detail::option_at(in, 3, 1));
    search.end_option = detail::option_at(in, 4, 0);
    if (search.end_option != 0 && search.end_option != 1) detail::invalid_parameter("endoption", search.end_option);
    search.group = detail::option_at(in, 6, 0);
    if (search.group < 0) detail::invalid_parameter("subexpr", search.group);
    search.options = detail::options_at(in, 5, "regexp_instr()");
    auto found = detail::find_group(search);
    if (!found.matched()) return 0;
    return text_length(search.text.substr(0, search.end_option ? found.last : found.first)) + 1;
}
inline constexpr auto regexp_instr_from = &regexp_instr, regexp_instr_number = &regexp_instr,
                      regexp_instr_end = &regexp_instr, regexp_instr_flags = &regexp_instr,
                      regexp_instr_group = &regexp_instr;

namespace detail {

/// The first group of the first match, or all of it where the pattern has no groups.
inline std::optional<std::string_view> first_group(std::string_view text, regex_program const& program) {
    auto found = program.search(regex_subject(text));
    if (!found) return std::nullopt;
    auto const& group = found->groups[program.group_count() > 0 ? 1 : 0];
    return group.matched() ? std::optional{group.of(text)} : std::nullopt;
}

/// SIMILAR TO's pattern as a regular expression. `Lazy` gives the form for `substring`, where the part before the first
/// separator takes as little as it can.
template <bool Lazy>
std::string similar_pattern(std::string_view pattern, std::string_view escape) {
    if (character_count(escape) > 1) {
        throw error(errc::invalid_escape_sequence, "invalid escape string")
            .with_hint("Escape string must be empty or one character.");
    }
    std::string out = "^(?:";
    int separators = 0;
    bool escaped = false, in_brackets = false;
    for (std::size_t at = 0; at < pattern.size();) {
        std::string_view one = pattern.substr(at, character_size(pattern[at]));
        at += one.size();
        if (escaped) {
            if (one == "\"" && !in_brackets) {
                if (separators > 1) {
                    throw error(sqlstate{"2200C"},
                                "SQL regular expression may not contain more than two escape-double-quote separators");
                }
                out += Lazy ? (separators == 0 ? ")(" : ")(?:") : (separators == 0 ? "){1,1}?(" : "){1,1}(?:");
                ++separators;
            } else {
                out.append("\\").append(one);
            }
            escaped = false;
        } else if (!escape.empty() && one == escape) {
            escaped = true;
        } else if (in_brackets) {
            if (one == "\\") out += '\\';
            out += one;
            in_brackets = one != "]";
        } else if (one == "%") {
            out +=
                Lazy && separators == 0 && pattern.find(std::string(escape) + "\"", at) != pattern.npos ? ".*?" : ".*";
        } else if (one == "_") {
            out += '.';
        } else if (one == "(") {
            out += "(?:";
        } else {
            if (one == "\\" || one == "." || one == "^" || one == "$") out += '\\';
            out += one;
            in_brackets = one == "[";
        }
    }
    return out + ")$";
}

}  // namespace detail

inline std::optional<std::string_view> substring_regex(std::string_view text, std::string_view pattern) {
    return detail::first_group(text, *compile_regex(pattern));
}
inline std::optional<std::string_view> substring_similar(std::string_view text, std::string_view pattern,
                                                         std::string_view escape) {
    return detail::first_group(text, *compile_regex(detail::similar_pattern<true>(pattern, escape)));
}
inline std::string_view similar_to_escape(call_context& context, std::string_view pattern) {
    return context.memory.copy(detail::similar_pattern<false>(pattern, "\\"));
}
inline std::string_view similar_to_escape_with(call_context& context, std::string_view pattern,
                                               std::string_view escape) {
    return context.memory.copy(detail::similar_pattern<false>(pattern, escape));
}

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_REGEX_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
