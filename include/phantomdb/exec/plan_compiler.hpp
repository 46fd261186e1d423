/// @file Defines `plan_compiler`: makes operators and expressions of a run-time plan. Internal to `executable`.
#pragma once

#include <phantomdb/exec/chunk_aggregates.hpp>
#include <phantomdb/exec/chunk_flow.hpp>
#include <phantomdb/exec/dynamic_expressions.hpp>
#include <phantomdb/exec/executable.hpp>
#include <phantomdb/plan/expression_facts.hpp>

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace phantomdb::exec {

using query::node;
using query::none;
using query::slice;

/// Which column of which source lies at which position of an operator's chunks.
struct output_layout {
    std::vector<std::pair<node, node>> columns;  ///< (source, column)
    std::vector<sql_type> types;

    void add(node source, node column, sql_type type) {
        columns.emplace_back(source, column);
        types.push_back(type);
    }
    /// -1 where the column is not there.
    int position(node source, node column) const {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i].first == source && columns[i].second == column) return static_cast<int>(i);
        }
        return -1;
    }
    friend output_layout operator+(output_layout left, output_layout const& right) {
        left.columns.insert(left.columns.end(), right.columns.begin(), right.columns.end());
        left.types.insert(left.types.end(), right.types.begin(), right.types.end());
        return left;
    }
};

struct compiled {
    any_operator run;
    output_layout layout;
};

/// Bounds of an access path, evaluated for one row of a chunk (or for none, when they use no columns).
struct dynamic_bounds {
    expression_row equal;
    any_expression lower, upper;
    bool lower_inclusive = false, upper_inclusive = false;
    kernel_input lower_input{}, upper_input{};

    void prepare(dynamic_context& context, chunk const& rows) {
        equal.prepare(context, rows);
        if (lower) lower_input = lower->evaluate(context, rows);
        if (upper) upper_input = upper->evaluate(context, rows);
    }
    scan_bounds at(std::size_t row) {
        scan_bounds made;
        made.equal = equal.get(row);
        if (lower) made.lower = cell_at(lower_input, row);
        if (upper) made.upper = cell_at(upper_input, row);
        made.lower_inclusive = lower_inclusive;
        made.upper_inclusive = upper_inclusive;
        return made;
    }
    scan_bounds evaluate(dynamic_context& context) {
        chunk one;
        one.count = 1;
        prepare(context, one);
        return at(0);
    }
};

/// Turns stored rows into chunks of the columns a statement needs.
class stored_chunks {
public:
    using flow = chunk_flow;

    /// A column ordinal equal to the number of columns means the row key.
    stored_chunks(std::vector<std::size_t> columns, std::vector<sql_type> types)
        : columns_(std::move(columns)), types_(std::move(types)), buffers_(columns_.size()) {}

    static sql_view const& view(dynamic_context& context) { return context.shared.view; }

    template <class Sink>
    flow_signal pass(dynamic_context&, schema::table_layout const& layout, std::span<storage::slice const> rows,
                     Sink& sink) {
        targets_.clear();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i] == layout.rows.size()) {
                for (std::size_t r = 0; r < rows.size(); ++r) {
                    buffers_[i].values()[r] = datum{rows[r].key};
                    buffers_[i].nulls()[r] = 0;
                }
            } else {
                targets_.push_back(
                    {columns_[i], buffers_[i].values(), buffers_[i].nulls(), layout.missing(columns_[i])});
            }
        }
        layout.rows.decode(rows.size(), [&](std::size_t r) { return rows[r].value; }, targets_);
        unit_.columns.resize(columns_.size());
        for (std::size_t i = 0; i < columns_.size(); ++i) unit_.columns[i] = buffers_[i].view(types_[i]);
        unit_.selection = nullptr;
        unit_.count = rows.size();
        return sink(unit_);
    }

private:
    std::vector<std::size_t> columns_;
    std::vector<sql_type> types_;
    std::vector<column_buffer> buffers_;
    std::vector<codec::column_target> targets_;
    chunk unit_;
};

/// Walks a plan once and builds what runs it.
class plan_compiler {
public:
    plan_compiler(query::query_view query, plan::plan_view plan, std::vector<table_binding> const& tables);

    compiled compile(node plan_node);
    std::size_t outer_slots() const { return slots_.size(); }

private:
    friend struct expression_builder;

    // expressions (plan_compiler_expressions.ipp)
    any_expression expression(node number, output_layout const& in);
    any_expression subquery(query::expression const& e, output_layout const& in);
    std::vector<any_expression> expressions(std::span<node const> numbers, output_layout const& in);
    expression_row row_of(std::span<node const> numbers, output_layout const& in);
    conjunction condition(std::span<node const> conjuncts, output_layout const& in);
    std::vector<sql_type> types_of(std::span<node const> numbers) const;
    chunk_flow::key_reader keys(std::span<node const> numbers, output_layout const& in);
    chunk_flow::order_reader order(std::span<query::sort_key const> sort_keys, output_layout const& in);
    chunk_aggregate aggregate_call(node number, output_layout const& in);
    std::size_t slot_of(node source, node column);
    value constant(query::literal const& l) const;

    // operators (plan_compiler_operators.ipp, plan_compiler_changes.ipp)
    compiled scan(node number);
    compiled joined(node number);
    compiled simple(node number);
    compiled aggregated(node number);
    compiled changing(node number);
    compiled windowed(node number);
    compiled filtered(compiled child, slice conjuncts, node number);
    output_layout columns_of_source(node source) const;
    output_layout table_columns(node source) const;
    dynamic_bounds bounds_of(plan::plan_node const& p, output_layout const& in);
    table_reader reader_of(plan::plan_node const& p) const;
    stored_chunks chunks_of(output_layout const& layout, node source) const;
    void find_needed_columns();

    query::query_view q_;
    plan::plan_view plan_;
    std::vector<table_binding> const& tables_;
    std::vector<std::set<node>> needed_;                  // columns used anywhere, by source
    std::map<std::pair<node, node>, std::size_t> slots_;  // outer columns
};

}  // namespace phantomdb::exec
