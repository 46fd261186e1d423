/// @file Defines `regex_program`: PostgreSQL's advanced regular expressions on top of Boost.Regex.
///
/// Expressions are translated where the dialects differ (\m \M \y \Z, [[:<:]], \uXXXX, embedded options), text is matched
/// as UTF-32. Without non-greedy quantifiers the longest leftmost match is taken, as POSIX wants; with them Perl's rules
/// hold. A match that takes too long is given up with 54001 rather than holding the server.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/exec/functions/utf8.hpp>

#include <boost/regex.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::exec {

/// Options as the letters of regexp_replace's last argument give them.
struct regex_options {
    bool ignore_case = false, global = false, newline_stops_dot = false, newline_bounds_line = false;
    bool expanded = false, literal = false;

    friend bool operator==(regex_options const&, regex_options const&) = default;
};

/// Reads option letters. Throws 22023 for an unknown one, and for `g` where it has no meaning.
inline regex_options parse_regex_options(std::string_view letters, bool allow_global = true,
                                         std::string_view function = {}) {
    regex_options options;
    for (std::size_t at = 0; at < letters.size(); ++at) {
        switch (letters[at]) {
            case 'g':
                if (!allow_global) {
                    throw error(errc::invalid_parameter_value,
                                std::string(function) + " does not support the \"global\" option");
                }
                options.global = true;
                break;
            case 'i': options.ignore_case = true; break;
            case 'c': options.ignore_case = false; break;
            case 'm':
            case 'n': options.newline_stops_dot = options.newline_bounds_line = true; break;
            case 'p': options.newline_stops_dot = true, options.newline_bounds_line = false; break;
            case 'w': options.newline_stops_dot = false, options.newline_bounds_line = true; break;
            case 's': options.newline_stops_dot = options.newline_bounds_line = false; break;
            case 'x': options.expanded = true; break;
            case 't': options.expanded = false; break;
            case 'q': options.literal = true; break;
            case 'b':
            case 'e': break;  // basic and extended expressions are read as advanced ones
            default:
                throw error(errc::invalid_parameter_value,
                            "invalid regular expression option: \"" +
                                std::string(letters.substr(at, character_size(letters[at]))) + "\"");
        }
    }
    return options;
}

/// Letters and case beyond ASCII.
class regex_unicode_traits : public boost::cpp_regex_traits<wchar_t> {
public:
    wchar_t translate_nocase(wchar_t c) const { return static_cast<wchar_t>(utf8::to_lower(static_cast<char32_t>(c))); }
    wchar_t translate(wchar_t c) const { return c; }
    wchar_t translate(wchar_t c, bool nocase) const { return nocase ? translate_nocase(c) : c; }
    bool isctype(wchar_t c, char_class_type type) const {
        if (boost::cpp_regex_traits<wchar_t>::isctype(c, type)) return true;
        if (c < 0x80 || !utf8::is_alphanumeric(static_cast<char32_t>(c))) return false;
        static char_class_type const alphabetic = [this] {
            static constexpr wchar_t const alpha[] = L"alpha";
            return lookup_classname(alpha, alpha + 5);
        }();
        return (type & alphabetic) != 0;
    }
};

/// A compiled expression. Immutable; may be used by several threads.
class regex_program {
public:
    /// Byte positions in the text; `first` is npos for a group that took no part.
    struct span {
        std::size_t first = std::string_view::npos, last = 0;
        bool matched() const { return first != std::string_view::npos; }
        std::string_view of(std::string_view text) const { return text.substr(first, last - first); }
    };

    /// Text ready to be searched, as characters with the bytes they came from.
    class subject {
    public:
        explicit subject(std::string_view text) : text_(text) {
            characters_.reserve(text.size());
            for (std::size_t at = 0; at < text.size();) {
                if (at != characters_.size() && offsets_.empty()) start_offsets();
                if (!offsets_.empty()) offsets_.push_back(at);
                characters_ += static_cast<wchar_t>(utf8::next(text, at));
            }
            if (characters_.size() != text.size() && offsets_.empty()) start_offsets();
            if (!offsets_.empty()) offsets_.push_back(text.size());
        }
        std::wstring const& characters() const { return characters_; }
        std::string_view text() const { return text_; }
        std::size_t size() const { return characters_.size(); }
        std::size_t byte(std::size_t character) const { return offsets_.empty() ? character : offsets_[character]; }

