// Results as a table, as CSV or as JSON.

#include "printer.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cwchar>

namespace phantomsql {
namespace {

/// Decodes one UTF-8 character at `at` and moves behind it. Bad bytes stand for themselves.
char32_t next_character(std::string_view text, std::size_t& at) {
    auto byte = static_cast<unsigned char>(text[at++]);
    int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
    char32_t c = more == 3 ? byte & 0x07u : more == 2 ? byte & 0x0fu : more == 1 ? byte & 0x1fu : byte;
    for (; more > 0 && at < text.size(); --more) c = c << 6 | (static_cast<unsigned char>(text[at++]) & 0x3fu);
    return c;
}

std::string padded(std::string_view text, std::size_t width, bool right) {
    std::size_t shown = display_width(text);
    std::string blanks(width > shown ? width - shown : 0, ' ');
    return right ? blanks + std::string(text) : std::string(text) + blanks;
}

/// JSON has no word for what is not a number, nor for what is infinite.
bool is_json_number(std::string_view text) { return text.find_first_of("Ny") == text.npos; }

std::string csv_field(std::string_view text) {
    bool plain = !text.empty() && text.find_first_of(",\"\r\n") == text.npos && text != "\\.";
    if (plain) return std::string(text);
    std::string quoted = "\"";
    for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

/// A column's name, on one line.
std::string heading(std::string_view name) {
    std::string made;
    for (auto const& line : lines_of(name)) made += (made.empty() ? "" : " ") + line;
    return made;
}

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines(1);
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const from = at;
        char32_t const c = next_character(text, at);
        std::string& line = lines.back();
        char escaped[8];
        if (c == '\n') lines.emplace_back();
        else if (c == '\t') line.append(8 - display_width(line) % 8, ' ');
        else if (c == '\r') line += "\\r";
        else if (c < 0x20 || c == 0x7f) {
            std::snprintf(escaped, sizeof escaped, "\\x%02X", static_cast<unsigned>(c));
            line += escaped;
        } else if (c >= 0x80 && c < 0xa0) {
            std::snprintf(escaped, sizeof escaped, "\\u%04X", static_cast<unsigned>(c));
            line += escaped;
        } else {
            line.append(text, from, at - from);
        }
    }
    return lines;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        int columns = wcwidth(static_cast<wchar_t>(next_character(text, at)));
        if (columns > 0) width += static_cast<std::size_t>(columns);
    }
    return width;
}

void printer::begin(std::vector<result_column> const& columns, std::string const& title) {
    columns_ = columns;
    title_ = title;
    rows_.clear();
    count_ = 0;
    if (options_.format == output_format::csv && !options_.tuples_only && !options_.expanded) {
        std::string line;
        for (std::size_t c = 0; c < columns_.size(); ++c) line += (c == 0 ? "" : ",") + csv_field(columns_[c].name);
        write(line + "\n");
    }
    if (options_.format == output_format::json) write("[");
}

void printer::row(std::vector<cell> const& cells) {
    ++count_;
    switch (options_.format) {
        case output_format::table: rows_.push_back(cells); return;
        case output_format::csv: {
            std::string line;
            for (std::size_t c = 0; c < cells.size(); ++c) {
                if (options_.expanded)
                    line += csv_field(columns_[c].name) + "," + (cells[c] ? csv_field(*cells[c]) : "") + "\n";
                else line += (c == 0 ? "" : ",") + (cells[c] ? csv_field(*cells[c]) : std::string());
            }
            write(options_.expanded ? line : line + "\n");
            return;
        }
        case output_format::json: {
            std::string line = count_ == 1 ? "\n  {" : ",\n  {";
            for (std::size_t c = 0; c < cells.size(); ++c) {
                line += (c == 0 ? "" : ", ") + boost::json::serialize(boost::json::string(columns_[c].name)) + ": ";
                json_form const form = columns_[c].in_json;
                if (!cells[c]) line += "null";
                else if (form == json_form::boolean) line += *cells[c] == "t" ? "true" : "false";
                else if (form == json_form::json || (form == json_form::number && is_json_number(*cells[c])))
                    line += *cells[c];
                else line += boost::json::serialize(boost::json::string(*cells[c]));
            }
            write(line + "}");
            return;
        }
    }
}

