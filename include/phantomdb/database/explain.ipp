/// @file Defines what database/explain.hpp declares: how a plan is written.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/database/explain.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::detail {

/// Writes the operators of a plan, one a line, children below and indented.
class plan_printer {
public:
    plan_printer(plan::plan_view plan, query::query_view query, array_view<table_shape const*> tables)
        : plan_(plan), query_(query), tables_(tables) {}

    std::string run() {
        print(plan_.root, 0);
        for (auto const& one : plan_.subplans) {
            out_ += "subquery\n";
            print(one.root, 1);
        }
        return std::move(out_);
    }

private:
    void print(query::node at, int depth) {
        auto const& node = plan_.nodes[static_cast<std::size_t>(at)];
        out_.append(static_cast<std::size_t>(2 * depth), ' ');
        if (node.kind == plan::operator_kind::table_scan) {
            print_scan(node);
        } else {
            out_ += name_of(node.kind);
        }
        if (node.filter.count > 0) {
            out_ += ", " + std::to_string(node.filter.count) + (node.filter.count == 1 ? " condition" : " conditions");
        }
        out_ += '\n';
        if (node.left != query::none) print(node.left, depth + 1);
        if (node.right != query::none) print(node.right, depth + 1);
    }

    void print_scan(plan::plan_node const& node) {
        auto const& relation = query_.relations[static_cast<std::size_t>(node.relation)];
        table_shape const& table = *tables_[static_cast<std::size_t>(relation.table)];
        static constexpr std::string_view ways[] = {"nothing",        "full scan of",
                                                    "primary key of", "range of the primary key of",
                                                    "unique key of",  "range of a key of"};
        out_ += ways[static_cast<std::size_t>(node.access)];
        out_ += ' ';
        out_ += table.name;
        std::string_view alias = query_.name(query_.sources[static_cast<std::size_t>(relation.source)].name);
        if (alias != table.name) out_ += " as ", out_ += alias;
        if (node.access == plan::access::index_equal || node.access == plan::access::index_range) {
            key_shape const& key = table.keys[static_cast<std::size_t>(node.index)];
            out_ += " (";
            for (std::size_t i = 0; i < key.columns.size(); ++i) {
                if (i > 0) out_ += ", ";
                out_ += table.record->members[static_cast<std::size_t>(key.columns[i])].name;
            }
            out_ += ')';
        }
        if (node.reverse) out_ += ", backwards";
    }

    static std::string_view name_of(plan::operator_kind kind) {
        static constexpr std::string_view names[] = {
            "one row",   "table scan", "values",      "function scan", "filter",    "project",
            "hash join", "loop join",  "lookup join", "apply join",    "aggregate", "window",
            "sort",      "limit",      "distinct",    "set operation", "common",    "recursive",
            "working",   "lock rows",  "insert",      "update",        "erase"};
        return names[static_cast<std::size_t>(kind)];
    }

    plan::plan_view plan_;
    query::query_view query_;
    array_view<table_shape const*> tables_;
    std::string out_;
};

std::string plan_text(plan::plan_view const& plan, query::query_view const& query,
                      array_view<table_shape const*> tables) {
    return plan_printer(plan, query, tables).run();
}

}  // namespace phantomdb::detail
