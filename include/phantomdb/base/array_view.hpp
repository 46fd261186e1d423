/// @file Defines `array_view`, a read-only view of consecutive values that costs the compiler little.
///
/// What typed queries are lowered, planned and run with passes through every file of a user's program. `std::span` asks five
/// concepts for each type it views and each type it is made from; this asks one question (docs/design/compile_time.md has
/// the measurement). Where compile time does not matter, use `std::span`, to which a view converts.
#pragma once

#include <cstddef>
#include <initializer_list>

namespace phantomdb {

/// Views `size()` values of type `T` from `data()` on, which must outlive it. Copies are cheap. Indexes are not checked.
template <class T>
class array_view {
public:
    using value_type = T;
    using element_type = T const;
    using iterator = T const*;
    using const_iterator = T const*;

    constexpr array_view() = default;
    constexpr array_view(T const* first, std::size_t count) : data_(first), size_(count) {}
    /// Of a braced list; for arguments only, as the list ends with the expression it stands in.
    constexpr array_view(std::initializer_list<T> values) : size_(values.size()) { data_ = values.begin(); }
    template <std::size_t Count>
    constexpr array_view(T const (&values)[Count]) : data_(values), size_(Count) {}
    /// Of a vector, an array, a span: whatever has its values in a row.
    template <class Container>
        requires requires(Container const& values, T const*& start) { start = values.data(), values.size(); }
    constexpr array_view(Container const& values) : data_(values.data()), size_(values.size()) {}

    constexpr T const* data() const { return data_; }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T const* begin() const { return data_; }
    constexpr T const* end() const { return data_ + size_; }
    constexpr T const& operator[](std::size_t index) const { return data_[index]; }
    constexpr T const& front() const { return data_[0]; }
    constexpr T const& back() const { return data_[size_ - 1]; }
    constexpr array_view subspan(std::size_t first) const { return {data_ + first, size_ - first}; }
    constexpr array_view subspan(std::size_t first, std::size_t count) const { return {data_ + first, count}; }
    constexpr array_view first(std::size_t count) const { return {data_, count}; }

    friend constexpr bool operator==(array_view left, array_view right) {
        if (left.size_ != right.size_) return false;
        for (std::size_t i = 0; i < left.size_; ++i) {
            if (!(left.data_[i] == right.data_[i])) return false;
        }
        return true;
    }

private:
    T const* data_ = nullptr;
    std::size_t size_ = 0;
};

template <class Container>
array_view(Container const&) -> array_view<typename Container::value_type>;

}  // namespace phantomdb
