/// @file Implements operators: plain ones, IN, BETWEEN, LIKE, IS DISTINCT FROM, row comparisons, subqueries as operands.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;
using query::relation_kind;

node binding::operator_node(ast e) {
    std::string_view kind = e.text("kind");
    if (kind == "AEXPR_IN") return in_node(e);
    if (kind.starts_with("AEXPR_BETWEEN") || kind.starts_with("AEXPR_NOT_BETWEEN")) return between_node(e);
    if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") return distinct_node(e);
    if (kind == "AEXPR_NULLIF") return nullif_node(e);
    if (kind == "AEXPR_OP_ANY" || kind == "AEXPR_OP_ALL") return any_node(e);

    // A chain (a + b + c + …) leans to the left; it is bound from its innermost operator outwards, without recursion.
    std::vector<ast> chain;
    for (;;) {
        if (is_row(e["lexpr"]) || is_row(e["rexpr"])) break;
        chain.push_back(e);
        ast left = e["lexpr"];
        if (!left.is("A_Expr") || left.text("kind") != "AEXPR_OP") break;
        e = left;
    }
    node value = none;
    if (chain.empty() || chain.back().identity() != e.identity()) {
        value = row_operator(e, operator_symbol(e));
    } else if (e.has("lexpr")) {
        value = expression(e["lexpr"]);
    }
    while (!chain.empty()) {
        e = chain.back();
        chain.pop_back();
        std::string_view symbol = operator_symbol(e);
        value = operation(symbol, value, expression(e["rexpr"]), e.location());
    }
    return value;
}

std::string_view binding::operator_symbol(ast e) const {
    auto names = e.names("name");
    if (names.size() > 1 && names[0] != "pg_catalog") {
        throw at(error(errc::undefined_function,
                       "operator does not exist: " + std::string(names[0]) + "." + std::string(names.back())),
                 e);
    }
    return names.back();
}

/// An operator with a row on at least one side.
node binding::row_operator(ast e, std::string_view symbol) {
    ast left = e["lexpr"], right = e["rexpr"];
    if (is_row(left) && is_row(right)) return row_comparison(symbol, row_of(left), row_of(right), e.location());
    if (!is_row(left) || !right.is("SubLink") || right.text("subLinkType") != "EXPR_SUBLINK") {
        bool row_first = is_row(left);
        std::string shown = left ? std::string(row_first ? "record" : facts(type(expression(left))).name) + " " : "";
        shown += std::string(symbol) + " " + std::string(row_first ? facts(type(expression(right))).name : "record");
        throw at(error(errc::undefined_function, "operator does not exist: " + shown)
                     .with_hint("No operator matches the given name and argument types. You might need to add explicit "
                                "type casts."),
                 e);
    }
    // (a, b) = (SELECT x, y …): the comparison moves into the subquery, which gives null where there is no row.
    std::vector<node> tests = row_of(left);
    bound_rows rows = query_of(right["subselect"]);
    std::vector<node> columns;
    for (std::size_t i = 0; i < rows.columns.size(); ++i)
        columns.push_back(column_of(rows.source, static_cast<int>(i)));
    if (columns.size() > tests.size()) throw at(error(errc::syntax_error, "subquery has too many columns"), right);
    if (columns.size() < tests.size()) throw at(error(errc::syntax_error, "subquery has too few columns"), right);
    node compared = row_comparison(symbol, std::move(tests), std::move(columns), e.location());
    rows = projected(rows.relation, {{"", compared}}, "");
    query::expression made;
    made.kind = expression_kind::scalar_subquery;
    made.type = {type_id::boolean};
    made.relation = rows.relation;
    made.position = static_cast<node>(e.location() + 1);
    return q_.add(made);
}

/// `left symbol right`, or `symbol right` where `left` is none.
node binding::operation(std::string_view symbol, node left, node right, std::int64_t location) {
    std::vector<node> operands;
    if (left != none) operands.push_back(left);
    operands.push_back(right);
    type_id types[2];
    for (std::size_t i = 0; i < operands.size(); ++i) types[i] = type(operands[i]);
    auto found = query::resolve<function_id>(symbol, std::span<type_id const>(types, operands.size()), true);
    if (found.status == query::resolution_status::ambiguous) {
        std::string shown = left == none ? std::string(symbol) + " "
                                         : std::string(facts(types[0]).name) + " " + std::string(symbol) + " ";
        shown += facts(type(right)).name;
        throw at(
            error(errc::ambiguous_function, "operator is not unique: " + shown)
                .with_hint("Could not choose a best candidate operator. You might need to add explicit type casts."),
            location);
    }
    if (!found) no_such_operator(symbol, left, right, location);
    return function_call(found.id, std::move(operands), location);
}

