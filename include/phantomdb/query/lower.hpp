/// @file Defines how `lowering` treats the verbs of a typed query: sources, conditions, groups, selection, order, limits.
///
/// The relations of one query lie above each other in this order, those that are not asked for left out:
///     table and join · filter (where) · aggregate · filter (having) · sort · project · distinct · limit
/// With `distinct`, and over set operations, the sort is above them and refers to their columns.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/lower_expression.hpp>
#include <phantomdb/query/verbs.hpp>

namespace phantomdb::query {

/// Collects the clauses of the query whose last verb is `root`.
constexpr clauses lowering::clauses_of(node root) {
    clauses said;
    growing_array<node> verbs;
    for (node at = root;;) {
        verbs.push_back(at);
        if (terms_[at].kind == term_kind::from || terms_[at].kind == term_kind::set_operation) break;
        at = children(at)[0];
    }
    bool combined = terms_[verbs.back()].kind == term_kind::set_operation;
    for (std::size_t i = verbs.size(); i-- > 0;) {
        node at = verbs[i];
        term const& verb = terms_[at];
        if (verb.absent && verb.kind != term_kind::join) continue;
        auto parts = children(at);
        auto append = [&](growing_array<node>& into) { into.append(array_view(parts).subspan(1)); };
        if (combined && verb.kind != term_kind::set_operation && verb.kind != term_kind::order_by &&
            verb.kind != term_kind::take && verb.kind != term_kind::skip) {
            fail("only order_by, take and skip may follow a union, intersection or difference");
            return said;
        }
        switch (verb.kind) {
            case term_kind::from:
            case term_kind::set_operation:
            case term_kind::join: said.sources.push_back(at); break;
            case term_kind::where:
                if (said.grouped) fail("where stands after group_by; conditions on groups belong into having");
                append(said.where);
                break;
            case term_kind::group_by: append(said.group_by), said.grouped = true; break;
            case term_kind::having: append(said.having); break;
            case term_kind::select:
                if (said.selected) fail("a query selects once");
                append(said.select), said.selected = true;
                break;
            case term_kind::order_by: append(said.order_by); break;
            case term_kind::take:
                if (said.take != none) fail("take is said twice");
                said.take = parts[1];
                break;
            case term_kind::skip:
                if (said.skip != none) fail("skip is said twice");
                said.skip = parts[1];
                break;
            case term_kind::distinct: said.distinct = true; break;
            default: break;
        }
    }
    for (auto const* among : {&said.select, &said.having, &said.order_by}) {
        for (node at : *among) said.grouped = said.grouped || has_aggregate(at);
    }
    if (!said.having.empty() && !said.grouped) fail("having needs group_by or an aggregate; use where");
    if (said.grouped && !said.selected) fail("a query with group_by must select what it wants of the groups");
    return said;
}

/// The tables of a query, joined from left to right.
constexpr node lowering::lower_sources(clauses const& said, query_scope& scope) {
    node joined = none;
    for (node at : said.sources) {
        term const& verb = terms_[at];
        visible_table made;
        made.table = verb.table;
        made.alias = verb.text;
        made.absent = verb.absent;
        for (auto const& other : scope.tables) {
            if (other.name() == made.name()) {
                return fail("table `", made.name(), "` is used twice; give one of them an alias");
            }
        }
        if (made.absent) {
            scope.tables.push_back(made);
            continue;
        }
        relation table;
        table.kind = relation_kind::table;
        while (table.table < 0) {
            for (std::size_t i = 0; i < out_.tables.size(); ++i) {
                if (is_same(*out_.tables[i], *verb.table)) table.table = static_cast<node>(i);
            }
            if (table.table < 0) out_.tables.push_back(verb.table);
        }
        growing_array<column> columns;
        for (auto const& member : verb.table->record->members) {
            columns.push_back({member.type, !member.not_null, out_.ir.add_text(member.name)});
        }
        node number = out_.ir.add(table);
        made.source = out_.ir.add_source(made.name(), columns, number);
        out_.ir.relations[number].source = made.source;
        scope.tables.push_back(made);
        if (joined == none) {
            joined = number;
            continue;
        }
        relation join;
        join.kind = relation_kind::join;
        join.join = verb.join;
        join.left = joined;
        join.right = number;
        scope.clause = "join";
        growing_array<node> conditions;
        auto parts = children(at);
        for (std::size_t i = 1; i < parts.size(); ++i) add_conjuncts(parts[i], scope, conditions);
        if (parts.size() == 1) lower_join_keys(scope, conditions);
        if (failed()) return 0;
        join.expressions = out_.ir.add_list(conditions);
        joined = out_.ir.add(join);
        bool left_null = verb.join == join_kind::right_outer || verb.join == join_kind::full_outer;
        bool right_null = verb.join == join_kind::left_outer || verb.join == join_kind::full_outer;
        for (auto& table_of_scope : scope.tables) {
            bool newest = &table_of_scope == &scope.tables.back();
            table_of_scope.nullable = table_of_scope.nullable || (newest ? right_null : left_null);
        }
    }
    return joined;
}

/// The condition of a join without one: the only foreign key between the newest table and the others.
constexpr void lowering::lower_join_keys(query_scope& scope, growing_array<node>& conditions) {
    struct candidate {
        visible_table const* from = nullptr;
        visible_table const* to = nullptr;
        foreign_key_shape const* key = nullptr;
    } only;
    int count = 0;
    visible_table const& newest = scope.tables.back();
    for (auto const& other : scope.tables) {
        if (&other == &newest || other.absent) continue;
        for (auto const& key : newest.table->foreign_keys) {
            if (is_same(*key.referenced, *other.table->record)) only = {&newest, &other, &key}, ++count;
        }
        for (auto const& key : other.table->foreign_keys) {
            if (is_same(*key.referenced, *newest.table->record)) only = {&other, &newest, &key}, ++count;
        }
    }
    if (count != 1) {
        fail(count == 0 ? "no foreign key connects table `" : "several foreign keys connect table `", newest.name(),
             "` with this query; say the condition of the join");
        return;
    }
    auto column = [&](visible_table const& of, std::int16_t ordinal) {
        expression made;
        made.kind = expression_kind::column;
        made.type = of.table->record->members[ordinal].type;
        made.nullable = !of.table->record->members[ordinal].not_null || of.nullable;
        made.source = of.source;
        made.column = ordinal;
        return out_.ir.add(made);
    };
    for (std::size_t i = 0; i < only.key->columns.size(); ++i) {
        conditions.push_back(call(
            "=", true, {column(*only.from, only.key->columns[i]), column(*only.to, only.key->referenced_columns[i])}));
    }
}

constexpr void lowering::add_conjuncts(node at, query_scope& scope, growing_array<node>& into) {
    if (failed()) return;
    if (terms_[at].kind == term_kind::logical_and) {
        for (node part : children(at)) add_conjuncts(part, scope, into);
        return;
    }
    node made = lower(at, scope);
    if (must_be_condition(made, scope.clause)) into.push_back(made);
}

constexpr node lowering::lower_conditions(growing_array<node> const& said, node below, query_scope& scope) {
    if (said.empty()) return below;
    growing_array<node> conjuncts;
    for (node at : said) add_conjuncts(at, scope, conjuncts);
    if (failed()) return 0;
    relation made;
    made.kind = relation_kind::filter;
    made.left = below;
    made.expressions = out_.ir.add_list(conjuncts);
    return out_.ir.add(made);
}

/// Lowers the keys; from then on expressions are over groups.
constexpr void lowering::begin_groups(clauses const& said, query_scope& scope) {
    auto& groups = *scope.groups;
    scope.clause = "group_by";
    for (node key : said.group_by) {
        node made = lower(key, scope);
        if (failed()) return;
        groups.keys.push_back(key);
        groups.key_expressions.push_back(made);
    }
    // Where the primary key is among the keys, the table's other columns have one value a group and may be used.
    for (auto const& table : scope.tables) {
        if (!table.table->has_primary_key() || table.absent) continue;
        key_shape const& primary = table.table->keys.front();
        std::size_t found = 0;
        for (std::int16_t column : primary.columns) {
            for (node e : groups.key_expressions) {
                if (at(e).kind == expression_kind::column && at(e).source == table.source && at(e).column == column) {
                    ++found;
                    break;
                }
            }
        }
        if (found < primary.columns.size()) continue;
        for (node i = 0; i < static_cast<node>(terms_.size()); ++i) {
            term const& t = terms_[i];
            if (t.kind != term_kind::column || !is_same(*t.record, *table.table->record) || t.text != table.alias)
                continue;
            bool known = false;
            for (node e : groups.key_expressions) {
                known = known || (at(e).kind == expression_kind::column && at(e).source == table.source &&
                                  at(e).column == t.ordinal);
            }
            if (known) continue;
            node made = lower_column(i, scope);
            if (failed()) return;
            groups.keys.push_back(i);
            groups.key_expressions.push_back(made);
        }
    }
    groups.source = static_cast<node>(out_.ir.sources.size());
    out_.ir.sources.push_back({});
    groups.active = true;
}

/// The aggregate relation, once every clause above it has said what it needs.
constexpr node lowering::end_groups(node below, grouping const& groups) {
    growing_array<column> columns;
    auto add_columns = [&](growing_array<node> const& said, growing_array<node> const& made) {
        for (std::size_t i = 0; i < made.size(); ++i) {
            expression const& e = at(made[i]);
            columns.push_back({e.type, e.nullable, out_.ir.add_text(name_of_value(said[i]))});
        }
    };
    add_columns(groups.keys, groups.key_expressions);
    add_columns(groups.aggregates, groups.aggregate_expressions);
    relation made;
    made.kind = relation_kind::aggregate;
    made.left = below;
    made.source = groups.source;
    made.expressions = out_.ir.add_list(groups.key_expressions);
    made.aggregates = out_.ir.add_list(groups.aggregate_expressions);
    auto& source = out_.ir.sources[groups.source];
    source.columns = {static_cast<node>(out_.ir.columns.size()), static_cast<node>(columns.size())};
    out_.ir.columns.append(columns);
    source.relation = out_.ir.add(made);
    return source.relation;
}

/// What SQL would call a selected value.
constexpr std::string_view lowering::name_of_value(node root) const {
    term const& said = terms_[root];
    switch (said.kind) {
        case term_kind::named:
        case term_kind::path: return said.text;
        case term_kind::column: return said.record->members[said.ordinal].name;
        case term_kind::aggregate: return said.text;
        case term_kind::call: return said.flag ? std::string_view{"?column?"} : said.text;
        case term_kind::cast: {
            auto inner = name_of_value(root - 1);
            return inner == "?column?" ? facts(said.type.id).pg_name : inner;
        }
        case term_kind::case_when: return "case";
        case term_kind::coalesce: return "coalesce";
        case term_kind::nullif: return "nullif";
        case term_kind::greatest: return "greatest";
        case term_kind::least: return "least";
        case term_kind::exists: return "exists";
        default: return "?column?";
    }
}

/// The selected values, or every column of every table.
constexpr growing_array<node> lowering::lower_values(clauses const& said, query_scope& scope) {
    growing_array<node> values;
    scope.clause = "select";
    for (node root : said.select) {
        node value = lower(root, scope);
        if (failed()) return values;
        if (type_at(value) == type_id::unknown && at(value).kind != expression_kind::parameter) {
            value = coerce(value, detail::text_type);
        }
        values.push_back(value);
    }
    if (said.selected) return values;
    for (auto const& table : scope.tables) {
        auto const& members = table.table->record->members;
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (table.absent) {
                values.push_back(null_of(members[i].type));
                continue;
            }
            expression made;
            made.kind = expression_kind::column;
            made.type = members[i].type;
            made.nullable = !members[i].not_null || table.nullable;
            made.source = table.source;
            made.column = static_cast<node>(i);
            values.push_back(out_.ir.add(made));
        }
    }
    return values;
}

