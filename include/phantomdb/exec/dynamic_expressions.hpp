/// @file Defines the kinds of `dynamic_expression`: one class per kind of expression in the query IR.
///
/// Subqueries have a file of their own (exec/subquery_expression.hpp).
#pragma once

#include <phantomdb/exec/datum_key.hpp>
#include <phantomdb/exec/dynamic_expression.hpp>
#include <phantomdb/query/ir.hpp>
#include <phantomdb/value/cast.hpp>
#include <phantomdb/value/compare.hpp>

#include <optional>

namespace phantomdb::exec {

/// One value for all rows: a literal, held here.
class constant_expression final : public dynamic_expression {
public:
    explicit constant_expression(value held) : held_(std::move(held)), null_(held_.is_null()) {
        if (!null_) cell_ = held_.raw();
    }
    kernel_input evaluate(dynamic_context&, chunk const&) override { return {&cell_, &null_, 0, held_.type()}; }

private:
    value held_;
    datum cell_;
    std::uint8_t null_;
};

/// One value for all rows: a parameter, or a column of an outer row.
class slot_expression final : public dynamic_expression {
public:
    enum class where : std::uint8_t { parameters, outer };
    slot_expression(where place, std::size_t slot, sql_type type) : place_(place), slot_(slot), type_(type) {}
    kernel_input evaluate(dynamic_context& context, chunk const&) override {
        if (place_ == where::parameters) {
            PHANTOMDB_ASSERT(slot_ < context.shared.parameters.size());
            cell_ = context.shared.parameters[slot_];
        } else {
            cell_ = context.shared.outer[slot_];
        }
        null_ = cell_.null;
        return {&cell_.value, &null_, 0, type_};
    }

private:
    where place_;
    std::size_t slot_;
    sql_type type_;
    nullable_datum cell_;
    std::uint8_t null_ = 0;
};

class column_expression final : public dynamic_expression {
public:
    column_expression(std::size_t position, sql_type type) : position_(position), type_(type) {}
    kernel_input evaluate(dynamic_context&, chunk const& rows) override {
        kernel_input column = rows.columns[position_];
        column.type = type_;
        return column;
    }

private:
    std::size_t position_;
    sql_type type_;
};

/// Base of what computes into a buffer of its own.
class computed_expression : public dynamic_expression {
protected:
    explicit computed_expression(sql_type type) : type_(type) {}
    void put(std::size_t row, nullable_datum cell) {
        out_.values()[row] = cell.value;
        out_.nulls()[row] = cell.null;
    }
    void put_bool(std::size_t row, bool held) { put(row, datum{std::int64_t{held}}); }

    sql_type type_;
    column_buffer out_;
};

class call_expression final : public computed_expression {
public:
    call_expression(kernel run, std::vector<any_expression> arguments, sql_type type)
        : computed_expression(type), run_(run), arguments_(std::move(arguments)), inputs_(arguments_.size()) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        for (std::size_t i = 0; i < arguments_.size(); ++i) {
            inputs_[i] = arguments_[i]->evaluate(context, rows);
        }
        run_(context.call, {inputs_, rows.selection, rows.count, out_.values(), out_.nulls(), type_});
        return out_.view(type_);
    }

private:
    kernel run_;
    std::vector<any_expression> arguments_;
    std::vector<kernel_input> inputs_;
};

class cast_expression final : public computed_expression {
public:
    cast_expression(any_expression operand, sql_type from, sql_type to, bool is_explicit)
        : computed_expression(to), operand_(std::move(operand)), from_(from), explicit_(is_explicit) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        kernel_input in = operand_->evaluate(context, rows);
        for (std::size_t i = 0; i < rows.count; ++i) {
            std::size_t row = rows.row(i);
            if (is_null_at(in, row)) put(row, {});
            else
                put(row, cast(value_at(in, row), from_, type_, context.call.memory, context.call.settings,
                              explicit_ ? cast_context::explicit_only : cast_context::assignment));
        }
        return out_.view(type_);
    }

private:
    any_expression operand_;
    sql_type from_;
    bool explicit_;
};

/// AND, OR: left to right, each operand only for the rows that are still open.
class logical_expression final : public computed_expression {
public:
    logical_expression(std::vector<any_expression> operands, bool any)
        : computed_expression({type_id::boolean, -1}), operands_(std::move(operands)), any_(any) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        for (std::size_t i = 0; i < rows.count; ++i) put_bool(rows.row(i), !any_);
        chunk open = rows;
        for (auto& operand : operands_) {
            if (open.count == 0) break;
            kernel_input v = operand->evaluate(context, open);
            std::size_t kept = 0;
            if (selection_.empty()) selection_.resize(chunk_capacity);
            for (std::size_t i = 0; i < open.count; ++i) {
                std::size_t row = open.row(i);
                if (is_null_at(v, row)) {
                    put(row, {});
                } else if ((value_at(v, row).i != 0) == any_) {
                    put_bool(row, any_);
                    continue;  // decided
                }
                selection_[kept++] = static_cast<std::uint16_t>(row);
            }
            open.selection = selection_.data();
            open.count = kept;
        }
        return out_.view(type_);
    }

