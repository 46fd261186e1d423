/// @file Defines what the planner asks of expressions: which sources they use, what kind of comparison they are.
#pragma once

#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/ir.hpp>

#include <cstdint>

namespace phantomdb::plan {

using query::expression;
using query::expression_kind;
using query::node;
using query::none;
using query::query_view;
using query::relation;
using query::relation_kind;

/// A set of source numbers.
class source_set {
public:
    constexpr source_set() = default;
    constexpr explicit source_set(node one) { add(one); }

    constexpr void add(node number) {
        std::size_t word = static_cast<std::size_t>(number) / 64;
        if (word >= words_.size()) words_.resize(word + 1);
        words_[word] |= std::uint64_t{1} << (number % 64);
    }
    constexpr void add(source_set const& other) {
        if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
        for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
    }
    constexpr void remove(source_set const& other) {
        for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i) words_[i] &= ~other.words_[i];
    }
    constexpr bool has(node number) const {
        std::size_t word = static_cast<std::size_t>(number) / 64;
        return word < words_.size() && (words_[word] >> (number % 64) & 1) != 0;
    }
    constexpr bool empty() const {
        for (auto word : words_) {
            if (word != 0) return false;
        }
        return true;
    }
    constexpr bool touches(source_set const& other) const {
        for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i) {
            if ((words_[i] & other.words_[i]) != 0) return true;
        }
        return false;
    }
    /// Whether every member is in `other`.
    constexpr bool within(source_set const& other) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            if ((words_[i] & ~(i < other.words_.size() ? other.words_[i] : 0)) != 0) return false;
        }
        return true;
    }

private:
    growing_array<std::uint64_t> words_;
};

/// Calls `visit(expression)` for every expression that stands directly in a relation (not in its children).
template <class Visit>
constexpr void for_each_expression(query_view const& q, relation const& r, Visit&& visit) {
    for (node e : q.list(r.expressions)) visit(e);
    for (node e : q.list(r.aggregates)) visit(e);
    for (node e : q.list(r.partition)) visit(e);
    for (node e : q.list(r.checks)) visit(e);
    for (node e : q.list(r.conflict_expressions)) visit(e);
    for (auto const& key : q.keys(r.sort)) visit(key.expression);
    for (node i = 1; i < r.generated.count; i += 2) visit(q.lists[r.generated.first + i]);
    for (node e : {r.limit, r.offset, r.conflict_filter, r.window_frame.start_offset, r.window_frame.end_offset}) {
        if (e != none) visit(e);
    }
}

/// Calls `visit(relation)` for a relation and everything below it.
template <class Visit>
constexpr void for_each_relation(query_view const& q, node number, Visit&& visit) {
    relation const& r = q.relations[static_cast<std::size_t>(number)];
    visit(r);
    if (r.left != none) for_each_relation(q, r.left, visit);
    if (r.right != none) for_each_relation(q, r.right, visit);
}

/// Calls `visit(expression)` for each direct operand of an expression.
template <class Visit>
constexpr void for_each_operand(query_view const& q, expression const& e, Visit&& visit) {
    for (node argument : q.list(e.arguments)) visit(argument);
    for (auto const& key : q.keys(e.order)) visit(key.expression);
    if (e.filter != none) visit(e.filter);
}

constexpr source_set uses_of_relation(query_view const& q, node number);

/// The sources an expression refers to; for a subquery, those it takes from outside itself.
constexpr source_set uses(query_view const& q, node number) {
    expression const& e = q.expressions[number];
    source_set found;
    if (e.kind == expression_kind::column) found.add(e.source);
    for_each_operand(q, e, [&](node operand) { found.add(uses(q, operand)); });
    if (e.relation != none) found.add(uses_of_relation(q, e.relation));
    return found;
}

