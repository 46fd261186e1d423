/// @file Defines the part of `plan_compiler` for operators that change or lock rows.
#pragma once

#include <phantomdb/exec/operators/changes.hpp>
#include <phantomdb/exec/plan_compiler.hpp>

namespace phantomdb::exec {

compiled plan_compiler::changing(node number) {
    using plan::operator_kind;
    plan::plan_node const& p = plan_.nodes[static_cast<std::size_t>(number)];
    query::relation const& r = q_.relations[static_cast<std::size_t>(p.relation)];
    compiled child = compile(p.left);
    auto erase_type = []<class Operator>(Operator made, node at) {
        return any_operator(std::make_unique<Operator>(std::move(made)), at);
    };
    auto ordinals = [&](slice s) {
        std::vector<std::size_t> made;
        for (node n : q_.list(s)) made.push_back(static_cast<std::size_t>(n));
        return made;
    };
    auto rules_over = [&](node source) {
        row_rules rules;
        output_layout columns = columns_of_source(source);
        rules.types = columns.types;
        auto generated = q_.list(r.generated);
        for (std::size_t i = 0; i + 1 < generated.size(); i += 2) {
            rules.generated.emplace_back(static_cast<std::size_t>(generated[i]), expression(generated[i + 1], columns));
        }
        rules.checks = expressions(q_.list(r.checks), columns);
        return rules;
    };
    auto layout_of_table = [&] { return tables_[static_cast<std::size_t>(r.table)].layout; };
    // Above a change its row is known by the change's own source.
    auto changed_layout = [&] {
        output_layout layout = child.layout;
        if (r.source == none) return layout;
        for (auto& column : layout.columns) {
            if (column.first == r.target) column.first = r.source;
        }
        return layout;
    };
    auto target_offset = [&] { return static_cast<std::size_t>(child.layout.position(r.target, 0)); };

    switch (p.kind) {
        case operator_kind::insert: {
            insert_rows made;
            made.layout = layout_of_table();
            made.values = row_of(q_.list(r.expressions), child.layout);
            made.rules = rules_over(r.source);
            made.conflict.action = r.conflict;
            if (r.conflict_index != none) made.conflict.index = static_cast<std::size_t>(r.conflict_index);
            if (r.conflict == query::conflict_action::update) {
                output_layout both = columns_of_source(r.target) + columns_of_source(r.excluded);
                made.conflict.assigned = ordinals(r.conflict_assigned);
                made.conflict.values = row_of(q_.list(r.conflict_expressions), both);
                if (r.conflict_filter != none) {
                    made.conflict.filter = condition(std::span<node const>(&r.conflict_filter, 1), both);
                }
            }
            made.child = std::move(child.run);
            return {erase_type(std::move(made), number), columns_of_source(r.source)};
        }
        case operator_kind::update: {
            update_rows made;
            made.layout = layout_of_table();
            made.offset = target_offset();
            made.assigned = ordinals(r.assigned);
            made.values = row_of(q_.list(r.expressions), child.layout);
            made.rules = rules_over(r.source != none ? r.source : r.target);
            made.types = child.layout.types;
            made.child = std::move(child.run);
            return {erase_type(std::move(made), number), changed_layout()};
        }
        case operator_kind::erase: {
            std::size_t offset = target_offset();
            return {erase_type(erase_rows{std::move(child.run), layout_of_table(), offset}, number), changed_layout()};
        }
        default: {
            constexpr mvcc::lock_mode modes[] = {mvcc::lock_mode::key_share, mvcc::lock_mode::share,
                                                 mvcc::lock_mode::no_key_update, mvcc::lock_mode::update};
            constexpr mvcc::lock_wait waits[] = {mvcc::lock_wait::block, mvcc::lock_wait::skip,
                                                 mvcc::lock_wait::nowait};
            int position =
                child.layout.position(r.target, q_.sources[static_cast<std::size_t>(r.target)].columns.count);
            PHANTOMDB_ASSERT(position >= 0);
            lock_rows made{std::move(child.run), static_cast<std::size_t>(position),
                           modes[static_cast<std::size_t>(r.lock)], waits[static_cast<std::size_t>(r.wait)]};
            return {erase_type(std::move(made), number), child.layout};
        }
    }
}

}  // namespace phantomdb::exec
