#include <phantomdb/sql/source_text.hpp>

#include <algorithm>

namespace phantomdb::sql {

namespace {

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80); }
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '$'; }
char lower_of(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// The words PostgreSQL reserves: as names they need quotes.
constexpr std::string_view reserved_words[] = {"all",
                                               "analyse",
                                               "analyze",
                                               "and",
                                               "any",
                                               "array",
                                               "as",
                                               "asc",
                                               "asymmetric",
                                               "authorization",
                                               "between",
                                               "bigint",
                                               "binary",
                                               "bit",
                                               "boolean",
                                               "both",
                                               "case",
                                               "cast",
                                               "char",
                                               "character",
                                               "check",
                                               "coalesce",
                                               "collate",
                                               "collation",
                                               "column",
                                               "concurrently",
                                               "constraint",
                                               "create",
                                               "cross",
                                               "current_catalog",
                                               "current_date",
                                               "current_role",
                                               "current_schema",
                                               "current_time",
                                               "current_timestamp",
                                               "current_user",
                                               "dec",
                                               "decimal",
                                               "default",
                                               "deferrable",
                                               "desc",
                                               "distinct",
                                               "do",
                                               "else",
                                               "end",
                                               "except",
                                               "exists",
                                               "extract",
                                               "false",
                                               "fetch",
                                               "float",
                                               "for",
                                               "foreign",
                                               "freeze",
                                               "from",
                                               "full",
                                               "grant",
                                               "greatest",
                                               "group",
                                               "grouping",
                                               "having",
                                               "ilike",
                                               "in",
                                               "initially",
                                               "inner",
                                               "inout",
                                               "int",
                                               "integer",
                                               "intersect",
                                               "interval",
                                               "into",
                                               "is",
                                               "isnull",
                                               "join",
                                               "lateral",
                                               "leading",
                                               "least",
                                               "left",
                                               "like",
                                               "limit",
                                               "localtime",
                                               "localtimestamp",
                                               "national",
                                               "natural",
                                               "nchar",
                                               "none",
                                               "normalize",
                                               "not",
                                               "notnull",
                                               "null",
                                               "nullif",
                                               "numeric",
                                               "offset",
                                               "on",
                                               "only",
                                               "or",
                                               "order",
                                               "out",
                                               "outer",
                                               "overlaps",
                                               "overlay",
                                               "placing",
                                               "position",
                                               "precision",
                                               "primary",
                                               "real",
                                               "references",
                                               "returning",
                                               "right",
                                               "row",
                                               "select",
                                               "session_user",
                                               "setof",
                                               "similar",
                                               "smallint",
                                               "some",
                                               "substring",
                                               "symmetric",
                                               "table",
                                               "tablesample",
                                               "then",
                                               "time",
                                               "timestamp",
                                               "to",
                                               "trailing",
                                               "treat",
                                               "trim",
                                               "true",
                                               "union",
                                               "unique",
                                               "user",
                                               "using",
                                               "values",
                                               "varchar",
                                               "variadic",
                                               "verbose",
                                               "when",
                                               "where",
                                               "window",
                                               "with"};

}  // namespace

bool token::is_word(std::string_view lower_case) const {
    return text.size() == lower_case.size() &&
           std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) { return lower_of(a) == b; });
}

