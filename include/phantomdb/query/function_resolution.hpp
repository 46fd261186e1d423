/// @file Defines `resolve`: which function, operator or aggregate a call means.
///
/// The algorithm is PostgreSQL's (manual, chapter 10 "Type Conversion"):
///   1. an exact match of all types wins; for an operator with one untyped literal, the literal first takes the type of
///      the other side;
///   2. of the candidates that implicit casts can reach, keep those with most exact matches;
///   3. then those with most exact or preferred types;
///   4. then let untyped literals decide: text if any candidate takes it, else the one category all share, and in it the
///      preferred type;
///   5. last, let untyped literals have the one type that all other arguments share.
/// Everything is `constexpr`; at run time names are found through an index that is built once.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/function.hpp>
#include <phantomdb/value/castable.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace phantomdb::query {

enum class resolution_status : std::uint8_t { found, missing, ambiguous };

/// The outcome of a look-up. `id` is meaningful when `status` is `found`.
template <class Id>
struct resolution {
    resolution_status status = resolution_status::missing;
    Id id{};

    constexpr explicit operator bool() const { return status == resolution_status::found; }

    /// The type that argument `index`, given as `type`, is to be cast to.
    constexpr type_id target(std::size_t index, type_id type) const {
        auto wanted = signature_of(id).argument(index);
        if (!is_polymorphic(wanted)) return wanted;
        return type == type_id::unknown ? type_id::text : type;
    }
};

/// Whether SQL casts `from` to `to` in any expression without being asked.
constexpr bool casts_implicitly(type_id from, type_id to) {
    return is_polymorphic(to) || castable(from, to) == cast_context::implicit;
}

namespace detail {

template <class Id>
constexpr auto const& table_of() {
    if constexpr (std::is_same_v<Id, function_id>) {
        return function_table;
    } else {
        return aggregate_table;
    }
}

/// The entries called `name`, for look-ups at run time; the index is built on first use.
array_view<function_id> functions_named(std::string_view name);
array_view<aggregate_id> aggregates_named(std::string_view name);

/// Calls `visit(id)` for every entry called `name`.
template <class Id, class Visit>
constexpr void each_named(std::string_view name, Visit visit) {
    auto const& table = table_of<Id>();
    if (std::is_constant_evaluated()) {
        for (std::size_t i = 0; i < table.size(); ++i) {
            if (table[i].name == name) visit(static_cast<Id>(i));
        }
    } else if constexpr (std::is_same_v<Id, function_id>) {
        for (Id id : functions_named(name)) visit(id);
    } else {
        for (Id id : aggregates_named(name)) visit(id);
    }
}

constexpr char category_of(type_id type) { return is_polymorphic(type) ? 'P' : facts(type).category; }

/// Keeps the candidates with the highest `score`.
template <class Id, class Score>
constexpr void keep_best(growing_array<Id>& candidates, Score score) {
    int best = -1;
    std::size_t kept = 0;
    for (Id id : candidates) {
        int points = score(signature_of(id));
        if (points > best) best = points, kept = 0;
        if (points == best) candidates[kept++] = id;
    }
    candidates.resize(kept);
}

template <class Id, class Wanted>
constexpr void keep_if(growing_array<Id>& candidates, Wanted wanted) {
    std::size_t kept = 0;
    for (Id id : candidates) {
        if (wanted(signature_of(id))) candidates[kept++] = id;
    }
    candidates.resize(kept);
}

/// Step 4: untyped literals choose a category. False when they cannot.
template <class Id>
constexpr bool choose_by_category(growing_array<Id>& candidates, array_view<type_id> given) {
    growing_array<Id> kept = candidates;
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (given[i] != type_id::unknown) continue;
        char category = 0;
        bool shared = true, has_text = false, has_preferred = false;
        for (Id id : candidates) {
            type_id type = signature_of(id).argument(i);
            char own = category_of(type);
            has_text = has_text || own == 'S';
            if (category == 0) category = own;
            shared = shared && own == category;
        }
        if (has_text) category = 'S';
        if (!has_text && !shared) return false;
        for (Id id : candidates) {
            type_id type = signature_of(id).argument(i);
            has_preferred = has_preferred || (category_of(type) == category && is_preferred(type));
        }
        keep_if(kept, [&](function_signature const& row) {
            type_id type = row.argument(i);
            return category_of(type) == category && (!has_preferred || is_preferred(type));
        });
    }
    if (!kept.empty()) candidates = kept;
    return true;
}

/// Step 5: untyped literals take the type that all others have.
template <class Id>
constexpr void choose_by_shared_type(growing_array<Id>& candidates, array_view<type_id> given) {
    type_id shared = type_id::unknown;
    for (type_id type : given) {
        if (type == type_id::unknown) continue;
        if (shared != type_id::unknown && shared != type) return;
        shared = type;
    }
    if (shared == type_id::unknown) return;
    growing_array<Id> kept = candidates;
    keep_if(kept, [&](function_signature const& row) {
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (!casts_implicitly(shared, row.argument(i))) return false;
        }
        return true;
    });
    if (kept.size() == 1) candidates = kept;
}

}  // namespace detail

