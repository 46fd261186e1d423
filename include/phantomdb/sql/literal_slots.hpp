/// @file Defines `literal_slots`: a bound statement made to serve for every text that differs from its own in constants only.
///
/// Once a statement is bound, `take_literals` looks at each constant of its text (a token of `literal_scan`):
///
/// 1. A constant is *free* if all that binding made of it are literals of the query, made by reading it as a type or by
///    casting that, and if nothing looked at its value otherwise (`literal_source::decides`). Its literals become
///    parameters. Each has a slot, which says how to make the parameter from the constant.
/// 2. Every other constant is *fixed*: the statement serves only for texts that have the same one in its place. These are
///    the numbers of ORDER BY and GROUP BY, modifiers of types, LIMIT (the planner looks at it), constants that GROUP BY or
///    DISTINCT compare, names in strings ('t'::regclass), long IN lists (which are hashed), and whatever we don't know of.
///
/// For another text with the same key the grammar gives the same tree, and binding would take the same steps; so what a slot
/// cannot repeat (an invalid date, a number out of range, 'now') makes `fill` give up, and the text is bound for itself.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/sql/binder.hpp>
#include <phantomdb/sql/literal_scan.hpp>
#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::sql {

/// What a statement wants of the constants of a text. Immutable once made; any thread.
class literal_slots {
public:
    /// Whether the fixed constants are those of `scan`, a text with the same key.
    bool fits(literal_scan const& scan) const;

    /// The values of the statement's parameters; they borrow from the text of `scan` and from `memory`. False: bind the text.
    bool fill(literal_scan const& scan, arena& memory, format_settings const& settings,
              std::vector<nullable_datum>& parameters) const;

    bool empty() const { return slots_.empty(); }

private:
    friend literal_slots take_literals(bound_statement& statement, literal_scan const& scan);

    struct slot {
        literal_source::step how = literal_source::step::token;
        bool explicit_cast = false;
        bool negative = false;     ///< `token`: behind a minus sign
        std::uint32_t source = 0;  ///< `token`: which; otherwise the slot it is made of, one before this
        sql_type type;
    };
    bool fill_one(slot const& one, literal_scan const& scan, arena& memory, format_settings const& settings,
                  std::vector<nullable_datum> const& made, datum& into) const;

    std::vector<slot> slots_;                                   ///< by parameter
    std::vector<std::pair<std::uint32_t, std::string>> fixed_;  ///< token and how it is spelled
};

/// Turns the free constants of `statement`, which was bound without parameters from the text of `scan`, into parameters.
/// O(statement).
literal_slots take_literals(bound_statement& statement, literal_scan const& scan);

}  // namespace phantomdb::sql
