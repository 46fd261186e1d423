/// @file Defines `make_plan`, the one planner: it runs inside the compiler for typed queries and at run time for SQL.
///
/// 1. A tree of inner joins and filters is taken apart into leaves and a pool of conjuncts.
/// 2. A conjunct that concerns one leaf goes to it; there it may become part of an access path.
/// 3. Leaves are joined greedily, cheapest next step first: by looking up an index, by hashing, or by a loop.
/// 4. Outer joins are barriers; conjuncts pass them where that keeps their meaning.
/// 5. A sort is left out where the rows come in that order anyway, and keeps only the first rows under a limit.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/plan/access_path.hpp>
#include <phantomdb/plan/expression_facts.hpp>
#include <phantomdb/plan/facts.hpp>
#include <phantomdb/plan/plan.hpp>

namespace phantomdb::plan {

namespace detail {

class planner {
public:
    constexpr planner(query_view query, array_view<table_facts> facts) : q(query), tables(facts) {}

    constexpr plan make() {
        out.root = plan_relation(q.root, {});
        for (auto const& e : q.expressions) {
            if (e.relation != none) plan_subquery(e.relation);
        }
        return kept();
    }

private:
    struct leaf {
        node relation;
        growing_array<node> conjuncts;
        source_set sources;
    };

    query_view q;
    array_view<table_facts> tables;
    plan out;
    array_view<query::sort_key> wanted_order;
    bool hurried = false;

    constexpr relation const& rel(node number) const { return q.relations[number]; }
    constexpr plan_node const& at(node number) const { return out.nodes[number]; }

    /// The plan without the nodes that were tried and not chosen.
    constexpr plan kept() const {
        plan made;
        made.lists = out.lists;
        made.root = keep(out.root, made);
        for (subplan const& s : out.subplans) made.subplans.push_back({s.relation, keep(s.root, made)});
        return made;
    }
    constexpr node keep(node number, plan& into) const {
        if (number == none) return none;
        plan_node copied = at(number);
        copied.left = keep(copied.left, into);
        copied.right = keep(copied.right, into);
        return into.add(copied);
    }

    constexpr node plan_subquery(node relation) {
        node known = out.view().subplan_of(relation);
        if (known != none) return known;
        node root = plan_relation(relation, {});
        out.subplans.push_back({relation, root});
        return root;
    }

    /// Appends `e`, taken apart at its ANDs.
    constexpr void add_conjuncts(growing_array<node>& to, node e) const {
        if (q.expressions[e].kind == expression_kind::logical_and) {
            for (node argument : q.list(q.expressions[e].arguments)) add_conjuncts(to, argument);
        } else {
            to.push_back(e);
        }
    }
    constexpr growing_array<node> conjuncts_of(slice expressions) const {
        growing_array<node> found;
        for (node e : q.list(expressions)) add_conjuncts(found, e);
        return found;
    }

    constexpr node filtered(node child, growing_array<node> const& conjuncts) {
        if (conjuncts.empty()) return child;
        plan_node made;
        made.kind = operator_kind::filter;
        made.left = child;
        made.filter = out.add_list(conjuncts);
        double rows = static_cast<double>(at(child).rows);
        for (node c : conjuncts) rows *= selectivity(q, c);
        made.rows = rows < 1 ? 1 : static_cast<std::int64_t>(rows);
        made.cost = at(child).cost + at(child).rows;
        return out.add(made);
    }

    /// A plan for a relation with `conjuncts` applied to its rows.
    constexpr node plan_relation(node number, growing_array<node> conjuncts) {
        relation const& r = rel(number);
        switch (r.kind) {
            case relation_kind::filter: {
                growing_array<node> all = conjuncts_of(r.expressions);
                all.append(conjuncts);
                return plan_relation(r.left, std::move(all));
            }
            case relation_kind::table: return plan_block(number, std::move(conjuncts));
            case relation_kind::join:
                if (r.join == query::join_kind::inner && !r.lateral) return plan_block(number, std::move(conjuncts));
                return plan_outer(number, std::move(conjuncts));
            case relation_kind::sort: {
                node planned = plan_sort(number, hurried);
                return filtered(planned, conjuncts);
            }
            case relation_kind::limit: return filtered(plan_limit(number), conjuncts);
            default: return filtered(plan_plain(number), conjuncts);
        }
    }

