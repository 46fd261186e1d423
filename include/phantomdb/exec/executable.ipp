/// @file Defines the members of `executable`.
#pragma once

#include <phantomdb/exec/executable.hpp>
#include <phantomdb/exec/plan_compiler.hpp>

namespace phantomdb::exec {

struct executable::content {
    content(query::query_view query, plan::plan_view plan, std::vector<table_binding> bindings)
        : tables(std::move(bindings)), compiler(query, plan, tables), root(compiler.compile(plan.root)) {}

    std::vector<table_binding> tables;
    plan_compiler compiler;
    compiled root;
    arena memory;
    std::uint64_t executions = 0;
};

executable::executable(query::query_view query, plan::plan_view plan, std::vector<table_binding> tables)
    : content_(std::make_unique<content>(query, plan, std::move(tables))) {}
executable::~executable() = default;
executable::executable(executable&&) noexcept = default;
executable& executable::operator=(executable&&) noexcept = default;

std::uint64_t executable::run(statement_state& statement, call_context const& call, chunk_sink sink) {
    statement.execution = ++content_->executions;
    statement.outer.assign(content_->compiler.outer_slots(), {});
    statement.common.clear();
    statement.working.clear();
    statement.changed_rows = 0;
    content_->memory.reset();
    dynamic_context context{statement, call.with_memory(content_->memory)};
    content_->root.run.run(context, sink);
    return statement.changed_rows;
}

std::vector<sql_type> const& executable::types() const { return content_->root.layout.types; }

}  // namespace phantomdb::exec
