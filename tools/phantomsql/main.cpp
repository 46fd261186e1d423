// phantomsql: the shell of PhantomDB.

#include "line_editor.hpp"
#include "shell.hpp"
#include "target.hpp"
#include "typed_copy.hpp"

#include <phantomdb/base/config.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace {

using namespace phantomsql;

target* interrupted_target = nullptr;

/// Ctrl-C while a statement runs: ask it to stop. What is typed for COPY is not waited for any more.
void cancel_statement(int) {
    if (!typed_copy::interrupt() && interrupted_target != nullptr) interrupted_target->cancel();
}

bool is_url(std::string const& where) {
    return where.rfind("postgresql://", 0) == 0 || where.rfind("postgres://", 0) == 0 ||
           (where.find('=') != std::string::npos && where.find('/') == std::string::npos);
}

std::string history_file() {
    char const* given = std::getenv("PHANTOMSQL_HISTORY");
    if (given != nullptr) return given;
    char const* home = std::getenv("HOME");
    return home == nullptr ? std::string() : std::string(home) + "/.phantomsql_history";
}

/// Names of tables and columns, fetched when a statement may have changed them.
class name_list {
public:
    explicit name_list(shell& owner) : owner_(owner) {}

    std::vector<std::string> const& get() {
        if (known_ != owner_.generation() && owner_.connection().transaction_status() != 'E') {
            known_ = owner_.generation();
            names_.clear();
            struct collector final : receiver {
                explicit collector(std::vector<std::string>& into) : names(into) {}
                std::vector<std::string>& names;
                void begin(std::vector<result_column> const&) override {}
                void row(std::vector<cell> const& cells) override { names.push_back(cells[0].value_or("")); }
                void complete(std::string_view) override {}
                void notice(report const&) override {}
                void copy_out(std::string_view) override {}
                bool copy_in(std::string&) override { return false; }
            } to(names_);
            try {
                owner_.connection().run(
                    "SELECT table_name::text FROM information_schema.tables WHERE table_schema <> 'information_schema' "
                    "AND table_schema NOT IN ('pg_catalog', 'phantom') UNION SELECT column_name::text FROM "
                    "information_schema.columns "
                    "WHERE table_schema <> 'information_schema' AND table_schema NOT IN ('pg_catalog', 'phantom') "
                    "ORDER BY 1",
                    to);
            } catch (report const&) {
                // Completion is a convenience: without names there are still keywords.
            }
        }
        return names_;
    }

private:
    shell& owner_;
    unsigned known_ = ~0u;
    std::vector<std::string> names_;
};

/// The exit status of what did not happen at a terminal. Output that nobody could get is a failure, too.
int ended(outcome how) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return static_cast<int>(how);
    std::cerr << "phantomsql: could not write the output\n";
    return static_cast<int>(how == outcome::fine ? outcome::failed : how);
}

int interact(shell& sh) {
    std::cout << "phantomsql " << phantomdb::version_text << " (\\? for help, \\q to leave)\n";
    name_list names(sh);
    line_editor editor(history_file(), [&] { return names.get(); });
    struct sigaction on_interrupt{};
    on_interrupt.sa_handler = cancel_statement;
    sigaction(SIGINT, &on_interrupt, nullptr);
    for (;;) {
        interrupted_target = nullptr;
        auto line = editor.read(sh.prompt());
        if (!line) break;
        if (editor.interrupted()) {
            sh.abandon();
            continue;
        }
        editor.remember(*line);
        interrupted_target = &sh.connection();
        if (!sh.feed(*line, true)) return 0;
        if (sh.result() == outcome::lost) return static_cast<int>(outcome::lost);
    }
    std::cout << "\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::setlocale(LC_CTYPE, "");
    CLI::App app{
        "The shell of PhantomDB: SQL over an embedded directory or a server.\n\n"
        "  phantomsql shop.phantom                       a directory, made if it is not there\n"
        "  phantomsql postgresql://localhost:5432/shop   a server\n"};
    std::string where = "postgresql://127.0.0.1:5432/postgres", database, format = "table";
    std::vector<std::string> commands, files;
    bool tuples_only = false, expanded = false, quiet = false, csv = false, json = false, stop = false;
    app.add_option("where", where, "directory, postgresql:// URL, or \"host=… dbname=…\"")->capture_default_str();
    app.add_option("-d,--database", database, "database in the directory (default: postgres)");
    app.add_option("-c,--command", commands, "run a statement or \\command and leave; may be repeated")->take_all();
    app.add_option("-f,--file", files, "run a file and leave; may be repeated, - is the standard input")->take_all();
    app.add_option("--format", format, "table, csv or json")->check(CLI::IsMember({"table", "csv", "json"}));
    app.add_flag("--csv", csv, "same as --format csv");
    app.add_flag("--json", json, "same as --format json");
    app.add_flag("-t,--tuples-only", tuples_only, "rows only: no headers, no counts");
    app.add_flag("-x,--expanded", expanded, "one line per column");
    app.add_flag("-q,--quiet", quiet, "no command tags");
    app.add_flag("--stop-on-error", stop, "a script ends at its first error");
    app.set_version_flag("-V,--version", std::string("phantomsql (PhantomDB) ") + phantomdb::version_text);
    app.footer(
        "Exit status: 0, 1 for options that make no sense, 2 where the connection is refused or lost, 3 after an "
        "error.");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& said) {
        return app.exit(said) == 0 ? 0 : 1;
    }

    print_options options;
    options.format = csv || format == "csv"     ? output_format::csv
                     : json || format == "json" ? output_format::json
                                                : output_format::table;
    options.tuples_only = tuples_only;
    options.expanded = expanded;
    try {
        std::unique_ptr<target> to;
        if (is_url(where)) {
            to = connect_to_server(where);
            if (!database.empty() && database != to->database()) to = to->reconnect(database);
        } else {
            to = open_embedded(where, database.empty() ? "postgres" : database);
        }
        shell sh(std::move(to), options);
        sh.quiet = quiet;
        sh.stop_on_error = stop;
        if (!commands.empty() || !files.empty()) {
            bool stay = true;
            for (auto const& c : commands) stay = stay && sh.run_text(c);
            for (auto const& f : files) stay = stay && sh.run_file(f);
            return ended(sh.result());
        }
        if (isatty(0) != 0 && isatty(1) != 0) return interact(sh);
        sh.run_file("-");
        return ended(sh.result());
    } catch (report refused) {
        if (app.count("where") == 0) refused.hint = "To work on a directory, name it: phantomsql shop.phantom";
        std::cerr << format_report(refused, {}, isatty(2) != 0);
        return static_cast<int>(outcome::lost);
    }
}
