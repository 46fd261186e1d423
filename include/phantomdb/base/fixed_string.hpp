/// @file Defines `fixed_string`, text that can be a template argument.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace phantomdb {

/// A string of known length, usable as a template argument: `table<"users", …>`.
/// Structural; `N` counts the terminating zero.
template <std::size_t N>
struct fixed_string {
    char characters[N]{};

    constexpr fixed_string() = default;
    constexpr fixed_string(char const (&text)[N]) { std::copy_n(text, N, characters); }  // NOLINT: implicit by design

    constexpr std::string_view view() const { return {characters, N - 1}; }
    static constexpr std::size_t size() { return N - 1; }
    friend constexpr bool operator==(fixed_string const&, fixed_string const&) = default;
};

template <std::size_t N, std::size_t M>
constexpr bool operator==(fixed_string<N> const& left, fixed_string<M> const& right) {
    return left.view() == right.view();
}

}  // namespace phantomdb
