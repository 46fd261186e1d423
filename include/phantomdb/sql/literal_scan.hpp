/// @file Defines `literal_scan`: the constants in the text of a statement, told apart from the rest without parsing it.
///
///     select * from t where a = 17 and b = 'it''s'
///                               ^^         ^^^^^^^        two tokens; the key is the text with a mark in the place of each
///
/// Texts with the same key become the same parse tree but for the values of these constants: PostgreSQL's scanner makes the
/// same tokens of what is left in the key, and the same kind of token of each constant. The scan knows only the plain
/// forms, and refuses a text in which it meets another: E'…', B'…', X'…', N'…', U&'…' and U&"…", strings that go on
/// on the next line, dollar quotes and parameters, comments, numbers with a letter behind them or a dot in front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

/// What a constant is to the grammar and to the binder. A number that fits no int8 is no token, it stays in the key.
enum class literal_kind : char { integer = 1, bigint, numeric, text };

/// A constant where it stands: digits, or a string with its quotes. A sign is not part of it.
struct literal_token {
    std::uint32_t begin = 0, size = 0;
    literal_kind kind = literal_kind::integer;
};

/// Reads one text after the other, keeping its memory. Not thread-safe.
class literal_scan {
public:
    /// Reads `text`, which must outlive the use of the result. False: refused, there are no tokens and the key holds the
    /// whole text. Linear, allocates nothing once its buffers have grown.
    bool read(std::string_view text);

    std::string_view text() const { return text_; }
    std::string_view key() const { return key_; }
    std::vector<literal_token> const& tokens() const { return tokens_; }
    std::string_view spelling(std::size_t token) const {
        return text_.substr(tokens_[token].begin, tokens_[token].size);
    }

private:
    bool scan();
    std::size_t number(std::size_t at);
    std::size_t string(std::size_t at);

    std::string_view text_;
    std::string key_;
    std::vector<literal_token> tokens_;
};

}  // namespace phantomdb::sql