    constexpr operator_kind kind_of(relation_kind kind) const {
        switch (kind) {
            case relation_kind::nothing: return operator_kind::one_row;
            case relation_kind::values: return operator_kind::values;
            case relation_kind::function_scan: return operator_kind::function_scan;
            case relation_kind::project: return operator_kind::project;
            case relation_kind::aggregate: return operator_kind::aggregate;
            case relation_kind::window: return operator_kind::window;
            case relation_kind::distinct: return operator_kind::distinct;
            case relation_kind::set_operation: return operator_kind::set_operation;
            case relation_kind::common: return operator_kind::common;
            case relation_kind::recursive: return operator_kind::recursive;
            case relation_kind::working: return operator_kind::working;
            case relation_kind::lock_rows: return operator_kind::lock_rows;
            case relation_kind::insert: return operator_kind::insert;
            case relation_kind::update: return operator_kind::update;
            case relation_kind::erase: return operator_kind::erase;
            default: return operator_kind::one_row;
        }
    }

    /// Operators whose children are planned by themselves.
    constexpr node plan_plain(node number) {
        relation const& r = rel(number);
        plan_node made;
        made.kind = kind_of(r.kind);
        made.relation = number;
        auto saved = wanted_order;
        bool saved_hurry = hurried;
        if (r.kind != relation_kind::project) {
            wanted_order = {};
            hurried = false;
        }
        if (r.kind == relation_kind::common) {
            made.rows = at(plan_subquery(r.left)).rows;
        } else {
            if (r.left != none) made.left = plan_relation(r.left, {});
            if (r.right != none) made.right = plan_relation(r.right, {});
        }
        wanted_order = saved;
        hurried = saved_hurry;
        std::int64_t below = made.left == none ? 1 : at(made.left).rows;
        if (made.left != none) made.cost = at(made.left).cost;
        if (made.right != none) made.cost += at(made.right).cost;
        switch (r.kind) {
            case relation_kind::values: made.rows = r.width == 0 ? 1 : r.expressions.count / r.width; break;
            case relation_kind::function_scan: made.rows = 100; break;
            case relation_kind::working: made.rows = 100; break;
            case relation_kind::aggregate:
                made.rows = r.expressions.count == 0 ? 1 : below / 5 + 1;
                made.cost += below;
                break;
            case relation_kind::distinct:
                made.rows = below / 2 + 1;
                made.cost += below;
                break;
            case relation_kind::set_operation:
                made.rows = below + at(made.right).rows;
                made.cost += made.rows;
                break;
            case relation_kind::common: break;
            default: made.rows = below; made.cost += below;
        }
        return out.add(made);
    }

    constexpr node plan_sort(node number, bool under_limit) {
        relation const& r = rel(number);
        auto keys = q.keys(r.sort);
        auto saved = wanted_order;
        bool saved_hurry = hurried;
        wanted_order = keys;
        hurried = under_limit;
        node child = plan_relation(r.left, {});
        wanted_order = saved;
        hurried = saved_hurry;
        if (comes_ordered(child, keys)) return child;
        plan_node made;
        made.kind = operator_kind::sort;
        made.relation = number;
        made.left = child;
        made.rows = at(child).rows;
        std::int64_t log = 1;
        for (std::int64_t n = made.rows; n > 1; n /= 2) ++log;
        made.cost = at(child).cost + made.rows * log / 4;
        return out.add(made);
    }

    constexpr node plan_limit(node number) {
        relation const& r = rel(number);
        bool saved = hurried;
        hurried = r.limit != none;
        node child = plan_relation(r.left, {});
        hurried = saved;
        if (r.limit != none && !r.with_ties) {
            node sort = child;  // a project keeps order and count: the limit may reach the sort below it
            while (at(sort).kind == operator_kind::project) sort = at(sort).left;
            if (at(sort).kind == operator_kind::sort) {
                out.nodes[sort].bound = r.limit;
                out.nodes[sort].bound_offset = r.offset;
            }
        }
        plan_node made;
        made.kind = operator_kind::limit;
        made.relation = number;
        made.left = child;
        made.rows = at(child).rows;
        if (r.limit != none && q.expressions[r.limit].kind == expression_kind::literal) {
            auto const& l = q.literals[q.expressions[r.limit].detail];
            if (!l.null && static_cast<std::int64_t>(l.low) < made.rows) made.rows = static_cast<std::int64_t>(l.low);
        }
        made.cost = at(child).cost;
        return out.add(made);
    }