void binding::no_such_operator(std::string_view symbol, node left, node right, std::int64_t location) {
    std::string shown =
        left == none ? std::string(symbol) : std::string(facts(type(left)).name) + " " + std::string(symbol);
    shown += " " + std::string(facts(type(right)).name);
    throw at(error(errc::undefined_function, "operator does not exist: " + shown)
                 .with_hint(left == none ? "No operator matches the given name and argument type. You might need to "
                                           "add an explicit type cast."
                                         : "No operator matches the given name and argument types. You might need to "
                                           "add explicit type casts."),
             location);
}

/// The comparison `symbol` for these operands, which are cast to its types.
query::resolution<function_id> binding::comparison(std::string_view symbol, node& left, node& right,
                                                   std::int64_t location) {
    type_id const types[] = {type(left), type(right)};
    auto found = query::resolve<function_id>(symbol, types, true);
    if (!found) no_such_operator(symbol, left, right, location);
    auto const& signature = signature_of(found.id);
    if (signature.result != type_id::boolean) {
        throw at(error(errc::datatype_mismatch, "operator " + std::string(symbol) + " must return boolean"), location);
    }
    left = must_coerce(left, {found.target(0, types[0])}, coercion::implicit);
    right = must_coerce(right, {found.target(1, types[1])}, coercion::implicit);
    return found;
}

node binding::between_node(ast e) {
    std::string_view kind = e.text("kind");
    bool symmetric = kind.ends_with("_SYM"), negative = kind.starts_with("AEXPR_NOT");
    int position = static_cast<int>(e.location() + 1);
    node value = expression(e["lexpr"]);
    ast_list bounds = e["rexpr"].list("items");
    node low = expression(bounds[0]);
    auto pair = [&](node from, node to) {
        std::string_view first = negative ? "<" : ">=", second = negative ? ">" : "<=";
        std::vector<node> sides{operation(first, value, from, e.location()),
                                operation(second, value, to, e.location())};
        return logical(negative ? expression_kind::logical_or : expression_kind::logical_and, std::move(sides),
                       position);
    };
    node high = expression(bounds[1]);
    node straight = pair(low, high);
    if (!symmetric) return straight;
    std::vector<node> sides{straight, pair(high, low)};
    return logical(negative ? expression_kind::logical_and : expression_kind::logical_or, std::move(sides), position);
}

/// x IN (a, b, …). Like PostgreSQL: items without columns are brought to one type together with x and tested at once;
/// the others, or all if there is no such type, are compared one by one.
node binding::in_node(ast e) {
    bool negative = e.names("name").back() == "<>";
    std::string_view symbol = negative ? "<>" : "=";
    auto combine = [&](std::vector<node> tests) {
        return logical(negative ? expression_kind::logical_and : expression_kind::logical_or, std::move(tests),
                       static_cast<int>(e.location() + 1));
    };
    ast_list items = e["rexpr"].list("items");
    if (is_row(e["lexpr"])) {
        std::vector<node> row = row_of(e["lexpr"]), tests;
        for (ast item : items) tests.push_back(row_comparison(symbol, row, row_of(item), e.location()));
        return combine(std::move(tests));
    }
    node value = expression(e["lexpr"]);
    std::vector<node> fixed{value}, varying, tests;
    for (ast item : items) {
        node bound = expression(item);
        bool has_column = contains(bound, [&](node part) { return expr(part).kind == expression_kind::column; });
        (has_column ? varying : fixed).push_back(bound);
    }
    if (auto common = fixed.size() > 2 ? try_common_type(fixed) : std::nullopt) {
        query::expression made;
        made.kind = expression_kind::in_list;
        made.type = {type_id::boolean};
        made.flag = negative;
        made.position = static_cast<node>(e.location() + 1);
        for (std::size_t i = 1; i < fixed.size(); ++i) fixed[i] = must_coerce(fixed[i], {*common}, coercion::implicit);
        node sample = fixed[1];
        made.function = comparison("=", value, sample, e.location()).id;
        sql_type wanted = expr(sample).type;
        fixed[0] = value;
        made.nullable = expr(value).nullable;
        for (std::size_t i = 1; i < fixed.size(); ++i) {
            fixed[i] = must_coerce(fixed[i], {wanted.id}, coercion::implicit);
            made.nullable = made.nullable || expr(fixed[i]).nullable;
        }
        made.arguments = q_.add_list(fixed);
        tests.push_back(q_.add(made));
    } else {
        varying.insert(varying.begin(), fixed.begin() + 1, fixed.end());
    }
    for (node item : varying) tests.push_back(operation(symbol, value, item, e.location()));
    return combine(std::move(tests));
}

