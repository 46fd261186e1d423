/// @file Defines `chunk`: up to 2048 rows as column vectors, with a selection of those that still count.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/base/config.hpp>
#include <phantomdb/exec/functions/kernel.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace phantomdb::exec {

/// Rows in flight. Columns are borrowed: they are valid during the `sink(chunk)` call that passes them.
/// Row numbers run over the columns; `selection`, where there is one, lists those that count, ascending.
struct chunk {
    std::vector<kernel_input> columns;
    std::uint16_t const* selection = nullptr;
    std::size_t count = 0;  ///< selected rows

    std::size_t row(std::size_t nth) const { return selection ? selection[nth] : nth; }
    nullable_datum at(std::size_t column, std::size_t row_number) const {
        kernel_input const& c = columns[column];
        std::size_t place = c.stride ? row_number : 0;
        if (c.nulls != nullptr && c.nulls[place] != 0) return {};
        return c.values[place];
    }
};

/// One row of a chunk.
struct chunk_row {
    chunk const* rows;
    std::size_t number;  ///< as in `chunk::at`
    nullable_datum at(std::size_t column) const { return rows->at(column, number); }
};

/// Values and null bytes of one column, owned. Memory is taken at first use and kept.
class column_buffer {
public:
    datum* values() { return reserve(), values_.get(); }
    std::uint8_t* nulls() { return reserve(), nulls_.get(); }
    kernel_input view(sql_type type) { return {values(), nulls(), 1, type}; }

private:
    void reserve() {
        if (values_) return;
        // Left uninitialised: rows that are not selected are never read.
        values_.reset(static_cast<datum*>(::operator new(chunk_capacity * sizeof(datum), std::align_val_t{16})));
        nulls_.reset(new std::uint8_t[chunk_capacity]);
    }
    struct release {
        void operator()(datum* p) const { ::operator delete(p, std::align_val_t{16}); }
    };
    std::unique_ptr<datum[], release> values_;
    std::unique_ptr<std::uint8_t[]> nulls_;
};

/// A chunk that owns its columns: what operators that make rows one by one fill and pass on.
class chunk_builder {
public:
    explicit chunk_builder(std::vector<sql_type> types) : types_(std::move(types)), buffers_(types_.size()) {
        rows_.columns.resize(types_.size());
    }

    std::size_t size() const { return size_; }
    bool full() const { return size_ == chunk_capacity; }
    std::size_t width() const { return types_.size(); }

    void put(std::size_t column, nullable_datum cell) {
        buffers_[column].values()[size_] = cell.value;
        buffers_[column].nulls()[size_] = cell.null;
    }
    void next_row() { ++size_; }
    column_buffer& buffer(std::size_t column) { return buffers_[column]; }
    void set_size(std::size_t rows) { size_ = rows; }

    /// The rows so far as a dense chunk.
    chunk& take() {
        for (std::size_t i = 0; i < types_.size(); ++i) rows_.columns[i] = buffers_[i].view(types_[i]);
        rows_.selection = nullptr;
        rows_.count = size_;
        return rows_;
    }
    void clear() { size_ = 0; }

private:
    std::vector<sql_type> types_;
    std::vector<column_buffer> buffers_;
    chunk rows_;
    std::size_t size_ = 0;
};

/// Rows kept beyond their chunk: fixed-width tuples in an arena, text copied. Row numbers count from 0.
class tuple_store {
public:
    explicit tuple_store(std::vector<sql_type> types = {}) : types_(std::move(types)) {
        for (auto const& t : types_) textual_.push_back(physical_of(t.id) == physical::text);
    }

    std::size_t size() const { return rows_.size(); }
    std::vector<sql_type> const& types() const { return types_; }

    /// Copies one row of a chunk of the same shape.
    std::size_t push(chunk_row row) {
        datum* cells = make_row();
        for (std::size_t i = 0; i < types_.size(); ++i) put(cells, i, row.at(i));
        return rows_.size() - 1;
    }
    std::size_t push(std::vector<nullable_datum> const& row) {
        datum* cells = make_row();
        for (std::size_t i = 0; i < types_.size(); ++i) put(cells, i, row[i]);
        return rows_.size() - 1;
    }
    nullable_datum at(std::size_t row, std::size_t column) const {
        datum const* cells = rows_[row];
        if (reinterpret_cast<std::uint8_t const*>(cells + types_.size())[column] != 0) return {};
        return cells[column];
    }
    void clear() {
        rows_.clear();
        memory_.reset();
    }
    std::size_t bytes() const { return memory_.reserved() + rows_.capacity() * sizeof(datum*); }

private:
    datum* make_row() {
        auto* cells = reinterpret_cast<datum*>(memory_.allocate(types_.size() * (sizeof(datum) + 1)));
        rows_.push_back(cells);
        return cells;
    }
    void put(datum* cells, std::size_t column, nullable_datum cell) {
        reinterpret_cast<std::uint8_t*>(cells + types_.size())[column] = cell.null;
        if (!cell.null && textual_[column]) cell.value = datum{memory_.copy(cell.value.t)};
        cells[column] = cell.value;
    }

    std::vector<sql_type> types_;
    std::vector<bool> textual_;
    std::vector<datum*> rows_;
    arena memory_;
};

}  // namespace phantomdb::exec
