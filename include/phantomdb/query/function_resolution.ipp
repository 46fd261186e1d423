/// @file Defines what query/function_resolution.hpp declares: the index of functions and aggregates by name.
#pragma once

#include <phantomdb/query/function_resolution.hpp>

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace phantomdb::query::detail {

template <class Id>
std::span<Id const> indexed(std::string_view name) {
    static auto const index = [] {
        std::unordered_map<std::string_view, std::vector<Id>> made;
        auto const& rows = table_of<Id>();
        for (std::size_t i = 0; i < rows.size(); ++i) made[rows[i].name].push_back(static_cast<Id>(i));
        return made;
    }();
    auto found = index.find(name);
    return found == index.end() ? std::span<Id const>{} : std::span<Id const>{found->second};
}

std::span<function_id const> functions_named(std::string_view name) { return indexed<function_id>(name); }
std::span<aggregate_id const> aggregates_named(std::string_view name) { return indexed<aggregate_id>(name); }

}  // namespace phantomdb::query::detail
