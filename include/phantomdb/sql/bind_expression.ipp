/// @file Implements the binding of expressions, but for operators and calls.
#pragma once

#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>

#include <charconv>
#include <unordered_map>

namespace phantomdb::sql {

using query::expression_kind;

node binding::expression(ast e, clause where) {
    clause_entry entered(*this, where);
    return expression(e);
}

node binding::expression(ast e) {
    using part = node (binding::*)(ast);
    static std::unordered_map<std::string_view, part> const parts{
        {"A_Const", &binding::constant_node},
        {"ColumnRef", &binding::column_reference},
        {"ParamRef", &binding::parameter_reference},
        {"A_Expr", &binding::operator_node},
        {"BoolExpr", &binding::boolean_node},
        {"FuncCall", &binding::call_node},
        {"TypeCast", &binding::cast_node},
        {"CaseExpr", &binding::case_node},
        {"CoalesceExpr", &binding::coalesce_node},
        {"MinMaxExpr", &binding::extreme_node},
        {"NullTest", &binding::null_test},
        {"BooleanTest", &binding::truth_test_node},
        {"SubLink", &binding::sublink},
        {"SQLValueFunction", &binding::value_function},
        {"CollateClause", &binding::collate_node},
        {"A_Indirection", &binding::indirection_node},
    };
    check_stack();
    auto found = parts.find(e.kind());
    if (found != parts.end()) return (this->*found->second)(e);

    if (e.is("SetToDefault")) throw at(error(errc::syntax_error, "DEFAULT is not allowed in this context"), e);
    std::string_view what = e.is("A_ArrayExpr")                       ? "arrays are not supported"
                            : e.is("RowExpr")                         ? "row values are not supported here"
                            : e.is("GroupingFunc")                    ? "GROUPING is not supported"
                            : e.is("XmlExpr") || e.is("XmlSerialize") ? "XML is not supported"
                            : e.is("CurrentOfExpr")                   ? "WHERE CURRENT OF is not supported"
                                                                      : "this kind of expression is not supported";
    throw at(error(errc::feature_not_supported, std::string(what)), e);
}

node binding::condition(ast e, clause where, std::string_view what) { return to_boolean(expression(e, where), what); }

/// The operands of an AND, or the expression itself.
void binding::add_conjuncts(node e, std::vector<node>& into) const {
    if (expr(e).kind != expression_kind::logical_and) {
        into.push_back(e);
        return;
    }
    for (node operand : arguments(e)) add_conjuncts(operand, into);
}

node binding::constant_node(ast e) {
    std::int64_t location = e.location();
    if (e.flag("isnull")) {
        node made = add_null({type_id::unknown}, location);
        return made;
    }
    if (e.has("ival")) {
        return noted_token(add_literal({type_id::int4}, datum{integer_constant(e, text_)}, location), location);
    }
    if (e.has("boolval"))
        return add_literal({type_id::boolean}, datum{std::int64_t{e["boolval"].flag("boolval")}}, location);
    if (e.has("fval")) {
        std::string_view digits = e["fval"].text("fval");
        std::int64_t whole = 0;
        auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
        if (failed == std::errc{} && end == digits.data() + digits.size()) {
            bool small = whole >= INT32_MIN && whole <= INT32_MAX;
            return noted_token(add_literal({small ? type_id::int4 : type_id::int8}, datum{whole}, location), location);
        }
        node made = noted_token(add_text_literal({type_id::unknown}, digits, location), location);
        return coerce_literal(made, {type_id::numeric}, coercion::implicit);
    }
    if (e.has("sval")) {
        return noted_token(add_text_literal({type_id::unknown}, e["sval"].text("sval"), location), location);
    }
    throw at(error(errc::feature_not_supported, "bit strings are not supported"), location);
}

node binding::parameter_reference(ast e) {
    std::int64_t number = e.number("number");
    auto& known = made_.parameters;
    if (number < 1 || number > 65535 ||
        (static_cast<std::size_t>(number) > known.size() && !context_.infer_parameters)) {
        throw at(error(errc::undefined_parameter, "there is no parameter $" + std::to_string(number)), e);
    }
    if (static_cast<std::size_t>(number) > known.size()) known.resize(static_cast<std::size_t>(number));
    query::expression made;
    made.kind = expression_kind::parameter;
    made.detail = static_cast<node>(number - 1);
    made.type = known[static_cast<std::size_t>(number - 1)];
    made.position = static_cast<node>(e.location() + 1);
    return q_.add(made);
}

node binding::cast_node(ast e) {
    ast type_name = e["typeName"];
    auto names = type_name.names("names");
    std::string_view last = names.empty() ? std::string_view{} : names.back();
    ast operand = e["arg"];
    // ARRAY[…]::type[] only makes sense as an operand of ANY, which looks below the cast itself.
    if (!type_name.list("arrayBounds").empty() && operand.is("ColumnRef")) {
        if (node list = expression(operand); is_catalog_list(list)) return list;
    }
    sql_type to = type_of(type_name, text_);
    node value = expression(operand);
    // PostgreSQL points at the type where it is written as `type 'literal'`, and at the operand otherwise.
    std::int64_t location = e.location() >= 0 ? e.location() : type_name.location();
    if (to.id == type_id::oid && last.starts_with("reg")) return to_object_id(value, last, location);
    if (last == "char" && to.id == type_id::text) to = {type_id::text, -1};
    node made = must_coerce(value, to, coercion::explicit_, location);
    if (made == value && expr(value).kind != expression_kind::column) return made;
    if (expr(made).kind == expression_kind::cast && expr(made).position == 0)
        expr(made).position = static_cast<node>(location + 1);
    return made;
}

/// AND, OR and NOT. The grammar gives chains of AND and OR as flat lists.
node binding::boolean_node(ast e) {
    std::string_view op = e.text("boolop");
    std::string_view what = op == "AND_EXPR" ? "AND" : op == "OR_EXPR" ? "OR" : "NOT";
    std::vector<node> operands;
    for (ast operand : e.list("args")) operands.push_back(to_boolean(expression(operand), what));
    int position = static_cast<int>(e.location() + 1);
    if (what == "NOT") return negated(operands[0], position);
    return logical(what == "AND" ? expression_kind::logical_and : expression_kind::logical_or, std::move(operands),
                   position);
}

node binding::logical(expression_kind kind, std::vector<node> operands, int position) {
    if (operands.size() == 1) return operands[0];
    query::expression made;
    made.kind = kind;
    made.type = {type_id::boolean};
    made.nullable = false;
    for (node operand : operands) made.nullable = made.nullable || expr(operand).nullable;
    made.arguments = q_.add_list(operands);
    made.position = position;
    return q_.add(made);
}

node binding::negated(node e, int position) {
    query::expression made;
    made.kind = expression_kind::logical_not;
    made.type = {type_id::boolean};
    made.nullable = expr(e).nullable;
    node const operand[] = {e};
    made.arguments = q_.add_list(operand);
    made.position = position;
    return q_.add(made);
}

node binding::case_node(ast e) {
    node subject = none;
    if (e.has("arg")) subject = resolve_unknown(expression(e["arg"]));
    std::vector<node> conditions, results;
    for (ast branch : e.list("args")) {
        node when = expression(branch["expr"]);
        conditions.push_back(subject == none ? to_boolean(when, "CASE/WHEN")
                                             : operation("=", subject, when, branch.location()));
        results.push_back(expression(branch["result"]));
    }
    node otherwise = e.has("defresult") ? expression(e["defresult"]) : add_null({type_id::unknown});
    // PostgreSQL lets ELSE speak first when it looks for the common type.
    std::vector<node> values{otherwise};
    values.insert(values.end(), results.begin(), results.end());
    sql_type type = common_type(values, "CASE");
    std::vector<node> operands;
    query::expression made;
    made.nullable = false;
    auto take = [&](node value) {
        node typed = must_coerce(value, type, coercion::implicit);
        made.nullable = made.nullable || expr(typed).nullable;
        operands.push_back(typed);
    };
    for (std::size_t i = 0; i < results.size(); ++i) {
        operands.push_back(conditions[i]);
        take(results[i]);
    }
    take(otherwise);
    made.kind = expression_kind::case_when;
    made.type = type;
    made.arguments = q_.add_list(operands);
    made.position = static_cast<node>(e.location() + 1);
    return q_.add(made);
}

node binding::coalesce_node(ast e) {
    std::vector<node> values;
    for (ast item : e.list("args")) values.push_back(expression(item));
    query::expression made;
    made.kind = expression_kind::coalesce;
    made.type = common_type(values, "COALESCE");
    for (node& value : values) {
        value = must_coerce(value, made.type, coercion::implicit);
        made.nullable = made.nullable && expr(value).nullable;
    }
    made.arguments = q_.add_list(values);
    made.position = static_cast<node>(e.location() + 1);
    return q_.add(made);
}

node binding::extreme_node(ast e) {
    bool greatest = e.text("op") != "IS_LEAST";
    std::vector<node> values;
    for (ast item : e.list("args")) values.push_back(expression(item));
    query::expression made;
    made.kind = greatest ? expression_kind::greatest : expression_kind::least;
    made.type = common_type(values, greatest ? "GREATEST" : "LEAST");
    for (node& value : values) {
        value = must_coerce(value, made.type, coercion::implicit);
        made.nullable = made.nullable && expr(value).nullable;
    }
    if (made.type.id == type_id::json) {
        throw at(error(errc::undefined_function, "could not identify a comparison function for type json"), e);
    }
    made.arguments = q_.add_list(values);
    made.position = static_cast<node>(e.location() + 1);
    return q_.add(made);
}

node binding::null_test(ast e) {
    bool is_null = e.text("nulltesttype") == "IS_NULL";
    auto test = [&](node value) {
        query::expression made;
        made.kind = is_null ? expression_kind::is_null : expression_kind::is_not_null;
        made.type = {type_id::boolean};
        made.nullable = false;
        node const operand[] = {value};
        made.arguments = q_.add_list(operand);
        made.position = static_cast<node>(e.location() + 1);
        return q_.add(made);
    };
    // A row is null if all its fields are, and not null if none is.
    if (is_row(e["arg"])) {
        std::vector<node> tests;
        for (node field : row_of(e["arg"])) tests.push_back(test(field));
        return logical(expression_kind::logical_and, std::move(tests), static_cast<int>(e.location() + 1));
    }
    node value = expression(e["arg"]);
    return test(expr(value).kind == expression_kind::literal ? resolve_unknown(value) : value);
}

node binding::truth_test_node(ast e) {
    static std::unordered_map<std::string_view, std::pair<query::truth_test, std::string_view>> const tests{
        {"IS_TRUE", {query::truth_test::is_true, "IS TRUE"}},
        {"IS_NOT_TRUE", {query::truth_test::is_not_true, "IS NOT TRUE"}},
        {"IS_FALSE", {query::truth_test::is_false, "IS FALSE"}},
        {"IS_NOT_FALSE", {query::truth_test::is_not_false, "IS NOT FALSE"}},
        {"IS_UNKNOWN", {query::truth_test::is_unknown, "IS UNKNOWN"}},
        {"IS_NOT_UNKNOWN", {query::truth_test::is_not_unknown, "IS NOT UNKNOWN"}},
    };
    auto const& [test, words] = tests.at(e.text("booltesttype"));
    node const operand[] = {to_boolean(expression(e["arg"]), words)};
    query::expression made;
    made.kind = expression_kind::is_truth;
    made.type = {type_id::boolean};
    made.nullable = false;
    made.detail = static_cast<node>(test);
    made.arguments = q_.add_list(operand);
    made.position = static_cast<node>(e.location() + 1);
    return q_.add(made);
}

/// CURRENT_DATE and its kin: functions under other names.
node binding::value_function(ast e) {
    struct meaning {
        std::string_view function;
        type_id cast_to;
    };
    static std::unordered_map<std::string_view, meaning> const meanings{
        {"SVFOP_CURRENT_DATE", {"current_date", type_id::date}},
        {"SVFOP_CURRENT_TIME", {"current_time", type_id::time}},
        {"SVFOP_CURRENT_TIME_N", {"current_time", type_id::time}},
        {"SVFOP_CURRENT_TIMESTAMP", {"now", type_id::timestamptz}},
        {"SVFOP_CURRENT_TIMESTAMP_N", {"now", type_id::timestamptz}},
        {"SVFOP_LOCALTIME", {"localtime", type_id::time}},
        {"SVFOP_LOCALTIME_N", {"localtime", type_id::time}},
        {"SVFOP_LOCALTIMESTAMP", {"localtimestamp", type_id::timestamp}},
        {"SVFOP_LOCALTIMESTAMP_N", {"localtimestamp", type_id::timestamp}},
        {"SVFOP_CURRENT_ROLE", {"current_user", type_id::name}},
        {"SVFOP_CURRENT_USER", {"current_user", type_id::name}},
        {"SVFOP_USER", {"current_user", type_id::name}},
        {"SVFOP_SESSION_USER", {"session_user", type_id::name}},
        {"SVFOP_CURRENT_CATALOG", {"current_database", type_id::name}},
        {"SVFOP_CURRENT_SCHEMA", {"current_schema", type_id::name}},
    };
    auto const& [function, type] = meanings.at(e.text("op"));
    node made = call(function, {}, e.location());
    sql_type wanted{type, -1};
    if (e.text("op").ends_with("_N"))
        wanted.modifier = static_cast<std::int32_t>(std::min<std::int64_t>(e.number("typmod"), 6));
    return must_coerce(made, wanted, coercion::explicit_);
}

/// Text is compared by its bytes: "C", "POSIX" and the default collation all mean that.
node binding::collate_node(ast e) {
    node value = expression(e["arg"]);
    auto names = e.names("collname");
    std::string_view name = names.empty() ? std::string_view{} : names.back();
    if (name != "C" && name != "POSIX" && name != "default" && name != "ucs_basic") {
        throw at(error(errc::undefined_object,
                       "collation \"" + std::string(name) + "\" for encoding \"UTF8\" does not exist"),
                 e);
    }
    if (!is_string(type(value)) && type(value) != type_id::unknown) {
        throw at(error(errc::datatype_mismatch,
                       "collations are not supported by type " + std::string(facts(type(value)).name)),
                 e);
    }
    return resolve_unknown(value);
}

node binding::indirection_node(ast e) {
    ast_list steps = e.list("indirection");
    if (!steps.empty() && steps.front().is("A_Indices")) {
        node value = expression(e["arg"]);
        if (is_catalog_list(value) && !steps.front().flag("is_slice")) {
            auto text = [&](std::string_view characters) {
                return add_text_literal({type_id::text}, characters, e.location());
            };
            node at = must_coerce(expression(steps.front()["uidx"]), {type_id::int4}, coercion::implicit);
            node bare = call("btrim", {value, text("{}")}, location_of(value));
            node element = call("split_part", {bare, text(","), at}, location_of(value));
            return must_coerce(element, {type_id::int2}, coercion::explicit_);
        }
        for (ast step : steps) {
            // A subscript of jsonb is the -> operator.
            if (!step.is("A_Indices") || type(value) != type_id::jsonb || step.flag("is_slice")) {
                throw at(
                    error(errc::datatype_mismatch, "cannot subscript type " + std::string(facts(type(value)).name) +
                                                       " because it does not support subscripting"),
                    location_of(value));
            }
            value = operation("->", value, expression(step["uidx"]), location_of(value));
        }
        return value;
    }
    node value = expression(e["arg"]);
    throw at(error(errc::wrong_object_type, "column notation ." + std::string(steps.front().text("sval")) +
                                                " applied to type " + std::string(facts(type(value)).name) +
                                                ", which is not a composite type"),
             location_of(value));
}

}  // namespace phantomdb::sql
