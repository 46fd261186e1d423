/// @file Defines `sentence`, text made inside the compiler that it prints when an assertion about it fails.
///
/// `static_assert` takes string literals only, and a literal cannot name the column that is wrong. Compilers do print
/// template arguments, though: an assertion over `holds<sentence>` shows the text. Clang prints at most 36 characters of
/// an array, so there the text is cut into short lines; they read as adjacent string literals do.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace phantomdb {

/// Text under construction inside the compiler. (std::string is not up to it on every supported compiler.)
struct wording {
    std::vector<char> characters;

    constexpr wording() = default;
    template <class... Parts>
    constexpr explicit wording(Parts const&... parts) {
        (add(parts), ...);
    }
    constexpr void add(std::string_view part) { characters.insert(characters.end(), part.begin(), part.end()); }
    constexpr void add(wording const& part) { add(part.view()); }
    constexpr void add(std::int64_t number) {
        if (number < 0) characters.push_back('-');
        char digits[20]{};
        int count = 0;
        for (std::uint64_t left = number < 0 ? 0 - static_cast<std::uint64_t>(number)
                                             : static_cast<std::uint64_t>(number);
             count == 0 || left != 0; left /= 10) {
            digits[count++] = static_cast<char>('0' + left % 10);
        }
        while (count > 0) characters.push_back(digits[--count]);
    }
    constexpr bool empty() const { return characters.empty(); }
    constexpr std::string_view view() const { return {characters.data(), characters.size()}; }
};

/// A text up to six lines long; structural, each array exactly as long as its text (or clang would print numbers).
template <std::size_t A = 1, std::size_t B = 1, std::size_t C = 1, std::size_t D = 1, std::size_t E = 1,
          std::size_t F = 1>
struct sentence {
    char a[A]{}, b[B]{}, c[C]{}, d[D]{}, e[E]{}, f[F]{};
};

namespace detail {

#ifdef __clang__
inline constexpr std::size_t line_length = 35;
#else
inline constexpr std::size_t line_length = 400;
#endif

/// Where each line of `text` ends.
constexpr std::array<std::size_t, 6> line_ends(std::string_view text) {
    std::array<std::size_t, 6> ends{};
    std::size_t at = 0;
    for (std::size_t& end : ends) {
        at += std::min(line_length, text.size() - at);
        end = at;
    }
    return ends;
}

}  // namespace detail

/// The wording that `Make{}()` returns, as a sentence.
template <class Make>
consteval auto make_sentence(Make) {
    constexpr auto ends = detail::line_ends(Make{}().view());
    sentence<ends[0] + 1, ends[1] - ends[0] + 1, ends[2] - ends[1] + 1, ends[3] - ends[2] + 1, ends[4] - ends[3] + 1,
             ends[5] - ends[4] + 1>
        made;
    wording const text = Make{}();
    std::size_t at = 0;
    auto fill = [&](char* line, std::size_t end) {
        for (; at < end; ++at) *line++ = text.characters[at];
        *line = '\0';
    };
    fill(made.a, ends[0]), fill(made.b, ends[1]), fill(made.c, ends[2]);
    fill(made.d, ends[3]), fill(made.e, ends[4]), fill(made.f, ends[5]);
    return made;
}

/// True for the empty sentence.
template <auto Sentence>
inline constexpr bool nothing_is_wrong = Sentence.a[0] == '\0';

/// Has the compiler print the sentence, unless it is empty.
template <auto Sentence>
struct say {
    static_assert(nothing_is_wrong<Sentence>, "phantomdb: the sentence in this message says what is wrong");
    static constexpr bool done = true;
};

}  // namespace phantomdb
