// Line editing, by GNU readline.

#include "line_editor.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <readline/history.h>
#include <readline/readline.h>

namespace phantomsql {
namespace {

std::function<std::vector<std::string>()> complete_from;
int const interrupts = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
bool cut_short = false;

/// On whatever thread.
void on_interrupt(int) {
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const written = ::write(interrupts, &one, sizeof one);
}

/// The next byte that is typed. An interrupt is looked at here alone, never amid readline's work: it leaves a search or a question
/// first, as ^G does, and then ends the line with nothing in it.
int next_byte(std::FILE* from) {
    for (;;) {
        pollfd waiting[]{{::fileno(from), POLLIN, 0}, {interrupts, POLLIN, 0}};
        if (!cut_short && ::poll(waiting, 2, -1) < 0) {
            if (errno != EINTR) return EOF;
            rl_check_signals();  // the window has another size
            continue;
        }
        std::uint64_t count = 0;
        if (::read(interrupts, &count, sizeof count) > 0) cut_short = true;
        if (cut_short && !RL_ISSTATE(RL_STATE_READCMD)) return CTRL('G');
        if (cut_short) {
            rl_replace_line("", 0);
            return '\n';
        }
        if (waiting[0].revents == 0) continue;
        unsigned char byte = 0;
        ssize_t const n = ::read(waiting[0].fd, &byte, 1);
        if (n == 1) return byte;
        if (n == 0 || errno != EINTR) return EOF;
    }
}

char* next_match(char const* text, int again) {
    static std::vector<std::string> matches;
    static std::size_t at = 0;
    if (again == 0) {
        matches.clear();
        at = 0;
        std::string prefix(text);
        bool upper = !prefix.empty() && std::isupper(static_cast<unsigned char>(prefix.back())) != 0;
        auto offer = [&](std::string const& word, bool keyword) {
            if (word.size() < prefix.size() || strncasecmp(word.c_str(), prefix.c_str(), prefix.size()) != 0) return;
            std::string shown = word;
            if (keyword && upper) {
                for (char& c : shown) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            }
            matches.push_back(shown);
        };
        for (auto const& word : complete_from()) offer(word, false);
        for (auto const& word : sql_keywords()) offer(word, true);
    }
    return at < matches.size() ? strdup(matches[at++].c_str()) : nullptr;
}

char** completions(char const* text, int, int) {
    rl_attempted_completion_over = 1;
    return rl_completion_matches(text, next_match);
}

}  // namespace

line_editor::line_editor(std::string history_file, std::function<std::vector<std::string>()> words)
    : history_file_(std::move(history_file)) {
    complete_from = std::move(words);
    rl_readline_name = "phantomsql";
    rl_attempted_completion_function = completions;
    rl_completer_word_break_characters = const_cast<char*>(" \t\n\"'`@$><=;|&{(,)+-*/.");
    rl_catch_signals = 0;
    rl_getc_function = next_byte;
    if (!history_file_.empty()) read_history(history_file_.c_str());
    stifle_history(2000);
}

line_editor::~line_editor() {
    if (!history_file_.empty()) write_history(history_file_.c_str());
}

std::optional<std::string> line_editor::read(std::string const& prompt) {
    interrupted_ = cut_short = false;
    std::uint64_t late = 0;  // what came for the line before
    while (::read(interrupts, &late, sizeof late) > 0) {
    }
    struct sigaction mine{}, before{};
    mine.sa_handler = on_interrupt;
    sigaction(SIGINT, &mine, &before);
    char* line = readline(prompt.c_str());
    sigaction(SIGINT, &before, nullptr);
    interrupted_ = cut_short;
    if (line == nullptr) return std::nullopt;
    std::string made(interrupted_ ? "" : line);
    std::free(line);
    return made;
}

void line_editor::remember(std::string const& statement) {
    if (statement.empty()) return;
    HIST_ENTRY const* last = history_length > 0 ? history_get(history_base + history_length - 1) : nullptr;
    if (last == nullptr || statement != last->line) add_history(statement.c_str());
}

std::vector<std::string> const& sql_keywords() {
    static std::vector<std::string> const words{
        "add",        "all",       "alter",     "analyze",   "and",          "any",
        "as",         "asc",       "begin",     "between",   "by",           "cascade",
        "case",       "cast",      "check",     "column",    "commit",       "conflict",
        "constraint", "copy",      "create",    "cross",     "current_date", "current_timestamp",
        "database",   "default",   "delete",    "desc",      "distinct",     "do",
        "drop",       "else",      "end",       "except",    "exists",       "explain",
        "false",      "fetch",     "filter",    "first",     "for",          "foreign",
        "from",       "full",      "group",     "having",    "if",           "ilike",
        "in",         "index",     "inner",     "insert",    "intersect",    "interval",
        "into",       "is",        "join",      "key",       "last",         "lateral",
        "left",       "like",      "limit",     "not",       "nothing",      "null",
        "nulls",      "offset",    "on",        "or",        "order",        "outer",
        "over",       "partition", "primary",   "recursive", "references",   "rename",
        "reset",      "restrict",  "returning", "right",     "rollback",     "row",
        "rows",       "savepoint", "schema",    "select",    "sequence",     "set",
        "show",       "table",     "then",      "to",        "transaction",  "true",
        "truncate",   "union",     "unique",    "update",    "using",        "vacuum",
        "values",     "view",      "when",      "where",     "window",       "with"};
    return words;
}

}  // namespace phantomsql