void printer::end() {
    if (options_.format == output_format::json) write(count_ == 0 ? "]\n" : "\n]\n");
    if (options_.format == output_format::table) options_.expanded ? print_expanded() : print_table();
    rows_.clear();
}

void printer::print_table() const {
    std::vector<std::size_t> widths;
    for (auto const& c : columns_) widths.push_back(display_width(heading(c.name)));
    for (auto const& row : rows_) {
        for (std::size_t c = 0; c < row.size(); ++c) {
            for (auto const& line : lines_of(row[c] ? std::string_view(*row[c]) : options_.null_text)) {
                widths[c] = std::max(widths[c], display_width(line));
            }
        }
    }
    if (!options_.tuples_only) {
        if (!title_.empty()) {
            std::size_t whole = columns_.empty() ? 0 : columns_.size() - 1;
            for (std::size_t w : widths) whole += w + 2;
            std::size_t shown = display_width(title_);
            write(std::string(whole > shown ? (whole - shown) / 2 : 0, ' ') + title_ + "\n");
        }
        std::string names, rule;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            std::string const name = heading(columns_[c].name);
            std::size_t blank = widths[c] - display_width(name);
            names +=
                (c == 0 ? " " : "| ") + std::string(blank / 2, ' ') + name + std::string(blank - blank / 2, ' ') + " ";
            rule += (c == 0 ? "" : "+") + std::string(widths[c] + 2, '-');
        }
        write(names + "\n" + rule + "\n");
    }
    for (auto const& row : rows_) {
        std::vector<std::vector<std::string>> cells;
        std::size_t height = 1;
        for (auto const& value : row) {
            cells.push_back(lines_of(value ? std::string_view(*value) : options_.null_text));
            height = std::max(height, cells.back().size());
        }
        for (std::size_t h = 0; h < height; ++h) {
            std::string line;
            for (std::size_t c = 0; c < cells.size(); ++c) {
                bool last = c + 1 == cells.size();
                std::string_view text = h < cells[c].size() ? cells[c][h] : std::string_view();
                bool continues = h + 1 < cells[c].size();
                std::string shown = padded(text, widths[c], columns_[c].right_aligned);
                if (last && !continues && !columns_[c].right_aligned) shown = std::string(text);
                line += (c == 0 ? " " : "| ") + shown;
                if (continues) line += "+";
                else if (!last) line += " ";
            }
            write(line + "\n");
        }
    }
    if (!options_.tuples_only && options_.count)
        write("(" + std::to_string(rows_.size()) + (rows_.size() == 1 ? " row)\n\n" : " rows)\n\n"));
}

void printer::print_expanded() const {
    std::size_t names = 0, values = 0;
    for (auto const& c : columns_) names = std::max(names, display_width(heading(c.name)));
    for (auto const& row : rows_) {
        for (auto const& value : row) {
            for (auto const& line : lines_of(value ? std::string_view(*value) : options_.null_text)) {
                values = std::max(values, display_width(line));
            }
        }
    }
    if (rows_.empty() && !options_.tuples_only) write("(0 rows)\n");
    std::size_t number = 0;
    for (auto const& row : rows_) {
        if (!options_.tuples_only) {
            std::string head = "-[ RECORD " + std::to_string(++number) + " ]";
            std::size_t whole = names + 3 + values;
            if (head.size() <= names + 1) head += std::string(names + 1 - head.size(), '-') + "+";
            if (head.size() < whole) head += std::string(whole - head.size(), '-');
            write(head + "\n");
        }
        for (std::size_t c = 0; c < row.size(); ++c) {
            bool first = true;
            for (auto const& line : lines_of(row[c] ? std::string_view(*row[c]) : options_.null_text)) {
                write(padded(first ? heading(columns_[c].name) : std::string(), names, false) + " | " + line + "\n");
                first = false;
            }
        }
    }
    write("\n");
}

}  // namespace phantomsql
