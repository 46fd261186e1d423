/// @file Defines `line_editor`: reads lines from a terminal, with history and completion.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantomsql {

/// Only one may exist: the library below it has one terminal.
class line_editor {
public:
    /// `words` gives everything that may be completed; asked anew for each completion.
    line_editor(std::string history_file, std::function<std::vector<std::string>()> words);
    ~line_editor();
    line_editor(line_editor const&) = delete;
    line_editor& operator=(line_editor const&) = delete;

    /// Nothing at the end of input; an empty line after Ctrl-C (`interrupted` is then true).
    std::optional<std::string> read(std::string const& prompt);
    bool interrupted() const { return interrupted_; }
    void remember(std::string const& statement);

private:
    std::string history_file_;
    bool interrupted_ = false;
};

/// Keywords of SQL, for completion.
std::vector<std::string> const& sql_keywords();

}  // namespace phantomsql
