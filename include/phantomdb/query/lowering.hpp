/// @file Defines `lowering`, which turns the terms of a typed query into query IR, or into a sentence about what is wrong.
///
/// It does for typed queries what the binder does for SQL, and gives the same IR for the same meaning: it finds the tables
/// columns belong to, decides overloads and casts by PostgreSQL's rules, groups, and puts the clauses into order. It is
/// ordinary code that also runs inside the compiler; nothing throws: the first problem is kept, and what follows is moot.
///
/// Declarations are here; expressions are done in query/lower_expression.hpp, clauses in query/lower.hpp.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/function_resolution.hpp>
#include <phantomdb/query/term.hpp>
#include <phantomdb/schema/sentence.hpp>

#include <string_view>

namespace phantomdb::query {

/// A query as IR, with what else is known about it.
struct lowered_query {
    query_builder ir;
    growing_array<table_shape const*> tables;  ///< by `relation::table`
    node result = none;                        ///< the source whose columns are the rows
    wording problem;                           ///< empty for a good query
};

/// A table that columns can be taken from.
struct visible_table {
    table_shape const* table = nullptr;
    std::string_view alias;
    node source = none;
    bool nullable = false;  ///< an outer join may leave it out
    bool absent = false;    ///< its join is switched off

    constexpr std::string_view name() const { return alias.empty() ? table->name : alias; }
};

/// What `group_by` and aggregates make of a query: a source of its own, found as it is asked for.
struct grouping {
    bool active = false;  ///< expressions are now over groups
    node source = none;
    growing_array<node> keys;             ///< terms of the keys
    growing_array<node> key_expressions;  ///< the same, lowered
    growing_array<node> aggregates;       ///< terms of the aggregates
    growing_array<node> aggregate_expressions;
};

/// The tables of one query, and the query around it.
struct query_scope {
    query_scope* outer = nullptr;
    growing_array<visible_table> tables;
    grouping* groups = nullptr;
    std::string_view clause;  ///< where we are, for sentences
};

/// The clauses of one query, as term numbers.
struct clauses {
    growing_array<node> sources;  ///< from, then the joins; or a set operation
    growing_array<node> where, group_by, having, select, order_by;
    node take = none, skip = none;
    bool grouped = false, selected = false, distinct = false;
};

/// Lowers the terms of one query. One object a query.
class lowering {
public:
    constexpr explicit lowering(array_view<term> said) : terms_(said) {}

    constexpr lowered_query run() &&;

private:
    // lower_expression.hpp
    constexpr node lower(node at, query_scope& scope);
    constexpr node lower_column(node at, query_scope& scope);
    constexpr node lower_literal(term const& said);
    constexpr node lower_parameter(term const& said);
    constexpr node lower_call(node at, query_scope& scope);
    constexpr node lower_aggregate(node at, query_scope& scope);
    constexpr node lower_variadic(node at, query_scope& scope);
    constexpr node lower_in_list(node at, query_scope& scope);
    constexpr node lower_case(node at, query_scope& scope);
    constexpr node lower_path(node at, query_scope& scope);
    constexpr node lower_subquery(node at, query_scope& scope);
    constexpr node call(std::string_view name, bool is_operator, growing_array<node> arguments);
    constexpr node coerce(node e, sql_type wanted, bool explicitly = false);
    constexpr type_id common_type(array_view<node> among, std::string_view what);
    constexpr bool must_be_condition(node e, std::string_view clause);
    constexpr node group_column(query_scope& scope, node ordinal, expression const& of);
    constexpr node null_of(sql_type type);
    constexpr bool says_same(node left, node right) const;
    constexpr bool has_aggregate(node at) const;
    constexpr wording describe(node e) const;

    // lower.hpp
    struct rows {
        node relation = none, source = none;
    };
    constexpr rows lower_query(node at, query_scope* outer);
    constexpr rows lower_set_operation(node at, clauses const& said, query_scope* outer);
    constexpr clauses clauses_of(node at);
    constexpr node lower_sources(clauses const& said, query_scope& scope);
    constexpr void lower_join_keys(query_scope& scope, growing_array<node>& conditions);
    constexpr node lower_conditions(growing_array<node> const& said, node below, query_scope& scope);
    constexpr void add_conjuncts(node at, query_scope& scope, growing_array<node>& into);
    constexpr void begin_groups(clauses const& said, query_scope& scope);
    constexpr node end_groups(node below, grouping const& groups);
    constexpr rows lower_select(clauses const& said, node below, query_scope& scope, array_view<node> values);
    constexpr growing_array<node> lower_values(clauses const& said, query_scope& scope);
    constexpr node lower_order(clauses const& said, node below, query_scope& scope, array_view<node> values, node over);
    constexpr node lower_limits(clauses const& said, node below, query_scope& scope);
    constexpr std::string_view name_of_value(node at) const;
    constexpr void settle_types();

    /// The children of a term, in order.
    constexpr growing_array<node> children(node at) const {
        growing_array<node> made;
        made.resize(static_cast<std::size_t>(terms_[at].arity), none);
        node next = at - 1;
        for (std::size_t i = made.size(); i-- > 0;) {
            made[i] = next;
            next -= terms_[next].size;
        }
        return made;
    }
    template <class... Parts>
    constexpr node fail(Parts const&... parts) {
        if (out_.problem.empty()) out_.problem = wording("phantomdb: ", parts...);
        return 0;
    }
    constexpr bool failed() const { return !out_.problem.empty(); }
    constexpr expression const& at(node e) const { return out_.ir.expressions[e]; }
    constexpr type_id type_at(node e) const { return at(e).type.id; }
    constexpr node add(expression_kind kind, sql_type type, array_view<node> arguments, bool nullable) {
        expression made;
        made.kind = kind;
        made.type = type;
        made.arguments = out_.ir.add_list(arguments);
        made.nullable = nullable;
        return out_.ir.add(made);
    }
    constexpr bool any_nullable(array_view<node> among) const {
        for (node e : among) {
            if (at(e).nullable) return true;
        }
        return false;
    }

    array_view<term> terms_;
    lowered_query out_;
};

}  // namespace phantomdb::query