token token_reader::next() {
    std::string_view t = text_;
    std::size_t& i = at_;
    for (;;) {
        while (i < t.size() && (t[i] == ' ' || (t[i] >= '\t' && t[i] <= '\r'))) ++i;
        if (t.substr(i, 2) == "--") {
            i = std::min(t.size(), t.find('\n', i));
        } else if (t.substr(i, 2) == "/*") {
            int depth = 1;
            for (i += 2; i < t.size() && depth > 0; ++i) {
                if (t.substr(i, 2) == "/*") ++depth, ++i;
                else if (t.substr(i, 2) == "*/") --depth, ++i;
            }
        } else {
            break;
        }
    }
    if (i >= t.size()) return {{}, t.size()};
    std::size_t begin = i;
    auto quoted = [&](char quote, bool backslashes) {
        for (++i; i < t.size(); ++i) {
            if (backslashes && t[i] == '\\') ++i;
            else if (t[i] == quote) {
                if (i + 1 < t.size() && t[i + 1] == quote) ++i;
                else break;
            }
        }
        i = std::min(i + 1, t.size());
    };
    char c = t[i];
    if (c == '\'' || c == '"') {
        quoted(c, false);
    } else if ((c == 'e' || c == 'E') && i + 1 < t.size() && t[i + 1] == '\'') {
        ++i;
        quoted('\'', true);
    } else if (c == '$') {
        std::size_t close = t.find('$', i + 1);
        bool tag = close != std::string_view::npos &&
                   std::all_of(t.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                               t.begin() + static_cast<std::ptrdiff_t>(close), is_name_part);
        if (tag && !(i + 1 < t.size() && t[i + 1] >= '0' && t[i + 1] <= '9')) {
            std::string_view mark = t.substr(i, close - i + 1);
            std::size_t end = t.find(mark, close + 1);
            i = end == std::string_view::npos ? t.size() : end + mark.size();
        } else {
            ++i;
            while (i < t.size() && t[i] >= '0' && t[i] <= '9') ++i;
        }
    } else if (is_name_start(c) || (c >= '0' && c <= '9')) {
        while (i < t.size() && is_name_part(t[i])) ++i;
    } else {
        ++i;
    }
    return {t.substr(begin, i - begin), begin};
}

std::string_view parenthesized(std::string_view text, std::size_t from) {
    token_reader reader(text, from);
    token t = reader.next();
    while (!t.text.empty() && !t.is('(')) t = reader.next();
    std::size_t begin = t.end();
    int depth = 1;
    while (depth > 0) {
        t = reader.next();
        if (t.text.empty()) break;
        if (t.is('(')) ++depth;
        if (t.is(')')) --depth;
    }
    std::string_view inside = text.substr(begin, t.begin - begin);
    while (!inside.empty() && inside.back() == ' ') inside.remove_suffix(1);
    while (!inside.empty() && inside.front() == ' ') inside.remove_prefix(1);
    return inside;
}

std::string_view clause(std::string_view text, std::size_t from, std::vector<std::string_view> const& stops) {
    token_reader reader(text, from);
    token first = reader.next();
    std::size_t end = first.begin;
    int depth = 0;
    for (token t = first; !t.text.empty(); t = reader.next()) {
        if (depth == 0) {
            if (t.is(',') || t.is(';') || t.is(')')) break;
            bool stop = t.begin != first.begin &&
                        std::any_of(stops.begin(), stops.end(), [&](std::string_view word) { return t.is_word(word); });
            if (stop) break;
        }
        if (t.is('(') || t.is('[')) ++depth;
        if (t.is(')') || t.is(']')) --depth;
        end = t.end();
    }
    return text.substr(first.begin, end - first.begin);
}

std::size_t after_word(std::string_view text, std::size_t from, std::string_view word) {
    token_reader reader(text, from);
    int depth = 0;
    for (token t = reader.next(); !t.text.empty(); t = reader.next()) {
        if (depth == 0 && t.is_word(word)) return reader.next().begin;
        if (t.is('(')) ++depth;
        if (t.is(')')) --depth;
    }
    return std::string_view::npos;
}

std::vector<std::string_view> const& constraint_words() {
    static std::vector<std::string_view> const words{"constraint", "not",       "null",       "unique",
                                                     "primary",    "check",     "references", "generated",
                                                     "deferrable", "initially", "default",    "collate"};
    return words;
}

std::string quote_name(std::string_view name) {
    bool plain =
        !name.empty() && (name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z')) &&
        std::all_of(name.begin(), name.end(),
                    [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '$'; }) &&
        !std::binary_search(std::begin(reserved_words), std::end(reserved_words), name);
    if (plain) return std::string(name);
    std::string quoted = "\"";
    for (char c : name) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string quote_text(std::string_view text) {
    std::string quoted = "'";
    for (char c : text) {
        if (c == '\'') quoted += '\'';
        quoted += c;
    }
    return quoted + '\'';
}

}  // namespace phantomdb::sql
