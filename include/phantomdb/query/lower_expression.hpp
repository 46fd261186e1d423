/// @file Defines how `lowering` treats values: columns, constants, calls, aggregates, cases, subqueries.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/lowering.hpp>
#include <phantomdb/value/castable.hpp>
#include <phantomdb/value/numeric.hpp>

#include <array>

namespace phantomdb::query {

namespace detail {

inline constexpr sql_type boolean_type{type_id::boolean, -1};
inline constexpr sql_type text_type{type_id::text, -1};

/// Functions that may answer null although no argument is.
constexpr bool may_answer_null(std::string_view name) {
    constexpr std::string_view names[] = {"->",           "->>",          "#>",          "#>>",    "substring",
                                          "regexp_match", "jsonb_typeof", "json_typeof", "to_char"};
    for (std::string_view one : names) {
        if (one == name) return true;
    }
    return name.starts_with("json");
}

/// Aggregates that have a value for every group of at least one value that isn't null.
constexpr bool never_null_over_values(std::string_view name) {
    constexpr std::string_view names[] = {"sum", "avg", "min", "max", "bool_and", "bool_or", "every", "string_agg"};
    for (std::string_view one : names) {
        if (one == name) return true;
    }
    return false;
}

constexpr bool is_comparison_symbol(std::string_view name) {
    return name == "=" || name == "<>" || name == "<" || name == "<=" || name == ">" || name == ">=";
}

}  // namespace detail

/// "column `age` (integer)", or a type's name.
constexpr wording lowering::describe(node e) const {
    expression const& x = at(e);
    std::string_view type =
        x.type.id == type_id::unknown ? std::string_view{"a value of unknown type"} : facts(x.type.id).name;
    if (x.kind == expression_kind::column && out_.ir.sources[x.source].columns.count > 0) {
        auto const& column = out_.ir.columns[out_.ir.sources[x.source].columns.first + x.column];
        return wording("column `", out_.ir.view().name(column.name), "` (", type, ")");
    }
    if (x.kind == expression_kind::parameter) {
        return wording("argument `", out_.ir.view().name(out_.ir.parameters[x.detail].name), "` (", type, ")");
    }
    return wording(type);
}

constexpr bool lowering::says_same(node left, node right) const {
    node size = terms_[left].size;
    if (terms_[right].size != size) return false;
    for (node i = 0; i < size; ++i) {
        if (!(terms_[left - i] == terms_[right - i])) return false;
    }
    return true;
}

/// Whether an aggregate stands in a value, not counting subqueries.
constexpr bool lowering::has_aggregate(node root) const {
    term const& said = terms_[root];
    if (said.kind == term_kind::aggregate) return true;
    if (said.kind == term_kind::exists || said.kind == term_kind::subquery) return false;
    for (node child : children(root)) {
        if (said.kind == term_kind::in_query && child == root - 1) continue;
        if (has_aggregate(child)) return true;
    }
    return false;
}

constexpr node lowering::lower(node root, query_scope& scope) {
    if (failed()) return 0;
    term const& said = terms_[root];
    if (scope.groups != nullptr && scope.groups->active) {
        auto const& keys = scope.groups->keys;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (says_same(root, keys[i])) {
                return group_column(scope, static_cast<node>(i), at(scope.groups->key_expressions[i]));
            }
        }
    }
    auto parts = [&] {
        growing_array<node> made;
        for (node child : children(root)) made.push_back(lower(child, scope));
        return made;
    };
    switch (said.kind) {
        case term_kind::column: return lower_column(root, scope);
        case term_kind::literal: return lower_literal(said);
        case term_kind::null: return null_of({});
        case term_kind::parameter: return lower_parameter(said);
        case term_kind::call: return lower_call(root, scope);
        case term_kind::aggregate: return lower_aggregate(root, scope);
        case term_kind::logical_and:
        case term_kind::logical_or:
        case term_kind::logical_not: {
            auto made = parts();
            if (failed()) return 0;
            for (node& part : made) {
                if (!must_be_condition(part, said.kind == term_kind::logical_and  ? "`and`"
                                             : said.kind == term_kind::logical_or ? "`or`"
                                                                                  : "`not`")) {
                    return 0;
                }
            }
            auto kind = said.kind == term_kind::logical_and  ? expression_kind::logical_and
                        : said.kind == term_kind::logical_or ? expression_kind::logical_or
                                                             : expression_kind::logical_not;
            return add(kind, detail::boolean_type, made, any_nullable(made));
        }
        case term_kind::is_null:
        case term_kind::is_not_null: {
            auto made = parts();
            if (failed()) return 0;
            auto kind = said.kind == term_kind::is_null ? expression_kind::is_null : expression_kind::is_not_null;
            return add(kind, detail::boolean_type, made, false);
        }
        case term_kind::coalesce:
        case term_kind::greatest:
        case term_kind::least:
        case term_kind::is_distinct:
        case term_kind::nullif: return lower_variadic(root, scope);
        case term_kind::case_when: return lower_case(root, scope);
        case term_kind::in_list: return lower_in_list(root, scope);
        case term_kind::cast: {
            node inner = lower(root - 1, scope);
            if (failed()) return 0;
            if (castable(type_at(inner), said.type.id) == cast_context::none) {
                return fail(describe(inner), " cannot be cast to ", facts(said.type.id).name);
            }
            return coerce(inner, said.type, true);
        }
        case term_kind::path: return lower_path(root, scope);
        case term_kind::exists:
        case term_kind::in_query:
        case term_kind::subquery: return lower_subquery(root, scope);
        case term_kind::named: return lower(root - 1, scope);
        case term_kind::output:
            return fail("`", said.text, "` is the name of a selected value; such names stand in order_by only");
        case term_kind::descending:
        case term_kind::nulls_first:
        case term_kind::nulls_last: return fail("desc, asc, nulls_first and nulls_last stand in order_by only");
        default: return fail("a query stands where a value is needed");
    }
}