constexpr lowering::rows lowering::lower_select(clauses const& said, node below, query_scope& scope,
                                                array_view<node> values) {
    growing_array<column> columns;
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::string_view name;
        if (said.selected) {
            name = name_of_value(said.select[i]);
        } else {
            std::size_t at_member = i;
            for (auto const& table : scope.tables) {
                auto const& members = table.table->record->members;
                if (at_member < members.size()) {
                    name = members[at_member].name;
                    break;
                }
                at_member -= members.size();
            }
        }
        columns.push_back({at(values[i]).type, at(values[i]).nullable, out_.ir.add_text(name)});
    }
    relation made;
    made.kind = relation_kind::project;
    made.left = below;
    made.expressions = out_.ir.add_list(values);
    node number = out_.ir.add(made);
    node source = out_.ir.add_source("", columns, number);
    out_.ir.relations[number].source = source;
    return {number, source};
}

/// The sort over `below`. `over`: the source that keys refer to when they must be selected values, or none.
constexpr node lowering::lower_order(clauses const& said, node below, query_scope& scope, array_view<node> values,
                                     node over) {
    if (said.order_by.empty()) return below;
    growing_array<sort_key> keys;
    scope.clause = "order_by";
    for (node root : said.order_by) {
        sort_key key;
        int nulls = 0;
        while (terms_[root].kind == term_kind::descending || terms_[root].kind == term_kind::nulls_first ||
               terms_[root].kind == term_kind::nulls_last) {
            if (terms_[root].kind == term_kind::descending) key.descending = true;
            if (terms_[root].kind == term_kind::nulls_first && nulls == 0) nulls = 1;
            if (terms_[root].kind == term_kind::nulls_last && nulls == 0) nulls = -1;
            --root;
        }
        key.nulls_first = nulls == 0 ? key.descending : nulls > 0;
        term const& what = terms_[root];
        int selected = -1;
        for (std::size_t i = 0; i < said.select.size(); ++i) {
            node value = said.select[i];
            bool same = what.kind == term_kind::output
                            ? name_of_value(value) == what.text
                            : says_same(root, terms_[value].kind == term_kind::named ? value - 1 : value);
            if (same && selected < 0) selected = static_cast<int>(i);
        }
        if (what.kind == term_kind::output && selected < 0) {
            return fail("nothing that is selected is called `", what.text, "`");
        }
        if (over != none) {
            if (selected < 0 && !said.selected && what.kind == term_kind::column) {
                node e = lower_column(root, scope);
                for (std::size_t i = 0; i < values.size(); ++i) {
                    if (at(values[i]).source == at(e).source && at(values[i]).column == at(e).column) {
                        selected = static_cast<int>(i);
                    }
                }
            }
            if (selected < 0) return fail("with distinct, order_by takes selected values only");
            column const from = out_.ir.columns[out_.ir.sources[over].columns.first + selected];
            expression column_of;
            column_of.kind = expression_kind::column;
            column_of.type = from.type;
            column_of.nullable = from.nullable;
            column_of.source = over;
            column_of.column = selected;
            key.expression = out_.ir.add(column_of);
        } else {
            key.expression = selected >= 0 ? values[static_cast<std::size_t>(selected)] : lower(root, scope);
        }
        if (failed()) return 0;
        keys.push_back(key);
    }
    relation made;
    made.kind = relation_kind::sort;
    made.left = below;
    made.sort = out_.ir.add_keys(keys);
    return out_.ir.add(made);
}

