// Statements in, results out.

#include "shell.hpp"

#include "describe.hpp"
#include "typed_copy.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

namespace phantomsql {
namespace {

std::string trimmed(std::string const& text) {
    std::size_t from = text.find_first_not_of(" \t\r\n"), to = text.find_last_not_of(" \t\r\n");
    return from == text.npos ? std::string() : text.substr(from, to - from + 1);
}

/// The next argument of a backslash command: '…' quoted, or up to a blank. "…" stays quoted: it is part of a name.
std::string take_word(std::string& rest) {
    rest = trimmed(rest);
    std::string word;
    std::size_t at = 0;
    bool single = false, twice = false;
    for (; at < rest.size(); ++at) {
        char c = rest[at];
        if (c == '\'' && !twice) {
            single = !single;
            continue;
        }
        if (c == '"' && !single) twice = !twice;
        if ((c == ' ' || c == '\t') && !single && !twice) break;
        word += c;
    }
    rest.erase(0, at);
    return word;
}

/// The rest of a line as one name: quotes around it and a semicolon after it are dropped.
std::string bare_name(std::string text) {
    while (!text.empty() && (text.back() == ';' || text.back() == ' ')) text.pop_back();
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
    return text;
}

/// Opens a file to read. A directory opens too, and then has nothing to say: it is refused here.
bool open_file(std::ifstream& in, std::string const& path) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) in.open(path, std::ios::binary);
    return in.is_open();
}

}  // namespace

/// Prints results, writes COPY data, feeds COPY from a file or from the script.
class shell::output final : public receiver {
public:
    explicit output(shell& owner) : output(owner, owner.options_) {}
    output(shell& owner, print_options const& options) : owner_(owner), printer_(stdout, options) {}
    ~output() override { typed_copy::end(); }
    output(output const&) = delete;
    output& operator=(output const&) = delete;

    std::string title;
    std::FILE* copy_to = stdout;
    std::istream* copy_from = nullptr;
    bool copy_from_script = false;  ///< the data ends with a line "\."

    void begin(std::vector<result_column> const& columns) override {
        open_ = true;
        printer_.begin(columns, title);
    }
    void row(std::vector<cell> const& cells) override { printer_.row(cells); }
    void complete(std::string_view tag) override {
        bool rows = open_;
        if (open_) printer_.end();
        open_ = false;
        bool says_count = rows && tag.substr(0, 6) != "SELECT" && owner_.options_.format == output_format::table;
        bool plain_table = owner_.options_.format == output_format::table;
        if ((!rows || says_count) && !tag.empty() && !owner_.quiet && plain_table) {
            std::cout.flush();
            std::fprintf(stdout, "%.*s\n", static_cast<int>(tag.size()), tag.data());
        }
        if (!rows) ++owner_.generation_;
    }
    void notice(report const& said) override {
        std::fflush(stdout);
        std::cerr << owner_.source_ << format_report(said, {}, isatty(2) != 0);
    }
    void copy_out(std::string_view bytes) override { std::fwrite(bytes.data(), 1, bytes.size(), copy_to); }
    bool copy_in(std::string& bytes) override {
        std::istream& from = copy_from != nullptr ? *copy_from : owner_.input_ != nullptr ? *owner_.input_ : std::cin;
        bool script = copy_from == nullptr || copy_from_script;
        bool const terminal = &from == &std::cin && isatty(0) != 0;
        if (terminal && !copy_begun_) typed_copy::begin();
        if (terminal && !copy_begun_ && !owner_.quiet) {
            std::puts(
                "Enter data to be copied followed by a newline.\nEnd with a backslash and a period on a line by "
                "itself, or an EOF signal.");
            std::fflush(stdout);
        }
        copy_begun_ = true;
        bytes.clear();
        std::string line;
        while (!copy_ended_ && bytes.size() < (terminal ? 1 : 65536)) {
            if (terminal) {
                auto const how = typed_copy::read_line(line);
                if (how == typed_copy::outcome::interrupted) {
                    copy_ended_ = true;
                    throw report{"ERROR", "57014", "canceling statement due to user request", {}, {}, {}};
                }
                copy_ended_ = how == typed_copy::outcome::end || line == "\\.\n";
                if (line.empty() || line == "\\.\n") break;
                ++owner_.line_number_;
                bytes += line;
                continue;
            }
            if (!std::getline(from, line)) break;
            if (copy_from == nullptr) ++owner_.line_number_;
            copy_ended_ = script && (line == "\\." || line == "\\.\r");
            if (copy_ended_) break;
            bytes += line;
            if (!from.eof()) bytes += '\n';
        }
        return !bytes.empty();
    }

private:
    shell& owner_;
    printer printer_;
    bool open_ = false;
    bool copy_begun_ = false, copy_ended_ = false;
};

