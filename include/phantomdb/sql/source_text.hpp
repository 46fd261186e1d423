/// @file Defines `token_reader` and the slices of statements that are kept as text: defaults, checks, view queries.
///
/// The catalog keeps expressions as SQL text. The parse tree says where a clause begins but not where it ends, so the end is
/// found by reading tokens: strings, quoted names, comments and parentheses are respected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

/// A token of SQL text: a word, a quoted thing, or one punctuation character.
struct token {
    std::string_view text;  ///< empty at the end
    std::size_t begin = 0;
    std::size_t end() const { return begin + text.size(); }
    bool is_word(std::string_view lower_case) const;
    bool is(char punctuation) const { return text.size() == 1 && text[0] == punctuation; }
};

class token_reader {
public:
    explicit token_reader(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}
    token next();

private:
    std::string_view text_;
    std::size_t at_;
};

/// The inside of the first parentheses at or after `from`.
std::string_view parenthesized(std::string_view text, std::size_t from);

/// From the first token at or after `from` up to a comma, a semicolon, the parenthesis that closes what was open before, or
/// (after the first token) one of the words `stops`, outside of parentheses.
std::string_view clause(std::string_view text, std::size_t from, std::vector<std::string_view> const& stops = {});

/// Where the token after the first `word` at or after `from`, outside of parentheses, begins; npos if there is none.
std::size_t after_word(std::string_view text, std::size_t from, std::string_view word);

/// Words that may follow a column's DEFAULT expression.
std::vector<std::string_view> const& constraint_words();

/// A name as SQL wants it written: in quotes where it needs them.
std::string quote_name(std::string_view name);
/// A string literal.
std::string quote_text(std::string_view text);

}  // namespace phantomdb::sql
