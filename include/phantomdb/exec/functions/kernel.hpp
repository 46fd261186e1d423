/// @file Defines `kernel`: a scalar function over vectors, made from the C++ function that works on one row.
///
/// The families in this folder write each SQL function once, as an ordinary C++ function on physical types:
///
///     parameter or result        SQL types
///     std::int64_t, int32_t      whatever lies in `datum::i`
///     bool                       boolean
///     double                     float4, float8
///     std::string_view           text-like
///     numeric, interval, uuid    their namesakes
///     nullable_datum             a parameter of a non-strict function; a result that may be NULL
///     std::optional<T>           a result that may be NULL
///     call_arguments const&      all arguments of a variadic or polymorphic function, with their types
///
/// A leading `call_context&` is optional. `scalar<id>::call` gives the typed side that function, to be inlined;
/// `kernel_for<id>` wraps the same function in a loop for the SQL side.
#pragma once

#include <phantomdb/exec/call_context.hpp>
#include <phantomdb/query/function.hpp>
#include <phantomdb/value/datum.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace phantomdb::exec {

/// A column of values. `stride` 1: one value a row. `stride` 0: `values[0]` stands for every row.
struct kernel_input {
    datum const* values = nullptr;
    std::uint8_t const* nulls = nullptr;  ///< nonzero marks NULL; a null pointer says there is none. Same stride.
    std::uint32_t stride = 1;
    sql_type type{};
};

/// Rows to work on. Row `r` of the inputs gives row `r` of the results; rows not selected are left alone.
struct kernel_arguments {
    std::span<kernel_input const> inputs;
    std::uint16_t const* selection = nullptr;  ///< `count` ascending row numbers; a null pointer means rows 0 … count-1
    std::size_t count = 0;
    datum* results = nullptr;
    std::uint8_t* nulls = nullptr;  ///< 0 or 1 is written for every selected row
    sql_type result_type{};
};

/// Throws `error` for the first row that fails. No state: one kernel may run in many threads.
using kernel = void (*)(call_context&, kernel_arguments const&);

/// Arguments of one call of a variadic or polymorphic function.
struct call_arguments {
    nullable_datum const* values;
    kernel_input const* inputs;
    std::size_t count;

    std::size_t size() const { return count; }
    nullable_datum const& operator[](std::size_t i) const { return values[i]; }
    sql_type type(std::size_t i) const { return inputs[i].type; }
};

