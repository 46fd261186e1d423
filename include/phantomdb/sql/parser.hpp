/// @file Defines `parse`: SQL text to parse trees, one for each statement, by PostgreSQL 15's own grammar (libpg_query).
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/sql/ast.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

/// One statement of a script. `node` borrows from the script. Locations in it count bytes from the script's start.
struct statement {
    ast node;
    std::size_t begin = 0, end = 0;  ///< bytes of the script, leading white space and the semicolon left out
};

/// A script with its parse trees. Immutable and thread-safe once made; movable, and what was read from it stays valid.
class parsed_script {
public:
    /// The text that was parsed.
    std::string_view text() const { return content_->text; }
    std::string_view text(statement const& part) const { return text().substr(part.begin, part.end - part.begin); }
    /// In order; empty statements (a lone semicolon, comments) are not there.
    std::vector<statement> const& statements() const { return content_->statements; }

private:
    friend parsed_script parse(std::string_view script);

    struct content {
        std::string text;
        boost::json::monotonic_resource memory;
        boost::json::value tree;
        std::vector<statement> statements;
    };
    std::shared_ptr<content> content_ = std::make_shared<content>();
};

/// Parses a script. Throws 42601 at the offending character, 54001 for a statement nested too deep to be handled safely.
/// Thread-safe. Time and memory grow linearly with the text.
parsed_script parse(std::string_view script);

/// Parses text that must be a single expression (a stored default, a CHECK condition); `root` is the expression.
struct parsed_expression {
    parsed_script script;
    ast root;
};
parsed_expression parse_expression(std::string_view expression);

/// The error position (characters from 1) of a byte offset in `text`; 0 for a negative offset.
int character_position(std::string_view text, std::int64_t offset);

/// The value of an integer constant node (an `A_Const` with `ival`, or a `DefElem` with an `Integer` argument).
/// libpg_query's JSON drops negative numbers; they are read again from the script's text.
std::int64_t integer_constant(ast node, std::string_view script);

}  // namespace phantomdb::sql