constexpr node lowering::lower_limits(clauses const& said, node below, query_scope& scope) {
    if (said.take == none && said.skip == none) return below;
    relation made;
    made.kind = relation_kind::limit;
    made.left = below;
    auto bound = [&](node at_term, std::string_view verb) {
        if (at_term == none) return none;
        term const& said_bound = terms_[at_term];
        if (said_bound.kind == term_kind::literal && is_integer(said_bound.type.id) &&
            static_cast<std::int64_t>(said_bound.low) < 0) {
            return fail(verb, " needs a number that is not negative");
        }
        query_scope nothing;
        nothing.outer = scope.outer;
        nothing.clause = verb;
        node e = lower(at_term, nothing);
        if (!failed() && type_at(e) != type_id::unknown && !is_integer(type_at(e))) {
            return fail(verb, " needs a number of rows, not ", describe(e));
        }
        return coerce(e, {type_id::int8, -1});
    };
    made.limit = bound(said.take, "take");
    made.offset = bound(said.skip, "skip");
    return failed() ? 0 : out_.ir.add(made);
}

constexpr lowering::rows lowering::lower_set_operation(node root, clauses const& said, query_scope* outer) {
    auto sides = children(root);
    rows left = lower_query(sides[0], outer), right = lower_query(sides[1], outer);
    if (failed()) return {};
    slice first = out_.ir.sources[left.source].columns, second = out_.ir.sources[right.source].columns;
    if (first.count != second.count) {
        fail("the sides of a union, intersection or difference select ", static_cast<std::int64_t>(first.count),
             " and ", static_cast<std::int64_t>(second.count), " columns");
        return {};
    }
    growing_array<column> columns;
    for (node i = 0; i < first.count; ++i) {
        column made = out_.ir.columns[first.first + i];
        column const other = out_.ir.columns[second.first + i];
        if (made.type.id != other.type.id) {
            fail("column ", static_cast<std::int64_t>(i + 1), " of a union, intersection or difference is ",
                 facts(made.type.id).name, " on one side and ", facts(other.type.id).name, " on the other; use cast");
            return {};
        }
        if (made.type != other.type) made.type.modifier = -1;
        made.nullable = made.nullable || other.nullable;
        columns.push_back(made);
    }
    relation made;
    made.kind = relation_kind::set_operation;
    made.set = static_cast<set_kind>(terms_[root].ordinal);
    made.all = terms_[root].flag;
    made.left = left.relation;
    made.right = right.relation;
    node number = out_.ir.add(made);
    node source = out_.ir.add_source("", columns, number);
    out_.ir.relations[number].source = source;

    query_scope scope;
    scope.outer = outer;
    clauses named = said;
    for (node at = sides[0]; said.select.empty();) {  // names come from the left side's selection
        if (terms_[at].kind == term_kind::select) {
            named.select.append(array_view(children(at)).subspan(1));
            break;
        }
        at = children(at)[0];
    }
    node top = lower_order(named, number, scope, {}, source);
    return {lower_limits(said, top, scope), source};
}

