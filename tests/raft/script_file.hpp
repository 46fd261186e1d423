/// @file Scripts of commands and the output each must have: reading them, and comparing.
///
/// A script is a list of cases separated by blank lines:
///
///     # a comment
///     command argument key=value key=(value,value)
///     input, if any
///     ----
///     expected output, up to a blank line
///
/// Output that contains blank lines is framed by `----` twice on either side.
///
/// What is not compared: lines of expected output that begin, after blanks, with `INFO ` or `DEBUG `, which are log lines of
/// those levels. They are taken out of what is expected; the driver writes none. A case of which nothing is left expects `ok`,
/// which is what a command says that has nothing to say. Everything else, log lines of higher levels among it, is compared
/// byte by byte.
#pragma once

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::test {

struct script_argument {
    std::string key;
    std::vector<std::string> values;  ///< none for a word without `=`
};

struct script_command {
    std::string name;
    std::vector<script_argument> arguments;

    /// The `n`th argument as a number.
    std::uint64_t number(std::size_t n) const {
        if (n >= arguments.size()) throw std::runtime_error(name + ": an argument is missing");
        return std::stoull(arguments[n].key);
    }
    std::vector<std::string> const* values(std::string_view key) const {
        for (auto const& argument : arguments) {
            if (argument.key == key) return &argument.values;
        }
        return nullptr;
    }
    /// The words without `=` as numbers.
    std::vector<std::uint64_t> numbers() const {
        std::vector<std::uint64_t> found;
        for (auto const& argument : arguments) {
            if (argument.values.empty()) found.push_back(std::stoull(argument.key));
        }
        return found;
    }
};

struct script_case {
    std::size_t line = 0;  ///< of the command, from 1
    script_command command;
    std::string input;     ///< lines, each with its end
    std::string expected;  ///< lines, each with its end
};

inline std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        std::size_t const end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return lines;
}

inline script_command parse_command(std::string_view line) {
    auto const blank = [](char c) { return c == ' ' || c == '\t'; };
    auto const word = [&](std::string_view stops) {
        std::size_t n = 0;
        while (n < line.size() && !blank(line[n]) && stops.find(line[n]) == stops.npos) ++n;
        std::string found(line.substr(0, n));
        line.remove_prefix(n);
        return found;
    };
    auto const skip_blanks = [&] {
        while (!line.empty() && blank(line[0])) line.remove_prefix(1);
    };
    script_command command;
    skip_blanks();
    command.name = word("");
    for (skip_blanks(); !line.empty(); skip_blanks()) {
        script_argument argument;
        argument.key = word("=");
        if (!line.empty() && line[0] == '=') {
            line.remove_prefix(1);
            if (!line.empty() && line[0] == '(') {
                line.remove_prefix(1);
                for (skip_blanks(); !line.empty() && line[0] != ')'; skip_blanks()) {
                    argument.values.push_back(word(",)"));
                    skip_blanks();
                    if (!line.empty() && line[0] == ',') line.remove_prefix(1);
                }
                if (line.empty()) throw std::runtime_error("a parenthesis is not closed");
                line.remove_prefix(1);
            } else {
                argument.values.push_back(word(""));
            }
        }
        command.arguments.push_back(std::move(argument));
    }
    return command;
}

inline std::vector<script_case> parse_script(std::string_view text) {
    std::vector<script_case> cases;
    std::vector<std::string> const lines = lines_of(text);
    for (std::size_t i = 0; i < lines.size();) {
        if (lines[i].empty() || lines[i][0] == '#') {
            ++i;
            continue;
        }
        script_case made;
        made.line = i + 1;
        std::string command = lines[i++];
        while (command.ends_with('\\') && i < lines.size()) {
            command.pop_back();
            command += lines[i++];
        }
        made.command = parse_command(command);
        while (i < lines.size() && lines[i] != "----") made.input += lines[i++] + '\n';
        if (i == lines.size())
            throw std::runtime_error("line " + std::to_string(made.line) + ": no output is expected");
        ++i;
        if (i < lines.size() && lines[i] == "----") {
            for (++i; i + 1 < lines.size() && !(lines[i] == "----" && lines[i + 1] == "----"); ++i) {
                made.expected += lines[i] + '\n';
            }
            i += 2;
        } else {
            while (i < lines.size() && !lines[i].empty()) made.expected += lines[i++] + '\n';
        }
        cases.push_back(std::move(made));
    }
    return cases;
}

/// Whether a line of expected output is not compared.
inline bool is_filtered(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line.starts_with("INFO ") || line.starts_with("DEBUG ");
}

struct script_result {
    std::size_t cases = 0;
    std::size_t compared = 0;               ///< lines
    std::size_t filtered = 0;               ///< lines
    std::optional<std::string> difference;  ///< the first one
};

/// Runs the cases until one differs. `run` gives the output of a case; a `std::exception` it throws is a difference, too.
inline script_result run_script(std::vector<script_case> const& cases,
                                std::function<std::string(script_case const&)> const& run) {
    script_result result;
    for (script_case const& one : cases) {
        ++result.cases;
        std::vector<std::string> expected;
        for (std::string& line : lines_of(one.expected)) {
            if (is_filtered(line)) {
                ++result.filtered;
            } else {
                expected.push_back(std::move(line));
            }
        }
        if (expected.empty()) expected.push_back("ok");
        std::vector<std::string> actual;
        std::string failure;
        try {
            actual = lines_of(run(one));
        } catch (std::exception const& error) {
            failure = error.what();
        }
        result.compared += expected.size();
        if (actual == expected) continue;
        std::size_t same = 0;
        while (same < actual.size() && same < expected.size() && actual[same] == expected[same]) ++same;
        std::string text = "line " + std::to_string(one.line) + ": " + one.command.name + "\n";
        if (!failure.empty()) text += "  failed:   " + failure + '\n';
        for (std::size_t i = same < 3 ? 0 : same - 3; i < same; ++i) text += "            " + expected[i] + '\n';
        text += "  expected: " + (same < expected.size() ? expected[same] : "(the end)") + '\n';
        text += "  actual:   " + (same < actual.size() ? actual[same] : "(the end)") + '\n';
        result.difference = text;
        return result;
    }
    return result;
}

inline std::string read_whole_file(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read '" + path + "'");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace phantomdb::test
