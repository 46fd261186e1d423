/// @file Defines `printer`: results as a table, as CSV or as JSON.
#pragma once

#include "target.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace phantomsql {

enum class output_format { table, csv, json };

struct print_options {
    output_format format = output_format::table;
    bool expanded = false;     ///< one line per column (\x)
    bool tuples_only = false;  ///< no headers, no counts (-t)
    bool count = true;         ///< "(2 rows)" below a table
    std::string null_text;     ///< how NULL shows in a table
};

/// Prints one result after another. CSV and JSON rows go out as they come; a table waits for its last row.
class printer {
public:
    printer(std::FILE* out, print_options const& options) : out_(out), options_(options) {}

    void begin(std::vector<result_column> const& columns, std::string const& title = {});
    void row(std::vector<cell> const& cells);
    void end();

private:
    void print_table() const;
    void print_expanded() const;
    void write(std::string const& text) const { std::fwrite(text.data(), 1, text.size(), out_); }

    std::FILE* out_;
    print_options const& options_;
    std::vector<result_column> columns_;
    std::vector<std::vector<cell>> rows_;
    std::string title_;
    std::size_t count_ = 0;
};

/// The lines of a value as a terminal may show them: tabs as blanks, other control characters as psql writes them ("\\x1B"), so
/// that what is stored cannot steer the terminal.
std::vector<std::string> lines_of(std::string_view text);

/// Columns a terminal needs for UTF-8 text; control characters count as nothing.
std::size_t display_width(std::string_view text);

}  // namespace phantomsql
