/// @file Defines the text and CSV forms of COPY: rows to bytes, bytes to fields. Pure; no session needed.
#pragma once

#include <phantomdb/sql/session.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

/// Writes rows in the form a request asks for.
class copy_writer {
public:
    copy_writer(copy_request const& request, format_settings const& settings);

    void append_header(std::string& out) const;
    void append_row(std::string& out, row_block const& block, std::size_t row);

private:
    void append_text_field(std::string& out, std::string_view text) const;
    void append_csv_field(std::string& out, std::string_view text, bool quoted, bool only) const;

    copy_request const& request_;
    format_settings const& settings_;
    std::vector<bool> quoted_;
    std::string scratch_;
};

/// A field of an input row; nothing for NULL.
struct copy_field {
    std::string_view text;
    bool null = false;
};

/// Cuts a stream of bytes into rows of fields. Throws 22P04 for what the form does not allow.
class copy_reader {
public:
    explicit copy_reader(copy_request const& request) : request_(request) {}

    /// More input.
    void feed(std::string_view bytes) { input_.append(bytes); }
    void end() { ended_ = true; }

    /// The next row; false: there is none (yet, unless `end` was said). Fields are borrowed until the next call.
    bool next(std::vector<copy_field>& fields);
    /// Input line the last row began at, from 1, and its text.
    std::size_t line() const { return line_; }
    std::string_view line_text() const { return line_text_; }

private:
    std::optional<std::string_view> take_line();
    void split_text(std::string_view line, std::vector<copy_field>& fields);
    void split_csv(std::string_view line, std::vector<copy_field>& fields);

    copy_request const& request_;
    std::string input_;
    std::size_t at_ = 0, scanned_ = 0;
    bool in_quotes_ = false, ended_ = false, finished_ = false;
    std::size_t line_ = 0, lines_in_row_ = 1;
    std::string_view line_text_;
    std::string unescaped_;
};

}  // namespace phantomdb::sql
