/// @file Defines `compiled_query`, a bound statement with its plan and operators, and how its rows reach a sink.
#pragma once

#include <phantomdb/exec/executable.hpp>
#include <phantomdb/plan/facts.hpp>
#include <phantomdb/plan/plan.hpp>
#include <phantomdb/sql/binder.hpp>
#include <phantomdb/sql/literal_slots.hpp>
#include <phantomdb/sql/session.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace phantomdb::sql {

/// Made by `compile`, kept with the prepared statement, run by one statement of one session at a time.
/// The parts refer to each other: it stays where it was made.
struct compiled_query {
    bound_statement bound;
    std::vector<plan::table_facts> facts;
    plan::plan plan;
    std::vector<exec::table_binding> tables;
    mutable std::optional<exec::executable> executable;
    std::vector<schema::object_id> changed_tables;
    bool locks_rows = false;
    literal_slots literals;  ///< where the parameters come from, if the statement has its literals apart
    std::uint64_t settings_version = 0;
    mutable std::uint64_t uses = 0;
};

/// Passes chunks on as the dense blocks sinks take.
class row_forwarder {
public:
    row_forwarder(result_sink& sink, std::vector<result_column> const& columns) : sink_(sink), columns_(columns) {}

    /// Announces the rows, once.
    void begin();
    /// False: the sink wants no more.
    bool take(exec::chunk const& unit);
    std::uint64_t count() const { return rows_; }

private:
    result_sink& sink_;
    std::vector<result_column> const& columns_;
    bool begun_ = false;
    std::uint64_t rows_ = 0;
    row_block block_;
    std::vector<std::vector<datum>> values_;
    std::vector<std::vector<std::uint8_t>> nulls_;
    std::vector<std::uint8_t> no_nulls_;
};

}  // namespace phantomdb::sql
