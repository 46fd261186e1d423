/// @file Defines `untyped_work`, what of a transaction does not depend on the schema of a program; see database/unit_of_work.hpp.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/function_ref.hpp>
#include <phantomdb/exec/call_context.hpp>
#include <phantomdb/exec/stored_reader.hpp>
#include <phantomdb/value/datum.hpp>

#include <memory>
#include <span>
#include <string_view>

namespace phantomdb {

struct table_shape;  // schema/table.hpp

/// Takes a stored row, with the layout it was found by; both are borrowed during the call.
using stored_row_sink = function_ref<void(schema::table_layout const& layout, std::string_view row)>;
/// Takes what a statement sees.
using statement_sink = function_ref<void(exec::statement_view const&, exec::call_context const&)>;

/// One transaction, as `unit_of_work` describes it. Rows are cells, one a member of the table's struct; keys are the cells of
/// the primary key, in its order. Tables must be among those the database was opened with.
class untyped_work {
public:
    struct engine;  // database/untyped_work.ipp

    explicit untyped_work(std::unique_ptr<engine> begun) noexcept;
    untyped_work(untyped_work&&) noexcept;
    untyped_work& operator=(untyped_work&&) noexcept;
    ~untyped_work();

    /// Changes of one table that are one statement.
    class changes {
    public:
        void insert(array_view<nullable_datum> row);
        /// By the primary key. False where there is no such row.
        bool update(array_view<nullable_datum> row);
        bool erase(array_view<nullable_datum> key);

    private:
        friend untyped_work;
        struct statement;
        explicit changes(statement& running) : statement_(running) {}
        statement& statement_;
    };

    /// Has `make` change rows of `table`: all of it happens, or nothing. Calls it again where a row changed while its lock was
    /// waited for.
    void change(table_shape const& table, function_ref<void(changes&)> make);

    /// Calls `use` with the row that has this primary key, where there is one.
    void find(table_shape const& table, array_view<nullable_datum> key, stored_row_sink use);

    /// Calls `use` with what a statement now sees, after putting the layouts of `tables` into `layouts`.
    void read(array_view<table_shape const*> tables, std::span<schema::table_layout const*> layouts,
              statement_sink use);

    void commit();
    void rollback();
    bool is_active() const;

private:
    std::unique_ptr<engine> engine_;
};

}  // namespace phantomdb