std::string format_report(report const& said, std::string const& statement, bool colour) {
    std::string red = colour && (said.severity == "ERROR" || said.severity == "FATAL" || said.severity == "PANIC")
                          ? "\033[1;31m"
                          : "";
    std::string text = red + said.severity + ":" + (red.empty() ? "" : "\033[0m") + "  " + said.message + "\n";
    if (said.position > 0 && !statement.empty()) {
        // Find the line of the character, and how far into it the character stands.
        std::size_t at = 0;
        for (int left = said.position - 1; left > 0 && at < statement.size(); --left) {
            do ++at;
            while (at < statement.size() && (statement[at] & 0xc0) == 0x80);
        }
        std::size_t first = at == 0 ? 0 : statement.rfind('\n', at - 1);
        first = first == std::string::npos ? 0 : (at == 0 ? 0 : first + 1);
        std::size_t last = statement.find('\n', at);
        std::string line = statement.substr(first, last == std::string::npos ? last : last - first);
        std::size_t number = 1;
        for (std::size_t i = 0; i < first; ++i) number += statement[i] == '\n';
        for (char& c : line) {
            if (c == '\t') c = ' ';
        }
        std::size_t before = display_width(std::string_view(statement).substr(first, at - first));
        for (std::size_t i = first; i < at; ++i) before += statement[i] == '\t';
        std::string head = "LINE " + std::to_string(number) + ": ";
        // Long lines: show the part around the place.
        constexpr std::size_t room = 72;
        if (before > room) {
            std::size_t cut = 0, width = 0;
            while (width < before - room / 2) {
                std::size_t end = cut;
                do ++end;
                while (end < line.size() && (line[end] & 0xc0) == 0x80);
                width += display_width(std::string_view(line).substr(cut, end - cut));
                cut = end;
            }
            line = "..." + line.substr(cut);
            before = before - width + 3;
        }
        text += head + line + "\n" + std::string(head.size() + before, ' ') + "^\n";
    }
    if (!said.detail.empty()) text += "DETAIL:  " + said.detail + "\n";
    if (!said.hint.empty()) text += "HINT:  " + said.hint + "\n";
    if (!said.context.empty()) text += "CONTEXT:  " + said.context + "\n";
    return text;
}

void shell::print(report const& failed, std::string const& statement) const {
    std::fflush(stdout);
    std::cerr << source_ << format_report(failed, statement, isatty(2) != 0) << std::flush;
}

void shell::complain(std::string const& message) {
    std::fflush(stdout);
    std::cerr << source_ << message << std::endl;
    result_ = outcome::failed;
}

bool shell::execute(std::string const& statement) {
    if (trimmed(statement).empty()) return true;
    auto begun = std::chrono::steady_clock::now();
    bool fine = true;
    output to(*this);
    try {
        target_->run(statement, to);
    } catch (report const& failed) {
        print(failed, statement);
        fine = false;
        result_ = failed.severity == "FATAL" ? outcome::lost : outcome::failed;
    }
    if (timing) {
        double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
        std::printf("Time: %.3f ms\n", ms);
    }
    std::fflush(stdout);
    return fine;
}

