#include <phantomdb/sql/copy_format.hpp>
#include <phantomdb/value/text_io.hpp>

#include <algorithm>

namespace phantomdb::sql {

copy_writer::copy_writer(copy_request const& request, format_settings const& settings)
    : request_(request), settings_(settings), quoted_(request.columns.size(), false) {
    for (std::int16_t column : request.force_quote) quoted_[static_cast<std::size_t>(column)] = true;
}

void copy_writer::append_header(std::string& out) const {
    bool csv = request_.format == copy_request::layout::csv;
    for (std::size_t i = 0; i < request_.columns.size(); ++i) {
        if (i) out += request_.delimiter;
        if (csv) append_csv_field(out, request_.columns[i].name, false, request_.columns.size() == 1);
        else append_text_field(out, request_.columns[i].name);
    }
    out += '\n';
}

void copy_writer::append_row(std::string& out, row_block const& block, std::size_t row) {
    bool csv = request_.format == copy_request::layout::csv;
    for (std::size_t c = 0; c < request_.columns.size(); ++c) {
        if (c) out += request_.delimiter;
        if (block.nulls[c][row] != 0) {
            out += request_.null_text;
            continue;
        }
        scratch_.clear();
        append_text(scratch_, request_.columns[c].type, block.columns[c][row], settings_);
        if (csv) append_csv_field(out, scratch_, quoted_[c], request_.columns.size() == 1);
        else append_text_field(out, scratch_);
    }
    out += '\n';
}

void copy_writer::append_text_field(std::string& out, std::string_view text) const {
    for (char c : text) {
        switch (c) {
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '\v': out += "\\v"; break;
            case '\\': out += "\\\\"; break;
            default:
                if (c == request_.delimiter) out += '\\';
                out += c;
        }
    }
}

void copy_writer::append_csv_field(std::string& out, std::string_view text, bool quoted, bool only) const {
    if (!quoted) {
        quoted =
            text == request_.null_text || (only && text == "\\.") || std::any_of(text.begin(), text.end(), [&](char c) {
                return c == request_.delimiter || c == request_.quote || c == '\n' || c == '\r';
            });
    }
    if (!quoted) {
        out += text;
        return;
    }
    out += request_.quote;
    for (char c : text) {
        if (c == request_.quote || c == request_.escape) out += request_.escape;
        out += c;
    }
    out += request_.quote;
}

// ---- input ----

// A line ends at a newline, in CSV outside of quotes only. Gives it without its end.
std::optional<std::string_view> copy_reader::take_line() {
    bool csv = request_.format == copy_request::layout::csv;
    if (at_ > (std::size_t{1} << 20)) {  // keep what is still needed only
        input_.erase(0, at_);
        scanned_ -= at_;
        at_ = 0;
    }
    for (; scanned_ < input_.size(); ++scanned_) {
        char c = input_[scanned_];
        if (csv) {
            if (in_quotes_ && c == request_.escape && request_.escape != request_.quote) {
                if (scanned_ + 1 >= input_.size() && !ended_) return std::nullopt;
                ++scanned_;
                continue;
            }
            if (c == request_.quote) in_quotes_ = !in_quotes_;
        } else if (c == '\\') {
            if (scanned_ + 1 >= input_.size()) {
                if (!ended_) return std::nullopt;
                continue;
            }
            if (input_[scanned_ + 1] != '\r') ++scanned_;
            continue;
        }
        if (c != '\n') continue;
        if (in_quotes_) {
            ++lines_in_row_;
            continue;
        }
        std::string_view line(input_.data() + at_, scanned_ - at_);
        at_ = ++scanned_;
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }
    if (!ended_ || at_ >= input_.size()) return std::nullopt;
    if (in_quotes_) throw error(errc::bad_copy_file_format, "unterminated CSV quoted field");
    std::string_view line(input_.data() + at_, input_.size() - at_);
    at_ = input_.size();
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool copy_reader::next(std::vector<copy_field>& fields) {
    if (finished_) return false;
    std::size_t before = lines_in_row_;
    auto line = take_line();
    if (!line) return false;
    line_ += before == 0 ? 1 : lines_in_row_;
    lines_in_row_ = 1;
    line_text_ = *line;
    if (*line == "\\.") {
        finished_ = true;
        return false;
    }
    fields.clear();
    unescaped_.clear();
    unescaped_.reserve(line->size());  // fields point into it: it must not move
    if (request_.format == copy_request::layout::csv) split_csv(*line, fields);
    else split_text(*line, fields);
    return true;
}

void copy_reader::split_text(std::string_view line, std::vector<copy_field>& fields) {
    for (std::size_t i = 0;;) {
        std::size_t begin = i, out = unescaped_.size();
        bool escapes = false;
        while (i < line.size() && line[i] != request_.delimiter) {
            if (line[i] != '\\' || i + 1 >= line.size()) {
                unescaped_ += line[i++];
                continue;
            }
            escapes = true;
            char c = line[++i];
            ++i;
            auto octal = [&](char d) { return d >= '0' && d <= '7'; };
            auto hex = [](char d) {
                return d >= '0' && d <= '9'   ? d - '0'
                       : d >= 'a' && d <= 'f' ? d - 'a' + 10
                       : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                              : -1;
            };
            if (octal(c)) {
                int value = c - '0';
                for (int n = 0; n < 2 && i < line.size() && octal(line[i]); ++n) value = value * 8 + (line[i++] - '0');
                unescaped_ += static_cast<char>(value);
            } else if (c == 'x' && i < line.size() && hex(line[i]) >= 0) {
                int value = hex(line[i++]);
                if (i < line.size() && hex(line[i]) >= 0) value = value * 16 + hex(line[i++]);
                unescaped_ += static_cast<char>(value);
            } else {
                unescaped_ += c == 'b'   ? '\b'
                              : c == 'f' ? '\f'
                              : c == 'n' ? '\n'
                              : c == 'r' ? '\r'
                              : c == 't' ? '\t'
                              : c == 'v' ? '\v'
                                         : c;
            }
        }
        std::string_view raw = line.substr(begin, i - begin);
        bool null = raw == request_.null_text;
        std::string_view text = escapes ? std::string_view(unescaped_).substr(out) : raw;
        fields.push_back({text, null});
        if (i >= line.size()) return;
        ++i;  // the delimiter
    }
}

void copy_reader::split_csv(std::string_view line, std::vector<copy_field>& fields) {
    auto forced = [](std::vector<std::int16_t> const& list, std::size_t column) {
        return std::find(list.begin(), list.end(), static_cast<std::int16_t>(column)) != list.end();
    };
    for (std::size_t i = 0;;) {
        std::size_t begin = i, out = unescaped_.size();
        bool saw_quote = false, quoting = false;
        while (i < line.size() && (quoting || line[i] != request_.delimiter)) {
            char c = line[i];
            if (!quoting && c == request_.quote) {
                saw_quote = quoting = true;
                ++i;
            } else if (quoting && c == request_.escape && i + 1 < line.size() &&
                       (line[i + 1] == request_.quote || line[i + 1] == request_.escape)) {
                unescaped_ += line[i + 1];
                i += 2;
            } else if (quoting && c == request_.quote) {
                quoting = false;
                ++i;
            } else {
                unescaped_ += c;
                ++i;
            }
        }
        std::string_view raw = line.substr(begin, i - begin);
        std::string_view text = saw_quote ? std::string_view(unescaped_).substr(out) : raw;
        std::size_t column = fields.size();
        bool null = text == request_.null_text && (!saw_quote || forced(request_.force_null, column)) &&
                    !forced(request_.force_not_null, column);
        fields.push_back({text, null});
        if (i >= line.size()) return;
        ++i;
    }
}

}  // namespace phantomdb::sql