/// A column, looked for in this query first and in those around it next.
constexpr node lowering::lower_column(node root, query_scope& scope) {
    term const& said = terms_[root];
    if (said.ordinal < 0) return fail("a column of struct `", said.record->name, "` is no adapted member of it");
    std::string_view name = said.record->members[said.ordinal].name;
    for (query_scope* where = &scope; where != nullptr; where = where->outer) {
        visible_table const* found = nullptr;
        bool aliased = false;
        for (auto const& table : where->tables) {
            if (!is_same(*table.table->record, *said.record)) continue;
            if (said.text.empty() ? false : table.alias != said.text) continue;
            // A plain column means the table without alias, if there is one.
            if (found != nullptr && table.alias.empty() == !aliased && said.text.empty() && !aliased) {
                return fail("column `", name, "` could be of table `", found->name(), "` or `", table.name(),
                            "`; give one an alias");
            }
            if (found == nullptr || (aliased && table.alias.empty())) {
                found = &table;
                aliased = !table.alias.empty();
            }
        }
        if (found == nullptr) continue;
        auto const& member = said.record->members[said.ordinal];
        if (found->absent) return null_of(member.type);
        expression made;
        made.kind = expression_kind::column;
        made.type = member.type;
        made.nullable = !member.not_null || found->nullable;
        made.source = found->source;
        made.column = said.ordinal;
        if (where->groups != nullptr && where->groups->active) {
            auto const& groups = *where->groups;
            for (std::size_t i = 0; i < groups.key_expressions.size(); ++i) {
                expression const& key = at(groups.key_expressions[i]);
                if (key.kind == expression_kind::column && key.source == made.source && key.column == made.column) {
                    return group_column(*where, static_cast<node>(i), key);
                }
            }
            return fail("column `", name, "` must be in group_by or inside an aggregate");
        }
        return out_.ir.add(made);
    }
    if (!said.text.empty()) return fail("alias `", said.text, "` is not in this query; add it with join");
    return fail("column `", name, "` of struct `", said.record->name,
                "` is not in this query; add its table with from or join");
}

constexpr node lowering::group_column(query_scope& scope, node ordinal, expression const& of) {
    expression made;
    made.kind = expression_kind::column;
    made.type = of.type;
    made.nullable = of.nullable;
    made.source = scope.groups->source;
    made.column = ordinal;
    return out_.ir.add(made);
}

constexpr node lowering::null_of(sql_type type) {
    literal made;
    made.type = type;
    expression e;
    e.type = type;
    e.detail = out_.ir.add(made);
    return out_.ir.add(e);
}

constexpr node lowering::lower_literal(term const& said) {
    literal made;
    made.type = said.type;
    made.null = false;
    made.low = said.low;
    made.high = said.high;
    if (physical_of(said.type.id) == physical::text) made.characters = out_.ir.add_text(said.text);
    expression e;
    e.type = said.type;
    e.nullable = false;
    e.detail = out_.ir.add(made);
    return out_.ir.add(e);
}

