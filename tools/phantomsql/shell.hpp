/// @file Defines `shell`: runs statements and backslash commands against a target and prints what comes back.
#pragma once

#include "printer.hpp"
#include "statement_splitter.hpp"
#include "target.hpp"

#include <csignal>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace phantomsql {

/// How a run ended, as a process exit status.
enum class outcome : int { fine = 0, failed = 3, lost = 2 };

class shell {
public:
    shell(std::unique_ptr<target> to, print_options options) : target_(std::move(to)), options_(std::move(options)) {}

    bool quiet = false;          ///< no command tags
    bool stop_on_error = false;  ///< a script ends at its first error (-v ON_ERROR_STOP=1)
    bool timing = false;

    /// Takes one line of input: keeps it, or runs what it completes. False: the user wants to leave.
    bool feed(std::string const& line, bool interactive);
    /// At the end of input: runs what is left, if anything.
    void finish();
    /// A whole file, or text given with -c (in which backslash commands work too).
    bool run_file(std::string const& path);
    bool run_text(std::string const& text);

    /// Forgets a statement that was begun (Ctrl-C).
    void abandon();
    std::string prompt() const;
    outcome result() const { return result_; }
    target& connection() { return *target_; }
    /// Goes up whenever names may have changed: completion fetches them again.
    unsigned generation() const { return generation_; }

private:
    class output;

    bool command(std::string const& line);
    bool run_stream(std::istream& in, std::string const& name, std::istream& data);
    bool execute(std::string const& statement);
    bool copy(std::string const& arguments);
    void describe(std::string const& pattern, bool wide);
    void describe_one(std::string const& oid, std::string const& title, char kind, bool wide);
    void list(std::string const& title, std::string const& query);
    std::vector<std::vector<cell>> fetch(std::string const& query);
    void print(report const& failed, std::string const& statement) const;
    void complain(std::string const& message);
    void change_database(std::string const& name);
    void help() const;

    std::unique_ptr<target> target_;
    print_options options_;
    statement_splitter splitter_;
    std::string buffer_;             ///< the statement so far
    std::istream* input_ = nullptr;  ///< where COPY … FROM STDIN reads: on in a script, the standard input with -c
    std::string source_;             ///< "file.sql:12: " before messages from a script
    std::size_t line_number_ = 0;
    int depth_ = 0;
    outcome result_ = outcome::fine;
    unsigned generation_ = 0;
};

/// Writes an error the way psql does: message, the line with a caret under the place, detail, hint.
std::string format_report(report const& said, std::string const& statement, bool colour);

}  // namespace phantomsql
