/// @file Implements `parse` over libpg_query and Boost.JSON.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/sql/parser.hpp>

#include <boost/json/parse.hpp>

#include <pg_query.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace phantomdb::sql {

namespace {

/// JSON levels that Boost.JSON and the binder may recurse into; an operator takes two of them.
constexpr std::size_t deepest_tree = 8000;
/// libpg_query itself recurses along chains of operators when it writes its tree and does not check its stack.
constexpr int longest_chain = 20000;

error too_complex() {
    return error(errc::statement_too_complex, "stack depth limit exceeded")
        .with_hint(
            "The statement nests expressions too deep; write it as lists (IN, VALUES, AND) or in several statements.");
}

bool word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (c & 0x80);
}

/// Past a quoted run that starts at `at`; backslashes count in E'…' only, which errs on the safe side here.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
    char quote = text[at];
    std::size_t end = text.find(quote, at + 1);
    return end == std::string_view::npos ? text.size() : end + 1;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        if (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r')) {
            ++at;
        } else if (text.substr(at, 2) == "--") {
            at = std::min(text.find('\n', at), text.size());
        } else if (text.substr(at, 2) == "/*") {
            std::size_t depth = 1;
            for (at += 2; at < text.size() && depth > 0;) {
                if (text.substr(at, 2) == "*/") {
                    --depth, at += 2;
                } else if (text.substr(at, 2) == "/*") {
                    ++depth, at += 2;
                } else {
                    ++at;
                }
            }
        } else {
            break;
        }
    }
    return at;
}

bool is_chaining_word(std::string_view word) {
    static constexpr std::array<std::string_view, 16> words{
        "at",   "between", "collate", "escape", "except",  "ilike",    "intersect", "is",
        "join", "like",    "isnull",  "not",    "notnull", "operator", "similar",   "union"};
    char lower[10];
    if (word.size() > sizeof lower) return false;
    std::transform(word.begin(), word.end(), lower, [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    std::string_view wanted{lower, word.size()};
    return std::find(words.begin(), words.end(), wanted) != words.end();
}

/// Refuses a text in which one list element holds so many operators that writing its tree could overflow the stack.
void check_chains(std::string_view text) {
    std::vector<int> chains{0};
    auto longer = [&] {
        if (++chains.back() > longest_chain) throw too_complex();
    };
    for (std::size_t at = skip_space(text, 0); at < text.size(); at = skip_space(text, at)) {
        char c = text[at];
        if (c == '\'' || c == '"') {
            at = skip_quoted(text, at);
        } else if (c == '(' || c == '[') {
            chains.push_back(0), ++at;
        } else if (c == ')' || c == ']') {
            if (chains.size() > 1) chains.pop_back();
            longer(), ++at;
        } else if (c == ',' || c == ';') {
            chains.back() = 0, ++at;
        } else if (word_character(c)) {
            std::size_t end = at;
            while (end < text.size() && word_character(text[end])) ++end;
            std::string_view word = text.substr(at, end - at);
            if (word.size() <= 3 && (word == "and" || word == "or" || word == "AND" || word == "OR")) {
                chains.back() = 0;  // the grammar keeps these as flat lists
            } else if (is_chaining_word(word)) {
                longer();
            }
            at = end;
        } else {
            longer(), ++at;
        }
    }
}

struct pg_result {
    PgQueryParseResult result;
    explicit pg_result(char const* text) : result(pg_query_parse(text)) {}
    ~pg_result() { pg_query_free_parse_result(result); }
    pg_result(pg_result const&) = delete;
    pg_result& operator=(pg_result const&) = delete;
};

}  // namespace

int character_position(std::string_view text, std::int64_t offset) {
    if (offset < 0) return 0;
    text = text.substr(0, std::min(static_cast<std::size_t>(offset), text.size()));
    return 1 + static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

parsed_script parse(std::string_view script) {
    if (std::size_t zero = script.find('\0'); zero != std::string_view::npos) {
        throw error(errc::character_not_in_repertoire, "invalid byte sequence for encoding \"UTF8\": 0x00");
    }
    if (script.size() > std::size_t{longest_chain}) check_chains(script);

    parsed_script made;
    auto& content = *made.content_;
    content.text.assign(script);
    pg_result parsed(content.text.c_str());
    if (PgQueryError const* failed = parsed.result.error) {
        std::string_view message = failed->message;
        if (message.starts_with("memory exhausted") || message.starts_with("stack depth")) throw too_complex();
        // libpg_query already counts the position in characters.
        error shown = error(errc::syntax_error, std::string(message)).at(failed->cursorpos);
        if (message == "subquery in FROM must have an alias") shown.hint = "For example, FROM (SELECT ...) [AS] foo.";
        if (message == "VALUES in FROM must have an alias") shown.hint = "For example, FROM (VALUES ...) [AS] foo.";
        throw shown;
    }

    boost::json::parse_options options;
    options.max_depth = deepest_tree;
    boost::json::error_code failure;
    content.tree = boost::json::parse(parsed.result.parse_tree, failure, &content.memory, options);
    if (failure == boost::json::error::too_deep) throw too_complex();
    if (failure) throw error(errc::internal_error, "the parse tree cannot be read: " + failure.message());

    for (ast part : ast(&content.tree).list("stmts")) {
        std::size_t begin = skip_space(content.text, static_cast<std::size_t>(part.number("stmt_location")));
        std::size_t length = static_cast<std::size_t>(part.number("stmt_len"));
        std::size_t end =
            length ? static_cast<std::size_t>(part.number("stmt_location")) + length : content.text.size();
        content.statements.push_back({part["stmt"], begin, std::max(begin, end)});
    }
    return made;
}

parsed_expression parse_expression(std::string_view expression) {
    parsed_expression made{parse("SELECT " + std::string(expression)), {}};
    PHANTOMDB_ASSERT(made.script.statements().size() == 1);
    made.root = made.script.statements().front().node.list("targetList").front()["val"];
    return made;
}

std::int64_t integer_constant(ast node, std::string_view script) {
    if (std::int64_t value = node.is("A_Const") ? node["ival"].number("ival") : node["arg"].number("ival"))
        return value;
    // Zero or a negative number. Find the sign and the digits where the constant stands.
    std::size_t at = static_cast<std::size_t>(std::max<std::int64_t>(node.location(), 0));
    while (at < script.size() && script[at] != '-' && !(script[at] >= '0' && script[at] <= '9')) ++at;
    if (at >= script.size() || script[at] != '-') return 0;
    while (at < script.size() && !(script[at] >= '0' && script[at] <= '9')) {
        at = script[at] == '-' || script[at] == '(' ? skip_space(script, at + 1) : script.size();
    }
    std::int64_t magnitude = 0;
    std::from_chars(script.data() + at, script.data() + script.size(), magnitude);
    return -magnitude;
}

}  // namespace phantomdb::sql