node binding::distinct_node(ast e) {
    bool same = e.text("kind") == "AEXPR_NOT_DISTINCT";
    int position = static_cast<int>(e.location() + 1);
    auto test = [&](node left, node right) {
        query::expression made;
        made.kind = expression_kind::is_distinct;
        made.type = {type_id::boolean};
        made.flag = same;
        made.nullable = false;
        made.function = comparison("=", left, right, e.location()).id;
        node const operands[] = {left, right};
        made.arguments = q_.add_list(operands);
        made.position = position;
        return q_.add(made);
    };
    if (is_row(e["lexpr"]) && is_row(e["rexpr"])) {
        std::vector<node> left = row_of(e["lexpr"]), right = row_of(e["rexpr"]), tests;
        if (left.size() != right.size())
            throw at(error(errc::syntax_error, "unequal number of entries in row expressions"), e);
        for (std::size_t i = 0; i < left.size(); ++i) tests.push_back(test(left[i], right[i]));
        return logical(same ? expression_kind::logical_and : expression_kind::logical_or, std::move(tests), position);
    }
    node left = expression(e["lexpr"]);
    return test(left, expression(e["rexpr"]));
}

node binding::nullif_node(ast e) {
    node left = expression(e["lexpr"]);
    node right = expression(e["rexpr"]);
    query::expression made;
    made.kind = expression_kind::nullif;
    made.function = comparison("=", left, right, e.location()).id;
    made.type = expr(left).type;
    node const operands[] = {left, right};
    made.arguments = q_.add_list(operands);
    made.position = static_cast<node>(e.location() + 1);
    return q_.add(made);
}

namespace {

/// The elements of an array literal of one dimension, '{a,"b c",NULL}'; nothing where it is malformed or nested.
std::optional<std::vector<std::optional<std::string>>> array_elements(std::string_view text) {
    std::vector<std::optional<std::string>> elements;
    auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && space(text.front())) text.remove_prefix(1);
    while (!text.empty() && space(text.back())) text.remove_suffix(1);
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
    text = text.substr(1, text.size() - 2);
    std::size_t at = 0;
    auto skip = [&] {
        while (at < text.size() && space(text[at])) ++at;
    };
    skip();
    if (at == text.size()) return elements;
    for (;;) {
        skip();
        std::string element;
        bool quoted = at < text.size() && text[at] == '"';
        if (quoted) ++at;
        while (at < text.size() && (quoted ? text[at] != '"' : text[at] != ',')) {
            if (text[at] == '\\' && at + 1 < text.size()) ++at;
            else if (!quoted && (text[at] == '{' || text[at] == '}' || text[at] == '"')) return std::nullopt;
            element += text[at++];
        }
        if (quoted) {
            if (at == text.size()) return std::nullopt;
            ++at, skip();
        } else {
            while (!element.empty() && space(element.back())) element.pop_back();
            if (element.empty()) return std::nullopt;
        }
        bool null = !quoted && element.size() == 4 &&
                    std::equal(element.begin(), element.end(), "null", [](char a, char b) { return (a | 0x20) == b; });
        elements.push_back(null ? std::nullopt : std::optional(element));
        if (at == text.size()) return elements;
        if (text[at++] != ',') return std::nullopt;
    }
}

}  // namespace

