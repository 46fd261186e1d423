/// @file Defines `growing_array`, a vector for constant expressions that costs the compiler little.
///
/// Queries are built, lowered and planned inside the compiler. There each call of a function is a step of the evaluation and each
/// member a thing to instantiate, and `std::vector` takes a dozen of both to append a value. See docs/design/compile_time.md
/// for the measurement. Values are default-constructed ahead of their use, so this is for small, cheap types.
#pragma once

#include <phantomdb/base/array_view.hpp>

#include <cstddef>
#include <initializer_list>
#include <utility>

namespace phantomdb {

/// Values in a row that grows at its end; amortised constant time for each. Throws what `T` and `operator new` throw. Indexes are
/// not checked. References are good until the next growth. Not for concurrent use.
template <class T>
class growing_array {
public:
    using value_type = T;
    using iterator = T*;
    using const_iterator = T const*;

    constexpr growing_array() = default;
    constexpr growing_array(std::initializer_list<T> values) { append(values); }
    constexpr explicit growing_array(array_view<T> values) { append(values); }
    constexpr explicit growing_array(std::size_t count, T const& value = T{}) { resize(count, value); }
    constexpr growing_array(growing_array const& other) { append(other); }
    constexpr growing_array(growing_array&& other) noexcept
        : data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
        other.data_ = nullptr;
        other.size_ = other.capacity_ = 0;
    }
    constexpr growing_array& operator=(growing_array const& other) {
        if (this != &other) {
            size_ = 0;
            append(other);
        }
        return *this;
    }
    /// Not to itself.
    constexpr growing_array& operator=(growing_array&& other) noexcept {
        T* const old = data_;
        data_ = other.data_;
        size_ = other.size_;
        capacity_ = other.capacity_;
        other.data_ = nullptr;
        other.size_ = other.capacity_ = 0;
        delete[] old;
        return *this;
    }
    constexpr ~growing_array() { delete[] data_; }

    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T* data() { return data_; }
    constexpr T const* data() const { return data_; }
    constexpr T* begin() { return data_; }
    constexpr T const* begin() const { return data_; }
    constexpr T* end() { return data_ + size_; }
    constexpr T const* end() const { return data_ + size_; }
    constexpr T& operator[](std::size_t index) { return data_[index]; }
    constexpr T const& operator[](std::size_t index) const { return data_[index]; }
    constexpr T& front() { return data_[0]; }
    constexpr T const& front() const { return data_[0]; }
    constexpr T& back() { return data_[size_ - 1]; }
    constexpr T const& back() const { return data_[size_ - 1]; }

    constexpr void push_back(T value) {
        if (size_ == capacity_) grow_to(size_ + 1);
        data_[size_++] = std::move(value);
    }
    constexpr void pop_back() { --size_; }
    /// Copies of `values`, which are not this array's own, after the last one.
    constexpr void append(array_view<T> values) {
        if (size_ + values.size() > capacity_) grow_to(size_ + values.size());
        for (T const& value : values) data_[size_++] = value;
    }
    constexpr void clear() { size_ = 0; }
    constexpr void resize(std::size_t count, T const& value = T{}) {
        if (count > capacity_) grow_to(count);
        for (std::size_t i = size_; i < count; ++i) data_[i] = value;
        size_ = count;
    }
    /// Takes out the value at `index`; those after it move up.
    constexpr void erase_at(std::size_t index) {
        for (std::size_t i = index + 1; i < size_; ++i) data_[i - 1] = std::move(data_[i]);
        --size_;
    }

    friend constexpr bool operator==(growing_array const& left, growing_array const& right) {
        return array_view<T>(left) == array_view<T>(right);
    }

private:
    constexpr void grow_to(std::size_t least) {
        std::size_t const doubled = capacity_ < 4 ? 4 : capacity_ * 2;
        capacity_ = doubled < least ? least : doubled;
        T* const made = new T[capacity_]();
        for (std::size_t i = 0; i < size_; ++i) made[i] = std::move(data_[i]);
        delete[] data_;
        data_ = made;
    }

    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace phantomdb
