/// @file Defines `statement_splitter`: finds where statements end while lines come in.
#pragma once

#include <string>
#include <string_view>

namespace phantomsql {

/// Follows SQL's quoting: '…', E'…\'', "…", $tag$…$tag$, -- and nested /* */ comments, parentheses. A semicolon outside of all of
/// them ends a statement; a backslash there begins a command.
class statement_splitter {
public:
    /// What `scan` met.
    enum class stop { end_of_input, semicolon, backslash };

    /// Goes on at `text[at]`; leaves `at` behind the semicolon, at the backslash, or at the end.
    stop scan(std::string_view text, std::size_t& at) {
        for (; at < text.size(); ++at) {
            char c = text[at];
            char next = at + 1 < text.size() ? text[at + 1] : '\0';
            switch (state_) {
                case state::plain:
                    if (c == '\'') {
                        bool escapes = at > 0 && (text[at - 1] == 'E' || text[at - 1] == 'e') &&
                                       (at < 2 || !is_word(text[at - 2]));
                        state_ = escapes ? state::escape_string : state::string;
                    } else if (c == '"') {
                        state_ = state::identifier;
                    } else if (c == '-' && next == '-') {
                        state_ = state::line_comment;
                    } else if (c == '/' && next == '*') {
                        state_ = state::comment;
                        depth_ = 1;
                        ++at;
                    } else if (c == '$' && (at == 0 || !is_word(text[at - 1])) && open_dollar(text, at)) {
                        state_ = state::dollar;
                    } else if (c == '(') {
                        ++parentheses_;
                    } else if (c == ')' && parentheses_ > 0) {
                        --parentheses_;
                    } else if (c == ';' && parentheses_ == 0) {
                        ++at;
                        return stop::semicolon;
                    } else if (c == '\\') {
                        return stop::backslash;
                    }
                    break;
                case state::string:
                    if (c == '\'') state_ = state::plain;  // '' reopens at once
                    break;
                case state::escape_string:
                    if (c == '\\') ++at;
                    else if (c == '\'') state_ = state::plain;
                    break;
                case state::identifier:
                    if (c == '"') state_ = state::plain;
                    break;
                case state::line_comment:
                    if (c == '\n') state_ = state::plain;
                    break;
                case state::comment:
                    if (c == '*' && next == '/') {
                        ++at;
                        if (--depth_ == 0) state_ = state::plain;
                    } else if (c == '/' && next == '*') {
                        ++at;
                        ++depth_;
                    }
                    break;
                case state::dollar:
                    if (c == '$' && text.substr(at, tag_.size()) == tag_) {
                        at += tag_.size() - 1;
                        state_ = state::plain;
                    }
                    break;
            }
        }
        return stop::end_of_input;
    }

    void reset() { *this = {}; }

    /// The character a continuation prompt shows: what is still open.
    char open() const {
        switch (state_) {
            case state::string:
            case state::escape_string: return '\'';
            case state::identifier: return '"';
            case state::comment: return '*';
            case state::dollar: return '$';
            default: return parentheses_ > 0 ? '(' : '-';
        }
    }

private:
    enum class state { plain, string, escape_string, identifier, line_comment, comment, dollar };

    static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               (c & 0x80) != 0;
    }
    bool open_dollar(std::string_view text, std::size_t& at) {
        std::size_t end = at + 1;
        while (end < text.size() && is_word(text[end])) ++end;
        if (end >= text.size() || text[end] != '$') return false;
        if (end > at + 1 && text[at + 1] >= '0' && text[at + 1] <= '9') return false;  // $1 is a parameter
        tag_ = text.substr(at, end - at + 1);
        at = end;
        return true;
    }

    state state_ = state::plain;
    int depth_ = 0, parentheses_ = 0;
    std::string tag_;
};

}  // namespace phantomsql
