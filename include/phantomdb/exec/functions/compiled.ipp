/// @file Defines what exec/functions/compiled.hpp declares: functions that typed queries call rather than inline.
#pragma once

#include <phantomdb/exec/functions/collecting_aggregates.hpp>
#include <phantomdb/exec/functions/compiled.hpp>
#include <phantomdb/exec/functions/json.hpp>
#include <phantomdb/exec/functions/json_build.hpp>
#include <phantomdb/exec/functions/math.hpp>
#include <phantomdb/exec/functions/numeric_math.hpp>
#include <phantomdb/exec/functions/pattern.hpp>
#include <phantomdb/exec/functions/temporal.hpp>
#include <phantomdb/exec/functions/text.hpp>
#include <phantomdb/value/cast.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace phantomdb::exec {
namespace detail {

template <class T>
T argument_as(nullable_datum const& cell) {
    if constexpr (std::is_same_v<T, nullable_datum>) return cell;
    else return unpack<T>(cell.value);
}

/// Calls a function of the shapes that exec/functions/kernel.hpp lists.
template <class Result>
nullable_datum call_unpacked(Result (*function)(call_context&, call_arguments const&), call_context& context,
                             call_arguments const& given) {
    return to_nullable(function(context, given));
}
template <class Result, class... Parameters>
nullable_datum call_unpacked(Result (*function)(call_context&, Parameters...), call_context& context,
                             call_arguments const& given) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return to_nullable(function(context, argument_as<std::remove_cvref_t<Parameters>>(given[I])...));
    }(std::index_sequence_for<Parameters...>{});
}
template <class Result, class... Parameters>
nullable_datum call_unpacked(Result (*function)(Parameters...), call_context&, call_arguments const& given) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return to_nullable(function(argument_as<std::remove_cvref_t<Parameters>>(given[I])...));
    }(std::index_sequence_for<Parameters...>{});
}

template <class State, class... Parameters>
void add_unpacked(void (*add)(call_context&, State&, Parameters...), call_context& context, State& into,
                  call_arguments const& given) {
    if constexpr (std::is_same_v<void(std::remove_cvref_t<Parameters>...), void(call_arguments)>) {
        add(context, into, given);
    } else {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            add(context, into, argument_as<std::remove_cvref_t<Parameters>>(given[I])...);
        }(std::index_sequence_for<Parameters...>{});
    }
}
template <class State, class... Parameters>
void add_unpacked(void (*add)(State&, Parameters...), call_context&, State& into, call_arguments const& given) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        add(into, argument_as<std::remove_cvref_t<Parameters>>(given[I])...);
    }(std::index_sequence_for<Parameters...>{});
}

}  // namespace detail

template <function_id Id>
nullable_datum call_compiled(call_context& context, call_arguments const& arguments) {
    return detail::call_unpacked(scalar<Id>::call, context, arguments);
}

template <aggregate_id Id>
void compiled_aggregate<Id>::add(call_context& context, state& into, call_arguments const& arguments) {
    using own = typename aggregate<Id>::state;
    if (into == nullptr) into = std::make_shared<own>();
    detail::add_unpacked(&aggregate<Id>::add, context, *static_cast<own*>(into.get()), arguments);
}

template <aggregate_id Id>
nullable_datum compiled_aggregate<Id>::finish(call_context& context, state const& from) {
    using own = typename aggregate<Id>::state;
    own const empty{};
    return detail::to_nullable(
        aggregate<Id>::finish(context, from == nullptr ? empty : *static_cast<own const*>(from.get())));
}

datum cast_compiled(datum value, sql_type from, sql_type to, arena& memory, format_settings const& settings,
                    cast_context context) {
    return cast(value, from, to, memory, settings, context);
}

#define X(enumerator, ...) \
    template nullable_datum call_compiled<function_id::enumerator>(call_context&, call_arguments const&);
PHANTOMDB_COMPILED_FUNCTIONS(X)
#undef X
#define X(enumerator, ...) template struct compiled_aggregate<aggregate_id::enumerator>;
PHANTOMDB_COLLECTING_AGGREGATES(X)
#undef X

}  // namespace phantomdb::exec
