/// @file Recognises the durations and time points of `<chrono>` by their shape.
///
/// `<chrono>` brings streams and locales with it, a sixth of what a program with a typed query costs to compile. Whoever has a
/// duration or a time point in hand has included it; the headers such a program includes need not (docs/design/compile_time.md).
#pragma once

#include <cstdint>

namespace phantomdb {

/// `std::chrono::duration`, of whatever unit.
template <class T>
concept chrono_duration = requires(T const& d) {
    typename T::rep;
    T::period::num;
    T::period::den;
    d.count();
};

/// A duration that is a whole number of units of one `UnitsPerSecond`-th of a second, as all coarser ones are.
template <class T, std::int64_t UnitsPerSecond>
concept chrono_multiple_of = chrono_duration<T> && T::period::num * UnitsPerSecond % T::period::den == 0;

template <class T>
concept chrono_time_point = requires(T const& p) {
    typename T::clock;
    p.time_since_epoch();
} && chrono_duration<typename T::duration>;

/// A time point of the system's clock: an instant, known by Unix time.
template <class T>
concept chrono_system_time = chrono_time_point<T> && requires { &T::clock::to_time_t; };

/// A time point of `std::chrono::local_t`: what a clock on the wall shows.
template <class T>
concept chrono_local_time = chrono_time_point<T> && !requires { T::clock::is_steady; };

/// `std::chrono::year_month_day`.
template <class T>
concept chrono_civil_date = requires(T const& d) {
    static_cast<int>(d.year());
    static_cast<unsigned>(d.month());
    static_cast<unsigned>(d.day());
    d.ok();
};

/// `d` in units of one `UnitsPerSecond`-th of a second.
template <std::int64_t UnitsPerSecond, chrono_multiple_of<UnitsPerSecond> Duration>
constexpr std::int64_t count_in(Duration const& d) {
    return static_cast<std::int64_t>(d.count()) * (Duration::period::num * UnitsPerSecond / Duration::period::den);
}

/// A span of time in options. Any duration of chrono converts to it that is a whole number of milliseconds.
struct time_limit {
    std::int64_t count = 0;  ///< milliseconds

    constexpr time_limit() = default;
    explicit constexpr time_limit(std::int64_t milliseconds) : count(milliseconds) {}
    template <chrono_multiple_of<1000> Duration>
    constexpr time_limit(Duration const& d) : count(count_in<1000>(d)) {}  // NOLINT: the same under chrono's name
};

}  // namespace phantomdb