bool shell::feed(std::string const& line, bool interactive) {
    ++line_number_;
    if (buffer_.empty() && (line == "exit" || line == "quit") && interactive) return false;
    std::size_t at = 0, from = 0;
    for (;;) {
        switch (splitter_.scan(line, at)) {
            case statement_splitter::stop::semicolon: {
                std::string statement = buffer_ + line.substr(from, at - from);
                buffer_.clear();
                splitter_.reset();
                from = at;
                if (!execute(statement) && stop_on_error && !interactive) return false;
                if (result_ == outcome::lost && !interactive) return false;
                break;
            }
            case statement_splitter::stop::backslash: {
                std::string before = line.substr(from, at - from);
                std::string rest = line.substr(at);
                if (rest.substr(0, 2) == "\\;") {
                    at += 2;
                    break;
                }
                // A command works on what was typed before it on the line; \g runs it.
                buffer_ += before;
                if (rest.substr(0, 2) == "\\g") {
                    std::string statement = std::exchange(buffer_, {});
                    splitter_.reset();
                    return execute(statement) || !stop_on_error || interactive;
                }
                if (trimmed(buffer_).empty()) buffer_.clear();
                outcome before_command = std::exchange(result_, outcome::fine);
                bool stay = command(rest);
                bool failed = result_ != outcome::fine;
                if (!failed) result_ = before_command;
                return stay && !(failed && stop_on_error && !interactive);
            }
            case statement_splitter::stop::end_of_input: {
                // A line comment ends with its line.
                std::size_t newline = 0;
                splitter_.scan("\n", newline);
                std::string rest = line.substr(from);
                if (!buffer_.empty() || !trimmed(rest).empty()) buffer_ += rest + "\n";
                return true;
            }
        }
    }
}

void shell::finish() {
    std::string statement = std::exchange(buffer_, {});
    splitter_.reset();
    execute(statement);
}

void shell::abandon() {
    buffer_.clear();
    splitter_.reset();
}

std::string shell::prompt() const {
    char status = target_->transaction_status();
    std::string mark = status == 'T' ? "*" : status == 'E' ? "!" : "";
    std::string open(1, buffer_.empty() ? '=' : splitter_.open());
    return target_->database() + open + mark + "> ";
}

bool shell::run_stream(std::istream& in, std::string const& name, std::istream& data) {
    auto* outer_input = std::exchange(input_, &data);
    auto outer_line = std::exchange(line_number_, 0);
    auto outer_source = std::exchange(source_, std::string());
    auto outer_buffer = std::exchange(buffer_, std::string());
    auto outer_splitter = std::exchange(splitter_, {});
    bool stay = true;
    std::string line;
    while (stay && std::getline(in, line)) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!name.empty()) source_ = name + ":" + std::to_string(line_number_ + 1) + ": ";
        stay = feed(line, false);
    }
    if (stay) finish();
    input_ = outer_input;
    line_number_ = outer_line;
    source_ = outer_source;
    buffer_ = outer_buffer;
    splitter_ = outer_splitter;
    return stay;
}

bool shell::run_file(std::string const& path) {
    if (path == "-") return run_stream(std::cin, {}, std::cin);
    std::ifstream in;
    if (!open_file(in, path)) {
        complain("phantomsql: cannot read '" + path + "'");
        return !stop_on_error;
    }
    return run_stream(in, path, in);
}

bool shell::run_text(std::string const& text) {
    std::istringstream in(text);
    return run_stream(in, {}, std::cin);
}

void shell::change_database(std::string const& name) {
    try {
        target_ = target_->reconnect(name.empty() ? target_->database() : name);
        ++generation_;
        if (!quiet) std::printf("You are now connected to database \"%s\".\n", target_->database().c_str());
    } catch (report const& failed) {
        print(failed, {});
        result_ = outcome::failed;
        if (source_.empty()) std::cerr << "Previous connection kept\n";
    }
}

std::vector<std::vector<cell>> shell::fetch(std::string const& query) {
    struct collector final : receiver {
        std::vector<std::vector<cell>> rows;
        void begin(std::vector<result_column> const&) override {}
        void row(std::vector<cell> const& cells) override { rows.push_back(cells); }
        void complete(std::string_view) override {}
        void notice(report const&) override {}
        void copy_out(std::string_view) override {}
        bool copy_in(std::string&) override { return false; }
    } to;
    target_->run(query, to);
    return std::move(to.rows);
}

void shell::list(std::string const& title, std::string const& query) {
    output to(*this);
    to.title = title;
    try {
        target_->run(query, to);
    } catch (report const& failed) {
        print(failed, query);
        result_ = outcome::failed;
    }
}

void shell::describe(std::string const& pattern, bool wide) {
    try {
        auto found = fetch(find_relations(pattern));
        if (found.empty()) return complain("Did not find any relation named \"" + pattern + "\".");
        for (auto const& row : found) {
            char kind = row[3]->at(0);
            char const* word = kind == 'v' ? "View" : kind == 'i' ? "Index" : kind == 'S' ? "Sequence" : "Table";
            describe_one(*row[0], std::string(word) + " \"" + *row[1] + "." + *row[2] + "\"", kind, wide);
        }
    } catch (report const& failed) {
        print(failed, {});
        result_ = outcome::failed;
    }
}

