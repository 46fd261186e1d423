/// @file Defines subqueries as expressions: scalar, EXISTS, and ANY/ALL.
///
/// A correlated subquery runs once per row, after the columns it uses were put into their slots; one that uses nothing from
/// outside runs once per statement and keeps its answer.
#pragma once

#include <phantomdb/exec/any_operator.hpp>
#include <phantomdb/exec/datum_key.hpp>
#include <phantomdb/exec/dynamic_expressions.hpp>

#include <optional>

namespace phantomdb::exec {

/// A column of the row at hand that the subquery reads through an outer slot.
struct outer_binding {
    std::size_t slot;
    std::size_t position;
};

/// What the three kinds share: the plan, its memory, its bindings.
class subquery_expression : public computed_expression {
protected:
    subquery_expression(any_operator plan, std::vector<outer_binding> bindings, bool independent, sql_type type)
        : computed_expression(type),
          plan_(std::move(plan)),
          bindings_(std::move(bindings)),
          independent_(independent) {}

    void bind(dynamic_context& context, chunk const& rows, std::size_t row) {
        for (auto const& b : bindings_) context.shared.outer[b.slot] = rows.at(b.position, row);
    }
    template <class Sink>
    void run(dynamic_context& context, Sink&& sink) {
        context.call.check_cancelled();
        memory_.reset();
        dynamic_context inner = context.with_memory(memory_);
        plan_.run(inner, sink);
    }
    /// Whether an answer kept from before still holds; if not, it is about to be made for this statement.
    bool remembered(dynamic_context& context) {
        if (!independent_) return false;
        bool known = known_for_ == context.shared.execution;
        known_for_ = context.shared.execution;
        return known;
    }

    any_operator plan_;
    std::vector<outer_binding> bindings_;
    bool independent_;
    std::uint64_t known_for_ = 0;
    arena memory_;
};

class scalar_subquery final : public subquery_expression {
public:
    scalar_subquery(any_operator plan, std::vector<outer_binding> bindings, bool independent, sql_type type)
        : subquery_expression(std::move(plan), std::move(bindings), independent, type) {}

    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        if (independent_) {
            if (rows.count != 0 && !remembered(context)) {
                kept_.reset();
                answer_ = ask(context, kept_);
            }
            null_ = answer_.null;
            return {&answer_.value, &null_, 0, type_};
        }
        for (std::size_t i = 0; i < rows.count; ++i) {
            std::size_t row = rows.row(i);
            bind(context, rows, row);
            put(row, ask(context, context.call.memory));
        }
        return out_.view(type_);
    }

private:
    nullable_datum ask(dynamic_context& context, arena& keep) {
        nullable_datum found;
        std::size_t count = 0;
        run(context, [&](chunk& unit) {
            count += unit.count;
            if (count > 1) {
                throw error(errc::cardinality_violation,
                            "more than one row returned by a subquery used as an expression");
            }
            if (unit.count == 0) return flow_signal::more;
            found = unit.at(0, unit.row(0));
            if (!found.null && physical_of(type_.id) == physical::text) found.value = datum{keep.copy(found.value.t)};
            return flow_signal::more;
        });
        return found;
    }
    nullable_datum answer_;
    std::uint8_t null_ = 0;
    arena kept_;
};

class exists_subquery final : public subquery_expression {
public:
    exists_subquery(any_operator plan, std::vector<outer_binding> bindings, bool independent, bool negated)
        : subquery_expression(std::move(plan), std::move(bindings), independent, {type_id::boolean, -1}),
          negated_(negated) {}

    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        for (std::size_t i = 0; i < rows.count; ++i) {
            std::size_t row = rows.row(i);
            if (!remembered(context)) {
                bind(context, rows, row);
                found_ = false;
                run(context, [&](chunk& unit) {
                    found_ = found_ || unit.count != 0;
                    return found_ ? flow_signal::stop : flow_signal::more;
                });
            }
            put_bool(row, found_ != negated_);
        }
        return out_.view(type_);
    }

private:
    bool negated_, found_ = false;
};

/// operand op ANY (subquery), operand op ALL (subquery).
class quantified_subquery final : public subquery_expression {
public:
    /// `hashed`: the operator is "=" with ANY over equal types, so that an independent list can be looked up.
    quantified_subquery(any_expression operand, any_operator plan, std::vector<outer_binding> bindings,
                        bool independent, kernel compare, bool all, sql_type element, bool hashed)
        : subquery_expression(std::move(plan), std::move(bindings), independent, {type_id::boolean, -1}),
          operand_(std::move(operand)),
          compare_(compare),
          all_(all),
          element_(element),
          hashed_(hashed && independent),
          rows_({element}) {}

    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        kernel_input in = operand_->evaluate(context, rows);
        for (std::size_t i = 0; i < rows.count; ++i) {
            std::size_t row = rows.row(i);
            if (!remembered(context)) {
                bind(context, rows, row);
                fetch(context);
            }
            put(row, hashed_ ? look_up(cell_at(in, row)) : judge(context, in, row));
        }
        return out_.view(type_);
    }

private:
    void fetch(dynamic_context& context) {
        rows_.clear();
        null_element_ = false;
        if (hashed_) set_.emplace(datum_keys({element_}));
        run(context, [&](chunk& unit) {
            for (std::size_t i = 0; i < unit.count; ++i) {
                nullable_datum cell = unit.at(0, unit.row(i));
                null_element_ = null_element_ || cell.null;
                if (!hashed_) rows_.push(chunk_row{&unit, unit.row(i)});
                else if (!cell.null) set_->insert(std::span<nullable_datum const>(&cell, 1));
            }
            return flow_signal::more;
        });
    }
    nullable_datum look_up(nullable_datum cell) const {
        if (set_->size() == 0 && !null_element_) return datum{std::int64_t{0}};
        if (cell.null) return {};
        if (set_->find(std::span<nullable_datum const>(&cell, 1)) != set_->none) return datum{std::int64_t{1}};
        return null_element_ ? nullable_datum{} : nullable_datum{datum{std::int64_t{0}}};
    }
    nullable_datum judge(dynamic_context& context, kernel_input const& in, std::size_t row) {
        nullable_datum left = cell_at(in, row);
        bool unknown = false;
        for (std::size_t n = 0; n < rows_.size(); ++n) {
            nullable_datum right = rows_.at(n, 0);
            std::uint8_t left_null = left.null, right_null = right.null, null = 0;
            kernel_input inputs[2] = {{&left.value, &left_null, 0, in.type}, {&right.value, &right_null, 0, element_}};
            datum held;
            compare_(context.call, {inputs, nullptr, 1, &held, &null, type_});
            if (null != 0) unknown = true;
            else if ((held.i != 0) != all_) return datum{std::int64_t{!all_}};
        }
        return unknown ? nullable_datum{} : nullable_datum{datum{std::int64_t{all_}}};
    }

    any_expression operand_;
    kernel compare_;
    bool all_;
    sql_type element_;
    bool hashed_;
    tuple_store rows_;
    std::optional<group_table<datum_keys>> set_;
    bool null_element_ = false;
};

}  // namespace phantomdb::exec