    /// Whether the rows of a planned node come in the order of `keys`.
    constexpr bool comes_ordered(node number, array_view<query::sort_key> keys) const {
        plan_node const& p = at(number);
        switch (p.kind) {
            case operator_kind::filter: return comes_ordered(p.left, keys);
            // The left side drives these joins. Rows an outer join completes may come out of turn.
            case operator_kind::lookup_join:
            case operator_kind::loop_join:
            case operator_kind::apply_join:
            case operator_kind::hash_join:
                return p.join != query::join_kind::left_outer && p.join != query::join_kind::full_outer &&
                       comes_ordered(p.left, keys);
            case operator_kind::table_scan: {
                node source = rel(p.relation).source;
                auto const& indexes = tables[static_cast<std::size_t>(rel(p.relation).table)].indexes;
                if (p.access == access::primary_equal || p.access == access::index_equal) {
                    for (auto const& key : keys) {
                        if (!uses(q, key.expression).within(source_set(source))) return false;
                    }
                    return true;
                }
                node index = p.index;
                if (index == none && !indexes.empty() && indexes[0].primary) index = 0;
                if (index == none) return false;
                growing_array<node> fixed;
                for (node i = 0; i < p.equal.count; ++i) {
                    fixed.push_back(indexes[static_cast<std::size_t>(index)].columns[static_cast<std::size_t>(i)]);
                }
                auto reverse = order_of_index(q, indexes[static_cast<std::size_t>(index)], source, keys, fixed);
                return reverse && *reverse == p.reverse;
            }
            default: return false;
        }
    }

    constexpr node scan(node number, access_choice const& choice) {
        plan_node made;
        made.kind = operator_kind::table_scan;
        made.relation = number;
        made.access = choice.kind;
        made.index = choice.index;
        made.reverse = choice.reverse;
        made.equal = out.add_list(choice.equal);
        made.lower = choice.lower;
        made.upper = choice.upper;
        made.filter = out.add_list(choice.residual);
        made.rows = static_cast<std::int64_t>(choice.rows);
        bool primary =
            choice.kind == access::full || choice.kind == access::primary_equal || choice.kind == access::primary_range;
        made.cost = static_cast<std::int64_t>(choice.visited * (primary ? 1 : 4)) + 1;
        return out.add(made);
    }

    constexpr node plan_leaf(leaf const& l, source_set const& block) {
        relation const& r = rel(l.relation);
        if (r.kind != relation_kind::table) return plan_relation(l.relation, l.conjuncts);
        return scan(l.relation, choose_access(q, tables[static_cast<std::size_t>(r.table)], r.source, l.conjuncts,
                                              block, wanted_order, hurried));
    }

    constexpr void gather(node number, growing_array<leaf>& leaves, growing_array<node>& pool) {
        relation const& r = rel(number);
        if (r.kind == relation_kind::filter) {
            for (node c : conjuncts_of(r.expressions)) pool.push_back(c);
            gather(r.left, leaves, pool);
        } else if (r.kind == relation_kind::join && r.join == query::join_kind::inner && !r.lateral) {
            for (node c : conjuncts_of(r.expressions)) pool.push_back(c);
            gather(r.left, leaves, pool);
            gather(r.right, leaves, pool);
        } else {
            leaves.push_back({number, {}, visible(q, number)});
        }
    }

    /// How a side joins what is already there.
    struct step {
        operator_kind kind = operator_kind::loop_join;
        access_choice lookup;
        growing_array<node> left_keys, right_keys, rest;
        double rows = 0, cost = 0;
    };

    /// Splits conjuncts into hash keys (`left = right`) and the rest.
    constexpr void split_keys(growing_array<node> const& conjuncts, source_set const& left, source_set const& right,
                              step& into) const {
        for (node c : conjuncts) {
            expression const& e = q.expressions[c];
            if (comparison_of(q, e) == comparison::equal) {
                node a = q.lists[e.arguments.first], b = q.lists[e.arguments.first + 1];
                source_set ua = uses(q, a), ub = uses(q, b);
                if (ua.touches(right)) {
                    std::swap(a, b);
                    std::swap(ua, ub);
                }
                bool clean = !ua.touches(right) && !ub.touches(left) && ub.touches(right) && ua.touches(left);
                type_id ta = q.expressions[a].type.id, tb = q.expressions[b].type.id;
                bool hashable = ta == tb || (is_integer(ta) && is_integer(tb)) ||
                                (physical_of(ta) == physical::floating && physical_of(tb) == physical::floating) ||
                                (ta != type_id::bpchar && seekable(ta, tb));
                if (clean && hashable) {
                    into.left_keys.push_back(a);
                    into.right_keys.push_back(b);
                    continue;
                }
            }
            into.rest.push_back(c);
        }
    }