/// x op ANY (array): arrays are no type here, but one written on the spot is a list.
node binding::any_node(ast e) {
    bool all = e.text("kind") == "AEXPR_OP_ALL";
    std::string_view symbol = e.names("name").back();
    ast array = e["rexpr"];
    std::optional<sql_type> element_type;
    if (array.is("TypeCast") && !array["typeName"].list("arrayBounds").empty()) {
        std::string_view name = array["typeName"].names("names").back();
        auto found = find_type(name);
        if (!found)
            throw at(error(errc::undefined_object, "type \"" + std::string(name) + "[]\" does not exist"),
                     array["typeName"]);
        element_type = sql_type{*found, -1};
        array = array["arg"];
    }
    node value = expression(e["lexpr"]);
    std::vector<node> items;
    if (array.is("A_ArrayExpr")) {
        for (ast element : array.list("elements")) items.push_back(expression(element));
        if (!element_type) element_type = common_type(items, "ARRAY");
    } else if (array.is("A_Const") && array.has("sval")) {
        auto elements = array_elements(array["sval"].text("sval"));
        if (!elements) {
            throw at(error(errc::invalid_text_representation,
                           "malformed array literal: \"" + std::string(array["sval"].text("sval")) + "\""),
                     array);
        }
        for (auto const& element : *elements) {
            items.push_back(element ? add_text_literal({type_id::unknown}, *element, array.location())
                                    : add_null({type_id::unknown}));
        }
        if (!element_type) element_type = sql_type{type(value) == type_id::unknown ? type_id::text : type(value), -1};
    } else if (node list = array.is("ColumnRef") ? expression(array) : none;
               is_catalog_list(list) && symbol == "=" && !all) {
        // Whether ',value,' is in ',a,b,'.
        auto text = [&](std::string_view characters) {
            return add_text_literal({type_id::text}, characters, e.location());
        };
        node bare = call("btrim", {list, text("{}")}, e.location());
        node whole = call("concat", {text(","), bare, text(",")}, e.location());
        node wanted = call("concat", {text(","), value, text(",")}, e.location());
        node place = call("strpos", {whole, wanted}, e.location());
        return operation(">", place, add_literal({type_id::int4}, datum{std::int64_t{0}}, e.location()), e.location());
    } else {
        throw at(error(errc::feature_not_supported,
                       "arrays are not supported but for ANY and ALL over ARRAY[…] or a literal"),
                 e);
    }
    for (node& item : items) item = must_coerce(item, *element_type, coercion::explicit_);
    int position = static_cast<int>(e.location() + 1);
    if (items.empty()) return add_literal({type_id::boolean}, datum{std::int64_t{all}}, e.location());
    if ((symbol == "=" && !all) || (symbol == "<>" && all)) {
        node sample = items[0];
        query::expression made;
        made.kind = expression_kind::in_list;
        made.type = {type_id::boolean};
        made.flag = all;
        made.function = comparison("=", value, sample, e.location()).id;
        std::vector<node> operands{value};
        for (node item : items) operands.push_back(must_coerce(item, {type(sample)}, coercion::implicit));
        made.arguments = q_.add_list(operands);
        made.position = position;
        return q_.add(made);
    }
    std::vector<node> tests;
    for (node item : items) tests.push_back(to_boolean(operation(symbol, value, item, e.location()), "ANY"));
    return logical(all ? expression_kind::logical_and : expression_kind::logical_or, std::move(tests), position);
}

bool binding::is_row(ast e) const { return e.is("RowExpr"); }

std::vector<node> binding::row_of(ast e) {
    if (!e.is("RowExpr")) throw at(error(errc::datatype_mismatch, "a row is expected here"), e);
    std::vector<node> fields;
    for (ast field : e.list("args")) fields.push_back(expression(field));
    return fields;
}

node binding::row_comparison(std::string_view symbol, std::vector<node> left, std::vector<node> right,
                             std::int64_t location) {
    if (left.size() != right.size()) {
        throw at(error(errc::syntax_error, "unequal number of entries in row expressions"), location);
    }
    if (left.empty()) throw at(error(errc::feature_not_supported, "cannot compare rows of zero length"), location);
    int position = static_cast<int>(location + 1);
    if (symbol == "=" || symbol == "<>" || symbol == "!=") {
        std::vector<node> tests;
        for (std::size_t i = 0; i < left.size(); ++i) tests.push_back(operation(symbol, left[i], right[i], location));
        return logical(symbol == "=" ? expression_kind::logical_and : expression_kind::logical_or, std::move(tests),
                       position);
    }
    if (symbol != "<" && symbol != "<=" && symbol != ">" && symbol != ">=") {
        throw at(error(errc::feature_not_supported,
                       "could not determine interpretation of row comparison operator " + std::string(symbol))
                     .with_hint("Row comparison operators must be associated with btree operator families."),
                 location);
    }
    // a < c OR (a = c AND (b < d OR …)); only the last field sees a non-strict operator.
    node made = operation(symbol, left.back(), right.back(), location);
    for (std::size_t i = left.size() - 1; i-- > 0;) {
        node equals = operation("=", left[i], right[i], location);
        node both = logical(expression_kind::logical_and, {equals, made}, position);
        made = logical(expression_kind::logical_or, {operation(symbol.substr(0, 1), left[i], right[i], location), both},
                       position);
    }
    return made;
}