void shell::describe_one(std::string const& oid, std::string const& title, char kind, bool wide) {
    print_options uncounted = options_;
    uncounted.count = false;
    output to(*this, uncounted);
    to.title = title;
    bool table = options_.format == output_format::table;
    std::string notes;
    if (kind == 'r' || kind == 'p') {
        auto section = [&](char const* name, std::string const& lines) {
            if (!lines.empty()) notes += std::string(name) + ":\n" + lines;
        };
        std::string lines;
        for (auto const& i : fetch(indexes_of(oid))) {
            std::string definition = i[3].value_or("");
            std::size_t using_at = definition.find(" USING ");
            std::string what = using_at == definition.npos ? definition : definition.substr(using_at + 7);
            lines += "    \"" + *i[0] + "\" ";
            if (i[1] == "t") lines += "PRIMARY KEY, ";
            else if (i[4] == "t") lines += "UNIQUE CONSTRAINT, ";
            else if (i[2] == "t") lines += "UNIQUE, ";
            lines += what + "\n";
        }
        section("Indexes", lines);
        lines.clear();
        for (auto const& c : fetch(checks_of(oid))) lines += "    \"" + *c[0] + "\" " + c[1].value_or("") + "\n";
        section("Check constraints", lines);
        lines.clear();
        for (auto const& c : fetch(foreign_keys_of(oid))) lines += "    \"" + *c[0] + "\" " + c[1].value_or("") + "\n";
        section("Foreign-key constraints", lines);
        lines.clear();
        for (auto const& c : fetch(references_to(oid))) {
            lines += "    TABLE \"" + *c[1] + "\" CONSTRAINT \"" + *c[0] + "\" " + c[2].value_or("") + "\n";
        }
        section("Referenced by", lines);
        for (auto const& m : fetch(method_of(oid))) {
            if (wide || m[0] != "heap") notes += "Access method: " + m[0].value_or("") + "\n";
        }
    }
    target_->run(columns_of(oid), to);
    bool const ended = notes.empty() && (options_.expanded || options_.tuples_only);
    if (table) std::printf("%s%s", notes.c_str(), ended ? "" : "\n");
}

bool shell::copy(std::string const& arguments) {
    // \copy SOURCE from|to 'file'|stdin|stdout|pstdin|pstdout [options] becomes COPY … FROM STDIN / TO STDOUT.
    std::string lower;
    int parentheses = 0;
    std::size_t place = std::string::npos;
    bool from = false;
    for (char c : arguments) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (std::size_t i = 0; i + 4 < lower.size() && place == std::string::npos; ++i) {
        if (lower[i] == '(') ++parentheses;
        if (lower[i] == ')') --parentheses;
        if (parentheses != 0) continue;
        if (lower.compare(i, 6, " from ") == 0) place = i, from = true;
        else if (lower.compare(i, 4, " to ") == 0) place = i;
    }
    if (place == std::string::npos) {
        complain("\\copy: say \\copy TABLE from 'FILE' or \\copy TABLE to 'FILE'");
        return true;
    }
    std::string source = arguments.substr(0, place), rest = arguments.substr(place + (from ? 6 : 4));
    std::string file = take_word(rest);
    while (!rest.empty() && (rest.back() == ';' || rest.back() == ' ')) rest.pop_back();
    if (rest.empty() && !file.empty() && file.back() == ';') file.pop_back();
    output to(*this);
    std::ifstream in;
    std::FILE* out = nullptr;
    bool standard = file == "stdin" || file == "stdout" || file == "pstdin" || file == "pstdout";
    if (!standard && from) {
        if (!open_file(in, file)) return complain("\\copy: cannot read '" + file + "'"), true;
        to.copy_from = &in;
    } else if (!standard) {
        out = std::fopen(file.c_str(), "wb");
        if (out == nullptr) return complain("\\copy: cannot write '" + file + "'"), true;
        to.copy_to = out;
    } else if (from && file == "pstdin") {
        to.copy_from = &std::cin;
        to.copy_from_script = true;
    }
    std::string statement = "COPY " + source + (from ? " FROM STDIN " : " TO STDOUT ") + rest;
    try {
        target_->run(statement, to);
    } catch (report const& failed) {
        print(failed, {});
        result_ = outcome::failed;
    }
    if (out != nullptr && std::fclose(out) != 0) complain("\\copy: cannot write '" + file + "'");
    return true;
}

