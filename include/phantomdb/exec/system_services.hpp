/// @file Defines `system_services`: what functions like nextval and pg_get_indexdef ask of the session they run in.
#pragma once

#include <phantomdb/query/function.hpp>
#include <phantomdb/value/datum.hpp>

#include <functional>
#include <span>

namespace phantomdb::exec {

struct call_context;

/// Implemented by the session of the SQL side. Called by the thread that runs the statement.
class system_services {
public:
    virtual ~system_services() = default;

    /// The result of one of PHANTOMDB_SYSTEM_FUNCTIONS. Text in it lives in `context.memory` or longer.
    virtual nullable_datum ask(function_id which, call_context& context, std::span<nullable_datum const> arguments) = 0;

    /// Calls `emit` with each row of phantomdb_check, until it answers that no more are wanted.
    virtual void check_database(call_context& context,
                                std::function<bool(std::span<nullable_datum const>)> const& emit) = 0;
};

}  // namespace phantomdb::exec