    private:
        /// Up to here every character was one byte.
        void start_offsets() {
            for (std::size_t i = 0; i < characters_.size(); ++i) offsets_.push_back(i);
        }
        std::string_view text_;
        std::wstring characters_;
        std::vector<std::size_t> offsets_;
    };

    /// A match: characters [first, last), and the bytes of each group, the whole match being group 0.
    struct match {
        std::size_t first, last;
        std::vector<span> groups;
    };

    regex_program(std::string_view pattern, regex_options options) : options_(options) {
        std::wstring translated = translate(pattern);
        boost::regex::flag_type flags = boost::regex::perl;
        if (options_.literal && !translated.empty()) flags = boost::regex::literal;
        if (options_.ignore_case) flags |= boost::regex::icase;
        if (options_.expanded) flags |= boost::regex::mod_x;
        try {
            expression_.assign(translated, flags);
        } catch (boost::regex_error const& problem) {
            throw error(errc::invalid_regular_expression,
                        std::string("invalid regular expression: ") + reason(problem.code()));
        }
        flags_ = boost::match_default;
        if (!non_greedy_) flags_ |= boost::match_posix;
        if (options_.newline_stops_dot) flags_ |= boost::match_not_dot_newline;
        if (!options_.newline_bounds_line) flags_ |= boost::match_single_line;
    }

    regex_options const& options() const { return options_; }
    std::size_t group_count() const { return expression_.mark_count(); }

    /// The first match at or behind the character `from`.
    std::optional<match> search(subject const& in, std::size_t from = 0) const {
        auto const& text = in.characters();
        boost::match_results<std::wstring::const_iterator> found;
        try {
            auto begin = text.begin() + static_cast<std::ptrdiff_t>(from);
            if (!boost::regex_search(begin, text.end(), found, expression_, flags_, text.begin())) return std::nullopt;
        } catch (std::runtime_error const&) {
            throw error(errc::statement_too_complex, "regular expression is too complex");
        }
        match result{static_cast<std::size_t>(found[0].first - text.begin()),
                     static_cast<std::size_t>(found[0].second - text.begin()),
                     {}};
        for (auto const& group : found) {
            span bytes;
            if (group.matched) {
                bytes.first = in.byte(static_cast<std::size_t>(group.first - text.begin()));
                bytes.last = in.byte(static_cast<std::size_t>(group.second - text.begin()));
            }
            result.groups.push_back(bytes);
        }
        return result;
    }

    /// Calls `visit(match)` for every match from the character `from` on, until it returns false.
    template <class Visit>
    void each_match(subject const& in, std::size_t from, Visit visit) const {
        while (from <= in.size()) {
            auto found = search(in, from);
            if (!found || !visit(*found)) return;
            from = found->last == found->first ? found->last + 1 : found->last;
        }
    }

    bool matches(std::string_view text) const { return search(subject(text)).has_value(); }

private:
    static char const* reason(boost::regex_constants::error_type code) {
        namespace constants = boost::regex_constants;
        switch (code) {
            case constants::error_paren: return "parentheses () not balanced";
            case constants::error_brack: return "brackets [] not balanced";
            case constants::error_brace: return "braces {} not balanced";
            case constants::error_badbrace: return "invalid repetition count(s)";
            case constants::error_badrepeat: return "quantifier operand invalid";
            case constants::error_escape: return "invalid escape \\ sequence";
            case constants::error_range: return "invalid character range";
            case constants::error_ctype: return "invalid character class";
            case constants::error_collate: return "invalid collating element";
            case constants::error_backref: return "invalid backreference number";
            case constants::error_complexity:
            case constants::error_stack: return "regular expression is too complex";
            default: return "invalid argument to regex function";
        }
    }