bool shell::command(std::string const& line) {
    std::string rest = line.substr(1);
    std::size_t end = rest.find_first_of(" \t");
    std::string name = rest.substr(0, end);
    rest = end == rest.npos ? "" : trimmed(rest.substr(end));
    auto toggled = [&](bool& option, char const* what) {
        option = rest == "on" ? true : rest == "off" ? false : !option;
        if (!quiet) std::printf("%s is %s.\n", what, option ? "on" : "off");
    };
    bool const wide = name.size() > 1 && name.back() == '+';
    if (wide && name.front() == 'd') name.pop_back();
    auto relations = [&](char const* kinds) {
        listing l = list_relations(kinds, bare_name(rest), wide);
        list(l.title, l.query);
    };
    if (name == "q" || name == "quit") return false;
    if (name == "?" || name == "h" || name == "help") help();
    else if (name == "c" || name == "connect") change_database(bare_name(rest));
    else if (name == "conninfo") std::printf("%s\n", target_->description().c_str());
    else if (name == "x") toggled(options_.expanded, "Expanded display");
    else if (name == "t") toggled(options_.tuples_only, "Tuples only");
    else if (name == "timing") toggled(timing, "Timing");
    else if (name == "i" || name == "include") {
        std::string file = take_word(rest);
        if (file.empty()) complain("\\i: say which file");
        else if (++depth_ > 100) complain("\\i: files include each other more than 100 deep");
        else if (!run_file(file) && stop_on_error) return --depth_, false;
        --depth_;
    } else if (name == "copy") return copy(rest);
    else if (name == "echo") std::printf("%s\n", rest.c_str());
    else if (name == "format") {
        if (rest == "table") options_.format = output_format::table;
        else if (rest == "csv") options_.format = output_format::csv;
        else if (rest == "json") options_.format = output_format::json;
        else complain("\\format: say table, csv or json");
    } else if (name == "pset" && rest.substr(0, 5) == "null ") {
        rest = rest.substr(5);
        options_.null_text = take_word(rest);
    } else if (name == "d") {
        if (rest.empty()) relations("rvmSp");
        else describe(bare_name(rest).find('"') == std::string::npos ? bare_name(rest) : rest, wide);
    } else if (name == "dt") relations("rp");
    else if (name == "di") relations("i");
    else if (name == "dv") relations("v");
    else if (name == "ds") relations("S");
    else if (name == "dn") list(list_schemas(bare_name(rest)).title, list_schemas(bare_name(rest)).query);
    else if (name == "du") list(list_roles().title, list_roles().query);
    else if (name == "l" || name == "list") list(list_databases().title, list_databases().query);
    else if (name == "p") std::printf("%s\n", buffer_.c_str());
    else if (name == "r") abandon();
    else complain("invalid command \\" + name + "\nTry \\? for help.");
    std::fflush(stdout);
    return true;
}

void shell::help() const {
    std::fputs(
        "Statements end with a semicolon, or with \\g.\n"
        "\n"
        "  \\?                  this help\n"
        "  \\q                  leave\n"
        "  \\c NAME             connect to another database\n"
        "  \\conninfo           what this is connected to\n"
        "  \\d [NAME]           list tables, views and sequences; describe one\n"
        "  \\dt \\di \\dv \\ds [PATTERN]   list tables, indexes, views, sequences\n"
        "  \\dn \\du \\l          list schemas, roles, databases\n"
        "  \\i FILE             run a file\n"
        "  \\copy TABLE from 'FILE' [OPTIONS], \\copy TABLE to 'FILE' [OPTIONS]\n"
        "  \\x [on|off]         one line per column\n"
        "  \\t [on|off]         rows only, no headers\n"
        "  \\format table|csv|json\n"
        "  \\pset null TEXT     how NULL is shown\n"
        "  \\timing [on|off]    time each statement\n"
        "  \\echo TEXT          print text\n"
        "  \\p, \\r              print, forget the statement begun\n",
        stdout);
}

}  // namespace phantomsql