    /// The best way to join `right` (with its own conjuncts) to rows of `left_sources`.
    constexpr step choose_step(double left_rows, source_set const& left_sources, leaf const& right, double right_rows,
                               double right_cost, growing_array<node> const& conditions, source_set const& unbound,
                               bool may_look_up) {
        step best;
        split_keys(conditions, left_sources, right.sources, best);
        double matches = right_rows;
        for (node c : conditions) matches *= selectivity(q, c);
        if (best.left_keys.empty()) {
            best.cost = right_cost + left_rows * right_rows * 0.5;
        } else {
            best.kind = operator_kind::hash_join;
            best.cost = right_cost + right_rows * 1.5 + left_rows;
        }
        best.rows = left_rows * matches;
        relation const& r = rel(right.relation);
        if (may_look_up && r.kind == relation_kind::table) {
            growing_array<node> all = right.conjuncts;
            all.append(conditions);
            access_choice choice =
                choose_access(q, tables[static_cast<std::size_t>(r.table)], r.source, all, unbound, {}, false);
            bool driven = false;
            for (node e : choice.equal) driven = driven || uses(q, e).touches(left_sources);
            if (driven) {
                bool primary = choice.kind == access::primary_equal || choice.kind == access::primary_range;
                double cost = left_rows * (3 + choice.visited * (primary ? 1 : 4));
                if (choice.kind == access::primary_equal || choice.kind == access::index_equal) {
                    best.rows = left_rows;
                }
                if (cost < best.cost) {
                    best.kind = operator_kind::lookup_join;
                    best.cost = cost;
                    best.rows = left_rows * choice.rows;
                    best.lookup = choice;
                }
            }
        }
        if (best.rows < 1) best.rows = 1;
        return best;
    }

    constexpr node join_node(query::join_kind kind, node relation_number, node left, node right, step const& s) {
        plan_node made;
        made.kind = s.kind;
        made.join = kind;
        made.relation = relation_number;
        made.left = left;
        made.right = right;
        made.left_keys = out.add_list(s.left_keys);
        made.right_keys = out.add_list(s.right_keys);
        made.filter = out.add_list(s.rest);
        made.rows = static_cast<std::int64_t>(s.rows);
        made.cost = at(left).cost + static_cast<std::int64_t>(s.cost);
        return out.add(made);
    }

    constexpr node plan_block(node number, growing_array<node> pool) {
        growing_array<leaf> leaves;
        gather(number, leaves, pool);
        source_set block;
        for (auto const& l : leaves) block.add(l.sources);

        growing_array<node> joining;  // conjuncts over more than one leaf
        for (node c : pool) {
            source_set used = uses(q, c);
            leaf* home = nullptr;
            for (auto& l : leaves) {
                source_set others = block;
                others.remove(l.sources);
                if (home == nullptr && !used.touches(others)) home = &l;
            }
            if (home != nullptr) {
                home->conjuncts.push_back(c);
            } else {
                joining.push_back(c);
            }
        }
        if (leaves.size() == 1) return plan_leaf(leaves[0], block);

        auto saved_order = wanted_order;
        growing_array<node> planned;
        for (auto const& l : leaves) {
            // An order can only come from the side that drives the joins.
            planned.push_back(plan_leaf(l, block));
            wanted_order = {};
        }
        wanted_order = saved_order;

        std::size_t first = 0;
        for (std::size_t i = 1; i < leaves.size(); ++i) {
            if (at(planned[i]).rows < at(planned[first]).rows) first = i;
        }
        growing_array<std::uint8_t> done;
        done.resize(leaves.size());
        done[first] = true;
        node current = planned[first];
        source_set joined = leaves[first].sources;
        for (std::size_t count = 1; count < leaves.size(); ++count) {
            std::size_t chosen = leaves.size();
            step chosen_step;
            bool chosen_connected = false;
            growing_array<node> chosen_conditions;
            for (std::size_t i = 0; i < leaves.size(); ++i) {
                if (done[i]) continue;
                source_set reach = joined;
                reach.add(leaves[i].sources);
                source_set beyond = block;
                beyond.remove(reach);
                growing_array<node> conditions;
                for (node c : joining) {
                    if (!uses(q, c).touches(beyond)) conditions.push_back(c);
                }
                source_set unbound = block;
                unbound.remove(joined);
                step s = choose_step(static_cast<double>(at(current).rows), joined, leaves[i],
                                     static_cast<double>(at(planned[i]).rows), static_cast<double>(at(planned[i]).cost),
                                     conditions, unbound, true);
                bool connected = !conditions.empty();
                bool better = chosen == leaves.size() || (connected && !chosen_connected) ||
                              (connected == chosen_connected && s.cost + s.rows < chosen_step.cost + chosen_step.rows);
                if (better) {
                    chosen = i;
                    chosen_step = s;
                    chosen_connected = connected;
                    chosen_conditions = conditions;
                }
            }
            growing_array<node> left_over;
            for (node c : joining) {
                bool taken = false;
                for (node t : chosen_conditions) taken = taken || t == c;
                if (!taken) left_over.push_back(c);
            }
            joining = left_over;
            if (chosen_step.kind == operator_kind::lookup_join) {
                current = join_node(query::join_kind::inner, none, current,
                                    scan(leaves[chosen].relation, chosen_step.lookup), chosen_step);
                out.nodes[current].filter = {};  // all conditions went into the scan
            } else if (at(current).rows < at(planned[chosen]).rows && chosen_step.kind == operator_kind::hash_join) {
                std::swap(chosen_step.left_keys, chosen_step.right_keys);
                current = join_node(query::join_kind::inner, none, planned[chosen], current, chosen_step);
            } else {
                current = join_node(query::join_kind::inner, none, current, planned[chosen], chosen_step);
            }
            joined.add(leaves[chosen].sources);
            done[chosen] = true;
        }
        return filtered(current, joining);
    }

