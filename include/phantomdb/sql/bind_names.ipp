/// @file Implements column references: which column of which item of FROM a name means.
#pragma once

#include <phantomdb/sql/binding.hpp>

#include <algorithm>

namespace phantomdb::sql {

std::string_view name_of(clause where) {
    switch (where) {
        case clause::select_list: return "SELECT";
        case clause::from_function: return "functions in FROM";
        case clause::where: return "WHERE";
        case clause::join_on: return "JOIN conditions";
        case clause::group_by: return "GROUP BY";
        case clause::having: return "HAVING";
        case clause::order_by: return "ORDER BY";
        case clause::distinct_on: return "DISTINCT ON";
        case clause::limit: return "LIMIT";
        case clause::offset: return "OFFSET";
        case clause::filter: return "FILTER";
        case clause::window_partition: return "window definitions";
        case clause::window_order: return "window definitions";
        case clause::window_frame: return "window frame";
        case clause::values: return "VALUES";
        case clause::insert_list: return "INSERT";
        case clause::update_source: return "UPDATE";
        case clause::returning: return "RETURNING";
        case clause::stored_check: return "check constraints";
        case clause::stored_default: return "DEFAULT expressions";
        case clause::stored_generated: return "column generation expressions";
        case clause::other: break;
    }
    return "this place";
}

namespace {

/// Edits between two names, as `levenshtein` counts them; for suggestions only.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

node binding::column_reference(ast reference) {
    ast_list fields = reference.list("fields");
    if (fields.back().is("A_Star")) {
        throw at(error(errc::feature_not_supported, "whole rows are not supported as values"), reference);
    }
    auto names = reference.names("fields");
    if (!scope_) {
        // Stored defaults stand outside of any query.
        throw at(error(errc::undefined_column, "column \"" + std::string(names.back()) + "\" does not exist"),
                 reference);
    }
    if (names.size() == 1) {
        if (scope_->where == clause::stored_default) {
            throw at(error(errc::feature_not_supported, "cannot use column reference in DEFAULT expression"),
                     reference);
        }
        for (scope* from = scope_; from; from = from->outer) {
            if (node found = find_column(*from, nullptr, names[0], reference); found != none) return found;
        }
        scope* found_in = nullptr;
        for (scope* from = scope_; from; from = from->outer) {
            for (auto const& item : from->items) {
                if (item.named && item.name == names[0] && !item.name.empty()) found_in = from;
            }
        }
        if (found_in) throw at(error(errc::feature_not_supported, "whole rows are not supported as values"), reference);
        no_such_column("", names[0], reference);
    }
    if (names.size() > 4) {
        std::string shown(names[0]);
        for (std::size_t i = 1; i < names.size(); ++i) shown += "." + std::string(names[i]);
        throw at(error(errc::syntax_error, "improper qualified name (too many dotted names): " + shown), reference);
    }
    if (names.size() == 4 && names[0] != context_.database_name) {
        std::string shown(names[0]);
        for (std::size_t i = 1; i < names.size(); ++i) shown += "." + std::string(names[i]);
        throw at(error(errc::feature_not_supported, "cross-database references are not implemented: " + shown),
                 reference);
    }
    std::string_view schema = names.size() > 2 ? names[names.size() - 3] : std::string_view{};
    std::string_view table = names[names.size() - 2];
    scope* found_in = nullptr;
    scope_item* item = find_item(schema, table, found_in, reference);
    if (!item) no_such_item(table, reference);
    if (node found = find_column(*found_in, item, names.back(), reference); found != none) return found;
    no_such_column(table, names.back(), reference);
}

/// A column called `name` in one scope (or in one item of it); none if there is no such column.
node binding::find_column(scope& from, scope_item const* only, std::string_view name, ast reference) {
    scope_column const* found = nullptr;
    scope_item const* found_item = nullptr;
    auto search = [&](scope_item const& item) {
        for (auto const& column : item.columns) {
            if (column.name != name) continue;
            if (found) {
                throw at(error(errc::ambiguous_column, "column reference \"" + std::string(name) + "\" is ambiguous"),
                         reference);
            }
            found = &column;
            found_item = &item;
        }
    };
    if (only) {
        search(*only);
    } else {
        for (auto const& item : from.items) {
            if (item.shown && (!item.lateral_only || from.lateral_active)) search(item);
        }
    }
    if (!found) return none;
    if (found_item->lateral_only && !found_item->lateral_allowed) {
        throw at(error(errc::invalid_column_reference,
                       "invalid reference to FROM-clause entry for table \"" + found_item->name + "\"")
                     .with_detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference."),
                 reference);
    }
    return refer(*found, reference);
}

node binding::refer(scope_column const& column, ast reference) {
    if (column.merged != none) return column.merged;
    query::expression made = column.prototype;
    made.position = static_cast<node>(reference.location() + 1);
    return q_.add(made);
}

scope_item* binding::find_item(std::string_view schema, std::string_view name, scope*& found_in, ast reference) {
    for (scope* from = scope_; from; from = from->outer) {
        scope_item* found = nullptr;
        for (auto& item : from->items) {
            if (!item.named || item.name != name || (item.lateral_only && !from->lateral_active)) continue;
            if (!schema.empty() && item.schema != schema) continue;
            if (found) {
                throw at(error(errc::duplicate_alias, "table reference \"" + std::string(name) + "\" is ambiguous"),
                         reference);
            }
            found = &item;
        }
        if (found) {
            found_in = from;
            return found;
        }
    }
    return nullptr;
}

/// 42P01 for `name.column`, with PostgreSQL's explanation of why a table that is there cannot be reached.
void binding::no_such_item(std::string_view name, ast reference) {
    std::string quoted = "\"" + std::string(name) + "\"";
    for (scope* from = scope_; from; from = from->outer) {
        for (auto const& item : from->items) {
            bool hidden = item.name == name;
            bool aliased = !hidden && item.named && item.table && item.table->name == name;
            if (!hidden && !aliased) continue;
            error failed(errc::undefined_table, "invalid reference to FROM-clause entry for table " + quoted);
            if (aliased) {
                failed.hint = "Perhaps you meant to reference the table alias \"" + item.name + "\".";
            } else {
                failed.detail = "There is an entry for table " + quoted +
                                ", but it cannot be referenced from this part of the query.";
            }
            throw at(std::move(failed), reference);
        }
    }
    throw at(error(errc::undefined_table, "missing FROM-clause entry for table " + quoted), reference);
}

/// 42703, with the nearest names there are.
void binding::no_such_column(std::string_view table, std::string_view column, ast reference) {
    error failed(errc::undefined_column,
                 table.empty() ? "column \"" + std::string(column) + "\" does not exist"
                               : "column " + std::string(table) + "." + std::string(column) + " does not exist");
    std::size_t best = 4;
    std::vector<std::string> nearest;
    for (scope* from = scope_; from; from = from->outer) {
        for (auto const& item : from->items) {
            if (item.name.empty()) continue;
            std::size_t penalty = table.empty() ? 0 : distance(table, item.name);
            if (penalty > 3) continue;
            for (auto const& candidate : item.columns) {
                std::string shown = "\"" + item.name + "." + candidate.name + "\"";
                if (table.empty() && candidate.name == column) {
                    failed.detail = "There is a column named \"" + std::string(column) + "\" in table \"" + item.name +
                                    "\", but it cannot be referenced from this part of the query.";
                    throw at(std::move(failed), reference);
                }
                std::size_t edits = distance(column, candidate.name);
                if (edits > column.size() / 2) continue;
                edits += penalty;
                if (edits < best) nearest.clear();
                if (edits <= best && edits < 4) best = edits, nearest.push_back(shown);
            }
        }
    }
    if (nearest.size() == 1) failed.hint = "Perhaps you meant to reference the column " + nearest[0] + ".";
    if (nearest.size() == 2) {
        failed.hint = "Perhaps you meant to reference the column " + nearest[0] + " or the column " + nearest[1] + ".";
    }
    throw at(std::move(failed), reference);
}

}  // namespace phantomdb::sql