private:
    std::vector<any_expression> operands_;
    bool any_;
    std::vector<std::uint16_t> selection_;
};

/// NOT, IS [NOT] NULL, IS [NOT] TRUE/FALSE/UNKNOWN.
class test_expression final : public computed_expression {
public:
    enum class test : std::uint8_t { negate, null, not_null, truth };
    test_expression(any_expression operand, test which, query::truth_test truth = {})
        : computed_expression({type_id::boolean, -1}), operand_(std::move(operand)), which_(which), truth_(truth) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        kernel_input in = operand_->evaluate(context, rows);
        for (std::size_t i = 0; i < rows.count; ++i) {
            std::size_t row = rows.row(i);
            bool null = is_null_at(in, row);
            switch (which_) {
                case test::negate:
                    if (null) put(row, {});
                    else put_bool(row, value_at(in, row).i == 0);
                    break;
                case test::null: put_bool(row, null); break;
                case test::not_null: put_bool(row, !null); break;
                case test::truth: put_bool(row, holds(null, !null && value_at(in, row).i != 0)); break;
            }
        }
        return out_.view(type_);
    }

private:
    bool holds(bool null, bool value) const {
        switch (truth_) {
            case query::truth_test::is_true: return value;
            case query::truth_test::is_not_true: return !value;
            case query::truth_test::is_false: return !null && !value;
            case query::truth_test::is_not_false: return null || value;
            case query::truth_test::is_unknown: return null;
            case query::truth_test::is_not_unknown: return !null;
        }
        return false;
    }
    any_expression operand_;
    test which_;
    query::truth_test truth_;
};

/// IS [NOT] DISTINCT FROM, NULLIF: an "=" with nulls handled around it.
class equality_expression final : public computed_expression {
public:
    enum class form : std::uint8_t { distinct, not_distinct, nullif };
    equality_expression(any_expression left, any_expression right, kernel equal, form which, sql_type type)
        : computed_expression(type), left_(std::move(left)), right_(std::move(right)), equal_(equal), which_(which) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        kernel_input inputs[2] = {left_->evaluate(context, rows), right_->evaluate(context, rows)};
        equal_(context.call,
               {inputs, rows.selection, rows.count, held_.values(), held_.nulls(), {type_id::boolean, -1}});
        for (std::size_t i = 0; i < rows.count; ++i) {
            std::size_t row = rows.row(i);
            bool a = is_null_at(inputs[0], row), b = is_null_at(inputs[1], row);
            bool same = a || b ? a && b : held_.nulls()[row] == 0 && held_.values()[row].i != 0;
            if (which_ == form::nullif) put(row, same && !a ? nullable_datum{} : cell_at(inputs[0], row));
            else put_bool(row, same == (which_ == form::not_distinct));
        }
        return out_.view(type_);
    }

private:
    any_expression left_, right_;
    kernel equal_;
    form which_;
    column_buffer held_;
};

/// CASE WHEN: each result only for the rows it is for.
class case_expression final : public computed_expression {
public:
    case_expression(std::vector<any_expression> parts, sql_type type)
        : computed_expression(type), parts_(std::move(parts)) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        std::vector<std::uint16_t> open(rows.count), chosen;
        for (std::size_t i = 0; i < rows.count; ++i) open[i] = static_cast<std::uint16_t>(rows.row(i));
        chunk part = rows;
        std::size_t i = 0;
        for (; i + 1 < parts_.size() && !open.empty(); i += 2) {
            part.selection = open.data();
            part.count = open.size();
            kernel_input held = parts_[i]->evaluate(context, part);
            chosen.clear();
            std::size_t kept = 0;
            for (std::uint16_t row : open) {
                if (is_true_at(held, row)) chosen.push_back(row);
                else open[kept++] = row;
            }
            open.resize(kept);
            copy(context, *parts_[i + 1], part, chosen);
        }
        copy(context, *parts_.back(), part, open);
        return out_.view(type_);
    }

private:
    void copy(dynamic_context& context, dynamic_expression& from, chunk part, std::vector<std::uint16_t> const& rows) {
        if (rows.empty()) return;
        part.selection = rows.data();
        part.count = rows.size();
        kernel_input v = from.evaluate(context, part);
        for (std::uint16_t row : rows) put(row, cell_at(v, row));
    }
    std::vector<any_expression> parts_;
};