/// The sources whose columns can be used above a relation.
constexpr source_set visible(query_view const& q, node number) {
    relation const& r = q.relations[number];
    source_set found;
    switch (r.kind) {
        case relation_kind::filter:
        case relation_kind::sort:
        case relation_kind::limit:
        case relation_kind::distinct:
        case relation_kind::lock_rows: return visible(q, r.left);
        case relation_kind::join:
            found = visible(q, r.left);
            if (r.join != query::join_kind::semi && r.join != query::join_kind::anti) found.add(visible(q, r.right));
            return found;
        case relation_kind::window:
        case relation_kind::update:
        case relation_kind::erase: found = visible(q, r.left); break;
        default: break;
    }
    if (r.source != none) found.add(r.source);
    if (r.target != none) found.add(r.target);
    return found;
}

/// Every source defined in a relation's subtree.
constexpr source_set defined_in(query_view const& q, node number) {
    relation const& r = q.relations[number];
    source_set found;
    if (r.source != none) found.add(r.source);
    if (r.target != none) found.add(r.target);
    if (r.excluded != none) found.add(r.excluded);
    if (r.left != none) found.add(defined_in(q, r.left));
    if (r.right != none) found.add(defined_in(q, r.right));
    return found;
}

/// The sources a relation's subtree takes from outside: not empty means correlated (or lateral).
constexpr source_set uses_of_relation(query_view const& q, node number) {
    relation const& r = q.relations[number];
    source_set found;
    for_each_expression(q, r, [&](node e) { found.add(uses(q, e)); });
    if (r.left != none) found.add(uses_of_relation(q, r.left));
    if (r.right != none) found.add(uses_of_relation(q, r.right));
    found.remove(defined_in(q, number));
    return found;
}

/// Whether evaluating twice may give two answers, so that it must stay where it was written.
constexpr bool is_volatile(query_view const& q, node number) {
    expression const& e = q.expressions[number];
    if (e.kind == expression_kind::call && signature_of(e.function).changes() == volatility::volatile_) return true;
    bool found = false;
    for_each_operand(q, e, [&](node operand) { found = found || is_volatile(q, operand); });
    return found;
}

/// Whether the expression holds a subquery.
constexpr bool has_subquery(query_view const& q, node number) {
    expression const& e = q.expressions[number];
    bool found = e.relation != none;
    for_each_operand(q, e, [&](node operand) { found = found || has_subquery(q, operand); });
    return found;
}

enum class comparison : std::uint8_t { no, equal, less, less_equal, greater, greater_equal };

constexpr comparison comparison_of(query_view const& q, expression const& e) {
    static_cast<void>(q);
    if (e.kind != expression_kind::call || e.arguments.count != 2) return comparison::no;
    auto const& signature = signature_of(e.function);
    if (!signature.is_operator()) return comparison::no;
    if (signature.name == "=") return comparison::equal;
    if (signature.name == "<") return comparison::less;
    if (signature.name == "<=") return comparison::less_equal;
    if (signature.name == ">") return comparison::greater;
    if (signature.name == ">=") return comparison::greater_equal;
    return comparison::no;
}

constexpr comparison mirrored(comparison c) {
    switch (c) {
        case comparison::less: return comparison::greater;
        case comparison::less_equal: return comparison::greater_equal;
        case comparison::greater: return comparison::less;
        case comparison::greater_equal: return comparison::less_equal;
        default: return c;
    }
}

/// Whether values of both types compare alike through the key encoding of `column`: the same type, two integers, two
/// temporal types of one meaning, or text without blank padding.
constexpr bool seekable(type_id column, type_id other) {
    auto plain_text = [](type_id t) { return t == type_id::text || t == type_id::varchar || t == type_id::name; };
    return column == other || (is_integer(column) && is_integer(other)) || (plain_text(column) && plain_text(other));
}

/// The expression below casts that keep both value and order (varchar to text, int4 to int8).
constexpr node without_relabels(query_view const& q, node number) {
    for (;;) {
        expression const& e = q.expressions[number];
        if (e.kind != expression_kind::cast) return number;
        node inner = q.lists[e.arguments.first];
        type_id from = q.expressions[inner].type.id, to = e.type.id;
        bool widening = is_integer(from) && is_integer(to) && from < to;
        bool relabel = seekable(from, to) && !is_integer(from) && from != to && e.type.modifier < 0;
        if (!widening && !relabel) return number;
        number = inner;
    }
}

}  // namespace phantomdb::plan