constexpr node lowering::lower_parameter(term const& said) {
    auto& known = out_.ir.parameters;
    node number = 0;
    while (number < static_cast<node>(known.size()) && out_.ir.view().name(known[number].name) != said.text) ++number;
    if (number == static_cast<node>(known.size())) {
        parameter made;
        made.type = said.type;
        made.name = out_.ir.add_text(said.text);
        known.push_back(made);
    } else if (known[number].type.id == type_id::unknown) {
        known[number].type = said.type;
    }
    expression e;
    e.kind = expression_kind::parameter;
    e.type = known[number].type;
    e.detail = number;
    return out_.ir.add(e);
}

/// `e` as a value of type `wanted`. Constants and untyped parameters take the type; all else is cast.
constexpr node lowering::coerce(node e, sql_type wanted, bool explicitly) {
    if (failed()) return 0;
    expression& x = out_.ir.expressions[e];
    if (x.type.id == wanted.id && (!explicitly || wanted.modifier == -1)) return e;
    if (x.kind == expression_kind::parameter && x.type.id == type_id::unknown) {
        auto& type = out_.ir.parameters[x.detail].type;
        if (type.id == type_id::unknown) type = {wanted.id, -1};
        x.type = type;
        if (type.id == wanted.id) return e;
    }
    if (x.kind == expression_kind::literal) {
        literal& l = out_.ir.literals[x.detail];
        if (l.null || (is_integer(x.type.id) && is_integer(wanted.id) && wanted.id > x.type.id)) {
            l.type = x.type = wanted;
            return e;
        }
        if (is_integer(x.type.id) && wanted.id == type_id::numeric) {
            l = literal_of({wanted.id, -1}, datum{to_numeric(static_cast<std::int64_t>(l.low))});
            x.type = l.type;
            return e;
        }
        if (is_integer(x.type.id) && wanted.id == type_id::float8) {
            l = literal_of({wanted.id, -1}, datum{static_cast<double>(static_cast<std::int64_t>(l.low))});
            x.type = l.type;
            return e;
        }
    }
    bool nullable = x.nullable;
    std::array<node, 1> inner{e};
    node made = add(expression_kind::cast, wanted, inner, nullable);
    out_.ir.expressions[made].flag = explicitly;
    return made;
}

/// The overload that `name` over these arguments means, with casts where needed.
constexpr node lowering::call(std::string_view name, bool is_operator, growing_array<node> arguments) {
    if (failed()) return 0;
    growing_array<type_id> types;
    for (node argument : arguments) types.push_back(type_at(argument));
    auto found = resolve<function_id>(name, types, is_operator);
    if (!found) {
        if (is_operator && detail::is_comparison_symbol(name) && arguments.size() == 2) {
            return fail(describe(arguments[0]), " cannot be compared with ", describe(arguments[1]));
        }
        wording list;
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            if (i > 0) list.add(is_operator ? " and " : ", ");
            list.add(describe(arguments[i]));
        }
        if (found.status == resolution_status::ambiguous) {
            return fail("it is not clear which `", name, "` is meant for ", list, "; cast an argument");
        }
        return is_operator ? fail("there is no operator `", name, "` for ", list)
                           : fail("there is no function `", name, "` of ", list);
    }
    auto const& signature = signature_of(found.id);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        arguments[i] = coerce(arguments[i], {found.target(i, types[i]), -1});
    }
    if (failed()) return 0;
    bool nullable = !signature.is_strict() || detail::may_answer_null(name) || any_nullable(arguments);
    node made = add(expression_kind::call, {signature.result, -1}, arguments, nullable);
    out_.ir.expressions[made].function = found.id;
    return made;
}

constexpr node lowering::lower_call(node root, query_scope& scope) {
    growing_array<node> arguments;
    for (node child : children(root)) arguments.push_back(lower(child, scope));
    return call(terms_[root].text, terms_[root].flag, std::move(arguments));
}