namespace detail {

template <class T>
T unpack(datum const& from) {
    if constexpr (std::is_same_v<T, bool>) return from.i != 0;
    else if constexpr (std::is_integral_v<T>) return static_cast<T>(from.i);
    else if constexpr (std::is_floating_point_v<T>) return static_cast<T>(from.d);
    else if constexpr (std::is_same_v<T, std::string_view>) return from.t;
    else if constexpr (std::is_same_v<T, numeric>) return from.n;
    else if constexpr (std::is_same_v<T, interval>) return from.v;
    else {
        static_assert(std::is_same_v<T, uuid>, "not a physical type");
        return from.u;
    }
}

template <class T>
datum pack(T const& value) {
    if constexpr (std::is_integral_v<T>) return datum{static_cast<std::int64_t>(value)};
    else if constexpr (std::is_floating_point_v<T>) return datum{static_cast<double>(value)};
    else return datum{value};
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Writes one result, with its nullness.
template <class Result>
void put(kernel_arguments const& work, std::size_t row, Result const& result) {
    if constexpr (std::is_same_v<Result, nullable_datum>) {
        work.nulls[row] = result.null;
        work.results[row] = result.value;
    } else if constexpr (is_optional<Result>) {
        work.nulls[row] = !result;
        if (result) work.results[row] = pack(*result);
    } else {
        work.nulls[row] = 0;
        work.results[row] = pack(result);
    }
}

/// One input while a kernel runs: `row & mask` is the place of a row's value.
struct column_reader {
    datum const* values;
    std::uint8_t const* nulls;
    std::size_t mask;

    explicit column_reader(kernel_input const& input)
        : values(input.values), nulls(input.nulls), mask(input.stride ? ~std::size_t{0} : 0) {}

    bool is_null(std::size_t row) const { return nulls && nulls[row & mask]; }

    template <class T>
    T get(std::size_t row) const {
        if constexpr (std::is_same_v<T, nullable_datum>) {
            return is_null(row) ? nullable_datum{} : nullable_datum{values[row & mask]};
        } else {
            return unpack<T>(values[row & mask]);
        }
    }
};

template <class Visit>
void each_row(std::uint16_t const* selection, std::size_t count, Visit visit) {
    if (selection) {
        for (std::size_t i = 0; i < count; ++i) visit(selection[i]);
    } else {
        for (std::size_t row = 0; row < count; ++row) visit(row);
    }
}

/// The loop around a function of a fixed number of typed parameters.
template <auto Function, bool Context, bool Strict, class... Parameters>
struct row_loop {
    template <std::size_t... I>
    static void run(call_context& context, kernel_arguments const& work, std::index_sequence<I...>) {
        [[maybe_unused]] column_reader const in[sizeof...(Parameters) + 1]{column_reader{work.inputs[I]}...,
                                                                           column_reader{kernel_input{}}};
        auto one = [&](std::size_t row) {
            if constexpr (Context) put(work, row, Function(context, in[I].template get<Parameters>(row)...));
            else put(work, row, Function(in[I].template get<Parameters>(row)...));
        };
        if (Strict && (... || in[I].nulls)) {
            each_row(work.selection, work.count, [&](std::size_t row) {
                if ((... || in[I].is_null(row))) work.nulls[row] = 1;
                else one(row);
            });
        } else {
            each_row(work.selection, work.count, one);
        }
    }
    static void run(call_context& context, kernel_arguments const& work) {
        run(context, work, std::index_sequence_for<Parameters...>{});
    }
};

/// The loop around a function of `call_arguments`.
template <auto Function, bool Strict>
struct row_loop<Function, true, Strict, call_arguments> {
    static void run(call_context& context, kernel_arguments const& work) {
        std::vector<nullable_datum> values(work.inputs.size());
        call_arguments const arguments{values.data(), work.inputs.data(), values.size()};
        each_row(work.selection, work.count, [&](std::size_t row) {
            bool some_null = false;
            for (std::size_t i = 0; i < values.size(); ++i) {
                values[i] = column_reader{work.inputs[i]}.get<nullable_datum>(row);
                some_null = some_null || values[i].null;
            }
            if (Strict && some_null) work.nulls[row] = 1;
            else put(work, row, Function(context, arguments));
        });
    }
};

template <auto Function, bool Strict, class Result, class... Parameters>
constexpr kernel loop_around(Result (*)(call_context&, Parameters...)) {
    return &row_loop<Function, true, Strict, std::remove_cvref_t<Parameters>...>::run;
}
template <auto Function, bool Strict, class Result, class... Parameters>
constexpr kernel loop_around(Result (*)(Parameters...)) {
    return &row_loop<Function, false, Strict, std::remove_cvref_t<Parameters>...>::run;
}

}  // namespace detail

/// `scalar<id>::call` is the C++ function behind a SQL function. Specialised by the header of its family.
template <function_id>
struct scalar;

/// Ties a row of a function list to the C++ function of the same name.
#define PHANTOMDB_SCALAR(enumerator, ...) \
    template <> \
    struct scalar<function_id::enumerator> { \
        static constexpr auto call = functions::enumerator; \
    };

/// The loop for `id`; include the family's header.
template <function_id Id>
inline constexpr kernel kernel_for =
    detail::loop_around<scalar<Id>::call, signature_of(Id).is_strict()>(scalar<Id>::call);

/// The kernel of any function, from the SQL library. Null for the set-returning ones.
kernel kernel_of(function_id id);

}  // namespace phantomdb::exec