    /// The pattern in Boost's Perl dialect. Also finds out whether it has non-greedy quantifiers.
    std::wstring translate(std::string_view pattern) {
        if (pattern.starts_with("***=")) {
            options_.literal = true;
            pattern.remove_prefix(4);
        } else if (pattern.starts_with("***:")) {
            pattern.remove_prefix(4);
        }
        if (options_.literal) return subject(pattern).characters();
        if (pattern.starts_with("(?") && pattern.size() > 2 && pattern[2] >= 'a' && pattern[2] <= 'z') {
            auto close = pattern.find(')');
            if (close != pattern.npos) {
                auto embedded = parse_regex_options(pattern.substr(2, close - 2), false, "embedded option");
                bool ignore = options_.ignore_case;
                bool global = options_.global;
                options_ = embedded;
                options_.ignore_case = ignore || embedded.ignore_case;
                options_.global = global;
                pattern.remove_prefix(close + 1);
            }
        }
        std::wstring const from = subject(pattern).characters();
        std::wstring out;
        bool in_brackets = false;
        for (std::size_t at = 0; at < from.size(); ++at) {
            wchar_t c = from[at];
            if (c == L'\\' && at + 1 < from.size()) {
                wchar_t next = from[++at];
                if (next == L'u' && at + 4 < from.size()) {
                    out += L"\\x{" + from.substr(at + 1, 4) + L"}";
                    at += 4;
                } else if (!in_brackets &&
                           (next == L'm' || next == L'M' || next == L'y' || next == L'Y' || next == L'Z')) {
                    out += L'\\';
                    out += next == L'm' ? L'<' : next == L'M' ? L'>' : next == L'y' ? L'b' : next == L'Y' ? L'B' : L'z';
                } else {
                    out += L'\\';
                    out += next;
                }
                continue;
            }
            if (!in_brackets && (from.compare(at, 7, L"[[:<:]]") == 0 || from.compare(at, 7, L"[[:>:]]") == 0)) {
                out += from[at + 3] == L'<' ? L"\\<" : L"\\>";
                at += 6;
                continue;
            }
            if (in_brackets) {
                if (c == L'[' && at + 1 < from.size() &&
                    (from[at + 1] == L':' || from[at + 1] == L'.' || from[at + 1] == L'=')) {
                    auto end = from.find(std::wstring{from[at + 1], L']'}, at + 2);
                    if (end != from.npos) {
                        out += from.substr(at, end + 2 - at);
                        at = end + 1;
                        continue;
                    }
                }
                in_brackets = c != L']';
            } else if (c == L'[') {
                in_brackets = true;
                out += c;
                if (at + 1 < from.size() && from[at + 1] == L'^') out += from[++at];
                if (at + 1 < from.size() && from[at + 1] == L']') {
                    out += L"\\]";  // the first one stands for itself
                    ++at;
                }
                continue;
            } else if (c == L'{') {
                bool quantifier = at + 1 < from.size() && from[at + 1] >= L'0' && from[at + 1] <= L'9';
                if (!quantifier) {
                    out += L'\\';
                } else if (from.find(L'}', at) == from.npos) {
                    throw error(errc::invalid_regular_expression, "invalid regular expression: braces {} not balanced");
                }
            } else if (c == L'?' && at > 0 &&
                       std::wstring_view(L"*+?}").find(from[at - 1]) != std::wstring_view::npos) {
                non_greedy_ = true;
            }
            out += c;
        }
        return out;
    }

    regex_options options_;
    bool non_greedy_ = false;
    boost::basic_regex<wchar_t, boost::regex_traits_wrapper<regex_unicode_traits>> expression_;
    boost::match_flag_type flags_ = boost::match_default;
};

/// The program for a pattern; each thread remembers the last few it compiled. Throws 2201B for a wrong pattern.
inline std::shared_ptr<regex_program const> compile_regex(std::string_view pattern, regex_options options = {}) {
    struct entry {
        std::string pattern;
        regex_options options;
        std::shared_ptr<regex_program const> program;
    };
    static constexpr std::size_t remembered = 32;
    thread_local std::list<entry> recent;
    for (auto at = recent.begin(); at != recent.end(); ++at) {
        if (at->pattern != pattern || !(at->options == options)) continue;
        recent.splice(recent.begin(), recent, at);
        return recent.front().program;
    }
    recent.push_front({std::string(pattern), options, std::make_shared<regex_program const>(pattern, options)});
    if (recent.size() > remembered) recent.pop_back();
    return recent.front().program;
}

}  // namespace phantomdb::exec
