/// @file Defines `statement_cache`: what a session has compiled for the texts of simple queries, to be run again.
///
/// Statements are found by the key of a `literal_scan`, then by their fixed constants (`literal_slots::fits`). Bounded in
/// number and in bytes of text, to which trees and plans are proportional; what was used longest ago goes first.
#pragma once

#include <phantomdb/sql/literal_scan.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace phantomdb::sql {

class prepared_statement;

/// One session's. Not thread-safe.
class statement_cache {
public:
    static constexpr std::size_t most_statements = 256, most_text = std::size_t{512} << 10, longest_text = 8192;
    /// Statements with the same key that differ in what is fixed.
    static constexpr std::size_t most_alike = 8;

    /// The statement that serves for the text of `scan`, or null. O(key).
    std::shared_ptr<prepared_statement const> find(literal_scan const& scan);
    /// Keeps a statement made from the text of `scan`. `find` gives it once it has been compiled.
    void add(literal_scan const& scan, std::shared_ptr<prepared_statement const> made);
    /// Forgets a statement `find` gave for this text.
    void forget(literal_scan const& scan, prepared_statement const& unwanted);
    void clear();
    std::size_t size() const { return statements_; }

private:
    struct entry {
        std::string key;
        std::vector<std::shared_ptr<prepared_statement const>> alike;  ///< the newest at the end
    };
    using entries = std::list<entry>;  ///< the one used last in front

    void drop(entries::iterator where, std::size_t nth);

    entries entries_;
    std::unordered_map<std::string_view, entries::iterator> by_key_;  ///< keys borrow from the entries
    std::size_t statements_ = 0, text_ = 0;
};

}  // namespace phantomdb::sql