class coalesce_expression final : public computed_expression {
public:
    coalesce_expression(std::vector<any_expression> parts, sql_type type)
        : computed_expression(type), parts_(std::move(parts)) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        std::vector<std::uint16_t> open(rows.count);
        for (std::size_t i = 0; i < rows.count; ++i) open[i] = static_cast<std::uint16_t>(rows.row(i));
        chunk part = rows;
        for (auto& expression : parts_) {
            if (open.empty()) break;
            part.selection = open.data();
            part.count = open.size();
            kernel_input v = expression->evaluate(context, part);
            std::size_t kept = 0;
            for (std::uint16_t row : open) {
                put(row, cell_at(v, row));
                if (is_null_at(v, row)) open[kept++] = row;
            }
            open.resize(kept);
        }
        return out_.view(type_);
    }

private:
    std::vector<any_expression> parts_;
};

/// GREATEST and LEAST: nulls count only if there is nothing else.
class extreme_expression final : public computed_expression {
public:
    extreme_expression(std::vector<any_expression> parts, sql_type type, bool greatest)
        : computed_expression(type), parts_(std::move(parts)), greatest_(greatest) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        for (std::size_t i = 0; i < rows.count; ++i) put(rows.row(i), {});
        for (auto& expression : parts_) {
            kernel_input v = expression->evaluate(context, rows);
            for (std::size_t i = 0; i < rows.count; ++i) {
                std::size_t row = rows.row(i);
                if (is_null_at(v, row)) continue;
                bool better = out_.nulls()[row] != 0;
                if (!better) {
                    auto order = compare(type_.id, value_at(v, row), out_.values()[row]);
                    better = greatest_ ? order > 0 : order < 0;
                }
                if (better) put(row, value_at(v, row));
            }
        }
        return out_.view(type_);
    }

private:
    std::vector<any_expression> parts_;
    bool greatest_;
};

/// x [NOT] IN (a, b, c). Long lists of constants of one type are hashed.
class in_list_expression final : public computed_expression {
public:
    in_list_expression(any_expression operand, std::vector<any_expression> items, kernel equal, bool negated,
                       std::optional<sql_type> hashed_as)
        : computed_expression({type_id::boolean, -1}),
          operand_(std::move(operand)),
          items_(std::move(items)),
          equal_(equal),
          negated_(negated),
          hashed_as_(hashed_as) {}
    kernel_input evaluate(dynamic_context& context, chunk const& rows) override {
        kernel_input inputs[2] = {operand_->evaluate(context, rows), {}};
        if (hashed_as_) return probe(context, inputs[0], rows);
        for (std::size_t i = 0; i < rows.count; ++i) put_bool(rows.row(i), false);
        for (auto& item : items_) {
            inputs[1] = item->evaluate(context, rows);
            equal_(context.call, {inputs, rows.selection, rows.count, held_.values(), held_.nulls(), type_});
            for (std::size_t i = 0; i < rows.count; ++i) {
                std::size_t row = rows.row(i);
                bool found = out_.nulls()[row] == 0 && out_.values()[row].i != 0;
                if (found) continue;
                if (held_.nulls()[row] != 0) put(row, {});
                else if (held_.values()[row].i != 0) put_bool(row, true);
            }
        }
        return negated(rows);
    }

private:
    kernel_input probe(dynamic_context& context, kernel_input const& in, chunk const& rows) {
        if (!set_) {
            set_.emplace(datum_keys({*hashed_as_}));
            chunk one;
            one.count = 1;
            for (auto& item : items_) {
                nullable_datum cell = cell_at(item->evaluate(context, one), 0);
                if (cell.null) null_item_ = true;
                else set_->insert(std::span<nullable_datum const>(&cell, 1));
            }
        }
        for (std::size_t i = 0; i < rows.count; ++i) {
            std::size_t row = rows.row(i);
            nullable_datum cell = cell_at(in, row);
            bool found = !cell.null && set_->find(std::span<nullable_datum const>(&cell, 1)) != set_->none;
            if (cell.null || (!found && null_item_)) put(row, {});
            else put_bool(row, found);
        }
        return negated(rows);
    }
    kernel_input negated(chunk const& rows) {
        if (negated_) {
            for (std::size_t i = 0; i < rows.count; ++i) {
                std::size_t row = rows.row(i);
                if (out_.nulls()[row] == 0) out_.values()[row].i = out_.values()[row].i == 0;
            }
        }
        return out_.view(type_);
    }

    any_expression operand_;
    std::vector<any_expression> items_;
    kernel equal_;
    bool negated_;
    std::optional<sql_type> hashed_as_;
    std::optional<group_table<datum_keys>> set_;
    bool null_item_ = false;
    column_buffer held_;
};

}  // namespace phantomdb::exec
