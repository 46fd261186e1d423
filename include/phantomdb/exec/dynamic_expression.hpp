/// @file Defines `dynamic_expression`: an expression of a run-time plan, evaluated a chunk at a time.
#pragma once

#include <phantomdb/exec/dynamic_context.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace phantomdb::exec {

/// Computes a vector from a chunk. Owns its buffers, so one object serves one running statement at a time.
class dynamic_expression {
public:
    virtual ~dynamic_expression() = default;
    /// Values for the selected rows; those of other rows are undefined. Valid until the next call, and no longer than the
    /// chunk and the scratch memory of `context`.
    virtual kernel_input evaluate(dynamic_context& context, chunk const& rows) = 0;
};

using any_expression = std::unique_ptr<dynamic_expression>;

inline bool is_null_at(kernel_input const& v, std::size_t row) {
    return v.nulls != nullptr && v.nulls[v.stride ? row : 0] != 0;
}
inline datum const& value_at(kernel_input const& v, std::size_t row) { return v.values[v.stride ? row : 0]; }
inline nullable_datum cell_at(kernel_input const& v, std::size_t row) {
    if (is_null_at(v, row)) return {};
    return value_at(v, row);
}
inline bool is_true_at(kernel_input const& v, std::size_t row) {
    return !is_null_at(v, row) && value_at(v, row).i != 0;
}

/// Conditions that must all hold. Narrows the selection of a chunk.
class conjunction {
public:
    conjunction() = default;
    explicit conjunction(std::vector<any_expression> conditions) : conditions_(std::move(conditions)) {}

    bool empty() const { return conditions_.empty(); }

    /// Leaves only the rows for which every condition is true. The selection lives in this object.
    void narrow(dynamic_context& context, chunk& rows) {
        for (auto& condition : conditions_) {
            if (rows.count == 0) return;
            kernel_input held = condition->evaluate(context, rows);
            std::size_t kept = 0;
            for (std::size_t i = 0; i < rows.count; ++i) {
                std::size_t row = rows.row(i);
                selection_[kept] = static_cast<std::uint16_t>(row);
                kept += is_true_at(held, row);
            }
            rows.selection = selection_.data();
            rows.count = kept;
        }
    }

private:
    std::vector<any_expression> conditions_;
    std::vector<std::uint16_t> selection_ = std::vector<std::uint16_t>(conditions_.empty() ? 0 : chunk_capacity);
};

/// Evaluates several expressions and hands out rows of their values: join keys, group keys, sort keys.
class expression_row {
public:
    expression_row() = default;
    explicit expression_row(std::vector<any_expression> parts) : parts_(std::move(parts)), cells_(parts_.size()) {}

    std::size_t size() const { return parts_.size(); }

    void prepare(dynamic_context& context, chunk const& rows) {
        inputs_.clear();
        for (auto& part : parts_) inputs_.push_back(part->evaluate(context, rows));
    }
    std::span<nullable_datum const> get(std::size_t row) {
        for (std::size_t i = 0; i < inputs_.size(); ++i) cells_[i] = cell_at(inputs_[i], row);
        return cells_;
    }
    std::vector<kernel_input> const& inputs() const { return inputs_; }

private:
    std::vector<any_expression> parts_;
    std::vector<kernel_input> inputs_;
    std::vector<nullable_datum> cells_;
};

inline bool has_null(std::span<nullable_datum const> key) {
    return std::any_of(key.begin(), key.end(), [](nullable_datum const& cell) { return cell.null; });
}

}  // namespace phantomdb::exec