node binding::sublink(ast e) {
    std::string_view kind = e.text("subLinkType");
    if (kind == "ANY_SUBLINK" || kind == "ALL_SUBLINK") {
        auto names = e.names("operName");
        std::string_view symbol = names.empty() ? "=" : names.back();
        std::vector<node> tests =
            is_row(e["testexpr"]) ? row_of(e["testexpr"]) : std::vector<node>{expression(e["testexpr"])};
        return quantified(e, std::move(tests), symbol, kind == "ALL_SUBLINK");
    }
    if (kind == "ARRAY_SUBLINK") return array_text(e);
    bound_rows rows = query_of(e["subselect"]);
    query::expression made;
    made.position = static_cast<node>(e.location() + 1);
    made.relation = rows.relation;
    if (kind == "EXISTS_SUBLINK") {
        made.kind = expression_kind::exists;
        made.type = {type_id::boolean};
        made.nullable = false;
        return q_.add(made);
    }
    if (rows.columns.size() != 1) throw at(error(errc::syntax_error, "subquery must return only one column"), e);
    made.kind = expression_kind::scalar_subquery;
    made.type = rows.columns[0].type;
    return q_.add(made);
}

// The lists of system tables (indkey, conkey, prattrs, …) are text, as arrays print: '{1,2}'.
bool binding::is_catalog_list(node e) const {
    if (e == none || expr(e).kind != expression_kind::column || type(e) != type_id::text) return false;
    auto columns = q_.sources[static_cast<std::size_t>(expr(e).source)].columns;
    auto const& origin = origins_[static_cast<std::size_t>(columns.first + expr(e).column)];
    return origin.table != 0 && origin.table < schema::first_user_id;
}

// Arrays are no type; ARRAY(SELECT …) gives them as they print, '{a,b}', which is what the catalog's questions need.
node binding::array_text(ast e) {
    bound_rows rows = query_of(e["subselect"]);
    if (rows.columns.size() != 1) throw at(error(errc::syntax_error, "subquery must return only one column"), e);
    auto text = [&](std::string_view characters) {
        return add_text_literal({type_id::text}, characters, e.location());
    };
    node gathered = unary(relation_kind::aggregate, rows.relation);
    query::expression list;
    list.kind = expression_kind::aggregate;
    list.aggregate = aggregate_id::string_agg_text;
    list.type = {type_id::text};
    node const arguments[] = {must_coerce(column_of(rows.source, 0), {type_id::text}, coercion::explicit_), text(",")};
    list.arguments = q_.add_list(arguments);
    node const lists[] = {q_.add(list)};
    rel(gathered).aggregates = q_.add_list(lists);
    node source = add_source("", {{"array", {type_id::text}, true, {}, 0}}, gathered);
    rel(gathered).source = source;
    node braced = call("concat", {text("{"), column_of(source, 0), text("}")}, e.location());
    query::expression made;
    made.kind = expression_kind::scalar_subquery;
    made.type = {type_id::text};
    made.position = static_cast<node>(e.location() + 1);
    made.relation = projected(gathered, {{"array", braced}}, "").relation;
    return q_.add(made);
}

node binding::quantified(ast e, std::vector<node> tests, std::string_view symbol, bool all) {
    bound_rows rows = query_of(e["subselect"]);
    if (rows.columns.size() < tests.size()) throw at(error(errc::syntax_error, "subquery has too few columns"), e);
    if (rows.columns.size() > tests.size()) throw at(error(errc::syntax_error, "subquery has too many columns"), e);
    query::expression made;
    made.kind = expression_kind::quantified;
    made.type = {type_id::boolean};
    made.flag = all;
    made.position = static_cast<node>(e.location() + 1);
    node test = tests[0];
    node column = column_of(rows.source, 0);
    if (tests.size() == 1) {
        node given = column;
        made.function = comparison(symbol, test, column, e.location()).id;
        if (column != given) rows = projected(rows.relation, {{"", column}}, "");
    } else {
        // A row against a subquery: whether TRUE equals any (all) of the rows' comparisons; nulls come out the same.
        std::vector<node> columns;
        for (std::size_t i = 0; i < tests.size(); ++i) columns.push_back(column_of(rows.source, static_cast<int>(i)));
        node compared = row_comparison(symbol, std::move(tests), std::move(columns), e.location());
        rows = projected(rows.relation, {{"", compared}}, "");
        test = add_literal({type_id::boolean}, datum{std::int64_t{1}}, e.location());
        node right = column_of(rows.source, 0);
        made.function = comparison("=", test, right, e.location()).id;
    }
    made.relation = rows.relation;
    made.arguments = q_.add_list(std::span<node const>(&test, 1));
    return q_.add(made);
}

}  // namespace phantomdb::sql