    /// Left, right, full, semi, anti and lateral joins: the sides stay where they are.
    constexpr node plan_outer(node number, growing_array<node> conjuncts) {
        relation const& r = rel(number);
        query::join_kind kind = r.join;
        node l = r.left, right_relation = r.right;
        if (kind == query::join_kind::right_outer) {  // rows are found by source: swapping sides is free
            std::swap(l, right_relation);
            kind = query::join_kind::left_outer;
        }
        source_set left_sources = visible(q, l), right_sources = visible(q, right_relation);

        growing_array<node> above, into_left, into_right, conditions;
        for (node c : conjuncts) {
            bool sinks = kind != query::join_kind::full_outer && !uses(q, c).touches(right_sources);
            (sinks ? into_left : above).push_back(c);
        }
        for (node c : conjuncts_of(r.expressions)) {
            bool sinks = kind != query::join_kind::full_outer && !uses(q, c).touches(left_sources);
            (sinks ? into_right : conditions).push_back(c);
        }
        if (kind == query::join_kind::inner) {  // lateral: conditions above are as good as ON
            conditions.append(above);
            above.clear();
        }
        node left = plan_relation(l, std::move(into_left));
        auto saved_order = wanted_order;
        wanted_order = {};
        node made = none;
        if (r.lateral && uses_of_relation(q, right_relation).touches(left_sources)) {
            step s;
            s.kind = operator_kind::apply_join;
            s.rest = conditions;
            node right = plan_relation(right_relation, std::move(into_right));
            s.rows = static_cast<double>(at(left).rows * at(right).rows);
            s.cost = static_cast<double>(at(left).rows * at(right).cost);
            made = join_node(kind, number, left, right, s);
        } else {
            node base = right_relation;
            while (rel(base).kind == relation_kind::filter) {
                for (node c : conjuncts_of(rel(base).expressions)) into_right.push_back(c);
                base = rel(base).left;
            }
            leaf side{base, into_right, right_sources};
            node right = plan_relation(base, into_right);
            bool may_look_up = kind != query::join_kind::full_outer;
            step s =
                choose_step(static_cast<double>(at(left).rows), left_sources, side, static_cast<double>(at(right).rows),
                            static_cast<double>(at(right).cost), conditions, right_sources, may_look_up);
            if (s.rows < static_cast<double>(at(left).rows)) s.rows = static_cast<double>(at(left).rows);
            if (s.kind == operator_kind::lookup_join) {
                right = scan(base, s.lookup);
                s.rest.clear();
                s.left_keys.clear();
                s.right_keys.clear();
            }
            made = join_node(kind, number, left, right, s);
        }
        wanted_order = saved_order;
        return filtered(made, above);
    }
};

}  // namespace detail

/// Chooses operators for a query. `tables` holds the facts of each table of the statement, by `relation::table`.
///
/// Deterministic; usable in constant expressions. Time: quadratic in joined relations, linear in the rest.
constexpr plan make_plan(query_view query, array_view<table_facts> tables) {
    return detail::planner(query, tables).make();
}

}  // namespace phantomdb::plan
