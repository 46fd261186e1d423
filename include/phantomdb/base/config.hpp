/// @file Defines the version of PhantomDB and the limits that every layer shares.
#pragma once

#include <cstddef>
#include <cstdint>

namespace phantomdb {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;
inline constexpr char const* version_text = "0.1.0";

/// Rows in one chunk at most.
inline constexpr std::size_t chunk_capacity = 2048;

/// Text and bytea values, and encoded rows, are at most this many bytes (1 GiB less one page).
inline constexpr std::size_t max_value_bytes = (std::size_t{1} << 30) - 16384;

}  // namespace phantomdb
