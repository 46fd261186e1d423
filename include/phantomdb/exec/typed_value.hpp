/// @file Defines `nullable` and the C++ types that SQL values have inside a typed plan.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/type.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace phantomdb::exec {

/// A value that may be NULL. Where the compiler can prove a value is there, plain `T` flows instead.
template <class T>
struct nullable {
    using value_type = T;
    T value{};
    bool null = true;

    constexpr nullable() = default;
    constexpr nullable(T some) : value(some), null(false) {}  // NOLINT: implicit by design
    constexpr explicit operator bool() const { return !null; }
    constexpr T const& operator*() const { return value; }
};

template <class T>
inline constexpr bool is_nullable = false;
template <class T>
inline constexpr bool is_nullable<nullable<T>> = true;

namespace detail {
template <class T>
struct without_null {
    using type = T;
};
template <class T>
struct without_null<nullable<T>> {
    using type = T;
};
}  // namespace detail

/// `T` of `nullable<T>` and of `T`.
template <class T>
using plain_of = typename detail::without_null<std::remove_cvref_t<T>>::type;

template <class T>
constexpr bool missing(T const& v) {
    if constexpr (is_nullable<T>) return v.null;
    else return false;
}
template <class T>
constexpr plain_of<T> const& plain(T const& v) {
    if constexpr (is_nullable<T>) return v.value;
    else return v;
}

namespace detail {
template <type_id Type>
constexpr auto physical_example() {
    if constexpr (Type == type_id::boolean) return bool{};
    else if constexpr (physical_of(Type) == physical::integer) return std::int64_t{};
    else if constexpr (physical_of(Type) == physical::floating) return double{};
    else if constexpr (physical_of(Type) == physical::numeric) return numeric{};
    else if constexpr (physical_of(Type) == physical::interval) return interval{};
    else if constexpr (physical_of(Type) == physical::uuid) return uuid{};
    else return std::string_view{};
}
}  // namespace detail

/// What a value of a SQL type is inside a plan: bool, std::int64_t, double, std::string_view, numeric, interval or uuid.
template <type_id Type>
using physical_type = decltype(detail::physical_example<Type>());

template <class T>
datum to_datum(T const& v) {
    return detail::pack(plain(v));
}
template <class T>
nullable_datum to_nullable_datum(T const& v) {
    if (missing(v)) return {};
    return to_datum(v);
}
template <class T>
nullable<T> from_nullable_datum(nullable_datum const& cell) {
    if (cell.null) return {};
    return detail::unpack<T>(cell.value);
}

/// A function's result as a plan value: std::optional and nullable_datum become `nullable`.
template <type_id Type, class R>
auto as_plan_value(R const& result) {
    using T = physical_type<Type>;
    if constexpr (std::is_same_v<R, nullable_datum>) return from_nullable_datum<T>(result);
    else if constexpr (detail::is_optional<R>) return result ? nullable<T>(static_cast<T>(*result)) : nullable<T>();
    else return static_cast<T>(result);
}

}  // namespace phantomdb::exec