constexpr node lowering::lower_aggregate(node root, query_scope& scope) {
    term const& said = terms_[root];
    if (scope.groups == nullptr || !scope.groups->active) {
        return fail("`", said.text, "` is an aggregate and cannot stand in ", scope.clause,
                    scope.clause == "where" ? "; conditions on groups belong into having" : "");
    }
    auto& groups = *scope.groups;
    node keys = static_cast<node>(groups.keys.size());
    for (std::size_t i = 0; i < groups.aggregates.size(); ++i) {
        if (says_same(root, groups.aggregates[i])) {
            return group_column(scope, keys + static_cast<node>(i), at(groups.aggregate_expressions[i]));
        }
    }
    groups.active = false;
    std::string_view clause = scope.clause;
    scope.clause = "another aggregate";
    growing_array<node> arguments;
    growing_array<type_id> types;
    for (node child : children(root)) {
        arguments.push_back(lower(child, scope));
        if (failed()) return 0;
        types.push_back(type_at(arguments.back()));
    }
    scope.clause = clause;
    groups.active = true;
    auto found = resolve<aggregate_id>(said.text, types);
    if (!found) {
        return arguments.empty() ? fail("there is no aggregate `", said.text, "` without arguments")
                                 : fail("there is no aggregate `", said.text, "` of ", describe(arguments[0]));
    }
    auto const& signature = signature_of(found.id);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        arguments[i] = coerce(arguments[i], {found.target(i, types[i]), -1});
    }
    bool nullable =
        said.text != "count" && (keys == 0 || any_nullable(arguments) || !detail::never_null_over_values(said.text));
    node made = add(expression_kind::aggregate, {signature.result, -1}, arguments, nullable);
    out_.ir.expressions[made].aggregate = found.id;
    out_.ir.expressions[made].flag = said.flag;
    groups.aggregates.push_back(root);
    groups.aggregate_expressions.push_back(made);
    return group_column(scope, keys + static_cast<node>(groups.aggregates.size()) - 1, at(made));
}

/// The type that all of `among` can have without being asked, as for CASE and UNION.
constexpr type_id lowering::common_type(array_view<node> among, std::string_view what) {
    if (failed()) return type_id::text;
    type_id common = type_id::unknown;
    node first = none;
    for (node e : among) {
        type_id type = type_at(e);
        if (type == type_id::unknown || type == common) continue;
        if (common == type_id::unknown) {
            common = type;
            first = e;
        } else if (facts(type).category != facts(common).category) {
            fail(what, " mixes ", describe(first), " and ", describe(e));
            return common;
        } else if (!is_preferred(common) && casts_implicitly(common, type) && !casts_implicitly(type, common)) {
            common = type;
        }
    }
    return common == type_id::unknown ? type_id::text : common;
}

constexpr node lowering::lower_variadic(node root, query_scope& scope) {
    term const& said = terms_[root];
    growing_array<node> parts;
    for (node child : children(root)) parts.push_back(lower(child, scope));
    if (failed()) return 0;
    std::string_view what = said.kind == term_kind::coalesce   ? "coalesce"
                            : said.kind == term_kind::greatest ? "greatest"
                            : said.kind == term_kind::least    ? "least"
                            : said.kind == term_kind::nullif   ? "nullif"
                                                               : "is_distinct_from";
    bool all_nullable = true;
    for (node part : parts) all_nullable = all_nullable && at(part).nullable;
    if (said.kind == term_kind::nullif || said.kind == term_kind::is_distinct) {
        node equal = call("=", true, parts);
        if (failed()) return 0;
        expression made = at(equal);
        bool distinct = said.kind == term_kind::is_distinct;
        made.kind = distinct ? expression_kind::is_distinct : expression_kind::nullif;
        made.flag = said.flag;
        made.nullable = !distinct;
        if (!distinct) made.type = at(out_.ir.lists[made.arguments.first]).type;
        return out_.ir.add(made);
    }
    type_id common = common_type(parts, what);
    for (node& part : parts) part = coerce(part, {common, -1});
    if (failed()) return 0;
    auto kind = said.kind == term_kind::coalesce   ? expression_kind::coalesce
                : said.kind == term_kind::greatest ? expression_kind::greatest
                                                   : expression_kind::least;
    return add(kind, {common, -1}, parts, all_nullable);
}

constexpr node lowering::lower_case(node root, query_scope& scope) {
    growing_array<node> parts;
    for (node child : children(root)) parts.push_back(lower(child, scope));
    if (failed()) return 0;
    if (parts.size() % 2 == 0) parts.push_back(null_of({}));
    growing_array<node> results;
    for (std::size_t i = 1; i < parts.size(); i += 2) results.push_back(parts[i]);
    results.push_back(parts.back());
    type_id common = common_type(results, "when");
    for (std::size_t i = 0; i < parts.size(); ++i) {
        bool condition = i % 2 == 0 && i + 1 < parts.size();
        if (!condition) {
            parts[i] = coerce(parts[i], {common, -1});
        } else if (!must_be_condition(parts[i], "when")) {
            return 0;
        }
    }
    return failed() ? 0 : add(expression_kind::case_when, {common, -1}, parts, any_nullable(results));
}

