/// @file Defines what query/function_resolution.hpp declares: the index of functions and aggregates by name.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/function_resolution.hpp>

#include <string_view>
#include <unordered_map>

namespace phantomdb::query::detail {

template <class Id>
array_view<Id> indexed(std::string_view name) {
    static auto const index = [] {
        std::unordered_map<std::string_view, growing_array<Id>> made;
        auto const& rows = table_of<Id>();
        for (std::size_t i = 0; i < rows.size(); ++i) made[rows[i].name].push_back(static_cast<Id>(i));
        return made;
    }();
    auto found = index.find(name);
    return found == index.end() ? array_view<Id>{} : array_view<Id>{found->second};
}

array_view<function_id> functions_named(std::string_view name) { return indexed<function_id>(name); }
array_view<aggregate_id> aggregates_named(std::string_view name) { return indexed<aggregate_id>(name); }

}  // namespace phantomdb::query::detail