constexpr lowering::rows lowering::lower_query(node root, query_scope* outer) {
    if (failed()) return {};
    clauses said = clauses_of(root);
    if (failed()) return {};
    if (terms_[said.sources.front()].kind == term_kind::set_operation) {
        return lower_set_operation(said.sources.front(), said, outer);
    }
    query_scope scope;
    scope.outer = outer;
    grouping groups;
    scope.groups = said.grouped ? &groups : nullptr;
    node below = lower_sources(said, scope);
    scope.clause = "where";
    below = lower_conditions(said.where, below, scope);
    if (failed()) return {};
    if (said.grouped) begin_groups(said, scope);
    auto values = lower_values(said, scope);
    // What sits on the groups is lowered before them: it says which aggregates there are.
    growing_array<node> conjuncts;
    scope.clause = "having";
    for (node at : said.having) add_conjuncts(at, scope, conjuncts);
    if (failed()) return {};
    node sorted = said.distinct ? none : lower_order(said, none, scope, values, none);
    if (failed()) return {};
    if (said.grouped) below = end_groups(below, groups);
    if (!conjuncts.empty()) {
        relation filter;
        filter.kind = relation_kind::filter;
        filter.left = below;
        filter.expressions = out_.ir.add_list(conjuncts);
        below = out_.ir.add(filter);
    }
    if (sorted != none) {
        out_.ir.relations[sorted].left = below;
        below = sorted;
    }
    rows made = lower_select(said, below, scope, values);
    if (said.distinct) {
        relation distinct;
        distinct.kind = relation_kind::distinct;
        distinct.left = made.relation;
        made.relation = out_.ir.add(distinct);
        made.relation = lower_order(said, made.relation, scope, values, made.source);
    }
    return {lower_limits(said, made.relation, scope), made.source};
}

/// Parameters whose type was found after their first use.
constexpr void lowering::settle_types() {
    for (auto& e : out_.ir.expressions) {
        if (e.kind != expression_kind::parameter) continue;
        auto const& parameter = out_.ir.parameters[e.detail];
        if (parameter.type.id == type_id::unknown) {
            fail("nothing says what type argument `", out_.ir.view().name(parameter.name), "` has; write arg<\"",
                 out_.ir.view().name(parameter.name), "\", type>");
            return;
        }
        if (e.type.id == type_id::unknown) e.type = parameter.type;
    }
}

constexpr lowered_query lowering::run() && {
    rows made = lower_query(static_cast<node>(terms_.size()) - 1, nullptr);
    if (!failed()) settle_types();
    out_.ir.root = made.relation;
    out_.result = made.source;
    return std::move(out_);
}

/// The IR of a typed query. Its `problem` says what is wrong with it, if anything is.
template <std::size_t N, class Slots, class Selected>
constexpr lowered_query lower(query_of<N, Slots, Selected> const& query) {
    return lowering(query.terms).run();
}

}  // namespace phantomdb::query