/// Finds what `name` applied to arguments of the types `given` means; `operators` says whether `name` is a symbol.
/// `type_id::unknown` stands for an untyped literal or parameter. Thread-safe; O(entries of that name).
template <class Id = function_id>
constexpr resolution<Id> resolve(std::string_view name, array_view<type_id> given, bool operators = false) {
    using enum resolution_status;
    if (name == "!=") name = "<>";

    type_id assumed[2]{};
    if (operators && given.size() == 2 && (given[0] == type_id::unknown) != (given[1] == type_id::unknown)) {
        assumed[0] = assumed[1] = given[0] == type_id::unknown ? given[1] : given[0];
    }
    growing_array<Id> candidates;
    resolution<Id> exact;
    detail::each_named<Id>(name, [&](Id id) {
        auto const& row = signature_of(id);
        if (exact || row.is_operator() != operators || !row.takes(given.size())) return;
        bool reachable = true, same = true, same_assumed = assumed[0] != type_id::unknown;
        for (std::size_t i = 0; i < given.size(); ++i) {
            type_id wanted = row.argument(i);
            reachable = reachable && casts_implicitly(given[i], wanted);
            same = same && given[i] == wanted;
            same_assumed = same_assumed && assumed[i] == wanted;
        }
        if (same || same_assumed) exact = {found, id};
        if (reachable) candidates.push_back(id);
    });
    if (exact) return exact;

    auto answer = [&] { return candidates.size() == 1 ? resolution<Id>{found, candidates[0]} : resolution<Id>{}; };
    if (candidates.size() <= 1) return answer();

    detail::keep_best(candidates, [&](function_signature const& row) {
        int points = 0;
        for (std::size_t i = 0; i < given.size(); ++i) {
            points += given[i] != type_id::unknown && given[i] == row.argument(i);
        }
        return points;
    });
    if (candidates.size() == 1) return answer();

    detail::keep_best(candidates, [&](function_signature const& row) {
        int points = 0;
        for (std::size_t i = 0; i < given.size(); ++i) {
            type_id wanted = row.argument(i);
            points += given[i] != type_id::unknown &&
                      (given[i] == wanted || (detail::category_of(wanted) == detail::category_of(given[i]) &&
                                              !is_polymorphic(wanted) && is_preferred(wanted)));
        }
        return points;
    });
    if (candidates.size() == 1) return answer();

    bool untyped = false;
    for (type_id type : given) untyped = untyped || type == type_id::unknown;
    if (untyped) {
        if (detail::choose_by_category(candidates, given) && candidates.size() == 1) return answer();
        detail::choose_by_shared_type(candidates, given);
        if (candidates.size() == 1) return answer();
    }
    return {ambiguous, {}};
}

/// The operator `symbol` for exactly these two types, without casts.
constexpr resolution<function_id> find_operator(std::string_view symbol, type_id left, type_id right) {
    resolution<function_id> exact;
    detail::each_named<function_id>(symbol, [&](function_id id) {
        auto const& row = signature_of(id);
        if (row.is_operator() && row.argument_count == 2 && row.arguments[0] == left && row.arguments[1] == right) {
            exact = {resolution_status::found, id};
        }
    });
    return exact;
}

/// The comparison that gives the same answer with its sides swapped (`a < b` is `b > a`); not found for anything else.
constexpr resolution<function_id> commutator(function_id id) {
    auto const& row = signature_of(id);
    std::string_view name = row.name;
    std::string_view swapped = name == "<"                   ? ">"
                               : name == "<="                ? ">="
                               : name == ">"                 ? "<"
                               : name == ">="                ? "<="
                               : name == "=" || name == "<>" ? name
                                                             : std::string_view{};
    if (swapped.empty() || row.argument_count != 2) return {};
    return find_operator(swapped, row.arguments[1], row.arguments[0]);
}

/// The operator that gives the opposite answer (`<` and `>=`, LIKE and NOT LIKE); not found where there is none.
constexpr resolution<function_id> negator(function_id id) {
    auto const& row = signature_of(id);
    constexpr std::string_view pairs[][2] = {{"=", "<>"},     {"<", ">="}, {"<=", ">"},  {"~~", "!~~"},
                                             {"~~*", "!~~*"}, {"~", "!~"}, {"~*", "!~*"}};
    if (row.argument_count != 2 || row.result != type_id::boolean) return {};
    for (auto const& pair : pairs) {
        for (int side = 0; side < 2; ++side) {
            if (row.name == pair[side]) return find_operator(pair[1 - side], row.arguments[0], row.arguments[1]);
        }
    }
    return {};
}

}  // namespace phantomdb::query
