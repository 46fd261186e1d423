/// @file Defines `aggregate_kernel`: an aggregate function over vectors and groups, made from a struct of plain functions.
///
/// `aggregate<id>` has a `state` (default-constructed for an empty group, and movable by copying its bytes), and
///
///     static void add([call_context&,] state&, arguments…);      one row; physical types as in `functions/kernel.hpp`
///     static void add_if(bool keep, state&, arguments…);         optional: `add` if `keep`, without a branch; never throws
///     static void settle(state&);                               optional: called after at most 2^31 calls of `add_if`
///     static void merge(state& into, state const& from);         joins two groups (parallel or spilled parts)
///     static R finish([call_context&,] state const&);            R may be std::optional: NULL for an empty group
///
/// The typed side uses these directly; `aggregate_kernel_for<id>` erases the types for the SQL side.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>

#include <cstddef>
#include <new>

namespace phantomdb::exec {

/// Rows to add. Row `r` goes to the state at `states + groups[r] * stride`.
struct aggregate_rows {
    std::span<kernel_input const> inputs;
    std::uint16_t const* selection = nullptr;  ///< as in `kernel_arguments`
    std::size_t count = 0;
    std::byte* states = nullptr;
    std::size_t stride = 0;                 ///< bytes from one state to the next
    std::uint32_t const* groups = nullptr;  ///< a null pointer: all rows belong to the one state
};

/// The functions of one aggregate. States may be moved by copying their bytes.
struct aggregate_kernel {
    std::size_t size, alignment;
    void (*init)(std::byte* state);
    void (*add)(call_context&, aggregate_rows const&);
    void (*merge)(std::byte* into, std::byte const* from);
    nullable_datum (*finish)(call_context&, std::byte const* state);
    void (*destroy)(std::byte* state);  ///< null when there is nothing to do
};

template <aggregate_id>
struct aggregate;

/// The functions of any aggregate, from the SQL library.
aggregate_kernel const& aggregate_kernel_of(aggregate_id id);

namespace detail {

template <class Result>
nullable_datum to_nullable(Result const& result) {
    if constexpr (std::is_same_v<Result, nullable_datum>) {
        return result;
    } else if constexpr (is_optional<Result>) {
        return result ? nullable_datum{pack(*result)} : nullable_datum{};
    } else {
        return pack(result);
    }
}

/// Adds rows; `Parameters` are those of `add` after the state.
template <class Aggregate, bool Context, bool Strict, class... Parameters>
struct aggregate_loop {
    using state = typename Aggregate::state;

    template <std::size_t... I>
    static void run(call_context& context, aggregate_rows const& work, std::index_sequence<I...>) {
        [[maybe_unused]] column_reader const in[sizeof...(Parameters) + 1]{column_reader{work.inputs[I]}...,
                                                                           column_reader{kernel_input{}}};
        auto one = [&](state& into, std::size_t row) {
            if (Strict && (false || ... || in[I].is_null(row))) return;
            if constexpr (Context) {
                Aggregate::add(context, into, in[I].template get<Parameters>(row)...);
            } else {
                Aggregate::add(into, in[I].template get<Parameters>(row)...);
            }
        };
        if (work.groups) {
            each_row(work.selection, work.count, [&](std::size_t row) {
                one(*reinterpret_cast<state*>(work.states + work.groups[row] * work.stride), row);
            });
        } else {
            state& only = *reinterpret_cast<state*>(work.states);
            each_row(work.selection, work.count, [&](std::size_t row) { one(only, row); });
        }
    }
    static void add(call_context& context, aggregate_rows const& work) {
        run(context, work, std::index_sequence_for<Parameters...>{});
    }
};

/// Adds rows to an aggregate that wants to know its arguments' types.
template <class Aggregate, bool Strict>
struct aggregate_loop<Aggregate, true, Strict, call_arguments> {
    static void add(call_context& context, aggregate_rows const& work) {
        std::vector<nullable_datum> values(work.inputs.size());
        call_arguments const arguments{values.data(), work.inputs.data(), values.size()};
        each_row(work.selection, work.count, [&](std::size_t row) {
            bool some_null = false;
            for (std::size_t i = 0; i < values.size(); ++i) {
                values[i] = column_reader{work.inputs[i]}.get<nullable_datum>(row);
                some_null = some_null || values[i].null;
            }
            if (Strict && some_null) return;
            std::size_t group = work.groups ? work.groups[row] : 0;
            Aggregate::add(context, *reinterpret_cast<typename Aggregate::state*>(work.states + group * work.stride),
                           arguments);
        });
    }
};

template <class Aggregate, bool Strict, class State, class... Parameters>
constexpr auto aggregate_add(void (*)(call_context&, State&, Parameters...)) {
    return &aggregate_loop<Aggregate, true, Strict, std::remove_cvref_t<Parameters>...>::add;
}
template <class Aggregate, bool Strict, class State, class... Parameters>
constexpr auto aggregate_add(void (*)(State&, Parameters...)) {
    return &aggregate_loop<Aggregate, false, Strict, std::remove_cvref_t<Parameters>...>::add;
}

template <class Aggregate>
nullable_datum aggregate_finish(call_context& context, std::byte const* bytes) {
    auto const& state = *reinterpret_cast<typename Aggregate::state const*>(bytes);
    if constexpr (requires { Aggregate::finish(context, state); }) {
        return to_nullable(Aggregate::finish(context, state));
    } else {
        return to_nullable(Aggregate::finish(state));
    }
}

template <class Aggregate, bool Strict>
constexpr aggregate_kernel make_aggregate_kernel() {
    using state = typename Aggregate::state;
    aggregate_kernel made{};
    made.size = sizeof(state);
    made.alignment = alignof(state);
    made.init = [](std::byte* place) { new (place) state{}; };
    made.add = aggregate_add<Aggregate, Strict>(&Aggregate::add);
    made.merge = [](std::byte* into, std::byte const* from) {
        Aggregate::merge(*reinterpret_cast<state*>(into), *reinterpret_cast<state const*>(from));
    };
    made.finish = &aggregate_finish<Aggregate>;
    if constexpr (!std::is_trivially_destructible_v<state>) {
        made.destroy = [](std::byte* place) { reinterpret_cast<state*>(place)->~state(); };
    }
    return made;
}

}  // namespace detail

/// The type-erased functions of `id`; include the header that defines it.
template <aggregate_id Id>
inline constexpr aggregate_kernel aggregate_kernel_for =
    detail::make_aggregate_kernel<aggregate<Id>, signature_of(Id).is_strict()>();

}  // namespace phantomdb::exec