constexpr node lowering::lower_in_list(node root, query_scope& scope) {
    growing_array<node> parts;
    for (node child : children(root)) parts.push_back(lower(child, scope));
    if (failed()) return 0;
    array_view<node> rest = array_view(parts).subspan(1);
    bool untyped = true;
    for (node part : rest) untyped = untyped && type_at(part) == type_id::unknown;
    sql_type common{untyped ? type_at(parts[0]) : common_type(rest, "in"), -1};
    for (std::size_t i = 1; i < parts.size(); ++i) parts[i] = coerce(parts[i], common);
    node equal = call("=", true, {parts[0], parts[1]});
    if (failed()) return 0;
    auto const& signature = signature_of(at(equal).function);
    parts[0] = coerce(parts[0], {signature.arguments[0], -1});
    for (std::size_t i = 1; i < parts.size(); ++i) parts[i] = coerce(parts[i], {signature.arguments[1], -1});
    if (failed()) return 0;
    node made = add(expression_kind::in_list, detail::boolean_type, parts, any_nullable(parts));
    out_.ir.expressions[made].function = at(equal).function;
    out_.ir.expressions[made].flag = terms_[root].flag;
    return made;
}

/// `document -> 'member'`, and for the last step `document ->> 'member'` cast to the member's type.
constexpr node lowering::lower_path(node root, query_scope& scope) {
    term const& said = terms_[root];
    if (said.ordinal < 0) return fail("a path goes through a member that is not adapted");
    term name;
    name.type = detail::text_type;
    name.text = said.text;
    node inner = lower(root - 1, scope);
    node step = call(said.flag ? "->>" : "->", true, {inner, lower_literal(name)});
    return said.flag ? coerce(step, {said.type.id, -1}, true) : step;
}

constexpr bool lowering::must_be_condition(node e, std::string_view clause) {
    if (failed()) return false;
    if (type_at(e) == type_id::unknown) coerce(e, detail::boolean_type);
    if (type_at(e) == type_id::boolean) return true;
    fail(clause, " needs a condition, not ", describe(e));
    return false;
}

constexpr node lowering::lower_subquery(node root, query_scope& scope) {
    term const& said = terms_[root];
    node tested = said.kind == term_kind::in_query ? lower(children(root)[0], scope) : none;
    rows below = lower_query(root - 1, &scope);
    if (failed()) return 0;
    expression made;
    made.relation = below.relation;
    made.type = detail::boolean_type;
    made.flag = said.flag;
    if (said.kind == term_kind::exists) {
        made.kind = expression_kind::exists;
        made.nullable = false;
        return out_.ir.add(made);
    }
    auto const columns = out_.ir.sources[below.source].columns;
    if (columns.count != 1) {
        return fail("a subquery used as a value or with in must select one column, not ",
                    static_cast<std::int64_t>(columns.count));
    }
    column const only = out_.ir.columns[columns.first];
    if (said.kind == term_kind::subquery) {
        made.kind = expression_kind::scalar_subquery;
        made.type = only.type;
        made.flag = false;
        return out_.ir.add(made);
    }
    // The comparison is found as if the column stood there; its type must come out as it is.
    expression column_of;
    column_of.kind = expression_kind::column;
    column_of.type = only.type;
    column_of.source = below.source;
    column_of.column = 0;
    node equal = call(said.flag ? "<>" : "=", true, {tested, out_.ir.add(column_of)});
    if (failed()) return 0;
    node left = out_.ir.lists[at(equal).arguments.first], right = out_.ir.lists[at(equal).arguments.first + 1];
    if (at(right).kind == expression_kind::cast) {
        return fail("in needs a query of ", facts(type_at(tested)).name, ", not of ", facts(only.type.id).name,
                    "; cast the value");
    }
    std::array<node, 1> arguments{left};
    node result = add(expression_kind::quantified, detail::boolean_type, arguments, true);
    auto& x = out_.ir.expressions[result];
    x.flag = said.flag;
    x.function = at(equal).function;
    x.relation = below.relation;
    return result;
}

}  // namespace phantomdb::query

// Subqueries lower whole queries: what this header declares and uses is defined there.
#include <phantomdb/query/lower.hpp>
